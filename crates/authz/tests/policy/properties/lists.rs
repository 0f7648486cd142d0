//! A list shows what a check of each item would.

use bastide_authz::action::{
    ViewBilling, ViewCluster, ViewMembers, ViewOrganization, ViewProject, ViewTeam, ViewTeamMembers,
    ViewUsers,
};
use bastide_authz::visible::{Scope, Visible};
use bastide_authz::{Billing, Realm};
use bastide_model::OrganizationId;
use bastide_model::role::Role;
use proptest::prelude::*;

use super::world::{World, asked, shown};

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

    /// HIER-4: what is listed beneath an organization is what lies directly beneath it and may be viewed.
    #[test]
    fn hier_4_what_is_listed_beneath_may_be_viewed((world, _, caller, now) in asked()) {
        let graph = world.graph();
        for number in 0..world.organizations.len() {
            let above = World::organization(number);
            let allowed = graph.authorize::<ViewOrganization>(&caller, above, now);
            match graph.visible_beneath(&caller, above, now) {
                Err(error) => prop_assert_eq!(Some(&error), allowed.as_ref().err()),
                Ok(visible) => {
                    prop_assert!(allowed.is_ok());
                    for (child, (realm, parent)) in world.organizations.iter().enumerate() {
                        let id = World::organization(child);
                        let expected =
                            *parent == Some(number) && graph.authorize::<ViewOrganization>(&caller, id, now).is_ok();
                        prop_assert_eq!(shown(&visible, &id, Some(*realm)), expected);
                    }
                }
            }
        }
    }

    /// The tree beneath an organization is what is seen with everything between.
    #[test]
    fn hier_4_a_tree_is_seen_as_far_as_every_step_is((world, _, caller, now) in asked(), most in 0_usize..8) {
        let graph = world.graph();
        let sees = |number: usize| {
            graph.authorize::<ViewOrganization>(&caller, World::organization(number), now).is_ok()
        };
        for top in (0..world.organizations.len()).filter(|top| sees(*top)) {
            let beneath: Vec<_> = (0..world.organizations.len())
                .filter(|one| *one != top && world.line(*one).contains(&top))
                .filter(|one| world.line(*one).difference(&world.line(top)).all(|step| sees(*step)))
                .collect();
            let place = (World::organization(top), most);
            let (shown_most, more) = graph.visible_tree(&caller, place, now).unwrap();
            let is_shown = |number: &usize, visible: &Visible<OrganizationId>| {
                shown(visible, &World::organization(*number), Some(world.organizations[*number].0))
            };
            let cut: Vec<_> = beneath.iter().filter(|one| is_shown(one, &shown_most)).collect();
            prop_assert_eq!((cut.len(), more), (beneath.len().min(most), beneath.len() > most));
            let deepest = cut.iter().map(|one| world.line(**one).len()).max().unwrap_or_default();
            let left_out = beneath.iter().filter(|one| !cut.contains(one));
            prop_assert!(left_out.map(|one| world.line(*one).len()).all(|depth| depth >= deepest), "upper ones first");
            let (all, _) = graph.visible_tree(&caller, (World::organization(top), 100), now).unwrap();
            for number in 0..world.organizations.len() {
                prop_assert_eq!(is_shown(&number, &all), beneath.contains(&number));
            }
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

    /// HIER-6, ROLE-2: the same for the teams and the projects of each organization; nothing of another one is among them.
    #[test]
    fn visible_teams_and_projects_are_those_that_may_be_viewed((world, _, caller, now) in asked()) {
        let (graph, facts) = (world.graph(), world.facts());
        for at in facts.organizations.keys().copied() {
            let (teams, projects) =
                (graph.visible_teams(&caller, at, now), graph.visible_projects(&caller, at, now));
            for (id, _) in facts.teams.iter().filter(|(_, of)| **of == at) {
                let allowed = graph.authorize::<ViewTeam>(&caller, *id, now);
                match &teams {
                    Ok(teams) => prop_assert_eq!(shown(teams, id, None), allowed.is_ok()),
                    Err(error) => prop_assert_eq!(Some(error), allowed.as_ref().err()),
                }
            }
            for (id, _) in facts.projects.iter().filter(|(_, of)| **of == at) {
                let allowed = graph.authorize::<ViewProject>(&caller, *id, now);
                match &projects {
                    Ok(projects) => prop_assert_eq!(shown(projects, id, None), allowed.is_ok()),
                    Err(error) => prop_assert_eq!(Some(error), allowed.as_ref().err()),
                }
            }
            if let Ok(Scope::These(ids)) = teams.as_ref().map(Visible::scope) {
                prop_assert!(ids.iter().all(|id| facts.teams[id] == at));
            }
            if let Ok(Scope::These(ids)) = projects.as_ref().map(Visible::scope) {
                prop_assert!(ids.iter().all(|id| graph.authorize::<ViewProject>(&caller, *id, now).is_ok()));
            }
        }
    }

    /// BILL-1: the same for the billing of organizations, which is an axis of its own.
    #[test]
    fn bill_1_visible_billing_is_what_may_be_viewed((world, _, caller, now) in asked()) {
        let graph = world.graph();
        let visible = graph.visible_billing(&caller, now);
        for number in 0..world.organizations.len() {
            let id = World::organization(number);
            let allowed = graph.authorize::<ViewBilling>(&caller, Billing(id), now);
            match &visible {
                Ok(visible) => {
                    prop_assert!(matches!(visible.scope(), Scope::These(_)));
                    prop_assert_eq!(shown(visible, &id, None), allowed.is_ok());
                }
                Err(error) => prop_assert_eq!(Some(error), allowed.as_ref().err()),
            }
        }
    }

    /// E-43: somebody is known to who sees them in a list: of accounts, of members, of a team or of billing.
    #[test]
    fn e_43_who_is_known_is_in_a_list_that_is_seen((world, _, caller, now) in asked()) {
        let (graph, facts) = (world.graph(), world.facts());
        for (user, (realm, _)) in &facts.users {
            let known = graph.knows(&caller, *user, now);
            if graph.admit(&caller).is_err() {
                prop_assert!(known.is_err());
                continue;
            }
            let by_grant = facts.grants.values().filter(|grant| grant.user == *user).any(|grant| {
                if grant.role == Role::BillingAdministrator {
                    graph.authorize::<ViewBilling>(&caller, Billing(grant.organization), now).is_ok()
                } else {
                    graph.authorize::<ViewMembers>(&caller, grant.organization, now).is_ok()
                }
            });
            let in_team = |(team, member): &(_, _)| {
                member == user && graph.authorize::<ViewTeamMembers>(&caller, *team, now).is_ok()
            };
            let listed = graph.authorize::<ViewUsers>(&caller, Realm(*realm), now).is_ok()
                || by_grant
                || facts.members.keys().any(in_team);
            prop_assert_eq!(known, Ok(listed || *user == caller.user));
        }
    }
}
