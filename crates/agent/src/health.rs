//! `/healthz`, `/readyz` and `/metrics` for the kubelet and for Prometheus, over plain HTTP. Tells nothing secret.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// Connections at one time.
const CONNECTIONS_MAX: usize = 32;
/// How long a client may take to send its request.
const HEADER_LIMIT: Duration = Duration::from_secs(5);

/// Answers questions after the agent's health.
pub(crate) struct Health {
    listener: TcpListener,
    metrics: Arc<Metrics>,
    /// Whether what is recorded on the cluster is known and being kept.
    enforcing: watch::Receiver<bool>,
}

impl Health {
    /// Listens at the address.
    ///
    /// # Errors
    /// When it cannot be listened at.
    pub(crate) async fn bind(
        address: SocketAddr,
        metrics: Arc<Metrics>,
        enforcing: watch::Receiver<bool>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, "serving health and metrics");
        Ok(Self { listener, metrics, enforcing })
    }

    /// Answers until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let health = Arc::new(self);
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut connections = JoinSet::new();
        loop {
            let Ok(place) = places.clone().acquire_owned().await else { return };
            let accepted = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = health.listener.accept() => accepted,
            };
            while connections.try_join_next().is_some() {}
            match accepted {
                Ok((stream, _)) => {
                    let health = health.clone();
                    connections.spawn(async move {
                        health.serve(stream).await;
                        drop(place);
                    });
                }
                // Out of file descriptors, or the client is gone already.
                Err(error) => {
                    tracing::debug!(%error, "a connection for health was lost");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    async fn serve(&self, stream: tokio::net::TcpStream) {
        let service = service_fn(async |request| Ok::<_, Infallible>(self.answer(&request)));
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_LIMIT)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service)
            .await;
        if let Err(error) = served {
            tracing::debug!(%error, "a question after health was cut off");
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return respond(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n".into());
        }
        match request.uri().path() {
            "/healthz" => respond(StatusCode::OK, "ok\n".into()),
            "/readyz" if *self.enforcing.borrow() => respond(StatusCode::OK, "ok\n".into()),
            "/readyz" => respond(
                StatusCode::SERVICE_UNAVAILABLE,
                "what is recorded on the cluster is not known yet\n".into(),
            ),
            "/metrics" => respond(StatusCode::OK, self.metrics.text()),
            _ => respond(StatusCode::NOT_FOUND, "there are /healthz, /readyz and /metrics\n".into()),
        }
    }
}

fn respond(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    let plain = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
    response
}
