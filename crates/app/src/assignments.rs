//! Roles of people at organizations: given, changed, taken away (ROLE-3, ROLE-7, ROLE-9), and everything that somebody has in
//! one ended at once (ORG-9, INV-5).
//!
//! Each use case asks the policy twice: before anything is looked up, and again when it holds the organization, against
//! a graph that has whatever was decided meanwhile (E-30).

use bastide_authz::action::{
    AssignRole, LeaveBilling, LeaveOrganization, RemoveMember, UpdateAssignment, ViewOrganization, ViewRoles,
    WithdrawRole,
};
use bastide_authz::{Billing, Permit};
use bastide_model::access::Caller;
use bastide_model::names::Slug;
use bastide_model::organization::Organization;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Reach, Role};
use bastide_model::team::admit_role_change;
use bastide_model::user::User;
use bastide_model::{AssignmentId, Error, OrganizationId, Result, RoleId, Timestamp, UserId};
use bastide_store::{Assignment, Dismisses, Tx};

use crate::people::{self, sees_members};
use crate::state::App;

/// What is to be given to somebody.
#[derive(Debug, Clone)]
pub struct NewAssignment {
    /// Who: id or e-mail address.
    pub user: String,
    /// `administrator`, or the slug or the id of a custom role.
    pub role: String,
    /// How far down it reaches.
    pub reach: Reach,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Changes to a grant; what is absent stays.
#[derive(Debug, Clone, Copy, Default)]
pub struct Change {
    /// How far down it reaches.
    pub reach: Option<Reach>,
    /// When it ends; `Some(None)` for never.
    pub expires_at: Option<Option<Timestamp>>,
}

/// A grant and who has it.
#[derive(Debug, Clone)]
pub struct Given {
    /// The grant.
    pub assignment: Assignment,
    /// Who has it.
    pub user: User,
}

/// Gives somebody a role (ROLE-3).
///
/// # Errors
/// Those of [`App::authorize`], also where the caller lacks something that the role allows (ROLE-7); [`Error::Invalid`] at
/// `/user`, `/role` or `/expires_at`; [`Error::Conflict`] `own_role`, `owner_untouchable`, `role_held`, `already_deleting`;
/// [`Error::LimitExceeded`].
pub async fn assign(app: &App, caller: &Caller, id: OrganizationId, input: NewAssignment) -> Result<Given> {
    let within = app.authorize::<AssignRole>(caller, id)?;
    let mut tx = app.write(&within).await?;
    let organization = people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<AssignRole>(caller, id)?;
    let (audit, now) = app.audit();
    let role = role_named(app, &mut tx, caller, (&organization, &input.role)).await?;
    if role == Role::Owner {
        admit_role_change(caller.user, caller.user, role)?;
    }
    hold_role(app, &mut tx, role).await?;
    let named = (organization.realm, "/user");
    let user = people::assignable(app, &mut tx, caller, named, &input.user).await?;
    admit_end(input.expires_at, now)?;
    admit_role_change(caller.user, user.id, role)?;
    admit_holder(app, caller, id, (role, input.reach), (input.expires_at, now))?;
    people::admit_member(&mut tx, &organization, user.id, now).await?;
    let assignment = Assignment {
        id: AssignmentId::fresh(app.ids()),
        organization: id,
        user: user.id,
        role,
        custom: None,
        reach: input.reach,
        expires_at: input.expires_at,
        created_at: now,
        revision: 1,
    };
    tx.assign(&permit, &assignment, &user, (audit, now)).await?;
    let assignment = tx.assignment(id, assignment.id).await?;
    app.publish(tx.commit().await?).await?;
    Ok(Given { assignment, user })
}

/// Says anew how far a role reaches and when it ends, if it is still as the caller last saw it. Whoever does holds what it
/// was, and what it will be.
///
/// # Errors
/// Those of [`assign`], the limit for a grant that had ended; [`Error::NotFound`] when the organization has no such grant; [`Error::Stale`].
pub async fn update(
    app: &App,
    caller: &Caller,
    (id, grant): (OrganizationId, AssignmentId),
    seen: i64,
    change: Change,
) -> Result<Given> {
    let within = app.authorize::<UpdateAssignment>(caller, id)?;
    let mut tx = app.write(&within).await?;
    let organization = people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<UpdateAssignment>(caller, id)?;
    let (audit, now) = app.audit();
    let before = resource_grant(&mut tx, id, grant).await?;
    let mut after = before.clone();
    after.reach = change.reach.unwrap_or(after.reach);
    after.expires_at = change.expires_at.unwrap_or(after.expires_at);
    admit_end(change.expires_at.flatten(), now)?;
    admit_role_change(caller.user, before.user, before.role)?;
    hold_role(app, &mut tx, before.role).await?;
    admit_holder(app, caller, id, (before.role, before.reach), (Some(now), now))?;
    admit_holder(app, caller, id, (after.role, after.reach), (after.expires_at, now))?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    if after.in_force(now) {
        // Whose role had ended comes back as anybody who is new (PLAN-2).
        people::admit_member(&mut tx, &organization, before.user, now).await?;
    }
    let user = tx.user(before.user).await?;
    tx.assignment_update(&permit, (&before, &after), &user, (audit, now)).await?;
    app.publish(tx.commit().await?).await?;
    after.revision += 1;
    Ok(Given { assignment: after, user })
}

/// Holds a custom role until the end of the transaction, and brings the graph to what it allows: nobody adds to it what the
/// giver does not hold while it is being given (ROLE-7).
async fn hold_role(app: &App, tx: &mut Tx, role: Role) -> Result<()> {
    if let Role::Custom(id) = role {
        tx.role_hold(id).await?;
        app.follow_in(tx).await?;
    }
    Ok(())
}

/// Takes a role away. Whoever does holds what it allows (E-20).
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::NotFound`] when the organization has no such grant; [`Error::Conflict`] `own_role`,
/// `owner_untouchable`.
pub async fn withdraw(app: &App, caller: &Caller, (id, grant): (OrganizationId, AssignmentId)) -> Result<()> {
    let within = app.authorize::<WithdrawRole>(caller, id)?;
    let mut tx = app.write(&within).await?;
    people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<WithdrawRole>(caller, id)?;
    let (audit, now) = app.audit();
    let assignment = resource_grant(&mut tx, id, grant).await?;
    admit_role_change(caller.user, assignment.user, assignment.role)?;
    admit_holder(app, caller, id, (assignment.role, assignment.reach), (Some(now), now))?;
    let user = tx.user(assignment.user).await?;
    tx.withdraw(&permit, &assignment, &user, (audit, now)).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// Removes a member: everything that they have in the organization ends at once (INV-5). Not the owner, not oneself, and
/// nobody who holds more there than the caller.
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::NotFound`] when they are no member; [`Error::Conflict`] `owner_untouchable`,
/// `own_role`, `access_inherited`.
pub async fn remove(app: &App, caller: &Caller, id: OrganizationId, user: UserId) -> Result<()> {
    let within = app.authorize::<RemoveMember>(caller, id)?;
    let mut tx = app.write(&within).await?;
    people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<RemoveMember>(caller, id)?;
    let (audit, now) = app.audit();
    let had = tx.belongings(id, user).await?;
    let roles = had.assignments.iter().filter(|one| one.role != Role::BillingAdministrator);
    let roles: Vec<_> = roles.map(|one| (one.role, one.reach)).collect();
    if roles.is_empty() && had.teams.is_empty() {
        return Err(not_here(app, caller, id, user));
    }
    for (role, reach) in roles {
        admit_role_change(caller.user, user, role)?;
        admit_holder(app, caller, id, (role, reach), (Some(now), now))?;
    }
    for (team, _, role) in &had.teams {
        bastide_model::team::admit_other(caller.user, user)?;
        people::refuse_lacking(app.graph(|graph| graph.lacks_to_join(caller, (*team, *role), now))?)?;
    }
    let user = tx.user(user).await?;
    tx.dismiss(&permit, &user, (audit, now)).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// Why somebody who has nothing in an organization itself cannot be removed from it.
fn not_here(app: &App, caller: &Caller, id: OrganizationId, user: UserId) -> Error {
    let now = app.now();
    let from_above = app.graph(|graph| {
        let reaches = graph.lineage(id).skip(1).filter(|above| graph.reaches_beneath(user, *above, now));
        reaches.collect::<Vec<_>>()
    });
    if from_above.into_iter().any(|above| sees_members(app, caller, above)) {
        let detail = "their role was given at an organization above and reaches down to this one; it is taken away there";
        return Error::conflict("access_inherited", detail);
    }
    Error::NotFound
}

/// Leaves an organization: everything that the caller has in it ends at once (ORG-9). Who administers its billing and does
/// not see it elsewhere leaves that.
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Conflict`] `owner_cannot_leave`, `nothing_to_leave`.
pub async fn leave(app: &App, caller: &Caller, id: OrganizationId) -> Result<()> {
    match app.authorize::<ViewOrganization>(caller, id) {
        Err(Error::NotFound) => {
            leave_by(app, caller, id, || app.authorize::<LeaveBilling>(caller, Billing(id))).await
        }
        _ => leave_by(app, caller, id, || app.authorize::<LeaveOrganization>(caller, id)).await,
    }
}

async fn leave_by<A: Dismisses>(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    authorize: impl Fn() -> Result<Permit<A>>,
) -> Result<()> {
    let within = authorize()?;
    let mut tx = app.write(&within).await?;
    people::hold(app, &mut tx, id).await?;
    let permit = authorize()?;
    let had = tx.belongings(id, caller.user).await?;
    if had.owns() {
        let detail =
            "the owner cannot leave; hand the organization over to somebody else first, or delete it";
        return Err(Error::conflict("owner_cannot_leave", detail));
    }
    if had.is_empty() {
        let detail =
            "you have no role and no team in the organization itself; what you may do in it comes from above";
        return Err(Error::conflict("nothing_to_leave", detail));
    }
    // Nor does a token give up what was left out of it.
    let roles = had.assignments.iter().map(|one| app.graph(|graph| graph.keys_of(one.role)));
    let left = roles.chain(had.teams.iter().map(|(.., role)| role.in_team()));
    people::refuse_lacking(left.fold(PermissionSet::EMPTY, PermissionSet::union).without(caller.ceiling))?;
    let user = tx.user(caller.user).await?;
    tx.dismiss(&permit, &user, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// A grant on the resource axis: of that on the other one nothing is known here (ROLE-1).
async fn resource_grant(tx: &mut Tx, id: OrganizationId, grant: AssignmentId) -> Result<Assignment> {
    let found = tx.assignment(id, grant).await?;
    if found.role == Role::BillingAdministrator { Err(Error::NotFound) } else { Ok(found) }
}

/// The role that a word names among those that can be given at an organization (ROLE-6). Of two custom roles with one slug
/// the one that was defined nearer is meant.
async fn role_named(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    (organization, word): (&Organization, &str),
) -> Result<Role> {
    match word.parse::<Role>() {
        Ok(Role::BillingAdministrator) => {
            let problem = "billing administrators are made under `billing`, by the owner";
            return Err(Error::field("/role", problem));
        }
        Ok(role @ (Role::Owner | Role::Administrator)) => return Ok(role),
        Ok(Role::Custom(_)) | Err(_) => {}
    }
    let candidates = match (word.parse::<RoleId>(), word.parse::<Slug>()) {
        // Who does not see the roles does not learn from an answer which there are.
        _ if app.authorize::<ViewRoles>(caller, organization.id).is_err() => Vec::new(),
        (Ok(id), _) => vec![id],
        (_, Ok(slug)) => {
            let named = tx.roles_of_slug(organization.realm, &slug).await?;
            let lineage: Vec<_> = app.graph(|graph| graph.lineage(organization.id).collect());
            let at = |place: &OrganizationId| named.iter().find(|(_, defined)| defined == place);
            lineage.iter().filter_map(at).map(|(id, _)| *id).collect()
        }
        _ => Vec::new(),
    };
    let usable = |id: &RoleId| app.graph(|graph| graph.role_usable_at(*id, organization.id));
    candidates.into_iter().find(usable).map(Role::Custom).ok_or_else(|| {
        let problem =
            "it is no role that can be given here: `administrator`, or the slug or the id of a custom role";
        Error::field("/role", problem)
    })
}

/// An end lies ahead (ROLE-9).
fn admit_end(end: Option<Timestamp>, now: Timestamp) -> Result<()> {
    match end {
        Some(end) if end <= now => {
            Err(Error::field("/expires_at", format!("it lies in the future, after {now}")))
        }
        _ => Ok(()),
    }
}

/// Whoever gives, changes or takes away a role holds everything that it allows, as far down as it reaches (ROLE-7) and as long
/// as it lasts (ROLE-9).
fn admit_holder(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    grant: (Role, Reach),
    times: (Option<Timestamp>, Timestamp),
) -> Result<()> {
    people::refuse_lacking(app.graph(|graph| graph.lacks_to_grant(caller, id, grant, times))?)
}
