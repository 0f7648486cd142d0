//! Reading the audit log (SEC-4).

use bastide_authz::action::{self, ViewAudit, ViewBilling, ViewOrganization, ViewOrganizationAudit};
use bastide_authz::{Billing, Site};
use bastide_model::access::Caller;
use bastide_model::audit::AuditRecord;
use bastide_model::role::{BILLING, Reach, Role};
use bastide_model::{OrganizationId, Permission, Result};
use serde_json::Value as Json;

use crate::state::App;
use crate::{Listed, PageRequest};

/// What stands in a record in place of what its reader may not see.
const NOT_SHOWN: &str = "not shown";

/// One organization's log, newest first. Who does not see its billing reads that something was done to it, and not what
/// (BILL-1); who reads this log and none beneath reads nothing of what is made and moved beneath it either (ROLE-3).
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
    let listed = app.read(&permit).await?.organization_audit_list(&permit, page).await?;
    let listed = match app.authorize::<ViewBilling>(caller, Billing(organization)) {
        Ok(_) => listed,
        Err(_) => listed.map(without_billing),
    };
    let times = (Some(app.now()), app.now());
    let beneath = app.graph(|graph| graph.held_to_give(caller, organization, Reach::Beneath, times))?;
    if beneath.contains(Permission::AuditView) {
        return Ok(listed);
    }
    Ok(listed.map(|record| without_others(app, caller, organization, record)))
}

/// Every log of the installation, newest first.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<AuditRecord>> {
    let permit = app.authorize::<ViewAudit>(caller, Site)?;
    app.read(&permit).await?.audit_list(&permit, page).await
}

/// A record without what belongs to the billing axis (ROLE-1).
fn without_billing(record: AuditRecord) -> AuditRecord {
    let on_billing =
        action::ALL.iter().any(|one| one.operation == record.operation && BILLING.contains(one.permission));
    if !on_billing {
        let (before, after) = (record.before.map(no_billing_roles), record.after.map(no_billing_roles));
        return AuditRecord { before, after, ..record };
    }
    AuditRecord {
        actor: None,
        actor_name: NOT_SHOWN.to_owned(),
        credential: NOT_SHOWN.to_owned(),
        address: NOT_SHOWN.to_owned(),
        request: NOT_SHOWN.to_owned(),
        ..without_target(record)
    }
}

fn without_target(record: AuditRecord) -> AuditRecord {
    let (target, target_name) = (NOT_SHOWN.to_owned(), NOT_SHOWN.to_owned());
    AuditRecord { target, target_name, before: None, after: None, ..record }
}

/// A record without what it says of another organization, when the reader does not see that one.
fn without_others(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    record: AuditRecord,
) -> AuditRecord {
    let about = record.target.parse::<OrganizationId>().ok().filter(|id| *id != organization);
    match about {
        Some(id) if app.authorize::<ViewOrganization>(caller, id).is_err() => without_target(record),
        _ => record,
    }
}

/// The roles that somebody had when everything ended for them, without that on billing.
fn no_billing_roles(mut value: Json) -> Json {
    if let Some(roles) = value.get_mut("assignments").and_then(Json::as_array_mut) {
        roles.retain(|one| one.get("role") != Some(&Json::from(Role::BillingAdministrator.word())));
    }
    value
}
