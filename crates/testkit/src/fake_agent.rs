//! A spoke without a cluster: speaks the agent protocol with a key of its own, over TLS as an agent does, and says what
//! a test wants it to say. For what is about the hub; what is about clusters is tested with the real agent
//! (`crate::spoke`).

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bastide_api::agent::{
    self, Capability, Certificate, Condition, Desired, Facts, Heartbeat, Join, JoinAccepted, JoinState,
    JoinStateQuery, ObjectStatus, Renew, Set, SetStatus, Status,
};
use bastide_model::{Ids as _, SystemIds};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, Method, StatusCode};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::pki::Identity;
use crate::web;

/// How often [`FakeAgent::keep_alive`] gives a sign of life: well within the hub's grace.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long [`FakeAgent::keep_settled`] waits for something new at one time.
const LONG_POLL: Duration = Duration::from_secs(20);

/// An agent that has asked, or not yet, or is a member.
#[derive(Debug, Clone)]
pub struct FakeAgent {
    /// What it says of its cluster; a test changes it before it asks or beats.
    pub facts: Facts,
    hub: String,
    authority_sha256: String,
    uid: Uuid,
    key: Arc<KeyPair>,
    client: Client,
    asked: Option<JoinAccepted>,
    certificate: Option<Certificate>,
}

/// What the hub answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status.
    pub status: StatusCode,
    /// The document; null when there is none.
    pub body: Value,
}

impl Answered {
    /// The stable code of a problem; empty when it is none.
    pub fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    fn read<T: DeserializeOwned>(self) -> Result<T> {
        ensure!(self.status.is_success(), "the hub answered {}: {}", self.status, self.body);
        serde_json::from_value(self.body).context("not what the agent protocol says")
    }
}

impl FakeAgent {
    /// An agent of a cluster that no hub knows, from the line that a hub gave for its spoke
    /// (`… bastide-agent join <address> --hub-ca-sha256 <fingerprint>`).
    ///
    /// # Errors
    /// When this is no such line.
    pub fn new(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |word: &str| {
            let at = words.iter().position(|one| *one == word);
            let found = at.and_then(|at| words.get(at + 1)).map(|found| (*found).to_owned());
            found.with_context(|| format!("no `{word}` in the line {line}"))
        };
        let (hub, authority_sha256) = (after("join")?, after("--hub-ca-sha256")?);
        let client = client(&authority_sha256, None)?;
        let key = Arc::new(KeyPair::generate()?);
        let uid = SystemIds.fresh();
        Ok(Self { facts: facts(), hub, authority_sha256, uid, key, client, asked: None, certificate: None })
    }

    /// The same cluster with another key, as after its agent has lost everything.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn reborn(&self) -> Result<Self> {
        let key = Arc::new(KeyPair::generate()?);
        let client = client(&self.authority_sha256, None)?;
        Ok(Self { key, client, asked: None, certificate: None, ..self.clone() })
    }

    /// The uid of its `kube-system` namespace.
    pub fn uid(&self) -> Uuid {
        self.uid
    }

    /// The cluster's id, as the hub gave it.
    ///
    /// # Errors
    /// When it has not asked.
    pub fn cluster(&self) -> Result<&str> {
        Ok(&self.asked()?.cluster)
    }

    /// Its certificate and key in PEM, once it is a member.
    ///
    /// # Errors
    /// When it is none.
    pub fn identity(&self) -> Result<Identity> {
        let certificate = self.certificate.as_ref().context("the agent is no member")?;
        Ok(Identity { certificate: certificate.certificate_pem.clone(), key: self.key.serialize_pem() })
    }

    /// The fingerprint of its own key: SHA-256 of the public key, in pairs of hex digits.
    pub fn fingerprint(&self) -> String {
        use rcgen::PublicKeyData as _;
        let digest = Sha256::digest(self.key.subject_public_key_info());
        digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }

    /// Asks to join; whatever the hub says to that.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn ask(&mut self, token: &str) -> Result<Answered> {
        let join = Join {
            token: token.to_owned(),
            csr_pem: self.signing_request()?,
            cluster_uid: self.uid,
            facts: self.facts.clone(),
        };
        let answered = self.send(agent::JOIN, &join).await?;
        if answered.status == StatusCode::ACCEPTED {
            let asked: JoinAccepted = answered.clone().read()?;
            ensure!(asked.fingerprint == self.fingerprint(), "the hub saw another key: {asked:?}");
            self.asked = Some(asked);
        }
        Ok(answered)
    }

    /// Asks to join, which has to be written down; the fingerprint to compare.
    ///
    /// # Errors
    /// When it is not.
    pub async fn request(&mut self, token: &str) -> Result<String> {
        let answered = self.ask(token).await?;
        ensure!(answered.status == StatusCode::ACCEPTED, "{}: {}", answered.status, answered.body);
        Ok(self.fingerprint())
    }

    /// How the request stands.
    ///
    /// # Errors
    /// When the hub does not say.
    pub async fn standing(&self) -> Result<JoinState> {
        let JoinAccepted { cluster, ticket, .. } = self.asked()?.clone();
        self.send(agent::JOIN_STATE, &JoinStateQuery { cluster, ticket }).await?.read()
    }

    /// Fetches the certificate after the request was accepted; a member from then on.
    ///
    /// # Errors
    /// When it was not accepted.
    pub async fn enter(&mut self) -> Result<()> {
        match self.standing().await? {
            JoinState::Joined(certificate) => self.show(certificate),
            other => bail!("the agent is not let in: {other:?}"),
        }
    }

    /// A new certificate for a new key; it is shown from then on.
    ///
    /// # Errors
    /// When the hub gives none.
    pub async fn renew(&mut self) -> Result<()> {
        let mut next = self.clone();
        next.key = Arc::new(KeyPair::generate()?);
        let renew = Renew { csr_pem: next.signing_request()? };
        let certificate = self.send(agent::RENEW, &renew).await?.read()?;
        next.show(certificate)?;
        *self = next;
        Ok(())
    }

    /// Gives a sign of life; whatever the hub says to that.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn beat(&self, api_server_ready: bool) -> Result<Answered> {
        let facts = self.facts.clone();
        self.send(agent::HEARTBEAT, &Heartbeat { at_ms: 0, api_server_ready, facts, conditions: Vec::new() })
            .await
    }

    /// Gives signs of life for as long as what this returns is kept.
    pub fn keep_alive(&self) -> Alive {
        let agent = self.clone();
        let task = tokio::spawn(async move {
            loop {
                // One that gets lost is made up for by the next.
                let _ = agent.beat(true).await;
                tokio::time::sleep(HEARTBEAT).await;
            }
        });
        Alive(task.abort_handle())
    }

    /// What should be on its cluster and is newer than a generation.
    ///
    /// # Errors
    /// When the hub does not say.
    pub async fn desired(&self, after: i64) -> Result<Desired> {
        self.wait_for_desired(after, Duration::ZERO).await
    }

    /// The same, waiting at the hub for something new.
    ///
    /// # Errors
    /// When the hub does not say, or ends the session.
    pub async fn wait_for_desired(&self, after: i64, wait: Duration) -> Result<Desired> {
        let path = format!("{}?after={after}&wait={}", agent::DESIRED, wait.as_secs());
        self.exchange(Method::GET, &path, None).await?.read()
    }

    /// Says of everything that should be there that it is, and of what should not that it is gone.
    ///
    /// # Errors
    /// When the hub does not take it.
    pub async fn settle(&self) -> Result<Desired> {
        let desired = self.desired(0).await?;
        self.report(&desired).await?;
        Ok(desired)
    }

    /// Does what [`FakeAgent::settle`] does with everything that comes, for as long as what this returns is kept.
    pub fn keep_settled(&self) -> Alive {
        let agent = self.clone();
        let task = tokio::spawn(async move {
            let mut after = 0;
            loop {
                match agent.wait_for_desired(after, LONG_POLL).await {
                    Ok(desired) if agent.report(&desired).await.is_ok() => after = desired.generation,
                    // The hub is not there just now: it is asked again.
                    _ => tokio::time::sleep(crate::wait::INTERVAL).await,
                }
            }
        });
        Alive(task.abort_handle())
    }

    /// Says of what should be there that it is, and of what should not that it is gone.
    ///
    /// # Errors
    /// When the hub does not take it.
    pub async fn report(&self, desired: &Desired) -> Result<()> {
        let status = Status { sets: desired.sets.iter().map(done).collect() };
        let answered = self.send(agent::STATUS, &status).await?;
        ensure!(answered.status == StatusCode::NO_CONTENT, "{}: {}", answered.status, answered.body);
        Ok(())
    }

    /// Sends a message of the protocol; whatever the hub says to that.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn send(&self, path: &str, message: &impl Serialize) -> Result<Answered> {
        self.exchange(Method::POST, path, Some(serde_json::to_value(message)?)).await
    }

    /// The same agent, led to another replica of its hub.
    pub fn led_to(&self, hub: &str) -> Self {
        Self { hub: hub.to_owned(), ..self.clone() }
    }

    /// The same agent as the hub sees it with another certificate and key, or with none.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn showing(&self, identity: Option<&Identity>) -> Result<Self> {
        Ok(Self { client: client(&self.authority_sha256, identity)?, ..self.clone() })
    }

    async fn exchange(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answered> {
        let mut request = self.client.request(method, format!("{}{path}", self.hub));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let (status, _, text) = web::ask(request).await?;
        Ok(Answered { status, body: serde_json::from_str(&text).unwrap_or_default() })
    }

    fn asked(&self) -> Result<&JoinAccepted> {
        self.asked.as_ref().context("the agent has not asked")
    }

    fn signing_request(&self) -> Result<String> {
        Ok(CertificateParams::default().serialize_request(&*self.key)?.pem()?)
    }

    fn show(&mut self, certificate: Certificate) -> Result<()> {
        self.certificate = Some(certificate);
        self.client = client(&self.authority_sha256, Some(&self.identity()?))?;
        Ok(())
    }
}

/// Signs of life go on while this is kept.
#[derive(Debug)]
pub struct Alive(tokio::task::AbortHandle);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A cluster that can do everything.
fn facts() -> Facts {
    let capability =
        |name: &str| Capability { name: name.to_owned(), available: true, reason: String::new() };
    Facts {
        kubernetes_version: "v1.36.0".to_owned(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        nodes: 2,
        nodes_ready: 2,
        capabilities: ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy", "ReleaseInPlace"]
            .map(capability)
            .into(),
        network_plugin: "Cilium".to_owned(),
        authorities: Vec::new(),
    }
}

fn done(set: &Set) -> SetStatus {
    let ready = Condition {
        kind: "Ready".to_owned(),
        status: "True".to_owned(),
        reason: "Reconciled".to_owned(),
        message: String::new(),
        observed_generation: set.generation,
    };
    let there = set.content.iter().filter(|content| !content.released);
    let namespace = |name: &str| ObjectStatus {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        namespace: String::new(),
        name: name.to_owned(),
        ready: true,
        message: String::new(),
    };
    SetStatus {
        organization: set.organization.clone(),
        observed_generation: set.generation,
        removed: set.content.as_ref().is_none_or(|content| content.released),
        conditions: set.content.iter().map(|_| ready.clone()).collect(),
        objects: there.map(|content| namespace(&content.namespace_base)).collect(),
    }
}

/// A client that trusts the hub with that authority and shows a certificate, or none.
fn client(authority_sha256: &str, identity: Option<&Identity>) -> Result<Client> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let trusts = Pinned { sha256: authority_sha256.to_ascii_lowercase(), provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(trusts));
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some(Identity { certificate, key }) => {
            let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect::<Result<_, _>>()?;
            builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes())?)?
        }
    };
    Ok(web::builder().tls_backend_preconfigured(config).build()?)
}

/// Trusts a server whose certificate comes from the authority with this fingerprint, and no other.
#[derive(Debug)]
struct Pinned {
    sha256: String,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = || rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let is_pinned = |one: &&CertificateDer<'_>| hex::encode(Sha256::digest(one.as_ref())) == self.sha256;
        let authority = intermediates.iter().find(is_pinned).ok_or_else(unknown)?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|_| unknown())?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
