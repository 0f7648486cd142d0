//! The audit log, of the installation or of one organization (SEC-4): who did what, when, from where, and what it
//! changed.

use bastide_api::audit::AuditView;
use bastide_api::organizations::OrganizationView;
use maud::{Markup, html};

use super::components::list::{ListText, list};
use super::components::{diff, facts, state, text};
use super::context::{Context, Listing};
use super::icons::Icon;
use super::layout::{self, Frame};
use super::organization;

/// What the audit log shows.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// Whose log it is; none for the installation's own.
    pub organization: Option<OrganizationView>,
    /// The records, newest first.
    pub records: Listing<AuditView>,
}

/// `GET /platform/audit` and `GET /o/{slug}/audit`.
pub fn audit(ctx: &Context, view: &AuditPage) -> Markup {
    let path = view.organization.as_ref().map_or_else(
        || "/platform/audit".to_owned(),
        |organization| format!("/o/{}/audit", organization.slug),
    );
    let words = ListText {
        id: "audit",
        path: &path,
        one: "record",
        many: "records",
        nothing_yet: state::empty(
            Icon::Ledger,
            "Nothing has been changed yet",
            "Every change is written down here in the same moment, with who made it and what it changed.",
            &html! {},
        ),
        searchable: true,
    };
    let body = list(&words, &view.records, ledger);
    let crumbs = view.organization.as_ref().map_or_else(Vec::new, organization::crumbs);
    let lead = match &view.organization {
        Some(_) => "Every change to this organization, newest first.",
        None => "Every change to the installation, newest first.",
    };
    layout::console(ctx, &Frame::new("Audit", body).crumbs(crumbs).lead(html! { (lead) }))
}

fn ledger(records: &[AuditView]) -> Markup {
    html! { ol.ledger { @for record in records { li { (entry(record)) } } } }
}

fn entry(record: &AuditView) -> Markup {
    html! {
        details.entry id={ "record-" (record.id) } {
            summary {
                span.entry-time { (text::time(&record.at)) }
                span.entry-actor { bdi { (record.actor) } }
                span.entry-what { strong { (text::operation(&record.operation)) } " " (target(record)) }
                (Icon::ChevronDown.draw())
            }
            div.entry-more {
                (diff::diff(&format!("diff-{}", record.id), &format!("What record {} changed", record.sequence), record.before.as_ref(), record.after.as_ref()))
                (facts::facts(rows(record)))
            }
        }
    }
}

fn target(record: &AuditView) -> Markup {
    html! {
        @if record.target_name.is_empty() { code { (record.target) } }
        @else { (text::name(&record.target_name)) }
    }
}

fn rows(record: &AuditView) -> Vec<(&'static str, Markup)> {
    let code = |text: &str| {
        html! { @if text.is_empty() { span.muted { "—" } } @else { code { (text) } } }
    };
    let mut rows = vec![
        ("Operation", code(&record.operation)),
        ("Target", html! { (text::words(&record.target_kind)) " " (code(&record.target)) }),
        ("Credential", code(&record.credential)),
        ("Address", code(&record.address)),
        ("Request", code(&record.request_id)),
        ("Record", html! { "No. " (record.sequence) ", hash " (code(&record.hash)) }),
    ];
    if let Some(organization) = &record.organization {
        rows.push(("Organization", code(organization)));
    }
    rows
}
