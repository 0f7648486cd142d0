//! A graph that follows changes is the graph that is built anew from what the store keeps at the end.

use bastide_authz::{Change, Graph};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, ProjectId, RealmId, RoleId, TeamId, Timestamp, UserId,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::facts::Facts;
use super::world::{REALMS, id, keys, times};

/// One thing that happens; what it happens to is chosen among what is there.
#[derive(Debug, Clone)]
enum Happening {
    OrganizationMade(RealmId, Option<Index>),
    OrganizationMoved(Index, Index),
    OrganizationGone(Index),
    UserMade(RealmId),
    UserChanged(Index, Access),
    RoleMade(Index, PermissionSet),
    RoleChanged(Index, PermissionSet),
    RoleGone(Index),
    Granted(Index, Index, Result<Role, Index>, Reach, Option<Timestamp>),
    Extended(Index, Reach, Option<Timestamp>),
    Withdrawn(Index),
    TeamMade(Index),
    TeamGone(Index),
    Joined(Index, Index, TeamRole),
    Left(Index),
    ProjectMade(Index),
    ProjectGone(Index),
    Shared(Index, Index, TeamRole),
    Unshared(Index),
    Administers(Index, Administration, RealmId),
    ClusterMade,
    ClusterGone(Index),
    Placed(Index, Index),
    Unplaced(Index),
}

fn happenings() -> impl Strategy<Value = Happening> {
    let realm = || select(&REALMS[..]);
    let access = select(&[Access::Enabled, Access::NoConsole, Access::Disabled][..]);
    let reach = || select(&[Reach::Here, Reach::Beneath][..]);
    let level = select(&[Administration::Site, Administration::Client][..]);
    let any = any::<Index>;
    let team_role = || select(TeamRole::ALL);
    let role = prop_oneof![select(Role::BUILT_IN).prop_map(Ok), any().prop_map(Err)];
    let end = || prop::option::of(times());
    let places = prop_oneof![
        4 => (realm(), proptest::arbitrary::any::<Option<Index>>())
            .prop_map(|(realm, parent)| Happening::OrganizationMade(realm, parent)),
        1 => (any(), any()).prop_map(|(what, to)| Happening::OrganizationMoved(what, to)),
        1 => any().prop_map(Happening::OrganizationGone),
        2 => Just(Happening::ClusterMade),
        1 => any().prop_map(Happening::ClusterGone),
        2 => (any(), any()).prop_map(|(what, to)| Happening::Placed(what, to)),
        1 => any().prop_map(Happening::Unplaced),
    ];
    let people = prop_oneof![
        2 => realm().prop_map(Happening::UserMade),
        1 => (any(), access).prop_map(|(who, access)| Happening::UserChanged(who, access)),
        1 => (any(), level, realm()).prop_map(|(who, level, realm)| Happening::Administers(who, level, realm)),
        2 => (any(), keys()).prop_map(|(at, keys)| Happening::RoleMade(at, keys)),
        1 => (any(), keys()).prop_map(|(role, keys)| Happening::RoleChanged(role, keys)),
        1 => any().prop_map(Happening::RoleGone),
        3 => (any(), any(), role, reach(), end())
            .prop_map(|(user, at, role, reach, end)| Happening::Granted(user, at, role, reach, end)),
        1 => (any(), reach(), end()).prop_map(|(what, reach, end)| Happening::Extended(what, reach, end)),
        1 => any().prop_map(Happening::Withdrawn),
    ];
    let work = prop_oneof![
        3 => any().prop_map(Happening::TeamMade),
        1 => any().prop_map(Happening::TeamGone),
        3 => (any(), any(), team_role()).prop_map(|(team, who, role)| Happening::Joined(team, who, role)),
        1 => any().prop_map(Happening::Left),
        3 => any().prop_map(Happening::ProjectMade),
        1 => any().prop_map(Happening::ProjectGone),
        3 => (any(), any(), team_role()).prop_map(|(what, team, role)| Happening::Shared(what, team, role)),
        1 => any().prop_map(Happening::Unshared),
    ];
    prop_oneof![places, people, work]
}

fn pick<T: Clone>(items: impl IntoIterator<Item = T>, at: Index) -> Option<T> {
    let items: Vec<_> = items.into_iter().collect();
    (!items.is_empty()).then(|| items[at.index(items.len())].clone())
}

/// What happened so far.
#[derive(Debug, Default)]
struct History {
    facts: Facts,
    changes: Vec<Change>,
    made: usize,
}

impl History {
    fn fresh<T>(&mut self, make: fn(uuid::Uuid) -> T) -> T {
        self.made += 1;
        id(make, self.made)
    }

    /// Lets something happen; nothing when there is nothing that it could happen to.
    fn happen(&mut self, happening: &Happening) {
        let change =
            self.places(happening).or_else(|| self.people(happening)).or_else(|| self.work(happening));
        if let Some(change) = change {
            self.facts.take_in(&change);
            self.changes.push(change);
        }
    }

    fn places(&mut self, happening: &Happening) -> Option<Change> {
        let organizations = &self.facts.organizations;
        Some(match *happening {
            Happening::OrganizationMade(realm, parent) => {
                let parent = parent.and_then(|at| pick(organizations.keys().copied(), at));
                Change::Organization { id: self.fresh(OrganizationId::from_uuid), realm, parent }
            }
            Happening::OrganizationMoved(what, to) => {
                let id = pick(organizations.keys().copied(), what)?;
                let parent = pick(organizations.keys().copied(), to)?;
                let parent = (!self.facts.line(parent).contains(&id)).then_some(parent);
                Change::Organization { id, realm: organizations[&id].0, parent }
            }
            Happening::OrganizationGone(what) => {
                let is_leaf =
                    |id: &OrganizationId| organizations.values().all(|(_, parent)| *parent != Some(*id));
                Change::OrganizationGone { id: pick(organizations.keys().copied().filter(is_leaf), what)? }
            }
            Happening::ClusterMade => {
                Change::Cluster { id: self.fresh(ClusterId::from_uuid), hub: id(HubId::from_uuid, 0) }
            }
            Happening::ClusterGone(what) => {
                Change::ClusterGone { id: pick(self.facts.clusters.keys().copied(), what)? }
            }
            Happening::Placed(what, to) => Change::Placement {
                organization: pick(organizations.keys().copied(), what)?,
                cluster: pick(self.facts.clusters.keys().copied(), to)?,
            },
            Happening::Unplaced(what) => {
                let (organization, cluster) = pick(self.facts.placements.iter().copied(), what)?;
                Change::PlacementGone { organization, cluster }
            }
            _ => return None,
        })
    }

    fn people(&mut self, happening: &Happening) -> Option<Change> {
        let Facts { users, organizations, roles, grants, .. } = &self.facts;
        Some(match *happening {
            Happening::UserMade(realm) => {
                Change::User { id: self.fresh(UserId::from_uuid), realm, access: Access::Enabled }
            }
            Happening::UserChanged(who, access) => {
                let id = pick(users.keys().copied(), who)?;
                Change::User { id, realm: users[&id].0, access }
            }
            Happening::Administers(who, level, realm) => {
                Change::Administration { user: pick(users.keys().copied(), who)?, level, realm }
            }
            Happening::RoleMade(at, permissions) => {
                let organization = pick(organizations.keys().copied(), at)?;
                Change::Role { id: self.fresh(RoleId::from_uuid), organization, permissions }
            }
            Happening::RoleChanged(what, permissions) => {
                let id = pick(roles.keys().copied(), what)?;
                Change::Role { id, organization: roles[&id].0, permissions }
            }
            Happening::RoleGone(what) => Change::RoleGone { id: pick(roles.keys().copied(), what)? },
            Happening::Granted(who, at, role, reach, expires_at) => {
                let user = pick(users.keys().copied(), who)?;
                let organization = pick(organizations.keys().copied(), at)?;
                let role = match role {
                    Ok(role) => role,
                    Err(custom) => Role::Custom(pick(roles.keys().copied(), custom)?),
                };
                let id = self.fresh(AssignmentId::from_uuid);
                Change::Assignment { id, user, organization, role, reach, expires_at }
            }
            Happening::Extended(what, reach, expires_at) => {
                let (id, grant) = pick(grants, what)?;
                let (user, organization, role) = (grant.user, grant.organization, grant.role);
                Change::Assignment { id: *id, user, organization, role, reach, expires_at }
            }
            Happening::Withdrawn(what) => {
                let (id, grant) = pick(grants, what)?;
                Change::AssignmentGone { id: *id, user: grant.user }
            }
            _ => return None,
        })
    }

    fn work(&mut self, happening: &Happening) -> Option<Change> {
        let Facts { organizations, users, teams, members, projects, shares, .. } = &self.facts;
        Some(match *happening {
            Happening::TeamMade(at) => {
                let organization = pick(organizations.keys().copied(), at)?;
                Change::Team { id: self.fresh(TeamId::from_uuid), organization }
            }
            Happening::TeamGone(what) => Change::TeamGone { id: pick(teams.keys().copied(), what)? },
            Happening::Joined(team, who, role) => {
                let (team, user) = (pick(teams.keys().copied(), team)?, pick(users.keys().copied(), who)?);
                Change::TeamMember { team, user, role }
            }
            Happening::Left(what) => {
                let (team, user) = pick(members.keys().copied(), what)?;
                Change::TeamMemberGone { team, user }
            }
            Happening::ProjectMade(at) => {
                let organization = pick(organizations.keys().copied(), at)?;
                Change::Project { id: self.fresh(ProjectId::from_uuid), organization }
            }
            Happening::ProjectGone(what) => Change::ProjectGone { id: pick(projects.keys().copied(), what)? },
            Happening::Shared(what, team, role) => {
                let (project, of) = pick(projects, what)?;
                let team = pick(teams.iter().filter(|(_, at)| *at == of).map(|(id, _)| *id), team)?;
                Change::ProjectTeam { project: *project, team, role }
            }
            Happening::Unshared(what) => {
                let (project, team) = pick(shares.keys().copied(), what)?;
                Change::ProjectTeamGone { project, team }
            }
            _ => return None,
        })
    }
}

/// What happened, as changes, and the facts at the end.
fn told(happenings: &[Happening]) -> (Vec<Change>, Facts) {
    let mut history = History::default();
    for happening in happenings {
        history.happen(happening);
    }
    (history.changes, history.facts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// A graph that followed every change is the graph that is built from the facts at the end.
    #[test]
    fn the_followed_graph_is_the_rebuilt_graph(happenings in prop::collection::vec(happenings(), 0..100)) {
        let (changes, facts) = told(&happenings);
        let mut followed = Graph::default();
        let last = i64::try_from(changes.len()).unwrap();
        for (revision, change) in (1..).zip(changes) {
            followed.advance(revision, [change]);
        }
        prop_assert_eq!(followed, Graph::build(last, facts.all()));
    }

    /// Changes that are in the graph already may come again, as long as everything after them comes, too: a replica that
    /// reads while others write sees some of them early.
    #[test]
    fn changes_may_come_again(
        happenings in prop::collection::vec(happenings(), 1..100),
        from in any::<Index>(),
        more in any::<Index>(),
    ) {
        let (changes, facts) = told(&happenings);
        let from = from.index(changes.len() + 1);
        let seen = from + more.index(changes.len() + 1 - from);
        let mut graph = Graph::build(1, changes[..seen].iter().cloned());
        graph.advance(2, changes[from..].iter().cloned());
        prop_assert_eq!(graph, Graph::build(2, facts.all()));
    }
}
