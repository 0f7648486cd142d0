//! Who the agent is: its key, the certificate that the hub gave, whom to trust, or the request that still waits. Kept in
//! one Secret on the cluster itself, so that the agent's own disk may be lost at any time.
//!
//! Every change is stored before it is acted upon. A crash in between leaves a pair of key and certificate that works.

use std::sync::Arc;

use bastide_api::agent as wire;
use bastide_model::{ClusterId, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};
use url::Url;

use crate::hidden::Hidden;
use crate::trust::Pin;

/// Name of the Secret.
pub const IDENTITY_SECRET: &str = "bastide-agent-identity";
/// The Secret's one entry.
const ENTRY: &str = "identity.json";
/// Version of what is stored there.
const VERSION: u32 = 1;

/// What can go wrong with what is stored.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The cluster's API server does not do it.
    #[error("the Secret {IDENTITY_SECRET} in namespace {namespace}: {error}")]
    Cluster {
        /// The agent's namespace.
        namespace: String,
        /// What the API server says.
        error: kube::Error,
    },
    /// Something is stored that this version cannot read.
    #[error(
        "the Secret {IDENTITY_SECRET} in namespace {namespace} cannot be read: {reason}; it was written by another version of the agent, or changed by hand"
    )]
    Unreadable {
        /// The agent's namespace.
        namespace: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else changed it in between, such as another agent.
    #[error("the Secret {IDENTITY_SECRET} in namespace {0} was changed by somebody else")]
    Changed(String),
}

/// Who the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    version: u32,
    /// The request that waits for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Request>,
    /// What it is known by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<Credential>,
    /// What it will be known by, once this has been used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<Credential>,
    /// How often the hub's database had been restored when this agent joined; known from the hub's first answer on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<i64>,
    /// SHA-256 of the token that the credential came from, in hex: it works once, so it is not tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) joined_with: Option<String>,
}

/// A request to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The hub that is asked.
    pub(crate) hub: Url,
    /// SHA-256 of the certificate of its authority.
    pub(crate) hub_ca_sha256: Pin,
    /// The private key that was made for it, in PEM.
    pub(crate) key: Hidden,
    /// SHA-256 of the token that it was made with, in hex: another token is another request.
    pub(crate) token_sha256: String,
    /// What the hub answered; absent until it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<RequestAnswer>,
}

/// What the hub answered to a request to join.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RequestAnswer {
    /// The cluster's id.
    pub(crate) cluster: ClusterId,
    /// Secret with which to ask how the request stands.
    pub(crate) ticket: Hidden,
}

/// A key and the certificate for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Credential {
    /// The hub that gave it.
    pub(crate) hub: Url,
    /// The cluster's id, which the certificate names.
    pub(crate) cluster: ClusterId,
    /// The private key in PEM.
    pub(crate) key: Hidden,
    /// The certificate in PEM.
    pub(crate) certificate: String,
    /// The authorities of the hub in PEM.
    pub(crate) authorities: String,
    /// When the certificate ends.
    pub(crate) not_after: Timestamp,
    /// From when on it may be renewed.
    pub(crate) renew_after: Timestamp,
}

impl Credential {
    /// From what a hub sent for a key.
    pub(crate) fn new(hub: Url, cluster: ClusterId, key: Hidden, issued: wire::Certificate) -> Self {
        Self {
            hub,
            cluster,
            key,
            certificate: issued.certificate_pem,
            authorities: issued.authorities_pem,
            not_after: Timestamp::from_millis(issued.not_after_ms),
            renew_after: Timestamp::from_millis(issued.renew_after_ms),
        }
    }
}

impl Default for Identity {
    fn default() -> Self {
        Self { version: VERSION, request: None, credential: None, next: None, epoch: None, joined_with: None }
    }
}

impl Identity {
    /// The credential to use: the newest.
    pub(crate) fn newest(&self) -> Option<&Credential> {
        self.next.as_ref().or(self.credential.as_ref())
    }

    /// A request was granted: its credential replaces whatever there was. What was known of the earlier membership's
    /// epoch no longer counts.
    pub(crate) fn joined(&mut self, credential: Credential) {
        self.joined_with = self.request.take().map(|request| request.token_sha256);
        self.credential = Some(credential);
        self.next = None;
        self.epoch = None;
    }

    /// There is a credential after this one. Whichever of the two was used to get it is kept beside it.
    pub(crate) fn renewed(&mut self, used: &Credential, next: Credential) {
        if self.next.as_ref() == Some(used) {
            self.promote();
        }
        if self.credential.as_ref() == Some(used) {
            self.next = Some(next);
        }
    }

    /// The new credential has been used: it replaces the old one.
    pub(crate) fn promote(&mut self) {
        if let Some(next) = self.next.take() {
            self.credential = Some(next);
        }
    }
}

/// The identity as it is stored, and everybody's view of it.
#[derive(Debug)]
pub(crate) struct IdentityStore {
    api: Api<Secret>,
    namespaces: Api<Namespace>,
    namespace: String,
    /// The Secret as it was last read or written, so that somebody else's change is noticed.
    stored: Mutex<Option<Secret>>,
    current: watch::Sender<Option<Arc<Identity>>>,
}

impl IdentityStore {
    /// Reads what is stored, if anything is.
    pub(crate) async fn open(client: &Client, namespace: &str) -> Result<Self, IdentityError> {
        let store = Self {
            api: Api::namespaced(client.clone(), namespace),
            namespaces: Api::all(client.clone()),
            namespace: namespace.to_owned(),
            stored: Mutex::new(None),
            current: watch::Sender::new(None),
        };
        store.reload().await?;
        Ok(store)
    }

    /// The present identity.
    pub(crate) fn current(&self) -> Option<Arc<Identity>> {
        self.current.borrow().clone()
    }

    /// Reads what is stored again: another run of `join` may have replaced it.
    pub(crate) async fn reload(&self) -> Result<(), IdentityError> {
        let mut stored = self.stored.lock().await;
        self.read_stored(&mut stored).await
    }

    async fn read_stored(&self, stored: &mut Option<Secret>) -> Result<(), IdentityError> {
        let found = self.api.get_opt(IDENTITY_SECRET).await.map_err(|error| self.failed(error))?;
        let identity = found.as_ref().map(|secret| self.read(secret)).transpose()?.flatten();
        *stored = found;
        self.publish(identity);
        Ok(())
    }

    /// Changes the identity: first on the cluster, then for everybody here. When somebody else changed it meanwhile,
    /// that is an error, and theirs is the present one from then on.
    pub(crate) async fn update(&self, change: impl FnOnce(&mut Identity)) -> Result<(), IdentityError> {
        let mut stored = self.stored.lock().await;
        let current = self.current();
        let mut identity = current.as_deref().cloned().unwrap_or_default();
        change(&mut identity);
        if current.is_some_and(|current| *current == identity) {
            return Ok(());
        }
        match self.write(&mut stored, identity).await {
            Err(changed @ IdentityError::Changed(_)) => {
                self.read_stored(&mut stored).await?;
                Err(changed)
            }
            other => other,
        }
    }

    async fn write(&self, stored: &mut Option<Secret>, identity: Identity) -> Result<(), IdentityError> {
        let json = serde_json::to_vec(&identity).map_err(|error| self.unreadable(error.to_string()))?;
        let written = if let Some(mut secret) = stored.clone() {
            secret.data.get_or_insert_default().insert(ENTRY.to_owned(), ByteString(json));
            self.api.replace(IDENTITY_SECRET, &PostParams::default(), &secret).await
        } else {
            self.ensure_namespace().await?;
            self.api.create(&PostParams::default(), &secret(json)).await
        };
        *stored = Some(written.map_err(|error| self.failed(error))?);
        self.publish(Some(identity));
        Ok(())
    }

    async fn ensure_namespace(&self) -> Result<(), IdentityError> {
        let found = self.namespaces.get_opt(&self.namespace).await.map_err(|error| self.failed(error))?;
        if found.is_some() {
            return Ok(());
        }
        let namespace = Namespace {
            metadata: ObjectMeta { name: Some(self.namespace.clone()), ..ObjectMeta::default() },
            ..Namespace::default()
        };
        match self.namespaces.create(&PostParams::default(), &namespace).await {
            Err(kube::Error::Api(status)) if status.is_already_exists() => Ok(()),
            other => other.map(drop).map_err(|error| self.failed(error)),
        }
    }

    fn read(&self, secret: &Secret) -> Result<Option<Identity>, IdentityError> {
        let Some(json) = secret.data.as_ref().and_then(|data| data.get(ENTRY)) else { return Ok(None) };
        // The text of a JSON error may quote what it read.
        let unreadable = |error: serde_json::Error| {
            self.unreadable(format!(
                "not the expected JSON at line {} column {}",
                error.line(),
                error.column()
            ))
        };
        let identity: Identity = serde_json::from_slice(&json.0).map_err(unreadable)?;
        if identity.version == VERSION {
            return Ok(Some(identity));
        }
        Err(self.unreadable(format!("it has version {}, this agent knows {VERSION}", identity.version)))
    }

    fn publish(&self, identity: Option<Identity>) {
        self.current.send_replace(identity.map(Arc::new));
    }

    fn unreadable(&self, reason: String) -> IdentityError {
        IdentityError::Unreadable { namespace: self.namespace.clone(), reason }
    }

    fn failed(&self, error: kube::Error) -> IdentityError {
        match error {
            kube::Error::Api(status) if status.is_conflict() || status.is_already_exists() => {
                IdentityError::Changed(self.namespace.clone())
            }
            error => IdentityError::Cluster { namespace: self.namespace.clone(), error },
        }
    }
}

fn secret(json: Vec<u8>) -> Secret {
    let labels = [(bastide_kube::render::MANAGED_BY_LABEL, bastide_kube::render::MANAGED_BY)];
    Secret {
        metadata: ObjectMeta {
            name: Some(IDENTITY_SECRET.to_owned()),
            labels: Some(labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some([(ENTRY.to_owned(), ByteString(json))].into()),
        ..Secret::default()
    }
}

#[cfg(test)]
mod tests {
    use bastide_model::SystemIds;

    use super::*;

    fn credential(certificate: &str) -> Credential {
        Credential {
            hub: "https://hub.example.org".parse().unwrap(),
            cluster: ClusterId::fresh(&SystemIds),
            key: Hidden::new("key"),
            certificate: certificate.into(),
            authorities: "authorities".into(),
            not_after: Timestamp::from_millis(2),
            renew_after: Timestamp::from_millis(1),
        }
    }

    #[test]
    fn the_old_pair_is_kept_until_the_new_one_was_used() {
        let mut identity = Identity::default();
        assert_eq!(identity.newest(), None);
        identity.credential = Some(credential("old"));
        identity.next = Some(credential("new"));
        let text = serde_json::to_string(&identity).unwrap();
        let mut identity: Identity = serde_json::from_str(&text).unwrap();
        assert_eq!(identity.newest().unwrap().certificate, "new");
        assert_eq!(identity.credential.as_ref().unwrap().certificate, "old");
        let newer = credential("newer");
        let used = identity.next.clone().unwrap();
        identity.renewed(&used, newer);
        assert_eq!(identity.credential.as_ref().unwrap().certificate, "new");
        assert_eq!(identity.newest().unwrap().certificate, "newer");
        identity.renewed(&credential("somebody else's"), credential("lost"));
        assert_eq!(identity.newest().unwrap().certificate, "newer");
        identity.promote();
        assert_eq!((identity.credential.unwrap().certificate.as_str(), identity.next), ("newer", None));
        assert!(!format!("{:?}", credential("x")).contains("\"key\""));
    }
}
