//! People's accounts, one per realm and e-mail address (HIER-3).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::names::{DisplayName, Email};
use crate::role::words;
use crate::{OrganizationId, RealmId, Timestamp, UserId};

/// What an account may be used for (ROLE-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Everything that its roles allow.
    Enabled,
    /// No console; its tokens go on working.
    NoConsole,
    /// Nothing works.
    Disabled,
}

impl Access {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::NoConsole => "no_console",
            Self::Disabled => "disabled",
        }
    }
}

words!(Access, "an access level", Access::Enabled, Access::NoConsole, Access::Disabled);

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its realm.
    pub realm: RealmId,
    /// Where mail goes, and what one signs in with.
    pub email: Email,
    /// What people read.
    pub name: DisplayName,
    /// What it may be used for.
    pub access: Access,
    /// The default view after sign-in (HIER-5).
    pub home: Option<OrganizationId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change.
    pub revision: i64,
}

/// A password before it is hashed. Its text never appears in logs.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Checks the length (NIST SP 800-63B: length is what matters).
    ///
    /// # Errors
    /// [`Error::Invalid`] at the given field.
    pub fn new(pointer: &str, text: String) -> Result<Self> {
        let characters = text.chars().count();
        if characters < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
            let message = format!(
                "a password has at least {PASSWORD_CHARS_MIN} characters and at most {PASSWORD_BYTES_MAX} bytes"
            );
            return Err(Error::field(pointer, message));
        }
        Ok(Self(text))
    }

    /// A password that somebody offers at sign-in: only bounded, so that nothing is told about the rules in force.
    pub fn offered(text: String) -> Option<Self> {
        (text.len() <= PASSWORD_BYTES_MAX).then_some(Self(text))
    }

    /// The bytes to hash.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(…)")
    }
}
