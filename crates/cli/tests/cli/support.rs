//! A hub of a few lines, and a way to run the program with nothing of the surroundings in it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, rustls};

/// Longest time that a test waits for something to happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request as the hub saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    /// `METHOD /path`.
    pub(crate) line: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}

/// What the hub answers: status, body. A string is sent as it is, everything else as JSON.
pub(crate) type Answer = (u16, Value);

#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    grown: Condvar,
}

/// The hub. It ends with the test.
pub(crate) struct Hub {
    scheme: &'static str,
    address: SocketAddr,
    log: Arc<Log>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Hub {
    /// Begins to answer; the handler also gets how many requests with the same method and path came before.
    pub(crate) fn start(handler: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::begin(Arc::new(handler), None)
    }

    /// The same behind TLS, with the certificate of its own authority in PEM.
    pub(crate) fn start_tls(
        handler: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static,
    ) -> (Self, String) {
        let (acceptor, authority) = tls();
        (Self::begin(Arc::new(handler), Some(acceptor)), authority)
    }

    fn begin(handler: Arc<Handler>, tls: Option<TlsAcceptor>) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let log = Arc::new(Log::default());
        let scheme = if tls.is_some() { "https" } else { "http" };
        runtime.spawn(serve(listener, tls, Arc::clone(&log), handler));
        Self { scheme, address, log, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}/", self.scheme, self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// Methods and paths of every request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }

    /// Waits until so many requests have come.
    pub(crate) fn wait_for(&self, count: usize) {
        let seen = self.log.seen.lock().unwrap();
        let (_seen, timed_out) =
            self.log.grown.wait_timeout_while(seen, PATIENCE, |seen| seen.len() < count).unwrap();
        assert!(!timed_out.timed_out(), "the hub never saw {count} requests");
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

type Handler = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

async fn serve(
    listener: tokio::net::TcpListener,
    tls: Option<TlsAcceptor>,
    log: Arc<Log>,
    handler: Arc<Handler>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, log, handler) = (tls.clone(), Arc::clone(&log), Arc::clone(&handler));
        tokio::spawn(async move {
            match tls {
                None => converse(stream, log, handler).await,
                Some(tls) => {
                    // A client that does not trust us breaks off here.
                    if let Ok(stream) = tls.accept(stream).await {
                        converse(stream, log, handler).await;
                    }
                }
            }
        });
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    log: Arc<Log>,
    handler: Arc<Handler>,
) {
    let service = service_fn(move |request| answer(request, Arc::clone(&log), Arc::clone(&handler)));
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An authority, and a certificate of it for this machine.
fn tls() -> (TlsAcceptor, String) {
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = rcgen::Issuer::new(params, key);
    let own_key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = rcgen::CertificateParams::new(names).unwrap().signed_by(&own_key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], own_key.serialize_der().try_into().unwrap())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), authority)
}

async fn answer(
    request: Request<hyper::body::Incoming>,
    log: Arc<Log>,
    handler: Arc<Handler>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let query = parts.uri.query().unwrap_or_default();
    let seen = Seen {
        at: Instant::now(),
        line: format!("{} {}", parts.method, parts.uri.path()),
        query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    };
    let before = {
        let mut all = log.seen.lock().unwrap();
        let before = all.iter().filter(|one| one.line == seen.line).count();
        all.push(seen.clone());
        log.grown.notify_all();
        before
    };
    let (status, body) = handler(&seen, before);
    let body = if let Value::String(text) = body { text } else { body.to_string() };
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap();
    response.headers_mut().insert("request-id", hyper::header::HeaderValue::from_static("req_7"));
    Ok(response)
}

/// A problem document.
pub(crate) fn problem(status: u16, code: &str) -> Answer {
    let body = json!({
        "type": format!("urn:bastide:problem:{code}"), "title": "Wrong", "status": status,
        "detail": format!("something about {code}"), "code": code, "request_id": "req_7"
    });
    (status, body)
}

/// A page of a list.
pub(crate) fn page(items: impl IntoIterator<Item = Value>, next: Option<&str>) -> Answer {
    let items: Vec<_> = items.into_iter().collect();
    (
        200,
        next.map_or_else(|| json!({"items": items}), |next| json!({"items": items, "next_page_token": next})),
    )
}

/// Who the caller is.
pub(crate) fn me() -> Answer {
    let user = json!({
        "id": "usr_1", "email": "ada@example.org", "name": "Ada", "access": "enabled", "created_at": "2026-01-01T00:00:00Z"
    });
    (
        200,
        json!({"user": user, "credential": "token", "token_name": "bastide on laptop", "administration": "site"}),
    )
}

/// An organization.
pub(crate) fn organization(slug: &str) -> Value {
    json!({
        "id": format!("org_{slug}"), "slug": slug, "name": slug.to_uppercase(), "description": "", "kind": "work",
        "visibility": "private", "annotations": {}, "namespace_base": slug, "plan": "base", "state": "active",
        "created_at": "2026-01-01T00:00:00Z", "host_names": [], "role": "owner", "actions": ["update"], "etag": "\"7\""
    })
}

/// The program with a directory of its own.
pub(crate) struct Cli {
    pub(crate) directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cli {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// Signed in to a hub through the environment.
    pub(crate) fn signed_in(hub: &Hub) -> Self {
        Self::new().with("BASTIDE_SERVER", &hub.url()).with("BASTIDE_TOKEN", "secret-token")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn config(&self) -> std::path::PathBuf {
        self.directory.path().join("bastide").join("config.toml")
    }

    pub(crate) fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_bastide"))
            .args(args)
            .current_dir(self.directory.path())
            .env_clear()
            .env("XDG_CONFIG_HOME", self.directory.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.run_with_input(args, "")
    }

    pub(crate) fn run_with_input(&self, args: &[&str], input: &str) -> Ended {
        let mut child = self.start(args);
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ended(child)
    }
}

pub(crate) fn ended(child: Child) -> Ended {
    let output = child.wait_with_output().unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
