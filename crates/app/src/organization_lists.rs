//! Lists of organizations: all that somebody sees, and what lies beneath one.

use bastide_authz::Visible;
use bastide_model::access::Caller;
use bastide_model::{Error, OrganizationId, Result};

use crate::organizations::{Details, described};
use crate::state::App;
use crate::{Listed, PageRequest};

/// The organizations that the caller sees (ORG-6).
///
/// # Errors
/// Those of the graph and of the database.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<Details>> {
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_organizations(caller, now))?;
    listed(app, caller, &visible, page).await
}

/// Those directly beneath one that the caller sees, of which they see themselves (HIER-4).
///
/// # Errors
/// Those of [`App::authorize`] and of the database.
pub async fn children(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    page: &PageRequest,
) -> Result<Listed<Details>> {
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_beneath(caller, id, now))?;
    listed(app, caller, &visible, page).await
}

/// What lies beneath one, however deep, as far as the caller sees the whole way down: at most `most`, the upper ones first;
/// and whether there is more.
///
/// # Errors
/// Those of [`App::authorize`] and of the database; [`Error::Invalid`] when `most` is more than a page has.
pub async fn beneath(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    most: u32,
) -> Result<(Vec<Details>, bool)> {
    let (now, page) = (app.now(), PageRequest::new(Some(most), None, None)?);
    let place = (id, usize::try_from(most).unwrap_or(usize::MAX));
    let (visible, more) = app.graph(|graph| graph.visible_tree(caller, place, now))?;
    Ok((listed(app, caller, &visible, &page).await?.items, more))
}

async fn listed(
    app: &App,
    caller: &Caller,
    visible: &Visible<OrganizationId>,
    page: &PageRequest,
) -> Result<Listed<Details>> {
    let mut tx = app.read(visible).await?;
    let listed = tx.organization_list(visible, page).await?;
    let ids: Vec<_> = listed.items.iter().map(|organization| organization.id).collect();
    let mut host_names = tx.host_names_of_each(&ids).await?;
    let plans = tx.plans_of_each(&listed.items).await?;
    let mut details = Vec::with_capacity(ids.len());
    for organization in listed.items {
        let plan = plans.get(&organization.plan).cloned().ok_or(Error::NotFound)?;
        let host_names = host_names.remove(&organization.id).unwrap_or_default();
        details.push(described(app, caller, organization, plan, host_names));
    }
    Ok(Listed { items: details, next: listed.next })
}
