//! Waiting for a condition, which tests do instead of sleeping.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The pause between two looks at a condition. Short, as a whole-system test waits for dozens of conditions.
pub(crate) const INTERVAL: Duration = Duration::from_millis(20);

/// Asks `probe` again and again until it gives a value, and returns the value.
///
/// # Errors
/// What `probe` fails with, at once; or, after `limit`, that `what` did not happen.
pub async fn until<T>(
    what: &str,
    limit: Duration,
    mut probe: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let started = Instant::now();
    loop {
        if let Some(value) = probe().await? {
            return Ok(value);
        }
        if started.elapsed() > limit {
            bail!("waited {} s for {what}", limit.as_secs());
        }
        tokio::time::sleep(INTERVAL).await;
    }
}
