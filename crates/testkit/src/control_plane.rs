//! A real Kubernetes control plane for a test or the demo: etcd, kube-apiserver, and on demand
//! kube-controller-manager, kube-scheduler, and simulated nodes by kwok. No container, no kubelet.
//!
//! Everything listens on 127.0.0.1 at ports of its own and keeps its data in a folder that goes with it. Owns how the
//! parts are wired and when they are ready; knows nothing of Bastide.

mod access;
mod nodes;
mod servers;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Api;
use kube::api::{ListParams, PostParams};
use tempfile::TempDir;

use self::access::Access;
pub use self::nodes::{NodeSpec, Taint};
use crate::assets::Assets;
use crate::process::{Process, scratch_folder};
use crate::wait;

/// How long the servers may take to be ready, and the nodes after them. Many times what they need on an idle machine.
const READY_LIMIT: Duration = Duration::from_secs(90);

/// What a control plane is to have.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is called in its kubeconfig, its log messages and the name of its folder.
    pub name: String,
    /// Its simulated nodes. They become Ready without controllers, too.
    pub nodes: Vec<NodeSpec>,
    /// Whether kube-controller-manager and kube-scheduler run. Without them a start takes about a second, but
    /// namespaces have no service accounts and do not end once deleted, the roles `admin`, `edit` and `view` are
    /// empty, as they are aggregated by a controller, and pods are not scheduled.
    pub controllers: bool,
    /// Whether the API server knows mutating admission policies. Without them it is as one before Kubernetes 1.36.
    pub mutating_policies: bool,
}

impl Options {
    /// etcd and kube-apiserver only.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), nodes: Vec::new(), controllers: false, mutating_policies: true }
    }

    /// The same with the controllers, the scheduler and these nodes.
    pub fn with_nodes(mut self, nodes: Vec<NodeSpec>) -> Self {
        self.nodes = nodes;
        self.controllers = true;
        self
    }
}

/// A running control plane. Dropping it kills every part of it; [`ControlPlane::stop`] ends them in order.
#[derive(Debug)]
pub struct ControlPlane {
    name: String,
    /// In the order of their start.
    processes: Vec<Process>,
    access: Access,
    assets: Assets,
    /// Last, so that it is removed after the processes that write into it are gone.
    folder: TempDir,
}

impl ControlPlane {
    /// Starts a control plane and waits until it answers, its controllers work and its nodes are Ready.
    ///
    /// # Errors
    /// When the servers are not built (see [`Assets::find`]), or one of them ends or is not ready in time: with the
    /// end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let assets = Assets::find()?;
        let folder = scratch_folder(&options.name)?;
        let access = Access::new(&options.name, folder.path())?;
        let mut plane = Self { name: options.name, processes: Vec::new(), access, assets, folder };
        plane.start_servers(options.controllers, options.mutating_policies).await?;
        if options.controllers {
            plane.start_controllers()?;
        }
        if !options.nodes.is_empty() {
            plane.start_nodes(&options.nodes).await?;
        }
        if options.controllers {
            plane.wait_for_controllers().await?;
        }
        Ok(plane)
    }

    /// What it was called in its [`Options`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The address of its kube-apiserver.
    pub fn url(&self) -> &str {
        self.access.url()
    }

    /// The folder with its data and the log of each part.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process id of each part, in the order of their start.
    pub fn process_ids(&self) -> Vec<u32> {
        self.processes.iter().map(Process::id).collect()
    }

    /// The kubeconfig file of a cluster administrator.
    pub fn kubeconfig_path(&self) -> PathBuf {
        self.access.admin_file()
    }

    /// The kubeconfig of a cluster administrator.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn admin_kubeconfig(&self) -> Result<String> {
        let path = self.kubeconfig_path();
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// A kubeconfig with a new client certificate for `user` in `groups`.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn kubeconfig_as(&self, user: &str, groups: &[&str]) -> Result<String> {
        self.access.kubeconfig(user, groups)
    }

    /// A client with all rights.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub async fn client(&self) -> Result<kube::Client> {
        self.client_as(access::ADMIN, &[access::MASTERS]).await
    }

    /// A client that is authenticated by certificate as `user` in `groups`. It has the rights that RBAC gives those.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub async fn client_as(&self, user: &str, groups: &[&str]) -> Result<kube::Client> {
        self.access.client(user, groups).await
    }

    /// Runs `kubectl` as a cluster administrator. What it wrote to standard output.
    ///
    /// # Errors
    /// When it fails: with what it wrote to standard error.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let output = tokio::process::Command::new(self.assets.program("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig_path())
            // Not the user's: it keeps its cache, and looks for preferences and plug-ins, in the home folder.
            .env("HOME", self.folder.path())
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run kubectl")?;
        ensure!(
            output.status.success(),
            "`kubectl {}` ended with {}: {}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8(output.stdout).context("kubectl wrote something that is not UTF-8")
    }

    /// Installs the resource definitions of the Gateway API's standard channel and waits until they are served.
    ///
    /// # Errors
    /// When they are refused, or not established within a minute.
    pub async fn apply_gateway_api_crds(&self) -> Result<()> {
        let folder = self.assets.gateway_api();
        let folder = folder.to_str().context("the assets' folder has a name that is not UTF-8")?;
        // Server-side: the definitions are too long for the annotation of client-side apply.
        self.kubectl(&["apply", "--server-side", "--filename", folder]).await?;
        self.kubectl(&[
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "customresourcedefinitions",
            "--all",
        ])
        .await?;
        Ok(())
    }

    /// Ends every part, the ones that use others first, and removes its data.
    ///
    /// # Errors
    /// When a part cannot be waited for, or the folder cannot be removed.
    pub async fn stop(mut self) -> Result<()> {
        while let Some(process) = self.processes.pop() {
            process.stop().await?;
        }
        self.folder.close().context("cannot remove the control plane's data")
    }

    /// etcd and kube-apiserver, which waits for etcd by itself.
    async fn start_servers(&mut self, controllers: bool, mutating_policies: bool) -> Result<()> {
        let (etcd, port) = servers::etcd(&self.assets, self.folder.path())?;
        self.processes.push(etcd);
        let folder = self.folder.path();
        let mut command = servers::api_server(&self.assets, folder, port, &self.access);
        if !controllers {
            servers::without_controllers(&mut command);
        }
        if !mutating_policies {
            servers::without_mutating_policies(&mut command);
        }
        let server = servers::start("kube-apiserver", &mut command, folder)?;
        self.processes.push(server);

        let client = self.client().await?;
        let processes = &mut self.processes;
        wait::until("the API server to be ready", READY_LIMIT, async || {
            check(processes)?;
            let request = http::Request::get("/readyz").body(Vec::new())?;
            Ok(client.request_text(request).await.is_ok().then_some(()))
        })
        .await
        .map_err(|error| describe(error, processes))
    }

    /// kube-controller-manager and kube-scheduler, each with the identity that RBAC has a role for.
    fn start_controllers(&mut self) -> Result<()> {
        self.processes.push(servers::controller_manager(&self.assets, self.folder.path(), &self.access)?);
        self.processes.push(servers::scheduler(&self.assets, self.folder.path(), &self.access)?);
        Ok(())
    }

    /// kwok and the node objects; waits until pods can be scheduled there.
    async fn start_nodes(&mut self, nodes: &[NodeSpec]) -> Result<()> {
        self.processes.push(servers::kwok(&self.assets, self.folder.path(), &self.access)?);
        let api: Api<Node> = Api::all(self.client().await?);
        for node in nodes {
            let object = node.object()?;
            api.create(&PostParams::default(), &object)
                .await
                .with_context(|| format!("cannot create the node {}", node.name))?;
        }
        let processes = &mut self.processes;
        wait::until("the nodes to be Ready", READY_LIMIT, async || {
            check(processes)?;
            let found = api.list(&ListParams::default()).await?;
            let ready = found.iter().filter(|node| nodes::is_ready(node)).count();
            Ok((ready == nodes.len()).then_some(()))
        })
        .await
        .map_err(|error| describe(error, processes))
    }

    /// The controllers work when the first thing that they make in every namespace is there.
    async fn wait_for_controllers(&mut self) -> Result<()> {
        let api: Api<ServiceAccount> = Api::namespaced(self.client().await?, "default");
        let processes = &mut self.processes;
        wait::until("the controllers to work", READY_LIMIT, async || {
            check(processes)?;
            Ok(api.get_opt("default").await?)
        })
        .await
        .map(drop)
        .map_err(|error| describe(error, processes))
    }
}

/// Whether every part still runs; else the first that does not.
fn check(processes: &mut [Process]) -> Result<()> {
    processes.iter_mut().try_for_each(Process::check)
}

/// Adds to an error what every part wrote last: which of them is to blame is seldom the one that was waited for.
fn describe(error: anyhow::Error, processes: &[Process]) -> anyhow::Error {
    processes.iter().fold(error, |error, process| {
        error.context(format!("the log of {} ends with: {}", process.name(), process.log_tail()))
    })
}
