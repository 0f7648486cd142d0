//! Everything that runs beside the requests is started here, by name. This is the only place that spawns.
//!
//! Two kinds: a *background* task lives as long as the hub, and one that ends on its own takes the hub down with it,
//! because a hub without, say, its outbox looks well and is not; a *piece* of work ends when it is done.
//!
//! The end comes in three steps: draining (nothing new begins, pieces end), stopping (background tasks end), over
//! (whatever is still there is dropped).

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long background tasks have to end once they are told to.
const STOP: Duration = Duration::from_secs(5);

/// The tasks of one hub. Clones are the same tasks.
#[derive(Debug, Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    background: TaskTracker,
    pieces: TaskTracker,
    draining: CancellationToken,
    stopping: CancellationToken,
    over: CancellationToken,
    failed: watch::Sender<Option<&'static str>>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self::new()
    }
}

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self {
            inner: Arc::new(Inner {
                background: TaskTracker::new(),
                pieces: TaskTracker::new(),
                draining: CancellationToken::new(),
                stopping: CancellationToken::new(),
                over: CancellationToken::new(),
                failed: watch::Sender::new(None),
            }),
        }
    }

    /// Starts a task that lives as long as the hub. It gets the token that tells it to end; when it ends before, or
    /// panics, [`Tasks::failed`] says so.
    pub fn background<F, T>(&self, name: &'static str, task: F)
    where
        F: FnOnce(CancellationToken) -> T,
        T: Future<Output = ()> + Send + 'static,
    {
        let inner = Arc::clone(&self.inner);
        let work = tokio::spawn(until(inner.over.clone(), task(inner.stopping.clone())));
        self.inner.background.spawn(async move {
            let panicked = work.await.is_err();
            if panicked || !(inner.stopping.is_cancelled() || inner.draining.is_cancelled()) {
                tracing::error!(task = name, panicked, "a background task ended on its own");
                inner.failed.send_if_modified(|failed| failed.replace(name).is_none());
            }
        });
    }

    /// Starts a piece of work that ends when it is done. What it gives back is lost when nobody asks for it.
    pub fn piece<T>(&self, name: &'static str, work: T) -> tokio::task::JoinHandle<Option<T::Output>>
    where
        T: Future<Output: Send> + Send + 'static,
    {
        tracing::trace!(task = name, "begins");
        self.inner.pieces.spawn(until(self.inner.over.clone(), work))
    }

    /// Cancelled when nothing new should begin. Whoever waits for something with a client at the other end watches it.
    pub fn draining(&self) -> CancellationToken {
        self.inner.draining.clone()
    }

    /// Waits until a background task ended on its own, and names it.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.inner.failed.subscribe();
        loop {
            if let Some(name) = *failed.borrow_and_update() {
                return name;
            }
            if failed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends everything: nothing new begins, pieces have `within` to end, then background tasks, and what is still
    /// there is dropped. True when nothing had to be dropped.
    pub async fn shut_down(&self, within: Duration) -> bool {
        let inner = &self.inner;
        inner.draining.cancel();
        inner.pieces.close();
        let drained = tokio::time::timeout(within, inner.pieces.wait()).await.is_ok();
        inner.stopping.cancel();
        inner.background.close();
        let stopped = tokio::time::timeout(STOP, inner.background.wait()).await.is_ok();
        inner.over.cancel();
        if !(drained && stopped) {
            tracing::warn!(drained, stopped, "some tasks did not end in time and were dropped");
            inner.pieces.wait().await;
            inner.background.wait().await;
        }
        drained && stopped
    }
}

/// The work, or nothing when `end` comes first.
async fn until<T: Future>(end: CancellationToken, work: T) -> Option<T::Output> {
    tokio::select! {
        output = work => Some(output),
        () = end.cancelled() => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_background_task_that_ends_or_panics_is_named() {
        for panics in [false, true] {
            let tasks = Tasks::new();
            tasks.background("lasts", |stop| async move { stop.cancelled().await });
            tasks.background("ends", move |_| async move { assert!(!panics, "wanted by the test") });
            assert_eq!(tasks.failed().await, "ends");
            assert!(tasks.shut_down(Duration::ZERO).await);
        }
    }

    #[tokio::test]
    async fn background_tasks_end_after_the_last_piece() {
        let tasks = Tasks::new();
        let (order, mut seen) = tokio::sync::mpsc::unbounded_channel();
        let first = order.clone();
        tasks.background("outbox", |stop| async move {
            stop.cancelled().await;
            order.send("background").unwrap();
        });
        let draining = tasks.draining();
        tasks.piece("request", async move {
            draining.cancelled().await;
            first.send("piece").unwrap();
        });
        assert!(tasks.shut_down(Duration::from_mins(1)).await);
        assert_eq!((seen.recv().await, seen.recv().await), (Some("piece"), Some("background")));
    }

    #[tokio::test]
    async fn what_does_not_end_is_dropped() {
        let tasks = Tasks::new();
        let piece = tasks.piece("endless", std::future::pending::<()>());
        assert!(!tasks.shut_down(Duration::ZERO).await);
        assert_eq!(piece.await.unwrap(), None);
    }
}
