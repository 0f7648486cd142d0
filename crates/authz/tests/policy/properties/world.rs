//! Made-up worlds, and who asks for something in them.

use std::collections::{BTreeMap, BTreeSet};

use bastide_authz::target::Object;
use bastide_authz::visible::{Scope, Visible};
use bastide_authz::{Change, Graph};
use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{ASSIGNABLE, Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, Permission, ProjectId, RealmId, RoleId, TeamId,
    Timestamp, UserId,
};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use uuid::Uuid;

use super::facts::Facts;
use crate::cast::{BRAND, OTHER, by_session, by_token};

pub(super) const REALMS: [RealmId; 3] = [RealmId::PLATFORM, BRAND, OTHER];

pub(super) fn id<T>(make: fn(Uuid) -> T, number: usize) -> T {
    make(Uuid::from_u128(u128::try_from(number).unwrap() + 1))
}

/// A grant by numbers.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    user: usize,
    pub(super) organization: usize,
    role: Role,
    reach: Reach,
    pub(super) expires_at: Option<Timestamp>,
}

/// Facts by numbers, among them such as the store refuses: grants, teams and administrations across realms, and teams with
/// a role on a project of another organization.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Realm and parent; a parent comes before its children and may lie in another realm.
    pub(super) organizations: Vec<(RealmId, Option<usize>)>,
    pub(super) users: Vec<(RealmId, Access)>,
    roles: Vec<(usize, PermissionSet)>,
    pub(super) grants: Vec<Grant>,
    administrations: Vec<(usize, Administration, RealmId)>,
    /// Whose team.
    teams: Vec<usize>,
    members: BTreeMap<(usize, usize), TeamRole>,
    /// Whose project.
    projects: Vec<usize>,
    /// Project and team.
    shares: BTreeMap<(usize, usize), TeamRole>,
    pub(super) clusters: usize,
    placements: Vec<(usize, usize)>,
}

impl World {
    pub(super) fn organization(number: usize) -> OrganizationId {
        id(OrganizationId::from_uuid, number)
    }

    pub(super) fn user(number: usize) -> UserId {
        id(UserId::from_uuid, number)
    }

    pub(super) fn cluster(number: usize) -> ClusterId {
        id(ClusterId::from_uuid, number)
    }

    pub(super) fn graph(&self) -> Graph {
        Graph::build(1, self.changes())
    }

    pub(super) fn facts(&self) -> Facts {
        Facts::of(&self.changes())
    }

    fn changes(&self) -> Vec<Change> {
        let hub = id(HubId::from_uuid, 0);
        let mut facts = vec![Change::Hub { id: hub }];
        facts.extend(self.organizations.iter().enumerate().map(|(number, (realm, parent))| {
            let parent = parent.map(Self::organization);
            Change::Organization { id: Self::organization(number), realm: *realm, parent }
        }));
        facts.extend(self.users.iter().enumerate().map(|(number, (realm, access))| Change::User {
            id: Self::user(number),
            realm: *realm,
            access: *access,
        }));
        facts.extend(self.roles.iter().enumerate().map(|(number, (at, permissions))| Change::Role {
            id: id(RoleId::from_uuid, number),
            organization: Self::organization(*at),
            permissions: *permissions,
        }));
        facts.extend(self.grants.iter().enumerate().map(|(number, grant)| Change::Assignment {
            id: id(AssignmentId::from_uuid, number),
            user: Self::user(grant.user),
            organization: Self::organization(grant.organization),
            role: grant.role,
            reach: grant.reach,
            expires_at: grant.expires_at,
        }));
        facts.extend(self.administrations.iter().map(|(user, level, realm)| Change::Administration {
            user: Self::user(*user),
            level: *level,
            realm: *realm,
        }));
        facts.extend(self.work());
        facts.extend((0..self.clusters).map(|number| Change::Cluster { id: Self::cluster(number), hub }));
        facts.extend(self.placements.iter().map(|(organization, cluster)| Change::Placement {
            organization: Self::organization(*organization),
            cluster: Self::cluster(*cluster),
        }));
        facts
    }

    /// Teams and projects.
    fn work(&self) -> Vec<Change> {
        let (team, project) =
            (|number| id(TeamId::from_uuid, number), |number| id(ProjectId::from_uuid, number));
        let teams = self.teams.iter().enumerate();
        let projects = self.projects.iter().enumerate();
        let mut facts: Vec<_> = teams
            .map(|(number, at)| Change::Team { id: team(number), organization: Self::organization(*at) })
            .collect();
        facts.extend(projects.map(|(number, at)| Change::Project {
            id: project(number),
            organization: Self::organization(*at),
        }));
        facts.extend(self.members.iter().map(|((of, user), role)| Change::TeamMember {
            team: team(*of),
            user: Self::user(*user),
            role: *role,
        }));
        facts.extend(self.shares.iter().map(|((what, with), role)| Change::ProjectTeam {
            project: project(*what),
            team: team(*with),
            role: *role,
        }));
        facts
    }

    /// The organization and everything above it, by the numbers alone.
    pub(super) fn line(&self, number: usize) -> BTreeSet<usize> {
        let parent = |here: &usize| self.organizations.get(*here).and_then(|(_, parent)| *parent);
        std::iter::successors(Some(number), parent).collect()
    }

    pub(super) fn is_site_administrator(&self, user: usize) -> bool {
        self.users[user].0 == RealmId::PLATFORM
            && self.administrations.contains(&(user, Administration::Site, RealmId::PLATFORM))
    }

    /// Whether somebody was given something at an organization.
    pub(super) fn has_grant(&self, user: usize, at: OrganizationId) -> bool {
        self.grants.iter().any(|given| given.user == user && Self::organization(given.organization) == at)
    }
}

pub(super) fn times() -> impl Strategy<Value = Timestamp> {
    (0..6i64).prop_map(|second| Timestamp::from_millis(second * 1_000))
}

/// What a custom role is made of. Some keys come often, so that they meet.
pub(super) fn keys() -> impl Strategy<Value = PermissionSet> {
    use Permission as P;
    let usual = vec![
        P::OrganizationsView,
        P::OrganizationsMove,
        P::MembersView,
        P::MembersAssign,
        P::TeamsView,
        P::ProjectsView,
        P::ProjectsAssign,
        P::RolesView,
        P::RolesUpdate,
        P::ClustersView,
    ];
    let all: Vec<_> = ASSIGNABLE.iter().collect();
    let of = |from: Vec<Permission>| subsequence(from.clone(), 0..=from.len());
    prop_oneof![3 => of(usual), 1 => of(all.clone()), 1 => Just(all)]
        .prop_map(|permissions| permissions.into_iter().collect())
}

/// Organizations, of which those with `false` are in the realm of their parent.
fn trees() -> impl Strategy<Value = Vec<(RealmId, Option<usize>)>> {
    let nodes = prop::collection::vec(
        (select(&REALMS[..]), any::<Option<Index>>(), prop::bool::weighted(0.2)),
        1..10,
    );
    nodes.prop_map(|nodes| {
        let mut organizations: Vec<(RealmId, Option<usize>)> = Vec::new();
        for (realm, parent, strays) in nodes {
            let parent = parent.filter(|_| !organizations.is_empty()).map(|at| at.index(organizations.len()));
            let of_parent = parent.map(|parent| organizations[parent].0);
            organizations.push((of_parent.filter(|_| !strays).unwrap_or(realm), parent));
        }
        organizations
    })
}

type Places = (Vec<Index>, Vec<(Index, Index, TeamRole)>, Vec<Index>, Vec<(Index, Index, TeamRole)>);

/// Teams, who is in them, projects, and which teams work on them.
fn places() -> impl Strategy<Value = Places> {
    let within = || prop::collection::vec(any::<Index>(), 0..5);
    let between = || prop::collection::vec((any::<Index>(), any::<Index>(), select(TeamRole::ALL)), 0..8);
    (within(), between(), within(), between())
}

pub(super) fn worlds() -> impl Strategy<Value = World> {
    let access =
        prop_oneof![4 => Just(Access::Enabled), 1 => Just(Access::NoConsole), 1 => Just(Access::Disabled)];
    let users = prop::collection::vec((select(&REALMS[..]), access), 1..5);
    let roles = prop::collection::vec((any::<Index>(), keys()), 0..4);
    let role = prop_oneof![3 => select(Role::BUILT_IN).prop_map(Ok), 2 => any::<Index>().prop_map(Err)];
    let grants = prop::collection::vec(
        (
            any::<Index>(),
            any::<Index>(),
            role,
            select(&[Reach::Here, Reach::Beneath][..]),
            prop::option::of(times()),
        ),
        0..8,
    );
    let levels = select(&[Administration::Site, Administration::Client][..]);
    let administrations = prop::collection::vec((any::<Index>(), levels, select(&REALMS[..])), 0..3);
    let placements = prop::collection::vec((any::<Index>(), any::<Index>()), 0..6);
    (trees(), users, (roles, grants), administrations, places(), 1..4usize, placements).prop_map(
        |(organizations, users, (roles, grants), administrations, work, clusters, placements)| {
            let (count, people) = (organizations.len(), users.len());
            let custom = |role: Index| match roles.len() {
                0 => Role::Administrator,
                some => Role::Custom(id(RoleId::from_uuid, role.index(some))),
            };
            let grants = grants.into_iter().map(|(user, organization, role, reach, expires_at)| Grant {
                user: user.index(people),
                organization: organization.index(count),
                role: role.unwrap_or_else(custom),
                reach,
                expires_at,
            });
            let grants = grants.collect();
            let at = |places: Vec<Index>| places.into_iter().map(|at| at.index(count)).collect::<Vec<_>>();
            let (teams, members, projects, shares) = work;
            let (teams, projects) = (at(teams), at(projects));
            let join = |pairs: Vec<(Index, Index, TeamRole)>, some: usize, others: usize| {
                let pairs = pairs.into_iter().filter(|_| some > 0 && others > 0);
                pairs.map(|(one, other, role)| ((one.index(some), other.index(others)), role)).collect()
            };
            let pair = |(one, other): (Index, Index)| (one.index(count), other.index(clusters));
            World {
                roles: roles.into_iter().map(|(at, keys)| (at.index(count), keys)).collect(),
                grants,
                administrations: administrations
                    .into_iter()
                    .map(|(user, level, realm)| (user.index(people), level, realm))
                    .collect(),
                members: join(members, teams.len(), people),
                shares: join(shares, projects.len(), teams.len()),
                placements: placements.into_iter().map(pair).collect(),
                organizations,
                users,
                teams,
                projects,
                clusters,
            }
        },
    )
}

pub(super) fn ceilings() -> impl Strategy<Value = PermissionSet> {
    let some = subsequence(Permission::ALL, 0..=Permission::ALL.len())
        .prop_map(|permissions| permissions.into_iter().collect());
    prop_oneof![Just(PermissionSet::ALL), some]
}

/// A world, one of its users with a credential, and a time.
pub(super) fn asked() -> impl Strategy<Value = (World, usize, Caller, Timestamp)> {
    (worlds(), any::<Index>(), any::<bool>(), ceilings(), times()).prop_map(
        |(world, who, session, ceiling, now)| {
            let number = who.index(world.users.len());
            let (user, realm) = (World::user(number), world.users[number].0);
            let caller = if session {
                Caller { ceiling, ..by_session(user, realm) }
            } else {
                by_token(user, realm, ceiling)
            };
            (world, number, caller, now)
        },
    )
}

/// Every object of a world with the realm that it lies in, and one of each kind that is not in it.
pub(super) fn objects(world: &World) -> Vec<(Option<RealmId>, Object)> {
    let mut objects = vec![(None, Object::Site), (None, Object::Hub(id(HubId::from_uuid, 0)))];
    for realm in REALMS {
        objects.extend([(Some(realm), Object::Realm(realm)), (Some(realm), Object::Commons(realm))]);
    }
    for (number, (realm, _)) in world.organizations.iter().enumerate() {
        let id = World::organization(number);
        objects.extend([(Some(*realm), Object::Organization(id)), (Some(*realm), Object::Billing(id))]);
    }
    let realm = |at: usize| world.organizations.get(at).map(|(realm, _)| *realm);
    let at = |places: &[usize], number: usize| places.get(number).and_then(|at| realm(*at));
    let defined_at: Vec<_> = world.roles.iter().map(|(at, _)| *at).collect();
    for number in 0..=world.teams.len() {
        objects.push((at(&world.teams, number), Object::Team(id(TeamId::from_uuid, number))));
    }
    for number in 0..=world.projects.len() {
        objects.push((at(&world.projects, number), Object::Project(id(ProjectId::from_uuid, number))));
    }
    for number in 0..=world.roles.len() {
        objects.push((at(&defined_at, number), Object::Role(id(RoleId::from_uuid, number))));
    }
    for (number, (realm, _)) in world.users.iter().enumerate() {
        objects.push((Some(*realm), Object::User(World::user(number))));
        objects.push((Some(*realm), Object::Own(World::user(number))));
    }
    objects.extend((0..=world.clusters).map(|number| (None, Object::Cluster(World::cluster(number)))));
    objects
}

pub(super) fn shown<T: Ord + Copy>(visible: &Visible<T>, id: &T, realm: Option<RealmId>) -> bool {
    match visible.scope() {
        Scope::All => true,
        Scope::Realm(of) => realm == Some(*of),
        Scope::These(ids) => ids.contains(id),
    }
}
