//! What holds for every graph and every caller.

use std::collections::{BTreeMap, BTreeSet};

use bastide_authz::action::{
    AdvanceDeletion, CompleteSetup, CreateOrganization, DeleteOrganization, RenewCertificate, ReportCluster,
    RequestJoin, SetDesired, SignIn, UpdateOrganization, ViewCluster, ViewMembers, ViewOrganization,
};
use bastide_authz::target::Object;
use bastide_authz::visible::{Scope, Visible};
use bastide_authz::{Action, Change, Graph, Site, Source};
use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, Error, HubId, OrganizationId, Permission, RealmId, Result, Timestamp, UserId,
};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use uuid::Uuid;

use crate::cast::{BRAND, OTHER, by_session, by_token};

const REALMS: [RealmId; 3] = [RealmId::PLATFORM, BRAND, OTHER];

fn id<T>(make: fn(Uuid) -> T, number: usize) -> T {
    make(Uuid::from_u128(u128::try_from(number).unwrap() + 1))
}

/// A grant by numbers.
#[derive(Debug, Clone)]
struct Grant {
    user: usize,
    organization: usize,
    role: Role,
    reach: Reach,
    expires_at: Option<Timestamp>,
}

/// Facts by numbers, among them such as the store refuses: grants and administrations across realms.
#[derive(Debug, Clone)]
struct World {
    /// Realm and parent; a parent comes before its children and may lie in another realm.
    organizations: Vec<(RealmId, Option<usize>)>,
    users: Vec<(RealmId, Access)>,
    grants: Vec<Grant>,
    administrations: Vec<(usize, Administration, RealmId)>,
    clusters: usize,
    placements: Vec<(usize, usize)>,
}

impl World {
    fn organization(number: usize) -> OrganizationId {
        id(OrganizationId::from_uuid, number)
    }

    fn user(number: usize) -> UserId {
        id(UserId::from_uuid, number)
    }

    fn cluster(number: usize) -> ClusterId {
        id(ClusterId::from_uuid, number)
    }

    fn graph(&self) -> Graph {
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
        facts.extend((0..self.clusters).map(|number| Change::Cluster { id: Self::cluster(number), hub }));
        facts.extend(self.placements.iter().map(|(organization, cluster)| Change::Placement {
            organization: Self::organization(*organization),
            cluster: Self::cluster(*cluster),
        }));
        Graph::build(1, facts)
    }

    /// The organization and everything above it, by the numbers alone.
    fn line(&self, number: usize) -> BTreeSet<usize> {
        let parent = |here: &usize| self.organizations.get(*here).and_then(|(_, parent)| *parent);
        std::iter::successors(Some(number), parent).collect()
    }

    fn is_site_administrator(&self, user: usize) -> bool {
        self.users[user].0 == RealmId::PLATFORM
            && self.administrations.contains(&(user, Administration::Site, RealmId::PLATFORM))
    }
}

fn times() -> impl Strategy<Value = Timestamp> {
    (0..6i64).prop_map(|second| Timestamp::from_millis(second * 1_000))
}

fn worlds() -> impl Strategy<Value = World> {
    let organizations =
        prop::collection::vec((select(&REALMS[..]), any::<Option<Index>>(), any::<bool>()), 1..10);
    let access =
        prop_oneof![4 => Just(Access::Enabled), 1 => Just(Access::NoConsole), 1 => Just(Access::Disabled)];
    let users = prop::collection::vec((select(&REALMS[..]), access), 1..5);
    let grants = prop::collection::vec(
        (
            any::<Index>(),
            any::<Index>(),
            select(&[Role::Owner, Role::Administrator, Role::BillingAdministrator][..]),
            select(&[Reach::Here, Reach::Beneath][..]),
            prop::option::of(times()),
        ),
        0..8,
    );
    let levels = select(&[Administration::Site, Administration::Client][..]);
    let administrations = prop::collection::vec((any::<Index>(), levels, select(&REALMS[..])), 0..3);
    let placements = prop::collection::vec((any::<Index>(), any::<Index>()), 0..6);
    (organizations, users, grants, administrations, 1..4usize, placements).prop_map(
        |(nodes, users, grants, administrations, clusters, placements)| {
            let mut organizations: Vec<(RealmId, Option<usize>)> = Vec::new();
            for (realm, parent, strays) in nodes {
                let parent =
                    parent.filter(|_| !organizations.is_empty()).map(|at| at.index(organizations.len()));
                let of_parent = parent.map(|parent| organizations[parent].0);
                organizations.push((of_parent.filter(|_| !strays).unwrap_or(realm), parent));
            }
            let (count, people) = (organizations.len(), users.len());
            let grants = grants.into_iter().map(|(user, organization, role, reach, expires_at)| Grant {
                user: user.index(people),
                organization: organization.index(count),
                role,
                reach,
                expires_at,
            });
            let administrations =
                administrations.into_iter().map(|(user, level, realm)| (user.index(people), level, realm));
            let placements =
                placements.into_iter().map(|(one, other)| (one.index(count), other.index(clusters)));
            World {
                grants: grants.collect(),
                administrations: administrations.collect(),
                placements: placements.collect(),
                organizations,
                users,
                clusters,
            }
        },
    )
}

fn ceilings() -> impl Strategy<Value = PermissionSet> {
    let some = subsequence(Permission::ALL, 0..=Permission::ALL.len())
        .prop_map(|permissions| permissions.into_iter().collect());
    prop_oneof![Just(PermissionSet::ALL), some]
}

/// A world, one of its users with a credential, and a time.
fn asked() -> impl Strategy<Value = (World, usize, Caller, Timestamp)> {
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

/// Every object of a world, and one of each kind that is not in it.
fn objects(world: &World) -> Vec<(Option<RealmId>, Object)> {
    let mut objects = vec![(None, Object::Site), (None, Object::Hub(id(HubId::from_uuid, 0)))];
    for realm in REALMS {
        objects.extend([(Some(realm), Object::Realm(realm)), (Some(realm), Object::Commons(realm))]);
    }
    for (number, (realm, _)) in world.organizations.iter().enumerate() {
        objects.push((Some(*realm), Object::Organization(World::organization(number))));
    }
    for (number, (realm, _)) in world.users.iter().enumerate() {
        objects.push((Some(*realm), Object::User(World::user(number))));
        objects.push((Some(*realm), Object::Own(World::user(number))));
    }
    objects.extend((0..=world.clusters).map(|number| (None, Object::Cluster(World::cluster(number)))));
    objects
}

fn shown<T: Ord + Copy>(visible: &Visible<T>, id: &T, realm: Option<RealmId>) -> bool {
    match visible.scope() {
        Scope::All => true,
        Scope::Realm(of) => realm == Some(*of),
        Scope::These(ids) => ids.contains(id),
    }
}

/// The answers to every action of people on organizations, without what cannot be compared.
fn answers(graph: &Graph, caller: &Caller, id: OrganizationId, now: Timestamp) -> [Result<()>; 5] {
    fn ask<A: Action<Target = OrganizationId>>(
        graph: &Graph,
        caller: &Caller,
        id: OrganizationId,
        now: Timestamp,
    ) -> Result<()> {
        graph.authorize::<A>(caller, id, now).map(|_| ())
    }
    [
        ask::<ViewOrganization>(graph, caller, id, now),
        ask::<CreateOrganization>(graph, caller, id, now),
        ask::<UpdateOrganization>(graph, caller, id, now),
        ask::<DeleteOrganization>(graph, caller, id, now),
        ask::<ViewMembers>(graph, caller, id, now),
    ]
}

const NEEDED: [Permission; 5] = [
    Permission::OrganizationsView,
    Permission::OrganizationsCreate,
    Permission::OrganizationsUpdate,
    Permission::OrganizationsDelete,
    Permission::MembersView,
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// The list shows an organization exactly when a check of it succeeds.
    #[test]
    fn visible_organizations_are_those_that_may_be_viewed((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let visible = graph.visible_organizations(&caller, now);
        for (number, (realm, _)) in world.organizations.iter().enumerate() {
            let id = World::organization(number);
            let allowed = graph.authorize::<ViewOrganization>(&caller, id, now);
            match &visible {
                Ok(visible) => prop_assert_eq!(shown(visible, &id, Some(*realm)), allowed.is_ok()),
                Err(error) => prop_assert_eq!(Some(error), allowed.as_ref().err()),
            }
        }
        if let Ok(Scope::These(ids)) = visible.as_ref().map(Visible::scope) {
            prop_assert!(ids.iter().all(|id| graph.realm_of_organization(*id).is_some()));
        }
    }

    /// The same for clusters.
    #[test]
    fn visible_clusters_are_those_that_may_be_viewed((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let visible = graph.visible_clusters(&caller, now);
        for number in 0..world.clusters {
            let id = World::cluster(number);
            let allowed = graph.authorize::<ViewCluster>(&caller, id, now);
            match &visible {
                Ok(visible) => prop_assert_eq!(shown(visible, &id, None), allowed.is_ok()),
                Err(error) => prop_assert_eq!(Some(error), allowed.as_ref().err()),
            }
        }
    }

    /// HIER-4: what is held at an organization comes from it and from above it; a sibling, a child or another tree gives
    /// nothing, and takes nothing away.
    #[test]
    fn hier_4_permissions_never_come_from_beside_or_beneath(
        (world, _, caller, now) in asked(),
        at in any::<Index>(),
    ) {
        let target = at.index(world.organizations.len());
        let line = world.line(target);
        let mut alone = world.clone();
        alone.grants.retain(|grant| line.contains(&grant.organization));
        let object = Object::Organization(World::organization(target));
        prop_assert_eq!(world.graph().held(&caller, object, now), alone.graph().held(&caller, object, now));
    }

    /// CLI-4, HIER-3: whoever does not administer the site holds nothing in another realm, whatever the facts say.
    #[test]
    fn cli_4_nothing_crosses_a_realm((world, number, caller, now) in asked()) {
        prop_assume!(!world.is_site_administrator(number));
        let graph = world.graph();
        for (realm, object) in objects(&world) {
            if realm.is_some_and(|realm| realm != caller.realm)
                && let Ok(held) = graph.held(&caller, object, now)
            {
                prop_assert!(held.is_empty(), "{:?}", object);
            }
        }
    }

    /// ROLE-10: what is explained is what is decided, and every grant that is named exists and reaches the object.
    #[test]
    fn role_10_an_explanation_is_the_decision((world, number, caller, now) in asked()) {
        let graph = world.graph();
        for (_, object) in objects(&world) {
            let held = graph.held(&caller, object, now);
            for permission in Permission::ALL.iter().copied() {
                let explained = graph.explain(&caller, object, permission, now);
                let verdict = match &held {
                    Err(_) => "account_unusable",
                    Ok(held) if held.is_empty() => "assignment_missing",
                    Ok(held) if !held.contains(permission) => "permission_missing",
                    Ok(_) if !caller.ceiling.contains(permission) => "token_narrowed",
                    Ok(_) => "allowed",
                };
                prop_assert_eq!(explained.verdict.as_str(), verdict, "{:?} {}", object, permission);
                let gives_it = explained.grants.iter().any(|grant| grant.gives_it);
                prop_assert_eq!(gives_it, held.as_ref().is_ok_and(|held| held.contains(permission)));
                for grant in explained.grants {
                    let Source::Assignment { organization, expires_at, .. } = grant.source else { continue };
                    prop_assert!(expires_at.is_none_or(|end| now < end));
                    let given = world.grants.iter().any(|given| {
                        given.user == number && World::organization(given.organization) == organization
                    });
                    prop_assert!(given, "nobody gave that");
                }
            }
        }
    }

    /// ROLE-9: at every moment the graph decides as if the grants that have ended were not there.
    #[test]
    fn role_9_an_ended_grant_is_no_grant((world, _, caller, now) in asked()) {
        let mut present = world.clone();
        present.grants.retain(|grant| grant.expires_at.is_none_or(|end| now < end));
        let (with, without) = (world.graph(), present.graph());
        for (_, object) in objects(&world) {
            prop_assert_eq!(with.held(&caller, object, now), without.held(&caller, object, now));
        }
        let lists = |graph: &Graph| (graph.visible_organizations(&caller, now), graph.visible_clusters(&caller, now));
        prop_assert_eq!(lists(&with), lists(&without));
    }

    /// SEC-3: a token allows what its owner may do and it names, nothing else.
    #[test]
    fn sec_3_a_ceiling_only_narrows((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let unlimited = Caller { ceiling: PermissionSet::ALL, ..caller.clone() };
        for number in 0..world.organizations.len() {
            let id = World::organization(number);
            let (with, without) = (answers(&graph, &caller, id, now), answers(&graph, &unlimited, id, now));
            for ((with, without), permission) in with.into_iter().zip(without).zip(NEEDED) {
                let expected = match without {
                    Ok(()) if !caller.ceiling.contains(permission) => Err(Error::Forbidden { permission }),
                    other => other,
                };
                prop_assert_eq!(with, expected);
            }
        }
        if let Ok(all) = graph.visible_organizations(&unlimited, now) {
            let some = graph.visible_organizations(&caller, now).unwrap();
            let may_view = caller.ceiling.contains(Permission::OrganizationsView);
            let expected = if may_view { all.scope().clone() } else { Scope::These([].into()) };
            prop_assert_eq!(some.scope(), &expected);
        }
    }

    /// ROLE-10: what is held explains every answer: allowed when the permission is held, 403 when others are, 404 when
    /// none is (HIER-6).
    #[test]
    fn role_10_what_is_held_explains_the_check((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let caller = Caller { ceiling: PermissionSet::ALL, ..caller };
        for number in 0..=world.organizations.len() {
            let id = World::organization(number);
            let held = graph.held(&caller, Object::Organization(id), now);
            for (answer, permission) in answers(&graph, &caller, id, now).into_iter().zip(NEEDED) {
                let expected = match &held {
                    Err(error) => Err(error.clone()),
                    Ok(held) if held.contains(permission) => Ok(()),
                    Ok(held) if held.is_empty() => Err(Error::NotFound),
                    Ok(_) => Err(Error::Forbidden { permission }),
                };
                prop_assert_eq!(answer, expected);
            }
        }
    }

    /// Who is told a role sees the organization, and who sees it is told a role.
    #[test]
    fn a_role_is_told_exactly_to_those_who_see((world, number, caller, now) in asked()) {
        let graph = world.graph();
        for at in 0..world.organizations.len() {
            let id = World::organization(at);
            if let Ok(held) = graph.held(&caller, Object::Organization(id), now) {
                prop_assert_eq!(graph.role_at(World::user(number), id, now).is_some(), !held.is_empty());
            }
        }
    }

    /// Nobody but a controller or an agent gets what is theirs, whatever they hold.
    #[test]
    fn reserved_actions_are_never_allowed_to_callers((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let hub = id(HubId::from_uuid, 0);
        prop_assert!(graph.authorize::<CompleteSetup>(&caller, Site, now).is_err());
        prop_assert!(graph.authorize::<RequestJoin>(&caller, hub, now).is_err());
        for number in 0..world.users.len() {
            prop_assert!(graph.authorize::<SignIn>(&caller, World::user(number), now).is_err());
        }
        for number in 0..world.organizations.len() {
            let id = World::organization(number);
            prop_assert!(graph.authorize::<AdvanceDeletion>(&caller, id, now).is_err());
        }
        for number in 0..world.clusters {
            let id = World::cluster(number);
            prop_assert!(graph.authorize::<ReportCluster>(&caller, id, now).is_err());
            prop_assert!(graph.authorize::<RenewCertificate>(&caller, id, now).is_err());
            prop_assert!(graph.authorize::<SetDesired>(&caller, id, now).is_err());
        }
    }
}

/// The facts as a store keeps them: the truth that the graph is an index of.
#[derive(Debug, Default, Clone)]
struct Facts {
    organizations: BTreeMap<usize, (RealmId, Option<usize>)>,
    users: BTreeMap<usize, (RealmId, Access)>,
    grants: BTreeMap<usize, Grant>,
    administrations: BTreeSet<(usize, &'static str, RealmId)>,
    clusters: BTreeSet<usize>,
    placements: BTreeSet<(usize, usize)>,
    made: usize,
}

/// One thing that happens; what it happens to is chosen among what is there.
#[derive(Debug, Clone, Copy)]
enum Happening {
    OrganizationMade(RealmId, Option<Index>),
    OrganizationMoved(Index, Index),
    OrganizationGone(Index),
    UserMade(RealmId),
    UserChanged(Index, Access),
    Granted(Index, Index, Role, Reach, Option<Timestamp>),
    Withdrawn(Index),
    Administers(Index, Administration, RealmId),
    ClusterMade,
    ClusterGone(Index),
    Placed(Index, Index),
    Unplaced(Index),
}

fn happenings() -> impl Strategy<Value = Happening> {
    let realm = || select(&REALMS[..]);
    let access = select(&[Access::Enabled, Access::NoConsole, Access::Disabled][..]);
    let reach = select(&[Reach::Here, Reach::Beneath][..]);
    let level = select(&[Administration::Site, Administration::Client][..]);
    let any = any::<Index>;
    prop_oneof![
        4 => (realm(), proptest::arbitrary::any::<Option<Index>>())
            .prop_map(|(realm, parent)| Happening::OrganizationMade(realm, parent)),
        1 => (any(), any()).prop_map(|(what, to)| Happening::OrganizationMoved(what, to)),
        1 => any().prop_map(Happening::OrganizationGone),
        2 => realm().prop_map(Happening::UserMade),
        1 => (any(), access).prop_map(|(who, access)| Happening::UserChanged(who, access)),
        3 => (any(), any(), select(&[Role::Owner, Role::Administrator, Role::BillingAdministrator][..]), reach, prop::option::of(times()))
            .prop_map(|(user, at, role, reach, end)| Happening::Granted(user, at, role, reach, end)),
        1 => any().prop_map(Happening::Withdrawn),
        1 => (any(), level, realm()).prop_map(|(who, level, realm)| Happening::Administers(who, level, realm)),
        2 => Just(Happening::ClusterMade),
        1 => any().prop_map(Happening::ClusterGone),
        2 => (any(), any()).prop_map(|(what, to)| Happening::Placed(what, to)),
        1 => any().prop_map(Happening::Unplaced),
    ]
}

fn pick<T: Clone>(items: impl IntoIterator<Item = T>, at: Index) -> Option<T> {
    let items: Vec<_> = items.into_iter().collect();
    (!items.is_empty()).then(|| items[at.index(items.len())].clone())
}

impl Facts {
    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    fn is_beneath(&self, mut here: usize, above: usize) -> bool {
        loop {
            if here == above {
                return true;
            }
            match self.organizations.get(&here) {
                Some((_, Some(parent))) => here = *parent,
                _ => return false,
            }
        }
    }

    fn organization(&self, number: usize) -> Change {
        let (realm, parent) = self.organizations[&number];
        let (id, parent) = (World::organization(number), parent.map(World::organization));
        Change::Organization { id, realm, parent }
    }

    fn grant(number: usize, grant: &Grant) -> Change {
        Change::Assignment {
            id: id(AssignmentId::from_uuid, number),
            user: World::user(grant.user),
            organization: World::organization(grant.organization),
            role: grant.role,
            reach: grant.reach,
            expires_at: grant.expires_at,
        }
    }

    fn cluster(number: usize) -> Change {
        Change::Cluster { id: World::cluster(number), hub: id(HubId::from_uuid, 0) }
    }

    fn placement((organization, cluster): (usize, usize)) -> Change {
        let (organization, cluster) = (World::organization(organization), World::cluster(cluster));
        Change::Placement { organization, cluster }
    }

    fn user(&self, number: usize) -> Change {
        let (realm, access) = self.users[&number];
        Change::User { id: World::user(number), realm, access }
    }

    /// Lets something happen, and says it as a change; nothing when there is nothing that it could happen to.
    fn happen(&mut self, happening: Happening) -> Option<Change> {
        match happening {
            Happening::OrganizationMade(realm, parent) => {
                let parent = parent.and_then(|at| pick(self.organizations.keys().copied(), at));
                let number = self.next();
                self.organizations.insert(number, (realm, parent));
                Some(self.organization(number))
            }
            Happening::OrganizationMoved(what, to) => {
                let number = pick(self.organizations.keys().copied(), what)?;
                let parent = pick(self.organizations.keys().copied(), to)?;
                let parent = (!self.is_beneath(parent, number)).then_some(parent);
                self.organizations.get_mut(&number)?.1 = parent;
                Some(self.organization(number))
            }
            Happening::OrganizationGone(what) => {
                let has_children =
                    |number: &usize| self.organizations.values().any(|(_, parent)| *parent == Some(*number));
                let number = pick(self.organizations.keys().copied().filter(|n| !has_children(n)), what)?;
                self.organizations.remove(&number);
                self.grants.retain(|_, grant| grant.organization != number);
                self.placements.retain(|(organization, _)| *organization != number);
                Some(Change::OrganizationGone { id: World::organization(number) })
            }
            Happening::UserMade(realm) => {
                let number = self.next();
                self.users.insert(number, (realm, Access::Enabled));
                Some(self.user(number))
            }
            Happening::UserChanged(who, access) => {
                let number = pick(self.users.keys().copied(), who)?;
                self.users.get_mut(&number)?.1 = access;
                Some(self.user(number))
            }
            other => self.happen_between(other),
        }
    }

    /// The same for what lies between two things.
    fn happen_between(&mut self, happening: Happening) -> Option<Change> {
        match happening {
            Happening::Granted(who, at, role, reach, expires_at) => {
                let user = pick(self.users.keys().copied(), who)?;
                let organization = pick(self.organizations.keys().copied(), at)?;
                let (number, grant) = (self.next(), Grant { user, organization, role, reach, expires_at });
                let change = Self::grant(number, &grant);
                self.grants.insert(number, grant);
                Some(change)
            }
            Happening::Withdrawn(what) => {
                let number = pick(self.grants.keys().copied(), what)?;
                let grant = self.grants.remove(&number)?;
                let (id, user) = (id(AssignmentId::from_uuid, number), World::user(grant.user));
                Some(Change::AssignmentGone { id, user })
            }
            Happening::Administers(who, level, realm) => {
                let number = pick(self.users.keys().copied(), who)?;
                self.administrations.insert((number, level.as_str(), realm));
                Some(Change::Administration { user: World::user(number), level, realm })
            }
            Happening::ClusterMade => {
                let number = self.next();
                self.clusters.insert(number);
                Some(Self::cluster(number))
            }
            Happening::ClusterGone(what) => {
                let number = pick(self.clusters.iter().copied(), what)?;
                self.clusters.remove(&number);
                self.placements.retain(|(_, cluster)| *cluster != number);
                Some(Change::ClusterGone { id: World::cluster(number) })
            }
            Happening::Placed(what, to) => {
                let organization = pick(self.organizations.keys().copied(), what)?;
                let cluster = pick(self.clusters.iter().copied(), to)?;
                self.placements.insert((organization, cluster));
                Some(Self::placement((organization, cluster)))
            }
            Happening::Unplaced(what) => {
                let pair = pick(self.placements.iter().copied(), what)?;
                self.placements.remove(&pair);
                let (organization, cluster) = (World::organization(pair.0), World::cluster(pair.1));
                Some(Change::PlacementGone { organization, cluster })
            }
            _ => None,
        }
    }

    /// Everything as a list, parents first.
    fn all(&self) -> Vec<Change> {
        let mut all: Vec<_> = self.organizations.keys().map(|number| self.organization(*number)).collect();
        // A moved organization may stand before its parent; said a second time, it finds it.
        all.extend(all.clone());
        all.extend(self.users.keys().map(|number| self.user(*number)));
        all.extend(self.grants.iter().rev().map(|(number, grant)| Self::grant(*number, grant)));
        all.extend(self.administrations.iter().rev().map(|(user, level, realm)| Change::Administration {
            user: World::user(*user),
            level: level.parse().unwrap(),
            realm: *realm,
        }));
        all.extend(self.clusters.iter().map(|number| Self::cluster(*number)));
        all.extend(self.placements.iter().map(|pair| Self::placement(*pair)));
        all
    }
}

/// What happened, as changes, and the facts at the end.
fn told(happenings: Vec<Happening>) -> (Vec<Change>, Facts) {
    let mut facts = Facts::default();
    let changes = happenings.into_iter().filter_map(|one| facts.happen(one)).collect();
    (changes, facts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// A graph that followed every change is the graph that is built from the facts at the end.
    #[test]
    fn the_followed_graph_is_the_rebuilt_graph(happenings in prop::collection::vec(happenings(), 0..60)) {
        let (changes, facts) = told(happenings);
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
        happenings in prop::collection::vec(happenings(), 1..60),
        from in any::<Index>(),
        more in any::<Index>(),
    ) {
        let (changes, facts) = told(happenings);
        let from = from.index(changes.len() + 1);
        let seen = from + more.index(changes.len() + 1 - from);
        let mut graph = Graph::build(1, changes[..seen].iter().cloned());
        graph.advance(2, changes[from..].iter().cloned());
        prop_assert_eq!(graph, Graph::build(2, facts.all()));
    }
}

/// A world, one of its organizations, and where it goes: beneath another that does not lie beneath it, or to the root. Both
/// are of one realm.
fn moves() -> impl Strategy<Value = (World, usize, Option<usize>, Timestamp)> {
    (worlds(), any::<Index>(), any::<Option<Index>>(), times()).prop_map(|(world, what, to, now)| {
        let what = what.index(world.organizations.len());
        let fits = |number: &usize| {
            !world.line(*number).contains(&what)
                && world.organizations[*number].0 == world.organizations[what].0
        };
        let places: Vec<_> = (0..world.organizations.len()).filter(fits).collect();
        let to = to.filter(|_| !places.is_empty()).map(|to| places[to.index(places.len())]);
        (world, what, to, now)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// HIER-4, E-28: what a preview says is what everybody holds afterwards without what they hold before, everywhere; and
    /// what it does not say stays as it is.
    #[test]
    fn hier_4_a_preview_is_the_difference_that_the_move_makes((world, what, to, now) in moves()) {
        let before = world.graph();
        let mut after = before.clone();
        let id = World::organization(what);
        let realm = world.organizations[what].0;
        after.advance(2, [Change::Organization { id, realm, parent: to.map(World::organization) }]);
        let shifts = before.moving(id, to.map(World::organization), None, now).shifts();
        for (number, (realm, access)) in world.users.iter().enumerate() {
            let caller = by_token(World::user(number), *realm, PermissionSet::ALL);
            let one = before.moving(id, to.map(World::organization), Some(caller.user), now).shifts();
            let of_user: Vec<_> = shifts.iter().filter(|shift| shift.user == caller.user).cloned().collect();
            prop_assert_eq!(&one, &of_user);
            if *access == Access::Disabled {
                prop_assert!(one.is_empty(), "whoever cannot sign in gains and loses nothing");
                continue;
            }
            for at in 0..world.organizations.len() {
                let place = World::organization(at);
                let held = |graph: &Graph| graph.held(&caller, Object::Organization(place), now).unwrap();
                let (held_before, held_after) = (held(&before), held(&after));
                let said: Vec<_> = one.iter().filter(|shift| shift.organizations.contains(&place)).collect();
                if held_before == held_after {
                    prop_assert!(said.is_empty());
                } else {
                    prop_assert_eq!(said.len(), 1);
                    prop_assert_eq!((said[0].before.permissions, said[0].after.permissions), (held_before, held_after));
                    prop_assert_eq!(said[0].before.role, before.role_at(caller.user, place, now));
                    prop_assert_eq!(said[0].after.role, after.role_at(caller.user, place, now));
                    prop_assert!(world.line(at).contains(&what), "only what moves changes hands");
                    prop_assert!(said[0].gained().union(said[0].lost()) != PermissionSet::EMPTY);
                }
            }
        }
    }

    /// E-28: after a move somebody holds what was given there and above the new place, nothing of what was given above the
    /// old one.
    #[test]
    fn e_28_rights_after_a_move_are_those_of_the_new_lineage((world, what, to, now) in moves()) {
        let mut after = world.graph();
        let (id, realm) = (World::organization(what), world.organizations[what].0);
        after.advance(2, [Change::Organization { id, realm, parent: to.map(World::organization) }]);
        let mut line = to.map(|to| world.line(to)).unwrap_or_default();
        line.insert(what);
        let mut alone = world.clone();
        alone.grants.retain(|grant| line.contains(&grant.organization));
        let mut fresh = alone.graph();
        fresh.advance(2, [Change::Organization { id, realm, parent: to.map(World::organization) }]);
        for (number, (realm, access)) in world.users.iter().enumerate() {
            if *access == Access::Disabled {
                continue;
            }
            let caller = by_token(World::user(number), *realm, PermissionSet::ALL);
            let object = Object::Organization(id);
            prop_assert_eq!(after.held(&caller, object, now), fresh.held(&caller, object, now));
        }
    }
}
