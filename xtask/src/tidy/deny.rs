//! `deny.toml`, as far as the rules here hold it.

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::tree::Tree;

/// Its path.
pub(super) const DENY: &str = "deny.toml";

#[derive(Debug, Deserialize)]
pub(super) struct Deny {
    pub(super) bans: Bans,
    pub(super) licenses: Licences,
    pub(super) sources: Sources,
}

#[derive(Debug, Deserialize)]
pub(super) struct Bans {
    pub(super) deny: Vec<Ban>,
}

/// A crate that is not to be linked, except by some.
#[derive(Debug, Deserialize)]
pub(super) struct Ban {
    pub(super) name: String,
    #[serde(default)]
    pub(super) wrappers: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Licences {
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) exceptions: Vec<Exception>,
}

/// Licences that one crate may have in addition.
#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    #[serde(rename = "crate")]
    pub(super) name: String,
    pub(super) allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Sources {
    #[serde(rename = "allow-registry")]
    pub(super) allow_registry: Vec<String>,
}

impl Deny {
    /// # Errors
    /// When it is missing or not as expected.
    pub(super) fn of(tree: &Tree) -> Result<Self> {
        let file = tree.file(DENY).with_context(|| format!("{DENY} is missing"))?;
        toml::from_str(&file.text).with_context(|| format!("cannot read {DENY}"))
    }
}
