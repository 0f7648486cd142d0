//! Public organizations, as everybody in their realm sees them (ORG-4).

use bastide_authz::Commons;
use bastide_authz::action::{ViewPublicOrganization, ViewPublicOrganizations};
use bastide_model::Result;
use bastide_model::access::Caller;
use bastide_store::PublicOrganization;

use crate::state::App;
use crate::{Listed, PageRequest};

/// The public organizations of the caller's realm.
///
/// # Errors
/// Those of [`App::authorize`] and of the database.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<PublicOrganization>> {
    let permit = app.authorize::<ViewPublicOrganizations>(caller, Commons(caller.realm))?;
    app.read(&permit).await?.public_organization_list(&permit, page).await
}

/// The public organization of the caller's realm that an id or a slug names.
///
/// # Errors
/// Those of [`App::authorize`]; [`bastide_model::Error::NotFound`] when there is none.
pub async fn view(app: &App, caller: &Caller, name: &str) -> Result<PublicOrganization> {
    let permit = app.authorize::<ViewPublicOrganization>(caller, Commons(caller.realm))?;
    app.read(&permit).await?.public_organization(&permit, name).await
}
