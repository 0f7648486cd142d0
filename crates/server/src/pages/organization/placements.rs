//! Where an organization runs: its clusters, namespaces, conditions with their reasons, and objects.

use bastide_api::organizations::{GatewayChoice, NodePool, ObjectView, OrganizationView, PlacementView};
use maud::{Markup, html};

use crate::pages::components::conditions::conditions;
use crate::pages::components::status::{Tone, badge};
use crate::pages::components::{button, facts, state, status, table, text};
use crate::pages::icons::Icon;
use crate::pages::navigation::offers;

/// The section with all placements; it refreshes itself.
pub(super) fn placements(organization: &OrganizationView, placements: &[PlacementView]) -> Markup {
    html! {
        section.section id="placements" aria-labelledby="placements-title" {
            div.section-head {
                h2 id="placements-title" { "Where it runs" }
                @if offers(organization, "create_placement") && !placements.is_empty() { (place_on(organization, "Place on another cluster")) }
            }
            div id="placement-list" data-refresh {
                @for placement in placements { (one(organization, placement)) }
                @if placements.is_empty() { (none(organization)) }
            }
        }
    }
}

fn none(organization: &OrganizationView) -> Markup {
    let (title, sentence) = if organization.state == "active" {
        ("On no cluster yet", "An organization gets its namespaces when it is placed on a cluster.")
    } else {
        ("On no cluster any more", "Its clusters have taken it down.")
    };
    let act = html! { @if offers(organization, "create_placement") { (place_on(organization, "Place on a cluster")) } };
    state::empty(Icon::Server, title, sentence, &act)
}

fn place_on(organization: &OrganizationView, label: &str) -> Markup {
    button::link(&format!("/o/{}/placements/new", organization.slug), label)
}

fn one(organization: &OrganizationView, placement: &PlacementView) -> Markup {
    let id = format!("placement-{}", placement.cluster_name);
    let heading = format!("{id}-title");
    html! {
        article.card.placement id=(id) aria-labelledby=(heading) {
            div.card-head {
                h3 id=(heading) {
                    (Icon::Server.draw())
                    a href={ "/platform/clusters/" (placement.cluster_name) } { (placement.cluster_name) }
                }
                span data-announce { (text::hidden(&format!("Cluster {}: ", placement.cluster_name))) (status::availability(&placement.availability)) " " (progress(placement)) }
            }
            (facts::facts(rows(placement)))
            (conditions(&format!("{id}-conditions"), &format!("Conditions on {}", placement.cluster_name), &placement.conditions))
            (objects(&id, placement))
            @if offers(organization, "delete_placement") && placement.leaving.is_none() {
                p {
                    a href={ "/o/" (organization.slug) "/placements/" (placement.cluster_name) "/leave" } {
                        "Take it off " (placement.cluster_name)
                    }
                }
            }
        }
    }
}

/// Whether the cluster has looked at the latest change.
fn progress(placement: &PlacementView) -> Markup {
    if placement.removed {
        badge(Tone::Good, "Taken down")
    } else if placement.leaving.is_some() {
        badge(Tone::Wait, "Leaving")
    } else if placement.observed_generation >= placement.generation {
        badge(Tone::Good, "Up to date")
    } else {
        badge(Tone::Wait, "Catching up")
    }
}

fn rows(placement: &PlacementView) -> Vec<(&'static str, Markup)> {
    let mut rows = vec![
        ("Namespaces", facts::codes(&placement.namespaces, "None yet")),
        ("Gateway", gateway(&placement.gateway)),
        ("Node pool", node_pool(placement.node_pool.as_ref())),
        ("Last sign of life", text::time_or(placement.last_heartbeat_at.as_deref(), "Never")),
        ("Last change", html! { (taken_in(placement)) }),
    ];
    match placement.leaving.as_deref() {
        Some("release") => rows.push(("Leaving", html! { "Everything stays there, and is let go" })),
        Some(_) => rows.push(("Leaving", html! { "Everything of it is removed there" })),
        None => {}
    }
    rows
}

/// How far the cluster is with the latest change.
fn taken_in(placement: &PlacementView) -> String {
    let (wanted, seen) = (placement.generation, placement.observed_generation);
    if seen >= wanted {
        format!("No. {wanted}, taken in")
    } else {
        format!("No. {wanted}; No. {seen} is taken in")
    }
}

/// Which gateway, in words.
pub(in crate::pages) fn gateway(choice: &GatewayChoice) -> Markup {
    match choice {
        GatewayChoice::Shared {} => html! { "Shared with others" },
        GatewayChoice::Dedicated { configuration } => html! { "Its own: " code { (configuration) } },
    }
}

/// Which nodes, in words.
pub(in crate::pages) fn node_pool(pool: Option<&NodePool>) -> Markup {
    let Some(pool) = pool else { return html! { "Any node" } };
    let labels: Vec<String> = pool.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    html! {
        (facts::codes(&labels, "No labels"))
        @if !pool.tolerations.is_empty() {
            span.muted { "Tolerates" } " " (facts::codes(&pool.tolerations, ""))
        }
    }
}

fn objects(id: &str, placement: &PlacementView) -> Markup {
    if placement.objects.is_empty() {
        return html! {};
    }
    let unready = placement.objects.iter().filter(|object| !object.ready).count();
    let counted = text::count(placement.objects.len(), "object", "objects");
    html! {
        details.objects id={ (id) "-objects" } open[unready > 0] {
            summary {
                (counted) " on " (placement.cluster_name)
                @if unready > 0 { ", " (unready) " not ready" } @else { ", all ready" }
            }
            (object_table(id, placement))
        }
    }
}

fn object_table(id: &str, placement: &PlacementView) -> Markup {
    let rows = placement.objects.iter().map(|object: &ObjectView| {
        vec![
            html! { code { (object.name) } },
            html! { (object.kind) },
            html! { @if object.namespace.is_empty() { span.muted { "None" } } @else { code { (object.namespace) } } },
            if object.ready { badge(Tone::Good, "Ready") } else { badge(Tone::Bad, "Not ready") },
            html! { @if object.message.is_empty() { span.muted { "—" } } @else { (object.message) } },
        ]
    });
    let caption = format!("Objects on {}", placement.cluster_name);
    let columns = ["Name", "Kind", "Namespace", "State", "Message"];
    table::table(&format!("{id}-object-table"), &caption, &columns, rows)
}
