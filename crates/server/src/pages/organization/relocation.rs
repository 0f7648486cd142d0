//! Moving an organization (HIER-4): first where to, then who gains and who loses what, then its slug typed once more.

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::tree::{AccessChange, MovePreview, NamedOrganization};
use maud::{Markup, html};

use crate::pages::components::field::{Field, Select, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{self, Tone, callout};
use crate::pages::components::{button, facts, table, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Frame};

/// What stands for the root of the realm among the places: no short name is like it.
pub const ROOT: &str = "/";

/// What the page shows on which an organization is moved.
#[derive(Debug, Clone)]
pub struct MovePage {
    /// The organization.
    pub organization: OrganizationView,
    /// The places to choose from: organizations that the caller may move something beneath.
    pub places: Vec<OrganizationView>,
    /// Whether there may be more of them than a choice holds, so that the place is typed.
    pub is_cut: bool,
    /// The place that is chosen: a short name, [`ROOT`], or nothing yet.
    pub to: String,
    /// What would follow, when a place is chosen that it can go to.
    pub preview: Option<MovePreview>,
    /// What was typed to confirm.
    pub typed: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET` and `POST /o/{slug}/move`.
pub fn relocation(ctx: &Context, view: &MovePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let title = format!("Move {}", view.organization.name);
    let body = html! {
        (errors.summary(&[("/parent", "to"), ("/confirm", "confirm")]))
        @match &view.preview {
            Some(preview) => (confirmation(view, preview, errors)),
            None => (choice(view, errors)),
        }
    };
    let frame = Frame::new(&title, body).crumbs(super::crumbs(&view.organization)).failed(errors.any());
    layout::console(ctx, &frame)
}

fn choice(view: &MovePage, errors: Errors<'_>) -> Markup {
    let own = &view.organization;
    let places = view.places.iter().filter(|one| one.id != own.id && Some(&one.id) != own.parent.as_ref());
    let places = places.map(|one| (one.slug.clone(), format!("{} ({})", one.name, one.slug)));
    let root = (ROOT.to_owned(), "Nothing: it becomes a root".to_owned());
    html! {
        form.form.card method="get" action={ "/o/" (own.slug) "/move" } {
            p { "It moves with everything beneath it. Before it does, you see who gains and who loses what." }
            @if view.is_cut {
                (Field::new("to", "Beneath", &view.to).pointer("/parent").code().hint(html! {
                    "The short name of an organization in which you have the permission " code { "organizations.move" }
                    ", or " code { (ROOT) } " to make it a root."
                }).render(errors))
            } @else {
                (Select {
                    name: "to",
                    label: "Beneath",
                    pointer: "/parent",
                    hint: html! { "Organizations in which you have the permission " code { "organizations.move" } "." },
                    choices: places.chain([root]).collect(),
                    chosen: &view.to,
                }.render(errors))
            }
            div.actions {
                (button::submit("Show what follows"))
                (button::link(&format!("/o/{}", own.slug), "Cancel"))
            }
        }
    }
}

fn confirmation(view: &MovePage, preview: &MovePreview, errors: Errors<'_>) -> Markup {
    let organization = &view.organization;
    let place = |place: &Option<NamedOrganization>, nothing: &str| match place {
        Some(place) => text::name(&place.name),
        None => text::muted(nothing),
    };
    let count = usize::try_from(preview.organizations).unwrap_or(usize::MAX);
    html! {
        (facts::facts([
            ("Organization", text::name(&organization.name)),
            ("From", place(&preview.from, "The root, or what you do not see")),
            ("To", place(&preview.to, "The root")),
            ("Moves", html! { (text::count(count, "organization", "organizations")) }),
        ]))
        (who(preview))
        form.form.card method="post" action={ "/o/" (organization.slug) "/move" } {
            (hidden("to", &view.to))
            (hidden("etag", &preview.etag))
            (Field::new("confirm", "Type the short name to confirm", &view.typed).code()
                .hint(html! { "It is " code { (organization.slug) } "." }).render(errors))
            div.actions {
                (button::link(&format!("/o/{}/move", organization.slug), "Choose another place"))
                button.button.danger.solid type="submit" { "Move organization" }
            }
        }
    }
}

fn who(preview: &MovePreview) -> Markup {
    let nothing = preview.changes.is_empty();
    html! {
        section.section aria-labelledby="who-title" {
            h2 id="who-title" { "Who gains and who loses what" }
            p.muted { "Who holds a role only at organizations that you do not see is not listed." }
            @if nothing {
                (callout(Tone::Neutral, "Nobody whom you see gains or loses anything", &html! {
                    p { "The people of the organization keep what they have." }
                }))
            }
            @if !preview.changes.is_empty() {
                (table::table("changes", "Changes of access", &["Person", "Role", "Gains", "Loses", "Where"],
                    preview.changes.iter().map(change)))
            }
            @if preview.changes_left_out > 0 { p { (preview.changes_left_out) " more changes are left out here." } }
        }
    }
}

fn change(change: &AccessChange) -> Vec<Markup> {
    let role = |role: &Option<String>| role.as_deref().map_or_else(|| "None".to_owned(), status::role);
    let more = change.organizations_total.saturating_sub(change.organizations.len() as u64);
    vec![
        html! { (text::name(&change.name)) br; span.muted { (change.email) } },
        html! { (role(&change.role_before)) " → " (role(&change.role_after)) },
        facts::codes(&change.gained, "Nothing"),
        facts::codes(&change.lost, "Nothing"),
        html! {
            ul.plain { @for place in &change.organizations { li { (text::name(&place.name)) } } }
            @if more > 0 { span.muted { "and " (more) " more" } }
        },
    ]
}
