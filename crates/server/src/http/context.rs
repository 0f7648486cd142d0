//! What is known of a request beside what it asks for: which one it is, where it comes from.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use bastide_app::identity::Origin;
use bastide_model::{Ids, RealmId, RequestId};
use http::request::Parts;
use http::{HeaderMap, header};

use super::address::{Network, client_address};
use crate::pages::{THEME_COOKIE, Theme};

/// Longest name of a browser that is kept, in characters.
const USER_AGENT_CHARS_MAX: usize = 200;

/// The other end of the connection; set by the listener.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// One request. Set by the outermost middleware; a handler takes it as an argument.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Which request, for logs and audit.
    pub id: RequestId,
    /// The address that it comes from, behind trusted proxies.
    pub address: IpAddr,
    /// The browser or program, as it calls itself, cut to 200 characters.
    pub user_agent: String,
    /// The path that was asked for, without the query.
    pub path: String,
    /// Whether whoever asks would rather read a page than a document.
    pub wants_page: bool,
    /// The colours that whoever asks has chosen for pages.
    pub theme: Theme,
    /// Allows inline scripts of the page that is answered with; a new one for each request.
    pub nonce: Nonce,
}

/// A random word that the Content-Security-Policy of one answer and its scripts share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nonce(Arc<str>);

impl Nonce {
    /// A new one, of 128 random bits.
    pub(crate) fn fresh() -> Self {
        let mut bits = [0; 16];
        let provider = crate::tls::provider();
        if provider.secure_random.fill(&mut bits).is_err() {
            // Without randomness no inline script may run: an empty word matches no `nonce` attribute.
            return Self(Arc::from(""));
        }
        Self(hex::encode(bits).into())
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RequestContext {
    /// Where the request comes from, for the use cases. The realm is the platform: no client has a domain of its own
    /// yet, and an unknown host is the platform itself (CLI-2).
    pub fn origin(&self) -> Origin {
        Origin {
            realm: RealmId::PLATFORM,
            address: self.address.to_string(),
            user_agent: self.user_agent.clone(),
            request: self.id,
        }
    }

    /// From the head of a request.
    pub(crate) fn of(parts: &Parts, trusted: &[Network], ids: &dyn Ids) -> Self {
        let unknown = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let peer = parts.extensions.get::<Peer>().map_or(unknown, |peer| peer.0.ip());
        let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let printable = |c: &char| !c.is_control();
        let user_agent = text(header::USER_AGENT).unwrap_or_default();
        Self {
            id: request_id(&parts.headers).unwrap_or_else(|| RequestId::fresh(ids)),
            address: client_address(peer, &parts.headers, trusted),
            user_agent: user_agent.chars().filter(printable).take(USER_AGENT_CHARS_MAX).collect(),
            path: parts.uri.path().to_owned(),
            wants_page: !parts.uri.path().starts_with("/v1/")
                && text(header::ACCEPT).is_some_and(|types| types.contains("text/html")),
            theme: theme(&parts.headers),
            nonce: Nonce::fresh(),
        }
    }
}

fn theme(headers: &HeaderMap) -> Theme {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == THEME_COOKIE).map_or(Theme::System, |(_, word)| Theme::from_word(word))
}

/// The client's own id for its request, if it is one: anything else never reaches a log.
fn request_id(headers: &HeaderMap) -> Option<RequestId> {
    headers.get(bastide_api::REQUEST_ID)?.to_str().ok()?.parse().ok()
}

impl<S: Send + Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let known = parts.extensions.get::<Self>().cloned();
        Ok(known.unwrap_or_else(|| Self::of(parts, &[], &bastide_model::SystemIds)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_model::SystemIds;

    fn context(head: http::request::Builder) -> RequestContext {
        RequestContext::of(&head.body(()).unwrap().into_parts().0, &[], &SystemIds)
    }

    #[test]
    fn only_an_id_of_ours_is_taken_over() {
        let id = RequestId::fresh(&SystemIds);
        let known = context(http::Request::get("/").header("request-id", id.to_string()));
        assert_eq!(known.id, id);
        for strange in ["x", "usr_01jd0000000000000000000000", "req_01JD0000000000000000000000"] {
            let request = http::Request::get("/").header("request-id", strange.as_bytes());
            assert!(context(request).id.to_string().starts_with("req_"));
        }
    }

    #[test]
    fn programs_get_documents_and_browsers_pages() {
        for (path, accept, page) in [
            ("/o/acme", "text/html,application/xhtml+xml", true),
            ("/v1/me", "text/html", false),
            ("/o/acme", "application/json", false),
            ("/o/acme", "*/*", false),
        ] {
            let request = http::Request::get(path).header("accept", accept);
            assert_eq!(context(request).wants_page, page, "{path} {accept}");
        }
    }

    #[test]
    fn nonces_differ() {
        let (one, other) = (Nonce::fresh(), Nonce::fresh());
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 32);
    }
}
