//! Adding a cluster: a join token, and once the line with which the cluster asks to join.

use bastide_api::Problem;
use bastide_api::clusters::{HubView, IssuedJoinToken};
use bastide_model::limits::{JOIN_TOKEN_SECONDS_DEFAULT, JOIN_TOKEN_SECONDS_MAX, SLUG_CHARS_MAX};
use maud::{Markup, html};

use crate::pages::components::field::Field;
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, code, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Crumb, Frame};

/// What the page for adding a cluster shows.
#[derive(Debug, Clone)]
pub struct JoinPage {
    /// The hub that it will belong to.
    pub hub: HubView,
    /// What was typed as name.
    pub cluster_name: String,
    /// What was typed as minutes; empty for the default.
    pub minutes: String,
    /// A token that was just made: its secret is shown this once.
    pub issued: Option<IssuedJoinToken>,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

/// `GET` and `POST /platform/clusters/join`.
pub fn join(ctx: &Context, view: &JoinPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let body = match &view.issued {
        Some(issued) => issued_once(issued),
        None => ask(view, errors),
    };
    let frame = Frame::new("Add a cluster", body)
        .crumbs(vec![Crumb::new("/platform/clusters", "Clusters")])
        .lead(html! { "It will belong to the hub " (text::name(&view.hub.name)) "." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn ask(view: &JoinPage, errors: Errors<'_>) -> Markup {
    let longest = u32::try_from(JOIN_TOKEN_SECONDS_MAX / 60).unwrap_or(u32::MAX);
    html! {
        (errors.summary(&[("/cluster_name", "cluster_name"), ("/minutes", "minutes")]))
        form.form.card method="post" action="/platform/clusters/join" {
            (Field::new("cluster_name", "Name of the cluster", &view.cluster_name).longest(SLUG_CHARS_MAX).code().autofocus()
                .hint(html! { "At most " (SLUG_CHARS_MAX) " characters of a–z, 0–9 and " code { "-" } ", such as " code { "eu-1" } "." })
                .render(errors))
            (Field::new("minutes", "Minutes that the token works", &view.minutes).optional().number(1, longest)
                .hint(html! { "1 to " (longest) "; " (JOIN_TOKEN_SECONDS_DEFAULT / 60) " when you leave it empty. It works once." })
                .render(errors))
            div.actions { (button::submit("Make a join token")) (button::link("/platform/clusters", "Cancel")) }
        }
    }
}

fn issued_once(issued: &IssuedJoinToken) -> Markup {
    html! {
        section.card.once aria-labelledby="issued-title" {
            h2 id="issued-title" { "Join token for " (issued.token.cluster_name) }
            (callout(Tone::Warn, "Copy it now", &html! {
                p { "It is shown this once, works once, and ends at " (text::time(&issued.token.expires_at)) "." }
            }))
            ol.howto {
                li {
                    h3 { "Where the cluster's kubeconfig is, run" }
                    (code::block("join-command", "Command that joins the cluster", &issued.command))
                    details.fold {
                        summary { "Or run the agent inside the cluster" }
                        p { "Give this to " code { "kubectl apply -f -" } "." }
                        (code::block("join-manifest", "Manifest of the agent", &issued.manifest))
                    }
                }
                li { h3 { "Compare" } p { "The agent prints the fingerprint of its key." } }
                li { h3 { "Accept" } p { "The request appears under Clusters. Accept it when the fingerprint is the same." } }
            }
            div.actions { a.button.primary href="/platform/clusters" { "Go to Clusters" } }
        }
    }
}
