//! Wakes the long polls of those clusters on which something new is wanted, and no others: what a commit costs does not
//! grow with the number of agents that wait (FLEET-6).

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bastide_authz::Unbounded;
use bastide_model::{ClusterId, Result};
use tokio::sync::watch;

use crate::state::App;

/// The generations of clusters that somebody waits for.
#[derive(Debug, Default)]
pub(crate) struct Generations(Mutex<HashMap<ClusterId, watch::Sender<i64>>>);

impl Generations {
    /// A cluster's generation as it grows. What is read from the database after this call misses nothing: either it is
    /// there already, or it is announced later.
    pub(crate) fn of(&self, cluster: ClusterId) -> watch::Receiver<i64> {
        self.lock().entry(cluster).or_default().subscribe()
    }

    fn are_waited_for(&self) -> bool {
        let mut waiting = self.lock();
        waiting.retain(|_, one| one.receiver_count() > 0);
        !waiting.is_empty()
    }

    fn announce(&self, generations: Vec<(ClusterId, i64)>) {
        let waiting = self.lock();
        for (cluster, generation) in generations {
            if let Some(one) = waiting.get(&cluster) {
                one.send_if_modified(|known| std::mem::replace(known, generation) != generation);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClusterId, watch::Sender<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads how far every cluster's generation has grown, on whatever replica, and wakes who waits for it.
///
/// # Errors
/// Those of the database.
pub async fn follow(app: &App) -> Result<()> {
    if app.generations().are_waited_for() {
        let generations = app.read(&Unbounded::Itself).await?.desired_generations().await?;
        app.generations().announce(generations);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(number: u128) -> ClusterId {
        ClusterId::from_uuid(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn only_who_waits_for_what_grew_is_woken() {
        let generations = Generations::default();
        let (one, other) = (generations.of(cluster(1)), generations.of(cluster(2)));
        generations.announce(vec![(cluster(1), 4), (cluster(2), 0), (cluster(3), 9)]);
        assert!(one.has_changed().unwrap());
        assert!(!other.has_changed().unwrap());
    }

    #[test]
    fn nobody_is_kept_who_has_gone() {
        let generations = Generations::default();
        let one = generations.of(cluster(1));
        assert!(generations.are_waited_for());
        drop(one);
        assert!(!generations.are_waited_for());
    }
}
