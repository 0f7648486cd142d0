//! Teams and projects of organizations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::members::Colleague;
use crate::schema::{DESCRIPTION, LABEL, NAME, TEXT};

/// A team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TeamView {
    /// Its id.
    pub id: String,
    /// The organization that it belongs to.
    pub organization: String,
    /// Short name, unique among the organization's teams; also accepted in place of the id.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// A longer text.
    pub description: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// What the caller is in it: `viewer`, `developer`, `administrator`; absent when they are not in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What the caller may do with it: `update`, `delete`, `view_members`, `assign_members`, `remove_members`, `leave`.
    pub actions: Vec<String>,
    /// Its entity tag, for `If-Match`.
    pub etag: String,
}

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProjectView {
    /// Its id.
    pub id: String,
    /// The organization that it belongs to.
    pub organization: String,
    /// Short name, unique among the organization's projects; also accepted in place of the id.
    pub slug: String,
    /// What people read.
    pub name: String,
    /// A longer text.
    pub description: String,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// What the caller is on it by their teams: `viewer`, `developer`, `administrator`; absent when no team gives it to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What the caller may do with it: `update`, `delete`, `assign_teams`.
    pub actions: Vec<String>,
    /// Its entity tag, for `If-Match`.
    pub etag: String,
}

/// Asks for a team.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
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
}

/// Changes a team; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamChange {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), regex(pattern = DESCRIPTION))]
    pub description: Option<String>,
}

/// Asks for a project.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
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
}

/// Changes a project; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectChange {
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: Option<String>,
    /// A longer text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2000), regex(pattern = DESCRIPTION))]
    pub description: Option<String>,
}

/// Confirms that a team is deleted although projects are left without any team.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamDeleteQuery {
    /// The team's slug, typed once more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: Option<String>,
}

/// Confirms the deletion of a project.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectDeleteQuery {
    /// The project's slug, typed once more.
    #[schemars(length(min = 1, max = 40), regex(pattern = TEXT))]
    pub confirm: String,
}

/// A role in a team, or of a team on a project; each allows all that the one before does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Reads.
    Viewer,
    /// Works.
    Developer,
    /// In a team: looks after its members as well. On a project: changes it as well.
    Administrator,
}

/// Says what somebody is in a team, or what a team is on a project.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamRoleChoice {
    /// As what.
    pub role: TeamRole,
}

/// Puts somebody into a team who is not in it yet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeamMember {
    /// Id or e-mail address of an account that the caller sees somewhere else already.
    #[schemars(length(min = 1, max = 254), regex(pattern = TEXT))]
    pub user: String,
    /// As what.
    pub role: TeamRole,
}

/// Somebody in a team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TeamMemberView {
    /// Who.
    pub user: Colleague,
    /// `viewer`, `developer` or `administrator`.
    pub role: String,
    /// Since when they are in it (RFC 3339).
    pub since: String,
    /// What the caller may do with them: `update`, `remove`.
    pub actions: Vec<String>,
}

/// A team with a role on a project.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ProjectTeamView {
    /// The team's id.
    pub team: String,
    /// Short name of the team.
    pub slug: String,
    /// What people read of the team.
    pub name: String,
    /// `viewer`, `developer` or `administrator`: the most that somebody of the team is on the project.
    pub role: String,
    /// What the caller may do with it: `update`, `remove`.
    pub actions: Vec<String>,
}
