//! What is written down of every change (SEC-4).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AuditId, OrganizationId, RealmId, Timestamp, UserId};

/// One change: who, where, what, when, from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Its id.
    pub id: AuditId,
    /// The realm.
    pub realm: RealmId,
    /// The organization whose log it belongs to; none for the installation's own log.
    pub organization: Option<OrganizationId>,
    /// Its place in that log, from 1.
    pub sequence: i64,
    /// When.
    pub at: Timestamp,
    /// Who; none for the installation itself.
    pub actor: Option<UserId>,
    /// Who, for people: the address of the account, or the name of a controller.
    pub actor_name: String,
    /// How: `session`, `token` or `system`, with the id.
    pub credential: String,
    /// What was done, such as `organization_create`.
    pub operation: String,
    /// Kind of the object, such as `organization`.
    pub target_kind: String,
    /// Id of the object.
    pub target: String,
    /// Name of the object, for people.
    pub target_name: String,
    /// What it was before; secrets never appear.
    pub before: Option<Value>,
    /// What it is after; secrets never appear.
    pub after: Option<Value>,
    /// Address that the request came from.
    pub address: String,
    /// Which request.
    pub request: String,
    /// Hash over this record and the one before it in the same log, in hex.
    pub hash: String,
}
