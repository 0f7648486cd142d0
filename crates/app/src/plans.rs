//! Plans of a realm.

use bastide_authz::Commons;
use bastide_authz::action::{CreateOrganization, ViewPlans};
use bastide_model::access::Caller;
use bastide_model::plan::Plan;
use bastide_model::{OrganizationId, Result};

use crate::state::App;

/// The plans of the caller's realm.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Plan>> {
    let permit = app.authorize::<ViewPlans>(caller, Commons(caller.realm))?;
    app.read(&permit).await?.plan_list(&permit).await
}

/// How many organizations lie directly beneath one, seen or not: for whoever may make another (PLAN-2).
///
/// # Errors
/// Those of [`App::authorize`] and of the database.
pub async fn children_count(app: &App, caller: &Caller, id: OrganizationId) -> Result<u64> {
    let permit = app.authorize::<CreateOrganization>(caller, id)?;
    app.read(&permit).await?.children_count(&permit).await
}
