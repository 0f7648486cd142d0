//! FLEET-1: how a cluster joins, stays, renews and is put out again, against the hub's real door for agents.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_api::agent::{
    self, Capability, Condition, Facts, Heartbeat, JoinState, JoinStateQuery, Renew, SetStatus, Status,
    cluster_uri,
};
use bastide_model::ClusterId;
use bastide_testkit::fake_agent::FakeAgent;
use bastide_testkit::hub::{Hub, Options};
use bastide_testkit::pki::Identity;
use bastide_testkit::wait;
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Stage, beat, everything, text, texts};

/// How long the end of a membership may take to reach every session (FLEET-1).
const AT_ONCE: Duration = Duration::from_secs(5);

/// Waits until the certificate is refused in the handshake; until then nothing may be answered but 401.
async fn refused(agent: &FakeAgent) -> Result<()> {
    wait::until("the certificate to be refused", AT_ONCE, async || match agent.beat(true).await {
        Ok(answered) => {
            ensure!(answered.status == 401, "{}: {}", answered.status, answered.body);
            Ok(None)
        }
        Err(error) => Ok(format!("{error:?}").contains("CertificateRevoked").then_some(())),
    })
    .await
}

/// What the hub says to somebody with a join token.
async fn asks(token: &Value) -> Result<(u16, String)> {
    let answered = FakeAgent::new(text(token, "/command")?)?.ask(text(token, "/secret")?).await?;
    Ok((answered.status.as_u16(), answered.code().to_owned()))
}

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// FLEET-1: a join token works once, not after it was withdrawn, and no other word works.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_a_join_token_works_once_and_not_after_its_withdrawal() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let used = stage.join_token("eu-1").await?;
    ensure!(asks(&used).await? == outcome(202, ""));
    ensure!(asks(&used).await? == outcome(410, "join_token_used"));
    let said = stage.cli.run(&["join-token", "delete", text(&used, "/token/id")?]).await?;
    ensure!(said.code == 7 && said.stderr.contains("join_token_used"), "{}", everything(&said));

    let withdrawn = stage.join_token("eu-2").await?;
    stage.cli.ok(&["join-token", "delete", text(&withdrawn, "/token/id")?]).await?;
    ensure!(asks(&withdrawn).await? == outcome(410, "join_token_withdrawn"));

    let mut unknown = used.clone();
    for word in ["", "bastide_join_", "x", text(&used, "/token/id")?] {
        *unknown.pointer_mut("/secret").context("no secret")? = json!(word);
        ensure!(asks(&unknown).await? == outcome(403, "join_token_unknown"), "{word}");
    }
    let tokens = stage.admin.get("/v1/hubs/main/join-tokens").await?;
    ensure!(!tokens.to_string().contains(text(&used, "/secret")?), "the list shows the secret");
    let mut states = texts(&tokens, "/state")?;
    states.sort();
    ensure!(states == ["used", "withdrawn"], "{states:?}");
    ensure!(texts(&stage.admin.get("/v1/clusters").await?, "/name")? == ["eu-1"]);
    stage.stop().await
}

/// FLEET-1: an expired join token does not work. Time is moved in the database, as minutes cannot be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_a_join_token_expires() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let token = stage.join_token("eu-1").await?;
    let id = text(&token, "/token/id")?;
    database.run("update join_tokens set expires_at_ms = expires_at_ms - 3600 * 1000").await?;
    ensure!(asks(&token).await? == outcome(410, "join_token_expired"));
    let listed = stage.admin.get("/v1/hubs/main/join-tokens").await?;
    ensure!(text(&listed, "/items/0/state")? == "expired" && text(&listed, "/items/0/id")? == id, "{listed}");
    for minutes in [0, 10_081] {
        let body = json!({"cluster_name": "eu-1", "minutes": minutes});
        let reply = stage.admin.ask(Method::POST, "/v1/hubs/main/join-tokens", Some(&body)).await?;
        ensure!(reply.outcome() == outcome(400, "invalid"), "{}", reply.body);
    }
    stage.stop().await
}

/// FLEET-1, E-30: of many who use one token at the same time one gets in.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_parallel_uses_of_one_token_are_one() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    one_of_many(&stage).await?;
    stage.stop().await
}

/// FLEET-1, E-30: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_parallel_uses_of_one_token_are_one_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    one_of_many(&stage).await?;
    stage.stop().await
}

async fn one_of_many(stage: &Stage) -> Result<()> {
    let token = stage.join_token("eu-1").await?;
    let (line, secret) = (text(&token, "/command")?, text(&token, "/secret")?.to_owned());
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut agent, secret) = (FakeAgent::new(line)?, secret.clone());
        asking.spawn(async move { agent.ask(&secret).await });
    }
    let mut outcomes = Vec::new();
    while let Some(answered) = asking.join_next().await {
        let answered = answered??;
        outcomes.push((answered.status.as_u16(), answered.code().to_owned()));
    }
    outcomes.sort();
    let mut expected = vec![outcome(410, "join_token_used"); 8];
    if let Some(first) = expected.first_mut() {
        *first = outcome(202, "");
    }
    ensure!(outcomes == expected, "{outcomes:?}");
    ensure!(texts(&stage.admin.get("/v1/clusters").await?, "/name")?.len() == 1);
    Ok(())
}

/// FLEET-1: only the fingerprint of the key that asks is accepted; a denied agent gets nothing; what was decided is decided.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_accepting_compares_the_fingerprint_and_denying_is_final() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (mut one, two) = (stage.requested("eu-1").await?, stage.requested("eu-2").await?);
    let accept = "/v1/clusters/eu-1/accept";
    for wrong in [two.fingerprint(), one.fingerprint().replace(':', "0"), one.fingerprint()[..92].to_owned()]
    {
        let reply = stage.admin.ask(Method::POST, accept, Some(&json!({"fingerprint": wrong}))).await?;
        ensure!(reply.outcome() == outcome(409, "fingerprint_mismatch"), "{wrong}: {}", reply.body);
    }
    ensure!(matches!(one.standing().await?, JoinState::Requested));
    // However it is written, it is the same fingerprint.
    let plain = one.fingerprint().replace(':', "").to_lowercase();
    stage.admin.post(accept, &json!({"fingerprint": plain})).await?;
    one.enter().await?;
    beat(&one, true).await?;
    let again = json!({"fingerprint": one.fingerprint()});
    ensure!(
        stage.admin.outcome(Method::POST, accept, Some(&again)).await? == outcome(409, "wrong_membership")
    );

    stage.admin.post("/v1/clusters/eu-2/deny", &Value::Null).await?;
    ensure!(matches!(two.standing().await?, JoinState::Denied));
    let late = json!({"fingerprint": two.fingerprint()});
    let reply = stage.admin.outcome(Method::POST, "/v1/clusters/eu-2/accept", Some(&late)).await?;
    ensure!(reply == outcome(409, "wrong_membership"), "{reply:?}");
    ensure!(two.beat(true).await?.status == 401);
    stage.stop().await
}

/// FLEET-1: withdrawing takes effect with the next request, on a connection that is open already, too; the same cluster that
/// asks again is the same record, needs accepting again, and its old certificate stays dead.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_withdrawn_at_once_and_the_same_cluster_when_it_returns() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let mut agent = stage.joined("eu-1").await?;
    beat(&agent, true).await?;
    let id = agent.cluster()?.to_owned();
    let token = stage.join_token("eu-1").await?;
    let secret = text(&token, "/secret")?;
    // While it answers nobody pushes it aside, and the token is not used up by the attempt.
    let intruder = agent.reborn()?.ask(secret).await?;
    ensure!(intruder.status == 409 && intruder.code() == "cluster_joined", "{}", intruder.body);

    stage.cli.ok(&["cluster", "withdraw", "eu-1"]).await?;
    refused(&agent).await?;
    ensure!(agent.renew().await.is_err() && agent.desired(0).await.is_err());
    let cluster = stage.admin.get("/v1/clusters/eu-1").await?;
    ensure!(
        text(&cluster, "/membership")? == "withdrawn" && cluster.get("availability").is_none(),
        "{cluster}"
    );

    let mut back = agent.reborn()?;
    back.request(secret).await?;
    ensure!(back.cluster()? == id, "it is another record");
    ensure!(text(&stage.admin.get(&format!("/v1/clusters/{id}")).await?, "/membership")? == "requested");
    ensure!(matches!(back.standing().await?, JoinState::Requested));
    let old = json!({"fingerprint": agent.fingerprint()});
    let reply = stage.admin.outcome(Method::POST, "/v1/clusters/eu-1/accept", Some(&old)).await?;
    ensure!(reply == outcome(409, "fingerprint_mismatch"), "{reply:?}");
    stage.accept("eu-1", &mut back).await?;
    beat(&back, true).await?;
    refused(&agent).await.context("the old certificate works again")?;
    ensure!(agent.standing().await.is_err(), "the old ticket works again");
    ensure!(texts(&stage.admin.get("/v1/clusters").await?, "/id")? == [id]);
    stage.stop().await
}

/// FLEET-1: a renewal is made for a new key and works; after unregistering neither certificate does, and the uid is free.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_a_renewed_certificate_works_until_the_cluster_is_unregistered() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let mut agent = stage.joined("eu-1").await?;
    let (before, fingerprint) = (agent.identity()?, agent.fingerprint());
    agent.renew().await?;
    let after = agent.identity()?;
    ensure!(after.certificate != before.certificate && after.key != before.key);
    ensure!(agent.fingerprint() != fingerprint);
    beat(&agent, true).await?;
    ensure!(text(&stage.admin.get("/v1/clusters/eu-1").await?, "/availability")? == "available");
    // From its first use on, the one before it is over.
    refused(&agent.showing(Some(&before))?).await?;
    // Key and certificate belong together: the new key with the old certificate is nobody.
    let mixed = Identity { certificate: before.certificate.clone(), key: after.key };
    ensure!(agent.showing(Some(&mixed)).is_err() || agent.showing(Some(&mixed))?.beat(true).await.is_err());

    stage.cli.ok(&["cluster", "delete", "eu-1", "--confirm", "eu-1"]).await?;
    refused(&agent).await?;
    refused(&agent.showing(Some(&before))?).await?;
    ensure!(stage.admin.outcome(Method::GET, "/v1/clusters/eu-1", None).await? == outcome(404, "not_found"));
    let token = stage.join_token("eu-1").await?;
    let mut back = agent.reborn()?;
    back.request(text(&token, "/secret")?).await?;
    ensure!(back.cluster()? != agent.cluster()?, "an id was given out twice (E-36)");
    stage.stop().await
}

/// A certificate with the name of a cluster, from an authority that the hub does not know.
fn forged(cluster: &str) -> Result<Identity> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(authority, KeyPair::generate()?);
    let mut params = CertificateParams::default();
    let name = cluster_uri(cluster.parse::<ClusterId>()?);
    params.subject_alt_names = vec![SanType::URI(name.as_str().try_into()?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate()?;
    Ok(Identity { certificate: params.signed_by(&key, &issuer)?.pem(), key: key.serialize_pem() })
}

/// FLEET-1: what an agent says of its cluster is read by everybody who looks at it, so that it is bounded.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_what_an_agent_reports_is_bounded() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (agent, _alive) = stage.licensed("eu-1").await?;
    let long = "x".repeat(1_000_000);
    let beat = |facts: Facts, conditions: Vec<Condition>| Heartbeat {
        at_ms: 0,
        api_server_ready: true,
        facts,
        conditions,
    };
    let capability = |name: &str| Capability { name: name.to_owned(), available: true, reason: long.clone() };
    let condition = |message: &str| Condition {
        kind: "HubReachable".to_owned(),
        status: "True".to_owned(),
        reason: "Connected".to_owned(),
        message: message.to_owned(),
        observed_generation: 0,
    };
    let version = Facts { kubernetes_version: long.clone(), ..Facts::default() };
    let short = Capability { reason: String::new(), ..capability("a") };
    let many = Facts { capabilities: vec![short; 65], ..Facts::default() };
    for (bad, field) in [
        (beat(version, Vec::new()), "/facts/kubernetes_version"),
        (beat(many, Vec::new()), "/facts/capabilities"),
        (beat(Facts::default(), vec![condition(""); 65]), "/conditions"),
    ] {
        let answered = agent.send(agent::HEARTBEAT, &bad).await?;
        let said = answered.body.pointer("/errors/0/pointer").and_then(Value::as_str);
        ensure!(answered.status.is_client_error() && said == Some(field), "{}", answered.body);
    }
    // A long story is cut and no reason not to be heard.
    let facts = Facts { capabilities: vec![capability("a")], ..Facts::default() };
    let answered = agent.send(agent::HEARTBEAT, &beat(facts, vec![condition(&long)])).await?;
    ensure!(answered.status.is_success(), "{}", answered.body);
    let seen = stage.admin.get("/v1/clusters/eu-1").await?;
    ensure!(seen.to_string().len() < 10_000 && seen.to_string().contains("x…"), "{seen}");
    stage.stop().await
}

/// FLEET-1, E-17: an agent is the cluster of its certificate and no other, whatever it says.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_e_17_an_agent_speaks_for_its_own_cluster_only() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    stage.organization("northwind").await?;
    let ((one, _alive), mut two) = (stage.licensed("eu-1").await?, stage.requested("eu-2").await?);

    // A ticket opens its own request only.
    let foreign =
        JoinStateQuery { cluster: one.cluster()?.to_owned(), ticket: "bastide_ticket_x".to_owned() };
    ensure!(two.send(agent::JOIN_STATE, &foreign).await?.status == 404);
    stage.accept("eu-2", &mut two).await?;
    beat(&two, true).await?;

    let order = json!({
        "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
        "administrator": {"kind": "new", "account": {"email": "ada@acme.test", "name": "Ada", "password": "correct horse battery"}},
        "gateway": {"kind": "shared"},
    });
    let acme = stage.admin.post("/v1/client-organizations", &order).await?;
    ensure!(two.desired(0).await?.sets.is_empty(), "a set of another cluster was given out");
    let claim = SetStatus {
        organization: text(&acme, "/id")?.to_owned(),
        observed_generation: 1_000_000,
        removed: true,
        conditions: Vec::new(),
        objects: Vec::new(),
    };
    // A report for an organization that is not there may be refused or ignored; it says nothing of the other cluster.
    two.send(agent::STATUS, &Status { sets: vec![claim] }).await?;
    let placed = stage.admin.get("/v1/organizations/acme/placements").await?;
    ensure!(placed.pointer("/items/0/observed_generation") == Some(&json!(0)), "{placed}");
    ensure!(placed.pointer("/items/1").is_none(), "{placed}");

    // Names in a signing request are not taken over: the certificate is for who asked.
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::URI(cluster_uri(one.cluster()?.parse()?).as_str().try_into()?)];
    let key = KeyPair::generate()?;
    let renew = Renew { csr_pem: params.serialize_request(&key)?.pem()? };
    let renewed = two.send(agent::RENEW, &renew).await?;
    ensure!(renewed.status.is_success(), "{}", renewed.body);
    let certificate = text(&renewed.body, "/certificate_pem")?.to_owned();
    let mut disguised = two.showing(Some(&Identity { certificate, key: key.serialize_pem() }))?;
    disguised.facts.nodes = 77;
    beat(&disguised, true).await?;
    for (name, nodes) in [("eu-1", 2), ("eu-2", 77)] {
        let cluster = stage.admin.get(&format!("/v1/clusters/{name}")).await?;
        ensure!(cluster.pointer("/nodes") == Some(&json!(nodes)), "{cluster}");
    }
    stage.stop().await
}

/// FLEET-1: a client certificate of another authority ends in the handshake, whoever it names; without one nobody is let in;
/// agents are not served what people are, and people not what agents are.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_certificates_of_another_authority_are_refused() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let agent = stage.joined("eu-1").await?;
    beat(&agent, true).await?;
    let forger = agent.showing(Some(&forged(agent.cluster()?)?))?;
    ensure!(forger.beat(true).await.is_err(), "the hub went on with a forged certificate");
    let nobody = agent.showing(None)?.beat(true).await?;
    ensure!(nobody.status == 401, "{}", nobody.status);
    for path in ["/v1/me", "/v1/clusters", "/healthz", "/"] {
        ensure!(agent.send(path, &json!({})).await?.status == 404, "{path} is served to agents");
    }
    for path in [agent::JOIN, agent::HEARTBEAT, agent::RENEW] {
        let reply = stage.admin.ask(Method::POST, path, Some(&json!({}))).await?;
        ensure!(reply.status == 404, "{path} is served to people: {}", reply.status);
    }
    stage.stop().await
}

/// FLEET-1: withdrawing ends every session of the cluster within five seconds, on every replica: a long poll that waits is
/// cut off, and no handshake takes the certificate any more. Other clusters notice nothing.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_withdrawing_ends_every_session_on_every_replica() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let other = Hub::start(Options { database: Some(database.url()), port: None }).await?;
    let (here, bystander) = (stage.joined("eu-1").await?, stage.joined("eu-2").await?);
    let there = here.showing(Some(&here.identity()?))?.led_to(&other.agent_url());
    wait::until("the other replica to know the cluster", Duration::from_secs(15), async || {
        Ok(there.beat(true).await?.status.is_success().then_some(()))
    })
    .await?;
    beat(&here, true).await?;
    let poll = |agent: &FakeAgent| {
        let agent = agent.clone();
        tokio::spawn(async move { agent.wait_for_desired(0, Duration::from_secs(25)).await })
    };
    let (polls, stays) = ([poll(&here), poll(&there)], poll(&bystander));
    // Each poll holds a connection; a sign of life by the same client needs another one, so the polls are under way.
    beat(&here, true).await?;
    beat(&there, true).await?;

    stage.admin.post("/v1/clusters/eu-1/withdraw", &Value::Null).await?;
    let began = std::time::Instant::now();
    for poll in polls {
        let ended = tokio::time::timeout(AT_ONCE, poll).await.context("a poll waits on")??;
        ensure!(ended.is_err(), "{ended:?}");
    }
    refused(&here).await?;
    refused(&there).await?;
    ensure!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    ensure!(!stays.is_finished(), "another cluster's session was ended");
    beat(&bystander, true).await?;
    other.stop().await?;
    stage.stop().await
}

/// FLEET-1: whose certificates have all ended is nobody until accepted anew, and its old ticket gives it none. Time is moved
/// in the database, as hours cannot be waited for.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_after_total_expiry_a_cluster_asks_anew_and_needs_accepting_again() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let agent = stage.joined("eu-1").await?;
    ensure!(
        matches!(agent.standing().await?, JoinState::Joined(_)),
        "an answer that got lost is given again"
    );
    let nine_hours = 9 * 3600 * 1000;
    for past in [
        format!("update agent_certificates set not_after_ms = not_after_ms - {nine_hours}"),
        format!("update clusters set decided_at_ms = decided_at_ms - {nine_hours}"),
    ] {
        database.run(&past).await?;
    }
    ensure!(agent.beat(true).await?.status == 401, "a certificate that has ended works");
    ensure!(agent.standing().await.is_err(), "the old ticket gives another certificate");
    let cluster = stage.admin.get("/v1/clusters/eu-1").await?;
    ensure!(text(&cluster, "/membership")? == "joined" && text(&cluster, "/availability")? != "available");

    let token = stage.join_token("eu-1").await?;
    let mut back = agent.reborn()?;
    back.request(text(&token, "/secret")?).await?;
    let cluster = stage.admin.get("/v1/clusters/eu-1").await?;
    ensure!(text(&cluster, "/membership")? == "requested" && text(&cluster, "/id")? == agent.cluster()?);
    stage.accept("eu-1", &mut back).await?;
    beat(&back, true).await?;
    stage.stop().await
}
