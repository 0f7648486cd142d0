//! One request and its answer: addresses, headers, time limits, TLS, errors.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use bastide_model::{Ids, SystemIds};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MATCH};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use super::{ClientError, Secret, TransportKind};
use crate::{IDEMPOTENCY_KEY, PageQuery, Problem, REQUEST_ID};

/// Longest time to reach the hub.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Longest time for a whole request and its answer.
const CALL_LIMIT: Duration = Duration::from_mins(1);
/// Largest answer that is read, in bytes: a full page of the largest objects is well below it.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A client of one hub.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    server: Url,
    authorization: Option<HeaderValue>,
}

/// What is asked of the hub.
pub(super) struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    query: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    headers: HeaderMap,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self { method, path, query: Vec::new(), body: None, headers: HeaderMap::new() }
    }

    pub(super) fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, path)
    }

    pub(super) fn post(path: &'a [&'a str]) -> Self {
        Self::new(Method::POST, path)
    }

    pub(super) fn delete(path: &'a [&'a str]) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(super) fn page(mut self, page: PageQuery) -> Self {
        let PageQuery { page_size, page_token, search } = page;
        self.query.extend(page_size.map(|size| ("page_size", size.to_string())));
        self.query.extend(page_token.map(|token| ("page_token", token)));
        self.query.extend(search.map(|text| ("search", text)));
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| ClientError::not_sent(format!("the request cannot be written: {error}")))?;
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Some(body);
        Ok(self)
    }

    pub(super) fn if_match(mut self, etag: &str) -> Result<Self, ClientError> {
        let value = HeaderValue::from_str(etag).map_err(|_| {
            ClientError::not_sent(format!("`{}` is not an entity tag such as \"7\"", etag.escape_debug()))
        })?;
        self.headers.insert(IF_MATCH, value);
        Ok(self)
    }
}

impl Client {
    /// A client of the hub at `server`, which acts with `token` and trusts the authorities of the system and those in
    /// `extra_ca_pem` (one or more certificates in PEM).
    ///
    /// # Errors
    /// [`ClientError::NotSent`] when the address is neither `https` nor on this machine, when the token cannot be a
    /// token, or when the extra certificates cannot be read.
    #[expect(clippy::disallowed_methods, reason = "the one client of the API, with its limits")]
    pub fn new(
        server: Url,
        token: Option<&Secret>,
        extra_ca_pem: Option<&[u8]>,
    ) -> Result<Self, ClientError> {
        check_server(&server)?;
        install_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("bastide/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_LIMIT)
            .timeout(CALL_LIMIT)
            // A redirect could lead the token elsewhere, and the API has none.
            .redirect(reqwest::redirect::Policy::none());
        if let Some(host) = this_machine(&server) {
            // Neither a proxy nor a resolver may lead what is meant for this machine away from it.
            let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            builder = builder.no_proxy().resolve_to_addrs(&host, &loopback.map(|ip| SocketAddr::new(ip, 0)));
        }
        if server.scheme() == "http" {
            // No TLS is spoken, so the system's authorities need not be there.
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = extra_ca_pem {
            builder = builder.tls_certs_merge(authorities(pem)?);
        }
        let http = builder.build().map_err(|error| {
            let cause = super::error::causes(&error);
            ClientError::not_sent(format!(
                "TLS cannot be set up: {cause}; the system's certificate authorities, or an additional one, are needed"
            ))
        })?;
        Ok(Self { http, server, authorization: token.map(authorization).transpose()? })
    }

    /// The hub's address.
    pub fn server(&self) -> &Url {
        &self.server
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, ClientError> {
        let answer = self.send(call).await?;
        serde_json::from_slice(&answer.body).map_err(|error| ClientError::Unexpected {
            request: answer.request,
            status: answer.status.as_u16(),
            detail: format!("it cannot be read as the API's version 1: {error}"),
            request_id: answer.request_id,
        })
    }

    pub(super) async fn done(&self, call: Call<'_>) -> Result<(), ClientError> {
        self.send(call).await.map(|_| ())
    }

    async fn send(&self, call: Call<'_>) -> Result<Answer, ClientError> {
        let url = self.address(call.path, &call.query)?;
        let request = describe(&call.method, &url);
        let mut headers = call.headers;
        let repeatable = call.method == Method::GET || call.method == Method::POST;
        if let Some(value) = &self.authorization {
            headers.insert(AUTHORIZATION, value.clone());
            if call.method == Method::POST {
                headers.insert(HeaderName::from_static(IDEMPOTENCY_KEY), idempotency_key()?);
            }
        }
        let once = || {
            let mut builder = self.http.request(call.method.clone(), url.clone()).headers(headers.clone());
            if let Some(body) = &call.body {
                builder = builder.body(body.clone());
            }
            builder
        };
        let answer = match exchange(&request, once()).await {
            // The connection may have been an old one that the hub had closed. Reading twice harms nobody, and the
            // idempotency key makes the hub carry out a POST at most once.
            Err(ClientError::Transport { kind: TransportKind::Broken, .. })
                if repeatable && self.authorization.is_some() =>
            {
                exchange(&request, once()).await?
            }
            other => other?,
        };
        if answer.status.is_success() { Ok(answer) } else { Err(answer.into_error()) }
    }

    /// The address of an operation. Names from outside become one segment each; what a segment cannot hold is refused,
    /// because `..` would silently name another resource.
    fn address(&self, path: &[&str], query: &[(&'static str, String)]) -> Result<Url, ClientError> {
        if let Some(bad) = path.iter().find(|segment| matches!(**segment, "" | "." | "..")) {
            return Err(ClientError::not_sent(format!("`{bad}` is neither an id nor a name")));
        }
        let mut url = self.server.clone();
        url.set_query(None);
        url.set_fragment(None);
        match url.path_segments_mut() {
            Ok(mut segments) => segments.pop_if_empty().push("v1").extend(path),
            Err(()) => return Err(ClientError::not_sent(format!("`{}` has no path", self.server))),
        };
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// What came back.
struct Answer {
    request: String,
    status: StatusCode,
    request_id: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn into_error(self) -> ClientError {
        if let Ok(mut problem) = serde_json::from_slice::<Problem>(&self.body) {
            if problem.request_id.is_empty() {
                problem.request_id = self.request_id.unwrap_or_default();
            }
            return ClientError::Problem(Box::new(problem));
        }
        let detail = if self.status.is_redirection() {
            "it is a redirect; give the address that it leads to as the server".to_owned()
        } else {
            "it is no problem document, so it hardly comes from a Bastide hub".to_owned()
        };
        ClientError::Unexpected {
            request: self.request,
            status: self.status.as_u16(),
            detail,
            request_id: self.request_id,
        }
    }
}

async fn exchange(request: &str, builder: reqwest::RequestBuilder) -> Result<Answer, ClientError> {
    let broken = |error: reqwest::Error| ClientError::transport(request, &error);
    let mut response = builder.send().await.map_err(broken)?;
    let (status, request_id) = (response.status(), request_id(&response));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::Unexpected {
                request: request.to_owned(),
                status: status.as_u16(),
                detail: format!("it has more than {ANSWER_BYTES_MAX} bytes"),
                request_id,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { request: request.to_owned(), status, request_id, body })
}

fn request_id(response: &Response) -> Option<String> {
    response.headers().get(REQUEST_ID)?.to_str().ok().map(str::to_owned)
}

fn describe(method: &Method, url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_query(None);
    format!("{method} {bare}")
}

fn idempotency_key() -> Result<HeaderValue, ClientError> {
    HeaderValue::from_str(&SystemIds.fresh().to_string())
        .map_err(|error| ClientError::not_sent(format!("no idempotency key: {error}")))
}

fn authorization(token: &Secret) -> Result<HeaderValue, ClientError> {
    let text = token.expose();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {text}")).ok().filter(|_| plain);
    let mut value = value.ok_or_else(|| {
        ClientError::not_sent("the token is empty or has characters that no token has (spaces, line breaks)")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn authorities(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, ClientError> {
    let wrong = || ClientError::not_sent("the additional authority is not one or more certificates in PEM");
    let certificates = reqwest::Certificate::from_pem_bundle(pem).map_err(|_| wrong())?;
    if certificates.is_empty() { Err(wrong()) } else { Ok(certificates) }
}

/// `https` anywhere, `http` on this machine only.
fn check_server(server: &Url) -> Result<(), ClientError> {
    if server.host().is_none() || !server.username().is_empty() || server.password().is_some() {
        return Err(ClientError::not_sent(format!(
            "`{}` is not an address such as https://hub.example.org",
            server.host_str().unwrap_or(server.as_str())
        )));
    }
    match server.scheme() {
        "https" => Ok(()),
        "http" if this_machine(server).is_some() => Ok(()),
        "http" => Err(ClientError::not_sent(format!(
            "`{server}` would carry tokens in the clear: plain http is allowed for localhost only, use https"
        ))),
        other => Err(ClientError::not_sent(format!("`{other}` is not a scheme of a hub: use https"))),
    }
}

/// The host, when it names this machine: `localhost`, anything beneath it (RFC 6761, 6.3), or a loopback address.
fn this_machine(server: &Url) -> Option<String> {
    let local = match server.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    server.host_str().filter(|_| local).map(str::to_owned)
}

/// Makes aws-lc-rs the process's provider of cryptography, unless somebody has chosen one already.
fn install_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails only when another thread was faster, and then there is a provider as well.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(server: &str) -> Result<Client, ClientError> {
        Client::new(server.parse().unwrap(), Some(&Secret::new("token")), None)
    }

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for good in ["http://localhost:8080", "http://127.0.0.1", "http://[::1]:1", "http://acme.localhost/"]
        {
            assert!(client(good).is_ok(), "{good}");
        }
        for bad in ["http://hub.example.org", "http://localhost.example.org", "http://10.0.0.1", "ftp://a.b"]
        {
            assert!(matches!(client(bad), Err(ClientError::NotSent { .. })), "{bad}");
        }
        let text = client("http://hub.example.org").unwrap_err().to_string();
        assert!(text.contains("localhost only") && text.contains("https"), "{text}");
        assert!(client("http://user:secret@localhost").is_err());
    }

    #[test]
    fn names_are_single_segments() {
        let hub = client("http://localhost/base/").unwrap();
        let address = |name| hub.address(&["organizations", name], &[]).map(String::from);
        assert_eq!(address("acme").unwrap(), "http://localhost/base/v1/organizations/acme");
        assert_eq!(address("a/b?c").unwrap(), "http://localhost/base/v1/organizations/a%2Fb%3Fc");
        for bad in ["", ".", ".."] {
            assert!(address(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_visible_ascii_and_is_never_shown() {
        let with =
            |token: &str| Client::new("http://localhost".parse().unwrap(), Some(&Secret::new(token)), None);
        for bad in ["", "a b", "a\nb", "ä"] {
            assert!(with(bad).is_err(), "{bad:?}");
        }
        assert!(!format!("{:?}", with("hidden").unwrap()).contains("hidden"));
    }

    #[test]
    fn additional_authorities_have_to_be_certificates() {
        let server: Url = "https://hub.example.org".parse().unwrap();
        let error = Client::new(server, None, Some(b"no certificate")).unwrap_err().to_string();
        assert!(error.contains("certificates in PEM"), "{error}");
    }
}
