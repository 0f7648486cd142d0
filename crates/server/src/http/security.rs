//! Headers that tell browsers what a page of ours may do, which is little.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

use super::context::Nonce;

/// Sets what is not set yet. Documents may load nothing at all; pages their own style sheets, scripts and images.
pub(crate) fn apply(headers: &mut HeaderMap, nonce: &Nonce, secure: bool) {
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/html"));
    let policy =
        if is_page { page_policy(nonce) } else { "default-src 'none'; frame-ancestors 'none'".to_owned() };
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.entry(name).or_insert(value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, &policy);
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    );
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(header::CACHE_CONTROL, "no-store");
    if secure {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
}

/// Forms go to this server, and from there to a program on the browser's own machine that began a sign-in.
fn page_policy(nonce: &Nonce) -> String {
    let scripts = match nonce.as_str() {
        "" => "'self'".to_owned(),
        word => format!("'self' 'nonce-{word}'"),
    };
    format!(
        "default-src 'none'; style-src 'self'; script-src {scripts}; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_documents_have_their_policies() {
        let nonce = Nonce::fresh();
        let mut page = HeaderMap::new();
        page.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        apply(&mut page, &nonce, true);
        let policy = page.get("content-security-policy").unwrap().to_str().unwrap();
        assert!(policy.contains(&format!("script-src 'self' 'nonce-{}'", nonce.as_str())), "{policy}");
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe"));
        assert!(page.contains_key("strict-transport-security"));

        let mut document = HeaderMap::new();
        document.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        apply(&mut document, &nonce, false);
        assert_eq!(
            document.get("content-security-policy").unwrap(),
            "default-src 'none'; frame-ancestors 'none'"
        );
        assert_eq!(document.get("cache-control").unwrap(), "public");
        assert_eq!(document.get("x-content-type-options").unwrap(), "nosniff");
        assert!(!document.contains_key("strict-transport-security"));
    }
}
