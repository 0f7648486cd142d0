//! Accounts of a realm.

use bastide_authz::Realm;
use bastide_authz::action::{CreateUser, ViewUsers};
use bastide_model::access::Caller;
use bastide_model::names::{DisplayName, Email};
use bastide_model::user::{Access, Password, User};
use bastide_model::{Error, RealmId, Result, UserId};
use bastide_store::Tx;

use crate::state::{App, unseen};
use crate::{Listed, PageRequest, identity};

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

/// Makes an account in the caller's realm (INV-4: registering alone grants nothing).
///
/// # Errors
/// [`Error::Conflict`] `email_taken`, telling whether the holder is active (HIER-3).
pub async fn create(app: &App, caller: &Caller, input: NewUser) -> Result<User> {
    let permit = app.authorize::<CreateUser>(caller, Realm(caller.realm))?;
    refuse_taken(&mut app.read(&permit).await?, caller.realm, &input.email).await?;
    let hash = app.passwords().hash(input.password).await?;
    let (audit, now) = app.audit();
    let user = identity::new_user(app, caller.realm, input.email, input.name, now);
    let mut tx = app.write(&permit).await?;
    tx.user_create(&permit, &user, &hash, audit).await?;
    app.publish(tx.commit().await?).await?;
    Ok(user)
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
