//! From a configuration to a hub that runs, as a list of named steps, and back to nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use bastide_app::authority::HubCertificate;
use bastide_app::{App, clusters, identity};
use bastide_model::{SystemClock, SystemIds};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use url::Url;

use crate::agent_listener::{self, AgentVerifier, HubIdentity};
use crate::config::Configuration;
use crate::http::hub::{Hub, WebSettings};
use crate::http::{agent, registry, routes};
use crate::listener::Listener;
use crate::metrics::Metrics;
use crate::tasks::Tasks;
use crate::{controllers, licences, tls};

/// Most connections of people and programs at one time.
const PUBLIC_CONNECTIONS: usize = 8_192;
/// Most connections of agents at one time.
const AGENT_CONNECTIONS: usize = 16_384;

/// A hub that runs.
pub struct Running {
    /// Where people and programs are served.
    pub public_addr: SocketAddr,
    /// How browsers reach that.
    pub public_url: Url,
    /// Where agents are served.
    pub agent_addr: SocketAddr,
    /// The one-time link that makes the first site administrator, when there is none yet.
    pub setup_link: Option<String>,
    app: App,
    tasks: Tasks,
    shutdown: Duration,
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Running({}, {})", self.public_addr, self.agent_addr)
    }
}

impl Running {
    /// The use cases, for whoever runs a hub inside another program.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Waits until a part of the hub ended that should have lasted, and names it.
    pub async fn failed(&self) -> &'static str {
        self.tasks.failed().await
    }

    /// Ends the hub: accepts nothing new, answers what is under way, stops the controllers, closes the store. True when
    /// everything ended in time.
    pub async fn stop(self) -> bool {
        let in_time = self.tasks.shut_down(self.shutdown).await;
        self.app.close().await;
        tracing::info!(in_time, "stopped");
        in_time
    }
}

/// Reads the files that a configuration names, without starting anything.
///
/// # Errors
/// The key whose file cannot be used, and why.
pub fn check(configuration: &Configuration) -> anyhow::Result<()> {
    licences::examiner(configuration).map(|_| ())
}

/// Tells an installation that does not run that its database was restored from a backup. The epoch from now on.
///
/// # Errors
/// Why the database cannot be used.
pub async fn restored(configuration: &Configuration) -> anyhow::Result<i64> {
    let restored = Box::pin(bastide_app::restored(&configuration.database, &SystemClock));
    step("raise the epoch of the installation", async { Ok(restored.await?) }).await
}

/// Starts a hub. When a step fails, what was begun is ended again.
///
/// # Errors
/// The step that failed, and why.
pub async fn start(configuration: Configuration) -> anyhow::Result<Running> {
    let tasks = Tasks::new();
    let started = Box::pin(steps(configuration, &tasks)).await;
    if started.is_err() {
        tasks.shut_down(Duration::ZERO).await;
    }
    started
}

async fn steps(configuration: Configuration, tasks: &Tasks) -> anyhow::Result<Running> {
    let sockets = step("bind the listeners", Sockets::bind(&configuration)).await?;
    let examine = step("read the licence authorities", async { licences::examiner(&configuration) }).await?;
    let settings = bastide_app::Settings {
        database: configuration.database.clone(),
        public_url: without_slash(&sockets.public_url),
        agent_url: without_slash(&sockets.agent_url),
        examine_licence: examine,
    };
    let opening = Box::pin(App::open(settings, Arc::new(SystemClock), Arc::new(SystemIds)));
    let app = step("open the database and load the graph", async { Ok(opening.await?) }).await?;
    let hub = Hub {
        app: app.clone(),
        tasks: tasks.clone(),
        metrics: Metrics::new(),
        settings: Arc::new(WebSettings {
            public_url: sockets.public_url.clone(),
            trusted_proxies: configuration.trusted_proxies.clone(),
            agent_image: configuration.agent_image.clone(),
            help_url: configuration.help_url.to_string(),
        }),
    };
    warn_of_cookies(&sockets.public_url);
    step("look at the database's role", warn_of_role(&app)).await?;
    let public = step("prepare the public listener", async { public_router(&hub) }).await?;
    let agents = step("prepare the listener for agents", async { agent_door(&hub) }).await?;
    let follow = async { Ok(clusters::follow_revocations(&app).await?) };
    step("read which certificates were revoked", follow).await?;
    controllers::start(&app, tasks, &hub.metrics);
    let setup_link = step("look for a site administrator", setup_link(&hub)).await?;
    let (public_addr, agent_addr) = (sockets.public_addr, sockets.agent_addr);
    let public_url = sockets.public_url.clone();
    sockets.serve(tasks, public, agents);
    let shutdown = configuration.shutdown;
    Ok(Running { public_addr, public_url, agent_addr, setup_link, app, tasks: tasks.clone(), shutdown })
}

/// Does one step of the start, and says how long it took.
async fn step<T>(name: &'static str, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let began = Instant::now();
    let done = work.await.with_context(|| format!("could not {name}"))?;
    tracing::info!(step = name, took = ?began.elapsed(), "started");
    Ok(done)
}

/// What will be listened on. It is bound before anything else, so that ports that were left to the system are known.
struct Sockets {
    public: TcpListener,
    public_addr: SocketAddr,
    public_url: Url,
    public_tls: Option<TlsAcceptor>,
    agents: TcpListener,
    agent_addr: SocketAddr,
    agent_url: Url,
}

/// What agents are served, over which TLS.
struct AgentDoor {
    router: Router,
    tls: TlsAcceptor,
    revoked: watch::Receiver<Arc<BTreeSet<String>>>,
}

impl Sockets {
    async fn bind(configuration: &Configuration) -> anyhow::Result<Self> {
        let public_tls = configuration.tls.as_ref().map(tls::public).transpose()?.map(TlsAcceptor::from);
        let (public, public_addr) = bind("listen", configuration.listen).await?;
        let (agents, agent_addr) = bind("agent_listen", configuration.agent_listen).await?;
        let scheme = if public_tls.is_some() { "https" } else { "http" };
        let local = |scheme: &str, port: u16| Url::parse(&format!("{scheme}://localhost:{port}"));
        let public_url =
            configuration.public_url.clone().map_or_else(|| local(scheme, public_addr.port()), Ok)?;
        let agent_url =
            configuration.agent_url.clone().map_or_else(|| local("https", agent_addr.port()), Ok)?;
        Ok(Self { public, public_addr, public_url, public_tls, agents, agent_addr, agent_url })
    }

    fn serve(self, tasks: &Tasks, public: Router, agents: AgentDoor) {
        let public = Listener {
            name: "public",
            socket: self.public,
            tls: self.public_tls,
            router: public,
            connections: PUBLIC_CONNECTIONS,
            // People show no certificates.
            revoked: watch::channel(Arc::default()).1,
        };
        let agents = Listener {
            name: "agents",
            socket: self.agents,
            tls: Some(agents.tls),
            router: agents.router,
            connections: AGENT_CONNECTIONS,
            revoked: agents.revoked,
        };
        let (for_public, for_agents) = (tasks.clone(), tasks.clone());
        tasks.background("public listener", |_| public.serve(for_public));
        tasks.background("listener for agents", |_| agents.serve(for_agents));
    }
}

async fn bind(key: &str, address: SocketAddr) -> anyhow::Result<(TcpListener, SocketAddr)> {
    let socket = TcpListener::bind(address).await.with_context(|| format!("{key}: {address} is not free"))?;
    let bound = socket.local_addr()?;
    Ok((socket, bound))
}

/// Browsers keep the session's cookie only over TLS, or when the hub is on their own machine.
fn warn_of_cookies(public_url: &Url) {
    let own_machine = match public_url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if public_url.scheme() == "http" && !own_machine {
        tracing::warn!(%public_url, "public_url has no TLS: browsers elsewhere cannot stay signed in");
    }
}

/// The second lock under HIER-2 is open for a superuser.
async fn warn_of_role(app: &App) -> anyhow::Result<()> {
    if app.ignores_bounds().await? {
        tracing::warn!(
            "the hub signs in to PostgreSQL as a superuser or a role with BYPASSRLS: row-level security, the second lock \
             between organizations, does not hold; give it an ordinary role (docs/operations.md)"
        );
    }
    Ok(())
}

fn without_slash(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

fn public_router(hub: &Hub) -> anyhow::Result<Router> {
    registry::router(hub, routes::operations()).map_err(|faults| anyhow::anyhow!(faults.join("\n")))
}

fn agent_door(hub: &Hub) -> anyhow::Result<AgentDoor> {
    let router =
        registry::router(hub, agent::operations()).map_err(|faults| anyhow::anyhow!(faults.join("\n")))?;
    let authority = hub.app.authority();
    let HubCertificate { chain_pem, key_pem, renew_after } = authority.hub_certificate(hub.app.now())?;
    let identity = HubIdentity::new(&chain_pem, &key_pem)?;
    let revoked = hub.app.revocations();
    let verifier = AgentVerifier::new(&authority.bundle_pem(), revoked.clone())?;
    let tls = agent_listener::server_config(Arc::clone(&identity), Arc::clone(&verifier))?;
    let (app, mut authorities) = (hub.app.clone(), hub.app.authorities());
    hub.tasks.background("certificate of the hub", move |stop| async move {
        let mut renew_after = renew_after;
        loop {
            let changed = tokio::select! {
                () = stop.cancelled() => return,
                changed = authorities.changed() => changed.is_ok(),
                () = tokio::time::sleep(agent_listener::LOOK) => false,
            };
            if changed || app.now() >= renew_after {
                match exchange(&app, &identity, &verifier) {
                    Ok(next) => renew_after = next,
                    Err(error) => tracing::error!(%error, "the hub's certificate could not be made anew"),
                }
            }
        }
    });
    Ok(AgentDoor { router, tls: TlsAcceptor::from(tls), revoked })
}

/// Believes the present authorities, and shows a fresh certificate of the one that signs.
fn exchange(
    app: &App,
    identity: &HubIdentity,
    verifier: &AgentVerifier,
) -> anyhow::Result<bastide_model::Timestamp> {
    let authority = app.authority();
    verifier.exchange(&authority.bundle_pem())?;
    let fresh = authority.hub_certificate(app.now())?;
    identity.exchange(&fresh.chain_pem, &fresh.key_pem)?;
    Ok(fresh.renew_after)
}

async fn setup_link(hub: &Hub) -> anyhow::Result<Option<String>> {
    let secret = identity::setup_link_create(&hub.app).await?;
    Ok(secret.map(|secret| hub.settings.link(&format!("/setup?token={secret}"))))
}
