//! The door for agents: TLS 1.3 with the hub's own authority. A client certificate is optional in the handshake, because
//! who asks to join has none yet; one that is given has to come from the authority. The hub's certificate is made anew
//! long before it ends, without a restart.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, RootCertStore, ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use tokio::sync::watch;

use crate::{peer, tls};

/// How often it is looked whether the certificate has to be made anew.
pub(crate) const LOOK: Duration = Duration::from_mins(10);

/// The certificate that agents are shown; it can be exchanged while connections come in.
pub(crate) struct HubIdentity(RwLock<Arc<CertifiedKey>>);

impl fmt::Debug for HubIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubIdentity(…)")
    }
}

impl HubIdentity {
    /// From a certificate with its chain and its key, in PEM.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together.
    pub(crate) fn new(chain_pem: &str, key_pem: &str) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self(RwLock::new(certified(chain_pem, key_pem)?))))
    }

    /// Shows another certificate from now on.
    ///
    /// # Errors
    /// Those of [`HubIdentity::new`]; then the present one stays.
    pub(crate) fn exchange(&self, chain_pem: &str, key_pem: &str) -> anyhow::Result<()> {
        let fresh = certified(chain_pem, key_pem)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

impl ResolvesServerCert for HubIdentity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn certified(chain_pem: &str, key_pem: &str) -> anyhow::Result<Arc<CertifiedKey>> {
    let chain = CertificateDer::pem_slice_iter(chain_pem.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .context("the hub's certificate cannot be read")?;
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).context("the hub's key cannot be read")?;
    let key = CertifiedKey::from_der(chain, key, &tls::provider()).context("the hub's key does not fit")?;
    Ok(Arc::new(key))
}

/// Who may show which certificate: one of the authorities' that was not revoked. The authorities can be exchanged while
/// connections come in.
pub(crate) struct AgentVerifier {
    chains: RwLock<Arc<dyn ClientCertVerifier>>,
    revoked: watch::Receiver<Arc<BTreeSet<String>>>,
}

impl fmt::Debug for AgentVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentVerifier(…)")
    }
}

impl AgentVerifier {
    /// For authorities in PEM, and what was revoked of theirs.
    ///
    /// # Errors
    /// When an authority cannot be read, or there is none.
    pub(crate) fn new(
        authorities_pem: &str,
        revoked: watch::Receiver<Arc<BTreeSet<String>>>,
    ) -> anyhow::Result<Arc<Self>> {
        Ok(Arc::new(Self { chains: RwLock::new(chains(authorities_pem)?), revoked }))
    }

    /// Believes other authorities from now on.
    ///
    /// # Errors
    /// Those of [`AgentVerifier::new`]; then the present ones stay.
    pub(crate) fn exchange(&self, authorities_pem: &str) -> anyhow::Result<()> {
        let fresh = chains(authorities_pem)?;
        *self.chains.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    fn chains(&self) -> Arc<dyn ClientCertVerifier> {
        Arc::clone(&self.chains.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn chains(authorities_pem: &str) -> anyhow::Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authorities_pem.as_bytes()) {
        roots.add(certificate.context("the hub's authority cannot be read")?)?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider())
        .allow_unauthenticated()
        .build()
        .context("the hub has no authority")
}

impl ClientCertVerifier for AgentVerifier {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// An agent has one certificate and needs no hint which to show.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// FLEET-1: what was revoked ends here, before anything was asked.
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.chains().verify_client_cert(end_entity, intermediates, now)?;
        let known = peer::read(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        if self.revoked.borrow().contains(&known.serial) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains().verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chains().verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains().supported_verify_schemes()
    }
}

/// TLS towards agents.
///
/// # Errors
/// When the cryptography has no TLS 1.3.
pub(crate) fn server_config(
    identity: Arc<HubIdentity>,
    verifier: Arc<AgentVerifier>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = tls::versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(identity);
    config.alpn_protocols = tls::PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    // Every connection shows its certificate anew; a resumed one would go on with what it showed before.
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use axum::Router;
    use axum::extract::Request;
    use bastide_model::{ClusterId, SystemIds};
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType,
    };
    use tokio::io::AsyncReadExt as _;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;
    use crate::listener::Listener;
    use crate::peer::PeerCertificate;
    use crate::tasks::Tasks;

    /// Longest wait for an answer.
    const LIMIT: Duration = Duration::from_mins(1);

    struct Authority {
        pem: String,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Authority {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let certificate = params.self_signed(&key).unwrap();
            Self { pem: certificate.pem(), issuer: Issuer::new(params, key) }
        }

        /// Certificate and key, in PEM.
        fn issue(&self, name: SanType, purpose: ExtendedKeyUsagePurpose) -> (String, String) {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::default();
            params.subject_alt_names = vec![name];
            params.extended_key_usages = vec![purpose];
            (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
        }

        fn hub(&self) -> (String, String) {
            let name = SanType::DnsName("localhost".try_into().unwrap());
            self.issue(name, ExtendedKeyUsagePurpose::ServerAuth)
        }

        fn agent(&self, cluster: ClusterId) -> (String, String) {
            let name = bastide_api::agent::cluster_uri(cluster);
            self.issue(SanType::URI(name.as_str().try_into().unwrap()), ExtendedKeyUsagePurpose::ClientAuth)
        }
    }

    async fn start(authority: &Authority, identity: Arc<HubIdentity>, tasks: &Tasks) -> SocketAddr {
        start_with(authority, identity, tasks, watch::channel(Arc::default()).1).await
    }

    async fn start_with(
        authority: &Authority,
        identity: Arc<HubIdentity>,
        tasks: &Tasks,
        revoked: watch::Receiver<Arc<BTreeSet<String>>>,
    ) -> SocketAddr {
        let router = Router::new().fallback(|request: Request| async move {
            request
                .extensions()
                .get::<PeerCertificate>()
                .map_or("nobody".to_owned(), |p| p.cluster.to_string())
        });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let verifier = AgentVerifier::new(&authority.pem, revoked.clone()).unwrap();
        let tls = Some(TlsAcceptor::from(server_config(identity, verifier).unwrap()));
        let listener = Listener { name: "agents", socket, tls, router, connections: 8, revoked };
        let inner = tasks.clone();
        tasks.background("agents", |_| listener.serve(inner));
        address
    }

    /// A client that trusts the authority and shows a certificate, over HTTP/2 or HTTP/1.1.
    #[expect(
        clippy::disallowed_methods,
        reason = "not by the testkit, which is for whole programs; it has its limit here"
    )]
    fn client(authority: &Authority, identity: Option<(String, String)>) -> reqwest::Client {
        let config = client_config(authority, identity);
        reqwest::Client::builder().tls_backend_preconfigured(config).timeout(LIMIT).build().unwrap()
    }

    fn client_config(authority: &Authority, identity: Option<(String, String)>) -> rustls::ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.pem.as_bytes()).unwrap()).unwrap();
        let builder = rustls::ClientConfig::builder_with_provider(tls::provider())
            .with_protocol_versions(rustls::DEFAULT_VERSIONS)
            .unwrap()
            .with_root_certificates(roots);
        match identity {
            Some((certificate, key)) => builder
                .with_client_auth_cert(
                    vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                    PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
                )
                .unwrap(),
            None => builder.with_no_client_auth(),
        }
    }

    async fn asks(client: &reqwest::Client, address: SocketAddr) -> Result<String, reqwest::Error> {
        client.get(format!("https://localhost:{}/", address.port())).send().await?.text().await
    }

    /// FLEET-1: whoever has no certificate is nobody, whoever has one is its cluster, and no other gets in.
    #[tokio::test]
    async fn fleet_1_certificates_of_our_authority_only() {
        let (ours, theirs) = (Authority::new(), Authority::new());
        let cluster = ClusterId::fresh(&SystemIds);
        let tasks = Tasks::new();
        let (chain, key) = ours.hub();
        let address = start(&ours, HubIdentity::new(&chain, &key).unwrap(), &tasks).await;

        assert_eq!(asks(&client(&ours, None), address).await.unwrap(), "nobody");
        let named = client(&ours, Some(ours.agent(cluster)));
        assert_eq!(asks(&named, address).await.unwrap(), cluster.to_string());

        let dns = || SanType::DnsName("localhost".try_into().unwrap());
        let uri = || SanType::URI(bastide_api::agent::cluster_uri(cluster).as_str().try_into().unwrap());
        for (why, refused) in [
            ("another authority's", theirs.agent(cluster)),
            ("not for clients", ours.issue(uri(), ExtendedKeyUsagePurpose::ServerAuth)),
            ("not a cluster's name", ours.issue(dns(), ExtendedKeyUsagePurpose::ClientAuth)),
        ] {
            assert!(asks(&client(&ours, Some(refused)), address).await.is_err(), "{why}");
        }
        tasks.shut_down(Duration::ZERO).await;
    }

    #[tokio::test]
    async fn the_certificate_is_exchanged_without_a_restart() {
        let (before, after) = (Authority::new(), Authority::new());
        let tasks = Tasks::new();
        let (chain, key) = before.hub();
        let identity = HubIdentity::new(&chain, &key).unwrap();
        let address = start(&before, Arc::clone(&identity), &tasks).await;
        assert!(asks(&client(&before, None), address).await.is_ok());
        assert!(asks(&client(&after, None), address).await.is_err());
        let (chain, key) = after.hub();
        identity.exchange(&chain, &key).unwrap();
        assert!(asks(&client(&after, None), address).await.is_ok());
        assert!(identity.exchange("nonsense", &key).is_err());
        assert!(asks(&client(&after, None), address).await.is_ok());
        tasks.shut_down(Duration::ZERO).await;
    }

    /// FLEET-1: a certificate that is revoked ends the connections that showed it, and no handshake takes it.
    #[tokio::test]
    async fn fleet_1_a_revoked_certificate_ends_its_connections_and_is_refused_in_the_handshake() {
        let (ours, tasks) = (Authority::new(), Tasks::new());
        let (chain, key) = ours.hub();
        let (revoke, revoked) = watch::channel(Arc::default());
        let address = start_with(&ours, HubIdentity::new(&chain, &key).unwrap(), &tasks, revoked).await;
        let (mine, other) =
            (ours.agent(ClusterId::fresh(&SystemIds)), ours.agent(ClusterId::fresh(&SystemIds)));
        let der = CertificateDer::from_pem_slice(mine.0.as_bytes()).unwrap();
        let serial = peer::read(&der).unwrap().serial;
        let (open, bystander) = (client(&ours, Some(mine.clone())), client(&ours, Some(other)));
        assert!(asks(&open, address).await.is_ok() && asks(&bystander, address).await.is_ok());
        // A connection on which nothing is asked just now.
        let mut idle = connect(&ours, &mine, address).await;

        revoke.send_replace(Arc::new([serial].into()));
        let read = tokio::time::timeout(Duration::from_secs(5), idle.read(&mut [0])).await;
        assert!(!matches!(read.expect("it ends"), Ok(1..)), "it says something");
        let error = asks(&client(&ours, Some(mine)), address).await.unwrap_err();
        assert!(format!("{error:?}").contains("CertificateRevoked"), "{error:?}");
        assert!(asks(&open, address).await.is_err());
        assert!(asks(&bystander, address).await.is_ok());
        tasks.shut_down(Duration::ZERO).await;
    }

    async fn connect(
        authority: &Authority,
        identity: &(String, String),
        address: SocketAddr,
    ) -> tokio_rustls::client::TlsStream<TcpStream> {
        let connector = TlsConnector::from(Arc::new(client_config(authority, Some(identity.clone()))));
        let stream = TcpStream::connect(address).await.unwrap();
        connector.connect("localhost".try_into().unwrap(), stream).await.unwrap()
    }
}
