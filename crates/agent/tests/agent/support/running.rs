//! The agent as a library in this process, and what a test does with it and with its cluster.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bastide_agent::{
    Bounds, Command, Console, DEFAULT_NAMESPACE, Error, Hidden, IDENTITY_SECRET, JoinOptions, Options,
    Random, SpokeOptions, Surroundings, Timings,
};
use bastide_api::agent as wire;
use bastide_kube::contest::Pace;
use bastide_model::{OrganizationId, RealmId, SystemClock, SystemIds};
use bastide_testkit::control_plane::{self, ControlPlane};
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::hub::{Decision, Hub, TOKEN};
use super::until;

/// A cluster without controllers, which takes a second to start.
pub(crate) async fn cluster(name: &str) -> ControlPlane {
    ControlPlane::start(control_plane::Options::new(name)).await.unwrap()
}

/// Short times, but looks at what nobody has touched so rarely that they cannot be what a test sees.
pub(crate) fn timings() -> Timings {
    let millis = Duration::from_millis;
    Timings {
        hub_retry: Bounds { min: millis(20), max: millis(500) },
        join_poll: Bounds { min: millis(20), max: millis(200) },
        refused_retry: millis(200),
        full_pass: Duration::from_hours(1),
        drift_pause: millis(20),
        set_retry: Bounds { min: millis(50), max: millis(500) },
        set_pending: Bounds { min: Duration::from_hours(1), max: Duration::from_hours(1) },
        contest: Pace { at_once: 3, rest_min: millis(300), rest_max: millis(1200), calm: millis(500) },
        facts: millis(300),
        report_pause: millis(20),
        ..Timings::default()
    }
}

/// Chance that always says the same, so that a renewal is due at the first moment.
struct Least;

impl Random for Least {
    fn unit(&self) -> f64 {
        0.0
    }
}

/// Where the agent speaks to people, kept for the test.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Said {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// A running agent. Dropping it is a crash: nothing of it runs on.
pub(crate) struct Agent {
    pub(crate) said: Said,
    shutdown: CancellationToken,
    running: Option<JoinHandle<Result<(), Error>>>,
}

impl Agent {
    pub(crate) fn start(plane: &ControlPlane, command: Command) -> Self {
        Self::start_with(plane, command, |_| {})
    }

    /// The same with changed options.
    pub(crate) fn start_with(
        plane: &ControlPlane,
        command: Command,
        change: impl FnOnce(&mut Options),
    ) -> Self {
        let mut options = Options {
            command,
            spoke: SpokeOptions {
                kubeconfig: Some(plane.kubeconfig_path()),
                context: None,
                namespace: DEFAULT_NAMESPACE.to_owned(),
            },
            health_listen: None,
            in_pod: false,
            timings: timings(),
        };
        change(&mut options);
        let said = Said::default();
        let surroundings = Surroundings {
            clock: Arc::new(SystemClock),
            random: Arc::new(Least),
            console: Console::new(said.clone()),
        };
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(bastide_agent::run(options, surroundings, shutdown.clone()));
        Self { said, shutdown, running: Some(running) }
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(mut self) -> Result<(), Error> {
        self.running.take().unwrap().await.unwrap()
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        self.running.take().unwrap().await.unwrap().unwrap();
    }

    /// Cuts it off at whatever it does.
    pub(crate) async fn crash(mut self) {
        let running = self.running.take().unwrap();
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
        }
    }
}

/// `join` with a token.
pub(crate) fn join_options(hub: &Hub, token: &str) -> JoinOptions {
    JoinOptions {
        hub: hub.url(),
        token: Some(Hidden::new(token)),
        hub_ca_sha256: hub.pin(),
        once: false,
        replace: false,
    }
}

/// `join` with a token.
pub(crate) fn join(hub: &Hub, token: &str) -> Command {
    Command::Join(join_options(hub, token))
}

/// An agent that has joined and follows its hub.
pub(crate) async fn joined(plane: &ControlPlane, hub: &Hub) -> Agent {
    let agent = Agent::start(plane, join(hub, TOKEN));
    hub.request().await;
    hub.decide(Decision::Accepted);
    hub.beat("a sign of life", |_| true).await;
    agent
}

/// What the agent has stored of its identity.
pub(crate) async fn stored(plane: &ControlPlane) -> Value {
    let api: Api<Secret> = Api::namespaced(plane.client().await.unwrap(), DEFAULT_NAMESPACE);
    let secret = api.get_opt(IDENTITY_SECRET).await.unwrap();
    let data = secret.and_then(|secret| secret.data).unwrap_or_default();
    data.get("identity.json").map_or(Value::Null, |json| serde_json::from_slice(&json.0).unwrap())
}

/// Stores an identity on the cluster, as somebody else would.
pub(crate) async fn store(plane: &ControlPlane, identity: &Value) {
    let patch = serde_json::json!({ "stringData": { "identity.json": identity.to_string() } }).to_string();
    let arguments = ["patch", "secret", IDENTITY_SECRET, "--namespace=bastide-system", "--patch", &patch];
    plane.kubectl(&arguments).await.unwrap();
}

/// Lets the credential that is stored on the cluster have ended, and nothing else be different.
pub(crate) async fn expire(plane: &ControlPlane) {
    let mut identity = stored(plane).await;
    identity["credential"]["not_after"] = serde_json::json!(1);
    store(plane, &identity).await;
}

/// An organization as a hub wants it.
pub(crate) fn organization(slug: &str) -> (OrganizationId, wire::Content) {
    let content = wire::Content {
        realm: RealmId::PLATFORM.to_string(),
        slug: slug.to_owned(),
        name: "Acme Corporation".to_owned(),
        namespace_base: slug.to_owned(),
        annotations: [("example.org/cost-centre".to_owned(), "1".to_owned())].into(),
        isolation: "shared".to_owned(),
        cpu_millis: 4000,
        memory_mib: 4096,
        storage_gib: 10,
        pods: 20,
        services: 5,
        node_pool: None,
        gateway: None,
        released: false,
        shared_gateway: None,
        host_names: Vec::new(),
    };
    (OrganizationId::fresh(&SystemIds), content)
}

/// A look at the cluster.
pub(crate) struct Cluster {
    namespaces: Api<Namespace>,
    client: kube::Client,
}

impl Cluster {
    pub(crate) async fn of(plane: &ControlPlane) -> Self {
        let client = plane.client().await.unwrap();
        Self { namespaces: Api::all(client.clone()), client }
    }

    pub(crate) async fn namespace(&self, name: &str) -> Option<Namespace> {
        self.namespaces.get_opt(name).await.unwrap()
    }

    pub(crate) fn policies(&self, namespace: &str) -> Api<NetworkPolicy> {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// The names of the network policies there, in order.
    pub(crate) async fn policy_names(&self, namespace: &str) -> Vec<String> {
        let found = self.policies(namespace).list_metadata(&ListParams::default()).await.unwrap();
        let mut names: Vec<_> = found.into_iter().filter_map(|policy| policy.metadata.name).collect();
        names.sort();
        names
    }

    /// An annotation of a namespace.
    pub(crate) async fn annotation(&self, namespace: &str, key: &str) -> Option<String> {
        self.namespace(namespace).await?.metadata.annotations?.get(key).cloned()
    }

    /// Deletes a network policy and waits until it is back as another object.
    pub(crate) async fn delete_and_await_repair(&self, namespace: &str) {
        let api = self.policies(namespace);
        let name = self.policy_names(namespace).await.first().cloned().unwrap();
        let before = api.get_metadata(&name).await.unwrap().metadata.uid;
        api.delete(&name, &kube::api::DeleteParams::default()).await.unwrap();
        until("the deleted policy to be back", async || {
            let now = api.get_metadata_opt(&name).await.unwrap();
            now.is_some_and(|policy| policy.metadata.uid != before)
        })
        .await;
    }
}
