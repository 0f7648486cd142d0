//! How often something may be tried within a window of time (SEC-2). Each attempt is counted before it is looked at, and its
//! place in the row is known in the transaction that counts it: of many at the same time exactly as many as are allowed
//! get through, and whoever is beyond the limit leaves nothing behind.

use bastide_model::limits::ATTEMPT_WINDOW_SECONDS;
use bastide_model::{Error, Result, Timestamp};
use bastide_store::Tx;

/// Refuses when so many have been counted already. Only reads, so that it is cheap for who tries on and on.
///
/// # Errors
/// [`Error::TooManyAttempts`]
pub(crate) async fn require_fewer(tx: &mut Tx, key: &str, allowed: u64, now: Timestamp) -> Result<()> {
    if tx.failures_since(key, begin(now)).await? >= allowed { Err(too_many(now)) } else { Ok(()) }
}

/// Counts one more. Beyond the limit the transaction has to be given up.
///
/// # Errors
/// [`Error::TooManyAttempts`]
pub(crate) async fn count(tx: &mut Tx, key: &str, allowed: u64, now: Timestamp) -> Result<()> {
    tx.failure_add(key, now).await?;
    if tx.failures_since(key, begin(now)).await? > allowed { Err(too_many(now)) } else { Ok(()) }
}

const fn begin(now: Timestamp) -> Timestamp {
    now.plus_seconds(-ATTEMPT_WINDOW_SECONDS)
}

const fn too_many(now: Timestamp) -> Error {
    Error::TooManyAttempts { until: now.plus_seconds(ATTEMPT_WINDOW_SECONDS) }
}
