//! SEC-2, SEC-3: set-up, sign-in and its limits, sessions, personal tokens, as a browser and a program meet them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::web::{self, Visitor};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Api, Stage, text, texts};

const WRONG: &str = "not the password";

/// Sends the sign-in form.
async fn try_to_sign_in(visitor: &Visitor, email: &str, password: &str, next: &str) -> Result<Response> {
    let form = [("email", email), ("password", password), ("next", next)];
    Ok(visitor.request(Method::POST, "/sign-in").form(&form).send().await?)
}

async fn signed_in(hub: &Hub, email: &str) -> Result<Visitor> {
    let mut visitor = hub.visitor()?;
    visitor.sign_in(email, PASSWORD).await?;
    Ok(visitor)
}

fn header(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// SEC-2: the set-up link makes one administrator, once; what is wrong with the fields does not use it up; another start
/// prints none.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_the_set_up_link_works_once() -> Result<()> {
    let hub = Hub::start(Options::default()).await?;
    let (nobody, secret) = (Api::new(&hub, None)?, hub.setup_secret()?);
    let page = format!("/setup?token={secret}");
    let request = |token: &str, password: &str| json!({"token": token, "email": ADMINISTRATOR, "name": "Ada", "password": password});
    let weak = nobody.ask(Method::POST, "/v1/setup", Some(&request(&secret, "short"))).await?;
    ensure!(weak.status == 400 && text(&weak.body, "/errors/0/pointer")? == "/password", "{}", weak.body);
    let unknown = nobody.outcome(Method::POST, "/v1/setup", Some(&request("nonsense", PASSWORD))).await?;
    ensure!(unknown == (410, "setup_link_gone".to_owned()), "{unknown:?}");
    ensure!(hub.visitor()?.get(&page).await?.status == 200);
    nobody.post("/v1/setup", &request(&secret, PASSWORD)).await?;
    let again = nobody.outcome(Method::POST, "/v1/setup", Some(&request(&secret, PASSWORD))).await?;
    ensure!(again == unknown, "{again:?}");
    ensure!(hub.visitor()?.get(&page).await?.status == 404);
    let me = Api::new(&hub, Some(&hub.token_of(ADMINISTRATOR).await?))?.get("/v1/me").await?;
    ensure!(text(&me, "/administration")? == "site", "{me}");
    let hub = hub.restart().await?;
    ensure!(hub.setup_secret().is_err(), "another start printed a set-up link");
    hub.stop().await
}

/// SEC-2: parallel uses of the set-up link make one administrator.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_parallel_uses_of_the_set_up_link_are_one() -> Result<()> {
    let hub = Hub::start(Options::default()).await?;
    let (nobody, secret) = (Api::new(&hub, None)?, hub.setup_secret()?);
    let mut setting_up = tokio::task::JoinSet::new();
    for number in 0..6 {
        let nobody = nobody.clone();
        let email = format!("admin-{number}@bastide.test");
        let body = json!({"token": secret, "email": email, "name": "Ada", "password": PASSWORD});
        setting_up.spawn(async move { nobody.outcome(Method::POST, "/v1/setup", Some(&body)).await });
    }
    let mut outcomes = Vec::new();
    while let Some(outcome) = setting_up.join_next().await {
        outcomes.push(outcome??.0);
    }
    outcomes.sort_unstable();
    ensure!(outcomes == [201, 410, 410, 410, 410, 410], "{outcomes:?}");
    hub.stop().await
}

/// A page without what differs from request to request by design.
async fn normalized(response: Response, email: &str) -> Result<(u16, String)> {
    let (status, request) = (response.status().as_u16(), header(&response, "request-id"));
    let policy = header(&response, "content-security-policy");
    let nonce =
        policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or("-").to_owned();
    ensure!(!request.is_empty() && nonce != "-", "{policy}");
    let page = response.text().await?.replace(&request, "").replace(&nonce, "").replace(email, "");
    let mut parts = page.split("try again after ");
    let before = parts.next().unwrap_or_default().to_owned();
    let page = parts.fold(before, |page, part| page + part.split_once('Z').map_or(part, |(_, rest)| rest));
    Ok((status, page))
}

/// SEC-2, E-43: attempts are limited per account, known or not alike: the same status, the same page, the same moment; the
/// answer says when to try again; another account is not affected; and when the time is over one gets in.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_e_43_attempts_are_limited_per_account_known_or_not() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    stage.user("ada@acme.test").await?;
    let visitor = stage.hub.visitor()?;
    for attempt in 0..12 {
        let (known, unknown) = ("ada@acme.test", "eve@acme.test");
        let one = normalized(try_to_sign_in(&visitor, known, WRONG, "").await?, known).await?;
        let other = normalized(try_to_sign_in(&visitor, unknown, WRONG, "").await?, unknown).await?;
        ensure!(one == other, "attempt {attempt} tells whether the account exists:\n{one:?}\n{other:?}");
        ensure!(one.0 == if attempt < 10 { 401 } else { 429 }, "attempt {attempt}: {}", one.0);
    }
    // The right password is not looked at either, in whatever form the address is written.
    for email in ["ada@acme.test", " ADA@Acme.test "] {
        let right = try_to_sign_in(&visitor, email, PASSWORD, "").await?;
        ensure!(right.status() == 429, "{}", right.status());
        let seconds: i64 = header(&right, "retry-after").parse().context("no Retry-After")?;
        ensure!((1..=15 * 60).contains(&seconds), "{seconds}");
    }
    ensure!(try_to_sign_in(&visitor, ADMINISTRATOR, PASSWORD, "").await?.status() == 303);
    database.run("update attempts set window_start_ms = window_start_ms - 15 * 60 * 1000").await?;
    ensure!(try_to_sign_in(&visitor, "ada@acme.test", PASSWORD, "").await?.status() == 303);
    stage.stop().await
}

/// SEC-2: attempts are limited per address, whatever accounts they are for; other addresses are not affected.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_attempts_are_limited_per_address() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let elsewhere = |last| Visitor::at_address(&stage.hub.url(), IpAddr::V4(Ipv4Addr::new(127, 0, 0, last)));
    let (attacker, other) = (elsewhere(2)?, elsewhere(3)?);
    for account in 0..10 {
        for _ in 0..5 {
            let email = format!("somebody-{account}@acme.test");
            let refused = try_to_sign_in(&attacker, &email, WRONG, "").await?;
            ensure!(refused.status() == 401, "{email}: {}", refused.status());
        }
    }
    let refused = try_to_sign_in(&attacker, ADMINISTRATOR, PASSWORD, "").await?;
    ensure!(refused.status() == 429 && !header(&refused, "retry-after").is_empty(), "{refused:?}");
    ensure!(try_to_sign_in(&other, ADMINISTRATOR, PASSWORD, "").await?.status() == 303);
    stage.stop().await
}

/// SEC-2: many attempts at the same time are not more than the limit, and the right password among the rest is one of them.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_parallel_attempts_do_not_pass_the_limit() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    looked_at_ten(&stage).await?;
    stage.stop().await
}

/// SEC-2: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_parallel_attempts_do_not_pass_the_limit_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    looked_at_ten(&stage).await?;
    stage.stop().await
}

async fn looked_at_ten(stage: &Stage) -> Result<()> {
    let mut guessing = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let visitor = stage.hub.visitor()?;
        guessing.spawn(async move {
            Ok::<_, anyhow::Error>(
                try_to_sign_in(&visitor, ADMINISTRATOR, WRONG, "").await?.status().as_u16(),
            )
        });
    }
    let (mut looked_at, mut refused) = (0, 0);
    while let Some(status) = guessing.join_next().await {
        match status?? {
            401 => looked_at += 1,
            429 => refused += 1,
            other => anyhow::bail!("{other}"),
        }
    }
    ensure!((looked_at, refused) == (10, 30), "{looked_at} guesses were looked at, {refused} were not");
    Ok(())
}

/// SEC-2: after sign-in only local redirects; the cookie is bound to this host and out of reach of scripts.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_only_local_redirects_and_a_cookie_for_this_host() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let visitor = stage.hub.visitor()?;
    for (next, leads_to) in [
        ("", "/"),
        ("/o/acme?tab=x", "/o/acme?tab=x"),
        ("/me/tokens", "/me/tokens"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("\\\\evil.example", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("o/acme", "/"),
        ("/\t/evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
    ] {
        let answer = try_to_sign_in(&visitor, ADMINISTRATOR, PASSWORD, next).await?;
        ensure!(answer.status() == 303 && header(&answer, "location") == leads_to, "{next:?}: {answer:?}");
        let cookies = answer.headers().get_all("set-cookie").iter().collect::<Vec<_>>();
        ensure!(cookies.len() == 1, "{cookies:?}");
        let cookie = header(&answer, "set-cookie");
        let mut parts = cookie.split("; ");
        ensure!(parts.next().is_some_and(|pair| pair.starts_with("__Host-bastide=")), "{cookie}");
        let mut flags = parts.collect::<Vec<_>>();
        flags.sort_unstable();
        ensure!(flags == ["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=Lax", "Secure"], "{cookie}");
    }
    // A page that needs a session leads to the form, which leads back.
    let asked = visitor.get("/me/tokens?search=a").await?;
    ensure!(asked.location.as_deref() == Some("/sign-in?next=%2Fme%2Ftokens%3Fsearch%3Da"), "{asked:?}");
    let form = [("email", ADMINISTRATOR), ("password", PASSWORD), ("next", "")];
    let foreign = web::builder().build()?.post(format!("{}/sign-in", stage.hub.url()));
    let foreign = foreign.header("origin", "https://evil.example").header("sec-fetch-site", "cross-site");
    ensure!(foreign.form(&form).send().await?.status() == 403, "another site's page signed somebody in");
    stage.stop().await
}

/// SEC-2: sessions are listed, ended one by one, here, and everywhere; a token is no session.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_sessions_are_listed_and_ended() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let ada = stage.user("ada@acme.test").await?;
    ada.delete("/v1/me/sessions").await?;
    let [here, there, third] = [
        signed_in(&stage.hub, "ada@acme.test").await?,
        signed_in(&stage.hub, "ada@acme.test").await?,
        signed_in(&stage.hub, "ada@acme.test").await?,
    ];
    let works = async |visitor: &Visitor| {
        Ok::<_, anyhow::Error>(visitor.request(Method::GET, "/v1/me").send().await?.status() == 200)
    };
    let list = async |visitor: &Visitor| {
        let answer = visitor.request(Method::GET, "/v1/me/sessions").send().await?;
        Ok::<Value, anyhow::Error>(answer.json().await?)
    };
    let sessions = list(&there).await?;
    let items = sessions.get("items").and_then(Value::as_array).context("no list")?;
    let current = items.iter().filter(|one| one.get("current") == Some(&json!(true))).collect::<Vec<_>>();
    ensure!(items.len() == 3 && current.len() == 1, "{sessions}");
    ensure!(items.iter().all(|one| one.get("address") == Some(&json!("127.0.0.1"))), "{sessions}");

    // One by one, from another browser; somebody else's is not there.
    let id = text(current.first().context("no current session")?, "/id")?;
    let path = format!("/v1/me/sessions/{id}");
    ensure!(stage.admin.outcome(Method::DELETE, &path, None).await? == (404, "not_found".to_owned()));
    ensure!(here.request(Method::DELETE, &path).send().await?.status() == 204);
    ensure!(!works(&there).await? && works(&here).await? && works(&third).await?);
    ensure!(there.get("/me/sessions").await?.location.as_deref() == Some("/sign-in?next=%2Fme%2Fsessions"));

    // Here, by the console's button.
    let out = here.request(Method::POST, "/sign-out").form(&[("scope", "here")]).send().await?;
    ensure!(out.status() == 303 && header(&out, "set-cookie").contains("Max-Age=0"), "{out:?}");
    ensure!(!works(&here).await? && works(&third).await?);

    // Everywhere, by the same button; tokens go on working.
    let fourth = signed_in(&stage.hub, "ada@acme.test").await?;
    ensure!(fourth.post("/sign-out", &[("scope", "everywhere")]).await?.status == 303);
    ensure!(!works(&third).await? && !works(&fourth).await?);
    ensure!(texts(&ada.get("/v1/me/sessions").await?, "/id")?.is_empty());
    stage.stop().await
}

/// SEC-2, SEC-3: sessions end by age and by idleness, tokens by their date.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_sec_3_sessions_and_tokens_end_by_themselves() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let status = async |visitor: &Visitor| {
        Ok::<_, anyhow::Error>(visitor.request(Method::GET, "/v1/me").send().await?.status())
    };
    for column in ["expires_at_ms", "last_used_at_ms"] {
        let visitor = signed_in(&stage.hub, ADMINISTRATOR).await?;
        ensure!(status(&visitor).await? == 200);
        database.run(&format!("update sessions set {column} = {column} - 15::bigint * 86400 * 1000")).await?;
        ensure!(status(&visitor).await? == 401, "{column}");
    }
    ensure!(stage.admin.ask(Method::GET, "/v1/me", None).await?.status == 200);
    database.run("update tokens set expires_at_ms = 1").await?;
    let refused = stage.admin.ask(Method::GET, "/v1/me", None).await?;
    ensure!(refused.status == 401 && text(&refused.body, "/detail")?.contains("expired"), "{}", refused.body);
    ensure!(refused.header("www-authenticate").starts_with("Bearer"));
    stage.stop().await
}

/// HIER-3, E-09, E-10: an account has one address, which is one whatever its letters look like; whoever makes accounts is
/// told whether the holder is active; what is no single address is refused before anything is looked up.
#[tokio::test(flavor = "multi_thread")]
async fn hier_3_e_09_e_10_an_address_is_one_address() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let create = async |email: Value| {
        let body = json!({"email": email, "name": "Kim", "password": PASSWORD});
        stage.admin.ask(Method::POST, "/v1/users", Some(&body)).await
    };
    ensure!(create(json!("kim@acme.test")).await?.status == 201);
    for same in
        ["KIM@acme.test", " kim@ACME.test ", "\u{212A}im@acme.test", "kim@acme\u{3002}test", "ｋim@acme.test"]
    {
        let taken = create(json!(same)).await?;
        ensure!(taken.outcome() == (409, "email_taken".to_owned()), "{same}: {}", taken.body);
        ensure!(
            text(&taken.body, "/detail")?.ends_with("already belongs to an active account."),
            "{}",
            taken.body
        );
        ensure!(try_to_sign_in(&stage.hub.visitor()?, same, PASSWORD, "").await?.status() == 303, "{same}");
    }
    database.run("update users set access = 'disabled' where email = 'kim@acme.test'").await?;
    let taken = create(json!("Kim@acme.test")).await?;
    ensure!(
        text(&taken.body, "/detail")?.ends_with("already belongs to a deactivated account."),
        "{}",
        taken.body
    );
    // Letters that only look alike, or that other rules would fold, are other letters.
    for other in
        ["k\u{131}m@acme.test", "kíra@acme.test", "kira@acme.test", "strasse@acme.test", "straße@acme.test"]
    {
        ensure!(create(json!(other)).await?.status == 201, "{other}");
    }
    let accounts = texts(&stage.admin.get("/v1/users").await?, "/email")?.len();
    for bad in [
        json!(["kim@acme.test", "eve@evil.test"]),
        json!({"$ne": ""}),
        json!(7),
        Value::Null,
        json!(""),
        json!("a@x.test,b@y.test"),
        json!("a@x.test b@y.test"),
        json!("a@x.test\nBcc: b@y.test"),
        json!("a@x.test\u{0}"),
        json!("a@b@x.test"),
        json!(format!("{}@x.test", "a".repeat(65))),
    ] {
        let refused = create(bad.clone()).await?;
        ensure!(refused.outcome() == (400, "invalid".to_owned()), "{bad}: {}", refused.body);
        ensure!(text(&refused.body, "/errors/0/pointer")? == "/email", "{bad}: {}", refused.body);
    }
    ensure!(texts(&stage.admin.get("/v1/users").await?, "/email")?.len() == accounts);
    stage.stop().await
}

/// SEC-3: a token's secret is shown once; nothing that is kept holds it, nor any other secret or password.
#[tokio::test(flavor = "multi_thread")]
async fn sec_3_secrets_are_shown_once_and_kept_as_hashes() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let visitor = signed_in(&stage.hub, ADMINISTRATOR).await?;
    let issued = stage.admin.post("/v1/me/tokens", &json!({"name": "robot"})).await?;
    let (token, id) = (text(&issued, "/secret")?, text(&issued, "/token/id")?);
    let prefix = text(&issued, "/token/prefix")?;
    ensure!(
        token.starts_with("bastide_pat_") && token.len() >= 12 + 43 && token.starts_with(prefix),
        "{token}"
    );
    ensure!(prefix.len() < 20, "{prefix}");
    let robot = Api::new(&stage.hub, Some(token))?;
    let tokens = robot.get("/v1/me/tokens").await?.to_string();
    ensure!(tokens.contains(id) && !tokens.contains(token), "{tokens}");
    ensure!(!visitor.get("/me/tokens").await?.body.contains(token));
    // Its last use is shown.
    let kept = robot.get("/v1/me/tokens").await?;
    let kept = kept.get("items").and_then(Value::as_array).context("no tokens")?;
    let kept = kept.iter().find(|one| one.get("id") == Some(&json!(id))).context("no token")?;
    ensure!(text(kept, "/last_used_at")? >= text(kept, "/created_at")?, "{kept}");

    let join = stage.join_token("eu-1").await?;
    let device = Api::new(&stage.hub, None)?.post("/v1/device-authorizations", &Value::Null).await?;
    let session = visitor.cookie().and_then(|cookie| cookie.split_once('=')).context("no cookie")?.1;
    let secrets = [token, session, text(&join, "/secret")?, text(&device, "/device_code")?, PASSWORD];
    let mut kept = stage.hub.log()?.into_bytes();
    for entry in fs::read_dir(stage.hub.folder())? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("bastide.db")) {
            kept.extend(fs::read(path)?);
        }
    }
    let holds = |text: &str| kept.windows(text.len()).any(|window| window == text.as_bytes());
    // What is kept to recognise a token by is found, so that the search finds what is there.
    ensure!(holds(prefix) && holds("$argon2id$"), "the database is not where it is looked for");
    for secret in secrets {
        ensure!(!holds(secret), "the database or the log holds {}…", secret.get(..16).unwrap_or(secret));
    }
    stage.stop().await
}

/// SEC-3: a narrowed token does what it may and no more, makes none wider than itself, and ends at once when withdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn sec_3_a_narrowed_token_stays_narrow_and_ends_at_once() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    stage.organization("northwind").await?;
    let make = async |by: &Api, permissions: Value| {
        by.ask(Method::POST, "/v1/me/tokens", Some(&json!({"name": "narrow", "permissions": permissions})))
            .await
    };
    let keys = json!(["organizations.view", "tokens.create", "tokens.view", "tokens.delete"]);
    let issued = make(&stage.admin, keys).await?.done()?;
    let narrow = Api::new(&stage.hub, Some(text(&issued, "/secret")?))?;
    ensure!(texts(&narrow.get("/v1/organizations").await?, "/slug")? == ["northwind"]);
    for (method, path, body, permission) in [
        (Method::POST, "/v1/organizations", json!({"name": "More"}), "organizations.create"),
        (Method::GET, "/v1/users", Value::Null, "users.view"),
        (Method::POST, "/v1/hubs/main/join-tokens", json!({"cluster_name": "eu-1"}), "clusters.create"),
    ] {
        let body = Some(&body).filter(|body| !body.is_null());
        let refused = narrow.ask(method, path, body).await?;
        ensure!(refused.outcome() == (403, "permission_missing".to_owned()), "{path}: {}", refused.body);
        let named = text(&refused.body, "/permission")?;
        ensure!(named == permission || (path.contains("hubs") && named == "hubs.view"), "{path}: {named}");
    }
    let wider = make(&narrow, json!(["organizations.view", "organizations.create"])).await?;
    ensure!(text(&wider.body, "/permission")? == "organizations.create", "{}", wider.body);
    let inherited = make(&narrow, Value::Null).await?.done()?;
    let keys = inherited.pointer("/token/permissions").and_then(Value::as_array).context("no permissions")?;
    ensure!(keys.len() == 4, "a token that was made with a narrow one is wider: {inherited}");
    let child = Api::new(&stage.hub, Some(text(&inherited, "/secret")?))?;
    let create = Some(json!({"name": "More"}));
    ensure!(child.ask(Method::POST, "/v1/organizations", create.as_ref()).await?.status == 403);
    let unknown = make(&stage.admin, json!(["organizations.view", "coffee.make"])).await?;
    ensure!(text(&unknown.body, "/errors/0/pointer")? == "/permissions/1", "{}", unknown.body);

    let path = format!("/v1/me/tokens/{}", text(&issued, "/token/id")?);
    stage.user("eve@acme.test").await?.outcome(Method::DELETE, &path, None).await.and_then(|outcome| {
        ensure!(outcome == (404, "not_found".to_owned()), "{outcome:?}");
        Ok(())
    })?;
    stage.admin.delete(&path).await?;
    let refused = narrow.ask(Method::GET, "/v1/me", None).await?;
    ensure!(refused.status == 401, "{}", refused.body);
    stage.stop().await
}
