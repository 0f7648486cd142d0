//! Custom roles of organizations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{DESCRIPTION, LABEL, NAME, permission_keys};

/// A role that can be given at an organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RoleView {
    /// Its id; of a built-in role its word.
    pub id: String,
    /// Short name, unique in the organization that defined it.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// A longer text.
    pub description: String,
    /// The permission keys that it holds.
    pub permissions: Vec<String>,
    /// Whether it is there in every organization.
    pub built_in: bool,
    /// Whether it was defined at this organization; otherwise it comes from above.
    pub defined_here: bool,
    /// When it was made (RFC 3339); absent of a built-in role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// What `If-Match` has to say to change it; absent of a built-in role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// What the caller may do with it: `update`, `delete`.
    #[serde(default)]
    pub actions: Vec<String>,
}

/// Defines a custom role.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
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
    /// The permission keys that it holds, each once; those of what there is in an organization, without billing.
    #[schemars(extend("items" = permission_keys(), "uniqueItems" = true, "minItems" = 1))]
    pub permissions: Vec<String>,
}

/// Changes a custom role; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), regex(pattern = DESCRIPTION))]
    pub description: Option<String>,
    /// All permission keys that it should hold. Whoever has the role holds them at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("items" = permission_keys(), "uniqueItems" = true, "minItems" = 1))]
    pub permissions: Option<Vec<String>>,
}
