//! A whole hub in this process, from its set-up link to a cluster that has joined, and a whole hub as a program, to its
//! end by a signal.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bastide_api::agent::{self, Certificate, Desired, Facts, Heartbeat, Join, JoinAccepted, JoinState};
use bastide_server::Running;
use bastide_server::config::{Configuration, Flags};
use rcgen::{CertificateParams, KeyPair};
use reqwest::{Client, Method, StatusCode};
use rustix::process::{Pid, Signal, kill_process};
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use uuid::Uuid;

const PASSWORD: &str = "correct horse battery";

fn flags(folder: &Path) -> Flags {
    Flags {
        database: Some(format!("sqlite:{}", folder.join("bastide.db").display())),
        listen: Some("127.0.0.1:0".to_owned()),
        agent_listen: Some("127.0.0.1:0".to_owned()),
        shutdown_seconds: Some(60),
        ..Flags::default()
    }
}

async fn start(flags: Flags) -> Running {
    bastide_server::start(Configuration::load(None, flags).unwrap()).await.unwrap()
}

/// A client with our cryptography, which trusts and shows what it is given.
#[expect(
    clippy::disallowed_methods,
    reason = "not by the testkit, which is for whole programs; it has its limit here"
)]
fn client(trusted: &str, identity: Option<(&str, &KeyPair)>) -> Client {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(trusted.as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(rustls::DEFAULT_VERSIONS)
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap(),
            )
            .unwrap(),
    };
    Client::builder().tls_backend_preconfigured(config).timeout(Duration::from_mins(1)).build().unwrap()
}

struct Api {
    client: Client,
    base: String,
    token: String,
}

impl Api {
    /// The first administrator, by the link that the start gave, signed in as a browser and with a token.
    async fn of(running: &Running) -> Self {
        let client = client("", None);
        let base = running.public_url.as_str().trim_end_matches('/').to_owned();
        let link = running.setup_link.as_deref().unwrap();
        let secret = link.strip_prefix(&format!("{base}/setup?token=")).unwrap();
        let input = json!({"token": secret, "email": "ada@example.org", "name": "Ada", "password": PASSWORD});
        let answer = client.post(format!("{base}/v1/setup")).json(&input).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let again = client.post(format!("{base}/v1/setup")).json(&input).send().await.unwrap();
        assert_eq!(again.status(), StatusCode::GONE);
        let token = Self::token(running).await;
        Self { client, base, token }
    }

    async fn token(running: &Running) -> String {
        use bastide_app::identity::{self, Credentials, Origin};
        use bastide_model::{RealmId, RequestId, SystemIds};
        let origin = Origin {
            realm: RealmId::PLATFORM,
            address: "127.0.0.1".to_owned(),
            user_agent: "test".to_owned(),
            request: RequestId::fresh(&SystemIds),
        };
        let app = running.app();
        let browser = identity::sign_in(app, "ada@example.org", PASSWORD.to_owned(), &origin).await.unwrap();
        let caller =
            identity::authenticate(app, Credentials::Session(&browser.secret), &origin).await.unwrap();
        identity::token_create(app, &caller, "test".parse().unwrap(), None, None).await.unwrap().0
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Whether so many requests are under way, the one that asks included.
    async fn under_way(&self, count: u32) -> bool {
        let numbers = self.client.get(format!("{}/metrics", self.base)).send().await.unwrap();
        let wanted = format!("http_requests_under_way {count}");
        numbers.text().await.unwrap().lines().any(|line| line == wanted)
    }

    async fn get(&self, path: &str) -> Value {
        let (status, value) = self.ask(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {value}");
        value
    }
}

#[tokio::test]
async fn the_first_link_makes_an_administrator_and_later_starts_have_none() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(flags(folder.path())).await;
    let api = Api::of(&running).await;
    assert_eq!(api.get("/v1/me").await["administration"], "site");
    assert!(running.stop().await);
    let running = start(flags(folder.path())).await;
    assert_eq!(running.setup_link, None);
    assert!(running.stop().await);
}

#[tokio::test]
async fn an_organization_from_its_creation_to_its_deletion() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(flags(folder.path())).await;
    let api = Api::of(&running).await;
    let (status, made) = api
        .ask(Method::POST, "/v1/organizations", Some(json!({"name": "Acme", "annotations": {"a": "b"}})))
        .await;
    assert_eq!((status, made["slug"].as_str()), (StatusCode::CREATED, Some("acme")), "{made}");
    let (status, problem) =
        api.ask(Method::POST, "/v1/organizations", Some(json!({"name": "Acme", "slug": "acme"}))).await;
    assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("slug_taken")));
    assert_eq!(
        api.get("/v1/organizations/acme").await,
        api.get(&format!("/v1/organizations/{}", made["id"].as_str().unwrap())).await
    );
    assert_eq!(api.get("/v1/organizations/acme/members").await["items"][0]["role"], "owner");

    let change = |tag: &str| {
        let request = api.client.patch(format!("{}/v1/organizations/acme", api.base)).bearer_auth(&api.token);
        request.header("if-match", tag).json(&json!({"name": "Acme & Sons"})).send()
    };
    let tag = made["etag"].as_str().unwrap();
    let changed = change(tag).await.unwrap();
    assert_eq!(changed.status(), StatusCode::OK);
    let newer = changed.headers().get("etag").unwrap().to_str().unwrap().to_owned();
    assert_ne!(newer, tag);
    let log = api.get("/v1/organizations/acme/audit").await;
    assert_eq!(log["items"][0]["operation"], "organization_update", "{log}");
    assert_eq!(change(tag).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);

    let delete = |confirm: &str| {
        let url = format!("{}/v1/organizations/acme?confirm={confirm}", api.base);
        api.client.delete(url).bearer_auth(&api.token).header("if-match", &newer).send()
    };
    assert_eq!(delete("acne").await.unwrap().status(), StatusCode::BAD_REQUEST);
    let begun = delete("acme").await.unwrap();
    assert_eq!(begun.status(), StatusCode::ACCEPTED);
    assert_eq!(begun.json::<Value>().await.unwrap()["state"], "deleting");
    assert!(running.stop().await);
}

/// FLEET-1, through both listeners: ask with a token, be accepted, get a certificate, and speak with it.
#[tokio::test]
async fn fleet_1_a_cluster_joins() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(flags(folder.path())).await;
    let api = Api::of(&running).await;
    let hub = api.get("/v1/hubs").await["items"][0]["slug"].as_str().unwrap().to_owned();
    let path = format!("/v1/hubs/{hub}/join-tokens");
    let (status, token) = api.ask(Method::POST, &path, Some(json!({"cluster_name": "eu-1"}))).await;
    assert_eq!(status, StatusCode::CREATED);
    let (secret, command) = (token["secret"].as_str().unwrap(), token["command"].as_str().unwrap());
    assert!(
        command.starts_with(&format!("BASTIDE_JOIN_TOKEN={secret} bastide-agent join https://localhost:"))
    );
    assert!(token["manifest"].as_str().unwrap().contains("kind: Deployment"));

    let agents = |path: &str| format!("https://localhost:{}{path}", running.agent_addr.port());
    let authority = running.app().authority().bundle_pem();
    let stranger = client(&authority, None);
    let (key, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let join = |key: &KeyPair, cluster: u128| {
        let csr_pem = CertificateParams::default().serialize_request(key).unwrap().pem().unwrap();
        let (token, cluster_uid) = (secret.to_owned(), Uuid::from_u128(cluster));
        let join = Join { token, csr_pem, cluster_uid, facts: Facts::default() };
        stranger.post(agents(agent::JOIN)).json(&join).send()
    };
    let answer = join(&key, 7).await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let asked: JoinAccepted = answer.json().await.unwrap();
    assert_eq!(join(&other, 8).await.unwrap().status(), StatusCode::GONE, "a join token works once");

    let state = async || {
        let query = json!({"cluster": asked.cluster, "ticket": asked.ticket, "a field of a newer agent": 1});
        let answer = stranger.post(agents(agent::JOIN_STATE)).json(&query).send().await.unwrap();
        answer.json::<JoinState>().await.unwrap()
    };
    assert!(matches!(state().await, JoinState::Requested));
    let accept = json!({"fingerprint": asked.fingerprint});
    let (status, cluster) = api.ask(Method::POST, "/v1/clusters/eu-1/accept", Some(accept)).await;
    assert_eq!((status, cluster["membership"].as_str()), (StatusCode::OK, Some("joined")), "{cluster}");
    let JoinState::Joined(Certificate { certificate_pem, .. }) = state().await else {
        panic!("it was accepted")
    };

    let beat = Heartbeat { at_ms: 0, api_server_ready: true, facts: Facts::default(), conditions: vec![] };
    let refused = stranger.post(agents(agent::HEARTBEAT)).json(&beat).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let member = client(&authority, Some((&certificate_pem, &key)));
    let answer = member.post(agents(agent::HEARTBEAT)).json(&beat).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(api.get("/v1/clusters/eu-1").await["availability"], "available");
    let pull = |wait: u32| member.get(agents(&format!("{}?after=0&wait={wait}", agent::DESIRED))).send();
    assert!(pull(0).await.unwrap().json::<Desired>().await.unwrap().sets.is_empty());
    assert_eq!(pull(26).await.unwrap().status(), StatusCode::BAD_REQUEST);
    assert_eq!(member.get(agents("/v1/me")).send().await.unwrap().status(), StatusCode::NOT_FOUND);

    // Who waits for something new is answered when the hub begins to stop, and not dropped.
    let waits = tokio::spawn(pull(25));
    while !api.under_way(2).await {
        tokio::task::yield_now().await;
    }
    assert!(running.stop().await);
    assert_eq!(waits.await.unwrap().unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn the_public_listener_speaks_tls_itself() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("hub.pem"), folder.path().join("hub.key"));
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let text = |path: &Path| Some(path.to_str().unwrap().to_owned());
    let with_tls = Flags { tls_certificate: text(&certificate), tls_key: text(&key), ..flags(folder.path()) };
    let running = start(with_tls.clone()).await;
    assert_eq!(running.public_url.scheme(), "https");
    let answer =
        client(&certified.cert.pem(), None).get(running.public_url.join("/healthz").unwrap()).send().await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.headers().contains_key("strict-transport-security"));
    assert!(running.stop().await);

    std::fs::write(&key, KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let configuration = Configuration::load(None, with_tls).unwrap();
    let error = format!("{:#}", bastide_server::start(configuration).await.unwrap_err());
    assert!(error.contains("tls.key") && error.contains("does not fit"), "{error}");
}

#[tokio::test]
async fn a_start_that_fails_names_its_step() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = Flags { listen: Some(taken.local_addr().unwrap().to_string()), ..flags(folder.path()) };
    let nowhere = Flags { database: Some("sqlite:/no/such/folder/b.db".to_owned()), ..flags(folder.path()) };
    for (flags, step) in [(busy, "bind the listeners"), (nowhere, "open the database")] {
        let configuration = Configuration::load(None, flags).unwrap();
        let error = format!("{:#}", bastide_server::start(configuration).await.unwrap_err());
        assert!(error.contains(step), "{error}");
    }
}

/// The program, ended when the test is.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_signal_ends_the_program_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let database = format!("sqlite:{}", folder.path().join("b.db").display());
        let child = Command::new(env!("CARGO_BIN_EXE_bastide-server"))
            .args(["--database", &database, "--listen", "127.0.0.1:0", "--agent-listen", "127.0.0.1:0"])
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Program(child);
        let out = BufReader::new(program.0.stdout.take().unwrap());
        let mut lines = out.lines().map(Result::unwrap);
        let link = lines.find(|line| line.contains("/setup?token="));
        assert!(link.is_some(), "the set-up link is printed");
        kill_process(Pid::from_child(&program.0), signal).unwrap();
        let status = program.0.wait().unwrap();
        let log = std::io::read_to_string(program.0.stderr.take().unwrap()).unwrap();
        assert!(status.success(), "{status}: {log}");
        assert!(log.contains("stopped") && log.contains("in_time=true"), "{log}");
        assert!(!log.contains("bastide_setup_"), "the secret is not in the log: {log}");
    }
}
