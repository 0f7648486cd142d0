//! Organizations and where they run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clusters::ConditionView;
use crate::schema::{DESCRIPTION, HOST_NAME, LABEL, NAME, TEXT, TOLERATION, keys, label_values};

/// An organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationView {
    /// Its id.
    pub id: String,
    /// Short name, unique in the realm; also accepted in place of the id.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// A longer text.
    pub description: String,
    /// `personal` or `work`.
    pub kind: String,
    /// `private` or `public`.
    pub visibility: String,
    /// The organization above it, when the caller sees that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Carried by its namespaces.
    pub annotations: BTreeMap<String, String>,
    /// From which its namespaces are named.
    pub namespace_base: String,
    /// Short name of its plan.
    pub plan: String,
    /// `active`, `deleting`, `partially_deleted` or `deleted`.
    pub state: String,
    /// The host names that it owns, with all beneath them: its routes serve no others.
    pub host_names: Vec<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// The caller's role in it: `owner`, `administrator`, `custom`, `member`, `site_administrator`, `client_administrator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What the caller may do with it: `update`, `move`, `move_beneath`, `delete`, `leave`, `assign` (roles), `create_role`,
    /// `create_team`, `create_project`, `create_beneath`, `create_client_organization`, `create_placement`,
    /// `delete_placement`.
    pub actions: Vec<String>,
    /// Its entity tag, for `If-Match`.
    pub etag: String,
}

/// What a public organization tells everybody with an account in its realm, and nothing more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PublicOrganizationView {
    /// Its id.
    pub id: String,
    /// Short name, unique in the realm; also accepted in place of the id.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// A longer text.
    pub description: String,
}

/// Asks for an organization.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// Short name; made from the name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = LABEL))]
    pub slug: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), regex(pattern = DESCRIPTION))]
    pub description: Option<String>,
    /// `private` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Carried by its namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("propertyNames" = keys()))]
    pub annotations: Option<BTreeMap<String, String>>,
    /// The organization above it: id or slug; absent for a root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub parent: Option<String>,
}

/// Who sees that an organization exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Members only.
    Private,
    /// Any signed-in user of the realm.
    Public,
}

/// Changes an organization; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationChange {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), regex(pattern = DESCRIPTION))]
    pub description: Option<String>,
    /// Who sees that it exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// All annotations that it should have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("propertyNames" = keys()))]
    pub annotations: Option<BTreeMap<String, String>>,
}

/// Says which host names an organization owns.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HostNames {
    /// All that it owns from now on, each with every name beneath it; at most eight.
    #[schemars(length(max = 8), inner(length(min = 3, max = 180), regex(pattern = HOST_NAME)), extend("uniqueItems" = true))]
    pub host_names: Vec<String>,
}

/// Confirms a deletion.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmQuery {
    /// The organization's slug, typed once more.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: String,
}

/// An organization on one cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlacementView {
    /// The cluster's id.
    pub cluster: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// `available`, `unknown` or `unavailable`.
    pub availability: String,
    /// When the cluster last gave a sign of life (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_heartbeat_at: Option<String>,
    /// The nodes its pods are bound to; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<NodePool>,
    /// Its gateway.
    pub gateway: GatewayChoice,
    /// That it is being taken off the cluster: `remove` takes everything of it down, `release` leaves it there and lets go
    /// of it. The placement is gone when the cluster says that it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaving: Option<String>,
    /// Whether the cluster says of what is wanted now that nothing of it is left there.
    #[serde(default)]
    pub removed: bool,
    /// Names of its namespaces there.
    pub namespaces: Vec<String>,
    /// Generation of what should be there.
    pub generation: i64,
    /// Generation that the cluster last spoke of.
    pub observed_generation: i64,
    /// How far the cluster has come.
    pub conditions: Vec<ConditionView>,
    /// What is there, object by object.
    pub objects: Vec<ObjectView>,
}

/// Places an organization on another cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlacement {
    /// The hub, id or slug; that of the spoke when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub hub: Option<String>,
    /// The spoke, id or name.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub spoke: String,
    /// The nodes its pods are bound to there; absent for any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<NodePool>,
    /// Its gateway there.
    pub gateway: GatewayChoice,
}

/// Confirms that an organization is taken off a cluster, and says what becomes of it there.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveQuery {
    /// The cluster's name, typed once more.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: String,
    /// Everything of it stays there and is Bastide's no more. Otherwise all of it is removed.
    #[serde(default)]
    pub release: bool,
}

/// One object on a cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ObjectView {
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty when it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is as it should be.
    pub ready: bool,
    /// Why, when it is not.
    pub message: String,
}

/// Which of an organization's objects are asked for, and which page of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResourceQuery {
    /// Items on a page, 1 to 200; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub page_size: Option<u32>,
    /// The `next_page_token` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), regex(pattern = TEXT))]
    pub page_token: Option<String>,
    /// Only objects whose name, namespace or kind contains this text, in whatever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = TEXT))]
    pub search: Option<String>,
    /// Only objects on the cluster with this id or name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT))]
    pub cluster: Option<String>,
    /// Only objects of this kind, such as `NetworkPolicy`, in whatever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT))]
    pub kind: Option<String>,
    /// Only objects that are as they should be, or only those that are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<bool>,
}

/// An object that Bastide put on a cluster for an organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ResourceView {
    /// The cluster's id.
    pub cluster: String,
    /// The cluster's name.
    pub cluster_name: String,
    /// API version of its kind, such as `networking.k8s.io/v1`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty when it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it is as it should be.
    pub ready: bool,
    /// Why, when it is not.
    pub message: String,
    /// When the cluster said so (RFC 3339).
    pub reported_at: String,
}

/// Nodes that pods are bound to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NodePool {
    /// Labels that a node must have; at least one.
    #[schemars(extend(
        "minProperties" = 1,
        "maxProperties" = 20,
        "propertyNames" = keys(),
        "additionalProperties" = label_values()
    ))]
    pub labels: BTreeMap<String, String>,
    /// Taints that the pods tolerate, written `key=value:Effect`, `key:Effect`, `key=value` or `key`.
    #[serde(default)]
    #[schemars(length(max = 20), inner(regex(pattern = TOLERATION)))]
    pub tolerations: Vec<String>,
}

/// Which gateway an organization has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum GatewayChoice {
    /// The cluster's own, together with others.
    Shared {},
    /// Its own, from one of the cluster's configurations.
    Dedicated {
        /// Id or slug of the configuration.
        configuration: String,
    },
}
