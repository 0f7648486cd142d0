//! Projects of an organization.

use bastide_api::PageQuery;
use bastide_api::teams::{ProjectDeleteQuery, ProjectView, TeamRoleChoice};
use bastide_model::limits::PAGE_SIZE_MAX;

use super::organizations::revision;
use super::teams;
use super::visit::{Visit, fields, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name, Search};
use crate::http::problem::Failure;
use crate::http::projects;
use crate::pages::{self, GroupForm, ProjectPage, ProjectsPage, chosen_role};

async fn all(visit: &mut Visit, slug: &Name) -> Result<ProjectsPage, Failure> {
    let organization = visit.enter(slug).await?;
    let query = Search(visit.list_query());
    let listed = projects::list(visit.state(), visit.who(), At(slug.clone()), query, visit.uri.clone()).await;
    let projects = visit.listing(listed)?;
    Ok(ProjectsPage { organization, projects, form: GroupForm::default(), problem: None })
}

pub(super) async fn list(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let view = all(&mut visit, &slug).await?;
    Ok(show(pages::projects(&visit.page, &view)))
}

pub(super) async fn create(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let form = GroupForm::parse(&fields(&form));
    let new = Body(form.to_project());
    match projects::create(visit.state(), visit.who(), At(slug.clone()), new).await {
        Ok(made) => {
            let project = made.into_value().slug;
            Ok(go(&format!("/o/{}/projects/{project}", slug.as_str()), Some("created")))
        }
        Err(failure) => {
            let view = all(&mut visit, &slug).await?;
            visit.refused(failure, |page, problem| {
                pages::projects(page, &ProjectsPage { form, problem: Some(problem), ..view })
            })
        }
    }
}

async fn one(visit: &mut Visit, slug: &Name, project: &Name) -> Result<ProjectPage, Failure> {
    let organization = visit.enter(slug).await?;
    let path = || At((slug.clone(), project.clone()));
    let found = projects::view(visit.state(), visit.who(), path()).await?.into_value();
    let query = Search(visit.list_query());
    let shared = projects::teams(visit.state(), visit.who(), path(), query, visit.uri.clone()).await;
    let shared = visit.listing(shared)?;
    let may_share = found.actions.iter().any(|action| action == "assign_teams");
    let mut choices = if may_share { teams::choices(visit, slug).await? } else { Vec::new() };
    choices.retain(|team| shared.items().iter().all(|one| one.team != team.id));
    let form = GroupForm::of(&found.name, &found.description);
    let confirm = String::new();
    Ok(ProjectPage { organization, project: found, teams: shared, choices, form, confirm, problem: None })
}

pub(super) async fn view(mut visit: Visit, At((slug, project)): At<(Name, Name)>) -> Result<Html, Failure> {
    let view = one(&mut visit, &slug, &project).await?;
    Ok(show(pages::project(&visit.page, &view)))
}

fn address(slug: &Name, project: &Name) -> String {
    format!("/o/{}/projects/{}", slug.as_str(), project.as_str())
}

/// The page once more, with what was typed and what was wrong.
async fn again(
    mut visit: Visit,
    (slug, project): (&Name, &Name),
    failure: Failure,
    typed: impl FnOnce(&mut ProjectPage),
) -> Result<Html, Failure> {
    let mut view = one(&mut visit, slug, project).await?;
    typed(&mut view);
    let shown = |view| {
        move |page: &pages::Context, problem| {
            pages::project(page, &ProjectPage { problem: Some(problem), ..view })
        }
    };
    visit.refused(failure, shown(view))
}

pub(super) async fn update(
    visit: Visit,
    At((slug, project)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let seen = IfMatch(revision(form.text("etag")));
    let typed = GroupForm::parse(&fields(&form));
    let (path, change) = (At((slug.clone(), project.clone())), Body(typed.to_project_change()));
    match projects::update(visit.state(), visit.who(), path, seen, change).await {
        Ok(_) => Ok(go(&address(&slug, &project), Some("saved"))),
        Err(failure) => again(visit, (&slug, &project), failure, |view| view.form = typed).await,
    }
}

pub(super) async fn delete(
    visit: Visit,
    At((slug, project)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let path = || At((slug.clone(), project.clone()));
    let present = projects::view(visit.state(), visit.who(), path()).await?.into_value();
    let (typed, seen) = (form.text("confirm").to_owned(), IfMatch(revision(&present.etag)));
    let query = Search(ProjectDeleteQuery { confirm: typed.clone() });
    match projects::delete(visit.state(), visit.who(), path(), query, seen).await {
        Ok(_) => Ok(go(&format!("/o/{}/projects", slug.as_str()), Some("deleted"))),
        Err(failure) => again(visit, (&slug, &project), failure, |view| view.confirm = typed).await,
    }
}

async fn set(visit: Visit, (slug, project, team): (Name, Name, Name), role: &str) -> Result<Html, Failure> {
    let set = match chosen_role(role) {
        Ok(role) => {
            let (path, choice) = (At((slug.clone(), project.clone(), team)), Body(TeamRoleChoice { role }));
            projects::team_set(visit.state(), visit.who(), path, choice).await.map(|_| ())
        }
        Err(field) => wrong(vec![field]),
    };
    match set {
        Ok(()) => Ok(go(&address(&slug, &project), Some("saved"))),
        Err(failure) => again(visit, (&slug, &project), failure, |_| ()).await,
    }
}

pub(super) async fn team_add(
    visit: Visit,
    At((slug, project)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let team = Name::try_from(form.text("team").to_owned()).map_err(|_| Failure::NOT_FOUND)?;
    set(visit, (slug, project, team), form.text("role")).await
}

pub(super) async fn team_set(
    visit: Visit,
    At(path): At<(Name, Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    set(visit, path, form.text("role")).await
}

pub(super) async fn team_remove(
    visit: Visit,
    At((slug, project, team)): At<(Name, Name, Name)>,
) -> Result<Html, Failure> {
    let path = At((slug.clone(), project.clone(), team));
    match projects::team_delete(visit.state(), visit.who(), path).await {
        Ok(_) => Ok(go(&address(&slug, &project), Some("saved"))),
        Err(failure) => again(visit, (&slug, &project), failure, |_| ()).await,
    }
}

/// The projects that the caller sees, for a choice: the first page of them.
pub(super) async fn choices(visit: &Visit, slug: &Name) -> Result<Vec<ProjectView>, Failure> {
    let first = Search(PageQuery { page_size: Some(PAGE_SIZE_MAX), ..PageQuery::default() });
    let listed =
        projects::list(visit.state(), visit.who(), At(slug.clone()), first, visit.uri.clone()).await?;
    Ok(listed.into_value().items)
}
