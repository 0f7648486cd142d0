//! Connections: accepting them, TLS, limits, and their orderly end. Both listeners of the hub are this one with other
//! settings.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::http::context::Peer;
use crate::peer::{self, PeerCertificate};
use crate::tasks::Tasks;

/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may stay without its first request, and a request without the end of its head.
const FIRST_REQUEST: Duration = Duration::from_secs(20);
/// How often a silent HTTP/2 connection is asked whether somebody is there, and how long the answer may take.
const PING: Duration = Duration::from_secs(20);
/// Most requests at one time on one HTTP/2 connection.
const STREAMS: u32 = 128;
/// How long the other side may take to hang up after a handshake that failed.
const FAREWELL: Duration = Duration::from_secs(1);
/// Pause after the system could not give a connection, such as when it has no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket and what is served on it.
pub(crate) struct Listener {
    /// For the log.
    pub(crate) name: &'static str,
    /// Where connections come from.
    pub(crate) socket: TcpListener,
    /// TLS, unless a proxy does it.
    pub(crate) tls: Option<TlsAcceptor>,
    /// What is served.
    pub(crate) router: Router,
    /// Most connections at one time; further ones wait.
    pub(crate) connections: usize,
    /// Serial numbers of client certificates that are not accepted any more: a connection that showed one ends.
    pub(crate) revoked: watch::Receiver<Arc<BTreeSet<String>>>,
}

impl Listener {
    /// Serves until draining begins; from then on connections end after the request that they are in.
    pub(crate) async fn serve(self, tasks: Tasks) {
        let draining = tasks.draining();
        let free = Arc::new(Semaphore::new(self.connections));
        loop {
            let accepted = tokio::select! {
                () = draining.cancelled() => return,
                accepted = self.accept(&free) => accepted,
            };
            match accepted {
                Ok((stream, address, place)) => {
                    let connection = Connection {
                        name: self.name,
                        address,
                        tls: self.tls.clone(),
                        router: self.router.clone(),
                        draining: draining.clone(),
                        revoked: self.revoked.clone(),
                    };
                    tasks.piece("connection", async move {
                        connection.serve(stream).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(listener = self.name, %error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn accept(
        &self,
        free: &Arc<Semaphore>,
    ) -> io::Result<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
        let place = Arc::clone(free).acquire_owned().await.map_err(io::Error::other)?;
        let (stream, address) = self.socket.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, address, place))
    }
}

struct Connection {
    name: &'static str,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    draining: CancellationToken,
    revoked: watch::Receiver<Arc<BTreeSet<String>>>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        let Some(tls) = &self.tls else { return self.speak(stream, None).await };
        let stream = match tokio::time::timeout(HANDSHAKE, tls.accept(stream).into_fallible()).await {
            Ok(Ok(stream)) => stream,
            Ok(Err((error, stream))) => {
                tracing::debug!(listener = self.name, peer = %self.address, %error, "no TLS handshake");
                return hang_up(stream).await;
            }
            Err(_) => {
                return tracing::debug!(listener = self.name, peer = %self.address, "the handshake is too slow");
            }
        };
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|der| peer::read(der));
        match shown.transpose() {
            Ok(certificate) => self.speak(stream, certificate).await,
            Err(error) => {
                tracing::warn!(listener = self.name, peer = %self.address, %error, "a client certificate is refused");
            }
        }
    }

    async fn speak<S>(self, stream: S, certificate: Option<PeerCertificate>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(AtomicBool::new(false));
        let mut revoked = self.revoked;
        let serial = certificate.as_ref().map(|certificate| certificate.serial.clone());
        let mut revocation = pin!(async move {
            let Some(serial) = serial else { return std::future::pending().await };
            // When nobody can revoke any more, the hub is ending.
            if revoked.wait_for(|revoked| revoked.contains(&serial)).await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        let service = {
            let (router, asked, address) = (self.router, Arc::clone(&asked), self.address);
            hyper::service::service_fn(move |mut request: Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                request.extensions_mut().insert(Peer(address));
                if let Some(certificate) = &certificate {
                    request.extensions_mut().insert(certificate.clone());
                }
                answer(router.clone(), request)
            })
        };
        let builder = builder();
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut first = pin!(tokio::time::sleep(FIRST_REQUEST));
        let (mut told, mut waits) = (false, true);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(listener = self.name, peer = %self.address, %error, "a connection broke off");
                    }
                    return;
                }
                // Whatever is under way is cut off: a long poll that waits, too.
                () = revocation.as_mut() => {
                    return tracing::info!(
                        listener = self.name, peer = %self.address, "a connection ends: its certificate was revoked"
                    );
                }
                () = self.draining.cancelled(), if !told => {
                    told = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = first.as_mut(), if waits => {
                    waits = false;
                    if !asked.load(Ordering::Relaxed) {
                        return tracing::debug!(listener = self.name, peer = %self.address, "nothing was asked");
                    }
                }
            }
        }
    }
}

/// Ends a connection so that the other side can read why. What it has sent meanwhile has to be taken in for that: closing
/// over unread bytes resets the connection, and the alert is lost.
async fn hang_up(mut stream: TcpStream) {
    const ENOUGH: u64 = 64 * 1024;
    let end = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut (&mut stream).take(ENOUGH), &mut tokio::io::sink()).await
    };
    // Who does not hang up as well is not waited for.
    let _ = tokio::time::timeout(FAREWELL, end).await;
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response, Infallible> {
    router.oneshot(request.map(Body::new)).await
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(FIRST_REQUEST);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .max_concurrent_streams(STREAMS);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a sample that is in no table")]
    async fn start(
        tasks: &Tasks,
        begun: tokio::sync::mpsc::UnboundedSender<()>,
        go_on: Arc<Semaphore>,
    ) -> SocketAddr {
        let router = Router::new().route(
            "/slow",
            axum::routing::get(move || {
                let (begun, go_on) = (begun.clone(), Arc::clone(&go_on));
                async move {
                    begun.send(()).unwrap();
                    go_on.acquire().await.unwrap().forget();
                    "done"
                }
            }),
        );
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener {
            name: "sample",
            socket,
            tls: None,
            router,
            connections: 2,
            revoked: watch::channel(Arc::default()).1,
        };
        let inner = tasks.clone();
        tasks.background("sample", |_| listener.serve(inner));
        address
    }

    async fn ask(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        stream
    }

    #[tokio::test]
    async fn a_request_under_way_is_answered_before_the_end() {
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let go_on = Arc::new(Semaphore::new(0));
        let tasks = Tasks::new();
        let address = start(&tasks, begun, Arc::clone(&go_on)).await;
        let mut busy = ask(address).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        has_begun.recv().await.unwrap();

        let inner = tasks.clone();
        let end = tokio::spawn(async move { inner.shut_down(Duration::from_mins(1)).await });
        tasks.draining().cancelled().await;
        // The idle connection ends although nothing was asked on it, and the busy one only with its answer.
        assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
        assert!(!end.is_finished());
        go_on.add_permits(1);
        let mut answer = String::new();
        busy.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("done"), "{answer}");
        assert!(end.await.unwrap(), "nothing had to be dropped");
        assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    }

    #[tokio::test]
    async fn further_connections_wait_for_a_place() {
        let (begun, mut has_begun) = tokio::sync::mpsc::unbounded_channel();
        let go_on = Arc::new(Semaphore::new(0));
        let tasks = Tasks::new();
        let address = start(&tasks, begun, Arc::clone(&go_on)).await;
        let first = ask(address).await;
        let _second = ask(address).await;
        let mut third = ask(address).await;
        has_begun.recv().await.unwrap();
        has_begun.recv().await.unwrap();
        assert!(has_begun.try_recv().is_err());
        drop(first);
        has_begun.recv().await.unwrap();
        go_on.add_permits(2);
        let mut head = [0; 15];
        third.read_exact(&mut head).await.unwrap();
        assert_eq!(&head, b"HTTP/1.1 200 OK");
        tasks.shut_down(Duration::ZERO).await;
    }
}
