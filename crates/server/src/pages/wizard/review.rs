//! The review: everything that was chosen, every precondition, and the same as a command and as a request.

use bastide_model::names::Slug;
use maud::{Markup, html};

use super::{AdministratorKind, Step, WizardPage, checks, command};
use crate::pages::components::field::Field;
use crate::pages::components::problem::Errors;
use crate::pages::components::{code, facts, status, text};
use crate::pages::context::Context;
use crate::pages::organization::{gateway_words, node_pool_words};

pub(super) fn fields(ctx: &Context, view: &WizardPage, errors: Errors<'_>) -> Markup {
    html! {
        (basic(view))
        (cluster(view))
        (gateway(view))
        section.review-part id="preconditions" aria-labelledby="preconditions-title" {
            div.section-head { h3 id="preconditions-title" { "Preconditions" } }
            (checks::table(ctx, view))
        }
        (equivalents(view))
        @if view.draft.administrator_kind == AdministratorKind::New { (password(errors)) }
    }
}

fn part(id: &str, title: &str, step: Step, content: &Markup) -> Markup {
    let value = format!("step-{}", step.as_str());
    html! {
        section.review-part aria-labelledby=(id) {
            div.section-head {
                h3 id=(id) { (title) }
                button.button.small type="submit" name="action" value=(value) formnovalidate {
                    "Change" (text::hidden(&format!(" {title}")))
                }
            }
            (content)
        }
    }
}

fn basic(view: &WizardPage) -> Markup {
    let draft = &view.draft;
    let annotations: Vec<String> =
        draft.annotations.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let administrator = match draft.administrator_kind {
        AdministratorKind::Existing => html! { (draft.administrator_user) },
        AdministratorKind::New => html! {
            (text::name(&draft.administrator_name)) br; (draft.administrator_email) br;
            span.muted { "The account will be created" }
        },
    };
    let plan =
        view.plans.iter().find(|plan| plan.slug == draft.plan || (draft.plan.is_empty() && plan.is_default));
    let rows = [
        ("Name", text::name(&draft.name)),
        ("Short name", short_name(&draft.name, &draft.slug)),
        ("Beneath", text::name(&view.acting_from.name)),
        ("Administrator", administrator),
        (
            "Plan",
            html! { @match plan { Some(plan) => (text::name(&plan.name)), None => code { (draft.plan) } } },
        ),
        ("Visibility", html! { (status::visibility(&draft.visibility)) }),
        ("Annotations", facts::codes(&annotations, "None")),
    ];
    part("review-basic", "Basic info", Step::Basic, &facts::facts(rows))
}

/// The slug that was typed, or the one that the name will get.
fn short_name(name: &str, typed: &str) -> Markup {
    let made = name.parse().ok().and_then(|name| Slug::from_name(&name));
    html! {
        @if !typed.is_empty() { code { (typed) } }
        @else { @if let Some(made) = made { code { (made.as_str()) } " " } span.muted { "Made from the name" } }
    }
}

fn cluster(view: &WizardPage) -> Markup {
    let draft = &view.draft;
    let chosen =
        |text: &str| html! { @if text.is_empty() { span.muted { "Not chosen" } } @else { code { (text) } } };
    let rows = [
        ("Hub", chosen(&draft.hub)),
        ("Spoke", chosen(&draft.spoke)),
        ("Node pool", node_pool_words(draft.node_pool().as_ref())),
    ];
    part("review-cluster", "Cluster", Step::Cluster, &facts::facts(rows))
}

fn gateway(view: &WizardPage) -> Markup {
    let words = view
        .draft
        .gateway_choice()
        .map_or_else(|| text::muted("Not chosen"), |choice| gateway_words(&choice));
    part("review-gateway", "Gateway", Step::Gateway, &facts::facts([("Gateway", words)]))
}

fn equivalents(view: &WizardPage) -> Markup {
    let request = view.draft.to_request(&view.acting_from.slug, "…");
    let body = serde_json::to_string_pretty(&request).unwrap_or_default();
    html! {
        section.review-part aria-labelledby="equivalents" {
            div.section-head { h3 id="equivalents" { "The same by other means" } }
            details.fold { summary { "As a command" } (code::block("as-command", "Command", &command(&request))) }
            details.fold {
                summary { "As a request to the API" }
                p.hint { code { "POST /v1/client-organizations" } }
                (code::block("as-request", "Body of the request", &body))
            }
        }
    }
}

fn password(errors: Errors<'_>) -> Markup {
    html! {
        section.review-part aria-labelledby="first-password" {
            div.section-head { h3 id="first-password" { "First password of the administrator" } }
            (Field::new("administrator_password", "Password", "").password().autocomplete("new-password")
                .pointer("/administrator/account/password")
                .hint(html! { "At least " (bastide_model::limits::PASSWORD_CHARS_MIN) " characters. It is asked for here, at the end, so that it is not carried from page to page." })
                .render(errors))
        }
    }
}
