//! The projects of an organization, and one of them with the teams on it (WORK-1).

use bastide_api::Problem;
use bastide_api::organizations::OrganizationView;
use bastide_api::teams::{ProjectTeamView, ProjectView, TeamView};
use maud::{Markup, html};

use super::groups::{GroupForm, ROLES, delete_group, group_fields, making, role_form};
use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::Select;
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};
use crate::pages::navigation::offers;

/// What the list of projects shows.
#[derive(Debug, Clone)]
pub struct ProjectsPage {
    /// The organization.
    pub organization: OrganizationView,
    /// The projects that the reader sees.
    pub projects: Listing<ProjectView>,
    /// What was typed about a new one.
    pub form: GroupForm,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

/// `GET /o/{slug}/projects`.
pub fn projects(ctx: &Context, view: &ProjectsPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let path = format!("/o/{}/projects", view.organization.slug);
    let may_create = offers(&view.organization, "create_project");
    let words = ListText {
        id: "projects",
        path: &path,
        one: "project",
        many: "projects",
        nothing_yet: state::empty(
            Icon::Folder,
            "No projects yet",
            if may_create {
                "A project is what teams work on. Make the first one below."
            } else {
                "None of your teams has a role on a project here. Whoever administers the organization can give it one."
            },
            &html! {},
        ),
        searchable: true,
    };
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/slug", "slug"), ("/description", "description")]))
        (list(&words, &view.projects, |projects| project_table(&path, projects)))
        @if may_create { (making("New project", &path, &group_fields(&view.form, None, errors), "Create project")) }
    };
    let frame = Frame::new("Projects", body)
        .crumbs(super::crumbs(&view.organization))
        .lead(html! { "What teams work on." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn project_table(path: &str, projects: &[ProjectView]) -> Markup {
    let rows = projects.iter().map(|one| {
        vec![
            html! { a.strong href={ (path) "/" (one.slug) } { (text::name(&one.name)) } div.slug { (one.slug) } },
            html! { @match &one.role { Some(role) => (text::words(role)), None => (text::muted("By no team")) } },
            text::time(&one.created_at),
        ]
    });
    table::table("projects", "Projects", &["Project", "You are", "Made"], rows)
}

/// What the page of a project shows.
#[derive(Debug, Clone)]
pub struct ProjectPage {
    /// The organization.
    pub organization: OrganizationView,
    /// The project.
    pub project: ProjectView,
    /// The teams with a role on it, as far as the reader sees them.
    pub teams: Listing<ProjectTeamView>,
    /// The teams that could be given one.
    pub choices: Vec<TeamView>,
    /// Name and description as they were typed, or as they are.
    pub form: GroupForm,
    /// What was typed to delete it.
    pub confirm: String,
    /// Why a form comes back.
    pub problem: Option<Problem>,
}

impl ProjectPage {
    fn may(&self, action: &str) -> bool {
        self.project.actions.iter().any(|one| one == action)
    }
}

/// `GET /o/{slug}/projects/{project}`.
pub fn project(ctx: &Context, view: &ProjectPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let all = format!("/o/{}/projects", view.organization.slug);
    let path = format!("{all}/{}", view.project.slug);
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/description", "description"), ("/team", "team"), ("/role", "role"),
            ("/confirm", "confirm")]))
        @if !view.project.description.is_empty() { p.prose { (text::name(&view.project.description)) } }
        @if let Some(role) = &view.project.role { p { "Your teams make you " (text::words(role).to_lowercase()) " here." } }
        section.section aria-labelledby="teams-title" {
            h2 id="teams-title" { "Teams" }
            (teams(view, &path))
        }
        @if view.may("assign_teams") && !view.choices.is_empty() { (share(view, &path, errors)) }
        @if view.may("update") { (change(view, &path, errors)) }
        @if view.may("delete") { (end(view, &path, errors)) }
    };
    let mut crumbs = super::crumbs(&view.organization);
    crumbs.push(Crumb::new(all, "Projects"));
    let why = format!("/o/{}/access?project={}", view.organization.slug, view.project.slug);
    let frame = Frame::new(&view.project.name, body)
        .crumbs(crumbs)
        .actions(button::link(&why, "Explain access"))
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn teams(view: &ProjectPage, path: &str) -> Markup {
    let words = ListText {
        id: "teams",
        path,
        one: "team",
        many: "teams",
        nothing_yet: state::empty(
            Icon::Users,
            "No team has a role here",
            "Only administrators of the organization see the project until a team is given a role on it.",
            &html! {},
        ),
        searchable: true,
    };
    list(&words, &view.teams, |teams| team_table((&view.organization.slug, path), teams))
}

fn team_table((slug, path): (&str, &str), teams: &[ProjectTeamView]) -> Markup {
    let rows = teams.iter().map(|team| {
        let may = |action: &str| team.actions.iter().any(|one| one == action);
        let one = format!("{path}/teams/{}", team.slug);
        vec![
            html! { a.strong href={ "/o/" (slug) "/teams/" (team.slug) } { (text::name(&team.name)) } div.slug { (team.slug) } },
            html! {
                @if may("update") { (role_form(&one, (&format!("role-{}", team.team), &team.name), &team.role)) }
                @else { (text::words(&team.role)) }
            },
            html! { @if may("remove") { (remove(&one, team)) } @else { (text::muted("—")) } },
        ]
    });
    table::table("teams", "Teams with a role on this project", &["Team", "Role", "Actions"], rows)
}

fn remove(path: &str, team: &ProjectTeamView) -> Markup {
    confirm(&Confirm {
        id: &format!("remove-{}", team.team),
        trigger: "Remove",
        about: &team.name,
        title: "Take this team off the project?",
        consequences: html! { p { "Whoever is in " bdi { (team.name) } " and in no other team here sees the project no more." } },
        action: &format!("{path}/remove"),
        fields: html! {},
        verb: "Remove team",
    })
}

fn share(view: &ProjectPage, path: &str, errors: Errors<'_>) -> Markup {
    let choices = view.choices.iter().map(|team| (team.slug.clone(), team.name.clone())).collect();
    let fields = html! {
        (Select { name: "team", label: "Team", pointer: "/team", hint: html! {}, choices, chosen: "" }.render(errors))
        (Select {
            name: "role",
            label: "Role",
            pointer: "/role",
            hint: html! { "The most that somebody of the team is here." },
            choices: ROLES.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec(),
            chosen: "developer",
        }.render(errors))
    };
    making("Give a team a role", &format!("{path}/teams"), &fields, "Give role")
}

fn change(view: &ProjectPage, path: &str, errors: Errors<'_>) -> Markup {
    html! {
        section.section aria-labelledby="change" {
            h2 id="change" { "Settings" }
            form.form.card method="post" action=(path) {
                (group_fields(&view.form, Some(&view.project.etag), errors))
                div.actions { (button::submit("Save changes")) }
            }
        }
    }
}

fn end(view: &ProjectPage, path: &str, errors: Errors<'_>) -> Markup {
    let consequences = html! { p { "The project and everything in it is gone. It cannot be undone." } };
    delete_group(
        ("project", &view.project.name, &view.project.slug),
        (&format!("{path}/delete"), &view.confirm),
        (consequences, html! { "It has to be typed." }),
        errors,
    )
}
