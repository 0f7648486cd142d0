//! On which clusters an organization is: adding one and taking one away (FLEET-6). What follows on the clusters is
//! `placement.rs`.

use bastide_authz::Bounded;
use bastide_authz::action::{CreatePlacement, DeletePlacement, ViewOrganization};
use bastide_model::access::Caller;
use bastide_model::cluster::Cluster;
use bastide_model::gateway::GatewayChoice;
use bastide_model::labels::NodePool;
use bastide_model::placement::{Leaving, Placement};
use bastide_model::preconditions::{PlacedFacts, PreconditionResult, evaluate_placement};
use bastide_model::{AuditId, ClusterId, Error, OrganizationId, Result};
use serde_json::json;

use crate::client_organizations::{Draft, GatewayWish, gather};
use crate::organizations::{self, Placed};
use crate::state::App;

/// The capability that an agent reports when it can let go of an organization.
pub const RELEASE: &str = "ReleaseInPlace";

/// Another cluster for an organization; checked already.
#[derive(Debug, Clone)]
pub struct NewPlacement {
    /// The hub, id or slug; the spoke's own when absent.
    pub hub: Option<String>,
    /// The spoke, id or name.
    pub spoke: String,
    /// The node pool, when one is wanted.
    pub node_pool: Option<NodePool>,
    /// The gateway.
    pub gateway: GatewayWish,
}

/// Places an organization on another cluster.
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Preconditions`] with every precondition when any does not hold.
pub async fn add(app: &App, caller: &Caller, id: OrganizationId, input: NewPlacement) -> Result<Placed> {
    let permit = app.authorize::<CreatePlacement>(caller, id)?;
    let node_pool = input.node_pool.clone();
    let draft = Draft {
        hub: input.hub,
        spoke: Some(input.spoke),
        node_pool: input.node_pool,
        gateway: Some(input.gateway),
        ..Draft::default()
    };
    let mut tx = app.write(&permit).await?;
    let organization = tx.organization_lock(id).await?;
    let (mut facts, found) = gather(app, &mut tx, caller, &draft).await?;
    let placements = tx.placements_of(id).await?;
    let there = found.spoke.as_ref().and_then(|spoke| placements.iter().find(|one| one.cluster == spoke.id));
    facts.placed = Some(PlacedFacts {
        kind: organization.kind,
        state: organization.state,
        there: there.map(|placement| placement.leaving.is_some()),
    });
    let results = evaluate_placement(&facts);
    let spoke = match found.spoke {
        Some(spoke) if !results.iter().any(PreconditionResult::is_failed) => spoke,
        _ => return Err(Error::Preconditions { results }),
    };
    let gateway = found
        .gateway
        .map_or(GatewayChoice::Shared, |configuration| GatewayChoice::Dedicated { configuration });
    let (cluster, now) = (spoke.id, app.now());
    let placement =
        Placement { organization: id, cluster, node_pool, gateway, created_at: now, leaving: None };
    tx.placement_add(&permit, &placement, &spoke.name, AuditId::fresh(app.ids())).await?;
    let payload = json!({"organization": id, "cluster": cluster});
    tx.outbox_put(app.ids(), "placement.created", payload, now).await?;
    app.publish(tx.commit().await?).await?;
    one(app, caller, id, cluster).await
}

/// The cluster that an id or a name names, among those that an organization is on.
///
/// # Errors
/// [`Error::NotFound`] when it is on no such cluster.
async fn resolve(app: &App, within: &impl Bounded, id: OrganizationId, name: &str) -> Result<Cluster> {
    let mut tx = app.read(within).await?;
    for placement in tx.placements_of(id).await? {
        let cluster = tx.cluster(placement.cluster).await?;
        if cluster.id.to_string() == name || cluster.name.as_str() == name {
            return Ok(cluster);
        }
    }
    Err(Error::NotFound)
}

/// Begins to take an organization off a cluster: everything of it is removed there, or all of it stays and Bastide lets go
/// of it. It goes on when the cluster answers, and ends when the cluster says that it is done.
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Invalid`] at `/confirm` when the name is another; [`Error::Conflict`]
/// `already_deleting`, `leaving_already`, `agent_too_old`.
pub async fn remove(
    app: &App,
    caller: &Caller,
    (id, cluster): (OrganizationId, &str),
    how: Leaving,
    confirm: &str,
) -> Result<Placed> {
    let see = app.authorize::<ViewOrganization>(caller, id)?;
    let permit = app.authorize::<DeletePlacement>(caller, id)?;
    let cluster = resolve(app, &permit, id, cluster).await?;
    let name = &cluster.name;
    if confirm != name.as_str() {
        let problem = format!("type the name of the cluster, `{name}`, to confirm");
        return Err(Error::field("/confirm", problem));
    }
    if how == Leaving::Release && !cluster.facts.can(RELEASE) {
        let detail = format!(
            "The agent of `{name}` is too old to let go of an organization; renew it, then try again."
        );
        return Err(Error::conflict("agent_too_old", detail));
    }
    let (audit, now) = app.audit();
    let mut tx = app.write(&permit).await?;
    organizations::refuse_deleting(&tx.organization_lock(id).await?)?;
    tx.placement_leave(&permit, (cluster.id, name), how, (audit, now)).await?;
    let payload = json!({"organization": id, "cluster": cluster.id});
    tx.outbox_put(app.ids(), "placement.leaving", payload, now).await?;
    // What was never given to the cluster is gone at once, so that after the commit there may be nothing left to look at.
    let placed = organizations::placed(app, &mut tx, &see).await?;
    app.publish(tx.commit().await?).await?;
    placed.into_iter().find(|placed| placed.cluster.id == cluster.id).ok_or(Error::NotFound)
}

async fn one(app: &App, caller: &Caller, id: OrganizationId, cluster: ClusterId) -> Result<Placed> {
    let placed = organizations::placements(app, caller, id).await?;
    placed.into_iter().find(|placed| placed.cluster.id == cluster).ok_or(Error::NotFound)
}
