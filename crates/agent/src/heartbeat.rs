//! Signs of life: every few seconds, as the hub says, with what the agent knows of its cluster (FLEET-1).

use std::sync::Arc;
use std::time::Duration;

use bastide_api::agent as wire;
use bastide_model::cluster::ClusterFacts;
use bastide_model::limits::HEARTBEAT_SECONDS;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, spread};
use crate::config::Timings;
use crate::hub::HubError;
use crate::identity::IdentityStore;
use crate::link::Link;
use crate::metrics::Metrics;
use crate::spoke::Spoke;
use crate::state::State;
use crate::surroundings::Surroundings;
use crate::trust::{self, Pin};

/// Longest time between two signs of life that is taken from a hub, in seconds.
const PAUSE_MAX: i64 = 30 * HEARTBEAT_SECONDS;
/// Shortest time between two signs of life, however much changes.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// Gives signs of life.
pub(crate) struct Heartbeat {
    pub(crate) link: Arc<Link>,
    pub(crate) identity: Arc<IdentityStore>,
    pub(crate) spoke: Spoke,
    pub(crate) facts: watch::Receiver<ClusterFacts>,
    pub(crate) state: Arc<State>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) surroundings: Surroundings,
    pub(crate) timings: Timings,
}

impl Heartbeat {
    /// Gives signs of life until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.beat()).await;
    }

    async fn beat(&self) {
        let mut backoff = Backoff::new(self.timings.hub_retry);
        loop {
            match self.once().await {
                Ok(next) => {
                    backoff.succeeded();
                    self.metrics.heartbeats("taken");
                    // A condition that changed is told at once.
                    tokio::select! {
                        () = tokio::time::sleep(next) => {}
                        () = async { tokio::join!(self.state.changed(), tokio::time::sleep(PAUSE_MIN)); } => {}
                    }
                }
                Err(error) => {
                    self.metrics.heartbeats("failed");
                    tokio::time::sleep(self.link.pause_after(&error, &mut backoff)).await;
                }
            }
        }
    }

    /// One sign of life. When the next one is due.
    async fn once(&self) -> Result<Duration, HubError> {
        let api_server_ready = self.spoke.is_ready().await;
        let mut facts = self.facts.borrow().clone();
        facts.authorities = self.believed();
        let conditions = self.state.conditions(*self.link.state().borrow());
        let sent = self.surroundings.clock.now();
        let beat =
            wire::Heartbeat { at_ms: sent.as_millis(), api_server_ready, facts: facts.into(), conditions };
        let answer = self.link.call(|hub| async move { hub.heartbeat(&beat).await }).await?;

        // The hub looked at its clock somewhere between.
        let middle = i64::midpoint(sent.as_millis(), self.surroundings.clock.now().as_millis());
        self.state.set_skew(middle - answer.at_ms);
        let known = self.identity.current().and_then(|identity| identity.epoch);
        self.state.check_epoch(known, answer.epoch);
        if let Some(authorities) = answer.authorities_pem {
            self.believe(authorities).await;
        }
        let seconds = answer.next_seconds.clamp(1, PAUSE_MAX);
        let next = Duration::from_secs(seconds.unsigned_abs());
        Ok(spread(next, 0.25, self.surroundings.random.as_ref()))
    }

    /// The authorities of the hub that are believed, by their fingerprints in order.
    fn believed(&self) -> Vec<String> {
        let identity = self.identity.current();
        let newest = identity.as_ref().and_then(|identity| identity.newest());
        let known = newest.and_then(|credential| trust::certificates(&credential.authorities).ok());
        let mut known: Vec<_> = known.iter().flatten().map(|one| Pin::of(one).plain()).collect();
        known.sort();
        known
    }

    /// Takes in the authorities that a hub names which is believed already: it exchanges its own (kubernetes B.1).
    async fn believe(&self, authorities: String) {
        if let Err(error) = trust::certificates(&authorities) {
            return tracing::warn!(%error, "the hub names authorities that cannot be read");
        }
        let stored = self.identity.update(|identity| {
            for credential in identity.credential.iter_mut().chain(&mut identity.next) {
                credential.authorities.clone_from(&authorities);
            }
        });
        match stored.await {
            Ok(()) => tracing::info!("the hub's authorities were taken in"),
            // The hub names them again with the next sign of life.
            Err(error) => tracing::warn!(%error, "the hub's authorities cannot be stored yet"),
        }
    }
}
