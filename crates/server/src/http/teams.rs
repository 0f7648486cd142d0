//! Teams of organizations and who is in them.

use axum::extract::State;
use bastide_api::teams::{
    NewTeam, NewTeamMember, TeamChange, TeamDeleteQuery, TeamMemberView, TeamRoleChoice, TeamView,
};
use bastide_api::{Page, PageQuery};
use bastide_app::teams::{self, Change, Details, Named, New};
use bastide_app::{App, organizations};
use bastide_model::access::Caller;
use bastide_model::error::FieldErrors;
use bastide_model::names::{Description, DisplayName};
use bastide_model::{TeamId, UserId};
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::input::{incomplete, optional, slug_or_made};
use super::problem::Failure;
use super::{paging, views};

/// The team that stands in a path, looked for in the organization before it (E-17).
async fn find(app: &App, caller: &Caller, organization: &Name, team: &Name) -> Result<TeamId, Failure> {
    let of = organizations::resolve(app, caller, organization.as_str()).await?;
    Ok(teams::resolve(app, caller, of, team.as_str()).await?)
}

/// The fields of a new team or project, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(super) fn read_new(
    name: &str,
    slug: Option<&str>,
    description: Option<&str>,
) -> bastide_model::Result<New> {
    let mut errors = FieldErrors::default();
    let name = errors.take("/name", name.parse::<DisplayName>());
    let slug = slug_or_made(&mut errors, slug, name.as_ref());
    let description = errors.take("/description", description.unwrap_or_default().parse::<Description>());
    errors.finish()?;
    let (Some(name), Some(slug), Some(description)) = (name, slug, description) else {
        return Err(incomplete());
    };
    Ok(New { name, slug, description })
}

/// The fields of a change of a team or project, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(super) fn read_change(
    name: Option<String>,
    description: Option<String>,
) -> bastide_model::Result<Change> {
    let mut errors = FieldErrors::default();
    let name = optional(&mut errors, "/name", name.map(|text| text.parse::<DisplayName>()));
    let description =
        optional(&mut errors, "/description", description.map(|text| text.parse::<Description>()));
    errors.finish()?;
    Ok(Change { name, description })
}

fn out(details: Details) -> Out<TeamView> {
    let revision = details.team.revision;
    Out::new(views::team(details)).etag(revision)
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<TeamView>>, Failure> {
    let of = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let listed = teams::list(&hub.app, &caller, of, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::team), &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewTeam>,
) -> Result<Made<TeamView>, Failure> {
    let of = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let new = read_new(&input.name, input.slug.as_deref(), input.description.as_deref())?;
    let details = teams::create(&hub.app, &caller, of, new).await?;
    let (location, revision) =
        (format!("/v1/organizations/{of}/teams/{}", details.team.id), details.team.revision);
    Ok(Made::new(&location, views::team(details)).etag(revision))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team)): At<(Name, Name)>,
) -> Result<Out<TeamView>, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    Ok(out(teams::view(&hub.app, &caller, id).await?))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team)): At<(Name, Name)>,
    IfMatch(seen): IfMatch,
    Body(input): Body<TeamChange>,
) -> Result<Out<TeamView>, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    let change = read_change(input.name, input.description)?;
    Ok(out(teams::update(&hub.app, &caller, id, seen, change).await?))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team)): At<(Name, Name)>,
    Search(TeamDeleteQuery { confirm }): Search<TeamDeleteQuery>,
    IfMatch(seen): IfMatch,
) -> Result<Empty, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    teams::delete(&hub.app, &caller, id, seen, confirm.as_deref()).await?;
    Ok(Empty)
}

pub(crate) async fn members(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team)): At<(Name, Name)>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<TeamMemberView>>, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    let listed = teams::members(&hub.app, &caller, id, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::team_member), &here))
}

pub(crate) async fn member_add(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team)): At<(Name, Name)>,
    Body(input): Body<NewTeamMember>,
) -> Result<Made<TeamMemberView>, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    let (named, role) = (Named::New(&input.user), views::team_role(input.role));
    let details = teams::set_member(&hub.app, &caller, id, named, role).await?;
    let location = format!(
        "/v1/organizations/{}/teams/{}/members/{}",
        organization.as_str(),
        team.as_str(),
        details.user.id
    );
    Ok(Made::new(&location, views::team_member(details)))
}

pub(crate) async fn member_set(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team, user)): At<(Name, Name, UserId)>,
    Body(input): Body<TeamRoleChoice>,
) -> Result<Out<TeamMemberView>, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    let role = views::team_role(input.role);
    let details = teams::set_member(&hub.app, &caller, id, Named::Id(user), role).await?;
    Ok(Out::new(views::team_member(details)))
}

pub(crate) async fn member_delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, team, user)): At<(Name, Name, UserId)>,
) -> Result<Empty, Failure> {
    let id = find(&hub.app, &caller, &organization, &team).await?;
    teams::remove_member(&hub.app, &caller, id, user).await?;
    Ok(Empty)
}
