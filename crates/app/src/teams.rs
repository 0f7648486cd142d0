//! Teams of organizations and who is in them (ROLE-2, ROLE-7, ROLE-8, INV-5).

use std::collections::BTreeSet;

use bastide_authz::action::{
    AssignTeamMember, CreateTeam, DeleteTeam, LeaveTeam, RemoveTeamMember, UpdateTeam, ViewProject, ViewTeam,
    ViewTeamMembers, ViewTeams,
};
use bastide_authz::{Action, Permit};
use bastide_model::access::Caller;
use bastide_model::names::{Description, DisplayName, Slug};
use bastide_model::organization::{Organization, OrganizationState};
use bastide_model::permission::PermissionSet;
use bastide_model::role::TeamRole;
use bastide_model::team::{Team, TeamMember, admit_other};
use bastide_model::user::User;
use bastide_model::{AuditId, Error, OrganizationId, Result, TeamId, UserId};
use bastide_store::Tx;

use crate::people::refuse_lacking;
use crate::state::App;
use crate::{Listed, PageRequest, people};

/// Projects that a refusal names; more are counted.
const NAMED_MAX: usize = 10;

/// A team or a project to be made; checked already.
#[derive(Debug, Clone)]
pub struct New {
    /// What people read.
    pub name: DisplayName,
    /// Short name, unique in the organization among its like.
    pub slug: Slug,
    /// A longer text.
    pub description: Description,
}

/// Changes to a team or a project; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What people read.
    pub name: Option<DisplayName>,
    /// A longer text.
    pub description: Option<Description>,
}

/// A team as one caller sees it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The team.
    pub team: Team,
    /// What the caller is in it.
    pub role: Option<TeamRole>,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
}

/// Somebody in a team as one caller sees them.
#[derive(Debug, Clone)]
pub struct MemberDetails {
    /// Who.
    pub user: User,
    /// As what, and since when.
    pub member: TeamMember,
    /// What the caller may do with them.
    pub actions: Vec<&'static str>,
}

/// How somebody who comes into a team is named.
#[derive(Debug, Clone, Copy)]
pub enum Named<'a> {
    /// By the id or the e-mail address of somebody who is not in it yet.
    New(&'a str),
    /// By id, whether they are in it or not.
    Id(UserId),
}

/// Begins a change in an organization: its row is held, and what was decided while others held it counts (E-30).
pub(crate) async fn begin<A: Action>(
    app: &App,
    caller: &Caller,
    target: A::Target,
) -> Result<(Permit<A>, Tx, Organization)> {
    let permit = app.authorize::<A>(caller, target)?;
    let organization = permit.organization().ok_or(Error::NotFound)?;
    let mut tx = app.write(&permit).await?;
    let organization = people::hold(app, &mut tx, organization).await?;
    Ok((app.authorize::<A>(caller, target)?, tx, organization))
}

/// The team of an organization that an id or a slug names. One of another organization is not found (E-17).
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(app: &App, caller: &Caller, organization: OrganizationId, name: &str) -> Result<TeamId> {
    let permit = app.authorize::<ViewTeams>(caller, organization)?;
    let found = app.read(&permit).await?.team_find(organization, name).await?;
    let id = found.ok_or(Error::NotFound)?;
    app.authorize::<ViewTeam>(caller, id)?;
    Ok(id)
}

/// The teams of an organization that the caller sees (ROLE-2).
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    page: &PageRequest,
) -> Result<Listed<Details>> {
    let permit = app.authorize::<ViewTeams>(caller, organization)?;
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_teams(caller, organization, now))?;
    let mut tx = app.read(&permit).await?;
    let of = tx.organization(organization).await?;
    let listed = tx.team_list(&permit, &visible, page).await?;
    Ok(listed.map(|team| detail(app, caller, &of, team)))
}

/// One team.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: TeamId) -> Result<Details> {
    let permit = app.authorize::<ViewTeam>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let team = tx.team_view(&permit).await?;
    let of = tx.organization(team.organization).await?;
    Ok(detail(app, caller, &of, team))
}

fn detail(app: &App, caller: &Caller, of: &Organization, team: Team) -> Details {
    let id = team.id;
    let role = app.graph(|graph| graph.role_in_team(caller.user, id));
    let active = of.state == OrganizationState::Active;
    let actions = [
        ("update", active && app.authorize::<UpdateTeam>(caller, id).is_ok()),
        ("delete", active && app.authorize::<DeleteTeam>(caller, id).is_ok()),
        ("view_members", app.authorize::<ViewTeamMembers>(caller, id).is_ok()),
        ("assign_members", active && app.authorize::<AssignTeamMember>(caller, id).is_ok()),
        ("remove_members", active && app.authorize::<RemoveTeamMember>(caller, id).is_ok()),
        ("leave", active && role.is_some() && app.authorize::<LeaveTeam>(caller, id).is_ok()),
    ];
    let actions = actions.into_iter().filter_map(|(name, may)| may.then_some(name)).collect();
    Details { team, role, actions }
}

/// Creates a team. Nobody is in it yet.
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Conflict`] `slug_taken`, `already_deleting`.
pub async fn create(app: &App, caller: &Caller, organization: OrganizationId, input: New) -> Result<Details> {
    let (permit, mut tx, of) = begin::<CreateTeam>(app, caller, organization).await?;
    let team = Team {
        id: TeamId::fresh(app.ids()),
        realm: of.realm,
        organization,
        slug: input.slug,
        name: input.name,
        description: input.description,
        created_at: app.now(),
        revision: 1,
    };
    tx.team_create(&permit, &team, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok(detail(app, caller, &of, team))
}

/// Changes a team, if it is still as the caller last saw it.
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Stale`], [`Error::Conflict`] `already_deleting`.
pub async fn update(app: &App, caller: &Caller, id: TeamId, seen: i64, change: Change) -> Result<Details> {
    let (permit, mut tx, of) = begin::<UpdateTeam>(app, caller, id).await?;
    let before = tx.team(Some(of.id), id).await?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.description = change.description.unwrap_or(after.description);
    tx.team_update(&permit, (&before, &after), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    after.revision += 1;
    Ok(detail(app, caller, &of, after))
}

/// Deletes a team, if it is still as the caller last saw it. Its members lose what they had by it; while projects would be
/// left without any team, its slug has to be typed (INV-5).
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Stale`], [`Error::Invalid`] when another slug was typed, [`Error::Conflict`]
/// `projects_orphaned` naming the projects, `already_deleting`.
pub async fn delete(app: &App, caller: &Caller, id: TeamId, seen: i64, typed: Option<&str>) -> Result<()> {
    let (permit, mut tx, of) = begin::<DeleteTeam>(app, caller, id).await?;
    let before = tx.team(Some(of.id), id).await?;
    match typed {
        Some(typed) if typed != before.slug.as_str() => {
            return Err(Error::field("/confirm", format!("type the slug `{}` to confirm", before.slug)));
        }
        Some(_) => {}
        None => refuse_orphans(app, &mut tx, caller, &before).await?,
    }
    if before.revision != seen {
        return Err(Error::Stale);
    }
    // Its members lose what they are in it: as when each were taken out (E-20).
    let roles: BTreeSet<_> = tx.team_roles(id).await?.into_iter().map(|member| member.role).collect();
    for role in roles {
        refuse_lacking(lacks(app, caller, (id, role))?)?;
    }
    tx.team_delete(&permit, &before, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

async fn refuse_orphans(app: &App, tx: &mut Tx, caller: &Caller, team: &Team) -> Result<()> {
    let alone = tx.team_alone_on(team.id).await?;
    if alone.is_empty() {
        return Ok(());
    }
    let seen = alone.iter().filter(|(id, _)| app.authorize::<ViewProject>(caller, *id).is_ok());
    let mut named: Vec<_> = seen.take(NAMED_MAX).map(|(_, slug)| slug.to_string()).collect();
    if alone.len() > named.len() {
        named.push(format!("{} more", alone.len() - named.len()));
    }
    let detail = format!(
        "{} is the only team of these projects: {}. Give them another team first, or confirm with the team's slug.",
        team.slug,
        named.join(", ")
    );
    Err(Error::conflict("projects_orphaned", detail))
}

/// Who is in a team (ROLE-8).
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn members(
    app: &App,
    caller: &Caller,
    id: TeamId,
    page: &PageRequest,
) -> Result<Listed<MemberDetails>> {
    let permit = app.authorize::<ViewTeamMembers>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let team = tx.team(permit.organization(), id).await?;
    let of = tx.organization(team.organization).await?;
    let listed = tx.team_member_list(&permit, page).await?;
    Ok(listed.map(|(user, member)| member_detail(app, caller, &of, (user, member))))
}

fn member_detail(
    app: &App,
    caller: &Caller,
    of: &Organization,
    (user, member): (User, TeamMember),
) -> MemberDetails {
    let active = of.state == OrganizationState::Active;
    let own = user.id == caller.user;
    let reaches = lacks(app, caller, (member.team, member.role)).is_ok_and(PermissionSet::is_empty);
    let may_set = !own && reaches && app.authorize::<AssignTeamMember>(caller, member.team).is_ok();
    let may_remove = own || (reaches && app.authorize::<RemoveTeamMember>(caller, member.team).is_ok());
    let actions = [("update", active && may_set), ("remove", active && may_remove)];
    let actions = actions.into_iter().filter_map(|(name, may)| may.then_some(name)).collect();
    MemberDetails { user, member, actions }
}

fn lacks(app: &App, caller: &Caller, place: (TeamId, TeamRole)) -> Result<PermissionSet> {
    let now = app.now();
    app.graph(|graph| graph.lacks_to_join(caller, place, now))
}

/// Puts somebody into a team, or makes them something else in it (ROLE-8). Nobody does so with themselves, and nobody gives
/// or takes what they do not hold (ROLE-7).
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Invalid`] at `/user` or [`Error::NotFound`] when nobody is named;
/// [`Error::Conflict`] `own_role`, `in_team_already`, `already_deleting`; [`Error::LimitExceeded`] by the plan (PLAN-2).
pub async fn set_member(
    app: &App,
    caller: &Caller,
    id: TeamId,
    named: Named<'_>,
    role: TeamRole,
) -> Result<MemberDetails> {
    let (permit, mut tx, of) = begin::<AssignTeamMember>(app, caller, id).await?;
    let team = tx.team(Some(of.id), id).await?;
    let user = match named {
        Named::New(text) => people::assignable(app, &mut tx, caller, (of.realm, "/user"), text).await?,
        Named::Id(user) => named_by_id(app, &mut tx, caller, &team, user).await?,
    };
    admit_other(caller.user, user.id)?;
    let before = tx.team_member(id, user.id).await?;
    if let (Some(_), Named::New(_)) = (&before, named) {
        let detail = format!("{} is in the team {} already", user.email, team.slug);
        return Err(Error::conflict("in_team_already", detail));
    }
    refuse_lacking(lacks(app, caller, (id, role))?)?;
    let (audit, now) = app.audit();
    match &before {
        Some(before) => refuse_lacking(lacks(app, caller, (id, before.role))?)?,
        None => people::admit_member(&mut tx, &of, user.id, now).await?,
    }
    let was = before.as_ref().map(|before| before.role);
    if was != Some(role) {
        tx.team_member_set(&permit, &team, (&user, was, role), (audit, now)).await?;
        app.publish(tx.commit().await?).await?;
    }
    let since = before.map_or(now, |before| before.since);
    let member = TeamMember { team: id, user: user.id, role, since };
    Ok(member_detail(app, caller, &of, (user, member)))
}

/// Somebody who is in the team, or who may be put into it; whoever else is not found.
async fn named_by_id(app: &App, tx: &mut Tx, caller: &Caller, team: &Team, user: UserId) -> Result<User> {
    if tx.team_member(team.id, user).await?.is_some() {
        return tx.user(user).await;
    }
    let named = people::assignable(app, tx, caller, (team.realm, "/user"), &user.to_string()).await;
    named.map_err(|error| match error {
        Error::Invalid { .. } => Error::NotFound,
        other => other,
    })
}

/// Takes somebody out of a team (ROLE-8); everybody may leave one themselves (ORG-9).
///
/// # Errors
/// Those of [`App::authorize`], also where the caller does not hold what the other is; [`Error::NotFound`] when they are not
/// in it; [`Error::Conflict`] `already_deleting`.
pub async fn remove_member(app: &App, caller: &Caller, id: TeamId, user: UserId) -> Result<()> {
    if user == caller.user {
        return take_out::<LeaveTeam>(app, caller, id, user).await;
    }
    take_out::<RemoveTeamMember>(app, caller, id, user).await
}

async fn take_out<A>(app: &App, caller: &Caller, id: TeamId, user: UserId) -> Result<()>
where
    A: bastide_store::TakesFromTeam,
{
    let (permit, mut tx, of) = begin::<A>(app, caller, id).await?;
    let team = tx.team(Some(of.id), id).await?;
    let before = tx.team_member(id, user).await?.ok_or(Error::NotFound)?;
    if user == caller.user {
        refuse_lacking(before.role.in_team().without(caller.ceiling))?;
    } else {
        refuse_lacking(lacks(app, caller, (id, before.role))?)?;
    }
    tx.team_member_delete(&permit, &team, (user, before.role), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}
