//! The public organizations of one's realm (ORG-4): what everybody may know of them.

use bastide_api::organizations::PublicOrganizationView;
use maud::{Markup, html};

use crate::pages::components::list::{ListText, list};
use crate::pages::components::{state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};

/// What the list of public organizations shows.
#[derive(Debug, Clone)]
pub struct PublicOrganizationsPage {
    /// The organizations.
    pub organizations: Listing<PublicOrganizationView>,
}

/// `GET /me/organizations/public`: name, slug and description, and nothing to do.
pub fn public_organizations(ctx: &Context, view: &PublicOrganizationsPage) -> Markup {
    let words = ListText {
        id: "public-organizations",
        path: "/me/organizations/public",
        one: "organization",
        many: "organizations",
        nothing_yet: state::empty(
            Icon::Plan,
            "No organization is public",
            "Whoever may edit an organization can make it public: then everybody with an account here sees its name and \
             description, and nothing more.",
            &html! {},
        ),
        searchable: true,
    };
    let body = list(&words, &view.organizations, |items| {
        let rows = items.iter().map(|one| {
            vec![
                html! { span.strong { (text::name(&one.name)) } div.slug { (one.slug) } },
                html! {
                    @if one.description.is_empty() { span.muted { "None" } }
                    @else { bdi { (one.description) } }
                },
            ]
        });
        table::table("public-organizations", "Public organizations", &["Organization", "Description"], rows)
    });
    let frame = Frame::new("Public organizations", body)
        .crumbs(vec![Crumb::new("/me/organizations", "Organizations")])
        .lead(html! { "Everybody with an account here sees that these exist." });
    layout::console(ctx, &frame)
}
