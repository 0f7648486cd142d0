//! The overview of an organization: who owns it, what plan and how much is used, what needs attention, what happened
//! last; then where it runs and what is beneath it.

use bastide_api::audit::AuditView;
use bastide_api::members::Colleague;
use bastide_api::organizations::{OrganizationView, PlacementView};
use bastide_api::registry::PlanView;
use maud::{Markup, html};

use super::attention::{self, Matter};
use super::placements::placements;
use crate::pages::components::list::{ListText, list};
use crate::pages::components::{button, facts, state, status, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};
use crate::pages::me::organization_table;
use crate::pages::navigation::offers;

/// How much of a limit is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// What is counted, such as `Members`.
    pub name: String,
    /// How much is in use; absent when the caller may not know.
    pub used: Option<u64>,
    /// How much is allowed; absent means unlimited.
    pub allowed: Option<u64>,
}

/// What the overview shows.
#[derive(Debug, Clone)]
pub struct OverviewPage {
    /// The organization.
    pub organization: OrganizationView,
    /// What lies above it, from the top, as far as the caller sees it.
    pub above: Vec<OrganizationView>,
    /// Its plan, when the caller sees it.
    pub plan: Option<PlanView>,
    /// Its owner, when the caller sees members.
    pub owner: Option<Colleague>,
    /// How much of the plan is used.
    pub usage: Vec<Usage>,
    /// Where it runs.
    pub placements: Vec<PlacementView>,
    /// What is beneath it.
    pub children: Listing<OrganizationView>,
    /// The latest changes, newest first; a handful.
    pub latest: Listing<AuditView>,
}

/// `GET /o/{slug}`.
pub fn overview(ctx: &Context, view: &OverviewPage) -> Markup {
    let organization = &view.organization;
    let body = html! {
        @if !organization.description.is_empty() { p.description { bdi { (organization.description) } } }
        div.cards {
            (ownership(view))
            (plan_and_use(view))
            (needs_attention(view))
            (happened_last(view))
        }
        (placements(organization, &view.placements))
        (children(view))
    };
    let mut crumbs = vec![Crumb::new("/me/organizations", "Organizations")];
    crumbs.extend(view.above.iter().map(|one| Crumb::new(format!("/o/{}", one.slug), &one.name)));
    let frame = Frame::new(&organization.name, body)
        .crumbs(crumbs)
        .beside(html! { span data-refresh id="state" { (status::organization(&organization.state)) } })
        .actions(actions(organization));
    layout::console(ctx, &frame)
}

fn actions(organization: &OrganizationView) -> Markup {
    let base = format!("/o/{}", organization.slug);
    html! {
        @if offers(organization, "create_client_organization") {
            (button::primary_link(&format!("{base}/client-organizations/new"), "Create client organization", Icon::Plus))
        }
        @if offers(organization, "move") { (button::link(&format!("{base}/move"), "Move")) }
        @if offers(organization, "update") {
            (button::link(&format!("{base}/settings"), "Settings"))
        } @else if organization.state == "active" {
            (button::refused("edit", "Settings", "organizations.update"))
        }
    }
}

fn card(id: &str, title: &str, icon: Icon, content: &Markup) -> Markup {
    let heading = format!("{id}-title");
    html! {
        section.card id=(id) aria-labelledby=(heading) {
            h2 id=(heading) { (icon.draw()) (title) }
            (content)
        }
    }
}

fn ownership(view: &OverviewPage) -> Markup {
    let organization = &view.organization;
    let owner = html! {
        @if let Some(owner) = &view.owner {
            (text::name(&owner.name)) br; span.muted { (owner.email) }
        } @else { (text::muted("Not visible to you")) }
    };
    let mut rows = vec![
        ("Owner", owner),
        (
            "Your role",
            html! { @match &organization.role { Some(role) => (status::role(role)), None => "None" } },
        ),
        ("Short name", html! { code { (organization.slug) } }),
        ("Visibility", html! { (status::visibility(&organization.visibility)) }),
        ("Created", text::time(&organization.created_at)),
    ];
    if let Some(parent) = view.above.last() {
        rows.push(("Beneath", html! { a href={ "/o/" (parent.slug) } { (text::name(&parent.name)) } }));
    }
    card("ownership", "Who owns it", Icon::User, &facts::facts(rows))
}

fn plan_and_use(view: &OverviewPage) -> Markup {
    let content = html! {
        p.plan-name {
            @match &view.plan { Some(plan) => (text::name(&plan.name)), None => code { (view.organization.plan) } }
        }
        @if let Some(plan) = &view.plan {
            p.muted {
                (compute(plan)) " on each cluster, network isolation " (plan.isolation) "."
            }
        }
        @for usage in &view.usage { (meter(usage)) }
    };
    card("plan", "Plan and use", Icon::Seal, &content)
}

/// What a plan gives on each cluster, in the units that people use.
pub(in crate::pages) fn compute(plan: &PlanView) -> String {
    let cores = match plan.cpu_millis % 1000 {
        0 => (plan.cpu_millis / 1000).to_string(),
        _ => format!("{}.{:03}", plan.cpu_millis / 1000, plan.cpu_millis % 1000),
    };
    let memory = match plan.memory_mib % 1024 {
        0 => format!("{} GiB", plan.memory_mib / 1024),
        _ => format!("{} MiB", plan.memory_mib),
    };
    format!("{cores} cores, {memory} memory, {} GiB storage, {} pods", plan.storage_gib, plan.pods)
}

/// How much is used: the numbers say it, the bar only shows it.
fn meter(usage: &Usage) -> Markup {
    let Some(used) = usage.used else {
        return html! { div.usage { span { (usage.name) } (text::muted("Not visible to you")) } };
    };
    let Some(allowed) = usage.allowed else {
        return html! { div.usage { span { (usage.name) } span { (used) ", unlimited" } } };
    };
    let share = used.saturating_mul(100).checked_div(allowed).unwrap_or(100).min(100);
    html! {
        div.usage {
            span { (usage.name) }
            span { (used) " of " (allowed) }
            svg.meter.full[used >= allowed] aria-hidden="true" focusable="false" {
                rect.meter-track width="100%" height="100%" {}
                rect.meter-used width={ (share) "%" } height="100%" {}
            }
        }
    }
}

fn needs_attention(view: &OverviewPage) -> Markup {
    let matters = attention::matters(&view.organization, &view.placements, &view.usage);
    let content = html! {
        div id="attention-list" data-refresh {
            @if matters.is_empty() {
                p.all-well { (Icon::Check.draw()) span data-announce { "Nothing. All is as it should be." } }
            } @else {
                ul.matters { @for found in &matters { (matter(found)) } }
            }
        }
    };
    card("attention", "Needs attention", Icon::Alert, &content)
}

fn matter(matter: &Matter) -> Markup {
    let tone = match matter.tone {
        status::Tone::Bad => "bad",
        status::Tone::Warn => "warn",
        status::Tone::Wait => "wait",
        status::Tone::Good | status::Tone::Neutral => "neutral",
    };
    html! {
        li class=(tone) {
            (matter.tone.icon().draw())
            span data-announce { (text::prose(&matter.sentence)) @if !matter.anchor.is_empty() { " " a href={ "#" (matter.anchor) } { "See where" (text::hidden(&format!(": {}", matter.sentence))) } } }
        }
    }
}

fn happened_last(view: &OverviewPage) -> Markup {
    let all = format!("/o/{}/audit", view.organization.slug);
    let content = match &view.latest.outcome {
        Err(problem) => {
            state::unavailable("latest changes", problem, &format!("/o/{}", view.organization.slug))
        }
        Ok(page) if page.items.is_empty() => html! { p.muted { "Nothing yet." } },
        Ok(page) => html! {
            ul.latest {
                @for record in &page.items {
                    li {
                        span { (text::operation(&record.operation)) @if !record.target_name.is_empty() { ": " (text::name(&record.target_name)) } }
                        span.muted { bdi { (record.actor) } ", " (text::time(&record.at)) }
                    }
                }
            }
            p { a href=(all) { "The whole audit log" } }
        },
    };
    card("latest", "What happened last", Icon::Ledger, &content)
}

fn children(view: &OverviewPage) -> Markup {
    let organization = &view.organization;
    let create = if offers(organization, "create_beneath") {
        let address = format!("/me/organizations/new?parent={}", organization.slug);
        html! { (button::link(&address, "Create sub-organization")) }
    } else {
        html! {}
    };
    let path = format!("/o/{}", organization.slug);
    let words = ListText {
        id: "children",
        path: &path,
        one: "sub-organization",
        many: "sub-organizations",
        nothing_yet: state::empty(
            Icon::Tree,
            "No sub-organizations",
            "A sub-organization has its own people, plan and clusters. Its neighbours and the people in it do not see \
             this organization.",
            &create,
        ),
        searchable: true,
    };
    let has_some = !view.children.items().is_empty();
    html! {
        section.section id="sub-organizations" aria-labelledby="sub-organizations-title" {
            div.section-head {
                h2 id="sub-organizations-title" { "Sub-organizations" }
                @if has_some { (create) }
            }
            (list(&words, &view.children, |items| organization_table("children", "Organizations beneath this one", items)))
        }
    }
}
