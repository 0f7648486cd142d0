//! What handlers share: the state of the HTTP layer.

use std::sync::Arc;

use bastide_app::App;
use url::Url;

use super::address::Network;
use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// The state of the HTTP layer. Clones are the same state.
#[derive(Clone)]
pub struct Hub {
    /// The use cases.
    pub app: App,
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
    /// Container image of the agent, for manifests.
    pub agent_image: String,
    /// Where people find help; a link on every page.
    pub help_url: String,
}

impl WebSettings {
    /// Whether browsers come over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// An absolute link to a path of the hub.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.public_url.as_str().trim_end_matches('/'))
    }
}
