//! Samples of the pages of teams and projects.

use bastide_api::members::Colleague;
use bastide_api::teams::{ProjectTeamView, ProjectView, TeamMemberView, TeamView};
use maud::Markup;

use super::data;
use crate::pages::{
    GroupForm, Listing, ProjectPage, ProjectsPage, TeamPage, TeamsPage, project, projects, team, teams,
};

pub(super) fn a_team(slug: &str, name: &str, role: Option<&str>, actions: &[&str]) -> TeamView {
    TeamView {
        id: format!("team_{slug}"),
        organization: "org_acme".into(),
        slug: slug.into(),
        name: name.into(),
        description: "What it is for.".into(),
        created_at: "2026-01-02T03:04:05Z".into(),
        role: role.map(Into::into),
        actions: data::texts(actions),
        etag: "\"1\"".into(),
    }
}

pub(super) fn a_project(slug: &str, name: &str, role: Option<&str>, actions: &[&str]) -> ProjectView {
    let TeamView { organization, slug, name, description, created_at, role, actions, etag, .. } =
        a_team(slug, name, role, actions);
    let id = format!("prj_{slug}");
    ProjectView { id, organization, slug, name, description, created_at, role, actions, etag }
}

fn member(id: &str, name: &str, role: &str, actions: &[&str]) -> TeamMemberView {
    TeamMemberView {
        user: Colleague { id: id.into(), ..data::person(&format!("{id}@example.org"), name) },
        role: role.into(),
        since: "2026-01-02T03:04:05Z".into(),
        actions: data::texts(actions),
    }
}

fn on_project(slug: &str, name: &str, role: &str, actions: &[&str]) -> ProjectTeamView {
    let actions = data::texts(actions);
    ProjectTeamView {
        team: format!("team_{slug}"),
        slug: slug.into(),
        name: name.into(),
        role: role.into(),
        actions,
    }
}

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    [team_lists(), team_pages(), project_lists(), project_pages()].concat()
}

fn team_lists() -> Vec<(&'static str, Markup)> {
    let mut organization = data::organization("acme");
    organization.actions.push("create_team".into());
    let reader = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/teams");
    let view = |organization: &bastide_api::organizations::OrganizationView, listed, problem| {
        let form = GroupForm { slug: "Core".into(), ..GroupForm::of("Core", "") };
        let organization = organization.clone();
        teams(&ctx, &TeamsPage { organization, teams: listed, form, problem })
    };
    let all = vec![
        a_team("core", "Core Banking", Some("administrator"), &[]),
        a_team("markup", data::MARKUP, None, &[]),
        a_team("long", &data::longest_name(), Some("viewer"), &[]),
    ];
    let wrong = data::invalid(&[("/slug", "1 to 40 of a–z, 0–9 and -")]);
    vec![
        ("teams", view(&organization, Listing::whole(all.clone()), None)),
        ("teams-wrong", view(&organization, Listing::whole(all), Some(wrong))),
        ("teams-empty", view(&organization, Listing::whole(Vec::new()), None)),
        ("teams-of-nobody", view(&reader, Listing::whole(Vec::new()), None)),
        ("teams-filtered-out", view(&organization, data::searched("zoe", Vec::new()), None)),
        ("teams-failed", view(&organization, data::refused(data::broken()), None)),
    ]
}

fn team_pages() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/teams/core");
    let everything =
        ["update", "delete", "view_members", "assign_members", "remove_members", "leave"].as_slice();
    let view = |one: TeamView, members, problem| {
        let page = TeamPage {
            organization: organization.clone(),
            form: GroupForm::of(&one.name, &one.description),
            team: one,
            members,
            user: "eve@example.org".into(),
            role: "developer".into(),
            confirm: String::new(),
            problem,
        };
        team(&ctx, &page)
    };
    let core = |actions| a_team("core", "Core Banking", Some("administrator"), actions);
    let people = vec![
        member("usr_1", "Ada Fontaine", "administrator", &["remove"]),
        member("usr_2", data::RIGHT_TO_LEFT, "developer", &["update", "remove"]),
        member("usr_3", data::MARKUP, "viewer", &[]),
    ];
    let unknown = data::invalid(&[("/user", "nobody of that name can be given a role here")]);
    vec![
        ("team", view(core(everything), Listing::whole(people.clone()), None)),
        ("team-wrong", view(core(everything), Listing::whole(people), Some(unknown))),
        ("team-empty", view(core(everything), Listing::whole(Vec::new()), None)),
        ("team-not-permitted", view(core(&["leave"]), data::refused(data::forbidden("members.view")), None)),
        ("team-failed", view(core(&["leave"]), data::refused(data::broken()), None)),
    ]
}

fn project_lists() -> Vec<(&'static str, Markup)> {
    let mut organization = data::organization("acme");
    organization.actions.push("create_project".into());
    let ctx = data::within(&organization, "/o/acme/projects");
    let view = |listed, problem| {
        let page = ProjectsPage {
            organization: organization.clone(),
            projects: listed,
            form: GroupForm::default(),
            problem,
        };
        projects(&ctx, &page)
    };
    let all = vec![
        a_project("staging", "Staging", Some("developer"), &[]),
        a_project("markup", data::MARKUP, None, &[]),
    ];
    vec![
        ("projects", view(Listing::whole(all), None)),
        ("projects-empty", view(Listing::whole(Vec::new()), None)),
        ("projects-filtered-out", view(data::searched("zoe", Vec::new()), None)),
        ("projects-failed", view(data::refused(data::broken()), None)),
    ]
}

fn project_pages() -> Vec<(&'static str, Markup)> {
    let organization = data::organization("acme");
    let ctx = data::within(&organization, "/o/acme/projects/staging");
    let view = |one: ProjectView, listed, problem| {
        let page = ProjectPage {
            organization: organization.clone(),
            form: GroupForm::of(&one.name, &one.description),
            project: one,
            teams: listed,
            choices: vec![a_team("other", data::RIGHT_TO_LEFT, None, &[])],
            confirm: "stagin".into(),
            problem,
        };
        project(&ctx, &page)
    };
    let staging = |actions| a_project("staging", "Staging", Some("developer"), actions);
    let on = vec![
        on_project("core", "Core Banking", "developer", &["update", "remove"]),
        on_project("markup", data::MARKUP, "viewer", &[]),
    ];
    let wrong = data::invalid(&[("/confirm", "type the slug `staging` to confirm")]);
    let everything = ["update", "delete", "assign_teams"].as_slice();
    vec![
        ("project", view(staging(everything), Listing::whole(on.clone()), None)),
        ("project-wrong", view(staging(everything), Listing::whole(on.clone()), Some(wrong))),
        ("project-empty", view(staging(everything), Listing::whole(Vec::new()), None)),
        ("project-of-a-member", view(staging(&[]), Listing::whole(on), None)),
        ("project-failed", view(staging(&[]), data::refused(data::broken()), None)),
    ]
}
