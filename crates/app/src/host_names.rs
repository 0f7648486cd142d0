//! The host names that organizations own (FLEET-5): said by who administers the site or the client, never by an organization
//! itself.

use std::collections::BTreeSet;

use bastide_authz::action::{UpdateHostNames, ViewOrganization};
use bastide_model::access::Caller;
use bastide_model::error::FieldErrors;
use bastide_model::host_name::HostSuffix;
use bastide_model::limits::HOST_NAMES_MAX;
use bastide_model::{Error, OrganizationId, Result};
use bastide_store::Tx;

use crate::organizations::{self, Details};
use crate::state::App;

/// Replaces the host names that an organization owns, if it is still as the caller last saw it. No two organizations own
/// what overlaps, unless one lies above the other in their tree and owns the wider name.
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Invalid`], [`Error::Stale`], [`Error::Conflict`] `host_name_taken` naming the
/// other organization where the caller sees it, and `already_deleting`.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    seen: i64,
    names: &[String],
) -> Result<Details> {
    let permit = app.authorize::<UpdateHostNames>(caller, id)?;
    let names = read(names)?;
    let mut tx = app.write(&permit).await?;
    for name in &names {
        admit(app, &mut tx, caller, id, name).await?;
    }
    let organization = tx.organization_lock(id).await?;
    organizations::refuse_deleting(&organization)?;
    if organization.revision != seen {
        return Err(Error::Stale);
    }
    let names: Vec<HostSuffix> = names.into_iter().collect();
    tx.host_names_update(&permit, &organization, &names, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    organizations::view(app, caller, id).await
}

/// All of them, so that all mistakes are told at once.
fn read(names: &[String]) -> Result<BTreeSet<HostSuffix>> {
    let mut errors = FieldErrors::default();
    if names.len() > HOST_NAMES_MAX {
        errors
            .push("/host_names", format!("at most {HOST_NAMES_MAX} are allowed; these are {}", names.len()));
    }
    let mut read = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        let pointer = format!("/host_names/{index}");
        if let Some(name) = errors.take(&pointer, name.parse::<HostSuffix>())
            && !read.insert(name)
        {
            errors.push(pointer, "each host name once");
        }
    }
    errors.finish()?;
    Ok(read)
}

async fn admit(app: &App, tx: &mut Tx, caller: &Caller, id: OrganizationId, name: &HostSuffix) -> Result<()> {
    for (other, owned) in tx.host_names_overlapping(id, name).await? {
        let is_above =
            |above, beneath| app.graph(|graph| graph.lineage(beneath).skip(1).any(|one| one == above));
        let allowed =
            (owned.covers(name) && is_above(other, id)) || (name.covers(&owned) && is_above(id, other));
        if owned == *name || !allowed {
            let whose = match app.authorize::<ViewOrganization>(caller, other) {
                Ok(_) => format!("`{owned}` of {}", tx.organization(other).await?.slug),
                Err(_) => "a host name of another organization".to_owned(),
            };
            return Err(Error::conflict("host_name_taken", format!("`{name}` overlaps with {whose}")));
        }
    }
    Ok(())
}
