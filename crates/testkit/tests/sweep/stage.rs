//! Who asks, what the words behind an `@` stand for, and the asking itself.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use bastide_api::client::Client;
use bastide_api::clusters::NewJoinToken;
use bastide_api::gateways::{CertificatePolicy, Listener, ListenerProtocol, NewGatewayConfiguration};
use bastide_api::identity::NewToken;
use bastide_api::members::{AccessSource, MemberQuery};
use bastide_api::organizations::NewOrganization;
use bastide_api::roles::NewRole;
use bastide_api::users::NewUser;
use bastide_model::{
    AssignmentId, ClusterId, GatewayConfigurationId, JoinTokenId, OrganizationId, SessionId, SystemIds,
    TokenId, UserId,
};
use bastide_testkit::cast::{self, Cast, HUB, Person, Spoke};
use bastide_testkit::hub::PASSWORD;
use bastide_testkit::web::{self, Visitor};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, IF_MATCH, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::cases::{Case, Sent};

/// Operations after which somebody who was signed in may not be so any more.
const ENDS_SESSIONS: [&str; 4] =
    ["session_delete_all", "session_delete", "console_sign_out", "console_session_end"];

/// Somebody who asks.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// Name of the column.
    pub(crate) name: &'static str,
    /// What the column is, for who reads the table.
    pub(crate) meaning: &'static str,
    /// Whose things are one's own; the owner of A's when there is nobody.
    who: Who,
    shows: Credential,
}

/// The accounts of the actors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Site,
    OwnerA,
    ChildA,
    MemberA,
    OwnerB,
    Nobody,
}

#[derive(Debug, Clone)]
enum Credential {
    Nothing,
    /// Of the account's present session.
    Session,
    Cookie(String),
    Token(String),
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: StatusCode,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: String,
    /// What was asked for.
    pub(crate) path: String,
}

/// The hub with everybody on it.
pub(crate) struct Stage {
    pub(crate) cast: Cast,
    pub(crate) actors: Vec<Actor>,
    known: HashMap<&'static str, String>,
    made: HashMap<String, String>,
    used: Vec<String>,
    words: u32,
    http: reqwest::Client,
}

impl Stage {
    pub(crate) async fn set() -> Result<Self> {
        let cast = Cast::start().await?;
        let actors = actors(&cast).await?;
        let http = web::builder().build()?;
        let known = known(&cast)?;
        Ok(Self { cast, actors, known, made: HashMap::new(), used: Vec::new(), words: 0, http })
    }

    /// Asks, and forgets what was used up by it.
    pub(crate) async fn ask(&mut self, actor: &Actor, method: &Method, case: &Case) -> Result<Answer> {
        self.used.clear();
        let path = self.fill(case.path, actor).await?;
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.cast.hub.url()));
        request = request.header(ORIGIN, self.cast.hub.url());
        request = match &actor.shows {
            Credential::Nothing => request,
            Credential::Session => request.header(COOKIE, &self.person(actor.who).cookie),
            Credential::Cookie(cookie) => request.header(COOKIE, cookie),
            Credential::Token(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        };
        request = match case.sent {
            Sent::Nothing => request,
            Sent::Json(text) => {
                request.header(CONTENT_TYPE, "application/json").body(self.fill(text, actor).await?)
            }
            Sent::Change(tag, "") => request.header(IF_MATCH, self.fill(tag, actor).await?),
            Sent::Change(tag, text) => request
                .header(IF_MATCH, self.fill(tag, actor).await?)
                .header(CONTENT_TYPE, "application/json")
                .body(self.fill(text, actor).await?),
            Sent::Form(text) => request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ACCEPT, "text/html")
                .body(self.fill(text, actor).await?),
        };
        let asked = web::ask(request).await;
        let (status, headers, body) = asked.with_context(|| format!("{} as {}", case.id, actor.name))?;
        let answer = Answer { status, headers, body, path };
        if *method != Method::GET && (status.is_success() || status.is_redirection()) {
            for word in std::mem::take(&mut self.used) {
                self.made.remove(&word);
            }
        }
        if ENDS_SESSIONS.contains(&case.id) {
            self.sign_in_again().await?;
        }
        Ok(answer)
    }

    async fn sign_in_again(&mut self) -> Result<()> {
        self.made.retain(|word, _| !word.starts_with("session-"));
        for who in [Who::Site, Who::OwnerA, Who::ChildA, Who::MemberA, Who::OwnerB, Who::Nobody] {
            let ended = {
                let request = self.http.get(format!("{}/v1/me", self.cast.hub.url()));
                web::ask(request.header(COOKIE, &self.person(who).cookie)).await?.0
                    == StatusCode::UNAUTHORIZED
            };
            if ended {
                let mut visitor = self.cast.hub.visitor()?;
                visitor.sign_in(&self.person(who).email, PASSWORD).await?;
                self.person_mut(who).cookie = cookie(&visitor)?;
            }
        }
        Ok(())
    }

    fn person(&self, who: Who) -> &Person {
        match who {
            Who::Site => &self.cast.administrator,
            Who::OwnerA => &self.cast.a.owner,
            Who::ChildA => &self.cast.a.child_owner,
            Who::MemberA => &self.cast.a.member,
            Who::OwnerB => &self.cast.b.owner,
            Who::Nobody => &self.cast.nobody,
        }
    }

    fn person_mut(&mut self, who: Who) -> &mut Person {
        match who {
            Who::Site => &mut self.cast.administrator,
            Who::OwnerA => &mut self.cast.a.owner,
            Who::ChildA => &mut self.cast.a.child_owner,
            Who::MemberA => &mut self.cast.a.member,
            Who::OwnerB => &mut self.cast.b.owner,
            Who::Nobody => &mut self.cast.nobody,
        }
    }

    fn client(&self, who: Who) -> Result<Client> {
        self.cast.hub.client(Some(self.person(who).token.clone()))
    }

    /// The text with everything in place of its words.
    async fn fill(&mut self, text: &str, actor: &Actor) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('@') {
            let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
            let (word, tail) = after.split_at(end);
            filled.push_str(before);
            filled.push_str(&self.value(word, actor).await?);
            rest = tail;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    async fn value(&mut self, word: &str, actor: &Actor) -> Result<String> {
        if let Some(value) = self.known.get(word) {
            return Ok(value.clone());
        }
        let key = if word.ends_with("-own") { format!("{word} of {:?}", actor.who) } else { word.to_owned() };
        if !self.made.contains_key(&key) {
            let made = self.make(word, &key, actor.who).await;
            made.with_context(|| format!("`@{word}` was not made; {}", self.cast.hub.log_tail()))?;
        }
        self.used.push(key.clone());
        let value = self.made.get(&key).cloned().with_context(|| format!("nothing is known of `@{word}`"))?;
        if word.starts_with("fresh") {
            self.made.remove(&key);
        }
        Ok(value)
    }

    /// Makes what a word stands for. It is kept until somebody has used it up.
    async fn make(&mut self, word: &str, key: &str, own: Who) -> Result<()> {
        self.words += 1;
        let fresh = format!("word-{}", self.words);
        let site = &self.cast.site;
        let value = match word {
            "fresh" => fresh,
            "fresh-mail" => format!("{fresh}@cast.test"),
            "user-own" => self.person(own).id.clone(),
            "new-person" => {
                let email = format!("{fresh}@cast.test");
                let user = NewUser { email, name: fresh, password: PASSWORD.to_owned() };
                site.create_user(&user).await?.id
            }
            "grant-a" => self.grant(Who::OwnerA, &self.cast.a.root.id).await?,
            "grant-b" => self.grant(Who::OwnerB, &self.cast.b.root.id).await?,
            "session-own" => self.new_session(own).await?,
            "session-a" => self.new_session(Who::OwnerA).await?,
            "session-site" => self.new_session(Who::Site).await?,
            "token-own" => self.new_token(own, &fresh).await?,
            "token-a" => self.new_token(Who::OwnerA, &fresh).await?,
            "token-site" => self.new_token(Who::Site, &fresh).await?,
            "org-own" | "etag-own" => {
                let new = NewOrganization { name: fresh, ..NewOrganization::default() };
                let made = self.client(own)?.create_organization(&new).await?;
                self.made.insert(key.replace("org-", "etag-"), made.etag);
                self.made.insert(key.replace("etag-", "org-"), made.slug);
                return Ok(());
            }
            "join-token" => {
                let wish = NewJoinToken { cluster_name: fresh, minutes: None };
                site.create_join_token(HUB, &wish).await?.token.id
            }
            "new-spoke" => Spoke::join(&self.cast.hub, site, &fresh, 's').await?.cluster.name,
            "new-asking" | "new-fingerprint" => {
                let asking = cast::ask(site, &fresh).await?;
                let seen = asking.administration.context("the administrator sees no fingerprint")?;
                self.made.insert("new-fingerprint".to_owned(), seen.fingerprint);
                self.made.insert("new-asking".to_owned(), asking.name);
                return Ok(());
            }
            "new-gateway" => {
                site.create_gateway_configuration(&self.cast.a.spoke.cluster.id, &gateway(fresh)).await?.id
            }
            "role-a" => {
                let role =
                    NewRole { name: fresh, permissions: vec!["teams.view".to_owned()], ..NewRole::default() };
                site.create_role(&self.cast.a.child.id, &role).await?.slug
            }
            "user-code" => self.cast.hub.client(None)?.authorize_device().await?.user_code,
            other => anyhow::bail!("nothing is known of `@{other}`"),
        };
        self.made.insert(key.to_owned(), value);
        Ok(())
    }

    /// Id of the grant that makes somebody the owner of an organization.
    async fn grant(&self, who: Who, organization: &str) -> Result<String> {
        let query = MemberQuery { source: Some("direct".to_owned()), ..MemberQuery::default() };
        let listed = self.client(who)?.members(organization, &query).await?.items;
        let sources = listed.into_iter().flat_map(|member| member.sources);
        let mut owns = sources.filter_map(|source| match source {
            AccessSource::Direct { assignment, role, .. } if role == "owner" => Some(assignment),
            _ => None,
        });
        owns.next_back().context("nobody owns it")
    }

    async fn new_session(&self, who: Who) -> Result<String> {
        let mut visitor = self.cast.hub.visitor()?;
        visitor.sign_in(&self.person(who).email, PASSWORD).await?;
        let text = web::ask(visitor.request(Method::GET, "/v1/me/sessions")).await?.2;
        let sessions: Value = serde_json::from_str(&text)?;
        let mut sessions = sessions.get("items").and_then(Value::as_array).into_iter().flatten();
        let own = sessions.find(|one| one.get("current") == Some(&Value::Bool(true)));
        let id = own.and_then(|one| one.get("id")).and_then(Value::as_str);
        id.map(str::to_owned).with_context(|| format!("the session is not listed: {text}"))
    }

    async fn new_token(&self, who: Who, name: &str) -> Result<String> {
        let wish = NewToken { name: name.to_owned(), days: None, permissions: None };
        Ok(self.client(who)?.create_token(&wish).await?.token.id)
    }
}

fn gateway(name: String) -> NewGatewayConfiguration {
    let listener = Listener {
        name: "web".into(),
        port: 80,
        protocol: ListenerProtocol::Http,
        host_name: None,
        allowed: Vec::new(),
    };
    NewGatewayConfiguration {
        name,
        slug: None,
        class: "edge".to_owned(),
        listeners: vec![listener],
        addresses: Vec::new(),
        certificates: CertificatePolicy::None,
    }
}

fn cookie(visitor: &Visitor) -> Result<String> {
    visitor.cookie().map(str::to_owned).context("signed in without a cookie")
}

async fn actors(cast: &Cast) -> Result<Vec<Actor>> {
    use Credential::{Cookie, Nothing, Session, Token};
    use Who::{ChildA, MemberA, Nobody, OwnerA, OwnerB, Site};

    let hub = &cast.hub;
    let narrow = "organizations.view";
    let (site_view, a_view) =
        (cast.administrator.narrowed(hub, narrow).await?, cast.a.owner.narrowed(hub, narrow).await?);
    let gone = Person::enter(hub, &cast.administrator.email, "a browser that is signed out").await?;
    let (gone_token, gone_session) = (gone.token, gone.cookie);
    let client = hub.client(Some(gone_token.clone()))?;
    let listed = client.tokens(bastide_api::PageQuery::default()).await?.items;
    let own = listed.into_iter().find(|token| token.name == "a browser that is signed out");
    client.delete_token(&own.context("the token is not listed")?.id).await?;
    let out = sign_out(&hub.url(), &gone_session).await?;
    ensure!(out.is_redirection(), "the sign-out was refused: {out}");
    let token = |person: &Person| Credential::Token(person.token.clone());
    let actor = |name, who, shows, meaning| Actor { name, meaning, who, shows };
    Ok(vec![
        actor("anon", OwnerA, Nothing, "nobody is signed in"),
        actor("site", Site, Session, "the site administrator, in a browser"),
        actor("site-tok", Site, token(&cast.administrator), "the same with a token"),
        actor(
            "site-view",
            Site,
            Token(site_view),
            "the same with a token that can do organizations.view only",
        ),
        actor("A", OwnerA, Session, "the owner of A, in a browser"),
        actor("A-tok", OwnerA, token(&cast.a.owner), "the same with a token"),
        actor("A-view", OwnerA, Token(a_view), "the same with a token that can do organizations.view only"),
        actor("A/child", ChildA, Session, "the owner of A/child, in a browser"),
        actor("A/member", MemberA, Session, "a developer in the only team of A/child, in a browser"),
        actor("B", OwnerB, Session, "the owner of B, in a browser"),
        actor("no-role", Nobody, Session, "an account without any role, in a browser"),
        actor("withdrawn", Site, Token(gone_token), "a withdrawn token of the site administrator"),
        actor("ended", Site, Cookie(gone_session), "a session of the site administrator that was signed out"),
    ])
}

/// Signs the session of a cookie out.
async fn sign_out(base: &str, cookie: &str) -> Result<StatusCode> {
    let client = web::builder().build()?;
    let request = client.post(format!("{base}/sign-out")).header(ORIGIN, base).header(COOKIE, cookie);
    Ok(web::ask(request.form(&[("scope", "here")])).await?.0)
}

fn known(cast: &Cast) -> Result<HashMap<&'static str, String>> {
    let (a, b) = (&cast.a, &cast.b);
    let text = |text: &str| text.to_owned();
    Ok(HashMap::from([
        ("a", text(&a.root.slug)),
        ("a-id", text(&a.root.id)),
        ("a-child", text(&a.child.slug)),
        ("a-annex", text(&a.annex.slug)),
        ("b", text(&b.root.slug)),
        ("b-id", text(&b.root.id)),
        ("b-child", text(&b.child.slug)),
        ("spoke-a", text(&a.spoke.cluster.name)),
        ("spoke-a-id", text(&a.spoke.cluster.id)),
        ("spoke-b", text(&b.spoke.cluster.name)),
        ("spoke-b-id", text(&b.spoke.cluster.id)),
        ("gateway-a", text(&a.gateway.id)),
        ("gateway-b", text(&b.gateway.id)),
        ("user-a", text(&a.owner.id)),
        ("user-b", text(&b.owner.id)),
        ("member-a", text(&a.member.id)),
        ("member-b", text(&b.member.id)),
        ("user-nobody", text(&cast.nobody.id)),
        ("mail-a", text(&a.owner.email)),
        ("mail-nobody", text(&cast.nobody.email)),
        ("used-link", cast.hub.setup_secret()?),
        ("none-org", OrganizationId::fresh(&SystemIds).to_string()),
        ("none-user", UserId::fresh(&SystemIds).to_string()),
        ("none-cluster", ClusterId::fresh(&SystemIds).to_string()),
        ("none-gateway", GatewayConfigurationId::fresh(&SystemIds).to_string()),
        ("none-grant", AssignmentId::fresh(&SystemIds).to_string()),
        ("none-token", TokenId::fresh(&SystemIds).to_string()),
        ("none-session", SessionId::fresh(&SystemIds).to_string()),
        ("none-join-token", JoinTokenId::fresh(&SystemIds).to_string()),
    ]))
}
