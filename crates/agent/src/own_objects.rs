//! Keeps Bastide's own objects on the cluster: its namespace, the roles that organizations' bindings refer to, the gateway
//! that organizations share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bastide_kube::contest::Contests;
use bastide_kube::object::GATEWAY;
use bastide_kube::reconcile::cluster_objects_against;
use bastide_kube::render::RenderOptions;
use bastide_model::cluster::ClusterFacts;
use bastide_model::placement::ReportedObject;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, spread};
use crate::config::Timings;
use crate::reconcile::Sets;
use crate::spoke::Spoke;
use crate::state::State;
use crate::surroundings::Surroundings;

/// Whether they are there, and who asks for another look.
#[derive(Debug)]
pub(crate) struct OwnObjects {
    touched: Notify,
    present: watch::Sender<bool>,
}

impl Default for OwnObjects {
    fn default() -> Self {
        Self { touched: Notify::new(), present: watch::Sender::new(false) }
    }
}

impl OwnObjects {
    /// Somebody changed one of them.
    pub(crate) fn touch(&self) {
        self.touched.notify_one();
    }

    /// Waits until they were there once: sets refer to them.
    pub(crate) async fn present(&self) {
        let mut present = self.present.subscribe();
        // The sender lives as long as this does.
        let _ = present.wait_for(|present| *present).await;
    }
}

/// Applies them.
pub(crate) struct OwnObjectsKeeper {
    pub(crate) own_objects: Arc<OwnObjects>,
    pub(crate) sets: Arc<Sets>,
    pub(crate) contests: Arc<Contests>,
    pub(crate) spoke: Spoke,
    pub(crate) facts: watch::Receiver<ClusterFacts>,
    pub(crate) state: Arc<State>,
    pub(crate) surroundings: Surroundings,
    pub(crate) timings: Timings,
}

impl OwnObjectsKeeper {
    /// Applies them at the start, when one of them was changed, and from time to time, until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.keep()).await;
    }

    async fn keep(&self) {
        let mut backoff = Backoff::new(self.timings.set_retry);
        let mut waiting = Backoff::new(self.timings.set_pending);
        let mut shared_gateway = self.sets.shared_gateway();
        let random = self.surroundings.random.as_ref();
        loop {
            let mut options = RenderOptions::for_version(&self.facts.borrow().kubernetes_version);
            options.shared_gateway.clone_from(&shared_gateway.borrow_and_update());
            match cluster_objects_against(self.spoke.client(), &options, &self.contests).await {
                Ok(objects) => {
                    backoff.succeeded();
                    self.sets.note_kinds(&objects);
                    self.own_objects.present.send_replace(true);
                    let pause = self.say(&objects, &mut waiting);
                    tokio::select! {
                        () = self.own_objects.touched.notified() => {
                            tokio::time::sleep(self.timings.drift_pause).await;
                        }
                        changed = shared_gateway.changed() => if changed.is_err() { return },
                        () = tokio::time::sleep(pause) => {}
                    }
                }
                Err(error) => {
                    let pause = backoff.failed(random);
                    tracing::warn!(%error, ?pause, "Bastide's own objects cannot be applied; trying again");
                    self.state.set_own_objects_trouble(Some(("ApplyFailed", format!("{error}."))));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// Tells the hub what is not as it should be: a fight, or a shared gateway that does not work. How long to wait.
    fn say(&self, objects: &[ReportedObject], waiting: &mut Backoff) -> Duration {
        let random = self.surroundings.random.as_ref();
        let full_pass = spread(self.timings.full_pass, 0.25, random);
        let unready = objects.iter().filter(|object| !object.ready);
        let gateways = || unready.clone().filter(|object| object.kind == GATEWAY.kind);
        if let Some(pause) = self.contests.pause(objects, Instant::now()) {
            self.state.set_own_objects_trouble(Some(("Contested", trouble(unready))));
            return pause.min(full_pass);
        }
        if gateways().next().is_some() {
            self.state.set_own_objects_trouble(Some(("SharedGatewayNotReady", trouble(gateways()))));
            return waiting.failed(random).min(full_pass);
        }
        waiting.succeeded();
        self.state.set_own_objects_trouble(None);
        full_pass
    }
}

/// What is to be said of those that are not as they should be.
fn trouble<'a>(objects: impl Iterator<Item = &'a ReportedObject>) -> String {
    let said: Vec<_> =
        objects.map(|object| format!("{} {}: {}", object.kind, object.name, object.message)).collect();
    said.join(" ")
}
