//! Settings of an organization: what may be changed, and the danger zone.

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::tree::BlockerView;
use bastide_model::limits::NAME_CHARS_MAX;
use maud::{Markup, html};

use super::delete::{DeletePage, delete_form};
use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Frame};
use crate::pages::me::{OrganizationForm, annotation_rows, description_area, visibility_choice};
use crate::pages::navigation::offers;

/// What the settings show.
#[derive(Debug, Clone)]
pub struct SettingsPage {
    /// The organization as it is now; its entity tag goes with the form.
    pub organization: OrganizationView,
    /// What was typed, or what it is now.
    pub form: OrganizationForm,
    /// What was typed as its host names, or what they are now.
    pub host_names: String,
    /// What blocks its deletion.
    pub blockers: Vec<BlockerView>,
    /// How much more blocks it that the reader does not see.
    pub blockers_unnamed: u64,
    /// Names of the clusters that it runs on.
    pub clusters: Vec<String>,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /o/{slug}/settings`.
pub fn settings(ctx: &Context, view: &SettingsPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let organization = &view.organization;
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/description", "description"), ("/visibility", "visibility"),
            ("/annotations", "annotations"), ("/host_names", "host_names")]))
        @if offers(organization, "update") {
            (edit(view, errors))
        } @else {
            (callout(Tone::Neutral, "You may look, not change", &html! {
                p { "Changing this organization needs the permission " code { "organizations.update" } ", which its owner has." }
            }))
        }
        @if offers(organization, "update_host_names") { (host_names(view, errors)) }
        @if offers(organization, "delete") { (danger_zone(view)) }
    };
    let frame = Frame::new("Settings", body).crumbs(super::crumbs(organization)).failed(errors.any());
    layout::console(ctx, &frame)
}

fn edit(view: &SettingsPage, errors: Errors<'_>) -> Markup {
    let form = &view.form;
    html! {
        form.form.card method="post" action={ "/o/" (view.organization.slug) "/settings" } {
            (hidden("etag", &view.organization.etag))
            (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX).render(errors))
            p.field.fixed { span.label { "Short name" } code { (view.organization.slug) }
                span.hint { "Cannot be changed." } }
            (description_area(&form.description, errors))
            (visibility_choice(&form.visibility, errors))
            (annotation_rows(&form.annotations, errors))
            div.actions { (button::submit("Save changes")) }
        }
    }
}

/// For who administers the site or the client: an organization does not say itself what it owns.
fn host_names(view: &SettingsPage, errors: Errors<'_>) -> Markup {
    html! {
        section.section aria-labelledby="host-names-title" {
            h2 id="host-names-title" { "Host names" }
            form.form.card method="post" action={ "/o/" (view.organization.slug) "/host-names" } {
                (hidden("etag", &view.organization.etag))
                (Field::new("host_names", "Host names that it owns", &view.host_names).optional().code()
                    .hint(html! { "Such as " code { "acme.example" } ", with all beneath it; spaces between them. Its routes serve no others." })
                    .render(errors))
                div.actions { (button::submit("Save host names")) }
            }
        }
    }
}

/// Deleting from here opens the same form that its own page has.
fn danger_zone(view: &SettingsPage) -> Markup {
    let organization = &view.organization;
    let page = DeletePage {
        organization: organization.clone(),
        typed: String::new(),
        blockers: view.blockers.clone(),
        blockers_unnamed: view.blockers_unnamed,
        clusters: view.clusters.clone(),
        problem: None,
    };
    html! {
        section.section.danger-zone aria-labelledby="danger" {
            h2 id="danger" { "Danger zone" }
            p { "Deleting takes down everything that the organization has on its clusters. It cannot be undone." }
            @if organization.state == "active" {
                details.confirm id="delete" data-confirm="delete-title" {
                    summary.button.danger { "Delete organization" }
                    div.confirm-panel {
                        p.confirm-title id="delete-title" { "Delete " (text::name(&organization.name)) "?" }
                        (delete_form(&page, Errors::of(None), true))
                    }
                }
            } @else {
                p { "It is being deleted already." }
            }
        }
    }
}
