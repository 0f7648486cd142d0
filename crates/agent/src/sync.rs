//! Learns from the hub what should be here (design: second path, hop 5): a long poll by generation. Takes in only what
//! is newer than what is known, and nothing from a hub that was restored from a backup (FLEET-6).

use std::sync::Arc;

use bastide_api::agent as wire;
use bastide_kube::record::{self, Record, SetName};
use bastide_model::OrganizationId;
use bastide_model::placement::DesiredSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::Timings;
use crate::identity::IdentityStore;
use crate::link::Link;
use crate::reconcile::{Offered, Sets};
use crate::report::Reports;
use crate::spoke::Spoke;
use crate::state::{State, Stopped};

/// Follows the hub.
pub(crate) struct Sync {
    pub(crate) link: Arc<Link>,
    pub(crate) identity: Arc<IdentityStore>,
    pub(crate) sets: Arc<Sets>,
    pub(crate) reports: Arc<Reports>,
    pub(crate) state: Arc<State>,
    pub(crate) spoke: Spoke,
    pub(crate) timings: Timings,
}

/// How an answer of the hub was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// All of it: this is the greatest generation.
    All(i64),
    /// Older generations on the cluster are being adopted; ask again for everything.
    Adopting,
    /// None of it: an administrator lets the agent follow the restored hub; ask for everything.
    Anew,
    /// None of it: the hub cannot be followed now.
    None,
}

impl Sync {
    /// Follows the hub until the agent stops. `removed` are the records of sets from which everything was removed.
    pub(crate) async fn run(self, removed: Vec<Record>, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow(removed)).await;
    }

    async fn follow(&self, mut removed: Vec<Record>) {
        let mut backoff = Backoff::new(self.timings.hub_retry);
        // Everything at the start: a restart may have come between an answer and its record.
        let mut after = 0;
        loop {
            let asked = Instant::now();
            let query = wire::DesiredQuery { after, wait: self.timings.poll_seconds };
            let desired = match self.link.call(|hub| async move { hub.desired(&query).await }).await {
                Ok(desired) => desired,
                Err(error) => {
                    tokio::time::sleep(self.link.pause_after(&error, &mut backoff)).await;
                    continue;
                }
            };
            backoff.succeeded();
            if desired.sets.is_empty() && asked.elapsed() < self.timings.hub_retry.min {
                // A hub that does not wait must not be asked without a pause.
                tokio::time::sleep(self.timings.hub_retry.min).await;
            }
            let named: Vec<String> = desired.sets.iter().map(|set| set.organization.clone()).collect();
            match self.take(desired, &removed).await {
                Taken::All(generation) => {
                    if after == 0 {
                        self.forget(std::mem::take(&mut removed), &named).await;
                    }
                    after = generation;
                }
                Taken::Anew => {
                    // What was removed meanwhile was not read at the start.
                    if let Ok(recorded) = crate::reconcile::recorded(&self.spoke).await {
                        removed = recorded.removed;
                        after = 0;
                    }
                }
                Taken::Adopting => tokio::time::sleep(self.timings.hub_retry.min).await,
                Taken::None => tokio::time::sleep(self.timings.refused_retry).await,
            }
        }
    }

    async fn take(&self, desired: wire::Desired, removed: &[Record]) -> Taken {
        let Some(identity) = self.identity.current() else { return Taken::None };
        if !self.state.check_epoch(identity.epoch, desired.epoch) {
            return if desired.follow { self.begin_anew(desired.epoch).await } else { Taken::None };
        }
        if identity.epoch.is_none() {
            return self.adopt(desired, removed).await;
        }
        let greatest = self.sets.greatest();
        if desired.generation < greatest {
            self.stop(format!(
                "The hub's newest generation is {}, this cluster has {greatest}: the hub seems to have lost what it knew. Nothing is taken in, so that nothing is rolled back.",
                desired.generation
            ));
            return Taken::None;
        }
        let mut trouble = None;
        for set in self.parse(desired.sets) {
            let (organization, generation) = (set.organization, set.generation);
            match self.sets.offer(set) {
                Offered::Taken => tracing::info!(%organization, generation, "the hub wants a change"),
                Offered::Known => {}
                Offered::Older => {
                    trouble = Some(refused(organization, generation, "is older than what this cluster has"));
                }
                Offered::Contradicting => {
                    trouble =
                        Some(refused(organization, generation, "differs from what the hub said before"));
                }
            }
        }
        match trouble {
            Some(trouble) => self.stop(trouble),
            None => self.state.set_stopped(None),
        }
        Taken::All(desired.generation)
    }

    /// Forgets which epoch was followed, as after joining: what the restored hub says counts from now on.
    async fn begin_anew(&self, epoch: i64) -> Taken {
        match self.identity.update(|identity| identity.epoch = None).await {
            Ok(()) => {
                tracing::warn!(epoch, "an administrator lets this cluster follow the restored hub");
                self.state.set_stopped(None);
                Taken::Anew
            }
            Err(error) => {
                tracing::warn!(%error, "that another epoch is followed cannot be stored yet");
                Taken::None
            }
        }
    }

    /// The first answers after joining: they count, whatever an earlier membership has left on the cluster. Only when
    /// all of it is adopted does the hub's epoch become the one that is followed.
    async fn adopt(&self, desired: wire::Desired, removed: &[Record]) -> Taken {
        let mut adopting = false;
        for set in self.parse(desired.sets) {
            let name = SetName::Organization(set.organization);
            let before = removed.iter().find(|record| record.set == name).map(|record| record.generation);
            adopting |= self.sets.adopt(set, before);
        }
        if adopting {
            return Taken::Adopting;
        }
        let epoch = desired.epoch;
        match self.identity.update(|identity| identity.epoch = Some(epoch)).await {
            Ok(()) => {
                tracing::info!(epoch, generation = desired.generation, "following the hub");
                Taken::All(desired.generation)
            }
            Err(error) => {
                tracing::warn!(%error, "the hub's epoch cannot be stored yet");
                Taken::Adopting
            }
        }
    }

    /// Sets in the words of the domain. One that cannot be understood does not keep others from being followed.
    fn parse(&self, sets: Vec<wire::Set>) -> Vec<DesiredSet> {
        let mut parsed = Vec::with_capacity(sets.len());
        for set in sets {
            let (organization, generation) = (set.organization.clone(), set.generation);
            match DesiredSet::try_from(set) {
                Ok(set) => parsed.push(set),
                Err(error) => {
                    tracing::error!(organization, generation, %error, "what the hub wants cannot be understood");
                    if let Ok(organization) = organization.parse() {
                        let set = DesiredSet { organization, generation, content: None };
                        let message = format!(
                            "This agent does not understand what the hub wants: {error}. What is there stays as it is."
                        );
                        self.reports.note_failure(&set, "NotUnderstood", message);
                    }
                }
            }
        }
        parsed
    }

    fn stop(&self, message: String) {
        tracing::error!("{message}");
        self.state.set_stopped(Some(Stopped::by_generation(message)));
    }

    /// Deletes the records of sets that are gone and that the hub no longer names: nothing older can come for them.
    async fn forget(&self, removed: Vec<Record>, named: &[String]) {
        for record in removed {
            let SetName::Organization(organization) = record.set else { continue };
            if named.contains(&organization.to_string()) {
                continue;
            }
            if let Err(error) = record::forget(self.spoke.client(), &record).await {
                tracing::debug!(%organization, %error, "the record of what is gone stays for now");
            }
        }
    }
}

fn refused(organization: OrganizationId, generation: i64, why: &str) -> String {
    format!(
        "Generation {generation} of {organization} {why}; it is not taken in. The hub seems to have lost what it knew."
    )
}
