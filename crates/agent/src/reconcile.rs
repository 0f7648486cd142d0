//! Brings about what the hub wants, set by set (FLEET-6; design: second path, hop 6): the newest generation of each, a
//! few at a time, again when somebody changed something, again from time to time in any case. Goes on without the hub.

mod queue;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bastide_kube::contest::Contests;
use bastide_kube::object::{ObjectKey, Resource};
use bastide_kube::reconcile::bring_about_against;
use bastide_kube::record::{self, Record, SetName};
use bastide_kube::render::RenderOptions;
use bastide_kube::status::{APPLIED, READY};
use bastide_model::OrganizationId;
use bastide_model::cluster::{ClusterFacts, ConditionStatus};
use bastide_model::gateway::GatewaySpec;
use bastide_model::placement::{DesiredGateway, DesiredSet, ReportedObject, ReportedSet};
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub(crate) use self::queue::{Change, Offered};
use self::queue::{Outcome, Queue, Work};
use crate::backoff::spread;
use crate::config::Timings;
use crate::metrics::Metrics;
use crate::report::Reports;
use crate::spoke::Spoke;
use crate::surroundings::Surroundings;

/// Sets that are worked on at one time.
const AT_ONE_TIME: usize = 4;
/// Why a set does not get further without somebody doing something: no reason to hurry.
const STUCK: &[&str] = &["Refused", "NamespaceNotOurs", "ObjectNotOurs"];

/// What should be on the cluster, and what has to be looked at.
pub(crate) struct Sets {
    queue: Mutex<Queue>,
    wake: Notify,
    /// Kinds that there are objects of.
    kinds: watch::Sender<Vec<&'static Resource>>,
    /// What the gateway that organizations share is made of.
    shared_gateway: watch::Sender<Option<GatewaySpec>>,
}

impl Default for Sets {
    fn default() -> Self {
        Self {
            queue: Mutex::default(),
            wake: Notify::new(),
            kinds: watch::Sender::new(Vec::new()),
            shared_gateway: watch::Sender::new(None),
        }
    }
}

impl Sets {
    /// Takes in what should be.
    pub(crate) fn offer(&self, set: DesiredSet) -> Offered {
        let sharing = shares(&set);
        let offered = self.lock().offer(set, Instant::now());
        self.note_shared_gateway(sharing);
        self.wake.notify_one();
        offered
    }

    /// Takes in what should be, whatever generation is known or was `removed`. Whether the cluster still has to be told.
    pub(crate) fn adopt(&self, set: DesiredSet, removed: Option<i64>) -> bool {
        let sharing = shares(&set);
        let adopting = self.lock().adopt(set, removed, Instant::now());
        self.note_shared_gateway(sharing);
        self.wake.notify_one();
        adopting
    }

    /// Something happened to an object of a set.
    pub(crate) fn touch(&self, organization: OrganizationId, change: Change, pause: Duration) {
        self.lock().touch(organization, change, Instant::now() + pause);
        self.wake.notify_one();
    }

    /// The greatest generation that is known; 0 when there is none.
    pub(crate) fn greatest(&self) -> i64 {
        self.lock().greatest()
    }

    /// How many sets there are, and how many of them failed last time.
    pub(crate) fn counts(&self) -> (usize, usize) {
        self.lock().counts()
    }

    /// Kinds that there are objects of, and their changes.
    pub(crate) fn kinds(&self) -> watch::Receiver<Vec<&'static Resource>> {
        self.kinds.subscribe()
    }

    /// What the gateway that organizations share is made of, and its changes.
    pub(crate) fn shared_gateway(&self) -> watch::Receiver<Option<GatewaySpec>> {
        self.shared_gateway.subscribe()
    }

    /// Looks again what the shared gateway is made of; only where a set wants one, or wanted one until now.
    fn note_shared_gateway(&self, sharing: bool) {
        if sharing || self.shared_gateway.borrow().is_some() {
            let now = self.lock().shared_gateway().cloned();
            self.shared_gateway.send_if_modified(|known| {
                let changed = *known != now;
                *known = now;
                changed
            });
        }
    }

    /// Keeps in mind of which kinds there are objects.
    pub(crate) fn note_kinds(&self, objects: &[ReportedObject]) {
        self.kinds.send_if_modified(|known| {
            let before = known.len();
            for object in objects {
                let key = ObjectKey {
                    api_version: object.api_version.clone(),
                    kind: object.kind.clone(),
                    namespace: None,
                    name: String::new(),
                };
                known.extend(key.resource().filter(|kind| !known.contains(kind)));
            }
            known.len() != before
        });
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shares(set: &DesiredSet) -> bool {
    set.content.as_ref().is_some_and(|content| matches!(content.gateway, DesiredGateway::Common(_)))
}

/// Works on sets.
pub(crate) struct Reconciler {
    pub(crate) sets: Arc<Sets>,
    pub(crate) contests: Arc<Contests>,
    pub(crate) reports: Arc<Reports>,
    pub(crate) spoke: Spoke,
    pub(crate) facts: watch::Receiver<ClusterFacts>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) surroundings: Surroundings,
    pub(crate) timings: Timings,
}

impl Reconciler {
    /// Works until the agent stops; what has begun then may end. Nothing is taken down.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let mut running = FuturesUnordered::new();
        let mut full_pass = Instant::now() + self.until_full_pass();
        loop {
            while running.len() < AT_ONE_TIME
                && let Some(work) = self.take()
            {
                running.push(self.work_on(work));
            }
            let due = if running.len() < AT_ONE_TIME { self.sets.lock().next_due() } else { None };
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some((organization, outcome)) = running.next() => self.finish(organization, outcome),
                () = self.sets.wake.notified() => {}
                () = sleep_until(due) => {}
                () = tokio::time::sleep_until(full_pass) => {
                    self.sets.lock().touch_all(Instant::now());
                    full_pass = Instant::now() + self.until_full_pass();
                }
            }
        }
        let rest = async { while running.next().await.is_some() {} };
        if tokio::time::timeout(self.timings.grace, rest).await.is_err() {
            tracing::info!("stopping in the middle of a pass; the next start goes on with it");
        }
    }

    fn until_full_pass(&self) -> Duration {
        spread(self.timings.full_pass, 0.25, self.surroundings.random.as_ref())
    }

    fn take(&self) -> Option<Work> {
        self.sets.lock().take(Instant::now())
    }

    fn finish(&self, organization: OrganizationId, outcome: Outcome) {
        self.metrics.passes(match outcome {
            Outcome::Settled => "settled",
            Outcome::Removed => "removed",
            Outcome::Pending(_) => "pending",
            Outcome::Failed(_) => "failed",
        });
        self.sets.lock().finish(organization, outcome, Instant::now());
        let (sets, failing) = self.sets.counts();
        self.metrics.sets(sets, failing);
    }

    async fn work_on(&self, work: Work) -> (OrganizationId, Outcome) {
        let organization = work.set.organization;
        let attempts = work.attempts.saturating_add(1);
        let random = self.surroundings.random.as_ref();
        let outcome = match self.pass(&work).await {
            Ok(report) => {
                let progress = judge(&report);
                let contest = self.contests.pause(&report.objects, std::time::Instant::now());
                self.sets.note_kinds(&report.objects);
                self.reports.note(report);
                match progress {
                    Progress::Settled => Outcome::Settled,
                    Progress::Removed => Outcome::Removed,
                    Progress::Pending => {
                        let pause = self.timings.set_pending.wait(attempts, random);
                        Outcome::Pending(contest.map_or(pause, |contest| contest.min(pause)))
                    }
                    Progress::Stuck => Outcome::Failed(self.timings.set_retry.wait(attempts, random)),
                }
            }
            Err(failure) => {
                tracing::warn!(%organization, generation = work.set.generation, error = failure.message, "a pass failed");
                self.reports.note_failure(&work.set, failure.reason, failure.message);
                Outcome::Failed(self.timings.set_retry.wait(attempts, random))
            }
        };
        (organization, outcome)
    }

    async fn pass(&self, work: &Work) -> Result<ReportedSet, Failure> {
        let options = RenderOptions::for_version(&self.facts.borrow().kubernetes_version);
        let pass = async {
            if work.adopt {
                self.lower_record(&work.set).await?;
                self.sets.lock().adopted(&work.set);
            }
            bring_about_against(self.spoke.client(), &work.set, &options, &self.contests).await
        };
        match tokio::time::timeout(self.timings.set_limit, pass).await {
            Ok(result) => result.map_err(|error| Failure::new(&error)),
            Err(_) => Err(Failure {
                reason: "TimedOut",
                message: format!(
                    "The cluster's API server took longer than {} s.",
                    self.timings.set_limit.as_secs()
                ),
            }),
        }
    }

    /// Writes down that an earlier membership's generation no longer counts. What was put there stays in the record, so
    /// that nothing is orphaned.
    async fn lower_record(&self, set: &DesiredSet) -> bastide_kube::Result<()> {
        let client = self.spoke.client();
        let Some(mut record) = record::load(client, SetName::Organization(set.organization)).await? else {
            return Ok(());
        };
        if record.generation <= set.generation {
            return Ok(());
        }
        tracing::warn!(
            organization = %set.organization, recorded = record.generation, generation = set.generation,
            "joined anew: the hub's generation counts from now on"
        );
        record.generation = set.generation;
        record::save(client, &mut record).await
    }
}

/// Why a pass ended early.
struct Failure {
    reason: &'static str,
    message: String,
}

impl Failure {
    fn new(error: &bastide_kube::Error) -> Self {
        let reason = match error {
            bastide_kube::Error::OlderGeneration { .. } => "OlderGeneration",
            bastide_kube::Error::DamagedRecord { .. } => "RecordDamaged",
            _ => "ApplyFailed",
        };
        Self { reason, message: format!("{error}.") }
    }
}

/// How far a set has come.
#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Settled,
    Removed,
    Pending,
    Stuck,
}

fn judge(report: &ReportedSet) -> Progress {
    let condition = |kind: &str| report.conditions.iter().find(|condition| condition.kind == kind);
    let holds = |kind| condition(kind).is_some_and(|condition| condition.status == ConditionStatus::True);
    let stuck = condition(APPLIED).is_some_and(|applied| STUCK.contains(&applied.reason.as_str()));
    match report {
        report if report.removed => Progress::Removed,
        _ if holds(APPLIED) && holds(READY) => Progress::Settled,
        _ if stuck => Progress::Stuck,
        _ => Progress::Pending,
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// What was recorded on the cluster: what the agent goes on with when it starts without its hub.
pub(crate) struct Recorded {
    /// Every set of which something is, or should be, on the cluster.
    pub(crate) sets: Vec<DesiredSet>,
    /// Records of sets from which everything was removed.
    pub(crate) removed: Vec<Record>,
    /// What could not be read.
    pub(crate) damaged: Vec<String>,
}

/// Reads the records of all sets.
///
/// # Errors
/// When the API server does not answer.
pub(crate) async fn recorded(spoke: &Spoke) -> bastide_kube::Result<Recorded> {
    let records = record::load_all(spoke.client()).await?;
    let damaged = records.damaged.iter().map(|error| format!("{error}.")).collect();
    let (removed, present): (Vec<_>, Vec<_>) =
        records.organizations.into_iter().partition(Record::is_removed);
    let sets = present.iter().filter_map(Record::desired_set).collect();
    Ok(Recorded { sets, removed, damaged })
}

#[cfg(test)]
mod tests {
    use bastide_model::Timestamp;
    use bastide_model::cluster::Condition;
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    #[rstest]
    #[case(false, (true, "Applied"), true, Progress::Settled)]
    #[case(false, (true, "Applied"), false, Progress::Pending)]
    #[case(false, (false, "Removing"), false, Progress::Pending)]
    #[case(false, (false, "NamespaceTerminating"), false, Progress::Pending)]
    #[case(false, (false, "NamespaceNotOurs"), false, Progress::Stuck)]
    #[case(false, (false, "Refused"), false, Progress::Stuck)]
    #[case(true, (true, "Removed"), false, Progress::Removed)]
    fn how_far_a_set_has_come(
        #[case] removed: bool,
        #[case] (applied, reason): (bool, &str),
        #[case] ready: bool,
        #[case] expected: Progress,
    ) {
        let condition = |kind: &str, holds, reason: &str| Condition {
            kind: kind.into(),
            status: if holds { ConditionStatus::True } else { ConditionStatus::False },
            reason: reason.into(),
            message: String::new(),
            observed_generation: 1,
            last_transition: Timestamp::default(),
        };
        let report = ReportedSet {
            organization: OrganizationId::from_uuid(Uuid::from_u128(1)),
            observed_generation: 1,
            removed,
            conditions: vec![condition(APPLIED, applied, reason), condition(READY, ready, reason)],
            objects: Vec::new(),
        };
        assert_eq!(judge(&report), expected);
    }

    #[test]
    fn kinds_are_learnt_from_what_is_there() {
        let sets = Sets::default();
        let object = |api_version: &str, kind: &str| ReportedObject {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: String::new(),
            name: "x".into(),
            ready: true,
            message: String::new(),
        };
        let mut kinds = sets.kinds();
        sets.note_kinds(&[object("v1", "Namespace"), object("v1", "Namespace"), object("v1", "Widget")]);
        assert!(kinds.has_changed().unwrap());
        assert_eq!(
            kinds.borrow_and_update().iter().map(|kind| kind.plural).collect::<Vec<_>>(),
            ["namespaces"]
        );
        sets.note_kinds(&[object("v1", "Namespace")]);
        assert!(!kinds.has_changed().unwrap());
    }
}
