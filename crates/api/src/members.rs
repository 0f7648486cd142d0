//! Who belongs to organizations, their roles there, and who administers billing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{FILLED, TEXT};

/// Somebody, as far as those know them who share an organization with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Colleague {
    /// The account's id.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// What people read.
    pub name: String,
    /// `enabled`, `no_console` or `disabled`.
    pub access: String,
}

/// Something with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its short name.
    pub slug: String,
    /// What people read.
    pub name: String,
}

/// Somebody who belongs to an organization, with everything that gives them access to it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MemberView {
    /// The account.
    pub user: Colleague,
    /// Their strongest role: `owner`, `administrator`, `custom` or `member`; `none` when every one of theirs has ended.
    pub role: String,
    /// What gives them access.
    pub sources: Vec<AccessSource>,
    /// What the caller may do with them: `remove`.
    pub actions: Vec<String>,
}

/// One thing that gives somebody access to an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum AccessSource {
    /// A role that was given at the organization.
    Direct {
        /// Id of the grant.
        assignment: String,
        /// `owner`, `administrator` or `custom`.
        role: String,
        /// Which custom role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        custom_role: Option<Named>,
        /// `here` or `beneath`.
        reach: String,
        /// When it ends (RFC 3339); absent when it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
        /// Whether it has not ended.
        in_force: bool,
        /// What `If-Match` has to say to change it.
        etag: String,
        /// What the caller may do with it: `update`, `withdraw`.
        actions: Vec<String>,
    },
    /// A role that was given at an organization above and reaches down.
    Inherited {
        /// Which. The caller sees who belongs to it; what was given elsewhere above is not told (HIER-4).
        organization: Named,
        /// `owner`, `administrator` or `custom`.
        role: String,
        /// When it ends (RFC 3339); absent when it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
    /// A team of the organization.
    Team {
        /// Which; absent when the caller does not see it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        team: Option<Named>,
        /// `viewer`, `developer` or `administrator`.
        role: String,
    },
}

/// Which members are asked for, and which page of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberQuery {
    /// Items on a page, 1 to 200; 50 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub page_size: Option<u32>,
    /// The `next_page_token` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), regex(pattern = TEXT))]
    pub page_token: Option<String>,
    /// Only people whose name or address contains this text, in whatever case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100), regex(pattern = TEXT))]
    pub search: Option<String>,
    /// Only people who have access by this: `direct`, `inherited` or `team`; empty is as absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^(direct|inherited|team)?$"))]
    pub source: Option<String>,
    /// Only people who have it with this role, in force: `owner`, `administrator`, `custom`, `member` (by a team), or the
    /// id of a custom role; `none` for those whose every role has ended; empty is as absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 64),
        regex(pattern = "^(owner|administrator|custom|member|none|rol_[0-9a-z]{26})?$")
    )]
    pub role: Option<String>,
}

/// How far down a role reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The organization itself.
    #[default]
    Here,
    /// The organization and everything beneath it.
    Beneath,
}

/// Gives somebody a role.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// Who: id or e-mail address of an account that the caller sees somewhere already.
    #[schemars(length(min = 3, max = 254), regex(pattern = FILLED))]
    pub user: String,
    /// `administrator`, or the slug or id of a custom role that can be given here.
    #[schemars(length(min = 1, max = 64), regex(pattern = FILLED))]
    pub role: String,
    /// How far down it reaches; `here` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// When it ends (RFC 3339), in the future; absent for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
}

/// Changes a grant; what is absent stays.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentChange {
    /// How far down it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
    /// When it ends (RFC 3339), in the future; `never` when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), regex(pattern = TEXT))]
    pub expires_at: Option<String>,
}

/// A role that somebody was given at an organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AssignmentView {
    /// Its id.
    pub id: String,
    /// Who has it.
    pub user: Colleague,
    /// `administrator` or `custom`.
    pub role: String,
    /// Which custom role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_role: Option<Named>,
    /// `here` or `beneath`.
    pub reach: String,
    /// When it ends (RFC 3339); absent when it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Since when (RFC 3339).
    pub created_at: String,
    /// What `If-Match` has to say to change it.
    pub etag: String,
}

/// The billing of an organization.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BillingView {
    /// The organization.
    pub organization: Named,
    /// Short name of its plan.
    pub plan: String,
    /// What the caller is there: `owner` (of it or of an organization above) or `billing_administrator`.
    pub role: String,
    /// Who administers its billing, besides the owner.
    pub administrators: Vec<Colleague>,
    /// What the caller may do: `assign`, `withdraw`, `leave`.
    pub actions: Vec<String>,
}
