//! Answers kept under a key of the caller's.

use bastide_authz::Unbounded;
use bastide_model::{Result, UserId};
use bastide_store::Kept;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::state::App;

/// Takes the key for an operation, or says what is kept under it. The key belongs to the caller and the operation, so
/// nobody meets another's (E-47).
///
/// # Errors
/// Those of the database.
pub async fn begin(app: &App, who: UserId, operation: &str, key: &str, payload: &[u8]) -> Result<Kept> {
    let mut tx = app.write(&Unbounded::Itself).await?;
    let kept =
        tx.idempotency_begin((who, operation, key), Sha256::digest(payload).to_vec(), app.now()).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Keeps the answer. A failure that repetition may mend (5xx) is not kept: the key is free again.
///
/// # Errors
/// Those of the database.
pub async fn finish(
    app: &App,
    who: UserId,
    operation: &str,
    key: &str,
    status: u16,
    response: Value,
) -> Result<()> {
    let mut tx = app.write(&Unbounded::Itself).await?;
    if status >= 500 {
        tx.idempotency_forget((who, operation, key)).await?;
    } else {
        tx.idempotency_finish((who, operation, key), status, response).await?;
    }
    tx.commit().await?;
    Ok(())
}
