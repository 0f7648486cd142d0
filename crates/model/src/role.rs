//! Roles and what each of them allows (ROLE-1 to ROLE-3, ROLE-11).

use serde::{Deserialize, Serialize};

use crate::permission::{Permission, PermissionSet};

/// A role that a user holds at an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything in the organization and beneath it; exactly one person at any time (ORG-3, ROLE-2).
    Owner,
    /// Everything but editing or deleting the organization, transferring it, and billing (ROLE-2).
    Administrator,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Owner, Self::Administrator];

    /// What the role allows where it is in force.
    pub const fn permissions(self) -> PermissionSet {
        use Permission as P;
        match self {
            Self::Owner => PermissionSet::of(&[
                P::OrganizationsView,
                P::OrganizationsCreate,
                P::OrganizationsUpdate,
                P::OrganizationsDelete,
                P::OrganizationsMove,
                P::MembersView,
                P::ClustersView,
                P::AuditView,
            ]),
            Self::Administrator => PermissionSet::of(&[
                P::OrganizationsView,
                P::OrganizationsCreate,
                P::OrganizationsMove,
                P::MembersView,
                P::ClustersView,
                P::AuditView,
            ]),
        }
    }

    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Administrator => "administrator",
        }
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

words!(Role, "a role", Role::Owner, Role::Administrator);
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
}
