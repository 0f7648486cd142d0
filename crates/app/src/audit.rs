//! Reading the audit log (SEC-4).

use bastide_authz::Site;
use bastide_authz::action::{ViewAudit, ViewOrganizationAudit};
use bastide_model::access::Caller;
use bastide_model::audit::AuditRecord;
use bastide_model::{OrganizationId, Result};

use crate::state::App;
use crate::{Listed, PageRequest};

/// One organization's log, newest first.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn organization_list(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    page: &PageRequest,
) -> Result<Listed<AuditRecord>> {
    let permit = app.authorize::<ViewOrganizationAudit>(caller, organization)?;
    app.read(&permit).await?.organization_audit_list(&permit, page).await
}

/// Every log of the installation, newest first.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<AuditRecord>> {
    let permit = app.authorize::<ViewAudit>(caller, Site)?;
    app.read(&permit).await?.audit_list(&permit, page).await
}
