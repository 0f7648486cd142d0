//! The preconditions beside the wizard (FLEET-4): what is met, what is not and where to go for it, from the first step
//! on.

use bastide_api::client_organizations::PreconditionView;
use bastide_model::preconditions::Precondition;
use maud::{Markup, html};

use super::{Step, WizardPage};
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{status, text};
use crate::pages::context::Context;

/// The panel beside the form. The review lists every precondition in its place instead.
pub(super) fn panel(ctx: &Context, view: &WizardPage) -> Markup {
    let failed: Vec<_> = view.check.preconditions.iter().filter(|one| one.outcome == "failed").collect();
    html! {
        aside.checks aria-labelledby="checks-title" {
            h2 id="checks-title" { "Preconditions" }
            @if failed.is_empty() {
                p.muted { "Nothing is in the way so far." }
            } @else {
                (callout(Tone::Bad, &text::count(failed.len(), "thing is in the way", "things are in the way"), &html! {}))
            }
            @if view.step == Step::Review {
                p { a href="#preconditions" { "See all of them below" } }
            } @else {
                (table(ctx, view))
            }
        }
    }
}

/// Every precondition with its outcome and message, in the order of the steps.
pub(super) fn table(ctx: &Context, view: &WizardPage) -> Markup {
    html! {
        ul.check-list {
            @for one in &view.check.preconditions {
                li class=(one.outcome) data-precondition=(one.name) {
                    div.check-head {
                        span.check-name { (label(&one.name)) }
                        (status::outcome(&one.outcome))
                    }
                    @if one.outcome != "not_chosen" { p { (text::prose(&one.message)) " " (remedy(ctx, view, one)) } }
                }
            }
        }
    }
}

/// A precondition as people read it; one that is not known here by its name.
fn label(name: &str) -> String {
    use Precondition as P;
    let Ok(known) = name.parse::<Precondition>() else { return text::words(name) };
    let label = match known {
        P::ActsFromWorkOrganization => "You act from a work organization",
        P::AdministratorActive => "The administrator is active",
        P::SlugFree => "The short name is free",
        P::HubIsHub => "The hub is a hub",
        P::SpokeJoinedToHub => "The spoke belongs to the hub",
        P::SpokeAccepted => "The spoke is accepted",
        P::SpokeAvailable => "The spoke is available",
        P::SpokeLicensed => "The spoke is licensed",
        P::ConfinementSupported => "The spoke can confine organizations",
        P::NodePoolSupported => "The node pool is supported",
        P::GatewayAvailable => "The gateway is available",
        P::OrganizationActive => "The organization is active",
        P::NotPlacedThere => "The organization is not there yet",
    };
    label.to_owned()
}

/// Where to go for a precondition that is not met; only where the person can see that place.
fn remedy(ctx: &Context, view: &WizardPage, one: &PreconditionView) -> Markup {
    if one.outcome != "failed" {
        return html! {};
    }
    let spoke = &view.draft.spoke;
    let site = ctx.is_site_administrator();
    let place = match one.name.as_str() {
        "acts_from_work_organization" => Some(("/me/organizations".to_owned(), "Your organizations")),
        "administrator_active" => Some(("/platform/users".to_owned(), "Users")),
        "spoke_licensed" if site => Some((format!("/platform/clusters/{spoke}#licence"), "Its licence")),
        "gateway_available" if site => Some((format!("/platform/clusters/{spoke}#gateways"), "Its gateways")),
        "spoke_accepted" | "spoke_joined_to_hub" if site => {
            Some(("/platform/clusters".to_owned(), "Clusters"))
        }
        "spoke_available" | "confinement_supported" | "node_pool_supported" if site => {
            Some((format!("/platform/clusters/{spoke}"), "The cluster"))
        }
        _ => None,
    };
    html! { @if let Some((href, label)) = place { a href=(href) { (label) } } }
}
