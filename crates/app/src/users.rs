//! Accounts of a realm.

use bastide_authz::Realm;
use bastide_authz::action::{CreateUser, UpdateUser, ViewUsers};
use bastide_model::access::Caller;
use bastide_model::names::{DisplayName, Email};
use bastide_model::user::{Access, Password, User};
use bastide_model::{Error, RealmId, Result, UserId};
use bastide_store::Tx;

use crate::state::{App, unseen};
use crate::{Listed, PageRequest, identity, personal};

/// An account to be made; checked already.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// E-mail address.
    pub email: Email,
    /// What people read.
    pub name: DisplayName,
    /// The first password.
    pub password: Password,
}

/// The accounts of the caller's realm.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<User>> {
    let permit = app.authorize::<ViewUsers>(caller, Realm(caller.realm))?;
    app.read(&permit).await?.user_list(&permit, page).await
}

/// One account.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: UserId) -> Result<User> {
    let realm = app.graph(|graph| graph.realm_of_user(id)).ok_or(Error::NotFound)?;
    let permit = app.authorize::<ViewUsers>(caller, Realm(realm)).map_err(unseen)?;
    app.read(&permit).await?.user(id).await
}

/// Makes an account in the caller's realm (INV-4: registering alone grants nothing), with a personal organization or without.
///
/// # Errors
/// [`Error::Conflict`] `email_taken`, telling whether the holder is active (HIER-3).
pub async fn create(app: &App, caller: &Caller, input: NewUser, personal: bool) -> Result<User> {
    let permit = app.authorize::<CreateUser>(caller, Realm(caller.realm))?;
    refuse_taken(&mut app.read(&permit).await?, caller.realm, &input.email).await?;
    let hash = app.passwords().hash(input.password).await?;
    let (audit, now) = app.audit();
    let user = identity::new_user(app, caller.realm, input.email, input.name, now);
    let mut tx = app.write(&permit).await?;
    tx.user_create(&permit, &user, &hash, audit).await?;
    if personal {
        personal::found(app, &mut tx, &permit, &user, now).await?;
    }
    app.publish(tx.commit().await?).await?;
    app.read(&permit).await?.user(user.id).await
}

/// Says what an account may be used for from now on, if it is still as the caller last saw it (ROLE-4). In force with the
/// answer: sessions end, and an account that is deactivated can do nothing more.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Stale`], [`Error::Conflict`] `own_access`, `owns_organizations`.
pub async fn update(app: &App, caller: &Caller, id: UserId, seen: i64, access: Access) -> Result<User> {
    view(app, caller, id).await?;
    let permit = app.authorize::<UpdateUser>(caller, id)?;
    if id == caller.user {
        let detail = "nobody changes what their own account may be used for; somebody else has to do it";
        return Err(Error::conflict("own_access", detail));
    }
    let mut tx = app.write(&permit).await?;
    // One such change at a time in a realm: two who deactivate each other are one who does and one who may not any more.
    tx.tree_hold(permit.realm()).await?;
    app.follow_in(&mut tx).await?;
    let permit = app.authorize::<UpdateUser>(caller, id)?;
    let before = tx.user(id).await?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    tx.user_update(&permit, (&before, access), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

/// Says early, and better than the constraint can, that an address is taken.
async fn refuse_taken(tx: &mut Tx, realm: RealmId, email: &Email) -> Result<()> {
    match tx.user_by_email(realm, email).await? {
        None => Ok(()),
        Some(holder) => {
            let state = if holder.access == Access::Disabled { "a deactivated" } else { "an active" };
            Err(Error::conflict("email_taken", format!("{email} already belongs to {state} account.")))
        }
    }
}
