//! The one cookie: a browser's session. The prefix `__Host-` makes browsers accept it only from this very host, over a
//! secure connection (or from the machine itself), for every path.

use axum_extra::extract::cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, header};

/// Its name.
pub const SESSION: &str = "__Host-bastide";

/// The session's secret in a request. Two of them are none: somebody tried to slip in a second.
pub fn session(headers: &HeaderMap) -> Option<&str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut secrets =
        pairs.filter_map(|(name, secret)| (name == SESSION && !secret.is_empty()).then_some(secret));
    match (secrets.next(), secrets.next()) {
        (Some(secret), None) => Some(secret),
        _ => None,
    }
}

/// Signs a browser in: the value of `Set-Cookie`. It ends with the session, which the server decides.
pub fn sign_in(secret: &str, seconds: i64) -> Option<HeaderValue> {
    let cookie =
        Cookie::build((SESSION, secret)).path("/").secure(true).http_only(true).same_site(SameSite::Lax);
    format!("{}; Max-Age={seconds}", cookie.build()).parse().ok()
}

/// Signs a browser out: the value of `Set-Cookie`.
pub fn sign_out() -> HeaderValue {
    HeaderValue::from_static("__Host-bastide=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_bound_to_the_host() {
        let set = sign_in("s3cret", 60).unwrap();
        let text = set.to_str().unwrap();
        let parsed = Cookie::parse(text).unwrap();
        assert_eq!((parsed.name(), parsed.value()), (SESSION, "s3cret"));
        assert_eq!((parsed.secure(), parsed.http_only(), parsed.path()), (Some(true), Some(true), Some("/")));
        assert_eq!((parsed.domain(), parsed.same_site()), (None, Some(SameSite::Lax)));
        assert!(text.ends_with("Max-Age=60"), "{text}");
        let gone = Cookie::parse(sign_out().to_str().unwrap().to_owned()).unwrap();
        assert_eq!((gone.name(), gone.value(), gone.path()), (SESSION, "", Some("/")));
    }

    #[test]
    fn two_sessions_are_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, "__Host-bastide=one".parse().unwrap());
        assert_eq!(session(&headers), Some("one"));
        headers.append(header::COOKIE, "__Host-bastide=two".parse().unwrap());
        assert_eq!(session(&headers), None);
    }
}
