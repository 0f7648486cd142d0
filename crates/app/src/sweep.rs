//! Forgets what has ended: sessions, codes, attempts, certificates, kept answers, delivered messages, old changes.

use bastide_authz::Graph;
use bastide_model::Result;
use bastide_model::limits::{ATTEMPT_WINDOW_SECONDS, IDEMPOTENCY_HOURS, SESSION_IDLE_SECONDS};

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
    let mut tx = app.store().write().await?;
    tx.latest_seen_advance(now).await?;
    let idle_since = now.plus_seconds(-SESSION_IDLE_SECONDS);
    tx.sessions_sweep(now, idle_since, now.plus_seconds(-2 * ATTEMPT_WINDOW_SECONDS)).await?;
    tx.login_grants_sweep(now).await?;
    tx.certificates_sweep(now).await?;
    tx.idempotency_sweep(now.plus_seconds(-IDEMPOTENCY_HOURS * 3600)).await?;
    tx.outbox_sweep(now.plus_seconds(-OUTBOX_DAYS * 86_400)).await?;
    let revision = app.graph(Graph::revision);
    tx.changes_prune(revision - CHANGES_KEPT).await?;
    tx.commit().await?;
    Ok(())
}
