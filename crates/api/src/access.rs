//! Why somebody may do something, or what is missing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::TEXT;

/// Asks why somebody may do something.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessQuery {
    /// An operation such as `organization_delete`, or a permission such as `organizations.delete`.
    #[schemars(length(min = 1, max = 100), regex(pattern = TEXT))]
    pub action: String,
    /// Id or e-mail address of the person; oneself when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 254), regex(pattern = TEXT))]
    pub user: Option<String>,
    /// Id or slug of the organization that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub organization: Option<String>,
    /// Id or slug of a team of that organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub team: Option<String>,
    /// Id or slug of a project of that organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub project: Option<String>,
    /// Id or name of the cluster that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = TEXT))]
    pub cluster: Option<String>,
}

/// Why somebody may do something, or what is missing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccessView {
    /// Whether they may.
    pub allowed: bool,
    /// `allowed`, `account_unusable`, `assignment_missing`, `permission_missing` or `token_narrowed`.
    pub verdict: String,
    /// The person's id.
    pub user: String,
    /// The person's e-mail address.
    pub email: String,
    /// The permission that is needed.
    pub permission: String,
    /// What it would be done to, in words.
    pub object: String,
    /// What is missing, as a sentence; absent when they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// What gives them anything on the object.
    pub grants: Vec<GrantView>,
}

/// One thing that gives somebody something on an object.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct GrantView {
    /// In words.
    pub sentence: String,
    /// Whether what was asked for is in it.
    pub gives_it: bool,
}
