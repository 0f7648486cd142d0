//! Somebody who asks, and what came back.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cast::{Cast, Person};
use bastide_testkit::web;
use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// Somebody who asks, with a token of the API and a browser.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    base: String,
    token: String,
    cookie: String,
    http: reqwest::Client,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Guest {
    pub(crate) fn new(cast: &Cast, name: &'static str, person: &Person) -> Result<Self> {
        let http = web::builder().build()?;
        let (token, cookie) = (person.token.clone(), person.cookie.clone());
        Ok(Self { name, base: cast.hub.url(), token, cookie, http })
    }

    /// A request to the API, with the token.
    pub(crate) fn api(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header(AUTHORIZATION, format!("Bearer {}", self.token))
    }

    /// A request as their browser makes it from a page of the hub.
    pub(crate) fn page(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        request.header(COOKIE, &self.cookie).header(ACCEPT, "text/html").header(ORIGIN, &self.base)
    }

    /// Reads a path of the API.
    pub(crate) async fn read(&self, path: &str) -> Result<Answer> {
        answer(self.api(Method::GET, path)).await
    }

    /// Sends a document to the API.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer> {
        answer(self.api(method, path).json(body)).await
    }
}

/// Sends a request.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Answer> {
    let (status, headers, body) = web::ask(request).await?;
    Ok(Answer { status, headers, body })
}

impl Answer {
    /// A header as text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The document.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("{}: no JSON: {}", self.status, self.body))
    }

    /// The document of an answer that has to be a success.
    pub(crate) fn good(&self) -> Result<Value> {
        ensure!(self.status.is_success(), "{}: {}", self.status, self.body);
        self.json()
    }

    /// The stable code of a problem.
    pub(crate) fn code(&self) -> String {
        self.json().ok().and_then(|body| text(&body, "code").map(str::to_owned)).unwrap_or_default()
    }

    /// Body and headers.
    pub(crate) fn whole(&self) -> String {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            format!("{name}: {}", value.to_str().unwrap_or_default())
        };
        let headers: Vec<String> = self.headers.iter().map(line).collect();
        format!("{}\n\n{}", headers.join("\n"), self.body)
    }
}

/// A field of a document that is text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

/// Every text in a document that could stand in a path.
pub(crate) fn names(value: &Value, found: &mut BTreeSet<String>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    match value {
        Value::String(text) if (1..=64).contains(&text.len()) && text.chars().all(plain) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| names(field, found)),
        _ => {}
    }
}

/// How the site administrator sees everything that a request could have changed: organizations, accounts, clusters,
/// gateways, tokens, and the newest change in the log.
pub(crate) async fn state(cast: &Cast) -> Result<Vec<Value>> {
    let site = Guest::new(cast, "site", &cast.administrator)?;
    let mut paths = vec!["/v1/audit?page_size=1".to_owned()];
    for list in ["organizations", "users", "clusters", "plans", "me/tokens", "hubs/main/join-tokens"] {
        paths.push(format!("/v1/{list}?page_size=200"));
    }
    for side in [&cast.a, &cast.b] {
        paths.push(format!("/v1/clusters/{}/gateway-configurations", side.spoke.cluster.id));
        paths.push(format!("/v1/clusters/{}/licence", side.spoke.cluster.id));
        for (_, organization) in side.organizations() {
            paths.push(format!("/v1/organizations/{}/placements", organization.id));
            paths.push(format!("/v1/organizations/{}/members", organization.id));
            paths.push(format!("/v1/organizations/{}/teams", organization.id));
            paths.push(format!("/v1/organizations/{}/projects", organization.id));
        }
        let (of, name) = (&side.child.id, &side.child.slug);
        paths.push(format!("/v1/organizations/{of}/teams/{name}/members"));
        paths.push(format!("/v1/organizations/{of}/projects/{name}/teams"));
    }
    let mut state = Vec::new();
    for path in paths {
        let mut document = site.read(&path).await?.good().context(path)?;
        forget_times(&mut document);
        state.push(document);
    }
    Ok(state)
}

/// Signs of life, and the use of tokens, are no change.
fn forget_times(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(forget_times),
        Value::Object(fields) => {
            fields.retain(|name, _| name != "last_heartbeat_at" && name != "last_used_at");
            fields.values_mut().for_each(forget_times);
        }
        _ => {}
    }
}
