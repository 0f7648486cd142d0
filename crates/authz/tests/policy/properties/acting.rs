//! People of a company do what they may, and try what they may not (E-19): every deed is decided as the use cases decide it,
//! by the same questions to the graph and the same rules of the model; what the store keeps out, such as too deep a tree, is
//! kept out here.

use bastide_authz::action::{
    AssignBilling, AssignProjectTeam, AssignRole, AssignTeamMember, ChangeChildren, CreateOrganization,
    CreateProject, CreateRole, CreateRootOrganization, CreateTeam, DeleteOrganization, DeleteProject,
    DeleteRole, DeleteTeam, LeaveOrganization, MoveOrganization, RemoveProjectTeam, RemoveTeamMember,
    UpdateAssignment, UpdateRole, ViewBilling, ViewTeam, WithdrawBilling, WithdrawRole,
};
use bastide_authz::target::Object;
use bastide_authz::{Action, Billing, Change, Commons, Graph};
use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{ASSIGNABLE, Administration, Reach, Role, TeamRole};
use bastide_model::team::{admit_custom_role, admit_other, admit_role_change};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, OrganizationId, Permission, ProjectId, RealmId, RoleId, TeamId, Timestamp, UserId,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::checks::checks;
use super::facts::{Facts, Grant};
use super::world::{ceilings, id, keys};
use crate::cast::{BRAND, OTHER, by_token};

/// How deep the tree may be. Less than in the store, so that it is met.
const DEPTH_MAX: usize = 4;

/// Something that somebody tries; to what is chosen among what is there.
#[derive(Debug, Clone)]
enum Deed {
    Found(Option<Index>),
    Move(Index, Option<Index>),
    Delete(Index),
    Define(Index, PermissionSet),
    Redefine(Index, PermissionSet),
    Undefine(Index),
    Assign(Index, Index, Result<Role, Index>, Reach, Option<i64>),
    Reassign(Index, Reach, Option<i64>),
    Withdraw(Index),
    Leave(Index),
    Bill(Index, Index),
    Unbill(Index),
    Gather(Index),
    Disband(Index),
    Join(Index, Index, TeamRole),
    PutOut(Index),
    Begin(Index),
    End(Index),
    Share(Index, Index, TeamRole),
    Unshare(Index),
    Wait(i64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let any = any::<Index>;
    let reach = || select(&[Reach::Here, Reach::Beneath][..]);
    let role = prop_oneof![2 => select(Role::BUILT_IN).prop_map(Ok), 3 => any().prop_map(Err)];
    let end = || prop::option::weighted(0.3, 1..4i64);
    let team_role = || select(TeamRole::ALL);
    let tree = prop_oneof![
        3 => prop::option::weighted(0.9, any()).prop_map(Deed::Found),
        4 => (any(), prop::option::weighted(0.9, any())).prop_map(|(what, to)| Deed::Move(what, to)),
        1 => any().prop_map(Deed::Delete),
        1 => (0..3i64).prop_map(Deed::Wait),
    ];
    let roles = prop_oneof![
        3 => (any(), keys()).prop_map(|(at, keys)| Deed::Define(at, keys)),
        3 => (any(), keys()).prop_map(|(role, keys)| Deed::Redefine(role, keys)),
        1 => any().prop_map(Deed::Undefine),
        14 => (any(), any(), role, reach(), end())
            .prop_map(|(at, who, role, reach, end)| Deed::Assign(at, who, role, reach, end)),
        8 => (any(), reach(), end()).prop_map(|(what, reach, end)| Deed::Reassign(what, reach, end)),
        4 => any().prop_map(Deed::Withdraw),
        4 => any().prop_map(Deed::Leave),
        2 => (any(), any()).prop_map(|(at, who)| Deed::Bill(at, who)),
        3 => any().prop_map(Deed::Unbill),
    ];
    let work = prop_oneof![
        2 => any().prop_map(Deed::Gather),
        1 => any().prop_map(Deed::Disband),
        4 => (any(), any(), team_role()).prop_map(|(team, who, role)| Deed::Join(team, who, role)),
        1 => any().prop_map(Deed::PutOut),
        2 => any().prop_map(Deed::Begin),
        1 => any().prop_map(Deed::End),
        4 => (any(), any(), team_role()).prop_map(|(what, team, role)| Deed::Share(what, team, role)),
        3 => any().prop_map(Deed::Unshare),
    ];
    prop_oneof![2 => tree, 4 => roles, 3 => work]
}

/// Who acts: often the owner of a root, who may do much, and somebody who may do little.
fn actors() -> impl Strategy<Value = usize> {
    prop_oneof![2 => Just(2), 1 => Just(4), 2 => 0..PEOPLE]
}

fn pick<T: Clone>(items: impl IntoIterator<Item = T>, at: Index) -> Option<T> {
    let items: Vec<_> = items.into_iter().collect();
    (!items.is_empty()).then(|| items[at.index(items.len())].clone())
}

/// Everything there is, as it is kept and as it is decided on.
struct Company {
    facts: Facts,
    graph: Graph,
    now: Timestamp,
    made: usize,
}

/// What somebody has who may say who is in which team, and not take people out of one.
const LITTLE: PermissionSet = PermissionSet::of(&[
    Permission::MembersView,
    Permission::MembersAssign,
    Permission::TeamsView,
    Permission::ProjectsView,
    Permission::ProjectsAssign,
]);

/// How many people there are: an administrator of the site, one of the client, five people of it, and one of another.
const PEOPLE: usize = 8;

impl Company {
    fn new() -> Self {
        let mut company = Self {
            facts: Facts::default(),
            graph: Graph::default(),
            now: Timestamp::from_millis(0),
            made: 100,
        };
        let realm = |number| match number {
            0 => RealmId::PLATFORM,
            7 => OTHER,
            _ => BRAND,
        };
        let user = |number| id(UserId::from_uuid, number);
        let people = (0..PEOPLE).map(|number| Change::User {
            id: user(number),
            realm: realm(number),
            access: Access::Enabled,
        });
        company.take_in(people.collect());
        company.take_in(vec![
            Change::Administration { user: user(0), level: Administration::Site, realm: RealmId::PLATFORM },
            Change::Administration { user: user(1), level: Administration::Client, realm: BRAND },
        ]);
        let root = company.found(user(2), BRAND, None);
        let child = company.found(user(3), BRAND, Some(root));
        company.found(user(4), BRAND, Some(root));
        company.found(user(2), BRAND, Some(child));
        company.found(user(5), BRAND, None);
        company.found(user(1), BRAND, None);
        company.found(user(7), OTHER, None);
        let (role, team) = (company.fresh(RoleId::from_uuid), company.fresh(TeamId::from_uuid));
        let project = company.fresh(ProjectId::from_uuid);
        let little = company.fresh(RoleId::from_uuid);
        let [one, other, third] = [(); 3].map(|()| company.fresh(AssignmentId::from_uuid));
        let given = |id, number, organization, role, reach| Change::Assignment {
            id,
            user: user(number),
            organization,
            role,
            reach,
            expires_at: None,
        };
        company.take_in(vec![
            Change::Role { id: role, organization: root, permissions: ASSIGNABLE },
            Change::Role { id: little, organization: root, permissions: LITTLE },
            Change::Team { id: team, organization: child },
            Change::TeamMember { team, user: user(5), role: TeamRole::Administrator },
            Change::Project { id: project, organization: child },
            Change::ProjectTeam { project, team, role: TeamRole::Developer },
            given(one, 6, root, Role::Administrator, Reach::Beneath),
            given(other, 5, root, Role::Custom(role), Reach::Here),
            given(third, 4, child, Role::Custom(little), Reach::Here),
        ]);
        company
    }

    fn fresh<T>(&mut self, make: fn(uuid::Uuid) -> T) -> T {
        self.made += 1;
        id(make, self.made)
    }

    fn take_in(&mut self, changes: Vec<Change>) {
        for change in &changes {
            self.facts.take_in(change);
        }
        self.graph.advance(self.graph.revision() + 1, changes);
    }

    fn found(&mut self, user: UserId, realm: RealmId, parent: Option<OrganizationId>) -> OrganizationId {
        let id = self.fresh(OrganizationId::from_uuid);
        let changes = self.founded(user, (id, realm, parent));
        self.take_in(changes);
        id
    }

    /// ORG-3: who creates an organization owns it.
    fn founded(
        &mut self,
        user: UserId,
        (id, realm, parent): (OrganizationId, RealmId, Option<OrganizationId>),
    ) -> Vec<Change> {
        let assignment = Change::Assignment {
            id: self.fresh(AssignmentId::from_uuid),
            user,
            organization: id,
            role: Role::Owner,
            reach: Reach::Beneath,
            expires_at: None,
        };
        vec![Change::Organization { id, realm, parent }, assignment]
    }

    fn caller(&self, user: UserId, ceiling: PermissionSet) -> Caller {
        by_token(user, self.facts.users[&user].0, ceiling)
    }

    fn may<A: Action>(&self, caller: &Caller, target: A::Target) -> Option<()> {
        self.graph.authorize::<A>(caller, target, self.now).ok().map(|_| ())
    }

    fn organization(&self, at: Index) -> Option<OrganizationId> {
        pick(self.facts.organizations.keys().copied(), at)
    }

    /// One of the people in the realm of an organization: the store refuses others.
    fn user_near(&self, at: OrganizationId, who: Index) -> Option<UserId> {
        let realm = self.facts.organizations[&at].0;
        let near = self.facts.users.iter().filter(|(_, (of, _))| *of == realm);
        pick(near.map(|(user, _)| *user), who)
    }

    /// Nothing that the caller lacks (ROLE-7).
    fn holder(
        &self,
        caller: &Caller,
        at: OrganizationId,
        grant: (Role, Reach),
        until: Option<Timestamp>,
    ) -> Option<()> {
        let lacks = self.graph.lacks_to_grant(caller, at, grant, (until, self.now)).ok()?;
        lacks.is_empty().then_some(())
    }

    fn holds_keys(
        &self,
        caller: &Caller,
        at: OrganizationId,
        reach: Reach,
        (until, keys): (Option<Timestamp>, PermissionSet),
    ) -> Option<()> {
        let held = self.graph.held_to_give(caller, at, reach, (until, self.now)).ok()?;
        held.contains_all(keys).then_some(())
    }

    /// What becomes of a deed; nothing when it is refused, or there is nothing that it could be done to.
    fn decide(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        match deed {
            Deed::Found(..) | Deed::Move(..) | Deed::Delete(..) => self.decide_tree(caller, deed),
            Deed::Define(..) | Deed::Redefine(..) | Deed::Undefine(..) => self.decide_roles(caller, deed),
            Deed::Assign(..) | Deed::Reassign(..) | Deed::Withdraw(..) => self.decide_grants(caller, deed),
            Deed::Leave(..) | Deed::Bill(..) | Deed::Unbill(..) => self.decide_rest(caller, deed),
            Deed::Gather(..) | Deed::Disband(..) | Deed::Join(..) | Deed::PutOut(..) => {
                self.decide_teams(caller, deed)
            }
            Deed::Begin(..) | Deed::End(..) | Deed::Share(..) | Deed::Unshare(..) => {
                self.decide_projects(caller, deed)
            }
            Deed::Wait(seconds) => {
                self.now = self.now.plus_seconds(*seconds);
                Some(Vec::new())
            }
        }
    }

    fn decide_tree(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        match *deed {
            Deed::Found(None) => {
                self.may::<CreateRootOrganization>(caller, Commons(caller.realm))?;
                let id = self.fresh(OrganizationId::from_uuid);
                Some(self.founded(caller.user, (id, caller.realm, None)))
            }
            Deed::Found(Some(parent)) => {
                let parent = self.organization(parent)?;
                self.may::<CreateOrganization>(caller, parent)?;
                let realm = self.facts.organizations[&parent].0;
                // Whoever is not of the realm becomes nothing in it.
                if self.graph.depth(parent) >= DEPTH_MAX || realm != caller.realm {
                    return None;
                }
                let id = self.fresh(OrganizationId::from_uuid);
                Some(self.founded(caller.user, (id, realm, Some(parent))))
            }
            Deed::Move(what, to) => {
                let what = self.organization(what)?;
                let to = match to {
                    Some(to) => Some(self.organization(to)?),
                    None => None,
                };
                self.decide_move(caller, what, to)
            }
            Deed::Delete(what) => {
                let id = self.organization(what)?;
                self.may::<DeleteOrganization>(caller, id)?;
                let blocked = self.facts.organizations.values().any(|(_, parent)| *parent == Some(id))
                    || self.facts.projects.values().any(|at| *at == id);
                (!blocked).then(|| vec![Change::OrganizationGone { id }])
            }
            _ => None,
        }
    }

    fn decide_move(
        &self,
        caller: &Caller,
        id: OrganizationId,
        to: Option<OrganizationId>,
    ) -> Option<Vec<Change>> {
        let (realm, parent) = self.facts.organizations[&id];
        self.may::<MoveOrganization>(caller, id)?;
        match parent {
            Some(parent) => self.may::<ChangeChildren>(caller, parent)?,
            None if !self.graph.disposes_of(caller, id, self.now).ok()? => return None,
            None => self.may::<DeleteOrganization>(caller, id)?,
        }
        match to {
            Some(to) => self.may::<ChangeChildren>(caller, to)?,
            None => self.may::<CreateRootOrganization>(caller, Commons(realm))?,
        }
        let moving = self.graph.moving(id, to, Some(caller.user), self.now);
        if moving.shifts().iter().any(|shift| !shift.gained().is_empty()) {
            return None;
        }
        if !self.graph.administers_realm(caller, id).ok()? {
            let changed = self.graph.moving(id, to, None, self.now).changed();
            let lacks = self.graph.lacks_to_move(caller, &changed, self.now).ok()?;
            lacks.is_empty().then_some(())?;
        }
        // What the store keeps out: circles, realms, depth.
        let above = to.map_or(0, |to| self.graph.depth(to));
        let own = self.graph.depth(id);
        let moved = self.facts.organizations.keys().filter(|one| moving.takes_along(**one));
        let height = moved.map(|one| self.graph.depth(*one) - own + 1).max().unwrap_or_default();
        let fits = to.is_none_or(|to| !moving.takes_along(to) && self.facts.organizations[&to].0 == realm);
        (fits && above + height <= DEPTH_MAX).then(|| vec![Change::Organization { id, realm, parent: to }])
    }

    fn decide_roles(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        match *deed {
            Deed::Define(at, permissions) => {
                let organization = self.organization(at)?;
                self.may::<CreateRole>(caller, organization)?;
                admit_custom_role(permissions).ok()?;
                self.holds_keys(caller, organization, Reach::Here, (Some(self.now), permissions))?;
                Some(vec![Change::Role { id: self.fresh(RoleId::from_uuid), organization, permissions }])
            }
            Deed::Redefine(role, permissions) => {
                let (id, (organization, before)) = pick(self.facts.roles.clone(), role)?;
                self.may::<UpdateRole>(caller, id)?;
                admit_custom_role(permissions).ok()?;
                let changed = permissions.without(before).union(before.without(permissions));
                if !changed.is_empty() && self.graph.was_given(caller.user, id) {
                    return None;
                }
                self.holds_keys(caller, organization, Reach::Here, (None, changed))?;
                for given in self.facts.grants.values().filter(|grant| grant.role == Role::Custom(id)) {
                    self.holds_keys(caller, given.organization, given.reach, (None, changed))?;
                }
                Some(vec![Change::Role { id, organization, permissions }])
            }
            Deed::Undefine(role) => {
                let id = pick(self.facts.roles.keys().copied(), role)?;
                self.may::<DeleteRole>(caller, id)?;
                let given = self.facts.grants.values().any(|grant| grant.role == Role::Custom(id));
                (!given).then(|| vec![Change::RoleGone { id }])
            }
            _ => None,
        }
    }

    fn decide_grants(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        let end = |seconds: Option<i64>| seconds.map(|seconds| self.now.plus_seconds(seconds));
        match *deed {
            Deed::Assign(at, who, role, reach, expires) => {
                let (organization, expires_at) = (self.organization(at)?, end(expires));
                let user = self.user_near(organization, who)?;
                let role = match role {
                    // That has a way of its own.
                    Ok(Role::BillingAdministrator) => return None,
                    Ok(role) => role,
                    Err(custom) => {
                        let usable = |id: &RoleId| self.graph.role_usable_at(*id, organization);
                        Role::Custom(pick(self.facts.roles.keys().copied().filter(usable), custom)?)
                    }
                };
                self.may::<AssignRole>(caller, organization)?;
                admit_role_change(caller.user, user, role).ok()?;
                self.holder(caller, organization, (role, reach), expires_at)?;
                let id = self.fresh(AssignmentId::from_uuid);
                Some(vec![Change::Assignment { id, user, organization, role, reach, expires_at }])
            }
            Deed::Reassign(what, reach, expires) => {
                let (id, Grant { user, organization, role, reach: before, .. }) =
                    self.resource_grant(what)?;
                let expires_at = end(expires);
                self.may::<UpdateAssignment>(caller, organization)?;
                admit_role_change(caller.user, user, role).ok()?;
                self.holder(caller, organization, (role, before), Some(self.now))?;
                self.holder(caller, organization, (role, reach), expires_at)?;
                Some(vec![Change::Assignment { id, user, organization, role, reach, expires_at }])
            }
            Deed::Withdraw(what) => {
                let (id, Grant { user, organization, role, reach, .. }) = self.resource_grant(what)?;
                self.may::<WithdrawRole>(caller, organization)?;
                admit_role_change(caller.user, user, role).ok()?;
                self.holder(caller, organization, (role, reach), Some(self.now))?;
                Some(vec![Change::AssignmentGone { id, user }])
            }
            _ => None,
        }
    }

    fn resource_grant(&self, what: Index) -> Option<(AssignmentId, Grant)> {
        let grants = self.facts.grants.iter().filter(|(_, grant)| grant.role != Role::BillingAdministrator);
        pick(grants.map(|(id, grant)| (*id, *grant)), what)
    }

    fn decide_rest(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        match *deed {
            Deed::Leave(at) => {
                let at = self.organization(at)?;
                self.may::<LeaveOrganization>(caller, at)?;
                if !self.graph.can_leave(caller.user, at) {
                    return None;
                }
                let user = caller.user;
                let own =
                    self.facts.grants.iter().filter(|(_, one)| one.user == user && one.organization == at);
                let mut changes: Vec<_> =
                    own.map(|(id, _)| Change::AssignmentGone { id: *id, user }).collect();
                let teams = self
                    .facts
                    .members
                    .keys()
                    .filter(|(team, who)| *who == user && self.facts.teams[team] == at);
                changes.extend(teams.map(|(team, _)| Change::TeamMemberGone { team: *team, user }));
                Some(changes)
            }
            Deed::Bill(at, who) => {
                let organization = self.organization(at)?;
                let user = self.user_near(organization, who)?;
                self.may::<AssignBilling>(caller, Billing(organization))?;
                self.may::<ViewBilling>(caller, Billing(organization))?;
                let (role, reach) = (Role::BillingAdministrator, Reach::Here);
                admit_role_change(caller.user, user, role).ok()?;
                let id = self.fresh(AssignmentId::from_uuid);
                Some(vec![Change::Assignment { id, user, organization, role, reach, expires_at: None }])
            }
            Deed::Unbill(what) => {
                let billing =
                    self.facts.grants.iter().filter(|(_, one)| one.role == Role::BillingAdministrator);
                let (id, grant) = pick(billing.map(|(id, grant)| (*id, *grant)), what)?;
                self.may::<WithdrawBilling>(caller, Billing(grant.organization))?;
                admit_role_change(caller.user, grant.user, grant.role).ok()?;
                Some(vec![Change::AssignmentGone { id, user: grant.user }])
            }
            _ => None,
        }
    }

    fn decide_teams(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        let joins = |team, role| {
            let lacks = self.graph.lacks_to_join(caller, (team, role), self.now).ok()?;
            lacks.is_empty().then_some(())
        };
        match *deed {
            Deed::Gather(at) => {
                let organization = self.organization(at)?;
                self.may::<CreateTeam>(caller, organization)?;
                Some(vec![Change::Team { id: self.fresh(TeamId::from_uuid), organization }])
            }
            Deed::Disband(what) => {
                let id = pick(self.facts.teams.keys().copied(), what)?;
                self.may::<DeleteTeam>(caller, id)?;
                Some(vec![Change::TeamGone { id }])
            }
            Deed::Join(team, who, role) => {
                let (team, at) = pick(self.facts.teams.clone(), team)?;
                let user = self.user_near(at, who)?;
                self.may::<AssignTeamMember>(caller, team)?;
                admit_other(caller.user, user).ok()?;
                joins(team, role)?;
                if let Some(before) = self.facts.members.get(&(team, user)) {
                    joins(team, *before)?;
                }
                Some(vec![Change::TeamMember { team, user, role }])
            }
            Deed::PutOut(what) => {
                let ((team, user), role) = pick(self.facts.members.clone(), what)?;
                if user != caller.user {
                    self.may::<RemoveTeamMember>(caller, team)?;
                    joins(team, role)?;
                }
                Some(vec![Change::TeamMemberGone { team, user }])
            }
            _ => None,
        }
    }

    fn decide_projects(&mut self, caller: &Caller, deed: &Deed) -> Option<Vec<Change>> {
        let shares = |project, role| {
            let lacks = self.graph.lacks_to_share(caller, (project, role), self.now).ok()?;
            lacks.is_empty().then_some(())
        };
        match *deed {
            Deed::Begin(at) => {
                let organization = self.organization(at)?;
                self.may::<CreateProject>(caller, organization)?;
                Some(vec![Change::Project { id: self.fresh(ProjectId::from_uuid), organization }])
            }
            Deed::End(what) => {
                let id = pick(self.facts.projects.keys().copied(), what)?;
                self.may::<DeleteProject>(caller, id)?;
                Some(vec![Change::ProjectGone { id }])
            }
            Deed::Share(what, with, role) => {
                let (project, of) = pick(self.facts.projects.clone(), what)?;
                let teams = self.facts.teams.iter().filter(|(_, at)| **at == of);
                let team = pick(teams.map(|(id, _)| *id), with)?;
                self.may::<AssignProjectTeam>(caller, project)?;
                self.may::<ViewTeam>(caller, team)?;
                shares(project, role)?;
                if let Some(before) = self.facts.shares.get(&(project, team)) {
                    shares(project, *before)?;
                }
                Some(vec![Change::ProjectTeam { project, team, role }])
            }
            Deed::Unshare(what) => {
                let ((project, team), role) = pick(self.facts.shares.clone(), what)?;
                self.may::<RemoveProjectTeam>(caller, project)?;
                shares(project, role)?;
                Some(vec![Change::ProjectTeamGone { project, team }])
            }
            _ => None,
        }
    }

    /// The organization that something lies in.
    fn place(&self, object: Object) -> OrganizationId {
        match object {
            Object::Organization(id) | Object::Billing(id) => id,
            Object::Team(id) => self.facts.teams[&id],
            Object::Project(id) => self.facts.projects[&id],
            Object::Role(id) => self.facts.roles[&id].0,
            other => unreachable!("{other:?} is in no organization"),
        }
    }

    /// ORG-3 and HIER-1: one owner of each organization, and a tree without circles that is not too deep.
    fn is_sound(&self) -> Result<(), TestCaseError> {
        for id in self.facts.organizations.keys() {
            let owners =
                self.facts.grants.values().filter(|one| one.organization == *id && one.role == Role::Owner);
            prop_assert_eq!(owners.count(), 1, "owners of {}", id);
            let line = self.facts.line(*id);
            prop_assert!(line.len() <= DEPTH_MAX, "{} lies too deep, or in a circle", id);
            prop_assert!(line.iter().skip(1).all(|above| above != id), "{} lies in a circle", id);
            prop_assert_eq!(self.graph.lineage(*id).collect::<Vec<_>>(), line);
            let realm = self.facts.organizations[id].0;
            prop_assert!(self.facts.line(*id).iter().all(|above| self.facts.organizations[above].0 == realm));
        }
        Ok(())
    }
}

/// What grants give somebody, also on what they do not see.
fn given(graph: &Graph, caller: &Caller, object: Object, now: Timestamp) -> PermissionSet {
    let gives = |permission: &Permission| {
        let explained = graph.explain(caller, object, *permission, now);
        explained.grants.iter().any(|grant| grant.gives_it)
    };
    Permission::ALL.iter().copied().filter(gives).collect()
}

/// E-19: what somebody may do more of than before, on what there was before, was given by somebody who held it there; nobody
/// gains by what they do themselves, by time, or by what is taken away.
fn nobody_gained_more(
    (before, then): (&Graph, Timestamp),
    company: &Company,
    actor: &Caller,
    (deed, changes, known): (&Deed, &[Change], &[Object]),
) -> Result<(), TestCaseError> {
    for user in company.facts.users.keys() {
        let person = company.caller(*user, PermissionSet::ALL);
        for object in known {
            let had = before.held(&person, *object, then).unwrap_or_default();
            let has = company.graph.held(&person, *object, company.now).unwrap_or_default();
            if has.without(had).is_empty() {
                continue;
            }
            let gained = given(&company.graph, &person, *object, company.now)
                .without(given(before, &person, *object, then));
            // Whoever administers the realm puts its organizations where they belong; for themselves they gain nothing.
            if let (Deed::Move(..), [Change::Organization { id, .. }]) = (deed, changes)
                && before.administers_realm(actor, *id).unwrap_or_default()
            {
                prop_assert!(*user != actor.user, "{:?} gained {:?} on {:?} by a move", user, gained, object);
                continue;
            }
            let may_give = match deed {
                Deed::Redefine(..)
                | Deed::Assign(..)
                | Deed::Reassign(..)
                | Deed::Join(..)
                | Deed::Move(..)
                | Deed::Share(..) => {
                    before.held(actor, *object, then).unwrap_or_default().intersection(actor.ceiling)
                }
                // To give that is what the permission is for, and a token that has it does (ROLE-2).
                Deed::Bill(..) => before.held(actor, *object, then).unwrap_or_default(),
                _ => PermissionSet::EMPTY,
            };
            prop_assert!(*user != actor.user, "{:?} gave themselves {:?} on {:?}", user, gained, object);
            prop_assert!(may_give.contains_all(gained), "{:?} gained {:?} on {:?}", user, gained, object);
        }
    }
    Ok(())
}

/// HIER-4, E-28: a move touches nothing but what moves.
fn only_what_moves_changed(
    before: &Graph,
    company: &Company,
    changes: &[Change],
    known: &[Object],
) -> Result<(), TestCaseError> {
    let [Change::Organization { id, .. }] = changes else { return Ok(()) };
    let elsewhere = known.iter().filter(|object| !company.facts.line(company.place(**object)).contains(id));
    for object in elsewhere {
        for user in company.facts.users.keys() {
            let person = company.caller(*user, PermissionSet::ALL);
            let held = |graph: &Graph| graph.held(&person, *object, company.now);
            prop_assert_eq!(held(before), held(&company.graph), "{:?}", object);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// E-19, E-28, HIER-1, HIER-4, ORG-3, ROLE-7, ROLE-9, ROLE-10: whatever people try in the tree, with roles, in teams and
    /// with projects, and in whichever order.
    #[test]
    fn e_19_nobody_gets_more_than_somebody_who_holds_it_gives(
        deeds in prop::collection::vec((actors(), prop::option::weighted(0.2, ceilings()), deeds()), 1..60),
    ) {
        let mut company = Company::new();
        company.is_sound()?;
        for (who, ceiling, deed) in &deeds {
            let ceiling = ceiling.unwrap_or(PermissionSet::ALL);
            let (actor, then) = (company.caller(id(UserId::from_uuid, *who), ceiling), company.now);
            let Some(changes) = company.decide(&actor, deed) else { continue };
            let before = company.graph.clone();
            company.take_in(changes.clone());
            company.is_sound()?;
            let mut known = company.facts.things();
            known.retain(|object| exists(&before, *object));
            nobody_gained_more((&before, then), &company, &actor, (deed, &changes, &known))?;
            if matches!(deed, Deed::Move(..)) {
                only_what_moves_changed(&before, &company, &changes, &known)?;
            }
        }
        // In the end everything is as the rules say, however it came to be.
        prop_assert_eq!(&company.graph, &Graph::build(company.graph.revision(), company.facts.all()));
        for user in company.facts.users.keys() {
            let person = company.caller(*user, PermissionSet::ALL);
            for object in company.facts.things() {
                let held = company.graph.held(&person, object, company.now);
                prop_assert_eq!(held, Ok(company.facts.holds(*user, object, company.now)));
                for one in checks(&company.graph, &person, object, company.now) {
                    prop_assert_eq!(one.answer, one.explained, "{:?}", object);
                }
            }
        }
    }
}

fn exists(graph: &Graph, object: Object) -> bool {
    match object {
        Object::Organization(id) | Object::Billing(id) => graph.realm_of_organization(id).is_some(),
        Object::Team(id) => graph.organization_of_team(id).is_some(),
        Object::Project(id) => graph.organization_of_project(id).is_some(),
        Object::Role(id) => graph.organization_of_role(id).is_some(),
        _ => false,
    }
}

/// The deeds above are done often enough to show something: each kind succeeds.
#[test]
fn every_kind_of_deed_succeeds_now_and_then() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec((actors(), deeds()), 60);
    let mut done = std::collections::BTreeMap::<String, usize>::new();
    for _ in 0..200 {
        let mut company = Company::new();
        for (who, deed) in strategy.new_tree(&mut runner).unwrap().current() {
            let actor = company.caller(id(UserId::from_uuid, who), PermissionSet::ALL);
            if let Some(changes) = company.decide(&actor, &deed) {
                company.take_in(changes);
                let name = format!("{deed:?}");
                *done.entry(name.split('(').next().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
    assert_eq!(done.len(), 21, "{done:?}");
    assert!(done.values().all(|times| *times >= 5), "{done:?}");
}
