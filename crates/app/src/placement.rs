//! The placement controller's work (FLEET-6, ORG-8): from placements to desired sets, and deletions to their end. It takes
//! no input, reads everything, and is idempotent; what fails is done again the next time.

use bastide_authz::Controller;
use bastide_authz::action::{AdvanceDeletion, SetDesired};
use bastide_model::cluster::{Availability, Cluster, Membership};
use bastide_model::organization::OrganizationState;
use bastide_model::placement::desired_for;
use bastide_model::{ClusterId, OrganizationId, Result};
use bastide_store::PlacementStatus;
use serde_json::json;

use crate::clusters::availability;
use crate::state::App;

/// What one pass did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pass {
    /// Sets that got a new generation.
    pub sets_changed: usize,
    /// Organizations whose deletion went on.
    pub deletions_advanced: usize,
}

/// One pass over everything.
///
/// # Errors
/// Those of the database; what was done before stays done.
pub async fn reconcile(app: &App) -> Result<Pass> {
    let clusters = app.store().read().await?.clusters_placed_on().await?;
    let mut pass = Pass::default();
    for cluster in clusters {
        pass.sets_changed += reconcile_cluster(app, cluster).await?;
    }
    let deleting = app.store().read().await?.organizations_deleting().await?;
    for organization in deleting {
        pass.deletions_advanced += usize::from(advance_deletion(app, organization).await?);
    }
    Ok(pass)
}

async fn reconcile_cluster(app: &App, cluster: ClusterId) -> Result<usize> {
    let permit = app.authorize_controller::<SetDesired>(Controller::Placement, cluster)?;
    let mut tx = app.store().read().await?;
    let wanted = desired_for(&tx.placed_now(&permit).await?);
    if tx.is_desired(&permit, &wanted).await? {
        return Ok(0);
    }
    drop(tx);
    // Once more, holding the cluster: what follows from what was just read may not be true any more.
    let mut tx = app.store().write().await?;
    let wanted = desired_for(&tx.placed_on(&permit).await?);
    let changed = tx.set_desired(&permit, &wanted, app.now()).await?;
    if changed > 0 {
        app.publish(tx.commit().await?).await?;
    }
    Ok(changed)
}

async fn advance_deletion(app: &App, id: OrganizationId) -> Result<bool> {
    let permit = app.authorize_controller::<AdvanceDeletion>(Controller::Placement, id)?;
    let (audit, now) = app.audit();
    let mut tx = app.store().write().await?;
    let organization = tx.organization_lock(id).await?;
    let (mut remaining, mut silent) = (0, 0);
    for status in tx.placement_statuses(id).await? {
        if !is_removed(&status) {
            remaining += 1;
            let cluster = tx.cluster(status.placement.cluster).await?;
            silent += usize::from(!answers(app, &cluster));
        }
    }
    let state = organization.state.after_tear_down(remaining, silent);
    if state == organization.state {
        return Ok(false);
    }
    tx.organization_tear_down(&permit, &organization, state, (audit, now)).await?;
    if state == OrganizationState::Deleted {
        tx.outbox_put(app.ids(), "organization.deleted", json!({"organization": id}), now).await?;
    }
    app.publish(tx.commit().await?).await?;
    Ok(true)
}

/// Nothing was ever given to the cluster, or the cluster says of the newest generation that nothing is left.
fn is_removed(status: &PlacementStatus) -> bool {
    status.generation == 0
        || (status.report.removed && status.report.observed_generation >= status.generation)
}

fn answers(app: &App, cluster: &Cluster) -> bool {
    cluster.membership == Membership::Joined && availability(app, cluster) == Availability::Available
}
