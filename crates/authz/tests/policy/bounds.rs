//! HIER-2: how far the transactions reach that permits, listings and callers open.

use std::collections::BTreeSet;

use bastide_authz::action::{CreateToken, UpdateOrganization, ViewCluster, ViewPlans, ViewUsers};
use bastide_authz::{Action, Bounded, Bounds, Commons, Controller, Own, Permit, Realm, Unbounded, WholeTree};
use bastide_model::access::Caller;
use bastide_model::{OrganizationId, RealmId};

use crate::cast::*;

fn permit<A: Action>(caller: &Caller, target: A::Target) -> Permit<A> {
    world().authorize::<A>(caller, target, NOW).unwrap()
}

fn these(ids: &[OrganizationId]) -> Bounds {
    Bounds::Organizations(BRAND, ids.iter().copied().collect())
}

/// What somebody does to an organization reaches it and what lies above it, and nothing beside or beneath it.
#[test]
fn hier_2_a_permit_reaches_its_organization() {
    let graph = world();
    let owner = by_session(ROOT_OWNER, BRAND);
    let at = |id| permit::<UpdateOrganization>(&owner, id).bounds(&graph);
    assert_eq!(at(ROOT), these(&[ROOT]));
    assert_eq!(at(GRANDCHILD), these(&[ROOT, CHILD, GRANDCHILD]));
    let beneath = permit::<UpdateOrganization>(&owner, CHILD);
    assert_eq!(WholeTree(&beneath).bounds(&graph), Bounds::Realm(BRAND));
    let root = permit::<UpdateOrganization>(&owner, ROOT);
    assert_eq!((&root, &beneath).bounds(&graph), these(&[ROOT, CHILD]));
}

/// What belongs to no organization reaches the realm; a realm's administrator is bounded by it, the site's by nothing.
#[test]
fn hier_2_what_is_above_organizations_reaches_the_realm() {
    let graph = world();
    let nobody = by_session(NOBODY, BRAND);
    assert_eq!(permit::<ViewPlans>(&nobody, Commons(BRAND)).bounds(&graph), Bounds::Realm(BRAND));
    assert_eq!(permit::<CreateToken>(&nobody, Own(NOBODY)).bounds(&graph), Bounds::Realm(BRAND));
    let owner = by_session(CHILD_OWNER, BRAND);
    assert_eq!(permit::<ViewCluster>(&owner, SPOKE).bounds(&graph), Bounds::Realm(BRAND));
    let client = by_session(CLIENT_ADMINISTRATOR, BRAND);
    assert_eq!(permit::<UpdateOrganization>(&client, CHILD).bounds(&graph), Bounds::Realm(BRAND));
    assert_eq!(permit::<ViewUsers>(&client, Realm(BRAND)).bounds(&graph), Bounds::Realm(BRAND));
    assert_eq!(client.bounds(&graph), Bounds::Realm(BRAND));
    let site = by_session(SITE_ADMINISTRATOR, RealmId::PLATFORM);
    assert_eq!(permit::<UpdateOrganization>(&site, ELSEWHERE).bounds(&graph), Bounds::Everything);
    assert_eq!(site.bounds(&graph), Bounds::Everything);
    let mut stranger = site.clone();
    stranger.user = user(4_711);
    assert_eq!(stranger.bounds(&graph), Bounds::Nothing, "an account that is not there reaches nothing");
    for bounds in [Unbounded::Door, Unbounded::Itself, Unbounded::Agent] {
        assert_eq!(bounds.bounds(&graph), Bounds::Everything);
    }
    let controller =
        graph.authorize_controller::<bastide_authz::action::SetDesired>(Controller::Placement, SPOKE);
    assert_eq!(controller.unwrap().bounds(&graph), Bounds::Everything);
}

/// A list reaches what it lists.
#[test]
fn hier_2_a_listing_reaches_what_is_visible() {
    let graph = world();
    let seen =
        |user, realm| graph.visible_organizations(&by_session(user, realm), NOW).unwrap().bounds(&graph);
    assert_eq!(seen(CHILD_OWNER, BRAND), these(&[CHILD, GRANDCHILD]));
    assert_eq!(seen(NOBODY, BRAND), Bounds::Nothing);
    assert_eq!(seen(CLIENT_ADMINISTRATOR, BRAND), Bounds::Realm(BRAND));
    assert_eq!(seen(SITE_ADMINISTRATOR, RealmId::PLATFORM), Bounds::Everything);
}

/// Together, bounds reach what each of them does, and never less.
#[test]
fn hier_2_bounds_add_up() {
    let of = |realm, ids: &[OrganizationId]| Bounds::Organizations(realm, ids.iter().copied().collect());
    let (root, child) = (of(BRAND, &[ROOT]), of(BRAND, &[CHILD]));
    let both = of(BRAND, &[ROOT, CHILD]);
    for (one, other, together) in [
        (&root, &child, &both),
        (&root, &Bounds::Nothing, &root),
        (&root, &Bounds::Realm(BRAND), &Bounds::Realm(BRAND)),
        (&Bounds::Realm(BRAND), &Bounds::Realm(BRAND), &Bounds::Realm(BRAND)),
        (&Bounds::Realm(BRAND), &Bounds::Realm(OTHER), &Bounds::Everything),
        (&root, &of(OTHER, &[ELSEWHERE]), &Bounds::Everything),
        (&root, &Bounds::Realm(OTHER), &Bounds::Everything),
        (&Bounds::Everything, &root, &Bounds::Everything),
        (&Bounds::Nothing, &Bounds::Nothing, &Bounds::Nothing),
    ] {
        assert_eq!(&one.clone().and(other.clone()), together, "{one:?} and {other:?}");
        assert_eq!(&other.clone().and(one.clone()), together, "{other:?} and {one:?}");
    }
    let many: BTreeSet<_> = (0..200).map(organization).collect();
    assert!(matches!(Bounds::Organizations(BRAND, many.clone()).and(root), Bounds::Organizations(..)));
    let more = of(BRAND, &[organization(1_000)]);
    assert_eq!(Bounds::Organizations(BRAND, many).and(more), Bounds::Realm(BRAND), "too many to name");
}
