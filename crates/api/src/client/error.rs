//! How a call can fail.

use std::error::Error as _;
use std::fmt;

use crate::Problem;

/// Why a call gave no result.
#[derive(Debug)]
pub enum ClientError {
    /// The hub answered with a problem document.
    Problem(Box<Problem>),
    /// No answer came, or it broke off.
    Transport {
        /// What was asked, such as `GET https://hub.example.org/v1/me`; never with a query.
        request: String,
        /// Where it broke.
        kind: TransportKind,
        /// The causes, from the outermost to the innermost.
        detail: String,
    },
    /// Something answered, but not as a hub does: a proxy's page, say.
    Unexpected {
        /// What was asked.
        request: String,
        /// The status of the answer.
        status: u16,
        /// What is wrong with the answer.
        detail: String,
        /// The request's id, when the answer had one.
        request_id: Option<String>,
    },
    /// The request was not sent, because it could not be or must not be.
    NotSent {
        /// Why, and what is allowed.
        detail: String,
    },
}

/// Where a request broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportKind {
    /// There was no connection; nothing has reached the hub.
    Connect,
    /// The hub's certificate is not trusted; nothing has reached the hub.
    Certificate,
    /// The time limit was over.
    TimedOut,
    /// The connection broke before the whole answer was there.
    Broken,
}

impl ClientError {
    /// The stable code of the problem document, if that is what the hub answered.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Problem(problem) => Some(problem.status),
            Self::Unexpected { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(super) fn not_sent(detail: impl Into<String>) -> Self {
        Self::NotSent { detail: detail.into() }
    }

    pub(super) fn transport(request: &str, error: &reqwest::Error) -> Self {
        let kind = if untrusted_certificate(error) {
            TransportKind::Certificate
        } else if error.is_timeout() {
            TransportKind::TimedOut
        } else if error.is_connect() {
            TransportKind::Connect
        } else {
            TransportKind::Broken
        };
        Self::Transport { request: request.to_owned(), kind, detail: causes(error) }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::Transport { request, kind, detail } => {
                let what = match kind {
                    TransportKind::Connect => "no connection",
                    TransportKind::Certificate => "the server's certificate is not trusted",
                    TransportKind::TimedOut => "no answer in time",
                    TransportKind::Broken => "the connection broke off",
                };
                write!(f, "{what} for {request}: {detail}")
            }
            Self::Unexpected { request, status, detail, .. } => {
                write!(f, "unexpected answer {status} to {request}: {detail}")
            }
            Self::NotSent { detail } => f.write_str(detail),
        }
    }
}

impl std::error::Error for ClientError {}

/// The causes beneath the outermost, which only repeats the address.
pub(super) fn causes(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(one) = cause {
        texts.push(one.to_string());
        cause = one.source();
    }
    // Libraries repeat the inner message in the outer one; each is said once.
    let mut said: Vec<String> = Vec::new();
    for text in texts.into_iter().rev() {
        if !said.iter().any(|inner| text.contains(inner.as_str())) {
            said.insert(0, text);
        }
    }
    if said.is_empty() { error.to_string() } else { said.join(": ") }
}

fn untrusted_certificate(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(one) = cause {
        if let Some(rustls::Error::InvalidCertificate(_)) = innermost(one).downcast_ref() {
            return true;
        }
        cause = one.source();
    }
    false
}

/// What I/O errors are wrapped around: they do not give it as their source.
fn innermost<'a>(mut error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    while let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        error = inner;
    }
    error
}
