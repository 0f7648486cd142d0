//! A spoke: a real control plane with simulated nodes in two pools, and the real agent beside it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_api::client::Client;
use bastide_api::clusters::{AcceptCluster, NewJoinToken, UploadLicence};

use crate::control_plane::{ControlPlane, NodeSpec, Options};
use crate::gateways::GatewayController;
use crate::hub::Hub;
use crate::process::{Ending, Process};
use crate::programs::program;
use crate::wait;

/// How long a spoke may take to become available.
const AVAILABLE_LIMIT: Duration = Duration::from_mins(2);
/// How long the agent may take to ask.
const ASK_LIMIT: Duration = Duration::from_secs(30);

/// A running spoke. Dropping it kills every part of it.
#[derive(Debug)]
pub struct Spoke {
    plane: ControlPlane,
    agent: Option<Process>,
    _gateways: GatewayController,
}

impl Spoke {
    /// Starts a control plane with two nodes in the pool `general` and two in the pool `gold`, which has a taint, and the
    /// kinds of the Gateway API.
    ///
    /// # Errors
    /// When it does not come up; what to install when a part is missing.
    pub async fn start(name: &str) -> Result<Self> {
        let node =
            |pool: &str, number: u8| NodeSpec::new(&format!("{name}-{pool}-{number}")).label("pool", pool);
        let nodes = vec![
            node("general", 1),
            node("general", 2),
            node("gold", 1).taint("pool", "gold", "NoSchedule"),
            node("gold", 2).taint("pool", "gold", "NoSchedule"),
        ];
        let plane = ControlPlane::start(Options::new(name).with_nodes(nodes)).await?;
        plane.apply_gateway_api_crds().await?;
        let gateways = GatewayController::start(plane.client().await?);
        Ok(Self { plane, agent: None, _gateways: gateways })
    }

    /// The control plane.
    pub fn plane(&self) -> &ControlPlane {
        &self.plane
    }

    /// Runs the line that the hub gave for this spoke, with the spoke's kubeconfig.
    ///
    /// # Errors
    /// When the line is not one for the agent, or the agent cannot be started.
    pub fn run_agent(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let start = words.iter().position(|word| !word.contains('=')).unwrap_or_default();
        let (variables, words) = words.split_at(start);
        ensure!(words.first() == Some(&"bastide-agent"), "this is no line for the agent: {line}");
        let mut command = Command::new(program("bastide-agent")?);
        command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
        command.args(words.iter().skip(1)).arg("--kubeconfig").arg(self.plane.kubeconfig_path());
        self.agent =
            Some(Process::start("bastide-agent", &mut command, &self.agent_log(), Ending::Terminate)?);
        Ok(())
    }

    /// Joins a hub as its administrator sees to it: a join token, the agent, its fingerprint compared, accepted, and once it
    /// is available a licence. The fingerprint.
    ///
    /// # Errors
    /// When a step fails or takes too long.
    pub async fn join(&mut self, hub: &Hub, admin: &Client, name: &str) -> Result<String> {
        let token = NewJoinToken { cluster_name: name.to_owned(), minutes: None };
        let issued = admin.create_join_token("main", &token).await?;
        self.run_agent(&issued.command)?;
        let fingerprint = self.fingerprint().await?;
        wait::until("the request", ASK_LIMIT, async || Ok(admin.cluster(name).await.ok())).await?;
        admin.accept_cluster(name, &AcceptCluster { fingerprint: fingerprint.clone() }).await?;
        let available = wait::until("the spoke to be available", AVAILABLE_LIMIT, async || {
            let cluster = admin.cluster(name).await?;
            Ok((cluster.availability.as_deref() == Some("available")).then_some(cluster))
        });
        let uid = available.await?.administration.context("the administrator sees no uid")?.uid;
        admin.upload_licence(name, &UploadLicence { pem: hub.licence_for(&uid, 365)?, force: false }).await?;
        Ok(fingerprint)
    }

    /// Process id of the agent, when one was started.
    pub fn agent_id(&self) -> Option<u32> {
        self.agent.as_ref().map(Process::id)
    }

    fn agent_log(&self) -> std::path::PathBuf {
        self.plane.folder().join("agent.log")
    }

    /// What the agent printed and logged so far.
    pub fn agent_said(&self) -> String {
        std::fs::read_to_string(self.agent_log()).unwrap_or_default()
    }

    /// The fingerprint that the agent printed, once it did.
    ///
    /// # Errors
    /// When the agent ends before, or does not ask in time.
    pub async fn fingerprint(&mut self) -> Result<String> {
        let log = self.agent_log();
        let agent = self.agent.as_mut().context("no agent was started")?;
        let found = wait::until("the agent's fingerprint", ASK_LIMIT, async || {
            agent.check()?;
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let found = text.split_once("Fingerprint of the key: ").map(|(_, rest)| {
                rest.chars().take_while(|c| c.is_ascii_hexdigit() || *c == ':').collect::<String>()
            });
            Ok(found.filter(|text| text.len() == 95))
        });
        found.await.with_context(|| self.agent_said())
    }

    /// Ends the agent only.
    ///
    /// # Errors
    /// When it does not end well.
    pub async fn stop_agent(&mut self) -> Result<()> {
        if let Some(agent) = self.agent.take() {
            let status = agent.stop().await?;
            ensure!(status.success(), "the agent ended with {status}");
        }
        Ok(())
    }

    /// Ends everything in order.
    ///
    /// # Errors
    /// When a part does not end.
    pub async fn stop(mut self) -> Result<()> {
        self.stop_agent().await?;
        self.plane.stop().await
    }
}
