//! One gateway configuration: what it is, whether organizations share it, changing it, deleting it.

use bastide_api::Problem;
use bastide_api::gateways::GatewayConfigurationView;
use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use super::gateways::{GatewayForm, certificate_words, delete_at, what_it_is};
use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, badge};
use crate::pages::components::{button, facts, text};
use crate::pages::context::Context;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};
use crate::pages::wizard::listeners;

/// What the page of a gateway configuration shows.
#[derive(Debug, Clone)]
pub struct GatewayPage {
    /// Name of its cluster.
    pub cluster: String,
    /// The configuration; its entity tag goes with the form.
    pub gateway: GatewayConfigurationView,
    /// Whether the person may change it.
    pub may_change: bool,
    /// What was typed, or what it is now.
    pub form: GatewayForm,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

impl GatewayPage {
    fn cluster_address(&self) -> String {
        format!("/platform/clusters/{}", self.cluster)
    }

    fn address(&self) -> String {
        format!("{}/gateways/{}", self.cluster_address(), self.gateway.slug)
    }
}

/// `GET /platform/clusters/{name}/gateways/{gateway}`.
pub fn gateway(ctx: &Context, view: &GatewayPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/class", "class"), ("/listeners", "listeners"),
            ("/addresses", "addresses"), ("/certificates", "certificates")]))
        (what(view))
        @if view.may_change {
            (sharing(view))
            (change(view, errors))
            section.section.danger-zone aria-labelledby="parting" {
                h2 id="parting" { "Parting with it" }
                div.danger-row {
                    p { strong { "Delete it" } br; "Refused while an organization uses it." }
                    (delete_at(&view.cluster_address(), &view.gateway))
                }
            }
        }
    };
    let crumbs =
        vec![Crumb::new("/platform/clusters", "Clusters"), Crumb::new(view.cluster_address(), &view.cluster)];
    let frame = Frame::new(&view.gateway.name, body).crumbs(crumbs).failed(errors.any());
    layout::console(ctx, &frame)
}

fn what(view: &GatewayPage) -> Markup {
    let gateway = &view.gateway;
    let addresses =
        if gateway.addresses.is_empty() { "As given".to_owned() } else { gateway.addresses.join(", ") };
    let shared =
        if gateway.shared { badge(Tone::Good, "Shared") } else { badge(Tone::Neutral, "Not shared") };
    let rows = vec![
        ("Short name", html! { code { (gateway.slug) } }),
        ("Class", html! { code { (gateway.class) } }),
        ("Listeners", html! { (listeners(gateway)) }),
        ("Addresses", html! { (addresses) }),
        ("Certificates", html! { (certificate_words(gateway.certificates)) }),
        ("Organizations", shared),
        ("Made", text::time(&gateway.created_at)),
    ];
    html! {
        section.card aria-labelledby="facts-title" {
            h2 id="facts-title" { (Icon::Gate.draw()) "What it is" }
            (facts::facts(rows))
        }
    }
}

fn sharing(view: &GatewayPage) -> Markup {
    let (words, label, value) = if view.gateway.shared {
        (
            "Organizations of the cluster share the gateway of this configuration, each for its own host names.",
            "Share it no longer",
            "no",
        )
    } else {
        (
            "Organizations that have no gateway of their own can share the gateway of this configuration. It takes the \
             place of the one that they share now.",
            "Share it",
            "yes",
        )
    };
    html! {
        section.section aria-labelledby="sharing" {
            h2 id="sharing" { "Sharing" }
            p { (words) }
            form.form method="post" action={ (view.address()) "/share" } {
                (hidden("shared", value))
                div.actions { (button::submit(label)) }
            }
        }
    }
}

fn change(view: &GatewayPage, errors: Errors<'_>) -> Markup {
    html! {
        section.section aria-labelledby="change" {
            h2 id="change" { "Change it" }
            form.form.card method="post" action=(view.address()) {
                (hidden("etag", &view.gateway.etag))
                (Field::new("name", "Name", &view.form.name).longest(NAME_CHARS_MAX).render(errors))
                (what_it_is(&view.form, errors))
                div.actions { (button::submit("Save changes")) }
            }
        }
    }
}
