//! The rules of the domain, each by name, where the role matrix is not enough to see them.

use bastide_authz::action::{
    AdvanceDeletion, ChangeChildren, CompleteSetup, CreateOrganization, CreateRootOrganization, CreateToken,
    CreateUser, DeleteOrganization, EndCluster, EndPlacement, ExpireRequest, MoveOrganization,
    RenewCertificate, ReportCluster, RequestJoin, SetDesired, SignIn, UpdateOrganization, ViewCluster,
    ViewHubs, ViewMembers, ViewOrganization, ViewOrganizationAudit, ViewOwn,
};
use bastide_authz::target::Object;
use bastide_authz::visible::Scope;
use bastide_authz::{Action, Actor, Change, Commons, Controller, Graph, Own, Permit, Realm, Site, action};
use bastide_model::access::Caller;
use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, Error, HubId, OrganizationId, Permission, RealmId, Result, RoleId, UserId,
};
use uuid::Uuid;

use crate::cast::{
    ADMINISTRATOR_BENEATH, ADMINISTRATOR_HERE, BILLING, BRAND, CHILD, CHILD_OWNER, CLIENT_ADMINISTRATOR,
    CORE_TEAM, DISABLED, ELSEWHERE, EXPIRED, GRANDCHILD, HUB, NO_CONSOLE, NOBODY, NOW, OTHER, ROOT,
    ROOT_OWNER, SHOP, SIBLING, SIBLING_OWNER, SITE_ADMINISTRATOR, SPARE, SPOKE, STRANGER, TEAM_ADMINISTRATOR,
    by_session, by_token, cast, organization, user, world, world_and,
};

/// An id that nothing has.
const UNKNOWN: OrganizationId = organization(0xDEAD);

fn may<A: Action>(graph: &Graph, user: UserId, target: A::Target) -> Result<Permit<A>> {
    let realm = graph.realm_of_user(user).unwrap();
    graph.authorize::<A>(&by_session(user, realm), target, NOW)
}

fn grant(number: u128, user: UserId, organization: OrganizationId, role: Role, reach: Reach) -> Change {
    let id = AssignmentId::from_uuid(Uuid::from_u128(number));
    Change::Assignment { id, user, organization, role, reach, expires_at: None }
}

fn administer(user: UserId, level: Administration, realm: RealmId) -> Change {
    Change::Administration { user, level, realm }
}

fn sees(graph: &Graph, user: UserId) -> Vec<OrganizationId> {
    let everything = [ROOT, CHILD, GRANDCHILD, SIBLING, ELSEWHERE];
    everything.into_iter().filter(|id| may::<ViewOrganization>(graph, user, *id).is_ok()).collect()
}

#[test]
fn hier_4_a_parent_sees_its_descendants_and_nobody_sees_up_or_sideways() {
    let graph = world();
    assert_eq!(sees(&graph, ROOT_OWNER), [ROOT, CHILD, GRANDCHILD, SIBLING]);
    assert_eq!(sees(&graph, CHILD_OWNER), [CHILD, GRANDCHILD]);
    assert_eq!(sees(&graph, SIBLING_OWNER), [SIBLING]);
    assert_eq!(sees(&graph, NOBODY), []);
    assert!(may::<DeleteOrganization>(&graph, ROOT_OWNER, GRANDCHILD).is_ok(), "the owner holds all beneath");
}

#[test]
fn hier_4_a_moved_organization_is_seen_from_where_it_is() {
    let graph = world_and([Change::Organization { id: CHILD, realm: BRAND, parent: Some(SIBLING) }]);
    assert_eq!(sees(&graph, SIBLING_OWNER), [CHILD, GRANDCHILD, SIBLING]);
    assert_eq!(sees(&graph, CHILD_OWNER), [CHILD, GRANDCHILD]);
    assert_eq!(sees(&graph, ROOT_OWNER), [ROOT, CHILD, GRANDCHILD, SIBLING]);
}

/// HIER-2: whatever is written down, nothing that was given in one realm is good for an account of another, not even by
/// way of a team.
#[test]
fn hier_2_neither_roles_nor_teams_cross_a_realm() {
    let graph = world_and([
        grant(90, STRANGER, CHILD, Role::Owner, Reach::Beneath),
        grant(91, STRANGER, CHILD, Role::BillingAdministrator, Reach::Beneath),
        Change::TeamMember { team: CORE_TEAM, user: STRANGER, role: TeamRole::Administrator },
    ]);
    let objects =
        [Object::Organization(CHILD), Object::Billing(CHILD), Object::Team(CORE_TEAM), Object::Project(SHOP)];
    for object in objects {
        let held = |user, realm| graph.held(&by_session(user, realm), object, NOW).unwrap_or_default();
        assert_eq!(held(STRANGER, OTHER), PermissionSet::EMPTY, "{object:?}");
        let own = if object == Object::Billing(CHILD) { BILLING } else { TEAM_ADMINISTRATOR };
        assert_ne!(held(own, BRAND), PermissionSet::EMPTY, "{object:?}");
    }
}

/// HIER-6: for everybody, whatever they may not see is answered exactly as an id that nothing has.
#[test]
fn hier_6_what_a_caller_may_not_see_does_not_exist() {
    fn error<A: Action<Target = OrganizationId>>(
        graph: &Graph,
        caller: &Caller,
        id: OrganizationId,
    ) -> Option<Error> {
        graph.authorize::<A>(caller, id, NOW).err()
    }
    fn same<A: Action<Target = OrganizationId>>(graph: &Graph, name: &str, caller: &Caller) -> usize {
        let hidden = [ROOT, CHILD, GRANDCHILD, SIBLING, ELSEWHERE]
            .into_iter()
            .filter(|id| graph.authorize::<ViewOrganization>(caller, *id, NOW).is_err());
        let narrow = name == "narrow";
        hidden
            .map(|id| {
                assert_eq!(error::<A>(graph, caller, id), error::<A>(graph, caller, UNKNOWN), "{name}");
                assert!(!narrow || id == ELSEWHERE);
            })
            .count()
    }
    let (graph, mut compared) = (world(), 0);
    for (name, caller) in cast() {
        compared += same::<ViewOrganization>(&graph, name, &caller);
        compared += same::<CreateOrganization>(&graph, name, &caller);
        compared += same::<UpdateOrganization>(&graph, name, &caller);
        compared += same::<DeleteOrganization>(&graph, name, &caller);
        compared += same::<ViewMembers>(&graph, name, &caller);
        compared += same::<ViewOrganizationAudit>(&graph, name, &caller);
    }
    assert!(compared > 200, "{compared}");
}

#[test]
fn hier_6_inside_what_is_seen_the_missing_permission_is_named() {
    let error = may::<DeleteOrganization>(&world(), ADMINISTRATOR_HERE, ROOT).unwrap_err();
    assert_eq!(error, Error::Forbidden { permission: Permission::OrganizationsDelete });
}

/// HIER-6 for the fleet: a cluster is seen through an organization that runs on it, and by nobody else.
#[test]
fn hier_6_a_cluster_is_seen_by_who_runs_on_it() {
    let graph = world();
    for user in [ROOT_OWNER, CHILD_OWNER, ADMINISTRATOR_BENEATH] {
        assert!(may::<ViewCluster>(&graph, user, SPOKE).is_ok(), "{user}");
        assert_eq!(may::<ViewCluster>(&graph, user, SPARE).unwrap_err(), Error::NotFound, "{user}");
    }
    for user in [ADMINISTRATOR_HERE, SIBLING_OWNER, NOBODY, EXPIRED] {
        assert_eq!(may::<ViewCluster>(&graph, user, SPOKE).unwrap_err(), Error::NotFound, "{user}");
    }
    let gone = world_and([Change::PlacementGone { organization: CHILD, cluster: SPOKE }]);
    assert_eq!(may::<ViewCluster>(&gone, CHILD_OWNER, SPOKE).unwrap_err(), Error::NotFound);
}

#[test]
fn role_2_an_administrator_neither_edits_nor_deletes_and_an_owner_does() {
    let graph = world();
    for id in [ROOT, CHILD, GRANDCHILD] {
        assert!(may::<ViewOrganization>(&graph, ADMINISTRATOR_BENEATH, id).is_ok());
        assert!(may::<CreateOrganization>(&graph, ADMINISTRATOR_BENEATH, id).is_ok());
        assert!(may::<ViewMembers>(&graph, ADMINISTRATOR_BENEATH, id).is_ok());
        let edit = may::<UpdateOrganization>(&graph, ADMINISTRATOR_BENEATH, id).unwrap_err();
        assert_eq!(edit, Error::Forbidden { permission: Permission::OrganizationsUpdate });
        assert!(may::<UpdateOrganization>(&graph, ROOT_OWNER, id).is_ok());
        assert!(may::<DeleteOrganization>(&graph, ROOT_OWNER, id).is_ok());
    }
    let delete = may::<DeleteOrganization>(&graph, ADMINISTRATOR_BENEATH, ROOT).unwrap_err();
    assert_eq!(delete, Error::Forbidden { permission: Permission::OrganizationsDelete });
}

/// ORG-8: besides the owner, a root administrator above an organization deletes it; one who was given that organization
/// itself does not.
#[test]
fn org_8_a_root_administrator_deletes_what_lies_beneath() {
    let given = grant(90, NOBODY, CHILD, Role::Administrator, Reach::Beneath);
    let graph = world_and([given]);
    assert!(may::<DeleteOrganization>(&graph, ADMINISTRATOR_BENEATH, CHILD).is_ok());
    assert!(may::<DeleteOrganization>(&graph, NOBODY, GRANDCHILD).is_ok());
    for (user, id) in [(NOBODY, CHILD), (ADMINISTRATOR_HERE, ROOT)] {
        let error = may::<DeleteOrganization>(&graph, user, id).unwrap_err();
        assert_eq!(error, Error::Forbidden { permission: Permission::OrganizationsDelete });
    }
}

/// ROLE-2: everything beneath belongs to the owner's role itself, however the grant was written down.
#[test]
fn role_2_an_owner_reaches_beneath_even_when_the_grant_says_here() {
    let graph = world_and([grant(90, NOBODY, CHILD, Role::Owner, Reach::Here)]);
    assert_eq!(sees(&graph, NOBODY), [CHILD, GRANDCHILD]);
}

#[test]
fn role_3_an_administrator_given_here_sees_no_descendant_unless_assigned_to_each() {
    assert_eq!(sees(&world(), ADMINISTRATOR_HERE), [ROOT]);
    let assigned = grant(90, ADMINISTRATOR_HERE, GRANDCHILD, Role::Administrator, Reach::Here);
    let graph = world_and([assigned]);
    assert_eq!(sees(&graph, ADMINISTRATOR_HERE), [ROOT, GRANDCHILD], "not what lies between them");
    assert_eq!(sees(&graph, ADMINISTRATOR_BENEATH), [ROOT, CHILD, GRANDCHILD, SIBLING]);
}

#[test]
fn role_4_no_console_and_disabled_are_two_states() {
    let graph = world();
    let token = |user| by_token(user, BRAND, PermissionSet::ALL);
    let ask = |caller: &Caller| graph.authorize::<ViewOrganization>(caller, ROOT, NOW).map(|_| ());
    assert_eq!(ask(&token(NO_CONSOLE)), Ok(()), "its tokens go on working");
    assert!(matches!(ask(&by_session(NO_CONSOLE, BRAND)), Err(Error::Unauthenticated { .. })));
    assert!(matches!(ask(&token(DISABLED)), Err(Error::Unauthenticated { .. })));
    assert!(matches!(ask(&by_session(DISABLED, BRAND)), Err(Error::Unauthenticated { .. })));
    for caller in [token(DISABLED), by_session(DISABLED, BRAND), by_session(NO_CONSOLE, BRAND)] {
        assert!(graph.visible_organizations(&caller, NOW).is_err());
        assert!(graph.visible_clusters(&caller, NOW).is_err());
        assert!(graph.held(&caller, Object::Own(caller.user), NOW).is_err());
        assert_eq!(graph.admit(&caller), ask(&caller), "{caller:?}");
    }
    assert_eq!(graph.admit(&token(NO_CONSOLE)), Ok(()));
    assert!(graph.admit(&by_session(ROOT_OWNER, OTHER)).is_err(), "CLI-2");
    let back = world_and([Change::User { id: DISABLED, realm: BRAND, access: Access::Enabled }]);
    assert!(back.authorize::<ViewOrganization>(&by_session(DISABLED, BRAND), ROOT, NOW).is_ok());
}

#[test]
fn role_9_an_expired_grant_gives_nothing_from_its_very_second_on() {
    let graph = world();
    let caller = by_session(EXPIRED, BRAND);
    let before = bastide_model::Timestamp::from_millis(NOW.as_millis() - 1);
    for (now, ok) in
        [(NOW.plus_seconds(-1), true), (before, true), (NOW, false), (NOW.plus_seconds(1), false)]
    {
        assert_eq!(graph.authorize::<ViewOrganization>(&caller, CHILD, now).is_ok(), ok, "{now}");
        assert_eq!(graph.authorize::<ViewCluster>(&caller, SPOKE, now).is_ok(), ok, "{now}");
        let listed = graph.visible_organizations(&caller, now).unwrap();
        assert_eq!(matches!(listed.scope(), Scope::These(ids) if ids.contains(&CHILD)), ok, "{now}");
        let clusters = graph.visible_clusters(&caller, now).unwrap();
        assert_eq!(matches!(clusters.scope(), Scope::These(ids) if ids.contains(&SPOKE)), ok, "{now}");
        assert_eq!(graph.role_at(EXPIRED, CHILD, now).is_some(), ok, "{now}");
    }
}

#[test]
fn role_11_a_site_administrator_reaches_every_realm() {
    let graph = world();
    assert_eq!(sees(&graph, SITE_ADMINISTRATOR), [ROOT, CHILD, GRANDCHILD, SIBLING, ELSEWHERE]);
    assert!(may::<CreateUser>(&graph, SITE_ADMINISTRATOR, Realm(OTHER)).is_ok());
    let own_things = may::<ViewOwn>(&graph, SITE_ADMINISTRATOR, Own(CHILD_OWNER)).unwrap_err();
    assert_eq!(own_things, Error::NotFound, "other people's tokens and sessions are nobody else's");
}

/// ROLE-11, E-20: a client's administrator may change the client's accounts; if one of those administered the site, the
/// client's administrator would, too.
#[test]
fn role_11_an_account_of_a_client_cannot_administer_the_site() {
    for realm in [RealmId::PLATFORM, BRAND] {
        let graph = world_and([administer(NOBODY, Administration::Site, realm)]);
        assert_eq!(sees(&graph, NOBODY), []);
        assert_eq!(graph.administration_of(NOBODY), None);
        let listed = graph.visible_organizations(&by_session(NOBODY, BRAND), NOW).unwrap();
        assert_eq!(listed.scope(), &Scope::These([].into()));
    }
    let empty = Graph::build(1, [Change::User { id: NOBODY, realm: BRAND, access: Access::Enabled }]);
    assert!(!empty.has_site_administrator());
    assert!(world().has_site_administrator());
}

#[test]
fn cli_4_a_client_administrator_sees_all_organizations_of_the_client_and_nothing_else() {
    let graph = world();
    assert_eq!(sees(&graph, CLIENT_ADMINISTRATOR), [ROOT, CHILD, GRANDCHILD, SIBLING]);
    assert_eq!(sees(&graph, STRANGER), [ELSEWHERE]);
    let listed = graph.visible_organizations(&by_session(CLIENT_ADMINISTRATOR, BRAND), NOW).unwrap();
    assert_eq!(listed.scope(), &Scope::Realm(BRAND));
    assert_eq!(may::<CreateUser>(&graph, CLIENT_ADMINISTRATOR, Realm(OTHER)).unwrap_err(), Error::NotFound);
    let platform = Realm(RealmId::PLATFORM);
    assert_eq!(may::<ViewHubs>(&graph, CLIENT_ADMINISTRATOR, platform).unwrap_err(), Error::NotFound);
}

/// CLI-4: a binding on a client other than the account's own gives nothing.
#[test]
fn cli_4_administering_ends_at_the_account_s_own_client() {
    let graph = world_and([administer(NOBODY, Administration::Client, OTHER)]);
    assert_eq!(sees(&graph, NOBODY), []);
    assert_eq!(graph.administration_of(NOBODY), None);
    assert_eq!(may::<ViewHubs>(&graph, NOBODY, Realm(OTHER)).unwrap_err(), Error::NotFound);
    assert_eq!(may::<ViewCluster>(&graph, NOBODY, SPARE).unwrap_err(), Error::NotFound);
}

#[test]
fn cli_2_an_account_works_under_its_own_address_only() {
    let graph = world();
    for (name, caller) in cast() {
        for realm in [RealmId::PLATFORM, BRAND, OTHER, RealmId::from_uuid(Uuid::from_u128(99))] {
            let elsewhere = Caller { realm, ..caller.clone() };
            if graph.realm_of_user(caller.user) != Some(realm) {
                let error = graph.authorize::<ViewOwn>(&elsewhere, Own(caller.user), NOW).unwrap_err();
                assert!(matches!(error, Error::Unauthenticated { .. }), "{name} in {realm}: {error}");
            }
        }
    }
}

#[test]
fn sec_3_a_token_does_what_it_names_and_no_more_than_its_owner() {
    let graph = world();
    let only =
        |permissions: &[Permission]| by_token(ADMINISTRATOR_HERE, BRAND, PermissionSet::of(permissions));
    let view = only(&[Permission::OrganizationsView]);
    assert!(graph.authorize::<ViewOrganization>(&view, ROOT, NOW).is_ok());
    let error = graph.authorize::<ViewMembers>(&view, ROOT, NOW).unwrap_err();
    assert_eq!(error, Error::Forbidden { permission: Permission::MembersView });
    let more = only(&[Permission::OrganizationsDelete]);
    let error = graph.authorize::<DeleteOrganization>(&more, ROOT, NOW).unwrap_err();
    assert_eq!(error, Error::Forbidden { permission: Permission::OrganizationsDelete });
    let listed = graph.visible_organizations(&more, NOW).unwrap();
    assert_eq!(listed.scope(), &Scope::These([].into()), "a token that cannot see lists nothing");
    let error = graph.authorize::<CreateToken>(&view, Own(ADMINISTRATOR_HERE), NOW).unwrap_err();
    assert_eq!(error, Error::Forbidden { permission: Permission::TokensCreate });
}

/// E-20: nobody below reaches an account above them, not even its existence.
#[test]
fn e_20_accounts_above_do_not_exist_from_below() {
    let graph = world();
    for user in [CLIENT_ADMINISTRATOR, ROOT_OWNER, STRANGER] {
        let realm = graph.realm_of_user(user).unwrap();
        let held = graph.held(&by_session(user, realm), Object::User(SITE_ADMINISTRATOR), NOW).unwrap();
        assert!(held.is_empty(), "{user}");
    }
}

/// E-29: circles are refused where they would be made; if one is there all the same, nothing hangs and nothing outside
/// of it is given away.
#[test]
fn e_29_a_circle_of_organizations_ends() {
    let graph = world_and([Change::Organization { id: ROOT, realm: BRAND, parent: Some(GRANDCHILD) }]);
    assert_eq!(graph.depth(ROOT), TREE_DEPTH_MAX);
    assert_eq!(sees(&graph, CHILD_OWNER), [ROOT, CHILD, GRANDCHILD, SIBLING]);
    assert_eq!(sees(&graph, STRANGER), [ELSEWHERE]);
    let listed = graph.visible_organizations(&by_session(CHILD_OWNER, BRAND), NOW).unwrap();
    assert_eq!(listed.scope(), &Scope::These([ROOT, CHILD, GRANDCHILD, SIBLING].into()));
}

#[test]
fn depth_is_counted_from_the_root() {
    let graph = world();
    assert_eq!([ROOT, CHILD, GRANDCHILD, UNKNOWN].map(|id| graph.depth(id)), [1, 2, 3, 0]);
    assert_eq!(graph.lineage(GRANDCHILD).collect::<Vec<_>>(), [GRANDCHILD, CHILD, ROOT]);
}

/// Beyond the depth that the product allows, list and check still agree.
#[test]
fn the_deepest_organization_is_seen_from_the_root_and_a_deeper_one_is_not() {
    let number = |depth: usize| organization(1_000 + u128::try_from(depth).unwrap());
    let chain = (1..=TREE_DEPTH_MAX + 1).map(|depth| Change::Organization {
        id: number(depth),
        realm: BRAND,
        parent: (depth > 1).then(|| number(depth - 1)),
    });
    let graph = world_and(chain.chain([grant(90, NOBODY, number(1), Role::Owner, Reach::Beneath)]));
    let listed = graph.visible_organizations(&by_session(NOBODY, BRAND), NOW).unwrap();
    for (depth, seen) in [(1, true), (TREE_DEPTH_MAX, true), (TREE_DEPTH_MAX + 1, false)] {
        assert_eq!(may::<ViewOrganization>(&graph, NOBODY, number(depth)).is_ok(), seen, "{depth}");
        assert_eq!(
            matches!(listed.scope(), Scope::These(ids) if ids.contains(&number(depth))),
            seen,
            "{depth}"
        );
    }
}

/// What each controller may do, written down a second time: a new line in the policy has to be wanted here as well.
#[test]
fn controllers_do_only_what_their_line_says() {
    fn who<A: Action>(target: A::Target) -> Vec<Controller> {
        let may = |one: &&Controller| world().authorize_controller::<A>(**one, target).is_ok();
        Controller::ALL.iter().filter(may).copied().collect()
    }
    assert_eq!(who::<CompleteSetup>(Site), [Controller::Door]);
    assert_eq!(who::<SignIn>(CHILD_OWNER), [Controller::Door]);
    assert_eq!(who::<RequestJoin>(HUB), [Controller::Door]);
    assert_eq!(who::<ExpireRequest>(SPOKE), [Controller::Door]);
    assert_eq!(who::<SetDesired>(SPOKE), [Controller::Placement]);
    assert_eq!(who::<AdvanceDeletion>(CHILD), [Controller::Placement]);
    assert_eq!(who::<EndPlacement>(CHILD), [Controller::Placement]);
    assert_eq!(who::<EndCluster>(SPOKE), [Controller::Placement]);
    assert_eq!(who::<DeleteOrganization>(CHILD), []);
    assert_eq!(who::<MoveOrganization>(CHILD), []);
    assert_eq!(who::<ChangeChildren>(CHILD), []);
    assert_eq!(who::<CreateUser>(Realm(BRAND)), []);
    assert_eq!(who::<CreateRootOrganization>(Commons(BRAND)), []);
    for (one, other) in [(Controller::Door, Controller::Placement), (Controller::Placement, Controller::Door)]
    {
        let refusal = world().authorize_controller::<DeleteOrganization>(one, CHILD).unwrap_err();
        let said = |who: Controller| format!("{refusal:?}").contains(&format!("the {} may not", who.name()));
        assert!(said(one) && !said(other), "{refusal:?}");
    }
    assert_eq!(who::<ReportCluster>(SPOKE), []);
    assert_eq!(action::ALL.len(), 85, "look at the lines above when actions are added");
}

#[test]
fn an_agent_speaks_for_its_own_cluster_only() {
    let graph = world();
    assert!(graph.authorize_agent::<ReportCluster>(SPOKE, SPOKE).is_ok());
    assert!(graph.authorize_agent::<RenewCertificate>(SPOKE, SPOKE).is_ok());
    assert_eq!(graph.authorize_agent::<ReportCluster>(SPARE, SPOKE).unwrap_err(), Error::NotFound);
    assert_eq!(graph.authorize_agent::<ViewCluster>(SPOKE, SPOKE).unwrap_err(), Error::NotFound);
    assert_eq!(graph.authorize_agent::<SetDesired>(SPOKE, SPOKE).unwrap_err(), Error::NotFound);
    let gone = world_and([Change::ClusterGone { id: SPOKE }]);
    assert_eq!(gone.authorize_agent::<ReportCluster>(SPOKE, SPOKE).unwrap_err(), Error::NotFound);
    let unknown = ClusterId::from_uuid(Uuid::from_u128(77));
    assert_eq!(graph.authorize_agent::<ReportCluster>(unknown, unknown).unwrap_err(), Error::NotFound);
}

/// What belongs to controllers and agents is no one's otherwise, and does not tell of its existence.
#[test]
fn callers_never_get_what_is_reserved_for_controllers_and_agents() {
    let graph = world();
    let caller = by_session(SITE_ADMINISTRATOR, RealmId::PLATFORM);
    let refused = [
        graph.authorize::<CompleteSetup>(&caller, Site, NOW).err(),
        graph.authorize::<SignIn>(&caller, CHILD_OWNER, NOW).err(),
        graph.authorize::<RequestJoin>(&caller, HUB, NOW).err(),
        graph.authorize::<SetDesired>(&caller, SPOKE, NOW).err(),
        graph.authorize::<AdvanceDeletion>(&caller, ROOT, NOW).err(),
        graph.authorize::<ReportCluster>(&caller, SPOKE, NOW).err(),
        graph.authorize::<RenewCertificate>(&caller, SPOKE, NOW).err(),
    ];
    assert_eq!(refused, [const { Some(Error::NotFound) }; 7]);
}

#[test]
fn a_permit_carries_who_what_and_where() {
    let graph = world();
    let caller = by_session(CHILD_OWNER, BRAND);
    let permit = graph.authorize::<UpdateOrganization>(&caller, CHILD, NOW).unwrap();
    assert_eq!(permit.target(), CHILD);
    assert_eq!((permit.realm(), permit.organization()), (BRAND, Some(CHILD)));
    assert_eq!(permit.caller(), Some(&caller));
    assert_eq!(permit.operation(), "organization_update");
    let permit = graph.authorize_controller::<SetDesired>(Controller::Placement, SPOKE).unwrap();
    assert_eq!(permit.actor(), &Actor::Controller(Controller::Placement));
    assert_eq!((permit.realm(), permit.organization()), (RealmId::PLATFORM, None));
    let permit = graph.authorize_agent::<ReportCluster>(SPOKE, SPOKE).unwrap();
    assert_eq!((permit.actor(), permit.caller()), (&Actor::Agent(SPOKE), None));
    let permit = graph.authorize::<ViewOwn>(&caller, Own(CHILD_OWNER), NOW).unwrap();
    assert_eq!((permit.realm(), permit.organization()), (BRAND, None));
    let permit = graph.authorize_controller::<SignIn>(Controller::Door, CHILD_OWNER).unwrap();
    assert_eq!((permit.realm(), permit.organization()), (BRAND, None));
}

#[test]
fn people_are_told_their_strongest_role() {
    let graph = world_and([grant(90, CHILD_OWNER, ROOT, Role::Administrator, Reach::Beneath)]);
    let role = |user, id| graph.role_at(user, id, NOW);
    assert_eq!(role(CHILD_OWNER, CHILD), Some("owner"));
    assert_eq!(role(CHILD_OWNER, SIBLING), Some("administrator"));
    assert_eq!(role(ROOT_OWNER, GRANDCHILD), Some("owner"));
    assert_eq!(role(CLIENT_ADMINISTRATOR, CHILD), Some("client_administrator"));
    assert_eq!(role(SITE_ADMINISTRATOR, ELSEWHERE), Some("site_administrator"));
    assert_eq!(role(CLIENT_ADMINISTRATOR, ELSEWHERE), None);
    assert_eq!(role(NOBODY, ROOT), None);
    assert_eq!(graph.administration_of(SITE_ADMINISTRATOR), Some(Administration::Site));
    assert_eq!(graph.administration_of(CLIENT_ADMINISTRATOR), Some(Administration::Client));
    assert_eq!(graph.administration_of(ROOT_OWNER), None);
}

/// E-19, ROLE-6: a grant that gives nothing just now, because its role was defined elsewhere, counts with all of it.
#[test]
fn e_19_a_role_that_gives_nothing_just_now_counts_with_all_of_it() {
    let role = RoleId::from_uuid(Uuid::from_u128(77));
    let keys = PermissionSet::of(&[Permission::OrganizationsDelete]);
    let graph = world_and([Change::Role { id: role, organization: SIBLING, permissions: keys }]);
    let caller = by_session(ADMINISTRATOR_BENEATH, BRAND);
    assert!(!graph.role_usable_at(role, ROOT));
    let lacks = graph.lacks_to_grant(&caller, ROOT, (Role::Custom(role), Reach::Here), (None, NOW));
    assert_eq!(lacks, Ok(keys));
}

/// E-19, ORG-8: an administrator from above may delete what lies beneath; a role with an administrator's keys may not, and so
/// does not give it.
#[test]
fn e_19_only_who_may_delete_beneath_gives_that() {
    let role = RoleId::from_uuid(Uuid::from_u128(77));
    let keys = Role::Administrator.permissions();
    let graph = world_and([
        Change::Role { id: role, organization: ROOT, permissions: keys },
        grant(90, NOBODY, ROOT, Role::Custom(role), Reach::Beneath),
    ]);
    let lacks = |user, realm| {
        graph
            .lacks_to_grant(
                &by_session(user, realm),
                ROOT,
                (Role::Administrator, Reach::Beneath),
                (None, NOW),
            )
            .unwrap()
    };
    assert_eq!(lacks(NOBODY, BRAND), PermissionSet::of(&[Permission::OrganizationsDelete]));
    for user in [ROOT_OWNER, ADMINISTRATOR_BENEATH, CLIENT_ADMINISTRATOR] {
        assert!(lacks(user, BRAND).is_empty(), "{user}");
    }
    let here = graph.lacks_to_grant(
        &by_session(NOBODY, BRAND),
        ROOT,
        (Role::Administrator, Reach::Here),
        (None, NOW),
    );
    assert_eq!(here, Ok(PermissionSet::EMPTY));
}

/// E-19: whoever takes a tree away from its root gets it for good: its owner and who administers the realm, nobody else.
#[test]
fn e_19_a_root_is_its_owner_s_to_move() {
    let role = RoleId::from_uuid(Uuid::from_u128(77));
    let graph = world_and([
        Change::Role { id: role, organization: ROOT, permissions: Role::Owner.permissions() },
        grant(90, NOBODY, ROOT, Role::Custom(role), Reach::Beneath),
    ]);
    for (user, disposes) in [
        (ROOT_OWNER, true),
        (CLIENT_ADMINISTRATOR, true),
        (NOBODY, false),
        (ADMINISTRATOR_BENEATH, false),
        (CHILD_OWNER, false),
    ] {
        assert_eq!(graph.disposes_of(&by_session(user, BRAND), ROOT, NOW), Ok(disposes), "{user}");
    }
    assert!(graph.was_given(NOBODY, role) && !graph.was_given(ROOT_OWNER, role));
}

/// E-36: what refers to an organization goes with it, and does not come back with another one.
#[test]
fn e_36_nothing_is_left_of_an_organization_that_is_gone() {
    let graph = world_and([Change::OrganizationGone { id: SIBLING }]);
    assert_eq!(may::<ViewOrganization>(&graph, SIBLING_OWNER, SIBLING).unwrap_err(), Error::NotFound);
    let again = world_and([
        Change::OrganizationGone { id: SIBLING },
        Change::Organization { id: organization(50), realm: BRAND, parent: Some(ROOT) },
    ]);
    assert_eq!(
        may::<ViewOrganization>(&again, SIBLING_OWNER, organization(50)).unwrap_err(),
        Error::NotFound
    );
    assert!(may::<ViewOrganization>(&again, ROOT_OWNER, organization(50)).is_ok());
}

#[test]
fn unknown_things_do_not_exist_for_anybody() {
    let graph = world();
    let caller = by_session(SITE_ADMINISTRATOR, RealmId::PLATFORM);
    let nothing = [
        Object::Organization(UNKNOWN),
        Object::Hub(HubId::from_uuid(Uuid::from_u128(9))),
        Object::Cluster(ClusterId::from_uuid(Uuid::from_u128(9))),
        Object::User(user(999)),
    ];
    for caller in [caller, by_session(CLIENT_ADMINISTRATOR, BRAND), by_session(ROOT_OWNER, BRAND)] {
        for object in nothing {
            assert_eq!(graph.held(&caller, object, NOW), Ok(PermissionSet::EMPTY), "{object:?}");
        }
    }
    let ghost = by_session(user(999), BRAND);
    assert!(matches!(
        graph.authorize::<ViewOwn>(&ghost, Own(user(999)), NOW),
        Err(Error::Unauthenticated { .. })
    ));
}
