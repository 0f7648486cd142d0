//! What a move does to rights, in the small world: what a property over made-up worlds meets too seldom.

use bastide_authz::Shift;
use bastide_model::permission::PermissionSet;
use bastide_model::{OrganizationId, Permission};

use crate::cast::{CHILD, CUSTOM, NOW, ROOT_KEYS, SIBLING, world};

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
