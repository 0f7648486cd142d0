//! Why somebody may do something in an organization, or what is missing (ROLE-10).

use bastide_api::Problem;
use bastide_api::access::AccessView;
use bastide_api::organizations::OrganizationView;
use bastide_api::registry::PermissionView;
use bastide_api::teams::{ProjectView, TeamView};
use bastide_model::limits::{EMAIL_BYTES_MAX, SLUG_CHARS_MAX};
use maud::{Markup, html};

use crate::pages::components::field::Field;
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, badge, callout};
use crate::pages::components::{button, table, text};
use crate::pages::context::Context;
use crate::pages::layout::{self, Frame};

/// What the page that explains access shows.
#[derive(Debug, Clone)]
pub struct AccessPage {
    /// The organization.
    pub organization: OrganizationView,
    /// Every permission.
    pub permissions: Vec<PermissionView>,
    /// What was typed as the person; empty for oneself.
    pub user: String,
    /// What was chosen as the permission.
    pub action: String,
    /// Short name of the team that it is about; empty for none.
    pub team: String,
    /// Short name of the project that it is about; empty for none.
    pub project: String,
    /// Teams that the reader sees, to choose from.
    pub teams: Vec<TeamView>,
    /// Projects that the reader sees, to choose from.
    pub projects: Vec<ProjectView>,
    /// The answer, when something was asked.
    pub answer: Option<AccessView>,
    /// Why there is none.
    pub problem: Option<Problem>,
}

/// `GET /o/{slug}/access`.
pub fn access(ctx: &Context, view: &AccessPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let body = html! {
        (errors.summary(&[("user", "user"), ("action", "action"), ("team", "team"), ("project", "project")]))
        form.form.card method="get" action={ "/o/" (view.organization.slug) "/access" } {
            (Field::new("user", "Person", &view.user).optional().longest(EMAIL_BYTES_MAX).pointer("user")
                .hint(html! { "E-mail address or id; yourself when you leave it empty." }).render(errors))
            div.field {
                label for="action" { "What they want to do" }
                select id="action" name="action" {
                    @for permission in &view.permissions {
                        option value=(permission.key) selected[permission.key == view.action] {
                            (permission.key) " – " (permission.meaning)
                        }
                    }
                }
            }
            (place(view, errors))
            div.actions { (button::submit("Explain")) }
        }
        @if let Some(answer) = &view.answer { (explained(answer)) }
    };
    let frame = Frame::new("Access", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "Why somebody may do something here, or what is missing. The same rules answer that decide." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

/// A team or a project of the organization; the organization itself when both are left empty.
fn place(view: &AccessPage, errors: Errors<'_>) -> Markup {
    html! {
        (Field::new("team", "Team", &view.team).optional().code().longest(SLUG_CHARS_MAX).pointer("team")
            .suggestions("teams").hint(html! { "Short name, when it is about a team." }).render(errors))
        datalist id="teams" { @for team in &view.teams { option value=(team.slug) { (team.name) } } }
        (Field::new("project", "Project", &view.project).optional().code().longest(SLUG_CHARS_MAX).pointer("project")
            .suggestions("projects").hint(html! { "Short name, when it is about a project." }).render(errors))
        datalist id="projects" { @for project in &view.projects { option value=(project.slug) { (project.name) } } }
    }
}

fn explained(answer: &AccessView) -> Markup {
    let (tone, title) = if answer.allowed {
        (Tone::Good, format!("{} may", answer.email))
    } else {
        (Tone::Warn, format!("{} may not", answer.email))
    };
    let rows = answer.grants.iter().map(|grant| {
        let word = if grant.gives_it { badge(Tone::Good, "Yes") } else { badge(Tone::Neutral, "No") };
        vec![html! { (text::sentence(&grant.sentence)) }, word]
    });
    html! {
        section.section aria-labelledby="answer" {
            h2 id="answer" { "The answer" }
            (callout(tone, &title, &html! {
                p { code { (answer.permission) } " on " (text::prose(&answer.object)) }
                @if let Some(missing) = &answer.missing { p { "Missing: " (text::prose(missing)) } }
            }))
            @if !answer.grants.is_empty() {
                (table::table("grants", "What was given to them that reaches it", &["Given", "Gives it"], rows))
            }
        }
    }
}
