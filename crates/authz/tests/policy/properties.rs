//! What holds for every graph and every caller.

mod acting;
mod checks;
mod facts;
mod following;
mod lists;
mod moves;
mod world;

use bastide_authz::action::{
    AdvanceDeletion, CompleteSetup, CreateOrganization, DeleteOrganization, RenewCertificate, ReportCluster,
    RequestJoin, SetDesired, SignIn, UpdateOrganization, ViewMembers, ViewOrganization,
};
use bastide_authz::target::Object;
use bastide_authz::visible::Scope;
use bastide_authz::{Action, Graph, Site, Source};
use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::user::Access;
use bastide_model::{Error, HubId, OrganizationId, Permission, Result, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;

use self::world::{World, asked, id, objects, times, worlds};
use crate::cast::by_token;

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

    /// Everybody holds on everything in organizations what the rules of the domain say, which are written down a second
    /// time beside the graph.
    #[test]
    fn what_is_held_is_what_the_rules_give((world, now) in (worlds(), times())) {
        let (graph, facts) = (world.graph(), world.facts());
        for (number, (realm, access)) in world.users.iter().enumerate() {
            let caller = by_token(World::user(number), *realm, PermissionSet::ALL);
            for object in facts.things().into_iter().filter(|_| *access != Access::Disabled) {
                let held = graph.held(&caller, object, now);
                prop_assert_eq!(held, Ok(facts.holds(caller.user, object, now)), "{:?}", object);
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
                // What is not seen may be given all the same, and is worth nothing (HIER-6).
                let unseen = held.as_ref().is_ok_and(|held| held.is_empty()) && !explained.grants.is_empty();
                prop_assert!(unseen || gives_it == held.as_ref().is_ok_and(|held| held.contains(permission)));
                for grant in explained.grants {
                    let Source::Assignment { organization, expires_at, .. } = grant.source else { continue };
                    prop_assert!(expires_at.is_none_or(|end| now < end));
                    prop_assert!(world.has_grant(number, organization), "nobody gave that");
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
        let lists = |graph: &Graph| {
            let organizations = (graph.visible_organizations(&caller, now), graph.visible_billing(&caller, now));
            (organizations, graph.visible_clusters(&caller, now))
        };
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
