//! The plans and what they allow (PLAN-1).

use bastide_api::registry::PlanView;
use maud::{Markup, html};

use crate::pages::components::list::{ListText, list};
use crate::pages::components::status::{Tone, badge};
use crate::pages::components::{facts, state, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};

/// What the list of plans shows.
#[derive(Debug, Clone)]
pub struct PlansPage {
    /// The plans.
    pub plans: Listing<PlanView>,
}

/// `GET /platform/plans`.
pub fn plans(ctx: &Context, view: &PlansPage) -> Markup {
    let words = ListText {
        id: "plans",
        path: "/platform/plans",
        one: "plan",
        many: "plans",
        nothing_yet: state::empty(
            Icon::Seal,
            "No plans",
            "Every organization has a plan; without one none can be created.",
            &html! {},
        ),
        searchable: false,
    };
    let body =
        list(&words, &view.plans, |plans| html! { div.cards.plans { @for plan in plans { (card(plan)) } } });
    let frame = Frame::new("Plans", body)
        .lead(html! { "What organizations may use. Limits are checked before anything is created." });
    layout::console(ctx, &frame)
}

fn card(plan: &PlanView) -> Markup {
    let limit = |limit: Option<u64>| html! { @match limit { Some(limit) => (limit), None => "Unlimited" } };
    let rows = [
        ("Members", limit(plan.members)),
        ("Sub-organizations", limit(plan.sub_organizations)),
        ("Deployments", limit(plan.deployments)),
        ("On each cluster", html! { (crate::pages::organization::compute(plan)) }),
        ("Network isolation", html! { (isolation(&plan.isolation)) }),
    ];
    let heading = format!("plan-{}", plan.slug);
    html! {
        section.card aria-labelledby=(heading) {
            div.card-head {
                h2 id=(heading) { (text::name(&plan.name)) }
                @if plan.is_default { (badge(Tone::Neutral, "Default")) }
            }
            p.slug { (plan.slug) }
            (facts::facts(rows))
        }
    }
}

/// How the plan closes organizations to each other (PLAN-4), in words.
fn isolation(word: &str) -> String {
    match word {
        "shared" => "Closed to other organizations".to_owned(),
        "namespace" => "Closed to others, each project to the others too".to_owned(),
        "dedicated" => "In addition its own nodes and gateway".to_owned(),
        other => text::words(other),
    }
}
