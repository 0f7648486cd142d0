//! What the installation knows: permissions and plans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A permission key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PermissionView {
    /// The key, such as `organizations.view`.
    pub key: String,
    /// What it allows.
    pub meaning: String,
}

/// A plan.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PlanView {
    /// Its id.
    pub id: String,
    /// Short name.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// Whether new organizations get it when nothing else is said.
    pub is_default: bool,
    /// Network isolation: `shared`, `namespace` or `dedicated`.
    pub isolation: String,
    /// Deployments per organization; absent means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployments: Option<u64>,
    /// Members; absent means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<u64>,
    /// Direct sub-organizations; absent means unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_organizations: Option<u64>,
    /// Processor on each cluster, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory on each cluster, in MiB.
    pub memory_mib: u64,
    /// Storage on each cluster, in GiB.
    pub storage_gib: u64,
    /// Pods on each cluster.
    pub pods: u64,
}
