//! What of an organization needs attention, found from what is shown anyway.

use bastide_api::organizations::{OrganizationView, PlacementView};

use crate::pages::components::conditions::unmet;
use crate::pages::components::status::Tone;
use crate::pages::components::text::count;

use super::Usage;

/// One thing that needs attention.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Matter {
    /// How much.
    pub(super) tone: Tone,
    /// What it is, as a sentence.
    pub(super) sentence: String,
    /// Where on the page more is said; empty for nowhere.
    pub(super) anchor: String,
}

/// Everything that needs attention, the life of the organization first, then its clusters, then its limits.
pub(super) fn matters(
    organization: &OrganizationView,
    placements: &[PlacementView],
    usage: &[Usage],
) -> Vec<Matter> {
    let mut matters: Vec<Matter> = life(organization, placements).into_iter().collect();
    if organization.state == "active" && organization.kind == "work" && placements.is_empty() {
        matters.push(matter(Tone::Neutral, "It runs on no cluster yet.".to_owned(), "placements"));
    }
    matters.extend(placements.iter().flat_map(of_placement));
    matters.extend(usage.iter().filter_map(of_usage));
    matters
}

fn matter(tone: Tone, sentence: String, anchor: &str) -> Matter {
    Matter { tone, sentence, anchor: anchor.to_owned() }
}

fn life(organization: &OrganizationView, placements: &[PlacementView]) -> Option<Matter> {
    match organization.state.as_str() {
        "deleting" => {
            Some(matter(Tone::Wait, "It is being deleted: its clusters take it down.".into(), "placements"))
        }
        "partially_deleted" => Some(matter(
            Tone::Warn,
            format!(
                "It is partly deleted: {} not answer. Deletion goes on by itself when that changes.",
                silent(placements)
            ),
            "placements",
        )),
        _ => None,
    }
}

/// Which clusters a deletion waits for, as the beginning of a sentence.
fn silent(placements: &[PlacementView]) -> String {
    let silent = placements.iter().filter(|one| !one.removed && one.availability != "available");
    let names: Vec<&str> = silent.map(|one| one.cluster_name.as_str()).collect();
    match names.as_slice() {
        [] => "a cluster does".to_owned(),
        [one] => format!("cluster {one} does"),
        [first @ .., last] => format!("clusters {} and {last} do", first.join(", ")),
    }
}

/// A silent cluster comes alone: whatever else is known of it is old.
fn of_placement(placement: &PlacementView) -> Vec<Matter> {
    let name = &placement.cluster_name;
    let anchor = format!("placement-{name}");
    if placement.removed {
        return Vec::new();
    }
    if placement.availability != "available" {
        let sentence = format!(
            "Cluster {name} is {}. What runs there goes on; changes wait until it answers.",
            placement.availability
        );
        return vec![matter(Tone::Warn, sentence, &anchor)];
    }
    let mut matters: Vec<_> = unmet(&placement.conditions)
        .map(|condition| {
            let why = if condition.message.is_empty() { &condition.reason } else { &condition.message };
            matter(Tone::Bad, format!("{} on {name}: {why}", condition.kind), &anchor)
        })
        .collect();
    let unready = placement.objects.iter().filter(|object| !object.ready).count();
    if unready > 0 && matters.is_empty() {
        let objects = count(unready, "object is", "objects are");
        matters.push(matter(Tone::Warn, format!("{objects} not ready on {name}."), &anchor));
    }
    if placement.observed_generation < placement.generation && matters.is_empty() {
        matters.push(matter(Tone::Wait, format!("{name} is taking in the latest change."), &anchor));
    }
    matters
}

/// A limit that is just reached is as it should be: the bar beside it shows it.
fn of_usage(usage: &Usage) -> Option<Matter> {
    let (used, allowed) = usage.used.zip(usage.allowed).filter(|(used, allowed)| used > allowed)?;
    let sentence =
        format!("{}: over the limit, {used} of {allowed}. What exists stays; nothing new.", usage.name);
    Some(matter(Tone::Warn, sentence, "plan"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples::data;

    #[test]
    fn a_healthy_organization_needs_nothing() {
        let usage = [Usage { name: "Members".into(), used: Some(2), allowed: Some(10) }];
        assert_eq!(matters(&data::organization("acme"), &[data::placement("eu-1")], &usage), []);
    }

    /// FLEET-6: a silent cluster is said to go on, and old conditions are not repeated.
    #[test]
    fn fleet_6_a_silent_cluster_comes_alone() {
        let mut placement = data::broken_placement("eu-1");
        assert_eq!(matters(&data::organization("acme"), &[placement.clone()], &[])[0].tone, Tone::Bad);
        placement.availability = "unknown".into();
        let found = matters(&data::organization("acme"), &[placement], &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].sentence.contains("What runs there goes on"), "{found:?}");
    }

    /// PLAN-3: what is over its limit is said, what has just reached it is not.
    #[test]
    fn plan_3_over_the_limit_is_said() {
        let usage = |used| [Usage { name: "Members".into(), used: Some(used), allowed: Some(2) }];
        let said = |used| matters(&data::organization("acme"), &[data::placement("eu-1")], &usage(used));
        assert!(said(1).is_empty() && said(2).is_empty());
        assert!(said(3)[0].sentence.contains("over the limit, 3 of 2"));
    }

    /// ORG-8: both states of tear-down are said.
    #[test]
    fn org_8_tear_down_is_said() {
        for (state, word) in [("deleting", "being deleted"), ("partially_deleted", "partly deleted")] {
            let organization = OrganizationView { state: state.into(), ..data::organization("acme") };
            assert!(matters(&organization, &[], &[])[0].sentence.contains(word));
        }
    }
}
