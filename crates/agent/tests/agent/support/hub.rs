//! A hub that keeps everything in memory and does what a test tells it to: the agent protocol over TLS 1.3 with its own
//! authority. It is as strict as a hub has to be about who asks.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bastide_api::Problem;
use bastide_api::agent as wire;
use bastide_model::{Clock as _, ClusterId, OrganizationId, SystemClock, SystemIds};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

/// The token that a new hub has.
pub(crate) const TOKEN: &str = "join-s3cret";
/// What every ticket begins with.
pub(crate) const TICKET: &str = "ticket-s3cret-";

/// What an administrator decided about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Waiting,
    Denied,
    Accepted,
}

/// A request to join, as the hub keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) cluster: ClusterId,
    pub(crate) uid: uuid::Uuid,
    pub(crate) fingerprint: String,
    pub(crate) facts: wire::Facts,
    pub(crate) decision: Decision,
    ticket: String,
    csr_pem: String,
}

/// What the hub keeps, open for tests to look at and to change.
#[derive(Debug)]
pub(crate) struct Kept {
    /// Tokens that have not been used.
    pub(crate) tokens: Vec<String>,
    pub(crate) requests: Vec<Asked>,
    /// Whether members are let in.
    pub(crate) accepts_members: bool,
    /// Fingerprints of keys that are refused although their certificate is good.
    pub(crate) refused_keys: Vec<String>,
    /// Keys by which members were known, in the order of their first request.
    pub(crate) keys_seen: Vec<String>,
    pub(crate) epoch: i64,
    /// The epoch that an administrator lets the agent follow.
    pub(crate) follow: Option<i64>,
    pub(crate) generation: i64,
    pub(crate) sets: BTreeMap<OrganizationId, wire::Set>,
    pub(crate) beats: Vec<wire::Heartbeat>,
    /// Every report, in order.
    pub(crate) reports: Vec<wire::SetStatus>,
    /// By how much the hub's clock is ahead of the machine's, in milliseconds.
    pub(crate) clock_ahead: i64,
    /// Whether certificates may be renewed as soon as they are issued.
    pub(crate) renew_at_once: bool,
}

/// A hub in this process.
pub(crate) struct Hub {
    address: SocketAddr,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    kept: Arc<Mutex<Kept>>,
    changed: watch::Sender<()>,
    serving: Option<JoinHandle<()>>,
}

impl Hub {
    /// A hub with one unused token, [`TOKEN`].
    pub(crate) async fn start() -> Self {
        let kept = Kept {
            tokens: vec![TOKEN.into()],
            requests: Vec::new(),
            accepts_members: true,
            refused_keys: Vec::new(),
            keys_seen: Vec::new(),
            epoch: 1,
            follow: None,
            generation: 0,
            sets: BTreeMap::new(),
            beats: Vec::new(),
            reports: Vec::new(),
            clock_ahead: 0,
            renew_at_once: false,
        };
        let mut hub = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            authority: Arc::new(authority()),
            kept: Arc::new(Mutex::new(kept)),
            changed: watch::Sender::new(()),
            serving: None,
        };
        hub.serve().await;
        hub
    }

    /// Serves again after [`Hub::stop`], at the same address with the same data.
    pub(crate) async fn serve(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let server = Server {
            acceptor: TlsAcceptor::from(Arc::new(tls(&self.authority))),
            authority: self.authority.clone(),
            kept: self.kept.clone(),
            changed: self.changed.clone(),
        };
        self.serving = Some(tokio::spawn(accept(listener, Arc::new(server))));
    }

    /// Stops serving and cuts every connection.
    pub(crate) async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            let _ = serving.await;
        }
    }

    pub(crate) fn url(&self) -> url::Url {
        format!("https://{}", self.address).parse().unwrap()
    }

    pub(crate) fn pin(&self) -> bastide_agent::Pin {
        bastide_agent::Pin::of(self.authority.der())
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    /// The only request, once it is there.
    pub(crate) async fn request(&self) -> Asked {
        super::value("a request to join", async || {
            let kept = self.kept();
            assert!(kept.requests.len() < 2, "one request only");
            kept.requests.first().cloned()
        })
        .await
    }

    pub(crate) fn decide(&self, decision: Decision) {
        self.kept().requests.last_mut().unwrap().decision = decision;
    }

    /// Wants something of an organization, or nothing any more. The generation.
    pub(crate) fn want(&self, organization: OrganizationId, content: Option<wire::Content>) -> i64 {
        let mut kept = self.kept();
        kept.generation += 1;
        let generation = kept.generation;
        let set = wire::Set { organization: organization.to_string(), generation, content };
        kept.sets.insert(organization, set);
        drop(kept);
        self.changed.send_replace(());
        generation
    }

    /// Waits for a report about an organization of which `is_so` holds.
    pub(crate) async fn reported(
        &self,
        what: &str,
        organization: OrganizationId,
        is_so: impl Fn(&wire::SetStatus) -> bool,
    ) -> wire::SetStatus {
        let id = organization.to_string();
        super::value(what, async || {
            let kept = self.kept();
            kept.reports.iter().rev().find(|report| report.organization == id && is_so(report)).cloned()
        })
        .await
    }

    /// Waits for a sign of life of which `is_so` holds.
    pub(crate) async fn beat(&self, what: &str, is_so: impl Fn(&wire::Heartbeat) -> bool) -> wire::Heartbeat {
        super::value(what, async || self.kept().beats.iter().rev().find(|beat| is_so(beat)).cloned()).await
    }
}

/// Whether a condition is there with this status and reason.
pub(crate) fn has(conditions: &[wire::Condition], kind: &str, status: &str, reason: &str) -> bool {
    conditions.iter().any(|one| one.kind == kind && one.status == status && one.reason == reason)
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "hub authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn tls(authority: &CertifiedIssuer<'static, KeyPair>) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = params.signed_by(&key, authority).unwrap();
    let chain = vec![leaf.der().clone(), authority.der().clone()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap()
}

struct Server {
    acceptor: TlsAcceptor,
    authority: Arc<CertifiedIssuer<'static, KeyPair>>,
    kept: Arc<Mutex<Kept>>,
    changed: watch::Sender<()>,
}

async fn accept(listener: TcpListener, server: Arc<Server>) {
    // Dropped with this task, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(server.clone().connection(stream));
    }
}

/// A refusal, as a status and a stable code.
type Refusal = (StatusCode, &'static str);
type Answer = Result<Response<Full<Bytes>>, Refusal>;

impl Server {
    async fn connection(self: Arc<Self>, stream: TcpStream) {
        let Ok(stream) = self.acceptor.accept(stream).await else { return };
        let peer = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first()).map(known_as);
        let service =
            service_fn(async |request| Ok::<_, Infallible>(self.respond(request, peer.as_ref()).await));
        let _ =
            hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    async fn respond(&self, request: Request<Incoming>, peer: Option<&Peer>) -> Response<Full<Bytes>> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body =
            request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let answer = match (method, path.as_str()) {
            (Method::POST, wire::JOIN) => self.join(&body),
            (Method::POST, wire::JOIN_STATE) => self.join_state(&body),
            (method, path) => match self.member(peer) {
                Ok(cluster) => self.of_member(&method, path, &query, &body, cluster).await,
                Err(refusal) => Err(refusal),
            },
        };
        answer.unwrap_or_else(|(status, code)| {
            let problem = Problem {
                status: status.as_u16(),
                code: code.into(),
                detail: code.into(),
                ..Problem::default()
            };
            let mut response = json(&problem);
            *response.status_mut() = status;
            response
        })
    }

    async fn of_member(
        &self,
        method: &Method,
        path: &str,
        query: &str,
        body: &[u8],
        cluster: ClusterId,
    ) -> Answer {
        match (method, path) {
            (&Method::POST, wire::HEARTBEAT) => self.heartbeat(body),
            (&Method::GET, wire::DESIRED) => Ok(self.desired(query).await),
            (&Method::POST, wire::STATUS) => self.status(body),
            (&Method::POST, wire::RENEW) => {
                let renew: wire::Renew = read(body)?;
                Ok(json(&self.issue(&renew.csr_pem, cluster)))
            }
            _ => Err((StatusCode::NOT_FOUND, "no_such_route")),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    fn member(&self, peer: Option<&Peer>) -> Result<ClusterId, Refusal> {
        let peer = peer.ok_or((StatusCode::UNAUTHORIZED, "certificate_needed"))?;
        let mut kept = self.kept();
        let accepted = kept.requests.iter().any(|asked| {
            wire::cluster_uri(asked.cluster) == peer.name && asked.decision == Decision::Accepted
        });
        if !accepted || !kept.accepts_members || kept.refused_keys.contains(&peer.key) {
            return Err((StatusCode::FORBIDDEN, "not_accepted"));
        }
        if !kept.keys_seen.contains(&peer.key) {
            kept.keys_seen.push(peer.key.clone());
        }
        Ok(kept.requests.last().unwrap().cluster)
    }

    fn join(&self, body: &[u8]) -> Answer {
        let join: wire::Join = read(body)?;
        let request = CertificateSigningRequestParams::from_pem(&join.csr_pem)
            .map_err(|_| (StatusCode::BAD_REQUEST, "csr_invalid"))?;
        let fingerprint = fingerprint(&rcgen::PublicKeyData::subject_public_key_info(&request.public_key));
        let mut kept = self.kept();
        let Some(position) = kept.tokens.iter().position(|token| *token == join.token) else {
            return Err((StatusCode::GONE, "join_token_used"));
        };
        kept.tokens.remove(position);
        let before = kept.requests.iter().find(|asked| asked.uid == join.cluster_uid);
        let cluster = before.map_or_else(|| ClusterId::fresh(&SystemIds), |asked| asked.cluster);
        let ticket = format!("{TICKET}{}", kept.requests.len());
        kept.requests.push(Asked {
            cluster,
            uid: join.cluster_uid,
            fingerprint: fingerprint.clone(),
            facts: join.facts,
            decision: Decision::Waiting,
            ticket: ticket.clone(),
            csr_pem: join.csr_pem,
        });
        let accepted = wire::JoinAccepted { cluster: cluster.to_string(), fingerprint, ticket };
        let mut response = json(&accepted);
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok(response)
    }

    fn join_state(&self, body: &[u8]) -> Answer {
        let query: wire::JoinStateQuery = read(body)?;
        let asked = self.kept().requests.iter().find(|asked| asked.ticket == query.ticket).cloned();
        let asked = asked
            .filter(|asked| asked.cluster.to_string() == query.cluster)
            .ok_or((StatusCode::NOT_FOUND, "not_found"))?;
        Ok(json(&match asked.decision {
            Decision::Waiting => wire::JoinState::Requested,
            Decision::Denied => wire::JoinState::Denied,
            Decision::Accepted => wire::JoinState::Joined(self.issue(&asked.csr_pem, asked.cluster)),
        }))
    }

    fn issue(&self, csr_pem: &str, cluster: ClusterId) -> wire::Certificate {
        let mut request = CertificateSigningRequestParams::from_pem(csr_pem).unwrap();
        request.params = CertificateParams::default();
        request.params.subject_alt_names = vec![SanType::URI(wire::cluster_uri(cluster).try_into().unwrap())];
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let kept = self.kept();
        let now = SystemClock.now().as_millis() + kept.clock_ahead;
        let life = 8 * 60 * 60 * 1000;
        wire::Certificate {
            certificate_pem: request.signed_by(&self.authority).unwrap().pem(),
            authorities_pem: self.authority.pem(),
            not_after_ms: now + life,
            renew_after_ms: if kept.renew_at_once { now } else { now + life / 4 * 3 },
        }
    }

    fn heartbeat(&self, body: &[u8]) -> Answer {
        let mut kept = self.kept();
        kept.beats.push(read(body)?);
        let at_ms = SystemClock.now().as_millis() + kept.clock_ahead;
        Ok(json(&wire::HeartbeatAnswer { at_ms, next_seconds: 1, epoch: kept.epoch, authorities_pem: None }))
    }

    async fn desired(&self, query: &str) -> Response<Full<Bytes>> {
        let number = |name: &str| {
            url::form_urlencoded::parse(query.as_bytes())
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.parse::<i64>().unwrap())
                .unwrap()
        };
        let (after, wait) = (number("after"), Duration::from_secs(number("wait").unsigned_abs()));
        let mut changed = self.changed.subscribe();
        let new = async { while self.kept().generation <= after && changed.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(wait, new).await;
        let kept = self.kept();
        let sets = kept.sets.values().filter(|set| set.generation > after).cloned().collect();
        let follow = kept.follow == Some(kept.epoch);
        json(&wire::Desired { epoch: kept.epoch, generation: kept.generation, follow, sets })
    }

    fn status(&self, body: &[u8]) -> Answer {
        let status: wire::Status = read(body)?;
        self.kept().reports.extend(status.sets);
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        Ok(response)
    }
}

/// Who has shown a certificate.
#[derive(Debug, Clone)]
struct Peer {
    name: String,
    key: String,
}

fn known_as(certificate: &CertificateDer<'_>) -> Peer {
    let (_, parsed) = X509Certificate::from_der(certificate).unwrap();
    let names = parsed.subject_alternative_name().unwrap().unwrap();
    let [GeneralName::URI(name)] = names.value.general_names.as_slice() else {
        panic!("an agent's certificate has one name, a URI");
    };
    Peer { name: (*name).to_owned(), key: fingerprint(parsed.public_key().raw) }
}

fn fingerprint(public_key: &[u8]) -> String {
    let digest = Sha256::digest(public_key);
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|_| (StatusCode::UNPROCESSABLE_ENTITY, "invalid"))
}

fn json(value: &impl Serialize) -> Response<Full<Bytes>> {
    Response::new(Full::new(Bytes::from(serde_json::to_vec(value).unwrap())))
}
