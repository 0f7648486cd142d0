//! The wizard that creates a client organization in three steps and a review (FLEET-4). Nothing is kept on the server
//! between steps: each page carries the whole draft, and posts it to the same address.

mod basic;
mod checks;
mod cluster;
mod command;
mod draft;
mod gateway;
mod review;

use bastide_api::Problem;
use bastide_api::client_organizations::CheckResult;
use bastide_api::clusters::{ClusterView, HubView};
use bastide_api::gateways::GatewayConfigurationView;
use bastide_api::organizations::OrganizationView;
use bastide_api::registry::PlanView;
use bastide_api::users::UserView;
use maud::{Markup, html};

use super::components::field::hidden;
use super::components::problem::Errors;
use super::context::Context;
use super::layout::{self, Frame};
use super::organization;

pub(super) use cluster::{pool as choose_pool, spoke as choose_spoke};
pub use command::command;
pub use draft::{AdministratorKind, Draft, GatewayKind, TolerationRow, WizardAction, WizardPost};
pub(super) use gateway::listeners;

/// Where the wizard stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Basic info.
    #[default]
    Basic,
    /// Cluster.
    Cluster,
    /// Gateway.
    Gateway,
    /// Review.
    Review,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 4] = [Self::Basic, Self::Cluster, Self::Gateway, Self::Review];

    /// The word in the address (`?step=`) and in the field `step`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "1",
            Self::Cluster => "2",
            Self::Gateway => "3",
            Self::Review => "review",
        }
    }

    /// Reads the word; anything else is the first step.
    pub fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|step| step.as_str() == word).unwrap_or_default()
    }

    /// The step after this one.
    pub const fn next(self) -> Self {
        match self {
            Self::Basic => Self::Cluster,
            Self::Cluster => Self::Gateway,
            Self::Gateway | Self::Review => Self::Review,
        }
    }

    /// The step before this one.
    pub const fn back(self) -> Self {
        match self {
            Self::Basic | Self::Cluster => Self::Basic,
            Self::Gateway => Self::Cluster,
            Self::Review => Self::Gateway,
        }
    }

    /// The step that asks for what is at this JSON Pointer of the request: where an error is shown.
    pub fn of_pointer(pointer: &str) -> Self {
        match pointer.split('/').nth(1).unwrap_or_default() {
            "hub" | "spoke" | "node_pool" => Self::Cluster,
            "gateway" => Self::Gateway,
            _ if pointer == "/administrator/account/password" => Self::Review,
            _ => Self::Basic,
        }
    }

    /// Number of the step in the preconditions; the review asks for none.
    const fn number(self) -> u8 {
        match self {
            Self::Basic => 1,
            Self::Cluster => 2,
            Self::Gateway => 3,
            Self::Review => 4,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Basic => "Basic info",
            Self::Cluster => "Cluster",
            Self::Gateway => "Gateway",
            Self::Review => "Review",
        }
    }
}

/// What the wizard shows.
#[derive(Debug, Clone)]
pub struct WizardPage {
    /// The work organization that the caller acts from.
    pub acting_from: OrganizationView,
    /// Where it stands.
    pub step: Step,
    /// Everything that was typed.
    pub draft: Draft,
    /// The hubs to choose from.
    pub hubs: Vec<HubView>,
    /// The clusters to choose from, those included that cannot be chosen now.
    pub spokes: Vec<ClusterView>,
    /// The gateway configurations of the chosen spoke.
    pub gateways: Vec<GatewayConfigurationView>,
    /// The plans to choose from.
    pub plans: Vec<PlanView>,
    /// Accounts to suggest as administrator; may be empty.
    pub users: Vec<UserView>,
    /// The preconditions as they stand.
    pub check: CheckResult,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

impl WizardPage {
    /// Where the wizard's form goes.
    pub(super) fn address(&self) -> String {
        format!("/o/{}/client-organizations/new", self.acting_from.slug)
    }
}

/// `GET` and `POST /o/{slug}/client-organizations/new`.
pub fn client_organization(ctx: &Context, view: &WizardPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let body = html! {
        (indicator(view.step))
        (errors.summary(FIELDS))
        div.wizard {
            form.form.wizard-form method="post" action=(view.address()) {
                (default_button(view.step))
                (hidden("step", view.step.as_str()))
                (draft::carried(&view.draft, view.step))
                (step(ctx, view, errors))
            }
            (checks::panel(ctx, view))
        }
    };
    let frame = Frame::new("Create client organization", body)
        .crumbs(organization::crumbs(&view.acting_from))
        .lead(html! { "Three steps and a review. Nothing is created before the end." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

/// Which element shows which part of the request. What another step shows has no link here.
const FIELDS: &[(&str, &str)] = &[
    ("/name", "name"),
    ("/slug", "slug"),
    ("/administrator/user", "administrator_user"),
    ("/administrator/account/email", "administrator_email"),
    ("/administrator/account/name", "administrator_name"),
    ("/administrator/account/password", "administrator_password"),
    ("/administrator", "administrator_kind"),
    ("/visibility", "visibility"),
    ("/plan", "plan"),
    ("/annotations", "annotations"),
    ("/hub", "hub"),
    ("/spoke", "spoke"),
    ("/node_pool/labels", "node_labels"),
    ("/node_pool/tolerations", "tolerations"),
    ("/gateway/configuration", "gateway_configuration"),
    ("/gateway", "gateway"),
];

/// The Enter key presses the first button of a form: this one goes on, whatever stands above the real one.
fn default_button(step: Step) -> Markup {
    let action = if step == Step::Review { "create" } else { "next" };
    html! {
        button.visually-hidden type="submit" name="action" value=(action) tabindex="-1" aria-hidden="true" { "Continue" }
    }
}

fn indicator(current: Step) -> Markup {
    html! {
        ol.steps aria-label="Steps" {
            @for step in Step::ALL {
                li.done[step < current] aria-current=[(step == current).then_some("step")] {
                    span.step-number { (step.number()) }
                    span { (step.title()) @if step < current { span.visually-hidden { " (done)" } } }
                }
            }
        }
    }
}

fn step(ctx: &Context, view: &WizardPage, errors: Errors<'_>) -> Markup {
    let fields = match view.step {
        Step::Basic => basic::fields(view, errors),
        Step::Cluster => cluster::fields(view, errors),
        Step::Gateway => gateway::fields(view, errors),
        Step::Review => review::fields(ctx, view, errors),
    };
    html! {
        h2 { (view.step.number()) ". " (view.step.title()) }
        (fields)
        div.actions.wizard-actions {
            @if view.step != Step::Basic {
                button.button type="submit" name="action" value="back" formnovalidate { "Back" }
            }
            @if view.step == Step::Review {
                button.button.primary type="submit" name="action" value="create" { "Create client organization" }
            } @else {
                button.button.primary type="submit" name="action" value="next" { "Next: " (view.step.next().title()) }
            }
            a.button.quiet href={ "/o/" (view.acting_from.slug) } { "Cancel" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_each_other_and_errors_lead_to_theirs() {
        for step in Step::ALL {
            assert_eq!(Step::from_word(step.as_str()), step);
            assert!(step.back() <= step && step.next() >= step);
        }
        assert_eq!(Step::from_word("9"), Step::Basic);
        for (pointer, step) in [
            ("/slug", Step::Basic),
            ("/administrator/account/email", Step::Basic),
            ("/administrator/account/password", Step::Review),
            ("/node_pool/tolerations/0", Step::Cluster),
            ("/gateway/configuration", Step::Gateway),
        ] {
            assert_eq!(Step::of_pointer(pointer), step, "{pointer}");
        }
    }
}
