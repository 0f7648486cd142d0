//! The registry of permission keys (ROLE-5): `resource.verb`, the same text everywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! permissions {
    ($($variant:ident = $key:literal, $meaning:literal;)*) => {
        /// What a role can allow. One registry; the server serves it and every check names one of these (ROLE-5).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $(#[doc = $meaning] $variant,)*
        }

        impl Permission {
            /// Every permission, in the order of the registry.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The key, such as `organizations.view`.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key,)* }
            }

            /// What it allows, as a sentence for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

permissions! {
    OrganizationsView = "organizations.view", "See an organization: its name, state and where it runs.";
    OrganizationsCreate = "organizations.create", "Create organizations beneath an organization.";
    OrganizationsUpdate = "organizations.update", "Change name, description, visibility and annotations.";
    OrganizationsDelete = "organizations.delete", "Delete an organization and everything in it.";
    OrganizationsMove = "organizations.move", "Move organizations into or out of an organization.";
    ClientOrganizationsCreate = "client_organizations.create", "Create client organizations on clusters.";
    PlacementsCreate = "placements.create", "Place an organization on another cluster.";
    PlacementsDelete = "placements.delete", "Take an organization off a cluster.";
    HostNamesUpdate = "host_names.update", "Say which host names an organization owns.";
    MembersView = "members.view", "See who belongs to an organization or a team.";
    MembersAssign = "members.assign", "Give people roles in an organization or a team, and take them away.";
    MembersDelete = "members.delete", "Remove people from an organization or a team.";
    TeamsView = "teams.view", "See a team.";
    TeamsCreate = "teams.create", "Create teams.";
    TeamsUpdate = "teams.update", "Change name and description of a team.";
    TeamsDelete = "teams.delete", "Delete a team.";
    ProjectsView = "projects.view", "See a project.";
    ProjectsCreate = "projects.create", "Create projects.";
    ProjectsUpdate = "projects.update", "Change name and description of a project.";
    ProjectsDelete = "projects.delete", "Delete a project and everything in it.";
    ProjectsAssign = "projects.assign", "Say which teams have which role on a project.";
    RolesView = "roles.view", "See the custom roles that can be given in an organization.";
    RolesCreate = "roles.create", "Define custom roles.";
    RolesUpdate = "roles.update", "Change what a custom role allows.";
    RolesDelete = "roles.delete", "Delete custom roles.";
    BillingView = "billing.view", "See what an organization pays, and how.";
    BillingAssign = "billing.assign", "Say who administers the billing of an organization.";
    UsersView = "users.view", "See the user accounts of a realm.";
    UsersCreate = "users.create", "Create user accounts in a realm.";
    UsersUpdate = "users.update", "Say what user accounts of a realm may be used for.";
    PlansView = "plans.view", "See the plans of a realm.";
    HubsView = "hubs.view", "See hubs and the gateway configurations on them.";
    ClustersView = "clusters.view", "See a cluster: its version, state and conditions.";
    ClustersCreate = "clusters.create", "Make and withdraw join tokens for clusters.";
    ClustersAccept = "clusters.accept", "Accept or deny a cluster that asks to join, and withdraw acceptance.";
    ClustersDelete = "clusters.delete", "Unregister a cluster.";
    AuthoritiesRotate = "authorities.rotate", "See and exchange the authority that vouches for the hub and its agents.";
    LicencesView = "licences.view", "See the licence of a cluster.";
    LicencesUpdate = "licences.update", "Upload the licence of a cluster.";
    GatewaysView = "gateways.view", "See gateway configurations.";
    GatewaysCreate = "gateways.create", "Create gateway configurations.";
    GatewaysUpdate = "gateways.update", "Change gateway configurations, and which one organizations share.";
    GatewaysDelete = "gateways.delete", "Delete gateway configurations.";
    TokensView = "tokens.view", "See one's own tokens and sessions.";
    TokensCreate = "tokens.create", "Make personal tokens.";
    TokensDelete = "tokens.delete", "Withdraw one's own tokens and end one's own sessions.";
    AuditView = "audit.view", "Read the audit log.";
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl FromStr for Permission {
    type Err = String;
    fn from_str(key: &str) -> Result<Self, String> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.key() == key)
            .ok_or_else(|| format!("`{key}` is not a permission; `bastide permission list` shows all"))
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A set of permissions. They only add up; there is no deny (ROLE-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PermissionSet(u128);

impl PermissionSet {
    /// Nothing.
    pub const EMPTY: Self = Self(0);

    /// Every permission.
    pub const ALL: Self = Self::of(Permission::ALL);

    /// The set of these permissions.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = permissions;
        while let [first, tail @ ..] = rest {
            bits |= 1u128 << (*first as u32);
            rest = tail;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & (1u128 << (permission as u32)) != 0
    }

    /// What is in either.
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in both.
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether everything in the other is in this one.
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The permissions in the order of the registry.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |&permission| self.contains(permission))
    }
}

/// In text it is the list of its keys.
impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Permission>::deserialize(deserializer)?.into_iter().collect())
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, permission| set.union(Self::of(&[permission])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ROLE-5: keys are `resource.verb`, each once.
    #[test]
    fn role_5_keys_are_well_formed_and_unique() {
        let mut keys: Vec<_> = Permission::ALL.iter().map(|p| p.key()).collect();
        for key in &keys {
            let (resource, verb) = key.split_once('.').unwrap();
            let word =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            assert!(word(resource) && word(verb), "{key}");
            assert_eq!(key.parse::<Permission>().unwrap().key(), *key);
        }
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Permission::ALL.len());
        assert!(Permission::ALL.len() <= 128);
    }
}
