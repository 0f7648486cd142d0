//! Teams, projects and custom roles: what an organization's people are put together by (ROLE-6, ROLE-8, WORK-1).

use crate::error::{Error, Result};
use crate::names::{Description, DisplayName, Slug};
use crate::permission::PermissionSet;
use crate::role::{ASSIGNABLE, Role, TeamRole};
use crate::{OrganizationId, ProjectId, RealmId, RoleId, TeamId, Timestamp, UserId};

/// A team of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its realm.
    pub realm: RealmId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Short name, unique in the organization.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// A longer text; may be empty.
    pub description: Description,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change; the ETag is made from it.
    pub revision: i64,
}

/// A project of an organization (WORK-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id.
    pub id: ProjectId,
    /// Its realm.
    pub realm: RealmId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Short name, unique in the organization.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// A longer text; may be empty.
    pub description: Description,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change; the ETag is made from it.
    pub revision: i64,
}

/// A custom role: a named set of permissions, defined at an organization and usable there and beneath (ROLE-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomRole {
    /// Its id.
    pub id: RoleId,
    /// Its realm.
    pub realm: RealmId,
    /// Where it was defined.
    pub organization: OrganizationId,
    /// Short name, unique in the organization.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// A longer text; may be empty.
    pub description: Description,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
    /// Grows with every change; the ETag is made from it.
    pub revision: i64,
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// The team.
    pub team: TeamId,
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: TeamRole,
    /// Since when.
    pub since: Timestamp,
}

/// Can a custom role allow this (ROLE-6)?
///
/// # Errors
/// [`Error::Invalid`] at `/permissions` when it is nothing, or more than there is in an organization.
pub fn admit_custom_role(permissions: PermissionSet) -> Result<()> {
    if permissions.is_empty() {
        return Err(Error::field(
            "/permissions",
            "a role allows at least one thing; give at least one permission",
        ));
    }
    let beyond = permissions.without(ASSIGNABLE);
    if let Some(one) = beyond.iter().next() {
        let message =
            format!("`{one}` cannot be in a custom role: it is not about what is in an organization");
        return Err(Error::field("/permissions", message));
    }
    Ok(())
}

/// May somebody give this role to, or take it from, this person, whatever they hold (ROLE-7)? What they hold is looked at
/// by the policy.
///
/// # Errors
/// [`Error::Conflict`] `owner_untouchable` or `own_role`.
pub fn admit_role_change(actor: UserId, user: UserId, role: Role) -> Result<()> {
    if role == Role::Owner {
        let detail = "the owner's role is neither given nor taken away; ownership is transferred";
        return Err(Error::conflict("owner_untouchable", detail));
    }
    admit_other(actor, user)
}

/// ROLE-7: nobody changes their own role.
///
/// # Errors
/// [`Error::Conflict`] `own_role`.
pub fn admit_other(actor: UserId, user: UserId) -> Result<()> {
    if actor == user {
        return Err(Error::conflict("own_role", "nobody changes their own role; somebody else has to do it"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Permission, SystemIds};

    /// ROLE-6: a custom role is made of what there is in an organization: not of billing, and not of the platform.
    #[test]
    fn role_6_what_a_custom_role_is_made_of() {
        for permission in Permission::ALL {
            let alone = PermissionSet::of(&[*permission]);
            assert_eq!(admit_custom_role(alone).is_ok(), ASSIGNABLE.contains(*permission), "{permission}");
        }
        let error = admit_custom_role(PermissionSet::EMPTY).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
        let error = admit_custom_role(PermissionSet::of(&[Permission::BillingView])).unwrap_err();
        assert!(error.to_string().contains("billing.view") || format!("{error:?}").contains("billing.view"));
    }

    /// ROLE-7: nobody touches the owner, nobody changes their own role.
    #[test]
    fn role_7_the_owner_and_oneself() {
        let (ada, bob) = (UserId::fresh(&SystemIds), UserId::fresh(&SystemIds));
        assert!(admit_role_change(ada, bob, Role::Administrator).is_ok());
        let code = |result: Result<()>| match result {
            Err(Error::Conflict { code, .. }) => code,
            other => panic!("{other:?}"),
        };
        assert_eq!(code(admit_role_change(ada, bob, Role::Owner)), "owner_untouchable");
        assert_eq!(code(admit_role_change(ada, ada, Role::Administrator)), "own_role");
        assert_eq!(code(admit_role_change(ada, ada, Role::Owner)), "owner_untouchable");
    }
}
