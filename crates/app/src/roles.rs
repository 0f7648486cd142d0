//! Custom roles of organizations (ROLE-6).

use bastide_authz::action::{CreateRole, DeleteRole, UpdateRole, ViewRoles};
use bastide_authz::{Action, Permit, WholeTree};
use bastide_model::access::Caller;
use bastide_model::limits::ROLES_MAX;
use bastide_model::names::{Description, DisplayName, Slug};
use bastide_model::permission::PermissionSet;
use bastide_model::role::Reach;
use bastide_model::team::{CustomRole, admit_custom_role};
use bastide_model::{AuditId, Error, OrganizationId, Result, RoleId, Timestamp};

use crate::people;
use crate::state::App;

/// A custom role to be made; checked already but for what it allows.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// What people read.
    pub name: DisplayName,
    /// Short name.
    pub slug: Slug,
    /// A longer text.
    pub description: Description,
    /// What it allows.
    pub permissions: PermissionSet,
}

/// Changes to a custom role; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct RoleChange {
    /// What people read.
    pub name: Option<DisplayName>,
    /// A longer text.
    pub description: Option<Description>,
    /// All that it should allow.
    pub permissions: Option<PermissionSet>,
}

/// The custom roles that can be given at an organization: its own and those defined above it.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, organization: OrganizationId) -> Result<Vec<CustomRole>> {
    let permit = app.authorize::<ViewRoles>(caller, organization)?;
    app.read(&permit).await?.role_list(&permit, &lineage(app, organization)).await
}

/// One of them, by id or slug; the nearest of that slug.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn view(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    name: &str,
) -> Result<CustomRole> {
    let mut all = list(app, caller, organization).await?.into_iter();
    all.find(|role| role.slug.as_str() == name || role.id.to_string() == name).ok_or(Error::NotFound)
}

/// What the caller may do with a role, asked of the same code that decides when they do it.
pub fn offered(app: &App, caller: &Caller, role: &CustomRole) -> Vec<&'static str> {
    [
        ("update", app.authorize::<UpdateRole>(caller, role.id).is_ok()),
        ("delete", app.authorize::<DeleteRole>(caller, role.id).is_ok()),
    ]
    .into_iter()
    .filter_map(|(name, may)| may.then_some(name))
    .collect()
}

/// The organization and everything above it, nearest first.
pub(crate) fn lineage(app: &App, organization: OrganizationId) -> Vec<OrganizationId> {
    app.graph(|graph| graph.lineage(organization).collect())
}

/// Defines a custom role. Nobody puts into it what they do not hold (ROLE-7).
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Invalid`], [`Error::Forbidden`] naming what is not held, [`Error::Conflict`]
/// `slug_taken`, `too_many_roles`.
pub async fn create(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    input: NewRole,
) -> Result<CustomRole> {
    let within = app.authorize::<CreateRole>(caller, organization)?;
    admit_custom_role(input.permissions)?;
    let mut tx = app.write(&within).await?;
    people::hold(app, &mut tx, organization).await?;
    let permit = app.authorize::<CreateRole>(caller, organization)?;
    refuse_unheld(app, caller, (organization, Reach::Here), (Some(app.now()), input.permissions))?;
    let role = CustomRole {
        id: RoleId::fresh(app.ids()),
        realm: permit.realm(),
        organization,
        slug: input.slug,
        name: input.name,
        description: input.description,
        permissions: input.permissions,
        created_at: app.now(),
        revision: 1,
    };
    tx.role_create(&permit, &role, AuditId::fresh(app.ids())).await?;
    // Counted while the organization is held, so that two at one time do not pass together.
    if tx.roles_at(permit.realm(), &[organization]).await?.len() > ROLES_MAX {
        let detail = format!("an organization defines at most {ROLES_MAX} roles");
        return Err(Error::conflict("too_many_roles", detail));
    }
    app.publish(tx.commit().await?).await?;
    Ok(role)
}

/// Changes a custom role, if it is still as the caller last saw it, and with it what everybody may do who has it (ROLE-6).
/// What is added or taken out the caller has to hold wherever somebody has the role (ROLE-7).
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Invalid`], [`Error::Stale`].
pub async fn update(
    app: &App,
    caller: &Caller,
    (organization, name): (OrganizationId, &str),
    seen: i64,
    change: RoleChange,
) -> Result<CustomRole> {
    let (permit, id) = permit::<UpdateRole>(app, caller, organization, name).await?;
    let mut tx = app.write(&WholeTree(&permit)).await?;
    let before = tx.role_hold(id).await?;
    app.follow_in(&mut tx).await?;
    let permit = app.authorize::<UpdateRole>(caller, id)?;
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.description = change.description.unwrap_or(after.description);
    after.permissions = change.permissions.unwrap_or(after.permissions);
    admit_custom_role(after.permissions)?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    // What is taken out as well: who is given less does not take away more (E-20).
    let (then, now) = (before.permissions, after.permissions);
    let changed = now.without(then).union(then.without(now));
    if !changed.is_empty() && app.graph(|graph| graph.was_given(caller.user, id)) {
        return Err(Error::conflict(
            "own_role",
            "nobody changes a role that they have; somebody else has to do it",
        ));
    }
    // For good: those who have the role keep it when what the caller holds has ended.
    refuse_unheld(app, caller, (before.organization, Reach::Here), (None, changed))?;
    for place in tx.role_given_at(id).await? {
        refuse_unheld(app, caller, place, (None, changed))?;
    }
    tx.role_update(&permit, (&before, &after), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    after.revision += 1;
    Ok(after)
}

/// Deletes a custom role that nobody has.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`], [`Error::Conflict`] `role_in_use`.
pub async fn delete(app: &App, caller: &Caller, organization: OrganizationId, name: &str) -> Result<()> {
    let (permit, id) = permit::<DeleteRole>(app, caller, organization, name).await?;
    let mut tx = app.write(&WholeTree(&permit)).await?;
    let before = tx.role_hold(id).await?;
    app.follow_in(&mut tx).await?;
    let permit = app.authorize::<DeleteRole>(caller, id)?;
    tx.role_delete(&permit, &before, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// The permit for a role that the caller sees at an organization. One that was defined above it is seen there; that it
/// cannot be changed from there is no secret.
async fn permit<A: Action<Target = RoleId>>(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    name: &str,
) -> Result<(Permit<A>, RoleId)> {
    let role = view(app, caller, organization, name).await?;
    match app.authorize::<A>(caller, role.id) {
        Err(Error::NotFound) => Err(Error::Forbidden { permission: A::PERMISSION }),
        other => Ok((other?, role.id)),
    }
}

/// ROLE-7: nobody grants what they do not hold, until some time at least, or for good.
fn refuse_unheld(
    app: &App,
    caller: &Caller,
    (organization, reach): (OrganizationId, Reach),
    (until, given): (Option<Timestamp>, PermissionSet),
) -> Result<()> {
    let times = (until, app.now());
    let held = app.graph(|graph| graph.held_to_give(caller, organization, reach, times))?;
    people::refuse_lacking(given.without(held))
}
