//! Requests that another site's page makes in the name of whoever is signed in here. The check is that of Go 1.25 in
//! `tower_http::csrf`: `Sec-Fetch-Site`, or else `Origin` against the host; no tokens.

use axum::body::Body;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use tower::{ServiceExt as _, service_fn};
use tower_http::csrf::CsrfLayer;
use url::Url;

use super::authenticate;
use super::problem::Failure;
use super::registry::Surface;

/// Refuses a change that another site's page asks for: every unsafe method that a browser authenticates on its own, and
/// every form of the console, signed in or not. What carries a token of its own is not affected.
///
/// # Errors
/// [`Failure::CrossSite`].
pub(crate) async fn check(parts: &Parts, surface: Surface, public_url: &Url) -> Result<(), Failure> {
    let safe = matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if safe || !(surface == Surface::Console || authenticate::is_ambient(&parts.headers)) {
        return Ok(());
    }
    let mut request = Request::new(Body::empty());
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    let layer = CsrfLayer::new()
        .add_trusted_origin(public_url.origin().ascii_serialization())
        .map_err(|error| bastide_model::Error::internal(format!("public_url is no origin: {error}")))?;
    let passes = service_fn(|_: Request<Body>| async {
        Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
    });
    let Ok(verdict) = tower::Layer::layer(&layer, passes).oneshot(request).await;
    if verdict.status() == StatusCode::FORBIDDEN { Err(Failure::CrossSite) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_of_other_sites_are_refused() {
        const COOKIE: (&str, &str) = ("cookie", "__Host-bastide=s3cret");
        const CROSS: (&str, &str) = ("sec-fetch-site", "cross-site");
        const BEARER: (&str, &str) = ("authorization", "Bearer t0ken");
        use Surface::{Api, Console};
        let public = Url::parse("https://hub.example.org").unwrap();
        for (surface, method, headers, passes) in [
            (Api, "POST", vec![COOKIE, CROSS], false),
            (Api, "DELETE", vec![COOKIE, ("sec-fetch-site", "same-site")], false),
            (Api, "POST", vec![COOKIE, ("origin", "https://evil.example")], false),
            (Api, "POST", vec![COOKIE, ("origin", "null")], false),
            (Api, "POST", vec![COOKIE, ("sec-fetch-site", "same-origin")], true),
            (Api, "POST", vec![COOKIE, ("origin", "https://hub.example.org")], true),
            (Api, "POST", vec![COOKIE, ("origin", "http://inner:8080")], true),
            (Api, "POST", vec![COOKIE], true),
            (Api, "GET", vec![COOKIE, CROSS], true),
            (Api, "POST", vec![CROSS], true),
            (Api, "POST", vec![BEARER, COOKIE, CROSS], true),
            (Console, "POST", vec![CROSS], false),
            (Console, "POST", vec![("origin", "https://evil.example")], false),
            (Console, "GET", vec![CROSS], true),
        ] {
            let mut request = Request::builder().method(method).uri("/x").header("host", "inner:8080");
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let verdict = check(&parts, surface, &public).await;
            assert_eq!(verdict.is_ok(), passes, "{surface:?} {method} {headers:?}");
        }
    }
}
