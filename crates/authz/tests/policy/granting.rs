//! Who may give what to whom, and which teams and projects somebody sees: rules that lead to no single permit.

use bastide_authz::visible::{Ids, Scope};
use bastide_authz::{Change, Graph};
use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Reach, Role, TeamRole};
use bastide_model::{AssignmentId, OrganizationId, Permission, ProjectId, RoleId, TeamId, UserId};
use uuid::Uuid;

use crate::cast::{
    ADMINISTRATOR_BENEATH, ADMINISTRATOR_HERE, BILLING, BRAND, CHILD, CHILD_OWNER, CHILD_ROLE, CORE_TEAM,
    CUSTOM, ELSEWHERE, EXPIRED, GRANDCHILD, NOBODY, NOW, OTHER_TEAM, ROOT, ROOT_KEYS, ROOT_OWNER, ROOT_ROLE,
    SHOP, SIBLING, STRANGER, TEAM_DEVELOPER, TEAM_VIEWER, VAULT, by_session, by_token, user, world,
    world_and,
};

fn person(user: UserId) -> Caller {
    by_session(user, BRAND)
}

/// What the caller lacks to give a role.
fn lacks(caller: &Caller, at: OrganizationId, role: Role, reach: Reach) -> PermissionSet {
    world().lacks_to_grant(caller, at, (role, reach), (None, NOW)).unwrap()
}

/// ROLE-7, E-19: nobody gives what they do not hold themselves, nor further than they hold it.
#[test]
fn role_7_nobody_gives_more_than_they_hold_or_further() {
    let (owner, nothing) = (person(ROOT_OWNER), PermissionSet::EMPTY);
    for reach in [Reach::Here, Reach::Beneath] {
        for role in [Role::Owner, Role::Administrator, Role::Custom(ROOT_ROLE)] {
            assert_eq!(lacks(&owner, CHILD, role, reach), nothing, "{role:?} {reach:?}");
        }
    }
    let (here, beneath) = (person(ADMINISTRATOR_HERE), person(ADMINISTRATOR_BENEATH));
    let all = Role::Administrator.permissions();
    assert_eq!(lacks(&here, ROOT, Role::Administrator, Reach::Here), nothing);
    // What lies beneath an administrator from above may delete as well (ORG-8).
    let beneath_too = all.union(PermissionSet::of(&[Permission::OrganizationsDelete]));
    assert_eq!(
        lacks(&here, ROOT, Role::Administrator, Reach::Beneath),
        beneath_too,
        "it is good at the root only"
    );
    assert_eq!(lacks(&beneath, ROOT, Role::Administrator, Reach::Beneath), nothing);
    assert_eq!(
        lacks(&beneath, ROOT, Role::Owner, Reach::Here),
        Role::Owner.permissions().without(all),
        "what an owner holds beyond an administrator"
    );
    assert_eq!(lacks(&here, CHILD, Role::Administrator, Reach::Here), all, "nothing is held there");
}

/// ROLE-7, SEC-3: who holds a custom role gives its keys and no others; a token gives what it is good for.
#[test]
fn role_7_a_custom_role_and_a_narrow_token_give_what_they_hold() {
    let custom = person(CUSTOM);
    assert_eq!(lacks(&custom, CHILD, Role::Custom(ROOT_ROLE), Reach::Here), PermissionSet::EMPTY);
    let sees = PermissionSet::of(&[Permission::OrganizationsView]);
    assert_eq!(lacks(&custom, CHILD, Role::Custom(ROOT_ROLE), Reach::Beneath), ROOT_KEYS.union(sees));
    let of_child = PermissionSet::of(&[Permission::ProjectsView]);
    assert_eq!(lacks(&custom, CHILD, Role::Custom(CHILD_ROLE), Reach::Here), of_child);
    let narrow = by_token(ROOT_OWNER, BRAND, ROOT_KEYS.union(sees));
    assert_eq!(lacks(&narrow, CHILD, Role::Custom(ROOT_ROLE), Reach::Here), PermissionSet::EMPTY);
    assert_eq!(lacks(&narrow, CHILD, Role::Custom(CHILD_ROLE), Reach::Here), of_child);
    // Who has the role sees the organization: a token that does not cannot give it, and puts nobody into a team.
    let blind = by_token(ROOT_OWNER, BRAND, Role::Owner.permissions().without(sees));
    assert_eq!(lacks(&blind, CHILD, Role::Custom(ROOT_ROLE), Reach::Here), sees);
    assert_eq!(world().lacks_to_join(&blind, (CORE_TEAM, TeamRole::Viewer), NOW), Ok(sees));
}

/// ROLE-6: a custom role can be given where it was defined and beneath, and nowhere else.
#[test]
fn role_6_a_custom_role_can_be_given_where_it_was_defined_and_beneath() {
    let graph = world();
    let everywhere = [ROOT, CHILD, GRANDCHILD, SIBLING, ELSEWHERE];
    let usable = |role: RoleId| {
        everywhere.into_iter().filter(|at| graph.role_usable_at(role, *at)).collect::<Vec<_>>()
    };
    assert_eq!(usable(ROOT_ROLE), [ROOT, CHILD, GRANDCHILD, SIBLING]);
    assert_eq!(usable(CHILD_ROLE), [CHILD, GRANDCHILD]);
    assert_eq!(usable(RoleId::from_uuid(Uuid::from_u128(0xDEAD))), []);
}

const OTHER_SIDE: TeamId = TeamId::from_uuid(Uuid::from_u128(90));
const OTHER_WORK: ProjectId = ProjectId::from_uuid(Uuid::from_u128(90));

/// The world, with a team and a project of the sibling, of which [`TEAM_VIEWER`] is a member, too.
fn two_sides() -> Graph {
    world_and([
        Change::Team { id: OTHER_SIDE, organization: SIBLING },
        Change::TeamMember { team: OTHER_SIDE, user: TEAM_VIEWER, role: TeamRole::Viewer },
        Change::Project { id: OTHER_WORK, organization: SIBLING },
        Change::ProjectTeam { project: OTHER_WORK, team: OTHER_SIDE, role: TeamRole::Viewer },
    ])
}

/// ROLE-2: somebody in a team sees, of an organization, the teams that they are in and what these work on there.
#[test]
fn role_2_a_member_sees_their_own_teams_and_projects_of_that_organization() {
    let graph = two_sides();
    let member = person(TEAM_VIEWER);
    for (at, team, project) in [(CHILD, CORE_TEAM, SHOP), (SIBLING, OTHER_SIDE, OTHER_WORK)] {
        let teams = graph.visible_teams(&member, at, NOW).unwrap();
        assert_eq!(teams.scope(), &Scope::These([team].into()));
        let projects = graph.visible_projects(&member, at, NOW).unwrap();
        assert_eq!(projects.scope(), &Scope::These([project].into()));
    }
    let owner = person(ROOT_OWNER);
    assert_eq!(graph.visible_teams(&owner, CHILD, NOW).unwrap().scope(), &Scope::All);
    assert_eq!(graph.visible_projects(&owner, CHILD, NOW).unwrap().scope(), &Scope::All);
}

/// SEC-3: a token that cannot see teams or projects lists none, whoever's it is.
#[test]
fn sec_3_a_token_lists_only_what_it_is_good_for() {
    let graph = two_sides();
    for user in [TEAM_VIEWER, ROOT_OWNER] {
        let blind = by_token(user, BRAND, PermissionSet::of(&[Permission::OrganizationsView]));
        assert_eq!(graph.visible_teams(&blind, CHILD, NOW).unwrap().scope(), &Scope::These([].into()));
        assert_eq!(graph.visible_projects(&blind, CHILD, NOW).unwrap().scope(), &Scope::These([].into()));
    }
}

/// HIER-2: who is in a team is a member of its organization, for people to read; of no other, and not across a realm.
#[test]
fn hier_2_a_member_of_a_team_is_called_so_in_its_organization_only() {
    let graph = world_and([Change::TeamMember { team: CORE_TEAM, user: STRANGER, role: TeamRole::Viewer }]);
    assert_eq!(graph.role_at(TEAM_VIEWER, CHILD, NOW), Some("member"));
    for at in [ROOT, GRANDCHILD, SIBLING] {
        assert_eq!(graph.role_at(TEAM_VIEWER, at, NOW), None);
    }
    assert_eq!(graph.role_at(STRANGER, CHILD, NOW), None);
}

#[test]
fn ids_that_are_seen_are_counted_once() {
    let ids = Ids::from([SIBLING, ROOT, SIBLING]);
    assert_eq!((ids.len(), ids.is_empty(), ids.iter().copied().collect()), (2, false, vec![ROOT, SIBLING]));
    let none = Ids::<OrganizationId>::from([]);
    assert_eq!((none.len(), none.is_empty()), (0, true));
}

/// ORG-9: whoever has a role or a team in the organization itself can leave it; its owner cannot, and what comes from above
/// is not left there.
#[test]
fn org_9_who_can_leave() {
    let graph =
        world_and([Change::TeamMember { team: CORE_TEAM, user: CHILD_OWNER, role: TeamRole::Viewer }]);
    for (user, at, can) in [
        (ADMINISTRATOR_HERE, ROOT, true),
        (CUSTOM, CHILD, true),
        (TEAM_VIEWER, CHILD, true),
        (TEAM_VIEWER, ROOT, false),
        (ADMINISTRATOR_BENEATH, CHILD, false),
        (ROOT_OWNER, ROOT, false),
        (CHILD_OWNER, CHILD, false),
        (NOBODY, ROOT, false),
        (user(999), ROOT, false),
    ] {
        assert_eq!(graph.can_leave(user, at), can, "{user} {at}");
    }
}

/// ROLE-3: whose role at an organization itself reaches down from it, now.
#[test]
fn role_3_whose_role_reaches_beneath() {
    let graph = world();
    for (user, at, reaches) in [
        (ROOT_OWNER, ROOT, true),
        (ADMINISTRATOR_BENEATH, ROOT, true),
        (ADMINISTRATOR_BENEATH, CHILD, false),
        (ADMINISTRATOR_HERE, ROOT, false),
        (EXPIRED, ROOT, false),
        (BILLING, CHILD, false),
        (NOBODY, ROOT, false),
    ] {
        assert_eq!(graph.reaches_beneath(user, at, NOW), reaches, "{user} {at}");
    }
    let billing = Change::Assignment {
        id: AssignmentId::from_uuid(Uuid::from_u128(90)),
        user: NOBODY,
        organization: ROOT,
        role: Role::BillingAdministrator,
        reach: Reach::Beneath,
        expires_at: None,
    };
    assert!(!world_and([billing]).reaches_beneath(NOBODY, ROOT, NOW), "billing is an axis of its own");
}

/// WORK-1: the strongest of what a person's teams give on a project, each the weaker of both roles.
#[test]
fn work_1_what_somebody_is_in_a_team_and_on_a_project() {
    let graph = world();
    assert_eq!(graph.role_in_team(TEAM_DEVELOPER, CORE_TEAM), Some(TeamRole::Developer));
    assert_eq!(graph.role_in_team(TEAM_DEVELOPER, OTHER_TEAM), None);
    assert_eq!(graph.role_on_project(TEAM_DEVELOPER, SHOP), Some(TeamRole::Developer));
    assert_eq!(graph.role_on_project(TEAM_DEVELOPER, VAULT), None);
    let more = world_and([
        Change::TeamMember { team: OTHER_TEAM, user: TEAM_DEVELOPER, role: TeamRole::Administrator },
        Change::ProjectTeam { project: SHOP, team: OTHER_TEAM, role: TeamRole::Viewer },
    ]);
    assert_eq!(more.role_on_project(TEAM_DEVELOPER, SHOP), Some(TeamRole::Developer));
    assert_eq!(more.role_on_project(TEAM_DEVELOPER, VAULT), Some(TeamRole::Administrator));
}

/// ROLE-7: whoever puts somebody into a team holds what that gives, in the team and on each of its projects; whoever gives a
/// team a role on a project holds what the role allows there.
#[test]
fn role_7_what_is_lacked_to_put_somebody_into_a_team_or_to_share_a_project() {
    let (graph, custom) = (world(), person(CUSTOM));
    let joins = |role| graph.lacks_to_join(&custom, (CORE_TEAM, role), NOW).unwrap();
    let keys = PermissionSet::of;
    assert_eq!(joins(TeamRole::Viewer), keys(&[Permission::ProjectsView]));
    let leads = [Permission::MembersDelete, Permission::ProjectsView, Permission::ProjectsUpdate];
    assert_eq!(joins(TeamRole::Administrator), keys(&leads), "the team administers the shop");
    let idle = world_and([Change::ProjectTeamGone { project: SHOP, team: CORE_TEAM }]);
    let joins = |team, role| idle.lacks_to_join(&custom, (team, role), NOW).unwrap();
    assert_eq!(joins(CORE_TEAM, TeamRole::Viewer), PermissionSet::EMPTY, "a team without projects");
    let mixed = world_and([
        Change::ProjectTeam { project: VAULT, team: CORE_TEAM, role: TeamRole::Viewer },
        Change::ProjectTeam { project: VAULT, team: OTHER_TEAM, role: TeamRole::Viewer },
        Change::ProjectTeam { project: SHOP, team: CORE_TEAM, role: TeamRole::Viewer },
        Change::ProjectTeam { project: SHOP, team: OTHER_TEAM, role: TeamRole::Administrator },
    ]);
    let joins = |team, role| mixed.lacks_to_join(&custom, (team, role), NOW).unwrap();
    assert!(
        !joins(CORE_TEAM, TeamRole::Administrator).contains(Permission::ProjectsUpdate),
        "the own role counts"
    );
    assert!(joins(OTHER_TEAM, TeamRole::Administrator).contains(Permission::ProjectsUpdate));
    let shares = |user, role| graph.lacks_to_share(&person(user), (SHOP, role), NOW).unwrap();
    assert_eq!(shares(CUSTOM, TeamRole::Viewer), keys(&[Permission::ProjectsView]));
    assert_eq!(shares(TEAM_VIEWER, TeamRole::Viewer), PermissionSet::EMPTY);
    assert_eq!(shares(TEAM_VIEWER, TeamRole::Administrator), keys(&[Permission::ProjectsUpdate]));
}

/// ROLE-9, E-19: what is held until some time is given until then at most, so that nobody outlasts their own end through
/// somebody else; taking away and what ends sooner are not later than that.
#[test]
fn role_9_e_19_nobody_gives_for_longer_than_they_hold() {
    let end = NOW.plus_seconds(60);
    let graph = world_and([Change::Assignment {
        id: AssignmentId::from_uuid(Uuid::from_u128(90)),
        user: NOBODY,
        organization: CHILD,
        role: Role::Administrator,
        reach: Reach::Beneath,
        expires_at: Some(end),
    }]);
    let lacks = |user, until| {
        let wanted = (Role::Administrator, Reach::Beneath);
        graph.lacks_to_grant(&person(user), CHILD, wanted, (until, NOW)).unwrap()
    };
    for until in [None, Some(end.plus_seconds(1))] {
        assert!(lacks(NOBODY, until).contains_all(Role::Administrator.permissions()), "{until:?}");
    }
    for until in [end, end.plus_seconds(-1), NOW] {
        assert_eq!(lacks(NOBODY, Some(until)), PermissionSet::EMPTY, "{until}");
    }
    assert_eq!(lacks(CHILD_OWNER, None), PermissionSet::EMPTY);
}
