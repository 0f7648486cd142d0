//! Who may talk to a control plane: its authorities, the files that its parts authenticate with, and clients.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::pki::{Authority, Identity};
use crate::process::free_port;

/// The administrator's user name.
pub(super) const ADMIN: &str = "admin";
/// The group that may do everything, before any RBAC rule.
pub(super) const MASTERS: &str = "system:masters";

/// The authorities and files of a control plane.
#[derive(Debug)]
pub(super) struct Access {
    /// What the cluster is called in kubeconfig files.
    name: String,
    folder: PathBuf,
    port: u16,
    url: String,
    /// Signs the API server's certificate.
    servers: Authority,
    /// Signs the certificates by which users and parts are known.
    clients: Authority,
}

impl Access {
    /// Makes the authorities and writes the files that the parts are given into `folder`.
    pub(super) fn new(name: &str, folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let access = Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            port,
            url: format!("https://127.0.0.1:{port}"),
            servers: Authority::new("cluster servers")?,
            clients: Authority::new("cluster clients")?,
        };
        let server = access.servers.server(&[
            "kubernetes.default.svc",
            "kubernetes.default",
            "kubernetes",
            "localhost",
            "127.0.0.1",
            // The first address of the service range: the service `kubernetes`.
            "10.0.0.1",
        ])?;
        access.write_identity("server", &server)?;
        access.write_identity("server-authority", &access.servers.identity())?;
        access.write_identity("client-authority", &access.clients.identity())?;
        let signer = rcgen::KeyPair::generate()?;
        access.write("service-account.key", &signer.serialize_pem())?;
        access.write("service-account.pub", &signer.public_key_pem())?;
        access.write("admin.kubeconfig", &access.kubeconfig(ADMIN, &[MASTERS])?)?;
        Ok(access)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The path of a file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(super) fn admin_file(&self) -> PathBuf {
        self.file("admin.kubeconfig")
    }

    /// Writes a kubeconfig for a part of the control plane and gives its path.
    pub(super) fn part_file(&self, user: &str, file: &str) -> Result<PathBuf> {
        self.write(file, &self.kubeconfig(user, &[])?)?;
        Ok(self.file(file))
    }

    /// A kubeconfig with a new client certificate.
    pub(super) fn kubeconfig(&self, user: &str, groups: &[&str]) -> Result<String> {
        let identity = self.clients.client(user, groups)?;
        let text = serde_saphyr::to_string(&serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.name,
            "contexts": [{ "name": self.name, "context": { "cluster": self.name, "user": user } }],
            "clusters": [{
                "name": self.name,
                "cluster": {
                    "server": self.url,
                    "certificate-authority-data": STANDARD.encode(self.servers.identity().certificate),
                },
            }],
            "users": [{
                "name": user,
                "user": {
                    "client-certificate-data": STANDARD.encode(identity.certificate),
                    "client-key-data": STANDARD.encode(identity.key),
                },
            }],
        }))?;
        Ok(text)
    }

    /// A client with a new certificate.
    pub(super) async fn client(&self, user: &str, groups: &[&str]) -> Result<kube::Client> {
        let kubeconfig = Kubeconfig::from_yaml(&self.kubeconfig(user, groups)?)?;
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
        Ok(kube::Client::try_from(config)?)
    }

    fn write_identity(&self, name: &str, identity: &Identity) -> Result<()> {
        self.write(&format!("{name}.crt"), &identity.certificate)?;
        self.write(&format!("{name}.key"), &identity.key)
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.file(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
