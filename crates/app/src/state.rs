//! What every use case works with: the store, the graph over it, the clock, and how a commit becomes known.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bastide_authz::{Action, Bounded, Bounds, Change, Controller, Graph, Permit, Unbounded};
use bastide_model::access::Caller;
use bastide_model::cluster::HubPresence;
use bastide_model::licence::Examination;
use bastide_model::{AuditId, Clock, ClusterId, Error, Ids, Result, Timestamp};
use bastide_store::{Committed, Installation, Store, Tx};
use tokio::sync::watch;

use crate::authority::Authority;
use crate::generations::Generations;
use crate::passwords::Passwords;
use crate::settings::Settings;

/// The latest time that was ever seen: a clock that is set back, while the hub runs or between two starts, does not bring
/// back what has ended (FLEET-3).
struct LatestSeen(AtomicI64);

impl LatestSeen {
    fn new(time: Timestamp) -> Self {
        Self(AtomicI64::new(time.as_millis()))
    }

    /// The later one of a time and the latest before it.
    fn take_in(&self, time: Timestamp) -> Timestamp {
        let before = self.0.fetch_max(time.as_millis(), Ordering::Relaxed);
        Timestamp::from_millis(before.max(time.as_millis()))
    }
}

/// The use cases' state. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    graph: RwLock<Graph>,
    revision: watch::Sender<i64>,
    generations: Generations,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    settings: Settings,
    installation: Installation,
    latest_seen: LatestSeen,
    authority: watch::Sender<Arc<Authority>>,
    passwords: Passwords,
    presence: HubPresence,
    revoked: watch::Sender<Arc<BTreeSet<String>>>,
    examinations: Mutex<HashMap<String, Examination>>,
}

impl App {
    /// Opens the store, prepares a new installation, and builds the graph.
    ///
    /// # Errors
    /// Those of the store; [`Error::Invalid`] for an address that is none.
    pub async fn open(settings: Settings, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Result<Self> {
        let store = Store::open(&settings.database).await?;
        let now = clock.now();
        let mut tx = store.write(&Bounds::Everything).await?;
        tx.installation_prepare(&*ids, now).await?;
        tx.commit().await?;
        let authority = Authority::load(&store, &settings, &*ids, now).await?;
        let mut tx = store.write(&Bounds::Everything).await?;
        let here_until = here_until(&mut tx).await?;
        tx.latest_seen_advance(now).await?;
        let (installation, graph) = (tx.installation().await?, tx.graph().await?);
        tx.commit().await?;
        let (revision, _) = watch::channel(graph.revision());
        let inner = Inner {
            store,
            graph: RwLock::new(graph),
            revision,
            generations: Generations::default(),
            clock,
            ids,
            settings,
            installation,
            latest_seen: LatestSeen::new(installation.latest_seen),
            authority: watch::Sender::new(Arc::new(authority)),
            passwords: Passwords::default(),
            presence: HubPresence { here_until, started_at: now },
            revoked: watch::Sender::default(),
            examinations: Mutex::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// A transaction that reads, no further than what a permit, a caller or a listing says (HIER-2).
    ///
    /// # Errors
    /// Those of [`Store::read`].
    pub async fn read(&self, within: &impl Bounded) -> Result<Tx> {
        let bounds = self.graph(|graph| within.bounds(graph));
        self.inner.store.read(&bounds).await
    }

    /// A transaction that writes, no further than that.
    ///
    /// # Errors
    /// Those of [`Store::write`].
    pub async fn write(&self, within: &impl Bounded) -> Result<Tx> {
        let bounds = self.graph(|graph| within.bounds(graph));
        self.inner.store.write(&bounds).await
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    /// The present time.
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// The source of new ids.
    pub fn ids(&self) -> &dyn Ids {
        &*self.inner.ids
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Since when this process hears clusters, and until when it or another did before.
    pub(crate) fn presence(&self) -> HubPresence {
        self.inner.presence
    }

    /// The installation as it was at the start.
    pub fn installation(&self) -> Installation {
        self.inner.installation
    }

    /// The hub's own authority for agents.
    pub fn authority(&self) -> Arc<Authority> {
        self.inner.authority.borrow().clone()
    }

    /// The same, as it changes.
    pub fn authorities(&self) -> watch::Receiver<Arc<Authority>> {
        self.inner.authority.subscribe()
    }

    pub(crate) fn exchange_authority(&self, authority: Authority) {
        self.inner.authority.send_if_modified(|known| {
            let differs = **known != authority;
            if differs {
                *known = Arc::new(authority);
            }
            differs
        });
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// Id and time of an audit record that is about to be written.
    pub(crate) fn audit(&self) -> (AuditId, Timestamp) {
        (AuditId::fresh(self.ids()), self.now())
    }

    /// Looks at the graph. Nothing may wait while it does.
    pub fn graph<T>(&self, look: impl FnOnce(&Graph) -> T) -> T {
        look(&self.inner.graph.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// May the caller do `A` to the target?
    ///
    /// # Errors
    /// Those of [`Graph::authorize`].
    pub fn authorize<A: Action>(&self, caller: &Caller, target: A::Target) -> Result<Permit<A>> {
        let now = self.now();
        self.graph(|graph| graph.authorize(caller, target, now))
    }

    pub(crate) fn authorize_controller<A: Action>(
        &self,
        who: Controller,
        target: A::Target,
    ) -> Result<Permit<A>> {
        self.graph(|graph| graph.authorize_controller(who, target))
    }

    pub(crate) fn authorize_agent<A: Action<Target = ClusterId>>(
        &self,
        agent: ClusterId,
    ) -> Result<Permit<A>> {
        self.graph(|graph| graph.authorize_agent(agent, agent))
    }

    /// Brings the graph to the revision that a commit made, and wakes who waits for it. Returns that revision, or the
    /// present one when nothing was written.
    ///
    /// # Errors
    /// Those of the database, when another replica's changes have to be read first.
    pub(crate) async fn publish(&self, committed: Committed) -> Result<i64> {
        let Some(revision) = committed.revision else { return Ok(*self.inner.revision.borrow()) };
        let in_order = {
            let mut graph = self.inner.graph.write().unwrap_or_else(PoisonError::into_inner);
            let in_order = graph.revision() + 1 == revision;
            if in_order {
                graph.advance(revision, committed.changes);
            }
            in_order
        };
        if in_order {
            self.announce(revision);
        } else {
            self.follow().await?;
        }
        Ok(revision)
    }

    /// Reads what other replicas changed and takes it in.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn follow(&self) -> Result<()> {
        let known = self.graph(Graph::revision);
        let mut tx = self.read(&Unbounded::Itself).await?;
        let (reached, changes) = tx.changes_after(known).await?;
        self.take_in(known, reached, changes);
        Ok(())
    }

    /// The same within a transaction that holds something: what others have committed before it could hold that is in the
    /// graph afterwards.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn follow_in(&self, tx: &mut Tx) -> Result<()> {
        let known = self.graph(Graph::revision);
        let (reached, changes) = tx.changes_after(known).await?;
        self.take_in(known, reached, changes);
        Ok(())
    }

    fn take_in(&self, known: i64, reached: i64, changes: Vec<Change>) {
        if reached == known {
            return;
        }
        {
            let mut graph = self.inner.graph.write().unwrap_or_else(PoisonError::into_inner);
            if graph.revision() < reached {
                graph.advance(reached, changes);
            }
        }
        self.announce(reached);
    }

    fn announce(&self, revision: i64) {
        self.inner.revision.send_if_modified(|known| {
            let newer = revision > *known;
            *known = revision.max(*known);
            newer
        });
    }

    /// Waits until the graph has reached a revision that a caller has seen elsewhere; refuses instead of answering from
    /// an older one.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the revision is not in the store either.
    pub async fn reach(&self, revision: i64) -> Result<()> {
        if self.graph(Graph::revision) < revision {
            self.follow().await?;
        }
        let known = self.graph(Graph::revision);
        if known < revision {
            return Err(Error::Unavailable {
                detail: format!("revision {revision} is asked for, {known} is known"),
            });
        }
        Ok(())
    }

    pub(crate) fn generations(&self) -> &Generations {
        &self.inner.generations
    }

    /// Revisions as they are reached; controllers wait on it.
    pub fn revisions(&self) -> watch::Receiver<i64> {
        self.inner.revision.subscribe()
    }

    /// Serial numbers (lower-case hex) of agents' certificates that were revoked and have not ended, as they change.
    pub fn revocations(&self) -> watch::Receiver<Arc<BTreeSet<String>>> {
        self.inner.revoked.subscribe()
    }

    pub(crate) fn revoke(&self, revoked: BTreeSet<String>) {
        self.inner.revoked.send_if_modified(|known| {
            let differs = **known != revoked;
            if differs {
                *known = Arc::new(revoked);
            }
            differs
        });
    }

    /// The latest time that this installation has seen: a clock set back does not go behind it by more than a sweep.
    pub(crate) fn latest_seen(&self) -> Timestamp {
        self.inner.latest_seen.take_in(self.now())
    }

    /// What a licence says; each text is read once.
    pub(crate) fn examine(&self, pem: &str) -> Examination {
        const KEPT_MAX: usize = 4_096;
        let mut known = self.inner.examinations.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(examination) = known.get(pem) {
            return examination.clone();
        }
        let examination = (self.settings().examine_licence)(pem);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(pem.to_owned(), examination.clone());
        examination
    }

    /// Whether the database answers and the graph is not behind it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ready(&self) -> Result<()> {
        self.follow().await
    }

    /// Whether the database is PostgreSQL and does not hold transactions to their bounds, because of the role that the hub
    /// signs in as (HIER-2).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ignores_bounds(&self) -> Result<bool> {
        self.inner.store.ignores_bounds().await
    }

    /// Remembers until when the hub was there, as far as the database lets it, and closes the store.
    pub async fn close(&self) {
        let remembered = async {
            let mut tx = self.write(&Unbounded::Itself).await?;
            tx.latest_seen_advance(self.latest_seen()).await?;
            tx.commit().await
        };
        if let Err(error) = remembered.await {
            tracing::warn!(%error, "until when the hub was there is not remembered");
        }
        self.inner.store.close().await;
    }
}

/// Until when some process of the hub is known to have been there: it swept, or it heard of a cluster.
async fn here_until(tx: &mut Tx) -> Result<Timestamp> {
    let seen = tx.installation().await?.latest_seen;
    let heard = tx.clusters().await?.into_iter().filter_map(|cluster| cluster.heartbeat).map(|beat| beat.at);
    Ok(heard.fold(seen, Timestamp::max))
}

/// HIER-6: what is found by its id alone, and is not seen without a permission, does not exist for who lacks it.
pub(crate) fn unseen(error: Error) -> Error {
    match error {
        Error::Forbidden { .. } => Error::NotFound,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FLEET-3: the highest time counts, also when the clock is set back while the hub runs.
    #[test]
    fn fleet_3_time_does_not_go_back() {
        let seen = LatestSeen::new(Timestamp::from_millis(5));
        let times = [3, 7, 6, 9].map(|time| seen.take_in(Timestamp::from_millis(time)).as_millis());
        assert_eq!(times, [5, 7, 7, 9]);
    }
}
