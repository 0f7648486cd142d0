//! What a move does to rights, in the small world: what a property over made-up worlds meets too seldom.

use bastide_authz::{Change, Shift};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{BILLING, Reach, Role};
use bastide_model::{AssignmentId, OrganizationId, Permission};
use uuid::Uuid;

use crate::cast::{
    BRAND, CHILD, CLIENT_ADMINISTRATOR, CUSTOM, GRANDCHILD, NOW, ROOT, ROOT_KEYS, SIBLING, SIBLING_OWNER,
    organization, world, world_and,
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
