//! People in organizations: who may be named, and how many there may be.

use bastide_authz::action::ViewMembers;
use bastide_model::access::Caller;
use bastide_model::names::Email;
use bastide_model::organization::Organization;
use bastide_model::permission::PermissionSet;
use bastide_model::user::{Access, User};
use bastide_model::{Error, OrganizationId, RealmId, Result, Timestamp, UserId, plan};
use bastide_store::Tx;

use crate::organizations::refuse_deleting;
use crate::state::App;

/// The account that an id or an e-mail address names, if the caller may give it something: it is one of the realm, can be
/// used, and the caller may know that there is one. Everything else is answered alike (E-43).
///
/// # Errors
/// [`Error::Invalid`] at `pointer`.
pub(crate) async fn assignable(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    (realm, pointer): (RealmId, &str),
    named: &str,
) -> Result<User> {
    let now = app.now();
    if let Some(user) = named_user(tx, realm, named).await?
        && user.realm == realm
        && user.access != Access::Disabled
        && app.graph(|graph| graph.knows(caller, user.id, now))?
    {
        return Ok(user);
    }
    let problem = "nobody of that name can be given a role here; give the id or the e-mail address of an account that \
        you see somewhere else already";
    Err(Error::field(pointer, problem))
}

/// The account that an id or an e-mail address in a realm names, whoever may know of it.
pub(crate) async fn named_user(tx: &mut Tx, realm: RealmId, named: &str) -> Result<Option<User>> {
    match (named.parse::<UserId>(), named.parse::<Email>()) {
        (Ok(id), _) => match tx.user(id).await {
            Err(Error::NotFound) => Ok(None),
            found => found.map(Some),
        },
        (_, Ok(email)) => tx.user_by_email(realm, &email).await,
        _ => Ok(None),
    }
}

/// Holds an organization that is not being deleted until the end of the transaction, and brings the graph to what was
/// decided by whoever held it before: what is asked of the policy from here on is true at the commit (E-30).
///
/// # Errors
/// [`Error::NotFound`], [`Error::Conflict`] `already_deleting`.
pub(crate) async fn hold(app: &App, tx: &mut Tx, id: OrganizationId) -> Result<Organization> {
    let organization = tx.organization_lock(id).await?;
    refuse_deleting(&organization)?;
    app.follow_in(tx).await?;
    Ok(organization)
}

/// Somebody who is about to become a member, under the organization's lock: each person counts once (PLAN-1, PLAN-2).
///
/// # Errors
/// [`Error::LimitExceeded`] by the organization's plan.
pub(crate) async fn admit_member(
    tx: &mut Tx,
    organization: &Organization,
    user: UserId,
    now: Timestamp,
) -> Result<()> {
    if tx.is_member(organization.id, user, now).await? {
        return Ok(());
    }
    let plan = tx.plan(organization.realm, organization.plan).await?;
    let count = tx.members_count(organization.id, now).await?;
    plan::admit_one_more("members", count, plan.limits.members, &plan)
}

/// Whether the caller may know who is a member of an organization.
pub(crate) fn sees_members(app: &App, caller: &Caller, id: OrganizationId) -> bool {
    app.authorize::<ViewMembers>(caller, id).is_ok()
}

/// Refuses what the caller does not hold themselves (ROLE-7).
pub(crate) fn refuse_lacking(lacks: PermissionSet) -> Result<()> {
    match lacks.iter().next() {
        Some(permission) => Err(Error::Forbidden { permission }),
        None => Ok(()),
    }
}
