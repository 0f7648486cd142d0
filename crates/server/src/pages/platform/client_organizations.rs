//! The client organizations, and the way into the wizard: from which work organization one acts (FLEET-4).

use bastide_api::organizations::OrganizationView;
use maud::{Markup, html};

use crate::pages::components::list::{ListText, list};
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{state, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};
use crate::pages::me::organization_table;

/// What the page of client organizations shows.
#[derive(Debug, Clone)]
pub struct ClientOrganizationsPage {
    /// The organizations of the realm.
    pub organizations: Listing<OrganizationView>,
    /// Work organizations from which the person may create one.
    pub acting_from: Vec<OrganizationView>,
}

/// `GET /platform/client-organizations`.
pub fn client_organizations(ctx: &Context, view: &ClientOrganizationsPage) -> Markup {
    let words = ListText {
        id: "client-organizations",
        path: "/platform/client-organizations",
        one: "organization",
        many: "organizations",
        nothing_yet: state::empty(
            Icon::Gate,
            "No client organizations yet",
            "A client organization gets its namespaces on a spoke, and an administrator who sees nothing else.",
            &html! {},
        ),
        searchable: true,
    };
    let body = html! {
        (start(view))
        (list(&words, &view.organizations, |items| organization_table("client-organizations", "Organizations", items)))
    };
    let frame = Frame::new("Client organizations", body)
        .lead(html! { "Organizations of clients, each closed to the others, created in three steps." });
    layout::console(ctx, &frame)
}

fn start(view: &ClientOrganizationsPage) -> Markup {
    if view.acting_from.is_empty() {
        return callout(
            Tone::Warn,
            "You need a work organization to act from",
            &html! {
                p { "A client organization stands beneath a work organization; personal ones cannot have any. "
                    a href="/me/organizations/new" { "Create a work organization" } " first." }
            },
        );
    }
    html! {
        section.card.acting aria-labelledby="acting-title" {
            h2 id="acting-title" { "Create a client organization" }
            p { "It will stand beneath the organization that you act from:" }
            ul.acting-list {
                @for organization in &view.acting_from {
                    li {
                        a.button href={ "/o/" (organization.slug) "/client-organizations/new" } {
                            (text::hidden("Create a client organization beneath ")) (text::name(&organization.name)) (Icon::ArrowRight.draw())
                        }
                    }
                }
            }
        }
    }
}
