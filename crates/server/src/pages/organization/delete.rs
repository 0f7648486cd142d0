//! Deleting an organization (ORG-8): what follows from it, what blocks it, and its slug typed once more.

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::tree::BlockerView;
use maud::{Markup, html};

use crate::pages::components::field::Field;
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, facts, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Frame};

/// What the page shows on which an organization is deleted.
#[derive(Debug, Clone)]
pub struct DeletePage {
    /// The organization.
    pub organization: OrganizationView,
    /// What was typed.
    pub typed: String,
    /// What blocks the deletion.
    pub blockers: Vec<BlockerView>,
    /// How much more blocks it that the reader does not see.
    pub blockers_unnamed: u64,
    /// Names of the clusters that it runs on.
    pub clusters: Vec<String>,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /o/{slug}/delete`.
pub fn delete_organization(ctx: &Context, view: &DeletePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let title = format!("Delete {}", view.organization.name);
    let body = html! {
        (errors.summary(&[("/confirm", "confirm")]))
        @if is_blocked(view) { (delete_form(view, errors, false)) }
        @else { div.card.form { (delete_form(view, errors, false)) } }
    };
    let frame = Frame::new(&title, body).crumbs(super::crumbs(&view.organization)).failed(errors.any());
    layout::console(ctx, &frame)
}

/// The form, on its own page or in a dialog.
pub(super) fn delete_form(view: &DeletePage, errors: Errors<'_>, in_dialog: bool) -> Markup {
    let organization = &view.organization;
    if organization.state != "active" {
        return callout(
            Tone::Neutral,
            "It is being deleted already",
            &html! { p { "That goes on by itself." } },
        );
    }
    if is_blocked(view) {
        return blocked(view, in_dialog);
    }
    html! {
        (consequences(view))
        form.stack method="post" action={ "/o/" (organization.slug) "/delete" } {
            (Field::new("confirm", "Type the short name to confirm", &view.typed).code()
                .hint(html! { "It is " code { (organization.slug) } "." }).render(errors))
            div.actions {
                @if in_dialog {
                    button.button type="button" data-cancel hidden { "Cancel" }
                } @else {
                    (button::link(&format!("/o/{}", organization.slug), "Keep it"))
                }
                button.button.danger.solid type="submit" { "Delete organization" }
            }
        }
    }
}

fn is_blocked(view: &DeletePage) -> bool {
    !view.blockers.is_empty() || view.blockers_unnamed > 0
}

fn blocked(view: &DeletePage, in_dialog: bool) -> Markup {
    let unnamed = view.blockers_unnamed;
    let listed = html! {
        p { "This is in the way. Delete or move it first:" }
        ul {
            @for one in &view.blockers {
                li { (kind(&one.kind)) " " a href=(place(&view.organization.slug, one)) { (text::name(&one.name)) } }
            }
            @if unnamed > 0 { li { (unnamed) " more that you do not see" } }
        }
    };
    html! {
        (callout(Tone::Warn, "It cannot be deleted yet", &listed))
        @if in_dialog { div.actions { button.button type="button" data-cancel hidden { "Close" } } }
        @else { div.actions { (button::link(&format!("/o/{}", view.organization.slug), "Keep it")) } }
    }
}

/// What kind of thing blocks, as people say it. Each kind has a line here and one in [`place`].
fn kind(word: &str) -> String {
    match word {
        "organization" => "Sub-organization".to_owned(),
        "project" => "Project".to_owned(),
        other => text::words(other),
    }
}

/// Where the console has what blocks.
fn place(of: &str, blocker: &BlockerView) -> String {
    match blocker.kind.as_str() {
        "organization" => format!("/o/{}", blocker.slug),
        "project" => format!("/o/{of}/projects/{}", blocker.slug),
        _ => blocker.link.clone(),
    }
}

fn consequences(view: &DeletePage) -> Markup {
    html! {
        p { "This removes the organization with its namespaces and everything in them, and its roles. It cannot be undone; \
             the audit log keeps a record that it existed." }
        (facts::facts([
            ("Organization", text::name(&view.organization.name)),
            ("Taken down on", facts::codes(&view.clusters, "No cluster")),
        ]))
        @if !view.clusters.is_empty() {
            p.hint { "Clusters take it down by themselves. When one does not answer, the organization stays “partly \
                      deleted” until it does." }
        }
    }
}
