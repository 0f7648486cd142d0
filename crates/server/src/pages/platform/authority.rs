//! The hub's authority for agents: what it is, and its exchange (FLEET-1).

use bastide_api::Problem;
use bastide_api::clusters::{AuthorityState, AuthorityView};
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::hidden;
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, facts, text};
use crate::pages::context::Context;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};

/// What the page of the authority shows.
#[derive(Debug, Clone)]
pub struct AuthorityPage {
    /// The authority, and how far its exchange has come.
    pub state: AuthorityState,
    /// Why a step was not taken.
    pub problem: Option<Problem>,
}

/// `GET /platform/authority`; steps are posted to it.
pub fn authority(ctx: &Context, view: &AuthorityPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let state = &view.state;
    let body = html! {
        (errors.summary(&[]))
        div.stack {
            section.card aria-labelledby="present-title" {
                h2 id="present-title" { (Icon::Seal.draw()) "The one that signs" }
                (facts::facts(rows(&state.present, "Since")))
            }
            @match &state.next {
                None => (prepare()),
                Some(next) => (take_over(state, next)),
            }
        }
        @if !state.previous.is_empty() { (previous(&state.previous)) }
    };
    let frame = Frame::new("Authority for agents", body)
        .crumbs(vec![Crumb::new("/platform/clusters", "Clusters")])
        .lead(
            html! { "It vouches for the hub towards the agents of clusters, and signs their certificates." },
        )
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn rows(one: &AuthorityView, since: &'static str) -> Vec<(&'static str, Markup)> {
    vec![("Fingerprint", html! { code.fingerprint { (one.fingerprint) } }), (since, text::time(&one.since))]
}

fn prepare() -> Markup {
    html! {
        section.section aria-labelledby="exchange-title" {
            h2 id="exchange-title" { "Exchange it" }
            p { "First the next one is made and handed to the agents; nothing else changes. Later it takes over." }
            form method="post" action="/platform/authority" {
                (hidden("step", "prepare"))
                div.actions { (button::submit("Prepare the next one")) }
            }
        }
    }
}

fn take_over(state: &AuthorityState, next: &AuthorityView) -> Markup {
    let waiting = !state.clusters_waiting.is_empty();
    html! {
        section.card aria-labelledby="next-title" {
            h2 id="next-title" { (Icon::Seal.draw()) "The next one" }
            div.stack {
                div id="exchange" data-refresh {
                    (facts::facts(rows(next, "Made")))
                    (facts::facts([
                        ("Clusters that have it", html! { (state.clusters_ready) }),
                        ("Clusters that do not", facts::codes(&state.clusters_waiting, "None that answers")),
                    ]))
                }
                @if waiting {
                    (callout(Tone::Warn, "Not every cluster that answers has it yet", &html! {
                        p { "They are handed it with their next sign of life. Switching now cuts off those that do not have it, \
                             unless the one before leads them to it." }
                    }))
                }
                (confirm(&Confirm {
                    id: "switch",
                    trigger: "Let it take over",
                    about: "",
                    title: "Let the next authority take over?",
                    consequences: html! { p { "The key of the present one is forgotten. Its certificate is believed for another two \
                                               weeks, so that agents that were away find the hub." } },
                    action: "/platform/authority",
                    fields: html! { (hidden("step", "switch")) @if waiting { (hidden("force", "yes")) } },
                    verb: "Switch authority",
                }))
            }
        }
    }
}

fn previous(previous: &[AuthorityView]) -> Markup {
    html! {
        section.section aria-labelledby="previous-title" {
            h2 id="previous-title" { "Those before it, still believed" }
            @for one in previous { (facts::facts(rows(one, "Replaced"))) }
        }
    }
}
