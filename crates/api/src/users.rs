//! Accounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{NAME, TEXT};

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct UserView {
    /// Its id.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// What people read.
    pub name: String,
    /// `enabled`, `no_console` or `disabled`.
    pub access: String,
    /// Its home organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_organization: Option<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// What `If-Match` has to say to change it; an older hub does not say it.
    #[serde(default)]
    pub etag: String,
}

/// Asks for an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// E-mail address to sign in with.
    #[schemars(email, length(min = 3, max = 254))]
    pub email: String,
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// At least 12 characters.
    #[schemars(length(min = 12, max = 1024), regex(pattern = TEXT))]
    pub password: String,
}

/// Asks for an account, and for what it begins with.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// E-mail address to sign in with.
    #[schemars(email, length(min = 3, max = 254))]
    pub email: String,
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// At least 12 characters.
    #[schemars(length(min = 12, max = 1024), regex(pattern = TEXT))]
    pub password: String,
    /// Whether it gets a personal organization, on the default plan, which it owns.
    #[serde(default)]
    pub personal_organization: bool,
}

/// An account that begins with nothing.
impl From<&NewUser> for NewAccount {
    fn from(user: &NewUser) -> Self {
        let NewUser { email, name, password } = user.clone();
        Self { email, name, password, personal_organization: false }
    }
}

/// Says what an account may be used for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// What it may be used for from now on.
    pub access: AccessLevel,
}

/// What an account may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    /// Everything that its roles allow.
    Enabled,
    /// No console; its tokens go on working.
    NoConsole,
    /// Nothing works.
    Disabled,
}

impl From<AccessLevel> for bastide_model::user::Access {
    fn from(level: AccessLevel) -> Self {
        match level {
            AccessLevel::Enabled => Self::Enabled,
            AccessLevel::NoConsole => Self::NoConsole,
            AccessLevel::Disabled => Self::Disabled,
        }
    }
}
