//! Organizations: nodes of a tree, owners of every resource (ORG-1 to ORG-8).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::names::{Annotations, Description, DisplayName, NamespaceBase, Slug};
use crate::role::words;
use crate::{OrganizationId, PlanId, RealmId, Timestamp};

/// What an organization is for (ORG-2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Made at sign-up for one person.
    Personal,
    /// Made on purpose, for people who work together.
    Work,
}

impl Kind {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Work => "work",
        }
    }
}

/// Who sees that an organization exists (ORG-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Members only.
    Private,
    /// Any signed-in user of the realm sees name, description and public templates.
    Public,
}

impl Visibility {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// Where an organization is in its life (ORG-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationState {
    /// In use.
    Active,
    /// Being taken down on its clusters.
    Deleting,
    /// Being taken down, and a cluster does not answer; goes on when it does.
    PartiallyDeleted,
    /// Gone; a tombstone for the audit log.
    Deleted,
}

impl OrganizationState {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleting => "deleting",
            Self::PartiallyDeleted => "partially_deleted",
            Self::Deleted => "deleted",
        }
    }

    /// The state after tear-down was looked at: how many clusters still hold something, and how many of those do not
    /// answer (ORG-8). Nothing returns to `active`.
    pub const fn after_tear_down(self, remaining: usize, silent: usize) -> Self {
        match (self, remaining, silent) {
            (Self::Active, _, _) => Self::Active,
            (Self::Deleted, _, _) | (_, 0, _) => Self::Deleted,
            (_, _, 0) => Self::Deleting,
            _ => Self::PartiallyDeleted,
        }
    }
}

words!(Kind, "a kind of organization", Kind::Personal, Kind::Work);
words!(Visibility, "a visibility", Visibility::Private, Visibility::Public);
words!(
    OrganizationState,
    "a state of an organization",
    OrganizationState::Active,
    OrganizationState::Deleting,
    OrganizationState::PartiallyDeleted,
    OrganizationState::Deleted
);

/// An organization as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its realm.
    pub realm: RealmId,
    /// The organization above it, if any.
    pub parent: Option<OrganizationId>,
    /// Short name, unique in the realm.
    pub slug: Slug,
    /// What people read; not unique.
    pub name: DisplayName,
    /// A longer text; may be empty.
    pub description: Description,
    /// What it is for.
    pub kind: Kind,
    /// Who sees that it exists.
    pub visibility: Visibility,
    /// Carried by its namespaces.
    pub annotations: Annotations,
    /// From which its namespaces are named.
    pub namespace_base: NamespaceBase,
    /// Its plan.
    pub plan: PlanId,
    /// Where it is in its life.
    pub state: OrganizationState,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change; the ETag is made from it.
    pub revision: i64,
}

/// What is asked for when an organization is created; checked already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOrganization {
    /// What people read.
    pub name: DisplayName,
    /// Short name.
    pub slug: Slug,
    /// A longer text.
    pub description: Description,
    /// What it is for.
    pub kind: Kind,
    /// Who sees that it exists.
    pub visibility: Visibility,
    /// Carried by its namespaces.
    pub annotations: Annotations,
}

/// What kind of thing blocks the deletion of an organization (ORG-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockerKind {
    /// An organization directly beneath it.
    Organization,
    /// A project in it.
    Project,
}

impl BlockerKind {
    /// The word in text and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Project => "project",
        }
    }

    /// The code of the refusal.
    const fn code(self) -> &'static str {
        match self {
            Self::Organization => "has_children",
            Self::Project => "has_projects",
        }
    }

    /// Several of them, and what to do about them.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Organization => ("sub-organizations", "Delete or move them first."),
            Self::Project => ("projects", "Delete them first."),
        }
    }
}

/// One thing that blocks the deletion of an organization (ORG-8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// What kind of thing it is.
    pub kind: BlockerKind,
    /// Its id, as text.
    pub id: String,
    /// Its short name.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
}

/// What blocks the deletion of an organization (ORG-8), as one person may know it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Blockers {
    /// What they see, kind by kind.
    pub named: Vec<Blocker>,
    /// How many there are besides that they do not see (HIER-6).
    pub unnamed: usize,
}

impl Blockers {
    /// Whether nothing blocks.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.unnamed == 0
    }

    /// The refusal that they amount to: the code of the first kind, everything by name.
    fn refusal(&self, organization: &Organization) -> Error {
        let kind = self.named.first().map_or(BlockerKind::Organization, |first| first.kind);
        let (many, advice) = kind.words();
        let mut names: Vec<_> =
            self.named.iter().filter(|one| one.kind == kind).map(|one| one.slug.to_string()).collect();
        if self.unnamed > 0 {
            names.push(format!("{} that you do not see", self.unnamed));
        }
        let detail = format!("{} has {many}: {}. {advice}", organization.slug, names.join(", "));
        Error::conflict(kind.code(), detail)
    }
}

/// May the organization be deleted (ORG-8)?
///
/// # Errors
/// [`Error::Invalid`] when the typed slug is another; [`Error::Conflict`] naming what blocks, or that deletion has
/// begun already.
pub fn admit_deletion(organization: &Organization, typed: &str, blockers: &Blockers) -> Result<()> {
    if typed != organization.slug.as_str() {
        return Err(Error::field("/confirm", format!("type the slug `{}` to confirm", organization.slug)));
    }
    if organization.state != OrganizationState::Active {
        return Err(Error::conflict(
            "already_deleting",
            format!("{} is being deleted already", organization.slug),
        ));
    }
    if blockers.is_empty() { Ok(()) } else { Err(blockers.refusal(organization)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ORG-8: `active → deleting → deleted`, `partially_deleted` while a cluster is silent, resumed when it answers.
    #[test]
    fn org_8_tear_down_states() {
        use OrganizationState as S;
        assert_eq!(S::Active.after_tear_down(0, 0), S::Active);
        assert_eq!(S::Deleting.after_tear_down(2, 0), S::Deleting);
        assert_eq!(S::Deleting.after_tear_down(2, 1), S::PartiallyDeleted);
        assert_eq!(S::PartiallyDeleted.after_tear_down(1, 0), S::Deleting);
        assert_eq!(S::PartiallyDeleted.after_tear_down(0, 0), S::Deleted);
        assert_eq!(S::Deleted.after_tear_down(1, 1), S::Deleted);
    }
}
