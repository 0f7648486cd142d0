//! The facts as a store keeps them, and what they mean by the rules of the domain: written beside the graph, without its
//! indexes, so that the two can be compared.

use std::collections::{BTreeMap, BTreeSet};

use bastide_authz::Change;
use bastide_authz::target::Object;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, MEMBER, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, Permission, ProjectId, RealmId, RoleId, TeamId,
    Timestamp, UserId,
};

/// A role that somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) user: UserId,
    pub(super) organization: OrganizationId,
    pub(super) role: Role,
    pub(super) reach: Reach,
    pub(super) expires_at: Option<Timestamp>,
}

/// The truth that the graph is an index of.
#[derive(Debug, Default, Clone)]
pub(super) struct Facts {
    pub(super) organizations: BTreeMap<OrganizationId, (RealmId, Option<OrganizationId>)>,
    pub(super) users: BTreeMap<UserId, (RealmId, Access)>,
    pub(super) roles: BTreeMap<RoleId, (OrganizationId, PermissionSet)>,
    pub(super) grants: BTreeMap<AssignmentId, Grant>,
    pub(super) teams: BTreeMap<TeamId, OrganizationId>,
    pub(super) members: BTreeMap<(TeamId, UserId), TeamRole>,
    pub(super) projects: BTreeMap<ProjectId, OrganizationId>,
    pub(super) shares: BTreeMap<(ProjectId, TeamId), TeamRole>,
    pub(super) administrations: BTreeSet<(UserId, &'static str, RealmId)>,
    pub(super) hubs: BTreeSet<HubId>,
    pub(super) clusters: BTreeMap<ClusterId, HubId>,
    pub(super) placements: BTreeSet<(OrganizationId, ClusterId)>,
}

impl Facts {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut facts = Self::default();
        for change in changes {
            facts.take_in(change);
        }
        facts
    }

    /// What a store keeps after a change that it lets through: with a thing goes whatever refers to it.
    pub(super) fn take_in(&mut self, change: &Change) {
        match *change {
            Change::Organization { id, realm, parent } => {
                self.organizations.insert(id, (realm, parent));
            }
            Change::OrganizationGone { id } => self.forget_organization(id),
            Change::User { id, realm, access } => {
                self.users.insert(id, (realm, access));
            }
            Change::Assignment { id, user, organization, role, reach, expires_at } => {
                self.grants.insert(id, Grant { user, organization, role, reach, expires_at });
            }
            Change::AssignmentGone { id, .. } => {
                self.grants.remove(&id);
            }
            Change::Role { id, organization, permissions } => {
                self.roles.insert(id, (organization, permissions));
            }
            Change::RoleGone { id } => {
                self.roles.remove(&id);
            }
            Change::Team { id, organization } => {
                self.teams.insert(id, organization);
            }
            Change::TeamGone { id } => self.forget_team(id),
            Change::TeamMember { team, user, role } => {
                self.members.insert((team, user), role);
            }
            Change::TeamMemberGone { team, user } => {
                self.members.remove(&(team, user));
            }
            Change::Project { id, organization } => {
                self.projects.insert(id, organization);
            }
            Change::ProjectGone { id } => self.forget_project(id),
            Change::ProjectTeam { project, team, role } => {
                self.shares.insert((project, team), role);
            }
            Change::ProjectTeamGone { project, team } => {
                self.shares.remove(&(project, team));
            }
            Change::Administration { user, level, realm } => {
                self.administrations.insert((user, level.as_str(), realm));
            }
            Change::Hub { id } => {
                self.hubs.insert(id);
            }
            Change::Cluster { id, hub } => {
                self.clusters.insert(id, hub);
            }
            Change::ClusterGone { id } => {
                self.clusters.remove(&id);
                self.placements.retain(|(_, cluster)| *cluster != id);
            }
            Change::Placement { organization, cluster } => {
                self.placements.insert((organization, cluster));
            }
            Change::PlacementGone { organization, cluster } => {
                self.placements.remove(&(organization, cluster));
            }
        }
    }

    fn forget_organization(&mut self, id: OrganizationId) {
        self.organizations.remove(&id);
        self.grants.retain(|_, grant| grant.organization != id);
        self.roles.retain(|_, (organization, _)| *organization != id);
        self.placements.retain(|(organization, _)| *organization != id);
        let teams: Vec<_> = self.teams.iter().filter(|(_, of)| **of == id).map(|(team, _)| *team).collect();
        for team in teams {
            self.forget_team(team);
        }
        let projects: Vec<_> =
            self.projects.iter().filter(|(_, of)| **of == id).map(|(one, _)| *one).collect();
        for project in projects {
            self.forget_project(project);
        }
    }

    fn forget_team(&mut self, id: TeamId) {
        self.teams.remove(&id);
        self.members.retain(|(team, _), _| *team != id);
        self.shares.retain(|(_, team), _| *team != id);
    }

    fn forget_project(&mut self, id: ProjectId) {
        self.projects.remove(&id);
        self.shares.retain(|(project, _), _| *project != id);
    }

    /// Everything as a list, in another order than it came, parents before what refers to them.
    pub(super) fn all(&self) -> Vec<Change> {
        let organization = |(id, of): (&OrganizationId, &(RealmId, Option<OrganizationId>))| {
            Change::Organization { id: *id, realm: of.0, parent: of.1 }
        };
        let mut all: Vec<_> = self.organizations.iter().map(organization).collect();
        // A moved organization may stand before its parent; said a second time, it finds it.
        all.extend(all.clone());
        all.extend(self.users.iter().map(|(id, (realm, access))| Change::User {
            id: *id,
            realm: *realm,
            access: *access,
        }));
        all.extend(self.roles.iter().rev().map(|(id, (organization, permissions))| Change::Role {
            id: *id,
            organization: *organization,
            permissions: *permissions,
        }));
        all.extend(self.grants.iter().rev().map(|(id, grant)| {
            let Grant { user, organization, role, reach, expires_at } = *grant;
            Change::Assignment { id: *id, user, organization, role, reach, expires_at }
        }));
        all.extend(self.administrations.iter().rev().map(|(user, level, realm)| Change::Administration {
            user: *user,
            level: level.parse().unwrap(),
            realm: *realm,
        }));
        all.extend(self.within());
        all.extend(self.hubs.iter().map(|id| Change::Hub { id: *id }));
        all.extend(self.clusters.iter().map(|(id, hub)| Change::Cluster { id: *id, hub: *hub }));
        let placement = |(organization, cluster): &(OrganizationId, ClusterId)| Change::Placement {
            organization: *organization,
            cluster: *cluster,
        };
        all.extend(self.placements.iter().rev().map(placement));
        all
    }

    /// Teams and projects.
    fn within(&self) -> Vec<Change> {
        let team = |(id, organization): (&TeamId, &OrganizationId)| Change::Team {
            id: *id,
            organization: *organization,
        };
        let project = |(id, organization): (&ProjectId, &OrganizationId)| Change::Project {
            id: *id,
            organization: *organization,
        };
        let mut all: Vec<_> = self.teams.iter().rev().map(team).collect();
        all.extend(self.projects.iter().rev().map(project));
        all.extend(self.members.iter().rev().map(|((team, user), role)| Change::TeamMember {
            team: *team,
            user: *user,
            role: *role,
        }));
        all.extend(self.shares.iter().rev().map(|((project, team), role)| Change::ProjectTeam {
            project: *project,
            team: *team,
            role: *role,
        }));
        all
    }

    /// Everything in organizations that somebody may do something to.
    pub(super) fn things(&self) -> Vec<Object> {
        let organizations = self.organizations.keys();
        let mut things: Vec<_> =
            organizations.flat_map(|id| [Object::Organization(*id), Object::Billing(*id)]).collect();
        things.extend(self.roles.keys().map(|id| Object::Role(*id)));
        things.extend(self.teams.keys().map(|id| Object::Team(*id)));
        things.extend(self.projects.keys().map(|id| Object::Project(*id)));
        things
    }

    /// The organization and everything above it, nearest first. In a circle it ends.
    pub(super) fn line(&self, id: OrganizationId) -> Vec<OrganizationId> {
        let parent = |here: &OrganizationId| self.organizations.get(here)?.1;
        std::iter::successors(Some(id), parent).take(self.organizations.len() + 1).collect()
    }

    pub(super) fn is_site_administrator(&self, user: UserId) -> bool {
        self.users[&user].0 == RealmId::PLATFORM
            && self.administrations.contains(&(user, Administration::Site.as_str(), RealmId::PLATFORM))
    }

    /// What somebody holds on a thing, by the rules.
    pub(super) fn holds(&self, user: UserId, object: Object, now: Timestamp) -> PermissionSet {
        let (held, shown_by) = match object {
            Object::Organization(id) => {
                let member = self.teams_of(user, id).next().map_or(PermissionSet::EMPTY, |_| MEMBER);
                (self.by_roles(user, id, now).union(member), Permission::OrganizationsView)
            }
            Object::Billing(id) => (self.on_billing(user, id, now), Permission::BillingView),
            Object::Role(id) => (self.by_roles(user, self.roles[&id].0, now), Permission::RolesView),
            Object::Team(id) => {
                let own = self.teams_of(user, self.teams[&id]).find(|(team, _)| *team == id);
                let own = own.map_or(PermissionSet::EMPTY, |(_, role)| role.in_team());
                (self.by_roles(user, self.teams[&id], now).union(own), Permission::TeamsView)
            }
            Object::Project(id) => {
                let mut held = self.by_roles(user, self.projects[&id], now);
                for (team, role) in self.teams_of(user, self.projects[&id]) {
                    if let Some(granted) = self.shares.get(&(id, team)) {
                        held = held.union(role.min(*granted).on_project());
                    }
                }
                (held, Permission::ProjectsView)
            }
            other => unreachable!("{other:?} is in no organization"),
        };
        if held.contains(shown_by) { held } else { PermissionSet::EMPTY }
    }

    /// The teams of an organization that somebody is in, when its realm is theirs (HIER-2).
    fn teams_of(&self, user: UserId, at: OrganizationId) -> impl Iterator<Item = (TeamId, TeamRole)> + '_ {
        let realm = self.users[&user].0;
        let own = move |(team, role): (&(TeamId, UserId), &TeamRole)| {
            let here = team.1 == user && self.teams[&team.0] == at && self.organizations[&at].0 == realm;
            here.then_some((team.0, *role))
        };
        self.members.iter().filter_map(own)
    }

    /// What is in force for somebody at an organization (ROLE-3, ROLE-9), when its realm is theirs (HIER-2).
    fn in_force(&self, user: UserId, at: OrganizationId, now: Timestamp) -> impl Iterator<Item = &Grant> {
        let (line, realm) = (self.line(at), self.users[&user].0);
        self.grants.values().filter(move |grant| {
            let beneath = grant.role == Role::Owner || grant.reach == Reach::Beneath;
            grant.user == user
                && grant.expires_at.is_none_or(|end| now < end)
                && self.organizations[&at].0 == realm
                && (grant.organization == at || beneath && line.contains(&grant.organization))
        })
    }

    fn by_roles(&self, user: UserId, at: OrganizationId, now: Timestamp) -> PermissionSet {
        if self.is_site_administrator(user) {
            return PermissionSet::ALL;
        }
        let (realm, of) = (self.users[&user].0, self.organizations[&at].0);
        let client = (user, Administration::Client.as_str(), of);
        let mut held = PermissionSet::EMPTY;
        if realm == of && self.administrations.contains(&client) {
            held = Administration::Client.permissions();
        }
        for grant in self.in_force(user, at, now) {
            held = held.union(match grant.role {
                Role::Owner => Role::Owner.permissions(),
                Role::Administrator if grant.organization == at => Role::Administrator.permissions(),
                // ORG-8: from above it deletes.
                Role::Administrator => {
                    let deletes = PermissionSet::of(&[Permission::OrganizationsDelete]);
                    Role::Administrator.permissions().union(deletes)
                }
                Role::BillingAdministrator => PermissionSet::EMPTY,
                // ROLE-6: where it was defined and beneath.
                Role::Custom(id) => match self.roles.get(&id) {
                    Some((defined, keys)) if self.line(grant.organization).contains(defined) => {
                        keys.union(MEMBER)
                    }
                    _ => PermissionSet::EMPTY,
                },
            });
        }
        held
    }

    fn on_billing(&self, user: UserId, at: OrganizationId, now: Timestamp) -> PermissionSet {
        let given = self.in_force(user, at, now).map(|grant| grant.role.billing());
        given.fold(PermissionSet::EMPTY, PermissionSet::union)
    }
}
