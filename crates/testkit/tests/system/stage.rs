//! What a test begins with: a hub that is set up, its administrator, and spokes that have come as far as is wanted.

use anyhow::{Context as _, Result, ensure};
use bastide_kube::licence::{Authority, LicenceRequest};
use bastide_model::{Clock as _, SystemClock};
use bastide_testkit::cli::{Cli, Said};
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::web;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::database::Database;

/// A hub with its first administrator.
pub(crate) struct Stage {
    pub(crate) hub: Hub,
    /// The site administrator by API.
    pub(crate) admin: Api,
    /// The site administrator by command line.
    pub(crate) cli: Cli,
}

impl Stage {
    /// On a SQLite file of its own.
    pub(crate) async fn on_sqlite() -> Result<Self> {
        Self::start(None).await
    }

    /// On a PostgreSQL database.
    pub(crate) async fn on_postgres(database: &Database) -> Result<Self> {
        Self::start(Some(database.url())).await
    }

    async fn start(database: Option<String>) -> Result<Self> {
        let hub = Hub::start(Options { database, port: None }).await?;
        hub.set_up().await?;
        let token = hub.token_of(ADMINISTRATOR).await?;
        let (admin, cli) = (Api::new(&hub, Some(&token))?, Cli::new(&hub.url(), Some(token))?);
        Ok(Self { hub, admin, cli })
    }

    /// Ends the hub.
    pub(crate) async fn stop(self) -> Result<()> {
        self.hub.stop().await
    }

    /// Ends the hub and starts it again on the same data.
    pub(crate) async fn restart(self) -> Result<Self> {
        let Self { hub, admin, cli } = self;
        Ok(Self { hub: hub.restart().await?, admin, cli })
    }

    /// An account whose password is [`PASSWORD`], by API.
    pub(crate) async fn user(&self, email: &str) -> Result<Api> {
        let account = json!({"email": email, "name": "Somebody", "password": PASSWORD});
        self.admin.post("/v1/users", &account).await?;
        self.api_of(email).await
    }

    /// Somebody whose password is [`PASSWORD`], by API.
    pub(crate) async fn api_of(&self, email: &str) -> Result<Api> {
        Api::new(&self.hub, Some(&self.hub.token_of(email).await?))
    }

    /// Somebody whose password is [`PASSWORD`], by command line.
    pub(crate) async fn cli_of(&self, email: &str) -> Result<Cli> {
        Cli::new(&self.hub.url(), Some(self.hub.token_of(email).await?))
    }

    /// An organization of the administrator's with this slug.
    pub(crate) async fn organization(&self, slug: &str) -> Result<Value> {
        self.admin.post("/v1/organizations", &json!({"name": slug, "slug": slug})).await
    }

    /// A join token, as the hub shows it.
    pub(crate) async fn join_token(&self, name: &str) -> Result<Value> {
        self.admin.post("/v1/hubs/main/join-tokens", &json!({"cluster_name": name})).await
    }

    /// A spoke that has asked to join.
    pub(crate) async fn requested(&self, name: &str) -> Result<FakeAgent> {
        let token = self.join_token(name).await?;
        let mut agent = FakeAgent::new(text(&token, "/command")?)?;
        agent.request(text(&token, "/secret")?).await?;
        Ok(agent)
    }

    /// Accepts a spoke and lets its agent in.
    pub(crate) async fn accept(&self, name: &str, agent: &mut FakeAgent) -> Result<()> {
        let fingerprint = json!({"fingerprint": agent.fingerprint()});
        self.admin.post(&format!("/v1/clusters/{name}/accept"), &fingerprint).await?;
        agent.enter().await
    }

    /// A spoke that has joined and said nothing since.
    pub(crate) async fn joined(&self, name: &str) -> Result<FakeAgent> {
        let mut agent = self.requested(name).await?;
        self.accept(name, &mut agent).await?;
        Ok(agent)
    }

    /// A spoke that has joined and goes on giving signs of life.
    pub(crate) async fn available(&self, name: &str) -> Result<(FakeAgent, Alive)> {
        let agent = self.joined(name).await?;
        beat(&agent, true).await?;
        let alive = agent.keep_alive();
        Ok((agent, alive))
    }

    /// A spoke on which organizations can be placed.
    pub(crate) async fn licensed(&self, name: &str) -> Result<(FakeAgent, Alive)> {
        let (agent, alive) = self.available(name).await?;
        self.upload(name, &self.licence(&agent, |_| ())?).await?;
        Ok((agent, alive))
    }

    /// A licence by the authority that the hub trusts: one for this cluster, with what a test changes.
    pub(crate) fn licence(
        &self,
        agent: &FakeAgent,
        change: impl FnOnce(&mut LicenceRequest),
    ) -> Result<String> {
        issue(&self.authority()?, agent, change)
    }

    /// The licence authority that the hub trusts.
    pub(crate) fn authority(&self) -> Result<Authority> {
        let (certificate, key) = self.hub.licence_authority();
        Ok(Authority {
            certificate_pem: std::fs::read_to_string(certificate)?,
            key_pem: std::fs::read_to_string(key)?,
        })
    }

    /// Gives a cluster a licence; what the hub says of it.
    pub(crate) async fn upload(&self, name: &str, pem: &str) -> Result<Value> {
        let path = format!("/v1/clusters/{name}/licence");
        self.admin.ask(Method::PUT, &path, Some(&json!({"pem": pem, "force": true}))).await?.done()
    }
}

/// A sign of life that has to be taken.
pub(crate) async fn beat(agent: &FakeAgent, ready: bool) -> Result<()> {
    let answered = agent.beat(ready).await?;
    ensure!(answered.status.is_success(), "{}: {}", answered.status, answered.body);
    Ok(())
}

/// A licence by an authority: one for this cluster, with what a test changes.
pub(crate) fn issue(
    authority: &Authority,
    agent: &FakeAgent,
    change: impl FnOnce(&mut LicenceRequest),
) -> Result<String> {
    let now = SystemClock.now();
    let mut request = LicenceRequest {
        cluster_uids: vec![agent.uid().to_string()],
        features: vec!["client-organizations".to_owned()],
        product_line: "bastide".to_owned(),
        tier: "enterprise".to_owned(),
        plan: "yearly".to_owned(),
        flags: vec!["Nodes=10".to_owned()],
        not_before: now.plus_seconds(-3_600),
        not_after: now.plus_seconds(365 * 86_400),
    };
    change(&mut request);
    bastide_kube::licence::issue(authority, &request).context("no licence")
}

/// Somebody who uses the API.
#[derive(Clone)]
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// What the API answered.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(hub: &Hub, token: Option<&str>) -> Result<Self> {
        let client = web::builder().build()?;
        Ok(Self { client, base: hub.url(), token: token.map(str::to_owned) })
    }

    /// The same person at another replica.
    pub(crate) fn led_to(&self, hub: &Hub) -> Self {
        Self { base: hub.url(), ..self.clone() }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Reply> {
        self.ask_with(method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Reply> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.with_context(|| format!("no answer from {path}"))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = serde_json::from_str(&answer.text().await?).unwrap_or_default();
        Ok(Reply { status, headers, body })
    }

    /// Reads what has to be there.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await?.done().with_context(|| path.to_owned())
    }

    /// Does what has to go well.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(body)).await?.done().with_context(|| path.to_owned())
    }

    /// Removes what has to be there.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value> {
        self.ask(Method::DELETE, path, None).await?.done().with_context(|| path.to_owned())
    }

    /// Only the status and the code of the problem; the code is empty when there is none.
    pub(crate) async fn outcome(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, String)> {
        Ok(self.ask(method, path, body).await?.outcome())
    }

    /// Begins the deletion of an organization, confirmed as it has to be.
    pub(crate) async fn delete_organization(&self, slug: &str) -> Result<Reply> {
        let etag = self.get(&format!("/v1/organizations/{slug}")).await?;
        let etag = text(&etag, "/etag")?.to_owned();
        let path = format!("/v1/organizations/{slug}?confirm={slug}");
        self.ask_with(Method::DELETE, &path, None, &[("if-match", &etag)]).await
    }
}

impl Reply {
    /// The document of an answer that has to tell of success.
    pub(crate) fn done(self) -> Result<Value> {
        ensure!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        Ok(self.body)
    }

    /// Status and code of the problem.
    pub(crate) fn outcome(&self) -> (u16, String) {
        (self.status, self.body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// A header's text; empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The text at a place of a document.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("no text at {pointer} in {value}"))
}

/// The texts at a place of every item of a list.
pub(crate) fn texts(list: &Value, pointer: &str) -> Result<Vec<String>> {
    let items =
        list.pointer("/items").and_then(Value::as_array).with_context(|| format!("no list: {list}"))?;
    items.iter().map(|item| text(item, pointer).map(str::to_owned)).collect()
}

/// Everything that a program said.
pub(crate) fn everything(said: &Said) -> String {
    format!("{}{}", said.stdout, said.stderr)
}
