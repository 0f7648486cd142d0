//! What handlers share: the state of the HTTP layer.

use std::sync::Arc;

use bastide_model::{Clock, Ids};
use url::Url;

use super::address::Network;
use super::authenticate::Authenticate;
use super::idempotency::KeptAnswers;
use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// The state of the HTTP layer. Clones are the same state.
#[derive(Clone)]
pub struct Hub {
    /// Who somebody is.
    pub door: Arc<dyn Authenticate>,
    /// Answers to requests that may come again.
    pub kept: Arc<dyn KeptAnswers>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub ids: Arc<dyn Ids>,
    /// What runs beside the requests.
    pub tasks: Tasks,
    /// Numbers about the process.
    pub metrics: Metrics,
    /// What was configured of the HTTP layer.
    pub settings: Arc<WebSettings>,
}

/// What was configured of the HTTP layer.
#[derive(Debug, Clone)]
pub struct WebSettings {
    /// How browsers reach the hub; the base of links.
    pub public_url: Url,
    /// Who may say for whom a request is made.
    pub trusted_proxies: Vec<Network>,
}

impl WebSettings {
    /// Whether browsers come over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
