//! Sign-in with a browser on this machine (RFC 8252, 7.3; RFC 7636): the program waits on loopback, the browser brings
//! a code, and only who knows the verifier can exchange it.

use std::convert::Infallible;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bastide_api::client::Client;
use bastide_api::identity::{IssuedToken, LoginRequest};
use bytes::Bytes;
use http_body_util::Full;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use url::Url;

use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::say;

/// How long the browser may take.
const PATIENCE: Duration = Duration::from_mins(10);
/// How long a connection of the browser may be silent.
const SILENCE: Duration = Duration::from_secs(10);
/// How long the last answer may take to reach the browser.
const FAREWELL: Duration = Duration::from_millis(500);

/// What the browser brought.
type Answer = Result<String, String>;

pub(crate) async fn sign_in(
    client: &Client,
    environment: &Environment,
    open: bool,
) -> Result<IssuedToken, Failure> {
    let (state, verifier) = (random()?, random()?);
    let unusable =
        |error: std::io::Error| Failure::new(Exit::Failure, format!("cannot wait on 127.0.0.1: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unusable)?;
    let port = listener.local_addr().map_err(unusable)?.port();
    let host = environment.host_name.as_deref().unwrap_or("this machine");
    let address = address(client.server(), port, &state, &verifier, &format!("bastide on {host}"));
    if open && open_browser(environment, &address) {
        say(&format!("Go on in your browser. If it did not open: {address}"));
    } else {
        say(&format!("Open in a browser on this machine: {address}"));
    }
    let answer = timeout(PATIENCE, callback(listener, state)).await.map_err(|_| {
        Failure::new(Exit::Timeout, "the browser did not come back in time")
            .hint("begin again, or use a browser elsewhere: bastide login --device")
    })??;
    match answer {
        Ok(code) => Ok(client.exchange_code(&LoginRequest::AuthorizationCode { code, verifier }).await?),
        Err(error) if error == "access_denied" => {
            Err(Failure::new(Exit::Unauthenticated, "the sign-in was refused in the browser")
                .hint("begin again: bastide login"))
        }
        Err(error) => Err(Failure::new(Exit::Failure, format!("the hub refused the sign-in: {error}"))),
    }
}

/// 256 bits that nobody can guess, as text.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Exit::Failure, format!("the system gives no randomness: {error}")))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Where the browser goes.
fn address(server: &Url, port: u16, state: &str, verifier: &str, name: &str) -> Url {
    let mut url = server.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(["login", "cli"]);
    }
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    url.query_pairs_mut()
        .append_pair("port", &port.to_string())
        .append_pair("state", state)
        .append_pair("challenge", &challenge)
        .append_pair("name", name);
    url
}

/// Starts a browser; whether one was started.
fn open_browser(environment: &Environment, address: &Url) -> bool {
    let (program, arguments): (&str, &[&str]) = match &environment.browser {
        Some(program) => (program, &[]),
        None if cfg!(target_os = "macos") => ("open", &[]),
        None if cfg!(windows) => ("rundll32", &["url.dll,FileProtocolHandler"]),
        None => ("xdg-open", &[]),
    };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).arg(address.as_str());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
}

/// Serves the browser until it comes with our state. Whatever else knocks gets an answer and changes nothing.
async fn callback(listener: TcpListener, state: String) -> Result<Answer, Failure> {
    let (sender, mut receiver) = mpsc::channel(1);
    let mut connections = JoinSet::new();
    let answer = loop {
        tokio::select! {
            Some(answer) = receiver.recv() => break answer,
            accepted = listener.accept() => {
                let (stream, _) = accepted.map_err(|error| {
                    Failure::new(Exit::Failure, format!("cannot wait for the browser: {error}"))
                })?;
                let (state, sender) = (state.clone(), sender.clone());
                connections.spawn(async move {
                    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                        let (status, text, answer) = judge(request.method(), request.uri(), &state);
                        if let Some(answer) = answer {
                            // A second answer finds the channel full, and the first one counts.
                            let _ = sender.try_send(answer);
                        }
                        async move { Ok::<_, Infallible>(page(status, text)) }
                    });
                    // What goes wrong between the browser and us shows in the browser.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .keep_alive(false)
                        .timer(TokioTimer::new())
                        .header_read_timeout(SILENCE)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    };
    // The browser should see how it ended. Connections that it opened in advance are not waited for long.
    let _ = timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
    Ok(answer)
}

/// What to show for a request, and what it brought, if it is the one that we wait for.
fn judge(method: &hyper::Method, uri: &hyper::Uri, state: &str) -> (u16, &'static str, Option<Answer>) {
    if method != hyper::Method::GET || uri.path() != "/callback" {
        return (404, "There is nothing here.", None);
    }
    let query = uri.query().unwrap_or_default();
    let find = |name: &str| {
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    };
    if find("state").as_deref() != Some(state) {
        return (400, "This answer does not belong to the sign-in that is waiting.", None);
    }
    match (find("code"), find("error")) {
        (Some(code), None) => (200, "You are signed in. You can close this page.", Some(Ok(code))),
        (_, Some(error)) => (200, "The program was not let in. You can close this page.", Some(Err(error))),
        (None, None) => (400, "This answer has no code.", None),
    }
}

fn page(status: u16, text: &'static str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bastide</title>\
         <meta name=\"color-scheme\" content=\"light dark\"><main><h1>Bastide</h1><p>{text}</p></main></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = hyper::StatusCode::from_u16(status).unwrap_or_default();
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    #[test]
    fn the_address_carries_the_challenge_and_not_the_verifier() {
        // Verifier and challenge of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let server = "https://hub.example.org/base/".parse().unwrap();
        let url = address(&server, 4711, "s t", verifier, "bastide on laptop");
        assert_eq!(
            url.as_str(),
            "https://hub.example.org/base/login/cli?port=4711&state=s+t\
             &challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&name=bastide+on+laptop"
        );
    }

    #[test]
    fn only_the_answer_with_our_state_counts() {
        let judged = |uri: &str| judge(&hyper::Method::GET, &uri.parse().unwrap(), "right");
        assert_eq!(judged("/callback?code=c&state=right").2, Some(Ok("c".into())));
        assert_eq!(judged("/callback?error=access_denied&state=right").2, Some(Err("access_denied".into())));
        for (uri, status) in [
            ("/callback?code=c&state=wrong", 400),
            ("/callback?code=c", 400),
            ("/callback?state=right", 400),
            ("/favicon.ico", 404),
        ] {
            let (got, _, answer) = judged(uri);
            assert_eq!((got, answer), (status, None), "{uri}");
        }
        let (status, _, answer) =
            judge(&hyper::Method::POST, &"/callback?code=c&state=right".parse().unwrap(), "right");
        assert_eq!((status, answer), (404, None));
    }

    async fn get(port: u16, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_browser_gets_a_page_and_we_get_the_code() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let waiting = tokio::spawn(callback(listener, "right".into()));
        // A browser opens connections in advance and asks for icons.
        let idle = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        assert!(get(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
        assert!(get(port, "/callback?code=c&state=wrong").await.starts_with("HTTP/1.1 400"));
        let page = get(port, "/callback?code=c&state=right").await;
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("You are signed in"), "{page}");
        assert_eq!(waiting.await.unwrap().unwrap(), Ok("c".into()));
        drop(idle);
    }
}
