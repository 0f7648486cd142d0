//! Step 2: hub, spoke with its state and licence, and the node pool.

use bastide_api::clusters::ClusterView;
use maud::{Markup, html};

use super::WizardPage;
use super::draft::{Draft, TolerationRow};
use crate::pages::components::field::optional;
use crate::pages::components::field::{Choice, Radios, Select};
use crate::pages::components::problem::Errors;
use crate::pages::components::rows::{KeyValueRows, cell, cell_select, group, spare};
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{status, text};

pub(super) fn fields(view: &WizardPage, errors: Errors<'_>) -> Markup {
    html! {
        (hub(view, errors))
        (spoke(&view.spokes, &view.draft, errors))
        (pool(&view.draft, errors))
    }
}

/// The nodes, when it is to be held to some.
pub(in crate::pages) fn pool(draft: &Draft, errors: Errors<'_>) -> Markup {
    html! {
        details.fold open[draft.node_pool().is_some()] {
            summary { "Bind it to a node pool " span.optional { "(optional)" } }
            p.hint { "Its pods then run only on nodes with all of these labels. Leave it empty for any node." }
            (KeyValueRows {
                id: "node_labels",
                legend: "Labels of the nodes",
                hint: html! { "Such as " code { "node-pool" } " and " code { "databases" } "." },
                pointer: "/node_pool/labels",
                key_name: "node_label_key",
                value_name: "node_label_value",
                rows: &draft.node_labels,
            }.render(errors))
            (tolerations(&draft.tolerations, errors))
        }
    }
}

fn hub(view: &WizardPage, errors: Errors<'_>) -> Markup {
    if view.hubs.is_empty() {
        return callout(
            Tone::Bad,
            "There is no hub",
            &html! { p { "An installation has one from its start; look at the server's log." } },
        );
    }
    let first = view.hubs.first().map_or("", |hub| hub.slug.as_str());
    let choices = view.hubs.iter().map(|hub| (hub.slug.clone(), format!("{} ({})", hub.name, hub.slug)));
    Select {
        name: "hub",
        label: "Hub",
        pointer: "/hub",
        hint: html! { "The management plane that the spoke belongs to." },
        choices: choices.collect(),
        chosen: if view.draft.hub.is_empty() { first } else { &view.draft.hub },
    }
    .render(errors)
}

/// The spokes to choose from, with what is known of each.
pub(in crate::pages) fn spoke(spokes: &[ClusterView], draft: &Draft, errors: Errors<'_>) -> Markup {
    if spokes.is_empty() {
        return callout(
            Tone::Warn,
            "No cluster has joined yet",
            &html! {
                p { "Join one first: " a href="/platform/clusters/join" { "Add a cluster" } "." }
            },
        );
    }
    let choices = spokes.iter().map(|spoke| Choice {
        value: &spoke.name,
        label: html! { (spoke.name) },
        hint: spoke_facts(spoke),
    });
    html! {
        div.cards-choice {
            (Radios {
                name: "spoke",
                legend: "Spoke",
                pointer: "/spoke",
                choices: choices.collect(),
                chosen: &draft.spoke,
            }.render(errors))
        }
    }
}

/// State, licence and size; and what keeps the spoke from being used, said before it is chosen.
fn spoke_facts(spoke: &ClusterView) -> Markup {
    let licence = spoke.administration.as_ref().map(|administration| &administration.licence);
    html! {
        div.badges {
            @if spoke.membership == "joined" {
                (status::availability(spoke.availability.as_deref().unwrap_or("unknown")))
            } @else {
                (status::membership(&spoke.membership))
            }
            @if let Some(licence) = licence {
                (status::named_licence(&licence.state))
            }
        }
        div { (spoke.kubernetes_version) ", " (text::count(spoke.nodes as usize, "node", "nodes")) "." }
        @for blocker in blockers(spoke) { div.blocker { (text::prose(&blocker)) } }
    }
}

/// Why a spoke cannot be used now, as sentences; the check of the preconditions decides.
fn blockers(spoke: &ClusterView) -> Vec<String> {
    let mut blockers = Vec::new();
    if spoke.membership != "joined" {
        blockers.push(format!("{} is not accepted ({}).", spoke.name, spoke.membership));
        return blockers;
    }
    if let Some(availability) = spoke.availability.as_deref().filter(|word| *word != "available") {
        blockers.push(format!("{} is {availability}.", spoke.name));
    }
    let licence = spoke.administration.as_ref().map(|administration| &administration.licence);
    if let Some(licence) = licence.filter(|licence| !licence.permits_placement()) {
        blockers.push(format!("{} has no active licence: {}", spoke.name, licence.reason));
    }
    blockers
}

/// What a toleration compares, and which effect it tolerates (FLEET-7).
const OPERATORS: [(&str, &str); 2] = [("Equal", "Equal"), ("Exists", "Exists")];
const EFFECTS: [(&str, &str); 4] = [
    ("", "Every effect"),
    ("NoSchedule", "NoSchedule"),
    ("PreferNoSchedule", "PreferNoSchedule"),
    ("NoExecute", "NoExecute"),
];

fn tolerations(typed: &[TolerationRow], errors: Errors<'_>) -> Markup {
    let empty = TolerationRow::default();
    let rows = typed.iter().chain(std::iter::repeat_n(&empty, spare())).enumerate();
    let content = html! {
        @for (place, row) in rows { (toleration(place + 1, row)) }
    };
    let hint = html! { "Taints of those nodes. With " code { "Exists" } " the value stays empty." };
    group(
        "tolerations",
        &html! { "Tolerations" (optional()) },
        &hint,
        &errors.at("/node_pool/tolerations"),
        &content,
    )
}

fn toleration(row: usize, typed: &TolerationRow) -> Markup {
    let id = |part: &str| format!("toleration-{part}-{row}");
    html! {
        div.row.row-4 data-row {
            (cell(&id("key"), "toleration_key", "Key", row, &typed.key))
            (cell_select(&id("operator"), "toleration_operator", "Operator", row, &OPERATORS, &typed.operator))
            (cell(&id("value"), "toleration_value", "Value", row, &typed.value))
            (cell_select(&id("effect"), "toleration_effect", "Effect", row, &EFFECTS, &typed.effect))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::samples::data;

    /// FLEET-4: what keeps a spoke from being used is said before it is chosen.
    #[test]
    fn fleet_4_blockers_are_said_early() {
        assert!(blockers(&data::cluster("eu-1")).is_empty());
        let unlicensed = data::unlicensed_cluster("eu-2");
        assert!(blockers(&unlicensed)[0].starts_with("eu-2 has no active licence"));
        let requested = ClusterView { membership: "requested".into(), ..unlicensed.clone() };
        assert_eq!(blockers(&requested), ["eu-2 is not accepted (requested)."]);
        let silent = ClusterView { availability: Some("unknown".into()), ..data::cluster("eu-1") };
        assert_eq!(blockers(&silent), ["eu-1 is unknown."]);
    }
}
