//! Two replicas of one hub on one PostgreSQL: what is done on one is true on the other, at once for who says what they have
//! seen, within seconds for everybody else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::fake_agent::FakeAgent;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::organizations::no_more_than_allowed;
use crate::stage::{Api, Reply, Stage, text, texts};

/// How long a replica may be behind another.
const LAG: Duration = Duration::from_secs(15);

async fn second(database: &Database) -> Result<Hub> {
    Hub::start(Options { database: Some(database.url()), port: None }).await
}

/// The revision that an answer tells of.
fn revision(reply: &Reply) -> Result<String> {
    let revision = reply.header("bastide-revision");
    ensure!(revision.parse::<i64>().is_ok(), "no revision: {reply:?}");
    Ok(revision.to_owned())
}

/// A change on one replica is seen on the other at once with `Bastide-Revision`, and within seconds without; a revision that
/// nobody has made is refused instead of guessed.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_on_one_replica_is_seen_on_the_other() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let other = second(&database).await?;
    ensure!(other.setup_secret().is_err(), "a second replica made another set-up link");
    let there = stage.admin.led_to(&other);
    for number in 0..10 {
        let slug = format!("acme-{number}");
        let path = format!("/v1/organizations/{slug}");
        // In turns, so that each replica has to catch up with the other.
        let (writer, reader) = if number % 2 == 0 { (&stage.admin, &there) } else { (&there, &stage.admin) };
        let body = json!({"name": slug, "slug": slug});
        let made = writer.ask(Method::POST, "/v1/organizations", Some(&body)).await?;
        ensure!(made.status == 201, "{}", made.body);
        let seen = revision(&made)?;
        let read = reader.ask_with(Method::GET, &path, None, &[("bastide-revision", &seen)]).await?;
        ensure!(read.status == 200 && read.body.get("id") == made.body.get("id"), "{slug}: {}", read.body);
        let list =
            reader.ask_with(Method::GET, "/v1/organizations", None, &[("bastide-revision", &seen)]).await?;
        ensure!(texts(&list.body, "/slug")?.contains(&slug), "{slug}: {}", list.body);
    }
    stage.organization("late").await?;
    wait::until("the other replica", LAG, async || {
        let found = there.ask(Method::GET, "/v1/organizations/late", None).await?;
        Ok((found.status == 200).then_some(()))
    })
    .await?;
    let future = there.ask_with(Method::GET, "/v1/me", None, &[("bastide-revision", "999999999")]).await?;
    ensure!(future.outcome() == (503, "unavailable".to_owned()), "{}", future.body);
    ensure!(!future.header("retry-after").is_empty());
    for bad in ["x", "-1", "1.5", ""] {
        let refused = there.ask_with(Method::GET, "/v1/me", None, &[("bastide-revision", bad)]).await?;
        ensure!(refused.outcome() == (400, "invalid".to_owned()), "{bad:?}: {}", refused.body);
    }
    other.stop().await?;
    stage.stop().await
}

/// SEC-2, SEC-3: who signs in on one replica is signed in on the other; what is ended on one has ended on the other at once;
/// attempts are counted together.
#[tokio::test(flavor = "multi_thread")]
async fn sec_2_sec_3_a_sign_in_on_one_replica_works_on_the_other() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let other = second(&database).await?;
    let mut here = stage.hub.visitor()?;
    here.sign_in(ADMINISTRATOR, PASSWORD).await?;
    let there = here.led_to(&other.url());
    let page = there.get("/me/organizations").await?;
    ensure!(page.status == 200, "{}: {:?}", page.status, page.location);
    let token = there.new_token("made there").await?;
    let (on_one, on_other) = (Api::new(&stage.hub, Some(&token))?, Api::new(&other, Some(&token))?);
    let me = on_one.get("/v1/me").await?;
    ensure!(text(&me, "/token_name")? == "made there", "{me}");

    // A new account is known on the other replica within seconds, and at once to who has seen its making.
    let account = json!({"email": "ada@acme.test", "name": "Ada", "password": PASSWORD});
    stage.admin.post("/v1/users", &account).await?;
    wait::until("the new account", LAG, async || Ok(other.token_of("ada@acme.test").await.ok())).await?;

    let tokens = on_other.get("/v1/me/tokens").await?;
    let all = tokens.get("items").and_then(Value::as_array).context("no tokens")?;
    let made = all.iter().find(|one| one.get("name") == Some(&json!("made there"))).context("no token")?;
    stage.admin.delete(&format!("/v1/me/tokens/{}", text(made, "/id")?)).await?;
    ensure!(on_other.ask(Method::GET, "/v1/me", None).await?.status == 401, "a withdrawn token works");
    stage.admin.delete("/v1/me/sessions").await?;
    ensure!(there.request(Method::GET, "/v1/me").send().await?.status() == 401, "an ended session works");

    let form = [("email", "ada@acme.test"), ("password", "not the password"), ("next", "")];
    for (visitor, expected) in
        [(&here, 401), (&there, 401)].repeat(5).into_iter().chain([(&here, 429), (&there, 429)])
    {
        let status = visitor.post("/sign-in", &form).await?.status;
        ensure!(status == expected, "{status} and not {expected}");
    }
    other.stop().await?;
    stage.stop().await
}

/// FLEET-1, FLEET-6: a cluster is at home on every replica: it joins through one, is accepted on the other, and is sent by one
/// what was placed on the other.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_fleet_6_a_cluster_speaks_with_any_replica() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let other = second(&database).await?;
    stage.organization("northwind").await?;
    let token = stage.join_token("eu-1").await?;
    let mut agent = FakeAgent::new(text(&token, "/command")?)?.led_to(&other.agent_url());
    agent.request(text(&token, "/secret")?).await?;
    wait::until("the request", LAG, async || {
        Ok((stage.admin.ask(Method::GET, "/v1/clusters/eu-1", None).await?.status == 200).then_some(()))
    })
    .await?;
    stage.accept("eu-1", &mut agent).await?;
    wait::until("a sign of life that is taken", LAG, async || {
        Ok(agent.beat(true).await?.status.is_success().then_some(()))
    })
    .await?;
    let _alive = agent.keep_alive();
    stage.upload("eu-1", &stage.licence(&agent, |_| ())?).await?;
    let cluster = stage.admin.get("/v1/clusters/eu-1").await?;
    ensure!(text(&cluster, "/availability")? == "available", "{cluster}");
    let order = json!({
        "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
        "administrator": {"kind": "existing", "user": ADMINISTRATOR}, "gateway": {"kind": "shared"},
    });
    stage.admin.post("/v1/client-organizations", &order).await?;
    let settled = async || Ok((!agent.settle().await?.sets.is_empty()).then_some(()));
    wait::until("what was placed on the other replica", LAG, settled).await?;
    let there = agent.led_to(&stage.hub.agent_url());
    ensure!(there.desired(0).await?.sets.len() == 1);
    let ready = async || {
        let placed = stage.admin.get("/v1/organizations/acme/placements").await?;
        Ok((placed.pointer("/items/0/conditions/0/status") == Some(&json!("True"))).then_some(()))
    };
    wait::until("the report", LAG, ready).await?;
    other.stop().await?;
    stage.stop().await
}

/// PLAN-2, E-30: a limit holds for both replicas together.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_a_limit_holds_over_replicas() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let other = second(&database).await?;
    let there = stage.admin.led_to(&other);
    no_more_than_allowed(&stage, &[&stage.admin, &there]).await?;
    other.stop().await?;
    stage.stop().await
}
