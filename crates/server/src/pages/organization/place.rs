//! Placing an organization on another cluster, and taking it off one (FLEET-6).

use bastide_api::Problem;
use bastide_api::clusters::ClusterView;
use bastide_api::gateways::GatewayConfigurationView;
use bastide_api::organizations::{GatewayChoice, NewPlacement, OrganizationView, PlacementView};
use maud::{Markup, html};

use crate::pages::components::field::{Choice, Field, Radios, Select};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, facts, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Frame};
use crate::pages::wizard::{Draft, GatewayKind, choose_pool, choose_spoke};

/// What the page shows on which an organization is placed on another cluster.
#[derive(Debug, Clone)]
pub struct PlacePage {
    /// The organization.
    pub organization: OrganizationView,
    /// What was typed: spoke, node pool and gateway of it.
    pub draft: Draft,
    /// The clusters to choose from: those that it is not on.
    pub spokes: Vec<ClusterView>,
    /// Their gateway configurations, each with the name of its cluster.
    pub gateways: Vec<(String, GatewayConfigurationView)>,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// What the page shows on which an organization is taken off a cluster.
#[derive(Debug, Clone)]
pub struct LeavePage {
    /// The organization.
    pub organization: OrganizationView,
    /// Where it is.
    pub placement: PlacementView,
    /// Whether everything is to stay there.
    pub release: bool,
    /// What was typed.
    pub typed: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// What is asked for; a gateway that was not chosen is the shared one.
pub fn to_placement(draft: &Draft) -> NewPlacement {
    let own = draft.gateway == GatewayKind::Dedicated || !draft.gateway_configuration.is_empty();
    NewPlacement {
        hub: None,
        spoke: draft.spoke.clone(),
        node_pool: draft.node_pool(),
        gateway: if own {
            GatewayChoice::Dedicated { configuration: draft.gateway_configuration.clone() }
        } else {
            GatewayChoice::Shared {}
        },
    }
}

/// `GET` and `POST /o/{slug}/placements/new`.
pub fn place(ctx: &Context, view: &PlacePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let address = format!("/o/{}", view.organization.slug);
    let body = html! {
        (errors.summary(&[("/spoke", "spoke"), ("/node_pool/labels", "node_labels"),
            ("/node_pool/tolerations", "tolerations")]))
        form.form.card method="post" action={ (address) "/placements/new" } {
            (choose_spoke(&view.spokes, &view.draft, errors))
            (choose_pool(&view.draft, errors))
            (gateway(view, errors))
            div.actions { (button::submit("Place it there")) (button::link(&address, "Cancel")) }
        }
    };
    let frame = Frame::new("Place on another cluster", body)
        .crumbs(super::crumbs(&view.organization))
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn gateway(view: &PlacePage, errors: Errors<'_>) -> Markup {
    let shared = (String::new(), "Shared with others".to_owned());
    let own = view.gateways.iter().map(|(cluster, gateway)| {
        (gateway.id.clone(), format!("Its own on {cluster}: {} ({})", gateway.name, gateway.slug))
    });
    Select {
        name: "gateway_configuration",
        label: "Gateway",
        pointer: "/gateway/configuration",
        hint: html! { "A gateway of its own comes from a configuration of the cluster that is chosen." },
        choices: std::iter::once(shared).chain(own).collect(),
        chosen: &view.draft.gateway_configuration,
    }
    .render(errors)
}

/// `GET` and `POST /o/{slug}/placements/{cluster}/leave`.
pub fn leave(ctx: &Context, view: &LeavePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let (organization, cluster) = (&view.organization, &view.placement.cluster_name);
    let address = format!("/o/{}", organization.slug);
    let title = format!("Take it off {cluster}");
    let body = html! {
        (errors.summary(&[("/confirm", "confirm")]))
        form.form.card method="post" action={ (address) "/placements/" (cluster) "/leave" } {
            (facts::facts([
                ("Organization", text::name(&organization.name)),
                ("Cluster", html! { code { (cluster) } }),
                ("Namespaces there", facts::codes(&view.placement.namespaces, "None yet")),
            ]))
            (what_becomes_of_it(view, errors))
            (Field::new("confirm", "Type the name of the cluster to confirm", &view.typed).code()
                .hint(html! { "It is " code { (cluster) } "." }).render(errors))
            p.hint { "The cluster does it by itself. Until it says that it is done, the organization is “leaving”, also while \
                      the cluster does not answer." }
            div.actions {
                (button::link(&address, "Keep it there"))
                button.button.danger.solid type="submit" { "Take it off" }
            }
        }
    };
    let frame = Frame::new(&title, body).crumbs(super::crumbs(organization)).failed(errors.any());
    layout::console(ctx, &frame)
}

fn what_becomes_of_it(view: &LeavePage, errors: Errors<'_>) -> Markup {
    Radios {
        name: "release",
        legend: "What becomes of it there",
        pointer: "/release",
        choices: vec![
            Choice {
                value: "no",
                label: html! { "Remove everything" },
                hint: html! { "Its namespaces there go, with everything in them. It cannot be undone." },
            },
            Choice {
                value: "yes",
                label: html! { "Leave everything there" },
                hint: html! { "It stays as it is and belongs to whoever administers the cluster: nothing of it is locked or \
                               repaired from here any more, and the organization's people have no rights there." },
            },
        ],
        chosen: if view.release { "yes" } else { "no" },
    }
    .render(errors)
}
