//! Plans of a realm.

use bastide_authz::Commons;
use bastide_authz::action::ViewPlans;
use bastide_model::Result;
use bastide_model::access::Caller;
use bastide_model::plan::Plan;

use crate::state::App;

/// The plans of the caller's realm.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Plan>> {
    let permit = app.authorize::<ViewPlans>(caller, Commons(caller.realm))?;
    app.read(&permit).await?.plan_list(&permit).await
}
