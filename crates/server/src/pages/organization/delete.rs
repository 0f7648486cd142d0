//! Deleting an organization (ORG-8): what follows from it, what blocks it, and its slug typed once more.

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
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
    /// Organizations beneath it, which block the deletion.
    pub children: Vec<OrganizationView>,
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
        div.card.form { (delete_form(view, errors, false)) }
    };
    let frame = Frame::new(&title, body).crumbs(super::crumbs(&view.organization)).failed(errors.any());
    layout::console(ctx, &frame)
}

/// The form, on its own page or in a dialog.
pub(super) fn delete_form(view: &DeletePage, errors: Errors<'_>, in_dialog: bool) -> Markup {
    let organization = &view.organization;
    if !view.children.is_empty() {
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

fn blocked(view: &DeletePage, in_dialog: bool) -> Markup {
    let listed = html! {
        p { "It has " (text::count(view.children.len(), "sub-organization", "sub-organizations")) ". Delete or move them first:" }
        ul { @for child in &view.children { li { a href={ "/o/" (child.slug) } { (text::name(&child.name)) } } } }
    };
    html! {
        (callout(Tone::Warn, "It cannot be deleted yet", &listed))
        @if in_dialog { div.actions { button.button type="button" data-cancel hidden { "Close" } } }
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
