//! The agent's tasks: each has a name, all end together, and one that ends by itself ends the agent.

use std::collections::HashMap;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// A task ended although nobody asked it to: a bug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the task `{0}` ended unexpectedly; this is a bug")]
pub struct TaskEnded(pub &'static str);

/// The agent's tasks. Dropping them aborts them.
#[derive(Debug)]
pub(crate) struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
    stop: CancellationToken,
}

impl Tasks {
    /// Tasks that end when `stop` is cancelled.
    pub(crate) fn new(stop: CancellationToken) -> Self {
        Self { set: JoinSet::new(), names: HashMap::new(), stop }
    }

    /// Starts a task. It has to end soon after it is told to.
    pub(crate) fn spawn<F>(&mut self, name: &'static str, task: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let handle = self.set.spawn(task(self.stop.clone()));
        self.names.insert(handle.id(), name);
    }

    /// Cancelled when the tasks are to stop.
    pub(crate) fn stopped(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Waits until the tasks are to stop.
    ///
    /// # Errors
    /// When one of them ends before that.
    pub(crate) async fn run(&mut self) -> Result<(), TaskEnded> {
        let stop = self.stop.clone();
        tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            Some(ended) = self.set.join_next_with_id() => {
                // Both may have happened; then it was told to.
                if stop.is_cancelled() { Ok(()) } else { Err(TaskEnded(self.name(&ended))) }
            }
        }
    }

    /// Tells all tasks to stop and waits until they have, for so long at most.
    pub(crate) async fn stop(mut self, limit: Duration) {
        self.stop.cancel();
        let ended = async { while self.set.join_next().await.is_some() {} };
        if tokio::time::timeout(limit, ended).await.is_err() {
            tracing::warn!("some tasks did not end in time and are cut off");
        }
    }

    fn name(&self, ended: &Result<(Id, ()), JoinError>) -> &'static str {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        self.names.get(&id).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_named() {
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("steady", async |stop| stop.cancelled().await);
        tasks.spawn("hasty", async |_| {});
        assert_eq!(tasks.run().await, Err(TaskEnded("hasty")));
        let mut tasks = Tasks::new(CancellationToken::new());
        tasks.spawn("broken", async |_| panic!("on purpose"));
        assert_eq!(tasks.run().await, Err(TaskEnded("broken")));
    }

    #[tokio::test]
    async fn all_end_together_and_the_slow_are_cut_off() {
        let stop = CancellationToken::new();
        let mut tasks = Tasks::new(stop.clone());
        tasks.spawn("steady", async |stop| stop.cancelled().await);
        tasks.spawn("deaf", async |_| std::future::pending().await);
        stop.cancel();
        assert_eq!(tasks.run().await, Ok(()));
        tasks.stop(Duration::from_millis(50)).await;
    }
}
