//! From a request to who asks. What a credential is worth is decided by the use cases; here it is only found: a bearer
//! token in `Authorization` (RFC 6750), or else the session in a cookie.

use bastide_app::App;
use bastide_app::identity::{self, Credentials};
use bastide_model::access::Caller;
use bastide_model::{Error, Result};
use http::request::Parts;
use http::{HeaderMap, header};

use super::context::RequestContext;
use super::cookies;

/// Who sent the request; none when it carries no credential.
///
/// # Errors
/// [`Error::Unauthenticated`] for a credential that does not work.
pub(crate) async fn caller(app: &App, parts: &Parts, context: &RequestContext) -> Result<Option<Caller>> {
    let Some(credentials) = credentials(&parts.headers)? else { return Ok(None) };
    Ok(Some(identity::authenticate(app, credentials, &context.origin()).await?))
}

fn credentials(headers: &HeaderMap) -> Result<Option<Credentials<'_>>> {
    const REASON: &str = "the Authorization header has to be `Bearer` and a token";
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Ok(cookies::session(headers).map(Credentials::Session));
    };
    let bearer = value.to_str().ok().and_then(|text| text.split_once(' '));
    match bearer {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(Credentials::Bearer(token.trim())))
        }
        _ => Err(Error::Unauthenticated { reason: REASON }),
    }
}

/// Whether the request is authenticated by what a browser sends on its own.
pub(crate) fn is_ambient(headers: &HeaderMap) -> bool {
    !headers.contains_key(header::AUTHORIZATION) && cookies::session(headers).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_wins_over_a_cookie() {
        let found = |authorization: Option<&str>, cookie: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = authorization {
                headers.insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            if let Some(value) = cookie {
                headers.insert(header::COOKIE, value.parse().unwrap());
            }
            match credentials(&headers) {
                Ok(Some(Credentials::Bearer(token))) => format!("bearer {token}"),
                Ok(Some(Credentials::Session(secret))) => format!("session {secret}"),
                Ok(None) => "none".to_owned(),
                Err(_) => "refused".to_owned(),
            }
        };
        assert_eq!(found(None, None), "none");
        assert_eq!(found(None, Some("a=b; __Host-bastide=s3cret; c=d")), "session s3cret");
        assert_eq!(found(None, Some("bastide=s3cret; x__Host-bastide=y")), "none");
        assert_eq!(found(Some("Bearer t0ken"), Some("__Host-bastide=s3cret")), "bearer t0ken");
        assert_eq!(found(Some("bearer t0ken"), None), "bearer t0ken");
        for strange in ["Basic YTpi", "Bearer", "Bearer ", "t0ken"] {
            assert_eq!(found(Some(strange), Some("__Host-bastide=s3cret")), "refused", "{strange}");
        }
    }
}
