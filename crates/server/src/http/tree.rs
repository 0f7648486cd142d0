//! What lies beneath an organization, moves with their preview, and what blocks a deletion.

use axum::extract::State;
use bastide_api::organizations::OrganizationView;
use bastide_api::tree::{AccessChange, BlockerView, DeletionView, Move, MovePreview, NamedOrganization};
use bastide_api::{Page, PageQuery};
use bastide_app::{organizations, plans, tree};
use bastide_model::OrganizationId;
use bastide_model::access::Caller;
use bastide_model::organization::{Blocker, BlockerKind, Organization, OrganizationState};
use bastide_model::permission::PermissionSet;
use http::Uri;

use super::answer::{Out, etag};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::{paging, views};

/// Where a move goes. What the caller does not see is not there (HIER-6).
async fn place(hub: &Hub, caller: &Caller, to: &Move) -> Result<Option<OrganizationId>, Failure> {
    Ok(match &to.parent {
        Some(name) => Some(organizations::resolve(&hub.app, caller, name).await?),
        None => None,
    })
}

pub(crate) async fn relocate(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    IfMatch(seen): IfMatch,
    Body(to): Body<Move>,
) -> Result<Out<OrganizationView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let to = place(&hub, &caller, &to).await?;
    let details = tree::relocate(&hub.app, &caller, id, seen, to).await?;
    let revision = details.organization.revision;
    Ok(Out::new(views::organization(details)).etag(revision))
}

pub(crate) async fn preview(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(to): Body<Move>,
) -> Result<Out<MovePreview>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let to = place(&hub, &caller, &to).await?;
    let preview = tree::preview(&hub.app, &caller, id, to).await?;
    Ok(Out::new(MovePreview {
        organization: named(&preview.organization),
        from: preview.from.as_ref().map(named),
        to: preview.to.as_ref().map(named),
        organizations: preview.organizations as u64,
        depth: preview.depth as u64,
        changes: preview.rows.iter().map(change).collect(),
        changes_left_out: preview.rows_left_out as u64,
        etag: etag(preview.organization.revision),
    }))
}

fn named(organization: &Organization) -> NamedOrganization {
    NamedOrganization {
        id: organization.id.to_string(),
        slug: organization.slug.to_string(),
        name: organization.name.to_string(),
    }
}

fn change(row: &tree::Row) -> AccessChange {
    let keys = |set: PermissionSet| set.iter().map(|permission| permission.key().to_owned()).collect();
    AccessChange {
        user: row.user.id.to_string(),
        email: row.user.email.to_string(),
        name: row.user.name.to_string(),
        role_before: row.role_before.map(str::to_owned),
        role_after: row.role_after.map(str::to_owned),
        gained: keys(row.gained),
        lost: keys(row.lost),
        organizations_total: row.total as u64,
        organizations: row.organizations.iter().map(named).collect(),
    }
}

pub(crate) async fn children(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<OrganizationView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let listed = organizations::children(&hub.app, &caller, id, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::organization), &here))
}

/// How many organizations lie directly beneath one, for the console's overview.
pub(crate) async fn children_count(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<u64, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(plans::children_count(&hub.app, &caller, id).await?)
}

/// What lies beneath an organization, however deep, for the console's tree; and whether there is more.
pub(crate) async fn beneath(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    most: u32,
) -> Result<(Vec<OrganizationView>, bool), Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let (found, more) = organizations::beneath(&hub.app, &caller, id, most).await?;
    Ok((found.into_iter().map(views::organization).collect(), more))
}

pub(crate) async fn deletion(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<DeletionView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let (organization, blockers) = tree::deletion(&hub.app, &caller, id).await?;
    let active = organization.state == OrganizationState::Active;
    Ok(Out::new(DeletionView {
        organization: named(&organization),
        state: organization.state.to_string(),
        possible: active && blockers.is_empty(),
        blockers: blockers.named.into_iter().map(|one| blocker(id, one)).collect(),
        blockers_unnamed: blockers.unnamed as u64,
        etag: etag(organization.revision),
    })
    .etag(organization.revision))
}

fn blocker(of: OrganizationId, blocker: Blocker) -> BlockerView {
    let link = match blocker.kind {
        BlockerKind::Organization => format!("/v1/organizations/{}", blocker.id),
        BlockerKind::Project => format!("/v1/organizations/{of}/projects/{}", blocker.id),
    };
    BlockerView {
        kind: blocker.kind.as_str().to_owned(),
        id: blocker.id,
        slug: blocker.slug.to_string(),
        name: blocker.name.to_string(),
        link,
    }
}
