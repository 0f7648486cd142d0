//! The audit log.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One change.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditView {
    /// Its id.
    pub id: String,
    /// Its place in its log.
    pub sequence: i64,
    /// When (RFC 3339).
    pub at: String,
    /// Who: an account's address, or the name of a controller.
    pub actor: String,
    /// How: `session …`, `token …` or `system`.
    pub credential: String,
    /// What was done, such as `organization_create`.
    pub operation: String,
    /// Kind of the object.
    pub target_kind: String,
    /// Id of the object.
    pub target: String,
    /// Name of the object.
    pub target_name: String,
    /// The organization whose log it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// What it was before; secrets never appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is after; secrets never appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Address that the request came from.
    pub address: String,
    /// Which request.
    pub request_id: String,
    /// Hash over this record and the one before it in the same log.
    pub hash: String,
}
