//! What the agent's tests stand on: a small hub in this process, and the agent itself, run as a library against a real
//! API server.

pub(crate) mod hub;
pub(crate) mod running;

use std::time::Duration;

use anyhow::Result;
use bastide_testkit::wait;

/// How long anything may take that a test waits for.
pub(crate) const LIMIT: Duration = Duration::from_mins(1);

/// Waits for a condition.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    wait::until(what, LIMIT, async || Ok(holds().await.then_some(()))).await.unwrap();
}

/// Waits for a value.
pub(crate) async fn value<T>(what: &str, mut find: impl AsyncFnMut() -> Option<T>) -> T {
    let found: Result<T> = wait::until(what, LIMIT, async || Ok(find().await)).await;
    found.unwrap()
}
