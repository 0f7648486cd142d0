//! Projects of organizations and the teams that have a role on them (WORK-1).

use bastide_authz::action::{
    AssignProjectTeam, CreateProject, DeleteProject, RemoveProjectTeam, UpdateProject, ViewProject,
    ViewProjects, ViewTeam,
};
use bastide_model::access::Caller;
use bastide_model::organization::{Organization, OrganizationState};
use bastide_model::permission::PermissionSet;
use bastide_model::role::TeamRole;
use bastide_model::team::{Project, Team};
use bastide_model::{AuditId, Error, OrganizationId, ProjectId, Result, TeamId};

use crate::people::refuse_lacking;
use crate::state::App;
use crate::teams::{Change, New, begin};
use crate::{Listed, PageRequest};

/// A project as one caller sees it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The project.
    pub project: Project,
    /// What the caller is on it, by their teams.
    pub role: Option<TeamRole>,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
}

/// A team's role on a project as one caller sees it.
#[derive(Debug, Clone)]
pub struct TeamDetails {
    /// The team.
    pub team: Team,
    /// Its role.
    pub role: TeamRole,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
}

/// The project of an organization that an id or a slug names. One of another organization is not found (E-17).
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    name: &str,
) -> Result<ProjectId> {
    let permit = app.authorize::<ViewProjects>(caller, organization)?;
    let found = app.read(&permit).await?.project_find(organization, name).await?;
    let id = found.ok_or(Error::NotFound)?;
    app.authorize::<ViewProject>(caller, id)?;
    Ok(id)
}

/// The projects of an organization that the caller sees (ROLE-2).
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    page: &PageRequest,
) -> Result<Listed<Details>> {
    let permit = app.authorize::<ViewProjects>(caller, organization)?;
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_projects(caller, organization, now))?;
    let mut tx = app.read(&permit).await?;
    let of = tx.organization(organization).await?;
    let listed = tx.project_list(&permit, &visible, page).await?;
    Ok(listed.map(|project| detail(app, caller, &of, project)))
}

/// One project.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: ProjectId) -> Result<Details> {
    let permit = app.authorize::<ViewProject>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let project = tx.project_view(&permit).await?;
    let of = tx.organization(project.organization).await?;
    Ok(detail(app, caller, &of, project))
}

fn detail(app: &App, caller: &Caller, of: &Organization, project: Project) -> Details {
    let id = project.id;
    let role = app.graph(|graph| graph.role_on_project(caller.user, id));
    let actions = [
        ("update", app.authorize::<UpdateProject>(caller, id).is_ok()),
        ("delete", app.authorize::<DeleteProject>(caller, id).is_ok()),
        ("assign_teams", app.authorize::<AssignProjectTeam>(caller, id).is_ok()),
    ];
    let active = of.state == OrganizationState::Active;
    let actions = actions.into_iter().filter_map(|(name, may)| (active && may).then_some(name)).collect();
    Details { project, role, actions }
}

/// Creates a project. No team has a role on it yet.
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Conflict`] `slug_taken`, `already_deleting`.
pub async fn create(app: &App, caller: &Caller, organization: OrganizationId, input: New) -> Result<Details> {
    let (permit, mut tx, of) = begin::<CreateProject>(app, caller, organization).await?;
    let project = Project {
        id: ProjectId::fresh(app.ids()),
        realm: of.realm,
        organization,
        slug: input.slug,
        name: input.name,
        description: input.description,
        created_at: app.now(),
        revision: 1,
    };
    tx.project_create(&permit, &project, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok(detail(app, caller, &of, project))
}

/// Changes a project, if it is still as the caller last saw it.
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Stale`], [`Error::Conflict`] `already_deleting`.
pub async fn update(app: &App, caller: &Caller, id: ProjectId, seen: i64, change: Change) -> Result<Details> {
    let (permit, mut tx, of) = begin::<UpdateProject>(app, caller, id).await?;
    let before = tx.project(Some(of.id), id).await?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.description = change.description.unwrap_or(after.description);
    tx.project_update(&permit, (&before, &after), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    after.revision += 1;
    Ok(detail(app, caller, &of, after))
}

/// Deletes a project, if it is still as the caller last saw it and its slug was typed (WORK-1).
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Stale`], [`Error::Invalid`] when another slug was typed, [`Error::Conflict`]
/// `already_deleting`.
pub async fn delete(app: &App, caller: &Caller, id: ProjectId, seen: i64, typed: &str) -> Result<()> {
    let (permit, mut tx, of) = begin::<DeleteProject>(app, caller, id).await?;
    let before = tx.project(Some(of.id), id).await?;
    if typed != before.slug.as_str() {
        return Err(Error::field("/confirm", format!("type the slug `{}` to confirm", before.slug)));
    }
    if before.revision != seen {
        return Err(Error::Stale);
    }
    tx.project_delete(&permit, &before, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// The teams with a role on a project, as far as the caller sees them.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn teams(
    app: &App,
    caller: &Caller,
    id: ProjectId,
    page: &PageRequest,
) -> Result<Listed<TeamDetails>> {
    let permit = app.authorize::<ViewProject>(caller, id)?;
    let organization = permit.organization().ok_or(Error::NotFound)?;
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_teams(caller, organization, now))?;
    let mut tx = app.read(&permit).await?;
    let of = tx.organization(organization).await?;
    let listed = tx.project_team_list(&permit, &visible, page).await?;
    Ok(listed.map(|(team, role)| team_detail(app, caller, (&of, id), (team, role))))
}

fn team_detail(
    app: &App,
    caller: &Caller,
    (of, id): (&Organization, ProjectId),
    (team, role): (Team, TeamRole),
) -> TeamDetails {
    let active = of.state == OrganizationState::Active;
    let reaches = active && lacks(app, caller, (id, role)).is_ok_and(PermissionSet::is_empty);
    let actions = [
        ("update", reaches && app.authorize::<AssignProjectTeam>(caller, id).is_ok()),
        ("remove", reaches && app.authorize::<RemoveProjectTeam>(caller, id).is_ok()),
    ];
    let actions = actions.into_iter().filter_map(|(name, may)| may.then_some(name)).collect();
    TeamDetails { team, role, actions }
}

fn lacks(app: &App, caller: &Caller, place: (ProjectId, TeamRole)) -> Result<PermissionSet> {
    let now = app.now();
    app.graph(|graph| graph.lacks_to_share(caller, place, now))
}

/// Gives a team of the organization a role on a project, or another one than before (WORK-1). Nobody gives or takes what
/// they do not hold (ROLE-7).
///
/// # Errors
/// Those of [`App::authorize`], for the project and for the team; [`Error::Conflict`] `already_deleting`.
pub async fn set_team(
    app: &App,
    caller: &Caller,
    (id, team): (ProjectId, TeamId),
    role: TeamRole,
) -> Result<TeamDetails> {
    let (permit, mut tx, of) = begin::<AssignProjectTeam>(app, caller, id).await?;
    app.authorize::<ViewTeam>(caller, team)?;
    let project = tx.project(Some(of.id), id).await?;
    let team = tx.team(Some(of.id), team).await?;
    let before = tx.project_team(id, team.id).await?;
    for role in before.into_iter().chain([role]) {
        refuse_lacking(lacks(app, caller, (id, role))?)?;
    }
    if before != Some(role) {
        tx.project_team_set(&permit, &project, (&team, before, role), app.audit()).await?;
        app.publish(tx.commit().await?).await?;
    }
    Ok(team_detail(app, caller, (&of, id), (team, role)))
}

/// Takes a team's role on a project away.
///
/// # Errors
/// Those of [`set_team`]; [`Error::NotFound`] when it has none.
pub async fn remove_team(app: &App, caller: &Caller, (id, team): (ProjectId, TeamId)) -> Result<()> {
    let (permit, mut tx, of) = begin::<RemoveProjectTeam>(app, caller, id).await?;
    app.authorize::<ViewTeam>(caller, team)?;
    let project = tx.project(Some(of.id), id).await?;
    let team = tx.team(Some(of.id), team).await?;
    let before = tx.project_team(id, team.id).await?.ok_or(Error::NotFound)?;
    refuse_lacking(lacks(app, caller, (id, before))?)?;
    tx.project_team_delete(&permit, &project, (&team, before), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}
