//! The organizations that one can see (ORG-6).

use bastide_api::organizations::OrganizationView;
use maud::{Markup, html};

use crate::pages::components::list::{ListText, list};
use crate::pages::components::status::{self, Tone, callout};
use crate::pages::components::{button, state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};
use crate::pages::navigation::offers;

/// What the list of organizations shows.
#[derive(Debug, Clone)]
pub struct OrganizationsPage {
    /// The organizations, with the role in each and the actions that the server offers.
    pub organizations: Listing<OrganizationView>,
}

/// `GET /me/organizations`: with search, role, state, plan and the actions that the server offers.
pub fn organizations(ctx: &Context, view: &OrganizationsPage) -> Markup {
    let create = button::primary_link("/me/organizations/new", "Create organization", Icon::Plus);
    let words = ListText {
        id: "organizations",
        path: "/me/organizations",
        one: "organization",
        many: "organizations",
        nothing_yet: state::empty(
            Icon::Plan,
            "You are in no organization yet",
            "An organization owns namespaces, people and everything that runs on the clusters. Create one for the \
             people you work with, or ask somebody to add you to theirs.",
            &create,
        ),
        searchable: true,
    };
    let body = list(&words, &view.organizations, |items| {
        organization_table("organizations", "Organizations that you can see", items)
    });
    let items = view.organizations.items();
    let alone = !items.is_empty() && items.iter().all(|one| one.kind == "personal");
    let invitation = callout(
        Tone::Neutral,
        "Create an organization for the people you work with",
        &html! {
            p { "Your personal organization is for you alone. One for work has teams and projects, and can run on the clusters." }
        },
    );
    let body = html! { @if alone { (invitation) } (body) };
    let actions = if items.is_empty() {
        html! {}
    } else {
        create
    };
    let frame = Frame::new("Organizations", body)
        .lead(html! {
            "Everything that you can see, and your role in it. Others may be "
            a href="/me/organizations/public" { "public" } "."
        })
        .actions(actions);
    layout::console(ctx, &frame)
}

/// A table of organizations; `id` has to be unique on the page.
pub(in crate::pages) fn organization_table(id: &str, caption: &str, items: &[OrganizationView]) -> Markup {
    let rows = items.iter().map(|organization| {
        vec![
            html! {
                a.strong href={ "/o/" (organization.slug) } { (text::name(&organization.name)) }
                div.slug { (organization.slug) @if organization.kind == "personal" { " · personal" } }
            },
            html! { @match &organization.role { Some(role) => (status::role(role)), None => span.muted { "None" } } },
            html! { (organization.plan) },
            status::organization(&organization.state),
            actions(organization),
        ]
    });
    table::table(id, caption, &["Organization", "Your role", "Plan", "State", "Actions"], rows)
}

/// What the server offers, as links that tell the organization to who hears them alone.
fn actions(organization: &OrganizationView) -> Markup {
    let base = format!("/o/{}", organization.slug);
    let offered = [
        ("update", format!("{base}/settings"), "Edit"),
        (
            "create_client_organization",
            format!("{base}/client-organizations/new"),
            "Create client organization",
        ),
        ("move", format!("{base}/move"), "Move"),
        ("leave", format!("{base}/leave"), "Leave"),
        ("delete", format!("{base}/delete"), "Delete"),
    ];
    let offered: Vec<_> = offered.iter().filter(|(action, ..)| offers(organization, action)).collect();
    html! {
        @if offered.is_empty() {
            span.muted { "View only" }
        } @else {
            ul.links {
                @for (_, href, label) in offered {
                    li { a href=(href) { (label) span.visually-hidden { " " bdi { (organization.name) } } } }
                }
            }
        }
    }
}
