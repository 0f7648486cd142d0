//! Gateways through which traffic reaches an organization (FLEET-4, FLEET-5).

use serde::{Deserialize, Serialize};

use crate::names::{DisplayName, Slug};
use crate::role::words;
use crate::{ClusterId, GatewayConfigurationId, Timestamp};

/// How a listener ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ListenerProtocol {
    /// Plain HTTP.
    Http,
    /// TLS, ended at the gateway.
    Https,
}

impl ListenerProtocol {
    /// The word of the Gateway API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Https => "HTTPS",
        }
    }
}

words!(ListenerProtocol, "a listener's protocol", ListenerProtocol::Http, ListenerProtocol::Https);

/// One listener of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Listener {
    /// Its name: a DNS label, unique in the gateway.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// How it ends the connection.
    pub protocol: ListenerProtocol,
}

/// A gateway configuration of a cluster, made by the hub's administrator, chosen for organizations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayConfiguration {
    /// Its id.
    pub id: GatewayConfigurationId,
    /// The cluster on which it can be used.
    pub cluster: ClusterId,
    /// Short name, unique on the cluster.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// Name of the `GatewayClass` on the cluster.
    pub class: String,
    /// At least one.
    pub listeners: Vec<Listener>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Which gateway an organization has (FLEET-4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum GatewayChoice {
    /// The cluster's own, together with others: no dedicated configuration is applied.
    Shared,
    /// Its own, from one of the cluster's configurations.
    Dedicated {
        /// Which configuration.
        configuration: GatewayConfigurationId,
    },
}
