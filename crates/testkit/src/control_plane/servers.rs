//! The command line of each part of a control plane.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::access::Access;
use crate::assets::Assets;
use crate::process::{Ending, Process, free_port};

/// etcd, and the port that it serves.
pub(super) fn etcd(assets: &Assets, folder: &Path) -> Result<(Process, u16)> {
    let port = free_port()?;
    let url = format!("http://127.0.0.1:{port}");
    let peer = format!("http://127.0.0.1:{}", free_port()?);
    let mut command = Command::new(assets.program("etcd"));
    command
        .arg(format!("--data-dir={}", folder.join("etcd").display()))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        .arg(format!("--listen-peer-urls={peer}"))
        .arg(format!("--initial-advertise-peer-urls={peer}"))
        .arg(format!("--initial-cluster=default={peer}"))
        // Data that is thrown away need not survive a power cut.
        .arg("--unsafe-no-fsync")
        .arg("--log-level=warn");
    Ok((start("etcd", &mut command, folder)?, port))
}

/// kube-apiserver, as a production cluster has it: RBAC, service account tokens, client certificates.
pub(super) fn api_server(assets: &Assets, folder: &Path, etcd: u16, access: &Access) -> Command {
    let file = |name: &str| access.file(name).display().to_string();
    let mut command = Command::new(assets.program("kube-apiserver"));
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1"])
        .arg(format!("--secure-port={}", access.port()))
        .arg(format!("--cert-dir={}", folder.display()))
        .arg(format!("--tls-cert-file={}", file("server.crt")))
        .arg(format!("--tls-private-key-file={}", file("server.key")))
        .arg(format!("--client-ca-file={}", file("client-authority.crt")))
        .arg("--authorization-mode=RBAC")
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(format!("--service-account-signing-key-file={}", file("service-account.key")))
        .arg(format!("--service-account-key-file={}", file("service-account.pub")))
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        // Loopback addresses are refused as endpoints, so the service `kubernetes` has none.
        .arg("--endpoint-reconciler-type=none")
        // Left to Pod Security admission, as in every cluster.
        .arg("--allow-privileged=true")
        .arg("--profiling=false");
    command
}

/// What an API server without controllers must not do: taint new nodes as not ready, which only they would take back.
pub(super) fn without_controllers(command: &mut Command) {
    command.arg("--disable-admission-plugins=TaintNodesByCondition");
}

/// As an API server was before Kubernetes 1.36.
pub(super) fn without_mutating_policies(command: &mut Command) {
    let group = "admissionregistration.k8s.io/v1";
    command.arg("--feature-gates=MutatingAdmissionPolicy=false").arg(format!(
        "--runtime-config={group}/mutatingadmissionpolicies=false,{group}/mutatingadmissionpolicybindings=false"
    ));
}

/// kube-controller-manager.
pub(super) fn controller_manager(assets: &Assets, folder: &Path, access: &Access) -> Result<Process> {
    let kubeconfig = access.part_file("system:kube-controller-manager", "controller-manager.kubeconfig")?;
    let file = |name: &str| access.file(name).display().to_string();
    let mut command = Command::new(assets.program("kube-controller-manager"));
    command
        .arg(format!("--kubeconfig={}", kubeconfig.display()))
        // Its own role may do little else than make the accounts of the controllers.
        .arg("--use-service-account-credentials")
        // By default it spends seconds of its start waiting for its own rate limit.
        .args(["--kube-api-qps=500", "--kube-api-burst=1000"])
        .arg(format!("--service-account-private-key-file={}", file("service-account.key")))
        .arg(format!("--root-ca-file={}", file("server-authority.crt")))
        .arg(format!("--cluster-signing-cert-file={}", file("client-authority.crt")))
        .arg(format!("--cluster-signing-key-file={}", file("client-authority.key")))
        .args(["--leader-elect=false", "--secure-port=0", "--profiling=false"]);
    start("kube-controller-manager", &mut command, folder)
}

/// kube-scheduler.
pub(super) fn scheduler(assets: &Assets, folder: &Path, access: &Access) -> Result<Process> {
    let kubeconfig = access.part_file("system:kube-scheduler", "scheduler.kubeconfig")?;
    let mut command = Command::new(assets.program("kube-scheduler"));
    command.arg(format!("--kubeconfig={}", kubeconfig.display())).args([
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]);
    start("kube-scheduler", &mut command, folder)
}

/// kwok, which plays the kubelet of every node.
pub(super) fn kwok(assets: &Assets, folder: &Path, access: &Access) -> Result<Process> {
    let mut command = Command::new(assets.program("kwok"));
    command
        .arg(format!("--kubeconfig={}", access.admin_file().display()))
        .args(["--manage-all-nodes=true", "--node-lease-duration-seconds=40", "--cidr=10.64.0.0/16"])
        // Its default configuration file is the user's.
        .env("HOME", folder);
    for stage in assets.kwok_stages()? {
        command.arg(format!("--config={}", stage.display()));
    }
    start("kwok", &mut command, folder)
}

/// Starts a part, with its log in the folder.
pub(super) fn start(name: &str, command: &mut Command, folder: &Path) -> Result<Process> {
    Process::start(name, command, &folder.join(format!("{name}.log")), Ending::Terminate)
}
