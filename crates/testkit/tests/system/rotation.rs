//! FLEET-1: the authority that vouches for the hub and its agents is exchanged, and nobody is cut off by it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::fake_agent::FakeAgent;
use bastide_testkit::hub::ADMINISTRATOR;
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;
use reqwest::Method;
use serde_json::json;

use crate::stage::{Stage, beat, everything, text};

/// How long a few signs of life may take.
const SOON: Duration = Duration::from_mins(1);
const ROTATION: &str = "/v1/agent-authority/rotation";

/// FLEET-1: agents are told of the next authority over the channel that they trust already, it takes over when they have it,
/// and whoever was away, or has a token from before, is led to it by the one before. Old certificates go on.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_the_authority_is_exchanged_and_the_one_before_leads_to_it() -> Result<()> {
    let mut stage = Stage::on_sqlite().await?;
    let (mut live, alive) = stage.available("eu-1").await?;
    let (mut away, token) = (stage.joined("eu-2").await?, stage.join_token("eu-3").await?);
    let before = stage.admin.get("/v1/agent-authority").await?;
    let old = text(&before, "/present/fingerprint")?.to_owned();
    ensure!(text(&token, "/command")?.contains(&old), "{token}");
    let early = stage.admin.outcome(Method::POST, ROTATION, Some(&json!({"step": "switch"}))).await?;
    ensure!(early == (409, "authority_not_prepared".to_owned()), "{early:?}");

    let prepared = stage.admin.post(ROTATION, &json!({"step": "prepare"})).await?;
    let new = text(&prepared, "/next/fingerprint")?.to_owned();
    ensure!(new != old && text(&prepared, "/present/fingerprint")? == old, "{prepared}");
    ensure!(prepared.pointer("/clusters_waiting") == Some(&json!(["eu-1"])), "{prepared}");
    let twice = stage.admin.outcome(Method::POST, ROTATION, Some(&json!({"step": "prepare"}))).await?;
    ensure!(twice == (409, "authority_prepared".to_owned()), "{twice:?}");
    let said = stage.cli.run(&["hub", "authority", "switch"]).await?;
    ensure!(said.code == 7 && said.stderr.contains("eu-1"), "{}", everything(&said));

    // From here on it says what it believes, as the real agent does.
    drop(alive);
    live.facts.authorities = vec![old.clone()];
    let told = live.beat(true).await?;
    ensure!(text(&told.body, "/authorities_pem")?.matches("BEGIN CERTIFICATE").count() == 2, "{}", told.body);
    live.facts.authorities = vec![new.clone(), old.clone()];
    let told = live.beat(true).await?;
    ensure!(told.body.get("authorities_pem").is_none(), "what is believed is sent again: {}", told.body);

    let switched = stage.cli.json(&["hub", "authority", "switch"]).await?;
    ensure!(
        text(&switched, "/present/fingerprint")? == new && text(&switched, "/previous/0/fingerprint")? == old
    );
    for round in ["at once", "after a restart"] {
        // New connections: who knows the old authority only, with a certificate of the old one.
        let back = away.showing(Some(&away.identity()?))?;
        wait::until("the agent that was away", SOON, async || Ok(back.beat(true).await.ok().map(drop)))
            .await?;
        beat(&back, true).await.context(round)?;
        stage = stage.restart().await?;
        (live, away) = (live.led_to(&stage.hub.agent_url()), away.led_to(&stage.hub.agent_url()));
    }
    away.renew().await?;
    beat(&away, true).await.context("a certificate of the new authority")?;
    beat(&live.showing(Some(&live.identity()?))?, true).await?;

    // A token from before the exchange works, and one from after it names the new authority.
    let mut late = FakeAgent::new(text(&token, "/command")?)?.led_to(&stage.hub.agent_url());
    late.request(text(&token, "/secret")?).await?;
    let fresh = stage.join_token("eu-4").await?;
    ensure!(text(&fresh, "/command")?.contains(&new), "{fresh}");
    FakeAgent::new(text(&fresh, "/command")?)?.request(text(&fresh, "/secret")?).await?;

    let log = stage.admin.get("/v1/audit").await?.to_string();
    ensure!(log.contains("authority_rotate") && log.contains(&new), "{log}");
    ensure!(!log.contains("PRIVATE KEY") && !prepared.to_string().contains("PRIVATE"));
    let ada = stage.user("ada@acme.test").await?;
    ensure!(ada.outcome(Method::GET, "/v1/agent-authority", None).await?.0 == 404);
    stage.stop().await
}

/// FLEET-1: a real agent follows an exchange without losing its hub, and one that was away during the next comes back.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_1_a_live_agent_follows_the_exchange_and_one_that_was_away_comes_back() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let mut spoke = Spoke::start("rotation").await?;
    let admin = stage.hub.client_as(ADMINISTRATOR).await?;
    spoke.join(&stage.hub, &admin, "eu-1").await?;

    stage.admin.post(ROTATION, &json!({"step": "prepare"})).await?;
    wait::until("the agent to have the next authority", SOON, async || {
        let told = stage.admin.get("/v1/agent-authority").await?;
        Ok((told.pointer("/clusters_ready") == Some(&json!(1))).then_some(()))
    })
    .await?;
    stage.admin.post(ROTATION, &json!({"step": "switch"})).await?;
    beats_again(&stage).await?;
    ensure!(!spoke.agent_said().contains("the hub is lost"), "{}", spoke.agent_said());

    spoke.stop_agent().await?;
    stage.admin.post(ROTATION, &json!({"step": "prepare"})).await?;
    stage.admin.post(ROTATION, &json!({"step": "switch", "force": true})).await?;
    spoke.run_agent("bastide-agent run")?;
    beats_again(&stage).await.with_context(|| spoke.agent_said())?;
    spoke.stop().await?;
    stage.stop().await
}

/// Waits for a sign of life that is newer than the newest.
async fn beats_again(stage: &Stage) -> Result<()> {
    let last = async || -> Result<String> {
        Ok(text(&stage.admin.get("/v1/clusters/eu-1").await?, "/last_heartbeat_at")?.to_owned())
    };
    for _ in 0..2 {
        let before = last().await?;
        wait::until("another sign of life", SOON, async || Ok((last().await? > before).then_some(())))
            .await?;
    }
    Ok(())
}
