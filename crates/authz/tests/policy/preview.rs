//! What a move does to rights, in the small world: what a property over made-up worlds meets too seldom.

use bastide_authz::{Change, Shift};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{BILLING, Reach, Role};
use bastide_model::{AssignmentId, OrganizationId, Permission, RealmId, RoleId};
use uuid::Uuid;

use crate::cast::{
    ADMINISTRATOR_BENEATH, ADMINISTRATOR_HERE, BRAND, CHILD, CHILD_OWNER, CLIENT_ADMINISTRATOR, CUSTOM,
    GRANDCHILD, NOBODY, NOW, ROOT, ROOT_KEYS, ROOT_OWNER, SIBLING, SIBLING_OWNER, SITE_ADMINISTRATOR,
    by_session, by_token, organization, world, world_and,
};

fn shifts(what: OrganizationId, to: Option<OrganizationId>) -> Vec<Shift> {
    world().moving(what, to, None, NOW).shifts()
}

/// ROLE-6: a role is good beneath the organization that defined it; who holds it in what moves out from there loses it,
/// though nothing of theirs was given above.
#[test]
fn role_6_a_move_away_from_where_a_role_was_defined_takes_it() {
    let moved = shifts(CHILD, None);
    let lost = moved.iter().find(|shift| shift.user == CUSTOM).unwrap();
    let held = ROOT_KEYS.union(PermissionSet::of(&[Permission::OrganizationsView]));
    assert_eq!((lost.lost(), lost.gained()), (held, PermissionSet::EMPTY));
    assert_eq!(lost.organizations, [CHILD]);
    assert!(shifts(CHILD, Some(SIBLING)).iter().all(|shift| shift.user != CUSTOM), "it is still beneath");
}

/// E-28, BILL-1: who administers a client holds nothing of an organization's billing. Taking it beneath one that they own
/// would give it to them, and is a gain like any other.
#[test]
fn e_28_billing_is_gained_by_a_move_as_well() {
    let own = organization(60);
    let graph = world_and([
        Change::Organization { id: own, realm: BRAND, parent: None },
        Change::Assignment {
            id: AssignmentId::from_uuid(Uuid::from_u128(90)),
            user: CLIENT_ADMINISTRATOR,
            organization: own,
            role: Role::Owner,
            reach: Reach::Beneath,
            expires_at: None,
        },
    ]);
    let shifts = graph.moving(CHILD, Some(own), Some(CLIENT_ADMINISTRATOR), NOW).shifts();
    assert!(!shifts.is_empty() && shifts.iter().all(|shift| shift.gained() == BILLING), "{shifts:?}");
}

/// HIER-4: what moves is the organization with everything beneath it, and whoever's rights become otherwise is told of with
/// every place that has a part in it.
#[test]
fn hier_4_a_preview_knows_what_moves_and_what_plays_a_part() {
    let moving = world().moving(CHILD, Some(SIBLING), None, NOW);
    assert_eq!(moving.organizations(), 2);
    assert!(moving.takes_along(CHILD) && moving.takes_along(GRANDCHILD));
    assert!(!moving.takes_along(ROOT) && !moving.takes_along(SIBLING));
    let shifts = moving.shifts();
    let gains: Vec<_> = shifts.iter().filter(|shift| shift.user == SIBLING_OWNER).collect();
    assert_eq!(gains.len(), 1, "the same at both: one row");
    assert_eq!(gains[0].organizations, [CHILD, GRANDCHILD]);
    assert_eq!(gains[0].given_at, [SIBLING].into());
    assert!(
        shifts.iter().all(|shift| shift.user == SIBLING_OWNER),
        "the root is above as before: {shifts:?}"
    );
}

/// E-28, BILL-1: an owner's billing goes with the rest: what lies beneath is theirs to pay for only while it does.
#[test]
fn e_28_a_move_moves_the_billing_too() {
    let moved = shifts(GRANDCHILD, Some(SIBLING));
    let of = |user| moved.iter().find(|shift| shift.user == user).unwrap();
    assert_eq!(of(CHILD_OWNER).lost().intersection(BILLING), BILLING);
    assert_eq!(of(SIBLING_OWNER).gained().intersection(BILLING), BILLING);
    assert!(moved.iter().all(|shift| shift.user != ROOT_OWNER), "it is still beneath");
}

/// HIER-4, ROLE-7, E-19: whoever may move something at both ends moves nothing that gives or takes what they do not hold: who
/// administers what lies above gives nobody ownership or billing by it. Administering the realm is more than that.
#[test]
fn hier_4_e_19_moving_by_permission_gives_nobody_what_the_mover_does_not_hold() {
    let role = RoleId::from_uuid(Uuid::from_u128(77));
    let graph = |permissions| {
        world_and([
            Change::Role { id: role, organization: ROOT, permissions },
            Change::Assignment {
                id: AssignmentId::from_uuid(Uuid::from_u128(90)),
                user: NOBODY,
                organization: ROOT,
                role: Role::Custom(role),
                reach: Reach::Beneath,
                expires_at: None,
            },
        ])
    };
    let few = graph(PermissionSet::of(&[Permission::OrganizationsMove]));
    for (user, realm, administers) in [
        (ROOT_OWNER, BRAND, false),
        (ADMINISTRATOR_HERE, BRAND, false),
        (ADMINISTRATOR_BENEATH, BRAND, false),
        (CLIENT_ADMINISTRATOR, BRAND, true),
        (SITE_ADMINISTRATOR, RealmId::PLATFORM, true),
        (NOBODY, BRAND, false),
    ] {
        assert_eq!(few.administers_realm(&by_session(user, realm), ROOT), Ok(administers), "{user}");
    }
    let lacks = |graph: &bastide_authz::Graph, ceiling| {
        let changed = graph.moving(GRANDCHILD, Some(SIBLING), None, NOW).changed();
        assert_eq!(changed.keys().collect::<Vec<_>>(), [&GRANDCHILD]);
        graph.lacks_to_move(&by_token(NOBODY, BRAND, ceiling), &changed, NOW).unwrap()
    };
    let owners = Role::Owner.permissions().union(BILLING);
    let member = PermissionSet::of(&[Permission::OrganizationsView, Permission::OrganizationsMove]);
    assert_eq!(lacks(&few, PermissionSet::ALL), owners.without(member));
    let all = graph(Role::Owner.permissions());
    assert_eq!(lacks(&all, PermissionSet::ALL), BILLING, "billing is in no custom role");
    assert_eq!(lacks(&all, member), owners.without(member), "a token gives away no more than it may");
    let of = |user| {
        let changed = few.moving(GRANDCHILD, Some(SIBLING), None, NOW).changed();
        few.lacks_to_move(&by_session(user, BRAND), &changed, NOW).unwrap()
    };
    assert!(of(ROOT_OWNER).is_empty());
    for administrator in [ADMINISTRATOR_BENEATH, ADMINISTRATOR_HERE] {
        assert!(of(administrator).contains_all(BILLING), "{administrator}");
    }
}
