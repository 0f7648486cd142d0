//! Hubs, clusters, licences.

use bastide_model::licence::LicenceState;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{FILLED, LABEL, TEXT};

/// A hub.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HubView {
    /// Its id.
    pub id: String,
    /// Short name; also accepted in place of the id.
    pub slug: String,
    /// What people read.
    pub name: String,
}

/// Asks for a join token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJoinToken {
    /// The name that the cluster will have.
    #[schemars(length(min = 1, max = 40), regex(pattern = LABEL))]
    pub cluster_name: String,
    /// Minutes that it works, 1 to 10080; 60 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10080))]
    pub minutes: Option<u32>,
}

/// A join token, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedJoinToken {
    /// The secret.
    pub secret: String,
    /// What to type where the spoke's kubeconfig is.
    pub command: String,
    /// What to give to `kubectl apply -f -` instead.
    pub manifest: String,
    /// What is kept of it.
    pub token: JoinTokenView,
}

/// A join token, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct JoinTokenView {
    /// Its id.
    pub id: String,
    /// The name that the cluster will have.
    pub cluster_name: String,
    /// `unused`, `used`, `expired` or `withdrawn`.
    pub state: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
}

/// Confirms that a cluster is lost for ever.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForgetCluster {
    /// The cluster's name, typed once more.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: String,
}

/// Confirms that everything is taken off a cluster before it is unregistered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CleanCluster {
    /// The cluster's name, typed once more.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: String,
}

/// Says what becomes of organizations on a cluster that is unregistered.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnregisterQuery {
    /// The cluster's name, typed once more: everything that is there of organizations is left as it is. Without it a cluster
    /// with organizations is not unregistered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub leave: Option<String>,
}

/// What was on a cluster that was forgotten.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ForgottenCluster {
    /// Slugs of the organizations whose objects were left there.
    pub organizations: Vec<String>,
}

/// The authority that vouches for the hub and its agents, and how far its exchange has come.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuthorityState {
    /// The one that signs.
    pub present: AuthorityView,
    /// The one that will take its place; absent when none was prepared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<AuthorityView>,
    /// Those before it, as long as they are believed, the latest first.
    #[serde(default)]
    pub previous: Vec<AuthorityView>,
    /// Joined clusters whose agents believe the next one.
    pub clusters_ready: u64,
    /// Clusters that answer and whose agents do not believe the next one yet, by name; at most 20.
    pub clusters_waiting: Vec<String>,
}

/// An authority.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuthorityView {
    /// SHA-256 of its certificate, in hex: what `--hub-ca-sha256` takes.
    pub fingerprint: String,
    /// When it was made; of the previous one: when it was replaced (RFC 3339).
    pub since: String,
}

/// Asks for a step of the exchange.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateAuthority {
    /// Which.
    pub step: RotationStep,
    /// With `switch`: also when agents that answer do not have the next one yet.
    #[serde(default)]
    pub force: bool,
}

/// A step of the exchange of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RotationStep {
    /// Make the next one and hand it to the agents.
    Prepare,
    /// Let it take over.
    Switch,
}

/// A cluster. What the caller may not see of it is absent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClusterView {
    /// Its id.
    pub id: String,
    /// Its name, unique on the hub; also accepted in place of the id.
    pub name: String,
    /// The hub's id.
    pub hub: String,
    /// `requested`, `denied`, `joined` or `withdrawn`.
    pub membership: String,
    /// `available`, `unknown` or `unavailable`; absent before it joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<String>,
    /// When it last gave a sign of life (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<String>,
    /// Version of its API server.
    pub kubernetes_version: String,
    /// Version of its agent.
    pub agent_version: String,
    /// Nodes, all of them.
    pub nodes: u32,
    /// Nodes that are ready.
    pub nodes_ready: u32,
    /// What connects its pods, such as `Cilium`; empty when that is not known. Whether it enforces network policies is the
    /// condition `NetworkPolicyEnforced`.
    #[serde(default)]
    pub network_plugin: String,
    /// What it can do.
    pub capabilities: Vec<CapabilityView>,
    /// Its conditions.
    pub conditions: Vec<ConditionView>,
    /// When it asked to join (RFC 3339).
    pub requested_at: String,
    /// What only who may see licences and decide on membership sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administration: Option<ClusterAdministration>,
    /// Since when everything is being taken off it, to unregister it when it is clean (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleaning_since: Option<String>,
    /// What the caller may do with it: `accept`, `deny`, `withdraw`, `delete`, `clean`, `forget`, `follow`,
    /// `upload_licence`.
    pub actions: Vec<String>,
}

/// What a cluster's administrator sees.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ClusterAdministration {
    /// Uid of its `kube-system` namespace.
    pub uid: String,
    /// SHA-256 of the agent's public key: compare it with what the agent printed.
    pub fingerprint: String,
    /// Its licence.
    pub licence: LicenceView,
    /// Organizations placed on it.
    pub organizations: u32,
}

/// Something that a cluster can or cannot do.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CapabilityView {
    /// Its name.
    pub name: String,
    /// Whether the cluster has it.
    pub available: bool,
    /// What it is needed for, or why it is missing.
    pub reason: String,
}

/// One aspect of something's state, as in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConditionView {
    /// Which aspect, such as `Applied`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// Why, in one word.
    pub reason: String,
    /// Why, as a sentence.
    pub message: String,
    /// Which generation it speaks of.
    pub observed_generation: i64,
    /// When the status last changed (RFC 3339).
    pub last_transition_at: String,
}

/// Decides on a cluster that asks to join.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptCluster {
    /// The fingerprint that the agent printed at the cluster; it has to be the one that the hub knows.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT))]
    pub fingerprint: String,
}

/// A licence as uploaded.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadLicence {
    /// The certificate in PEM, with intermediates after it if there are any.
    #[schemars(length(min = 1, max = 65536), regex(pattern = FILLED))]
    pub pem: String,
    /// Whether it may take the place of a licence that holds although it does not hold itself.
    #[serde(default)]
    pub force: bool,
}

/// A cluster's licence.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LicenceView {
    /// `none`, `unknown`, `active`, `expiring`, `expired` or `invalid`.
    pub state: String,
    /// Why, as a sentence.
    pub reason: String,
    /// The cluster's uid, which the licence has to name.
    pub expected_uid: String,
    /// The uids that the licence names.
    pub found_uids: Vec<String>,
    /// The licence id (serial number in hex).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<String>,
    /// Product line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub product_line: Vec<String>,
    /// Tier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tier: Vec<String>,
    /// Plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// Flags `Key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Who signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// First moment of validity (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Last moment of validity (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
}

impl LicenceView {
    /// Whether client organizations can be placed on the cluster; not with a state that is not known here.
    pub fn permits_placement(&self) -> bool {
        self.state.parse().is_ok_and(LicenceState::permits_placement)
    }
}
