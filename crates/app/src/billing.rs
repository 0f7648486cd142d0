//! The billing axis: who administers the billing of an organization, and whose billing one sees (ROLE-1, BILL-1). Nothing here
//! looks at roles of the other axis.

use bastide_authz::Billing;
use bastide_authz::action::{AssignBilling, ViewBilling, WithdrawBilling};
use bastide_model::access::Caller;
use bastide_model::organization::Organization;
use bastide_model::plan::Plan;
use bastide_model::role::{Reach, Role};
use bastide_model::team::admit_role_change;
use bastide_model::user::User;
use bastide_model::{AssignmentId, Error, OrganizationId, Result, UserId};
use bastide_store::{Assignment, Tx};

use crate::people;
use crate::state::App;
use crate::{Listed, PageRequest};

/// The billing of an organization, as the caller sees it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The organization.
    pub organization: Organization,
    /// Its plan.
    pub plan: Plan,
    /// What the caller is on this axis.
    pub role: &'static str,
    /// Who administers its billing.
    pub administrators: Vec<User>,
    /// What the caller may do.
    pub actions: Vec<&'static str>,
}

/// The organization that an id or a slug names, if the caller sees its billing. A slug is looked for in the caller's realm.
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(app: &App, caller: &Caller, name: &str) -> Result<OrganizationId> {
    let candidates = if let Ok(id) = name.parse::<OrganizationId>() {
        vec![id]
    } else {
        let found = app.read(caller).await?.organizations_by_slug(name).await?;
        found.into_iter().filter(|(realm, _)| *realm == caller.realm).map(|(_, id)| id).collect()
    };
    let sees = |id: &OrganizationId| app.authorize::<ViewBilling>(caller, Billing(*id));
    // A token that is too narrow is told so; whoever sees nothing of it is told nothing.
    let exists = |id: &OrganizationId| !matches!(sees(id), Err(Error::NotFound));
    candidates.into_iter().find(exists).ok_or(Error::NotFound)
}

/// The billing of an organization.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: OrganizationId) -> Result<Details> {
    let permit = app.authorize::<ViewBilling>(caller, Billing(id))?;
    let mut tx = app.read(&permit).await?;
    let organization = tx.organization(id).await?;
    let administrators = tx.billing_administrators(&permit).await?;
    detail(app, &mut tx, caller, (organization, administrators)).await
}

/// The organizations whose billing the caller sees, by name.
///
/// # Errors
/// Those of the graph and of the database.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<Details>> {
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_billing(caller, now))?;
    let mut tx = app.read(caller).await?;
    let listed = tx.organization_list(&visible, page).await?;
    let mut items = Vec::with_capacity(listed.items.len());
    for organization in listed.items {
        let permit = app.authorize::<ViewBilling>(caller, Billing(organization.id))?;
        let administrators = tx.billing_administrators(&permit).await?;
        items.push(detail(app, &mut tx, caller, (organization, administrators)).await?);
    }
    Ok(Listed { items, next: listed.next })
}

async fn detail(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    (organization, administrators): (Organization, Vec<User>),
) -> Result<Details> {
    let plan = tx.plan(organization.realm, organization.plan).await?;
    let id = organization.id;
    let assigns = app.authorize::<AssignBilling>(caller, Billing(id)).is_ok();
    let own = administrators.iter().any(|one| one.id == caller.user);
    let role = if own { "billing_administrator" } else { "owner" };
    let offered = [("assign", assigns), ("withdraw", assigns), ("leave", own)];
    let actions = offered.into_iter().filter_map(|(name, may)| may.then_some(name)).collect();
    Ok(Details { organization, plan, role, administrators, actions })
}

/// Makes somebody a billing administrator; once more changes nothing (ROLE-2).
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Invalid`] at `user`; [`Error::Conflict`] `own_role`, `already_deleting`.
pub async fn assign(app: &App, caller: &Caller, id: OrganizationId, named: &str) -> Result<User> {
    let within = app.authorize::<AssignBilling>(caller, Billing(id))?;
    let mut tx = app.write(&within).await?;
    let organization = people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<AssignBilling>(caller, Billing(id))?;
    // What the role gives, which a token may leave out (ROLE-7).
    app.authorize::<ViewBilling>(caller, Billing(id))?;
    let (audit, now) = app.audit();
    let user = people::assignable(app, &mut tx, caller, (organization.realm, "user"), named).await?;
    admit_role_change(caller.user, user.id, Role::BillingAdministrator)?;
    if grant_of(&mut tx, id, user.id).await?.is_some() {
        return Ok(user);
    }
    let assignment = Assignment {
        id: AssignmentId::fresh(app.ids()),
        organization: id,
        user: user.id,
        role: Role::BillingAdministrator,
        custom: None,
        reach: Reach::Here,
        expires_at: None,
        created_at: now,
        revision: 1,
    };
    tx.assign(&permit, &assignment, &user, (audit, now)).await?;
    app.publish(tx.commit().await?).await?;
    Ok(user)
}

/// Takes a billing administrator's role away.
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::NotFound`] when they have none there; [`Error::Conflict`] `own_role`.
pub async fn withdraw(app: &App, caller: &Caller, id: OrganizationId, user: UserId) -> Result<()> {
    let within = app.authorize::<WithdrawBilling>(caller, Billing(id))?;
    let mut tx = app.write(&within).await?;
    people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<WithdrawBilling>(caller, Billing(id))?;
    let assignment = grant_of(&mut tx, id, user).await?.ok_or(Error::NotFound)?;
    admit_role_change(caller.user, user, assignment.role)?;
    let user = tx.user(user).await?;
    tx.withdraw(&permit, &assignment, &user, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

async fn grant_of(tx: &mut Tx, id: OrganizationId, user: UserId) -> Result<Option<Assignment>> {
    let had = tx.belongings(id, user).await?.assignments;
    Ok(had.into_iter().find(|one| one.role == Role::BillingAdministrator))
}
