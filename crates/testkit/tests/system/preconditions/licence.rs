//! FLEET-3, FLEET-4: whether the spoke's licence holds, state by state.

use anyhow::{Result, ensure};
use bastide_model::{Clock as _, SystemClock, Timestamp};

use super::{Scene, case};
use crate::stage::{Stage, issue, text};

/// A licence, its state, and why.
type Judged = (String, &'static str, String);

/// Licences that do not hold, one of each kind.
fn licences(scene: &Scene) -> Result<Vec<Judged>> {
    let (now, eu) = (SystemClock.now(), &scene.eu);
    // A certificate counts in whole seconds.
    let whole = |time: Timestamp| Timestamp::from_millis(time.as_millis() / 1000 * 1000);
    let (past, future) = (now.plus_seconds(-86_400), now.plus_seconds(86_400));
    let (uid, another) = (eu.uid(), "0195f3a2-0000-7000-8000-000000000001");
    let stranger = bastide_kube::licence::authority("Somebody else")?;
    let ended = scene.stage.licence(eu, |request| {
        (request.not_before, request.not_after) = (past.plus_seconds(-86_400), past);
    })?;
    let early = scene.stage.licence(eu, |request| request.not_before = future)?;
    let foreign = scene.stage.licence(eu, |request| request.cluster_uids = vec![another.to_owned()])?;
    let useless = scene.stage.licence(eu, |request| request.features = vec!["coffee".to_owned()])?;
    let for_servers = crate::licences::for_servers(&scene.stage.authority()?, eu)?;
    Ok([
        (
            "no licence".to_owned(),
            "unknown",
            "The licence cannot be read: it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)"
                .to_owned(),
        ),
        (ended, "expired", format!("It ended on {}.", whole(past))),
        (early, "invalid", format!("It is not valid before {}.", whole(future))),
        (
            issue(&stranger, eu, |_| ())?,
            "invalid",
            "It is not signed by the licence authority: its issuer is not a configured licence authority."
                .to_owned(),
        ),
        (foreign, "invalid", format!("It is for another cluster: expected uid {uid}, found {another}.")),
        (
            for_servers,
            "invalid",
            "It is not meant for client authentication (extended key usage).".to_owned(),
        ),
        (
            useless,
            "invalid",
            "It names none of the features client-organizations, databases; found coffee.".to_owned(),
        ),
    ]
    .into())
}

/// FLEET-4, FLEET-3: each state of the spoke's licence, with its reason. That there is none is among the states of spokes.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_fleet_3_the_spoke_needs_a_licence_that_holds() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    for (pem, state, reason) in licences(&scene)? {
        scene.stage.upload("eu-1", &pem).await?;
        let message = format!("`eu-1` has no active licence ({state}): {reason}");
        scene.play(&case(|_| (), &[("spoke_licensed", &message)])).await?;
    }
    scene.nothing_is_left().await?;
    // One that ends within thirty days is accepted.
    let soon = SystemClock.now().plus_seconds(5 * 86_400);
    let expiring = scene.stage.licence(&scene.eu, |request| request.not_after = soon)?;
    ensure!(text(&scene.stage.upload("eu-1", &expiring).await?, "/state")? == "expiring");
    scene.all_hold().await?;
    scene.stage.stop().await
}
