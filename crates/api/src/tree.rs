//! Moves of organizations with their preview, and what blocks a deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::schema::name_or_null;

/// Moves an organization with everything beneath it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The organization that it comes beneath, id or slug; `null` for the root of its realm.
    #[serde(deserialize_with = "given")]
    #[schemars(schema_with = "name_or_null")]
    pub parent: Option<String>,
}

/// A value that may be null and has to be there: what is forgotten moves nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// What a move would do, before it happens.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MovePreview {
    /// What would move, with everything beneath it.
    pub organization: NamedOrganization,
    /// What it is beneath now, when the caller sees that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NamedOrganization>,
    /// What it would be beneath; absent for the root of its realm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NamedOrganization>,
    /// How many organizations would move that the caller sees.
    pub organizations: u64,
    /// How deep the deepest of them would lie, counted from the topmost organization that the caller sees above it, which is 1.
    pub depth: u64,
    /// Who would gain and lose what, as far as the caller sees where it was given to them.
    pub changes: Vec<AccessChange>,
    /// How many more changes there are of that kind, which are left out.
    pub changes_left_out: u64,
    /// The organization's entity tag, for `If-Match` of the move.
    pub etag: String,
}

/// What one person would gain and lose, at organizations where it is the same.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AccessChange {
    /// The person's id.
    pub user: String,
    /// The person's e-mail address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// Their role before, when they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_before: Option<String>,
    /// Their role afterwards, when they have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_after: Option<String>,
    /// Permissions that they would have only afterwards.
    pub gained: Vec<String>,
    /// Permissions that they have only before.
    pub lost: Vec<String>,
    /// At how many organizations.
    pub organizations_total: u64,
    /// The first of them that the caller sees.
    pub organizations: Vec<NamedOrganization>,
}

/// An organization by its names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedOrganization {
    /// Its id.
    pub id: String,
    /// Its short name.
    pub slug: String,
    /// What people read.
    pub name: String,
}

/// What blocks the deletion of an organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeletionView {
    /// The organization; its slug is what is typed to confirm.
    pub organization: NamedOrganization,
    /// `active`, `deleting` or `partially_deleted`.
    pub state: String,
    /// Whether it can be deleted now: it is active, and nothing blocks.
    pub possible: bool,
    /// What blocks, as far as the caller sees it.
    pub blockers: Vec<BlockerView>,
    /// How much more blocks that the caller does not see.
    pub blockers_unnamed: u64,
    /// The organization's entity tag, for `If-Match` of the deletion.
    pub etag: String,
}

/// One thing that blocks the deletion of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockerView {
    /// What kind of thing it is: `organization` for one directly beneath, `project`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its short name.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// Where the API has it.
    pub link: String,
}
