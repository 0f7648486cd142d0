//! Projects of organizations and the teams on them.

use axum::extract::State;
use bastide_api::teams::{
    NewProject, ProjectChange, ProjectDeleteQuery, ProjectTeamView, ProjectView, TeamRoleChoice,
};
use bastide_api::{Page, PageQuery};
use bastide_app::projects::{self, Details};
use bastide_app::{App, organizations, teams};
use bastide_model::access::Caller;
use bastide_model::{OrganizationId, ProjectId};
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::teams::{read_change, read_new};
use super::{paging, views};

/// The project that stands in a path, looked for in the organization before it (E-17).
async fn find(
    app: &App,
    caller: &Caller,
    organization: &Name,
    project: &Name,
) -> Result<(OrganizationId, ProjectId), Failure> {
    let of = organizations::resolve(app, caller, organization.as_str()).await?;
    Ok((of, projects::resolve(app, caller, of, project.as_str()).await?))
}

fn out(details: Details) -> Out<ProjectView> {
    let revision = details.project.revision;
    Out::new(views::project(details)).etag(revision)
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<ProjectView>>, Failure> {
    let of = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let listed = projects::list(&hub.app, &caller, of, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::project), &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewProject>,
) -> Result<Made<ProjectView>, Failure> {
    let of = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let new = read_new(&input.name, input.slug.as_deref(), input.description.as_deref())?;
    let details = projects::create(&hub.app, &caller, of, new).await?;
    let (location, revision) =
        (format!("/v1/organizations/{of}/projects/{}", details.project.id), details.project.revision);
    Ok(Made::new(&location, views::project(details)).etag(revision))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project)): At<(Name, Name)>,
) -> Result<Out<ProjectView>, Failure> {
    let (_, id) = find(&hub.app, &caller, &organization, &project).await?;
    Ok(out(projects::view(&hub.app, &caller, id).await?))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project)): At<(Name, Name)>,
    IfMatch(seen): IfMatch,
    Body(input): Body<ProjectChange>,
) -> Result<Out<ProjectView>, Failure> {
    let (_, id) = find(&hub.app, &caller, &organization, &project).await?;
    let change = read_change(input.name, input.description)?;
    Ok(out(projects::update(&hub.app, &caller, id, seen, change).await?))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project)): At<(Name, Name)>,
    Search(ProjectDeleteQuery { confirm }): Search<ProjectDeleteQuery>,
    IfMatch(seen): IfMatch,
) -> Result<Empty, Failure> {
    let (_, id) = find(&hub.app, &caller, &organization, &project).await?;
    projects::delete(&hub.app, &caller, id, seen, &confirm).await?;
    Ok(Empty)
}

pub(crate) async fn teams(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project)): At<(Name, Name)>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<ProjectTeamView>>, Failure> {
    let (_, id) = find(&hub.app, &caller, &organization, &project).await?;
    let listed = projects::teams(&hub.app, &caller, id, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::project_team), &here))
}

pub(crate) async fn team_set(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project, team)): At<(Name, Name, Name)>,
    Body(input): Body<TeamRoleChoice>,
) -> Result<Out<ProjectTeamView>, Failure> {
    let (of, id) = find(&hub.app, &caller, &organization, &project).await?;
    let team = teams::resolve(&hub.app, &caller, of, team.as_str()).await?;
    let role = views::team_role(input.role);
    let details = projects::set_team(&hub.app, &caller, (id, team), role).await?;
    Ok(Out::new(views::project_team(details)))
}

pub(crate) async fn team_delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, project, team)): At<(Name, Name, Name)>,
) -> Result<Empty, Failure> {
    let (of, id) = find(&hub.app, &caller, &organization, &project).await?;
    let team = teams::resolve(&hub.app, &caller, of, team.as_str()).await?;
    projects::remove_team(&hub.app, &caller, (id, team)).await?;
    Ok(Empty)
}
