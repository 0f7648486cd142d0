//! What a caller sees of a kind of thing; every listing of the store takes one.

/// The things of one kind that a caller sees. Made by [`crate::Graph`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible<T: Ord> {
    scope: Scope<T>,
}

/// How much that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope<T: Ord> {
    /// All of them, or all of those that the permit beside it is for.
    All,
    /// Those of one realm.
    Realm(bastide_model::RealmId),
    /// These.
    These(Ids<T>),
}

/// Ids in their order, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids<T>(Vec<T>);

impl<T: Ord + Copy> Ids<T> {
    /// No ids.
    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// Ids that are in order already, some perhaps twice.
    pub(crate) fn in_order(mut ids: Vec<T>) -> Self {
        ids.dedup();
        Self(ids)
    }

    /// Whether the id is among them.
    pub fn contains(&self, id: &T) -> bool {
        self.0.binary_search(id).is_ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a Ids<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T: Ord> From<Vec<T>> for Ids<T> {
    fn from(mut ids: Vec<T>) -> Self {
        // Children of one parent are in order already: a sort that goes by runs.
        ids.sort();
        ids.dedup();
        Self(ids)
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Ids<T> {
    fn from(ids: [T; N]) -> Self {
        Vec::from(ids).into()
    }
}

impl<T: Ord> FromIterator<T> for Ids<T> {
    fn from_iter<I: IntoIterator<Item = T>>(ids: I) -> Self {
        ids.into_iter().collect::<Vec<_>>().into()
    }
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
