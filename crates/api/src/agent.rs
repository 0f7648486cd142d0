//! The agent protocol, version 1: what an agent and its hub say to each other. Versioned and kept: fields are added,
//! never changed. An agent that does not know a field ignores it.
//!
//! An agent first talks without a certificate (`JOIN`, `JOIN_STATE`), trusting the hub by the fingerprint of its
//! authority that came with the join token; from then on every request is made with the client certificate that the
//! hub issued, whose only name is the cluster's id in a URI (`urn:bastide:cluster:…`).

use std::collections::BTreeMap;

use bastide_model as model;
use model::cluster as domain;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `POST`: asks to join. Answer: [`JoinAccepted`] with status 202.
pub const JOIN: &str = "/agent/v1/join";
/// `POST`: asks how the request stands. Answer: [`JoinState`].
pub const JOIN_STATE: &str = "/agent/v1/join-state";
/// `POST`: a sign of life. Answer: [`HeartbeatAnswer`].
pub const HEARTBEAT: &str = "/agent/v1/heartbeat";
/// `GET` with `after` and `wait` ([`DesiredQuery`]): what should be there. Answer: [`Desired`].
pub const DESIRED: &str = "/agent/v1/desired";
/// `POST`: how far the cluster has come ([`Status`]). Answer: 204.
pub const STATUS: &str = "/agent/v1/status";
/// `POST`: a new certificate for a new key ([`Renew`]). Answer: [`Certificate`].
pub const RENEW: &str = "/agent/v1/renew";

/// The only name in an agent's certificate (URI SAN); compared for equality with the id.
pub fn cluster_uri(cluster: model::ClusterId) -> String {
    format!("urn:bastide:cluster:{cluster}")
}

/// Asks to join.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Join {
    /// The secret of the join token.
    pub token: String,
    /// A certificate signing request in PEM (PKCS #10), signed with the key that the agent made.
    pub csr_pem: String,
    /// Uid of the `kube-system` namespace.
    pub cluster_uid: Uuid,
    /// What the agent knows of its cluster.
    pub facts: Facts,
}

/// The request is written down; an administrator has to decide.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JoinAccepted {
    /// The cluster's id.
    pub cluster: String,
    /// SHA-256 of the public key, as the hub sees it; the agent prints its own.
    pub fingerprint: String,
    /// Secret with which the agent asks how its request stands.
    pub ticket: String,
}

/// Asks how a request stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JoinStateQuery {
    /// The cluster's id.
    pub cluster: String,
    /// The secret from [`JoinAccepted`].
    pub ticket: String,
}

/// How a request stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum JoinState {
    /// Nobody has decided yet.
    Requested,
    /// Refused.
    Denied,
    /// Accepted; here is the certificate.
    Joined(Certificate),
}

/// A certificate for an agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Certificate {
    /// The certificate in PEM.
    pub certificate_pem: String,
    /// Every authority that the hub's certificate may come from, in PEM.
    pub authorities_pem: String,
    /// When it ends, in milliseconds since 1970.
    pub not_after_ms: i64,
    /// From when on it may be renewed, in milliseconds since 1970.
    pub renew_after_ms: i64,
}

/// Asks for a new certificate for a new key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Renew {
    /// A certificate signing request in PEM for the new key.
    pub csr_pem: String,
}

/// A sign of life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The agent's clock, in milliseconds since 1970; the hub stamps its own.
    pub at_ms: i64,
    /// Whether the cluster's API server answered just now.
    pub api_server_ready: bool,
    /// What the agent knows of its cluster.
    pub facts: Facts,
    /// Conditions of the cluster as a whole.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// The hub's answer to a sign of life.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HeartbeatAnswer {
    /// The hub's clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// Seconds until the next one is due.
    pub next_seconds: i64,
    /// Counts restores of the hub's database; an agent that sees it change stops and reports.
    pub epoch: i64,
    /// The authorities that the hub's certificate may come from, in PEM, when they are not those that the agent named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities_pem: Option<String>,
}

/// What an agent knows of its cluster.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Version of the API server.
    #[serde(default)]
    pub kubernetes_version: String,
    /// Version of the agent.
    #[serde(default)]
    pub agent_version: String,
    /// Nodes, all of them.
    #[serde(default)]
    pub nodes: u32,
    /// Nodes that are ready.
    #[serde(default)]
    pub nodes_ready: u32,
    /// What the cluster can do.
    #[serde(default)]
    pub capabilities: Vec<Capability>,
    /// What connects its pods, such as `Cilium`; empty when that is not known.
    #[serde(default)]
    pub network_plugin: String,
    /// SHA-256 of the authorities of the hub that the agent believes, in lower-case hex.
    #[serde(default)]
    pub authorities: Vec<String>,
}

/// Something that a cluster can or cannot do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Capability {
    /// Its name.
    pub name: String,
    /// Whether the cluster has it.
    pub available: bool,
    /// What it is needed for, or why it is missing.
    #[serde(default)]
    pub reason: String,
}

/// One aspect of something's state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Condition {
    /// Which aspect.
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, as a sentence.
    #[serde(default)]
    pub message: String,
    /// Which generation it speaks of.
    #[serde(default)]
    pub observed_generation: i64,
}

/// Which part of what should be there is asked for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DesiredQuery {
    /// Only sets whose generation is greater; 0 for all.
    pub after: i64,
    /// Seconds to wait for something new, at most 25.
    #[serde(default)]
    pub wait: u64,
}

/// What should be there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Desired {
    /// Counts restores of the hub's database.
    pub epoch: i64,
    /// The greatest generation of the cluster; give it as `after` next time.
    pub generation: i64,
    /// An administrator has agreed that the agent follows this epoch, whatever it knows from another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follow: bool,
    /// The sets that changed.
    pub sets: Vec<Set>,
}

/// What should be there for one organization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Set {
    /// The organization's id.
    pub organization: String,
    /// Grows with every change.
    pub generation: i64,
    /// What should be there; absent when nothing should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

/// One organization as it should be on a cluster.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    /// Id of its realm.
    pub realm: String,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// From which its namespaces are named.
    pub namespace_base: String,
    /// Carried by its namespaces.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// `shared`, `namespace` or `dedicated`.
    pub isolation: String,
    /// Processor, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Storage, in GiB.
    pub storage_gib: u64,
    /// Pods.
    pub pods: u64,
    /// Services.
    pub services: u64,
    /// The nodes its pods are bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<crate::organizations::NodePool>,
    /// Its own gateway; absent for the shared one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Gateway>,
    /// Everything stays there and is Bastide's no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// The gateway that organizations share, where the agent makes it and this organization uses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared_gateway: Option<SharedGateway>,
    /// The host names that it owns, with all beneath them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_names: Vec<String>,
}

/// A dedicated gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gateway {
    /// Name of the `Gateway` object.
    pub name: String,
    /// Name of the `GatewayClass`.
    pub class: String,
    /// Its listeners.
    pub listeners: Vec<Listener>,
    /// Addresses that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// The gateway that organizations of a cluster share.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SharedGateway {
    /// Name of the `GatewayClass`.
    pub class: String,
    /// What every organization listens on, each for its own host names.
    pub listeners: Vec<Listener>,
    /// Addresses that it asks for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
}

/// One listener of a gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// `HTTP` or `HTTPS`.
    pub protocol: String,
    /// The host name that it is for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// Kinds of routes that may attach, such as `HTTPRoute`; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// How far a cluster has come.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Status {
    /// One entry per set that is spoken of.
    pub sets: Vec<SetStatus>,
}

/// How far a cluster has come with one set.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SetStatus {
    /// The organization's id.
    pub organization: String,
    /// Which generation was looked at.
    pub observed_generation: i64,
    /// Whether nothing was wanted and nothing is left.
    #[serde(default)]
    pub removed: bool,
    /// Conditions of the set.
    #[serde(default)]
    pub conditions: Vec<Condition>,
    /// What is there, object by object.
    #[serde(default)]
    pub objects: Vec<ObjectStatus>,
}

/// One object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ObjectStatus {
    /// `v1` and so on.
    pub api_version: String,
    /// `Namespace` and so on.
    pub kind: String,
    /// Its namespace; empty when it has none.
    #[serde(default)]
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is as it should be.
    pub ready: bool,
    /// Why, when it is not.
    #[serde(default)]
    pub message: String,
}

mod convert;
mod gateways;
pub use convert::parse_conditions;

impl From<domain::ClusterFacts> for Facts {
    fn from(facts: domain::ClusterFacts) -> Self {
        let capability =
            |c: domain::Capability| Capability { name: c.name, available: c.available, reason: c.reason };
        Self {
            kubernetes_version: facts.kubernetes_version,
            agent_version: facts.agent_version,
            nodes: facts.nodes,
            nodes_ready: facts.nodes_ready,
            capabilities: facts.capabilities.into_iter().map(capability).collect(),
            network_plugin: facts.network_plugin,
            authorities: facts.authorities,
        }
    }
}
