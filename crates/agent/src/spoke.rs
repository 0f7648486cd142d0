//! The agent's own cluster: the connection to its API server, and what can be said of the cluster as a whole.

use std::time::Duration;

use bastide_kube::capabilities;
use bastide_kube::network_plugin::NetworkPlugin;
use bastide_model::cluster::ClusterFacts;
use k8s_openapi::api::core::v1::{Namespace, Node};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use uuid::Uuid;

use crate::config::SpokeOptions;
use crate::hub::chain;

/// How long the API server may take to say that it is ready.
const READY_LIMIT: Duration = Duration::from_secs(5);
/// How long the API server may be silent on a connection. On a watch, something comes at least once a minute.
const READ_LIMIT: Duration = Duration::from_secs(295);
/// Nodes that are read with one request.
const NODES_PER_PAGE: u32 = 500;

/// Why the cluster cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum SpokeError {
    /// There is no way to the cluster in the kubeconfig, nor by a pod's service account.
    #[error("no way to the cluster: {0}; name a file with --kubeconfig, or run in a pod of the cluster")]
    NoWay(String),
    /// The cluster's API server does not do it.
    #[error("the cluster's API server: {0}")]
    Cluster(#[from] kube::Error),
    /// What is recorded on the cluster cannot be read.
    #[error(transparent)]
    Records(#[from] bastide_kube::Error),
    /// `kube-system` has no uid: this is not a Kubernetes API server.
    #[error("the namespace kube-system has no uid")]
    NoUid,
}

impl SpokeError {
    /// Whether the API server may do it later without anybody doing anything.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Cluster(error) | Self::Records(bastide_kube::Error::Api { source: error, .. }) => {
                match error {
                    kube::Error::Api(status) => status.code >= 500 || status.code == 429,
                    error => matches!(error, kube::Error::HyperError(_) | kube::Error::Service(_)),
                }
            }
            Self::NoWay(_) | Self::NoUid | Self::Records(_) => false,
        }
    }
}

/// What the cluster is and can do.
pub(crate) struct Survey {
    /// Version, nodes, capabilities.
    pub(crate) facts: ClusterFacts,
    /// Its network.
    pub(crate) network: NetworkPlugin,
}

/// The agent's own cluster.
#[derive(Clone)]
pub(crate) struct Spoke {
    client: Client,
}

impl Spoke {
    /// A client for the cluster that is meant. Connects nowhere yet.
    pub(crate) async fn connect(options: &SpokeOptions) -> Result<Self, SpokeError> {
        let mut config = configuration(options).await?;
        config.read_timeout = Some(READ_LIMIT);
        let client = Client::try_from(config).map_err(|error| SpokeError::NoWay(chain(&error)))?;
        Ok(Self { client })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// What the cluster is, whatever it is called: the uid of `kube-system` (FLEET-1).
    pub(crate) async fn uid(&self) -> Result<Uuid, SpokeError> {
        let namespace = Api::<Namespace>::all(self.client.clone()).get_metadata("kube-system").await?;
        let uid = namespace.metadata.uid.ok_or(SpokeError::NoUid)?;
        uid.parse().map_err(|_| SpokeError::NoUid)
    }

    /// Whether the API server says that it is ready, just now.
    pub(crate) async fn is_ready(&self) -> bool {
        let Ok(request) = http::Request::get("/readyz").body(Vec::new()) else { return false };
        let answer = tokio::time::timeout(READY_LIMIT, self.client.request_text(request)).await;
        matches!(answer, Ok(Ok(_)))
    }

    /// Looks at the cluster as a whole.
    pub(crate) async fn survey(&self) -> Result<Survey, SpokeError> {
        let kubernetes_version = self.client.apiserver_version().await?.git_version;
        let (nodes, nodes_ready) = self.count_nodes().await?;
        let network = capabilities::network_plugin(&self.client, &kubernetes_version).await?;
        let facts = ClusterFacts {
            // Whom the agent believes is told with each sign of life.
            authorities: Vec::new(),
            kubernetes_version,
            agent_version: env!("CARGO_PKG_VERSION").to_owned(),
            nodes,
            nodes_ready,
            capabilities: capabilities::discover(&self.client).await?,
            network_plugin: network.name.clone(),
        };
        Ok(Survey { facts, network })
    }

    /// All nodes, and those that are ready.
    async fn count_nodes(&self) -> Result<(u32, u32), SpokeError> {
        let api: Api<Node> = Api::all(self.client.clone());
        let mut page = ListParams::default().limit(NODES_PER_PAGE);
        let (mut all, mut ready) = (0, 0);
        loop {
            let nodes = api.list(&page).await?;
            all += nodes.iter().count();
            ready += nodes.iter().filter(|node| is_node_ready(node)).count();
            match nodes.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => break,
            }
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Ok((number(all), number(ready)))
    }
}

fn is_node_ready(node: &Node) -> bool {
    let mut conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// A named kubeconfig, else those in `KUBECONFIG`, else the pod's service account, else the one in the home folder.
async fn configuration(options: &SpokeOptions) -> Result<Config, SpokeError> {
    let no_way = |error: &(dyn std::error::Error + 'static)| SpokeError::NoWay(chain(error));
    let kubeconfig = match &options.kubeconfig {
        Some(path) => Some(Kubeconfig::read_from(path).map_err(|error| no_way(&error))?),
        None => Kubeconfig::from_env().map_err(|error| no_way(&error))?,
    };
    if kubeconfig.is_none()
        && options.context.is_none()
        && let Ok(config) = Config::incluster()
    {
        return Ok(config);
    }
    let kubeconfig = match kubeconfig {
        Some(kubeconfig) => kubeconfig,
        None => Kubeconfig::read().map_err(|error| no_way(&error))?,
    };
    let which = KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &which).await.map_err(|error| no_way(&error))
}
