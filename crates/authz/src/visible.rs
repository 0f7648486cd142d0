//! What a caller sees of a kind of thing; every listing of the store takes one.

use std::collections::BTreeSet;

/// The things of one kind that a caller sees. Made by [`crate::Graph`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible<T: Ord> {
    scope: Scope<T>,
}

/// How much that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<T: Ord> {
    /// All of them.
    All,
    /// Those of one realm.
    Realm(bastide_model::RealmId),
    /// These.
    These(BTreeSet<T>),
}

impl<T: Ord> Visible<T> {
    pub(crate) fn new(scope: Scope<T>) -> Self {
        Self { scope }
    }

    /// How much it is.
    pub fn scope(&self) -> &Scope<T> {
        &self.scope
    }
}
