//! Delivers what the outbox holds, at least once. For now there is one receiver, the structured log, where every event of
//! the installation appears under `bastide::event` with an id that tells repeats.

use bastide_authz::Unbounded;
use bastide_model::Result;

use crate::state::App;

/// Messages taken at one time.
const BATCH: i64 = 100;
/// Seconds until a message that was taken and not delivered is taken again.
const RETRY_SECONDS: i64 = 30;

/// Delivers what is due; how many messages.
///
/// # Errors
/// Those of the database; what was not marked as done is delivered again.
pub async fn deliver(app: &App) -> Result<usize> {
    let now = app.now();
    let mut tx = app.write(&Unbounded::Itself).await?;
    let messages = tx.outbox_take(now, now.plus_seconds(RETRY_SECONDS), BATCH).await?;
    if messages.is_empty() {
        return Ok(0);
    }
    tx.commit().await?;
    let mut tx = app.write(&Unbounded::Itself).await?;
    for message in &messages {
        let (id, kind, at) = (message.id.to_string(), message.kind.as_str(), message.created_at.to_string());
        tracing::info!(target: "bastide::event", id, kind, at, attempt = message.attempts, payload = %message.payload, "event");
        tx.outbox_done(message.id, now).await?;
    }
    tx.commit().await?;
    Ok(messages.len())
}
