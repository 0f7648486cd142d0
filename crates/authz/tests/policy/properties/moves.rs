//! What a move does to rights (HIER-4, E-28).

use bastide_authz::Change;
use bastide_authz::Graph;
use bastide_authz::target::Object;
use bastide_model::Timestamp;
use bastide_model::permission::PermissionSet;
use bastide_model::user::Access;
use proptest::prelude::*;
use proptest::sample::Index;

use super::world::{World, times, worlds};
use crate::cast::by_token;

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
                let held = |graph: &Graph| {
                    let on = |object| graph.held(&caller, object, now).unwrap();
                    on(Object::Organization(place)).union(on(Object::Billing(place)))
                };
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

    /// E-28: after a move everybody holds on everything what follows from what was given there and what is given above the
    /// new place: what the rules give in a world that was never otherwise. Outside what moved nothing is another than before.
    #[test]
    fn e_28_after_a_move_everything_follows_from_the_new_place((world, what, to, now) in moves()) {
        let (before, mut facts) = (world.graph(), world.facts());
        let outside: Vec<_> = facts.things().into_iter().filter(|object| {
            let at = match object {
                Object::Organization(id) | Object::Billing(id) => *id,
                Object::Team(id) => facts.teams[id],
                Object::Project(id) => facts.projects[id],
                Object::Role(id) => facts.roles[id].0,
                other => unreachable!("{other:?} is in no organization"),
            };
            !facts.line(at).contains(&World::organization(what))
        }).collect();
        let change = Change::Organization {
            id: World::organization(what),
            realm: world.organizations[what].0,
            parent: to.map(World::organization),
        };
        facts.take_in(&change);
        let mut after = before.clone();
        after.advance(2, [change]);
        for (number, (realm, _)) in world.users.iter().enumerate().filter(|(_, (_, access))| *access != Access::Disabled) {
            let caller = by_token(World::user(number), *realm, PermissionSet::ALL);
            for object in facts.things() {
                let held = after.held(&caller, object, now);
                prop_assert_eq!(&held, &Ok(facts.holds(caller.user, object, now)), "{:?}", object);
                if outside.contains(&object) {
                    prop_assert_eq!(before.held(&caller, object, now), held, "{:?}", object);
                }
            }
        }
    }
}
