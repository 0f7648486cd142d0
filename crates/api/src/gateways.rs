//! Gateway configurations, and how they are made of the domain's words.

use bastide_model::gateway as domain;
use bastide_model::host_name::HostPattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{HOST_PATTERN, LABEL, NAME, TEXT, addresses};

/// A gateway configuration of a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GatewayConfigurationView {
    /// Its id.
    pub id: String,
    /// The cluster's id.
    pub cluster: String,
    /// Short name, unique on the cluster.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// Name of the `GatewayClass`.
    pub class: String,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// Addresses that it asks for; empty to take what its controller gives.
    pub addresses: Vec<String>,
    /// How listeners of HTTPS get their certificates.
    pub certificates: CertificatePolicy,
    /// Whether it is the one that organizations of the cluster share.
    pub shared: bool,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// What `If-Match` has to say to change it.
    pub etag: String,
}

/// Asks for a gateway configuration.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGatewayConfiguration {
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// Short name; made from the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = LABEL))]
    pub slug: Option<String>,
    /// Name of the `GatewayClass` on the cluster.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL))]
    pub class: String,
    /// At least one, at most sixteen.
    #[schemars(length(min = 1, max = 16))]
    pub listeners: Vec<Listener>,
    /// Addresses that it asks for, of the Internet Protocol or host names; at most sixteen, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("items" = addresses(), "uniqueItems" = true))]
    pub addresses: Vec<String>,
    /// How listeners of HTTPS get their certificates; `gateway` when absent.
    #[serde(default)]
    pub certificates: CertificatePolicy,
}

/// Changes a gateway configuration; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GatewayConfigurationChange {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: Option<String>,
    /// Name of the `GatewayClass` on the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL))]
    pub class: Option<String>,
    /// All listeners that it should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16))]
    pub listeners: Option<Vec<Listener>>,
    /// All addresses that it should ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16), extend("items" = addresses(), "uniqueItems" = true))]
    pub addresses: Option<Vec<String>>,
    /// How listeners of HTTPS get their certificates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<CertificatePolicy>,
}

/// Says which gateway the organizations of a cluster share.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedGatewayChoice {
    /// Id or slug of one of the cluster's configurations; absent for none, which is refused while organizations share one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT))]
    pub configuration: Option<String>,
}

/// Which gateway the organizations of a cluster share.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SharedGatewayView {
    /// Its configuration; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<GatewayConfigurationView>,
}

/// One listener of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Its name, unique in the gateway.
    #[schemars(length(min = 1, max = 63), regex(pattern = LABEL))]
    pub name: String,
    /// Its port.
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// How it ends the connection.
    pub protocol: ListenerProtocol,
    /// The host name that it is for, such as `acme.example` or `*.acme.example`; absent for all. Not on a gateway that
    /// organizations share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 253), regex(pattern = HOST_PATTERN))]
    pub host_name: Option<String>,
    /// Kinds of routes that may attach; empty for all that its protocol can serve. They come from the organization's
    /// namespaces in any case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2), extend("uniqueItems" = true))]
    pub allowed: Vec<RouteKind>,
}

/// A kind of route that may attach to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum RouteKind {
    /// HTTP requests.
    #[serde(rename = "HTTPRoute")]
    Http,
    /// Calls of gRPC.
    #[serde(rename = "GRPCRoute")]
    Grpc,
}

/// How the listeners of HTTPS get their certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificatePolicy {
    /// From one Secret beside the gateway, `<name of the gateway>-tls`. Not for a gateway that organizations share.
    #[default]
    Gateway,
    /// From each organization: the Secret `<namespace base>-gw-tls` in its gateway namespace.
    Organization,
    /// From nowhere: there is no listener of HTTPS.
    None,
}

/// How a listener ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ListenerProtocol {
    /// Plain HTTP.
    Http,
    /// TLS, ended at the gateway.
    Https,
}

macro_rules! same_words {
    ($($name:ident: $($word:ident)*;)*) => {$(
        impl From<domain::$name> for $name {
            fn from(value: domain::$name) -> Self {
                match value { $(domain::$name::$word => Self::$word,)* }
            }
        }

        impl From<$name> for domain::$name {
            fn from(value: $name) -> Self {
                match value { $($name::$word => Self::$word,)* }
            }
        }
    )*};
}

same_words! {
    ListenerProtocol: Http Https;
    RouteKind: Http Grpc;
    CertificatePolicy: Gateway Organization None;
}

impl From<&domain::Listener> for Listener {
    fn from(listener: &domain::Listener) -> Self {
        Self {
            name: listener.name.clone(),
            port: listener.port,
            protocol: listener.protocol.into(),
            host_name: listener.host_name.as_ref().map(ToString::to_string),
            allowed: listener.allowed.iter().copied().map(RouteKind::from).collect(),
        }
    }
}

impl Listener {
    /// The domain's listener.
    ///
    /// # Errors
    /// What is wrong with the host name, as a sentence.
    pub fn parse(self) -> Result<domain::Listener, String> {
        Ok(domain::Listener {
            host_name: self.host_name.map(|name| name.parse::<HostPattern>()).transpose()?,
            name: self.name,
            port: self.port,
            protocol: self.protocol.into(),
            allowed: self.allowed.into_iter().map(domain::RouteKind::from).collect(),
        })
    }
}
