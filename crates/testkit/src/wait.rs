//! Waiting for a condition, which tests do instead of sleeping.

use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

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

/// Waits until whoever started this program closes its standard input, or interrupts it.
///
/// A program that serves its parent goes by the input rather than by a signal, because that also ends when the parent is
/// killed. The program has to end by `std::process::exit`: a read of standard input cannot be cancelled, and would keep
/// the runtime from ending.
///
/// # Errors
/// When standard input cannot be read.
pub async fn end_of_input() -> Result<()> {
    let read = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    tokio::select! {
        ended = read => ended?.map(drop).context("cannot read standard input"),
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for an interrupt"),
    }
}
