//! From the options to a running agent, step by step: reach the cluster, read who we are and what is recorded, keep that
//! enforced from then on, become a member of the hub, follow it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bastide_kube::contest::Contests;
use bastide_kube::record::Record;
use bastide_model::cluster::ClusterFacts;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, Bounds, spread};
use crate::config::{Command, Options};
use crate::drift::Drift;
use crate::facts;
use crate::health::Health;
use crate::heartbeat::Heartbeat;
use crate::hub::HubError;
use crate::identity::{IdentityError, IdentityStore};
use crate::join::{JoinError, Joining};
use crate::link::Link;
use crate::metrics::Metrics;
use crate::own_objects::{OwnObjects, OwnObjectsKeeper};
use crate::reconcile::{self, Reconciler, Sets};
use crate::renew::Renewal;
use crate::report::{Reporter, Reports};
use crate::spoke::{Spoke, SpokeError, Survey};
use crate::state::State;
use crate::surroundings::Surroundings;
use crate::sync::Sync;
use crate::tasks::{TaskEnded, Tasks};

/// How long sets wait for Bastide's own objects at the start.
const OWN_OBJECTS_LIMIT: Duration = Duration::from_secs(30);

/// What ends an agent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cluster cannot be worked with.
    #[error(transparent)]
    Spoke(#[from] SpokeError),
    /// What is stored of the agent's identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The cluster did not become a member of the hub, and there is nothing to go on with.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// Health cannot be served.
    #[error("--health-listen: {0}")]
    Health(#[from] std::io::Error),
    /// A bug.
    #[error(transparent)]
    Task(#[from] TaskEnded),
}

impl Error {
    /// The program's exit code: 1 failure, 4 a credential is needed, 5 refused, 7 conflict.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Join(JoinError::NotJoined | JoinError::TokenNeeded) => 4,
            Self::Join(
                JoinError::Denied(_)
                | JoinError::RequestGone(_)
                | JoinError::Hub(HubError::NotAccepted(_) | HubError::Refused(_)),
            ) => 5,
            Self::Join(JoinError::OtherHub(_)) => 7,
            _ => 1,
        }
    }
}

/// Runs the agent until `shutdown`. Nothing on the cluster is taken down then. Dropping the future at any point loses
/// nothing either.
///
/// # Errors
/// When the cluster cannot be worked with, or did not become a member and has nothing recorded to keep enforced.
pub async fn run(
    options: Options,
    surroundings: Surroundings,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    // Another part of the program may have chosen already; there is only the one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Box::pin(start(options, surroundings, shutdown)).await
}

async fn start(
    options: Options,
    surroundings: Surroundings,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let mut tasks = Tasks::new(shutdown.child_token());
    let (metrics, enforcing) = (Arc::new(Metrics::new()), watch::Sender::new(false));
    if let Some(address) = options.health_listen {
        let health = Health::bind(address, metrics.clone(), enforcing.subscribe()).await?;
        tasks.spawn("health", |stop| health.run(stop));
    }
    let spoke = Spoke::connect(&options.spoke).await?;
    let Some(prepared) = shutdown.run_until_cancelled(prepare(&options, &surroundings, &spoke)).await else {
        return Ok(());
    };
    let (identity, survey) = prepared?;
    let agent = Agent::new(options, surroundings, spoke, identity, survey, metrics, enforcing);
    let ended = if matches!(&agent.options.command, Command::Join(join) if join.once) {
        agent.join_only(&shutdown).await
    } else {
        agent.work(&mut tasks).await
    };
    tasks.stop(agent.options.timings.grace + Duration::from_secs(1)).await;
    ended
}

/// Reaches the cluster and reads who we are.
async fn prepare(
    options: &Options,
    surroundings: &Surroundings,
    spoke: &Spoke,
) -> Result<(IdentityStore, Survey), Error> {
    let survey = insist(options.timings.set_retry, surroundings, || spoke.survey()).await?;
    let facts = &survey.facts;
    tracing::info!(version = facts.kubernetes_version, nodes = facts.nodes, "connected to the cluster");
    let identity = IdentityStore::open(spoke.client(), &options.spoke.namespace).await?;
    Ok((identity, survey))
}

/// Asks the cluster until it answers, as long as asking again makes sense.
async fn insist<T, F>(
    bounds: Bounds,
    surroundings: &Surroundings,
    mut ask: impl FnMut() -> F,
) -> Result<T, SpokeError>
where
    F: Future<Output = Result<T, SpokeError>>,
{
    let mut backoff = Backoff::new(bounds);
    loop {
        match ask().await {
            Err(error) if error.is_passing() => {
                let pause = backoff.failed(surroundings.random.as_ref());
                tracing::warn!(%error, ?pause, "the cluster does not answer; trying again");
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
}

/// The parts of an agent, wired.
struct Agent {
    options: Options,
    surroundings: Surroundings,
    spoke: Spoke,
    identity: Arc<IdentityStore>,
    facts: watch::Sender<ClusterFacts>,
    sets: Arc<Sets>,
    contests: Arc<Contests>,
    reports: Arc<Reports>,
    own_objects: Arc<OwnObjects>,
    state: Arc<State>,
    metrics: Arc<Metrics>,
    link: Arc<Link>,
    /// Whether what is recorded on the cluster is known and being kept.
    enforcing: watch::Sender<bool>,
    /// Whether the request to join was denied when it was last asked for.
    denied: AtomicBool,
}

impl Agent {
    fn new(
        options: Options,
        surroundings: Surroundings,
        spoke: Spoke,
        identity: IdentityStore,
        survey: Survey,
        metrics: Arc<Metrics>,
        enforcing: watch::Sender<bool>,
    ) -> Self {
        let identity = Arc::new(identity);
        let contest = options.timings.contest;
        let state = State::default();
        state.set_network(survey.network);
        let link = Link::new(identity.clone(), metrics.clone(), surroundings.clone(), &options.timings);
        Self {
            options,
            surroundings,
            spoke,
            identity,
            facts: watch::Sender::new(survey.facts),
            sets: Arc::default(),
            contests: Arc::new(Contests::new(contest)),
            reports: Arc::default(),
            own_objects: Arc::default(),
            state: Arc::new(state),
            metrics,
            link: Arc::new(link),
            enforcing,
            denied: AtomicBool::new(false),
        }
    }

    /// Becomes a member and ends.
    async fn join_only(&self, shutdown: &CancellationToken) -> Result<(), Error> {
        if let Some(joined) = shutdown.run_until_cancelled(self.join()).await {
            return Ok(joined?);
        }
        self.say_interrupted();
        Ok(())
    }

    /// Everything that an agent does while it runs.
    async fn work(&self, tasks: &mut Tasks) -> Result<(), Error> {
        self.look_after_the_cluster(tasks);
        let stop = tasks.stopped();
        let Some(removed) = stop.run_until_cancelled(self.take_up_records()).await else { return Ok(()) };
        let removed = removed?;
        self.enforce(tasks);
        let joined = tokio::select! {
            joined = self.become_member() => Some(joined),
            // Either told to stop, or broken.
            ended = tasks.run() => {
                ended?;
                None
            }
        };
        if let Some(joined) = joined {
            joined?;
            self.follow_the_hub(tasks, removed);
            return Ok(tasks.run().await?);
        }
        self.say_interrupted();
        Ok(())
    }

    /// Joins. Where there is something to keep enforced, a failure is no reason to end: it is tried again, slowly.
    async fn become_member(&self) -> Result<(), JoinError> {
        loop {
            let error = match self.join().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            let was_member = self.identity.current().is_some_and(|identity| identity.credential.is_some());
            let something_to_keep = was_member || self.sets.counts().0 > 0;
            // Whoever gave a command that cannot succeed must not take waiting for success. A command for another hub is
            // such a mistake in a pod, too.
            let attended = matches!(self.options.command, Command::Join(_))
                && !self.options.in_pod
                && error.ends_the_command();
            if !something_to_keep || attended || matches!(error, JoinError::OtherHub(_)) {
                return Err(error);
            }
            self.denied.store(matches!(error, JoinError::Denied(_)), Ordering::Relaxed);
            self.say_going_on(&error);
            let pause = spread(self.options.timings.refused_retry, 0.25, self.surroundings.random.as_ref());
            tokio::time::sleep(pause).await;
            // Another run of `join` may have been luckier.
            if let Err(error) = self.identity.reload().await {
                tracing::warn!(%error, "the stored credential cannot be read again");
            }
        }
    }

    /// Bastide's own objects, and what the cluster can do.
    fn look_after_the_cluster(&self, tasks: &mut Tasks) {
        let keeper = OwnObjectsKeeper {
            own_objects: self.own_objects.clone(),
            sets: self.sets.clone(),
            contests: self.contests.clone(),
            spoke: self.spoke.clone(),
            facts: self.facts.subscribe(),
            state: self.state.clone(),
            surroundings: self.surroundings.clone(),
            timings: self.options.timings,
        };
        tasks.spawn("own objects", |stop| keeper.run(stop));
        let (spoke, facts, state, surroundings) =
            (self.spoke.clone(), self.facts.clone(), self.state.clone(), self.surroundings.clone());
        let every = self.options.timings.facts;
        tasks.spawn("facts", |stop| facts::keep_fresh(spoke, facts, state, every, surroundings, stop));
    }

    /// Reads what is recorded on the cluster. The records of sets from which everything was removed.
    async fn take_up_records(&self) -> Result<Vec<Record>, SpokeError> {
        let recorded = insist(self.options.timings.set_retry, &self.surroundings, || async {
            Ok(reconcile::recorded(&self.spoke).await?)
        })
        .await?;
        for problem in &recorded.damaged {
            tracing::error!("{problem}");
        }
        self.state.set_damaged_records(recorded.damaged);
        tracing::info!(sets = recorded.sets.len(), "keeping what is recorded on this cluster");
        for set in recorded.sets {
            self.sets.offer(set);
        }
        Ok(recorded.removed)
    }

    /// Keeps on the cluster what should be there.
    fn enforce(&self, tasks: &mut Tasks) {
        let reconciler = Reconciler {
            sets: self.sets.clone(),
            contests: self.contests.clone(),
            reports: self.reports.clone(),
            spoke: self.spoke.clone(),
            facts: self.facts.subscribe(),
            metrics: self.metrics.clone(),
            surroundings: self.surroundings.clone(),
            timings: self.options.timings,
        };
        let own_objects = self.own_objects.clone();
        tasks.spawn("reconciler", async move |stop| {
            // Bindings refer to our roles, and records are in our namespace. Where they are not to be had, what was
            // there before is kept all the same.
            let present = tokio::time::timeout(OWN_OBJECTS_LIMIT, own_objects.present());
            if stop.run_until_cancelled(present).await.is_some() {
                reconciler.run(stop).await;
            }
        });
        let drift = Drift {
            client: self.spoke.client().clone(),
            sets: self.sets.clone(),
            contests: self.contests.clone(),
            own_objects: self.own_objects.clone(),
            timings: self.options.timings,
        };
        tasks.spawn("drift", |stop| drift.run(stop));
        self.enforcing.send_replace(true);
    }

    async fn join(&self) -> Result<(), JoinError> {
        let joining = Joining {
            spoke: &self.spoke,
            identity: &self.identity,
            surroundings: &self.surroundings,
            timings: self.options.timings,
        };
        joining.run(&self.options.command).await
    }

    fn follow_the_hub(&self, tasks: &mut Tasks, removed: Vec<Record>) {
        let (timings, surroundings) = (self.options.timings, &self.surroundings);
        let heartbeat = Heartbeat {
            link: self.link.clone(),
            identity: self.identity.clone(),
            spoke: self.spoke.clone(),
            facts: self.facts.subscribe(),
            state: self.state.clone(),
            metrics: self.metrics.clone(),
            surroundings: surroundings.clone(),
            timings,
        };
        tasks.spawn("heartbeat", |stop| heartbeat.run(stop));
        let sync = Sync {
            link: self.link.clone(),
            identity: self.identity.clone(),
            sets: self.sets.clone(),
            reports: self.reports.clone(),
            state: self.state.clone(),
            spoke: self.spoke.clone(),
            timings,
        };
        tasks.spawn("sync", |stop| sync.run(removed, stop));
        let reporter = Reporter { reports: self.reports.clone(), link: self.link.clone(), timings };
        tasks.spawn("reporter", |stop| reporter.run(stop));
        let renewal = Renewal {
            link: self.link.clone(),
            identity: self.identity.clone(),
            state: self.state.clone(),
            metrics: self.metrics.clone(),
            surroundings: surroundings.clone(),
            timings,
        };
        tasks.spawn("renewal", |stop| renewal.run(stop));
    }

    fn say_interrupted(&self) {
        let identity = self.identity.current();
        let Some(request) = identity.as_ref().and_then(|identity| identity.request.as_ref()) else { return };
        let text = if self.denied.load(Ordering::Relaxed) {
            "Stopped. The request to join was denied; ask anew with another join token."
        } else if request.answer.is_some() {
            "Stopped. The request stands; `bastide-agent run` goes on waiting for the decision, with the same key."
        } else {
            "Stopped. The hub has not taken a request yet; repeat the command to ask again, with the same key."
        };
        self.surroundings.console.say(text);
    }

    fn say_going_on(&self, error: &JoinError) {
        tracing::error!(%error, "not a member of the hub; what is recorded on this cluster stays enforced");
        self.surroundings.console.say(&format!(
            "Not a member of the hub: {error}.\nWhat is recorded on this cluster stays enforced; trying again later."
        ));
    }
}
