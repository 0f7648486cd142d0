//! Requests to the hub: the agent protocol over HTTP on TLS 1.3, one function per route. Owns limits in time and size,
//! and what a failure means. Decides nothing.

use std::error::Error;
use std::io;
use std::time::Duration;

use bastide_api::Problem;
use bastide_api::agent as wire;
use bytes::{Bytes, BytesMut};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, StatusCode};
use rustls::{AlertDescription, CertificateError, ClientConfig};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::hidden::Hidden;
use crate::trust::{self, Pin};

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long an answer may take that the hub has no reason to hold back.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// Largest answer that is read, in bytes: thousands of organizations.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Why the hub did not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HubError {
    /// It cannot be reached, or the connection broke.
    #[error("the hub cannot be reached: {0}")]
    Unreachable(String),
    /// Something answers that is not the hub.
    #[error("what answers is not the hub that this agent trusts: {0}")]
    Untrusted(String),
    /// The hub does not accept this agent: 401, 403, or the certificate is refused.
    #[error("the hub does not accept this agent: {0}")]
    NotAccepted(String),
    /// The hub refuses this very request; the same again will be refused again.
    #[error("the hub refuses: {0}")]
    Refused(Box<Problem>),
    /// The hub answers, but cannot do it now.
    #[error("the hub cannot do it just now: {0}")]
    Unavailable(String),
    /// The answer is not one of the protocol.
    #[error("the hub's answer cannot be understood: {0}")]
    Misunderstood(String),
    /// The agent's own settings for the connection do not work.
    #[error("the connection to the hub cannot be set up: {0}")]
    Setup(String),
}

impl HubError {
    /// Whether trying again without a change is pointless.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Untrusted(_) | Self::NotAccepted(_) | Self::Refused(_) | Self::Setup(_))
    }
}

/// A way to the hub.
#[derive(Debug, Clone)]
pub(crate) struct Hub {
    base: Url,
    http: reqwest::Client,
}

impl Hub {
    /// For an agent that has not joined: it trusts the hub by the fingerprint of its authority, and can only ask to
    /// join.
    pub(crate) fn before_join(base: &Url, pin: Pin) -> Result<Self, HubError> {
        Self::new(base, trust::before_join(pin))
    }

    /// For an agent that has joined.
    pub(crate) fn as_member(
        base: &Url,
        authorities: &str,
        certificate: &str,
        key: &Hidden,
    ) -> Result<Self, HubError> {
        Self::new(base, trust::as_member(authorities, certificate, key.reveal()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one client of the agent; every request has a limit of its own"
    )]
    fn new(base: &Url, tls: Result<ClientConfig, rustls::Error>) -> Result<Self, HubError> {
        let tls = tls.map_err(|error| HubError::Setup(error.to_string()))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            // The hub's address was given by the administrator; nobody else's is dialled.
            .redirect(Policy::none())
            .http1_only()
            .connect_timeout(CONNECT_LIMIT)
            .tcp_keepalive(Duration::from_secs(15))
            .pool_idle_timeout(Duration::from_mins(1))
            .user_agent(concat!("bastide-agent/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| HubError::Setup(error.to_string()))?;
        Ok(Self { base: base.clone(), http })
    }

    pub(crate) async fn join(&self, join: &wire::Join) -> Result<wire::JoinAccepted, HubError> {
        self.post(wire::JOIN, join).await
    }

    pub(crate) async fn join_state(&self, query: &wire::JoinStateQuery) -> Result<wire::JoinState, HubError> {
        self.post(wire::JOIN_STATE, query).await
    }

    pub(crate) async fn heartbeat(&self, beat: &wire::Heartbeat) -> Result<wire::HeartbeatAnswer, HubError> {
        self.post(wire::HEARTBEAT, beat).await
    }

    pub(crate) async fn status(&self, status: &wire::Status) -> Result<(), HubError> {
        self.deliver(wire::STATUS, status).await.map(drop)
    }

    pub(crate) async fn renew(&self, renew: &wire::Renew) -> Result<wire::Certificate, HubError> {
        self.post(wire::RENEW, renew).await
    }

    /// Waits at the hub for up to `query.wait` seconds.
    pub(crate) async fn desired(&self, query: &wire::DesiredQuery) -> Result<wire::Desired, HubError> {
        let mut url = self.url(wire::DESIRED)?;
        url.query_pairs_mut()
            .append_pair("after", &query.after.to_string())
            .append_pair("wait", &query.wait.to_string());
        let limit = ANSWER_LIMIT + Duration::from_secs(query.wait);
        read(send(self.http.get(url).timeout(limit)).await?).await
    }

    async fn post<B: Serialize, A: DeserializeOwned>(&self, path: &str, body: &B) -> Result<A, HubError> {
        read(self.deliver(path, body).await?).await
    }

    async fn deliver<B: Serialize>(&self, path: &str, body: &B) -> Result<Response, HubError> {
        send(self.http.post(self.url(path)?).json(body).timeout(ANSWER_LIMIT)).await
    }

    fn url(&self, path: &str) -> Result<Url, HubError> {
        self.base.join(path).map_err(|error| HubError::Setup(error.to_string()))
    }
}

async fn send(request: RequestBuilder) -> Result<Response, HubError> {
    let response = request.send().await.map_err(|error| failure(&error))?;
    if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
}

async fn read<A: DeserializeOwned>(response: Response) -> Result<A, HubError> {
    let body = body(response).await?;
    serde_json::from_slice(&body).map_err(|error| HubError::Misunderstood(error.to_string()))
}

/// The whole body, if it is not larger than an answer may be.
async fn body(mut response: Response) -> Result<Bytes, HubError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(HubError::Misunderstood(format!("it has more than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// What an answer with an error's status means.
async fn refusal(response: Response) -> HubError {
    let status = response.status();
    let problem = match body(response).await {
        Ok(body) => serde_json::from_slice::<Problem>(&body).ok(),
        Err(error) => return error,
    };
    // Only a hub of this protocol sends problem documents; a proxy in between sends pages.
    let problem = problem.unwrap_or_else(|| Problem {
        status: status.as_u16(),
        title: status.canonical_reason().unwrap_or_default().to_owned(),
        detail: format!("status {status}"),
        code: "no_problem_document".to_owned(),
        ..Problem::default()
    });
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => HubError::NotAccepted(problem.to_string()),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
            HubError::Unavailable(problem.to_string())
        }
        status if status.is_client_error() => HubError::Refused(Box::new(problem)),
        status if status.is_server_error() => HubError::Unavailable(problem.to_string()),
        status => HubError::Misunderstood(format!("status {status} is none of the protocol")),
    }
}

/// What it means that there is no answer.
fn failure(error: &reqwest::Error) -> HubError {
    match tls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) if is_about_our_certificate(*alert) => {
            HubError::NotAccepted(format!("it refuses the certificate ({alert:?})"))
        }
        Some(rustls::Error::InvalidCertificate(reason)) => HubError::Untrusted(certificate_reason(reason)),
        Some(other) => HubError::Unreachable(other.to_string()),
        None if error.is_builder() => HubError::Setup(chain(error)),
        None => HubError::Unreachable(chain(error)),
    }
}

fn certificate_reason(reason: &CertificateError) -> String {
    match reason {
        CertificateError::Other(other) => other.0.to_string(),
        known => known.to_string(),
    }
}

/// Alerts by which a server refuses the certificate that was shown, or misses one.
fn is_about_our_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired
    )
}

/// The error of TLS beneath an error of HTTP. An I/O error does not name what it holds as its source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// An error with everything beneath it, as one line.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let line = source.to_string();
        // Some errors already contain the text of their source.
        if !text.ends_with(&line) {
            text = format!("{text}: {line}");
        }
        next = source.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        http::Response::builder().status(status).body(body).unwrap().into()
    }

    const PROBLEM: &str = r#"{"type":"urn:bastide:problem:join_token_used","title":"Gone","status":410,
        "detail":"The join token is used.","code":"join_token_used","request_id":"req_1"}"#;

    #[rstest]
    #[case(401, PROBLEM, "does not accept this agent: The join token is used. (join_token_used)")]
    #[case(403, "<html>", "does not accept this agent: status 403")]
    #[case(410, PROBLEM, "the hub refuses: The join token is used. (join_token_used)")]
    #[case(404, "", "the hub refuses: status 404")]
    #[case(429, PROBLEM, "cannot do it just now")]
    #[case(503, "<html>", "cannot do it just now: status 503")]
    #[case(302, "", "cannot be understood")]
    #[tokio::test]
    async fn what_an_error_status_means(
        #[case] status: u16,
        #[case] body: &'static str,
        #[case] expected: &str,
    ) {
        let error = refusal(answer(status, body)).await.to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[rstest]
    #[case(HubError::Unreachable(String::new()), false)]
    #[case(HubError::Unavailable(String::new()), false)]
    #[case(HubError::Misunderstood(String::new()), false)]
    #[case(HubError::Untrusted(String::new()), true)]
    #[case(HubError::NotAccepted(String::new()), true)]
    #[case(HubError::Refused(Box::default()), true)]
    fn whether_asking_again_makes_sense(#[case] error: HubError, #[case] expected: bool) {
        assert_eq!(error.is_final(), expected);
    }

    #[test]
    fn an_error_of_tls_is_found_beneath_errors_of_io() {
        let tls = rustls::Error::AlertReceived(AlertDescription::CertificateRevoked);
        let wrapped = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls.clone()));
        assert_eq!(tls_error(&wrapped), Some(&tls));
        assert_eq!(tls_error(&io::Error::other("gone")), None);
    }

    #[tokio::test]
    async fn what_is_not_the_protocol_is_told() {
        let read: Result<wire::JoinState, _> = read(answer(200, r#"{"state":"unheard-of"}"#)).await;
        assert!(matches!(read, Err(HubError::Misunderstood(_))), "{read:?}");
    }
}
