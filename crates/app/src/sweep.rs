//! Forgets what has ended: sessions, codes, attempts, certificates, requests to join, kept answers, delivered messages, old changes.

use bastide_authz::action::ExpireRequest;
use bastide_authz::{Controller, Graph, Unbounded};
use bastide_model::Result;
use bastide_model::limits::{
    ATTEMPT_WINDOW_SECONDS, AUTHORITY_RETIRED_SECONDS, CLUSTER_REQUEST_SECONDS, IDEMPOTENCY_HOURS,
    SESSION_IDLE_SECONDS,
};

use crate::state::App;

/// Days that delivered messages are kept.
const OUTBOX_DAYS: i64 = 7;
/// Changes that are kept for replicas that lag behind; one that lags further builds its graph anew at its next start.
const CHANGES_KEPT: i64 = 100_000;

/// One sweep.
///
/// # Errors
/// Those of the database.
pub async fn run(app: &App) -> Result<()> {
    let now = app.now();
    let mut tx = app.write(&Unbounded::Itself).await?;
    tx.latest_seen_advance(app.latest_seen()).await?;
    let idle_since = now.plus_seconds(-SESSION_IDLE_SECONDS);
    tx.sessions_sweep(now, idle_since, now.plus_seconds(-2 * ATTEMPT_WINDOW_SECONDS)).await?;
    tx.login_grants_sweep(now).await?;
    tx.certificates_sweep(now).await?;
    tx.authority_forget(now.plus_seconds(-AUTHORITY_RETIRED_SECONDS)).await?;
    tx.idempotency_sweep(now.plus_seconds(-IDEMPOTENCY_HOURS * 3600)).await?;
    tx.outbox_sweep(now.plus_seconds(-OUTBOX_DAYS * 86_400)).await?;
    let revision = app.graph(Graph::revision);
    tx.changes_prune(revision - CHANGES_KEPT).await?;
    app.publish(tx.commit().await?).await?;
    requests_expire(app).await
}

/// Requests to join on which nobody decided in time. One transaction each: who cannot be forgotten holds up nobody else.
async fn requests_expire(app: &App) -> Result<()> {
    let asked_before = app.now().plus_seconds(-CLUSTER_REQUEST_SECONDS);
    let waiting = app.read(&Unbounded::Itself).await?.clusters_requested_before(asked_before).await?;
    for cluster in waiting {
        let permit = app.authorize_controller::<ExpireRequest>(Controller::Door, cluster)?;
        let mut tx = app.write(&permit).await?;
        tx.cluster_request_expire(&permit, asked_before, app.audit()).await?;
        app.publish(tx.commit().await?).await?;
    }
    Ok(())
}
