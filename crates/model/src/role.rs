//! Roles and what each of them allows (ROLE-1 to ROLE-3, ROLE-11).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::RoleId;
use crate::permission::{Permission, PermissionSet};

/// A role that a user holds at an organization. In text and storage it is one word: that of a built-in role, or the id of a
/// custom one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything in the organization and beneath it; exactly one person at any time (ORG-3, ROLE-2).
    Owner,
    /// Everything but editing or deleting the organization, transferring it, and billing (ROLE-2).
    Administrator,
    /// A set of permissions that an organization has put together for itself (ROLE-6).
    Custom(RoleId),
    /// Billing and nothing else: an axis of its own (ROLE-1).
    BillingAdministrator,
}

impl Role {
    /// The roles that there are everywhere.
    pub const BUILT_IN: &'static [Self] = &[Self::Owner, Self::Administrator, Self::BillingAdministrator];

    /// What a built-in role allows in an organization where it is in force. What a custom role allows is kept with it.
    pub const fn permissions(self) -> PermissionSet {
        match self {
            Self::Owner => PermissionSet::of(OWNER_ONLY).union(ADMINISTRATOR),
            Self::Administrator => ADMINISTRATOR,
            Self::Custom(_) | Self::BillingAdministrator => PermissionSet::EMPTY,
        }
    }

    /// What the role allows on the billing of an organization. Resource roles say nothing about it but the owner's, which
    /// is everything (ROLE-1, ROLE-2).
    pub const fn billing(self) -> PermissionSet {
        match self {
            Self::Owner => BILLING,
            Self::BillingAdministrator => PermissionSet::of(&[Permission::BillingView]),
            Self::Administrator | Self::Custom(_) => PermissionSet::EMPTY,
        }
    }

    /// One word for people; every custom role has the same.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
            Self::Custom(_) => "custom",
            Self::BillingAdministrator => "billing_administrator",
        }
    }
}

/// What only the owner's role has of what there is in an organization.
const OWNER_ONLY: &[Permission] = &[Permission::OrganizationsUpdate, Permission::OrganizationsDelete];

/// What administrators may do.
const ADMINISTRATOR: PermissionSet = PermissionSet::of(&[
    Permission::OrganizationsView,
    Permission::OrganizationsCreate,
    Permission::OrganizationsMove,
    Permission::MembersView,
    Permission::MembersAssign,
    Permission::MembersDelete,
    Permission::TeamsView,
    Permission::TeamsCreate,
    Permission::TeamsUpdate,
    Permission::TeamsDelete,
    Permission::ProjectsView,
    Permission::ProjectsCreate,
    Permission::ProjectsUpdate,
    Permission::ProjectsDelete,
    Permission::ProjectsAssign,
    Permission::RolesView,
    Permission::RolesCreate,
    Permission::RolesUpdate,
    Permission::RolesDelete,
    Permission::ClustersView,
    Permission::AuditView,
]);

/// The billing axis (ROLE-1).
pub const BILLING: PermissionSet = PermissionSet::of(&[Permission::BillingView, Permission::BillingAssign]);

/// What custom roles can be put together from: everything there is in an organization (ROLE-6). Billing is not: who
/// administers it is said by the owner, one by one (ROLE-2).
pub const ASSIGNABLE: PermissionSet = Role::Owner.permissions();

/// What somebody who is in a team, and nothing more, may do in its organization (ROLE-2).
pub const MEMBER: PermissionSet = PermissionSet::of(&[Permission::OrganizationsView]);

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Custom(id) => id.fmt(f),
            _ => f.write_str(self.word()),
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::BUILT_IN.iter().copied().find(|role| role.word() == text);
        known.or_else(|| text.parse().ok().map(Self::Custom)).ok_or_else(|| {
            format!("`{text}` is not a role: owner, administrator, billing_administrator or the id of a custom role")
        })
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A role in a team, and of a team on a project (ROLE-8, WORK-1). Ordered: what is greater allows all that is less does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRole {
    /// Reads.
    Viewer,
    /// Works: makes and manages deployments.
    Developer,
    /// In a team: looks after its members as well. On a project: changes it as well.
    Administrator,
}

impl TeamRole {
    /// Every one, from the least to the most.
    pub const ALL: &'static [Self] = &[Self::Viewer, Self::Developer, Self::Administrator];

    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Administrator => "administrator",
        }
    }

    /// What somebody with this role in a team may do to the team. Only its administrators see who else is in it (ROLE-8).
    pub const fn in_team(self) -> PermissionSet {
        use Permission as P;
        match self {
            Self::Viewer | Self::Developer => PermissionSet::of(&[P::TeamsView]),
            Self::Administrator => {
                PermissionSet::of(&[P::TeamsView, P::MembersView, P::MembersAssign, P::MembersDelete])
            }
        }
    }

    /// What somebody who has this role on a project may do to it.
    pub const fn on_project(self) -> PermissionSet {
        use Permission as P;
        match self {
            Self::Viewer | Self::Developer => PermissionSet::of(&[P::ProjectsView]),
            Self::Administrator => PermissionSet::of(&[P::ProjectsView, P::ProjectsUpdate]),
        }
    }

    /// The role on a project of somebody with this role in a team that has the other one there: neither gives more than
    /// the other (WORK-1).
    #[must_use]
    pub fn through(self, granted: Self) -> Self {
        self.min(granted)
    }
}

/// How far down a role reaches (ROLE-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// This organization only.
    Here,
    /// This organization and everything beneath it.
    Beneath,
}

impl Reach {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Beneath => "beneath",
        }
    }
}

/// A binding above organizations (ROLE-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Administration {
    /// The whole platform, every realm.
    Site,
    /// One client's organizations and nothing else (CLI-4).
    Client,
}

impl Administration {
    /// What the binding allows in the realms it covers.
    pub const fn permissions(self) -> PermissionSet {
        use Permission as P;
        match self {
            Self::Site => PermissionSet::ALL,
            Self::Client => Role::Owner.permissions().union(PermissionSet::of(&[
                P::ClientOrganizationsCreate,
                P::PlacementsCreate,
                P::PlacementsDelete,
                P::UsersView,
                P::UsersCreate,
                P::PlansView,
                P::HubsView,
                P::GatewaysView,
                P::HostNamesUpdate,
            ])),
        }
    }

    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Client => "client",
        }
    }
}

/// What every account may do with what is its own, anywhere.
pub const OWN_THINGS: PermissionSet =
    PermissionSet::of(&[Permission::TokensView, Permission::TokensCreate, Permission::TokensDelete]);

macro_rules! words {
    ($type:ty, $what:literal, $($variant:expr),*) => {
        impl ::std::fmt::Display for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> ::std::result::Result<Self, String> {
                [$($variant),*].into_iter().find(|value: &$type| value.as_str() == text).ok_or_else(|| {
                    let known = [$($variant),*].map(|value: $type| value.as_str()).join(", ");
                    format!("`{text}` is not {}: {known}", $what)
                })
            }
        }
    };
}
pub(crate) use words;

words!(TeamRole, "a team role", TeamRole::Viewer, TeamRole::Developer, TeamRole::Administrator);
words!(Reach, "a reach", Reach::Here, Reach::Beneath);
words!(Administration, "an administration", Administration::Site, Administration::Client);

#[cfg(test)]
mod tests {
    use super::*;

    /// ROLE-2: an administrator neither edits nor deletes; the owner holds all that an administrator holds.
    #[test]
    fn role_2_administrators_hold_less_than_owners() {
        let (owner, administrator) = (Role::Owner.permissions(), Role::Administrator.permissions());
        assert_eq!(owner.intersection(administrator), administrator);
        assert!(!administrator.contains(Permission::OrganizationsUpdate));
        assert!(!administrator.contains(Permission::OrganizationsDelete));
        assert!(!owner.contains(Permission::ClientOrganizationsCreate));
    }

    /// ROLE-1: nothing is on both axes.
    #[test]
    fn role_1_billing_is_an_axis_of_its_own() {
        for role in Role::BUILT_IN {
            assert!(role.permissions().intersection(BILLING).is_empty(), "{role}");
            assert!(role.billing().intersection(ASSIGNABLE).is_empty(), "{role}");
        }
        assert_eq!(Role::Owner.billing(), BILLING);
        assert!(Role::Administrator.billing().is_empty());
        assert_eq!(Role::BillingAdministrator.permissions(), PermissionSet::EMPTY);
        assert!(!Role::BillingAdministrator.billing().contains(Permission::BillingAssign));
    }

    /// ROLE-8: a greater role allows all that a lesser one does, in the team and on a project.
    #[test]
    fn role_8_team_roles_are_ordered() {
        for (less, more) in TeamRole::ALL.iter().zip(&TeamRole::ALL[1..]) {
            assert!(less < more);
            assert!(more.in_team().contains_all(less.in_team()));
            assert!(more.on_project().contains_all(less.on_project()));
        }
        assert!(!TeamRole::Developer.in_team().contains(Permission::MembersView));
    }

    /// WORK-1: the weaker of the role in the team and the team's role on the project.
    #[test]
    fn work_1_the_weaker_role_counts() {
        for one in TeamRole::ALL {
            for other in TeamRole::ALL {
                let both = one.through(*other);
                assert!(both <= *one && both <= *other && (both == *one || both == *other));
            }
        }
    }

    /// A role is one word, and the word is the role.
    #[test]
    fn roles_are_words() {
        let custom = Role::Custom(RoleId::fresh(&crate::SystemIds));
        for role in Role::BUILT_IN.iter().copied().chain([custom]) {
            assert_eq!(role.to_string().parse(), Ok(role));
            assert_eq!(serde_json::from_value::<Role>(serde_json::to_value(role).unwrap()).unwrap(), role);
        }
        for wrong in ["Owner", "custom", "rol_", "", "usr_00000000000000000000000000"] {
            assert!(wrong.parse::<Role>().is_err(), "{wrong}");
        }
    }
}
