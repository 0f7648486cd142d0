//! How far each set has come, on its way to the hub (design: second path, hop 8). The newest report of each set is kept
//! until the hub has taken it; several changes go together; after the hub was away everything is said again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bastide_api::agent as wire;
use bastide_model::OrganizationId;
use bastide_model::Timestamp;
use bastide_model::cluster::{Condition, ConditionStatus};
use bastide_model::placement::{DesiredSet, ReportedObject, ReportedSet};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::Timings;
use crate::hub::HubError;
use crate::link::Link;

/// Most sets in one request.
const SETS_PER_REQUEST: usize = 50;
/// Most objects in one request: a few hundred bytes each, well below the largest body that the hub takes.
const OBJECTS_PER_REQUEST: usize = 1000;

#[derive(Debug)]
struct Entry {
    report: ReportedSet,
    /// Whether the hub does not have it yet.
    dirty: bool,
}

/// The newest report of each set.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    entries: Mutex<BTreeMap<OrganizationId, Entry>>,
    dirty: Notify,
}

impl Reports {
    /// Takes in the report of a pass. One that says nothing new is not sent again.
    pub(crate) fn note(&self, report: ReportedSet) {
        let mut entries = self.lock();
        let known = entries.get(&report.organization);
        if known.is_some_and(|known| known.report == report) {
            return;
        }
        entries.insert(report.organization, Entry { report, dirty: true });
        self.dirty.notify_one();
    }

    /// Takes in that a pass did not get through. What is known of the objects stays.
    pub(crate) fn note_failure(&self, set: &DesiredSet, reason: &str, message: String) {
        let report = ReportedSet {
            organization: set.organization,
            observed_generation: set.generation,
            removed: false,
            conditions: vec![Condition {
                kind: bastide_kube::status::APPLIED.to_owned(),
                status: ConditionStatus::False,
                reason: reason.to_owned(),
                message,
                observed_generation: set.generation,
                last_transition: Timestamp::default(),
            }],
            objects: self.objects(set.organization),
        };
        self.note(report);
    }

    /// Everything has to be said again.
    pub(crate) fn resend(&self) {
        let mut entries = self.lock();
        entries.values_mut().for_each(|entry| entry.dirty = true);
        self.dirty.notify_one();
    }

    fn objects(&self, organization: OrganizationId) -> Vec<ReportedObject> {
        self.lock().get(&organization).map(|entry| entry.report.objects.clone()).unwrap_or_default()
    }

    /// What goes into the next request.
    fn batch(&self) -> Vec<ReportedSet> {
        let entries = self.lock();
        let mut objects = 0;
        let small = |report: &&ReportedSet| {
            let first = objects == 0;
            objects += report.objects.len().max(1);
            first || objects <= OBJECTS_PER_REQUEST
        };
        let dirty = entries.values().filter(|entry| entry.dirty).map(|entry| &entry.report);
        dirty.take_while(small).take(SETS_PER_REQUEST).cloned().collect()
    }

    /// The hub has these. What changed meanwhile stays to be sent; what is gone from the cluster is forgotten.
    fn sent(&self, batch: &[ReportedSet]) {
        let mut entries = self.lock();
        for report in batch {
            let unchanged = entries.get(&report.organization).is_some_and(|entry| entry.report == *report);
            if unchanged && report.removed {
                entries.remove(&report.organization);
            } else if unchanged && let Some(entry) = entries.get_mut(&report.organization) {
                entry.dirty = false;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<OrganizationId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends reports.
pub(crate) struct Reporter {
    pub(crate) reports: Arc<Reports>,
    pub(crate) link: Arc<Link>,
    pub(crate) timings: Timings,
}

impl Reporter {
    /// Sends what there is to report, until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let work = async { tokio::join!(self.send(), self.resend_after_returns()) };
        shutdown.run_until_cancelled(work).await;
    }

    async fn send(&self) {
        let mut backoff = Backoff::new(self.timings.hub_retry);
        loop {
            let batch = self.reports.batch();
            if batch.is_empty() {
                self.reports.dirty.notified().await;
                tokio::time::sleep(self.timings.report_pause).await;
                continue;
            }
            match self.send_batch(&batch).await {
                Ok(()) => {
                    backoff.succeeded();
                    self.reports.sent(&batch);
                }
                Err(error) => {
                    tracing::debug!(%error, sets = batch.len(), "the report is kept");
                    tokio::time::sleep(self.link.pause_after(&error, &mut backoff)).await;
                }
            }
        }
    }

    async fn send_batch(&self, batch: &[ReportedSet]) -> Result<(), HubError> {
        let sets = batch.iter().cloned().map(wire::SetStatus::from).collect();
        let status = wire::Status { sets };
        self.link.call(|hub| async move { hub.status(&status).await }).await
    }

    /// A hub that was away may be another one with an older database: it is told everything again.
    async fn resend_after_returns(&self) {
        let mut state = self.link.state();
        let mut returns = state.borrow().returns;
        while state.changed().await.is_ok() {
            let now = state.borrow_and_update().returns;
            if now != returns {
                returns = now;
                self.reports.resend();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn report(number: u128, generation: i64, objects: usize) -> ReportedSet {
        let object = ReportedObject {
            api_version: "v1".into(),
            kind: "Namespace".into(),
            namespace: String::new(),
            name: "acme".into(),
            ready: true,
            message: String::new(),
        };
        ReportedSet {
            organization: OrganizationId::from_uuid(Uuid::from_u128(number)),
            observed_generation: generation,
            removed: false,
            conditions: Vec::new(),
            objects: vec![object; objects],
        }
    }

    #[test]
    fn a_report_is_sent_until_the_hub_has_it_and_only_then_forgotten() {
        let reports = Reports::default();
        reports.note(report(1, 1, 1));
        let first = reports.batch();
        assert_eq!(first.len(), 1);
        assert_eq!(reports.batch(), first, "not sent yet");
        reports.note(report(1, 2, 1));
        reports.sent(&first);
        assert_eq!(
            reports.batch().first().map(|set| set.observed_generation),
            Some(2),
            "it changed meanwhile"
        );
        reports.sent(&reports.batch());
        assert!(reports.batch().is_empty());
        reports.note(report(1, 2, 1));
        assert!(reports.batch().is_empty(), "it says nothing new");
        reports.resend();
        assert_eq!(reports.batch().len(), 1);
    }

    #[test]
    fn what_is_gone_is_told_once() {
        let reports = Reports::default();
        reports.note(ReportedSet { removed: true, ..report(1, 1, 0) });
        reports.sent(&reports.batch());
        reports.resend();
        assert!(reports.batch().is_empty());
    }

    #[test]
    fn requests_have_a_size() {
        let reports = Reports::default();
        for number in 0..120 {
            reports.note(report(number, 1, 1));
        }
        assert_eq!(reports.batch().len(), SETS_PER_REQUEST);
        let reports = Reports::default();
        for number in 0..3 {
            reports.note(report(number, 1, 900));
        }
        assert_eq!(reports.batch().len(), 1, "one at least, however large");
    }

    #[test]
    fn a_failed_pass_keeps_what_is_known_of_the_objects() {
        let reports = Reports::default();
        reports.note(report(1, 1, 3));
        let organization = report(1, 1, 0).organization;
        let set = DesiredSet { organization, generation: 2, content: None };
        reports.note_failure(&set, "ApplyFailed", "the API server is away".into());
        let batch = reports.batch();
        let now = batch.first().unwrap();
        assert_eq!((now.observed_generation, now.objects.len(), now.removed), (2, 3, false));
        assert_eq!(now.conditions.first().map(|one| one.status), Some(ConditionStatus::False));
    }
}
