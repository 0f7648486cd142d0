//! The placement controller's work (FLEET-6, ORG-8): from placements to desired sets, and deletions to their end. It takes
//! no input, reads everything, and is idempotent; what fails is done again the next time.

use bastide_authz::action::{AdvanceDeletion, EndCluster, EndPlacement, SetDesired};
use bastide_authz::{Controller, Unbounded};
use bastide_model::cluster::{Availability, Cluster, Membership};
use bastide_model::organization::OrganizationState;
use bastide_model::placement::desired_for;
use bastide_model::{ClusterId, Error, OrganizationId, Result};
use bastide_store::{PlacementStatus, Tx};
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
    /// Placements that came to their end, clusters that were clean included.
    pub ended: usize,
}

/// One pass over everything.
///
/// # Errors
/// Those of the database; what was done before stays done.
pub async fn reconcile(app: &App) -> Result<Pass> {
    let mut pass = Pass::default();
    for cluster in differing(app).await? {
        pass.sets_changed += reconcile_cluster(app, cluster).await?;
    }
    let leaving = app.read(&Unbounded::Itself).await?.placements_leaving().await?;
    for (organization, cluster) in leaving {
        pass.ended += usize::from(end_placement(app, organization, cluster).await?);
    }
    let clean = app.read(&Unbounded::Itself).await?.clusters_cleaned().await?;
    for cluster in clean {
        pass.ended += usize::from(end_cluster(app, cluster).await?);
    }
    let deleting = app.read(&Unbounded::Itself).await?.organizations_deleting().await?;
    for organization in deleting {
        pass.deletions_advanced += usize::from(advance_deletion(app, organization).await?);
    }
    Ok(pass)
}

/// The clusters on which something else should be than was said before. One look at one moment: most passes find nothing.
async fn differing(app: &App) -> Result<Vec<ClusterId>> {
    let mut tx = app.read(&Unbounded::Itself).await?;
    let mut differing = Vec::new();
    for cluster in tx.clusters_placed_on().await? {
        let permit = app.authorize_controller::<SetDesired>(Controller::Placement, cluster)?;
        let wanted = desired_for(&tx.placed_now(&permit).await?);
        if !tx.is_desired(&permit, &wanted).await? {
            differing.push(cluster);
        }
    }
    Ok(differing)
}

async fn reconcile_cluster(app: &App, cluster: ClusterId) -> Result<usize> {
    let permit = app.authorize_controller::<SetDesired>(Controller::Placement, cluster)?;
    // Once more, holding the cluster: what follows from what was just read may not be true any more.
    let mut tx = app.write(&permit).await?;
    let wanted = desired_for(&tx.placed_on(&permit).await?);
    let changed = tx.set_desired(&permit, &wanted, app.now()).await?;
    if changed > 0 {
        app.publish(tx.commit().await?).await?;
    }
    Ok(changed)
}

/// Ends a placement when the cluster says that it has taken it down, or let it go.
async fn end_placement(app: &App, id: OrganizationId, cluster: ClusterId) -> Result<bool> {
    if !is_left(&mut app.read(&Unbounded::Itself).await?, id, cluster).await? {
        return Ok(false);
    }
    let permit = app.authorize_controller::<EndPlacement>(Controller::Placement, id)?;
    let mut tx = app.write(&permit).await?;
    // Once more, holding the cluster: it may just have been asked for something.
    tx.placement_end_lock(cluster).await?;
    let name = tx.cluster(cluster).await?.name;
    let (audit, now) = app.audit();
    let ended = is_left(&mut tx, id, cluster).await?
        && tx.placement_end(&permit, (cluster, &name), (audit, now)).await?;
    if ended {
        let payload = json!({"organization": id, "cluster": cluster});
        tx.outbox_put(app.ids(), "placement.ended", payload, now).await?;
        app.publish(tx.commit().await?).await?;
    }
    Ok(ended)
}

/// Whether an organization that leaves a cluster has left it.
async fn is_left(tx: &mut Tx, id: OrganizationId, cluster: ClusterId) -> Result<bool> {
    let statuses = tx.placement_statuses(id).await?;
    let left = |status: &PlacementStatus| {
        status.placement.cluster == cluster && status.placement.leaving.is_some() && is_removed(status)
    };
    Ok(statuses.iter().any(left))
}

/// Unregisters a cluster that was to be cleaned and on which nothing is placed any more (FLEET-2).
async fn end_cluster(app: &App, id: ClusterId) -> Result<bool> {
    let permit = app.authorize_controller::<EndCluster>(Controller::Placement, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    match tx.cluster_delete(&permit, &cluster, app.audit()).await {
        Ok(()) => {}
        // Placements of organizations that were created in the same moment come to their end, too.
        Err(Error::Conflict { .. }) => return Ok(false),
        Err(error) => return Err(error),
    }
    app.publish(tx.commit().await?).await?;
    Ok(true)
}

async fn advance_deletion(app: &App, id: OrganizationId) -> Result<bool> {
    let permit = app.authorize_controller::<AdvanceDeletion>(Controller::Placement, id)?;
    let (audit, now) = app.audit();
    let mut tx = app.write(&permit).await?;
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
