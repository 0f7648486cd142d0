//! A browser without a window: keeps the session's cookie and sends forms as a browser would. For what is about HTTP;
//! what is about pages is tested in a real browser.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE};
use reqwest::{ClientBuilder, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::hub;
use crate::programs::choose_cryptography;

/// Longest wait for one answer. The hub gives itself a minute, so that what it says of that is seen.
pub const ANSWER_LIMIT: Duration = Duration::from_secs(75);

/// What clients of tests are made from: whatever hangs, they come to an end, and they go nowhere but where they are sent.
#[expect(clippy::disallowed_methods, reason = "the one place in which clients of tests begin")]
pub fn builder() -> ClientBuilder {
    choose_cryptography();
    reqwest::Client::builder().timeout(ANSWER_LIMIT).no_proxy().redirect(reqwest::redirect::Policy::none())
}

/// Sends a request and reads the answer: status, headers and body.
///
/// # Errors
/// When none comes, or not in time: with the request, and with the end of the log when a hub was asked.
pub async fn ask(request: RequestBuilder) -> Result<(StatusCode, HeaderMap, String)> {
    let (client, request) = request.build_split();
    let request = request?;
    let (method, url) = (request.method().clone(), request.url().clone());
    let answer = async {
        let answer = client.execute(request).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Ok::<_, reqwest::Error>((status, headers, answer.text().await?))
    };
    answer.await.with_context(|| {
        let log = url.port().and_then(hub::log_at).unwrap_or_default();
        format!("no answer to {method} {url}{log}")
    })
}

/// A browser, signed in or not.
#[derive(Debug, Clone)]
pub struct Visitor {
    client: reqwest::Client,
    base: String,
    cookie: Option<String>,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

impl Visitor {
    /// A browser that has not been here before.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(base: &str) -> Result<Self> {
        Self::named(base, concat!("bastide-testkit/", env!("CARGO_PKG_VERSION")))
    }

    /// The same, that calls itself so.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn named(base: &str, user_agent: &str) -> Result<Self> {
        Self::make(base, user_agent, None)
    }

    /// The same on another machine, as the hub sees it: at another of this one's addresses, such as 127.0.0.2.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn at_address(base: &str, address: IpAddr) -> Result<Self> {
        Self::make(base, concat!("bastide-testkit/", env!("CARGO_PKG_VERSION")), Some(address))
    }

    fn make(base: &str, user_agent: &str, address: Option<IpAddr>) -> Result<Self> {
        let client = builder().user_agent(user_agent).local_address(address).build()?;
        Ok(Self { client, base: base.to_owned(), cookie: None })
    }

    /// The same browser with its cookie, led to another address: another replica of the same hub.
    pub fn led_to(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// Signs in through the console's form.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn sign_in(&mut self, email: &str, password: &str) -> Result<()> {
        let form = [("email", email), ("password", password), ("next", "")];
        let (status, headers, body) = ask(self.request(Method::POST, "/sign-in").form(&form)).await?;
        let cookie = headers.get(SET_COOKIE).and_then(|value| value.to_str().ok());
        let Some(cookie) = cookie.filter(|_| status == StatusCode::SEE_OTHER) else {
            bail!("{email} cannot sign in: {status}: {body}");
        };
        self.cookie = cookie.split(';').next().map(str::to_owned);
        Ok(())
    }

    /// The session's cookie, `name=value`.
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// A personal token of whoever is signed in.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn new_token(&self, name: &str) -> Result<String> {
        let request = self.request(Method::POST, "/v1/me/tokens").json(&json!({ "name": name }));
        let (status, _, text) = ask(request).await?;
        ensure!(status == StatusCode::CREATED, "no token: {status}: {text}");
        let issued: Value = serde_json::from_str(&text)?;
        issued.get("secret").and_then(Value::as_str).map(str::to_owned).context("a token without a secret")
    }

    /// Gets a page, without following redirects.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        answer(self.request(Method::GET, path).header("accept", "text/html")).await
    }

    /// Sends a form, without following redirects.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer> {
        answer(self.request(Method::POST, path).header("accept", "text/html").form(form)).await
    }

    /// A request as this browser makes it: with its cookie, and with the origin of the hub's own pages.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base)).header(ORIGIN, &self.base);
        match &self.cookie {
            Some(cookie) => request.header(COOKIE, cookie),
            None => request,
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer> {
    let (status, headers, body) = ask(request).await?;
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answer { status, location, body })
}
