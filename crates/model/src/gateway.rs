//! Gateways through which traffic reaches an organization (FLEET-4, FLEET-5).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::host_name::HostPattern;
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

/// A kind of route that may attach to a listener. From which namespaces is no choice: from the organization's only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RouteKind {
    /// HTTP requests.
    #[serde(rename = "HTTPRoute")]
    Http,
    /// Calls of gRPC.
    #[serde(rename = "GRPCRoute")]
    Grpc,
}

impl RouteKind {
    /// The word of the Gateway API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
        }
    }
}

words!(RouteKind, "a kind of route", RouteKind::Http, RouteKind::Grpc);

/// One listener of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Listener {
    /// Its name: a DNS label, unique in the gateway.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// How it ends the connection.
    pub protocol: ListenerProtocol,
    /// The host name that it is for; none for all. Never on a gateway that organizations share: there each has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_name: Option<HostPattern>,
    /// Kinds of routes that may attach; none for all that its protocol can serve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<RouteKind>,
}

/// An address that a gateway asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum GatewayAddress {
    /// An address of the Internet Protocol, version 4 or 6.
    Ip(IpAddr),
    /// A host name.
    HostName(HostPattern),
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            Self::HostName(name) => write!(f, "{name}"),
        }
    }
}

impl FromStr for GatewayAddress {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(ip) = text.parse() {
            return Ok(Self::Ip(ip));
        }
        match text.parse::<HostPattern>() {
            Ok(name) if !text.starts_with("*.") => Ok(Self::HostName(name)),
            _ => Err(format!("`{text}` is neither an address of the Internet Protocol nor a host name")),
        }
    }
}

impl TryFrom<String> for GatewayAddress {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<GatewayAddress> for String {
    fn from(address: GatewayAddress) -> Self {
        address.to_string()
    }
}

/// How the listeners of HTTPS get their certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificatePolicy {
    /// From one Secret beside the gateway, `<name of the gateway>-tls`. For gateways of one organization only, whose
    /// namespace it is in.
    #[default]
    Gateway,
    /// From the organization: the Secret `<namespace base>-gw-tls` in its gateway namespace, which its administrators
    /// keep. On a shared gateway each organization's own listeners use it.
    Organization,
    /// From nowhere: there is no listener of HTTPS.
    None,
}

impl CertificatePolicy {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Organization => "organization",
            Self::None => "none",
        }
    }
}

words!(
    CertificatePolicy,
    "a certificate policy",
    CertificatePolicy::Gateway,
    CertificatePolicy::Organization,
    CertificatePolicy::None
);

/// What a gateway is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct GatewaySpec {
    /// Name of the `GatewayClass` on the cluster.
    pub class: String,
    /// At least one.
    pub listeners: Vec<Listener>,
    /// Addresses that it asks for; none to take what its controller gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<GatewayAddress>,
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
    /// What its gateways are made of.
    pub spec: GatewaySpec,
    /// How listeners of HTTPS get their certificates.
    pub certificates: CertificatePolicy,
    /// Whether it is the one that organizations of the cluster share; at most one is.
    pub shared: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change; the ETag is made from it.
    pub revision: i64,
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
