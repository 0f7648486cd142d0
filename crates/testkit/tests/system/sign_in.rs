//! SEC-2: how the command line signs in, with the browser on the same machine and with a code, on the real console's pages.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use bastide_model::limits::DEVICES_PER_ADDRESS;
use bastide_testkit::cli::Cli;
use bastide_testkit::hub::{ADMINISTRATOR, PASSWORD};
use bastide_testkit::web::Visitor;
use bastide_testkit::{wait, web};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use url::Url;

use crate::stage::{Api, Stage, everything, text, texts};

/// How long a program may take to say or do something.
const LIMIT: Duration = Duration::from_secs(30);

/// `bastide login` under way.
struct Login {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Login {
    fn begin(mut command: Command) -> Result<Self> {
        let mut child = command.spawn().context("cannot run bastide")?;
        let stderr = child.stderr.take().context("no standard error")?;
        Ok(Self { child, said: BufReader::new(stderr).lines() })
    }

    /// What follows these words on a line that it says.
    async fn says(&mut self, words: &str) -> Result<String> {
        let line = tokio::time::timeout(LIMIT, async {
            while let Some(line) = self.said.next_line().await? {
                if let Some((_, rest)) = line.split_once(words) {
                    return Ok(rest.to_owned());
                }
            }
            bail!("it ended without saying `{words}`")
        });
        line.await.with_context(|| format!("it does not say `{words}`"))?
    }

    async fn ends(mut self) -> Result<i32> {
        let status = tokio::time::timeout(LIMIT, self.child.wait()).await.context("it does not end")??;
        status.code().context("it was killed")
    }
}

/// The value of a hidden field of a page's form.
fn hidden(page: &str, name: &str) -> Result<String> {
    let marker = format!("name=\"{name}\" value=\"");
    let (_, rest) = page.split_once(&marker).with_context(|| format!("no field {name} in {page}"))?;
    let (value, _) = rest.split_once('"').context("no end of the value")?;
    Ok(value.replace("&amp;", "&"))
}

/// Follows an address on the hub that the program gave, and decides on its page; where the browser is sent.
async fn decide(visitor: &Visitor, address: &str, decision: &str) -> Result<Url> {
    let address = Url::parse(address)?;
    let path =
        address.query().map_or(address.path().to_owned(), |query| format!("{}?{query}", address.path()));
    let page = visitor.get(&path).await?;
    ensure!(page.status == 200 && page.body.contains("bastide on "), "{}: {}", page.status, page.body);
    let fields = ["name", "redirect_uri", "state", "code_challenge"];
    let values = fields.map(|name| hidden(&page.body, name));
    let mut form = vec![("decision", decision.to_owned())];
    for (name, value) in fields.into_iter().zip(values) {
        form.push((name, value?));
    }
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sent = visitor.post("/login/cli", &form).await?;
    let location = sent.location.with_context(|| format!("{}: {}", sent.status, sent.body))?;
    Ok(Url::parse(&location)?)
}

/// What the program on loopback answers to the browser.
async fn come_back(to: Url) -> Result<String> {
    ensure!(to.host_str() == Some("127.0.0.1") && to.scheme() == "http", "{to}");
    Ok(Visitor::new(to.as_str().trim_end_matches('/'))?.get("").await?.body)
}

async fn browser(stage: &Stage) -> Result<Visitor> {
    let mut visitor = stage.hub.visitor()?;
    visitor.sign_in(ADMINISTRATOR, PASSWORD).await?;
    Ok(visitor)
}

/// SEC-2 (RFC 7636): through the browser, with the address that the program shows; who one is, which context it is kept in,
/// and out again, which withdraws the token.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_the_command_line_signs_in_through_the_browser() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (visitor, cli) = (browser(&stage).await?, Cli::new(&stage.hub.url(), None)?);
    let before = cli.run(&["whoami"]).await?;
    ensure!(before.code == 4 && before.stderr.contains("bastide login"), "{}", everything(&before));

    let mut login = Login::begin(cli.command(&["login", "--no-browser", "--context", "work"])?)?;
    let address = login.says("this machine: ").await?;
    let page = come_back(decide(&visitor, &address, "allow").await?).await?;
    ensure!(page.contains("You are signed in"), "{page}");
    ensure!(login.ends().await? == 0);

    let me = cli.json(&["whoami"]).await?;
    ensure!(text(&me, "/user/email")? == ADMINISTRATOR && text(&me, "/credential")? == "token", "{me}");
    ensure!(text(&me, "/context")? == "work" && text(&me, "/token_name")?.starts_with("bastide on "), "{me}");
    let names = async || texts(&stage.admin.get("/v1/me/tokens").await?, "/name");
    ensure!(names().await?.iter().any(|name| name.starts_with("bastide on ")));
    cli.ok(&["logout"]).await?;
    ensure!(
        !names().await?.iter().any(|name| name.starts_with("bastide on ")),
        "the token was not withdrawn"
    );
    ensure!(cli.run(&["whoami"]).await?.code == 4);
    ensure!(cli.run(&["logout"]).await?.code == 4);
    stage.stop().await
}

/// SEC-2: the program of `BROWSER` is given the address; whoever denies lets nobody in.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_the_browser_of_the_environment_is_opened_and_may_deny() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (visitor, cli) = (browser(&stage).await?, Cli::new(&stage.hub.url(), None)?);
    let (script, opened) = (stage.hub.folder().join("browser"), stage.hub.folder().join("opened"));
    fs::write(
        &script,
        format!("#!/bin/sh\nprintf %s \"$1\" > {0}.part && mv {0}.part {0}\n", opened.display()),
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let mut command = cli.command(&["login"])?;
    command.env("BROWSER", &script);
    let login = Login::begin(command)?;
    let address = wait::until("the browser", LIMIT, async || Ok(fs::read_to_string(&opened).ok())).await?;
    let to = decide(&visitor, &address, "deny").await?;
    ensure!(to.query_pairs().any(|(name, value)| name == "error" && value == "access_denied"), "{to}");
    ensure!(come_back(to).await?.contains("not let in"));
    ensure!(login.ends().await? == 4);
    ensure!(cli.run(&["whoami"]).await?.code == 4);
    stage.stop().await
}

/// SEC-2 (RFC 8628): with a code that is typed in a browser elsewhere, allowed and denied; a code that nobody waits with is
/// told as such.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_a_device_signs_in_with_a_code_or_is_denied() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (visitor, cli) = (browser(&stage).await?, Cli::new(&stage.hub.url(), None)?);
    for (decision, code) in [("deny", 4), ("allow", 0)] {
        let mut login = Login::begin(cli.command(&["login", "--device"])?)?;
        let user_code = login.says("type the code ").await?;
        let unknown = visitor.post("/device", &[("user_code", "AAAA-AAAA")]).await?;
        ensure!(
            unknown.status == 422 && unknown.body.contains("program waits with this code"),
            "{}",
            unknown.status
        );
        // However it is typed.
        let typed = user_code.to_lowercase().replace('-', " ");
        let asked = visitor.get(&format!("/device?user_code={}", typed.replace(' ', "%20"))).await?;
        ensure!(asked.status == 200 && asked.body.contains("127.0.0.1"), "{}: {}", asked.status, asked.body);
        let form = [("user_code", typed.as_str()), ("decision", decision)];
        ensure!(visitor.post("/device", &form).await?.status == 200);
        ensure!(visitor.post("/device", &form).await?.status != 200, "a code was decided on twice");
        ensure!(login.ends().await? == code, "{decision}");
        ensure!(cli.run(&["whoami"]).await?.code == code);
    }
    stage.stop().await
}

/// SEC-2 (RFC 8628, 5.1): the short codes of devices cannot be tried through, and one address does not keep the devices of
/// others from asking.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_codes_of_devices_are_neither_guessed_nor_used_up() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (visitor, cli) = (browser(&stage).await?, Cli::new(&stage.hub.url(), None)?);
    for status in [[422; 10].as_slice(), &[429]].concat() {
        let guessed = visitor.post("/device", &[("user_code", "AAAA-AAAA"), ("decision", "allow")]).await?;
        ensure!(guessed.status == status || (status == 422 && guessed.status == 404), "{}", guessed.status);
    }
    let right = Login::begin(cli.command(&["login", "--device"])?)?.says("type the code ").await?;
    let late = visitor.post("/device", &[("user_code", right.as_str()), ("decision", "allow")]).await?;
    ensure!(late.status == 429, "the right code is one attempt more: {}", late.status);

    let attacker = Visitor::at_address(&stage.hub.url(), IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))?;
    let mut statuses = Vec::new();
    for _ in 0..=DEVICES_PER_ADDRESS {
        let request = attacker.request(Method::POST, "/v1/device-authorizations");
        statuses.push(request.send().await?.status().as_u16());
    }
    ensure!(statuses.pop() == Some(429) && statuses.iter().all(|status| *status == 200), "{statuses:?}");
    Api::new(&stage.hub, None)?.post("/v1/device-authorizations", &Value::Null).await?;
    stage.stop().await
}

/// SEC-2 (RFC 7636, RFC 8628): a code is exchanged by who began, once; polling too often is told; a person at a browser
/// agrees, and no token does.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_codes_are_exchanged_once_by_who_began() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (visitor, nobody) = (browser(&stage).await?, Api::new(&stage.hub, None)?);
    let exchange = async |body: Value| nobody.outcome(Method::POST, "/v1/login-tokens", Some(&body)).await;
    // base64url of SHA-256 of 43 times `v`.
    let (verifier, challenge) = ("v".repeat(43), "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM");
    let form = [
        ("name", "robot"),
        ("redirect_uri", "http://127.0.0.1:9/callback"),
        ("state", "s"),
        ("code_challenge", challenge),
        ("decision", "allow"),
    ];
    for bad in [
        "http://evil.example/callback",
        "https://127.0.0.1:9/",
        "javascript:alert(1)",
        "http://user@127.0.0.1:9/",
    ] {
        let form = form.map(|(name, value)| if name == "redirect_uri" { (name, bad) } else { (name, value) });
        let refused = visitor.post("/login/cli", &form).await?;
        ensure!(refused.location.is_none() && refused.status.is_client_error(), "{bad}: {refused:?}");
    }
    let sent = visitor.post("/login/cli", &form).await?.location.context("not sent back")?;
    let sent = Url::parse(&sent)?;
    let code = sent.query_pairs().find(|(name, _)| name == "code").context("no code")?.1.into_owned();
    let with = |code: &str, verifier: &str| json!({"grant": "authorization_code", "code": code, "verifier": verifier});
    let invalid = (400, "invalid_grant".to_owned());
    ensure!(exchange(with(&code, &"w".repeat(43))).await? == invalid);
    ensure!(exchange(with("bastide_code_x", &verifier)).await? == invalid);
    ensure!(exchange(json!({"grant": "device_code", "device_code": code})).await? == invalid);
    let first = exchange(with(&code, &verifier)).await?;
    ensure!(first == (201, String::new()), "{first:?}");
    ensure!(exchange(with(&code, &verifier)).await? == invalid);

    let device = nobody.post("/v1/device-authorizations", &Value::Null).await?;
    let poll = json!({"grant": "device_code", "device_code": text(&device, "/device_code")?});
    ensure!(exchange(poll.clone()).await? == (400, "authorization_pending".to_owned()));
    ensure!(exchange(poll.clone()).await? == (400, "slow_down".to_owned()));
    let user_code = text(&device, "/user_code")?;
    let by_token = web::builder().build()?;
    let refused = by_token
        .post(format!("{}/device", stage.hub.url()))
        .bearer_auth(stage.hub.token_of(ADMINISTRATOR).await?)
        .form(&[("user_code", user_code), ("decision", "allow")]);
    ensure!(refused.send().await?.status() == 403, "a token agreed to a sign-in");
    ensure!(visitor.post("/device", &[("user_code", user_code), ("decision", "allow")]).await?.status == 200);
    ensure!(exchange(poll.clone()).await?.0 == 201);
    ensure!(exchange(poll).await? == invalid);
    stage.stop().await
}

/// Contexts: one per account and hub, chosen, shown and forgotten; the file that keeps them is its owner's; and a token goes
/// to its own hub only.
#[tokio::test(flavor = "multi_thread")]
async fn contexts_keep_accounts_and_hubs_apart() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    stage.user("ada@acme.test").await?;
    stage.organization("northwind").await?;
    let cli = Cli::new(&stage.hub.url(), None)?;
    for (context, email) in [("admin", ADMINISTRATOR), ("ada", "ada@acme.test")] {
        let token = stage.hub.token_of(email).await?;
        let said = cli.run_with(&["login", "--token-stdin", "--context", context], &token).await?;
        ensure!(said.code == 0 && said.stderr.contains(email), "{}", everything(&said));
    }
    let who = async |more: &[&str]| Ok::<_, anyhow::Error>(cli.json(&[&["whoami"], more].concat()).await?);
    ensure!(text(&who(&[]).await?, "/user/email")? == "ada@acme.test");
    ensure!(text(&who(&["--context", "admin"]).await?, "/user/email")? == ADMINISTRATOR);
    cli.ok(&["context", "use", "admin", "--organization", "northwind"]).await?;
    let me = who(&[]).await?;
    ensure!(text(&me, "/user/email")? == ADMINISTRATOR && text(&me, "/organization")? == "northwind", "{me}");
    ensure!(cli.ok(&["organization", "get", "-o", "name"]).await? == "northwind\n");
    let listed = cli.json(&["context", "list"]).await?;
    let names: Vec<_> = listed.as_array().into_iter().flatten().filter_map(|one| one.get("name")).collect();
    ensure!(
        names == [&json!("ada"), &json!("admin")] && !listed.to_string().contains("bastide_pat_"),
        "{listed}"
    );
    ensure!(text(&cli.json(&["context", "show"]).await?, "/name")? == "admin");
    let another = cli.run(&["whoami", "--server", "http://localhost:9"]).await?;
    ensure!(another.code == 4, "a token went to another server: {}", everything(&another));
    cli.ok(&["context", "delete", "admin"]).await?;
    ensure!(cli.run(&["context", "show", "admin"]).await?.code == 3);
    ensure!(cli.run(&["whoami", "--context", "admin"]).await?.code == 3);
    stage.stop().await
}
