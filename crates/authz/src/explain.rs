//! Why somebody may do something, or why not, in words that a person can follow (ROLE-10).

use bastide_model::role::{Reach, Role, TeamRole};
use bastide_model::{AssignmentId, OrganizationId, TeamId, Timestamp};

/// The answer to "may they, and why?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Whether they may.
    pub verdict: Verdict,
    /// Everything that gives them anything on the object.
    pub grants: Vec<Grant>,
}

impl Explanation {
    /// The explanation as it is told to somebody who may know of some grants only: the others give nothing in it.
    #[must_use]
    pub fn of_what_is_seen(mut self, seen: impl Fn(&Source) -> bool) -> Self {
        self.grants.retain(|grant| seen(&grant.source));
        if matches!(self.verdict, Verdict::Allowed | Verdict::Missing) {
            self.verdict = if self.grants.is_empty() {
                Verdict::Unseen
            } else if self.grants.iter().any(|grant| grant.gives_it) {
                Verdict::Allowed
            } else {
                Verdict::Missing
            };
        }
        self
    }
}

/// Whether somebody may, and what is missing when they may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They may.
    Allowed,
    /// The account may not be used this way at all.
    Unusable {
        /// Why, as a sentence without its capital and its full stop.
        reason: &'static str,
    },
    /// Nothing gives them anything on the object: it does not exist for them. What is missing is an assignment.
    Unseen,
    /// They hold something on the object, but not this permission. What is missing is a role that has it.
    Missing,
    /// They hold it, but the token that they use leaves it out.
    Narrowed,
}

impl Verdict {
    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Unusable { .. } => "account_unusable",
            Self::Unseen => "assignment_missing",
            Self::Missing => "permission_missing",
            Self::Narrowed => "token_narrowed",
        }
    }
}

/// One thing that gives somebody something on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// What it is.
    pub source: Source,
    /// Whether the permission that was asked for is in it.
    pub gives_it: bool,
}

/// What gives somebody something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It is their own.
    Own,
    /// Everybody with an account in the realm has it.
    Account,
    /// They administer the site (ROLE-11).
    SiteAdministration,
    /// They administer the client (CLI-4).
    ClientAdministration,
    /// A role at an organization, this one or one above it (ROLE-3).
    Assignment {
        /// Which grant.
        id: AssignmentId,
        /// Where it was given.
        organization: OrganizationId,
        /// The role.
        role: Role,
        /// How far down it reaches.
        reach: Reach,
        /// Until when.
        expires_at: Option<Timestamp>,
    },
    /// They are in a team of the organization (ROLE-2), or in a team that has a role on the project (WORK-1).
    Team {
        /// Which team.
        team: TeamId,
        /// Their role in it; on a project, what they have there by it.
        role: TeamRole,
    },
    /// The cluster carries an organization in which they have a role.
    Carries {
        /// Which organization.
        organization: OrganizationId,
    },
}
