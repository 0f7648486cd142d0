//! FLEET-1: an agent that never got the answer to its request to join asks again; nobody else does with its token.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bastide_app::joining::{Ask, Asked, Standing, ask, standing};
use bastide_app::{App, PageRequest, Settings, clusters, hubs, identity};
use bastide_model::access::{Caller, Credential};
use bastide_model::cluster::{Availability, ClusterFacts};
use bastide_model::licence::Examination;
use bastide_model::limits::{CLUSTERS_REQUESTED_MAX, HEARTBEAT_GRACE_SECONDS};
use bastide_model::permission::PermissionSet;
use bastide_model::user::Password;
use bastide_model::{
    Clock, ClusterId, Error, Ids as _, RealmId, RequestId, SessionId, SystemClock, SystemIds, Timestamp,
};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;
use uuid::Uuid;

struct Hub {
    app: App,
    administrator: Caller,
    folder: TempDir,
}

/// A clock that stands still between two settings of it.
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl SetClock {
    fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

fn settings(folder: &TempDir) -> Settings {
    Settings {
        database: format!("sqlite:{}", folder.path().join("bastide.db").display()),
        public_url: "https://hub.example.org".to_owned(),
        agent_url: "https://localhost:8443".to_owned(),
        examine_licence: Arc::new(|_| Examination::Unreadable { problem: "none is read here".to_owned() }),
    }
}

impl Hub {
    async fn new() -> Self {
        Self::with(Arc::new(SystemClock)).await
    }

    async fn with(clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(settings(&folder), clock, Arc::new(SystemIds)).await.unwrap();
        let link = identity::setup_link_create(&app).await.unwrap().unwrap();
        let password = Password::new("/password", "correct horse battery".to_owned()).unwrap();
        let (email, name) = ("ada@example.org".parse().unwrap(), "Ada".parse().unwrap());
        let user = identity::setup_complete(&app, &link, email, name, password).await.unwrap();
        let administrator = Caller {
            user: user.id,
            realm: RealmId::PLATFORM,
            credential: Credential::Session(SessionId::fresh(&SystemIds)),
            ceiling: PermissionSet::ALL,
            address: "192.0.2.1".to_owned(),
            request: RequestId::fresh(&SystemIds),
        };
        Self { app, administrator, folder }
    }

    /// Ends it and starts it again after some time.
    async fn restarted(self, clock: &Arc<SetClock>, after: i64) -> Self {
        let Self { app, administrator, folder } = self;
        app.close().await;
        clock.pass(after);
        let app =
            App::open(settings(&folder), Arc::<SetClock>::clone(clock), Arc::new(SystemIds)).await.unwrap();
        Self { app, administrator, folder }
    }

    async fn beats(&self, cluster: ClusterId) {
        let facts = ClusterFacts::default();
        clusters::heartbeat(&self.app, cluster, true, facts, Vec::new()).await.unwrap();
    }

    async fn availability(&self, cluster: ClusterId) -> Availability {
        clusters::view(&self.app, &self.administrator, cluster).await.unwrap().availability.unwrap()
    }

    /// A cluster that has joined.
    async fn joined(&self, name: &str) -> ClusterId {
        let asked = self.asks(&Agent::new(), &self.token(name).await).await.unwrap();
        clusters::accept(&self.app, &self.administrator, asked.cluster, &asked.fingerprint).await.unwrap();
        asked.cluster
    }

    /// The secret of a new join token for a cluster of this name.
    async fn token(&self, cluster: &str) -> String {
        let hub = hubs::list(&self.app, &self.administrator).await.unwrap().remove(0).id;
        let name = cluster.parse().unwrap();
        hubs::join_token_create(&self.app, &self.administrator, hub, name, None).await.unwrap().secret
    }

    async fn asks(&self, agent: &Agent, token: &str) -> Result<Asked, Error> {
        ask(&self.app, agent.request(token)).await
    }

    async fn stands(&self, cluster: ClusterId, ticket: &str) -> Result<Standing, Error> {
        standing(&self.app, cluster, ticket).await
    }

    async fn clusters(&self) -> Vec<ClusterId> {
        let listed = clusters::list(&self.app, &self.administrator, &PageRequest::default()).await.unwrap();
        listed.items.into_iter().map(|details| details.cluster.id).collect()
    }
}

struct Agent {
    uid: Uuid,
    key: KeyPair,
}

impl Agent {
    fn new() -> Self {
        Self { uid: SystemIds.fresh(), key: KeyPair::generate().unwrap() }
    }

    /// A new signing request for its key each time, as after a restart.
    fn request(&self, token: &str) -> Ask {
        let request = CertificateParams::default().serialize_request(&self.key).unwrap();
        Ask {
            token: token.to_owned(),
            csr_pem: request.pem().unwrap(),
            uid: self.uid,
            facts: ClusterFacts { kubernetes_version: "v1.36.3".to_owned(), ..ClusterFacts::default() },
        }
    }
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.err().map_or("ok", |error| error.code())
}

#[tokio::test]
async fn fleet_1_an_agent_that_never_got_its_answer_asks_again_until_somebody_decides() {
    let hub = Hub::new().await;
    let (agent, token) = (Agent::new(), hub.token("eu-1").await);
    let lost = hub.asks(&agent, &token).await.unwrap();
    let again = hub.asks(&agent, &token).await.unwrap();
    assert_eq!((again.cluster, &again.fingerprint), (lost.cluster, &lost.fingerprint));
    assert_ne!(again.ticket, lost.ticket);
    assert_eq!(hub.clusters().await, [lost.cluster]);
    assert_eq!(code(hub.stands(lost.cluster, &lost.ticket).await), "not_found", "the new ticket replaces it");
    assert!(matches!(hub.stands(again.cluster, &again.ticket).await, Ok(Standing::Requested)));

    clusters::accept(&hub.app, &hub.administrator, again.cluster, &again.fingerprint).await.unwrap();
    assert_eq!(code(hub.asks(&agent, &token).await), "join_token_used", "it is decided");
    assert!(matches!(hub.stands(again.cluster, &again.ticket).await, Ok(Standing::Joined(_))));
    clusters::withdraw(&hub.app, &hub.administrator, again.cluster).await.unwrap();
    assert_eq!(code(hub.asks(&agent, &token).await), "join_token_used");

    let (agent, token) = (Agent::new(), hub.token("eu-2").await);
    let asked = hub.asks(&agent, &token).await.unwrap();
    clusters::deny(&hub.app, &hub.administrator, asked.cluster).await.unwrap();
    assert_eq!(code(hub.asks(&agent, &token).await), "join_token_used");
    assert!(matches!(hub.stands(asked.cluster, &asked.ticket).await, Ok(Standing::Denied)));
}

#[tokio::test]
async fn fleet_1_a_used_token_is_good_for_the_same_request_only() {
    let hub = Hub::new().await;
    let (agent, token) = (Agent::new(), hub.token("eu-1").await);
    let (other, its_token) = (Agent::new(), hub.token("eu-2").await);
    let asked = hub.asks(&agent, &token).await.unwrap();
    let of_other = hub.asks(&other, &its_token).await.unwrap();
    let another_key = Agent { uid: agent.uid, key: KeyPair::generate().unwrap() };
    let another_cluster = Agent { uid: SystemIds.fresh(), key: agent.key };
    for (who, with) in [(&another_key, &token), (&another_cluster, &token), (&other, &token)] {
        assert_eq!(code(hub.asks(who, with).await), "join_token_used", "{}", who.uid);
    }
    let agent = Agent { uid: agent.uid, key: another_cluster.key };
    assert_eq!(code(hub.asks(&agent, &its_token).await), "join_token_used", "a token for another name");
    // Nobody who was refused has changed anything.
    assert_eq!(hub.clusters().await.len(), 2);
    for asked in [asked, of_other] {
        assert!(matches!(hub.stands(asked.cluster, &asked.ticket).await, Ok(Standing::Requested)));
    }
}

/// The first request may still be on its way when the agent gives up waiting and repeats it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fleet_1_a_request_and_its_repetitions_at_the_same_time_are_one() {
    let hub = Hub::new().await;
    let (agent, token) = (Agent::new(), hub.token("eu-1").await);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (app, request) = (hub.app.clone(), agent.request(&token));
        asking.spawn(async move { ask(&app, request).await });
    }
    let asked: Vec<_> = asking.join_all().await.into_iter().map(Result::unwrap).collect();
    let [cluster] = hub.clusters().await[..] else { panic!("more than one cluster") };
    let mut good = 0;
    for one in asked {
        assert_eq!(one.cluster, cluster);
        match hub.stands(cluster, &one.ticket).await {
            Ok(Standing::Requested) => good += 1,
            other => assert_eq!(code(other), "not_found"),
        }
    }
    assert_eq!(good, 1, "the last ticket counts");
}

/// FLEET-1: strangers cannot fill the table; whoever was refused asks again with the same token when there is room.
#[tokio::test]
async fn fleet_1_only_so_many_requests_wait_at_one_time() {
    let hub = Hub::new().await;
    let mut waiting = Vec::new();
    for number in 0..CLUSTERS_REQUESTED_MAX {
        let token = hub.token(&format!("eu-{number}")).await;
        waiting.push(hub.asks(&Agent::new(), &token).await.unwrap().cluster);
    }
    let (late, token) = (Agent::new(), hub.token("late").await);
    assert_eq!(code(hub.asks(&late, &token).await), "limit_exceeded");
    clusters::deny(&hub.app, &hub.administrator, waiting[0]).await.unwrap();
    assert_eq!(code(hub.asks(&late, &token).await), "ok");
    let (later, token) = (Agent::new(), hub.token("later").await);
    assert_eq!(code(hub.asks(&later, &token).await), "limit_exceeded");
}

/// FLEET-1: a restart makes nobody unknown who was there before it, however long it takes, and nobody available who was not.
#[tokio::test]
async fn fleet_1_a_restart_neither_gives_up_a_cluster_nor_brings_one_back() {
    let clock = Arc::new(SetClock(AtomicI64::new(1_800_000_000_000)));
    let hub = Hub::with(Arc::<SetClock>::clone(&clock)).await;
    let (silent, alive) = (hub.joined("silent").await, hub.joined("alive").await);
    hub.beats(silent).await;
    clock.pass(HEARTBEAT_GRACE_SECONDS + 1);
    hub.beats(alive).await;
    assert_eq!(hub.availability(silent).await, Availability::Unknown);

    let hub = hub.restarted(&clock, 3600).await;
    assert_eq!(hub.availability(silent).await, Availability::Unknown, "it was given up before");
    assert_eq!(hub.availability(alive).await, Availability::Available, "it has the grace to come back");
    clock.pass(HEARTBEAT_GRACE_SECONDS + 1);
    assert_eq!(hub.availability(alive).await, Availability::Unknown, "it did not");
    hub.beats(silent).await;
    assert_eq!(hub.availability(silent).await, Availability::Available);

    // Also where nobody else was heard: that the hub was there is remembered when it ends.
    clock.pass(HEARTBEAT_GRACE_SECONDS + 1);
    let hub = hub.restarted(&clock, 1).await;
    assert_eq!(hub.availability(silent).await, Availability::Unknown);
}
