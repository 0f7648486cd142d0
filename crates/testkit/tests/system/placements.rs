//! Several spokes for one organization, and parting from one (FLEET-2, FLEET-6), by API and by command line.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::{ADMINISTRATOR, PASSWORD};
use bastide_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Stage, everything, text, texts};

/// How long anything may take.
const LIMIT: Duration = Duration::from_mins(1);
const ADA: &str = "ada@acme.test";
const PLACEMENTS: &str = "/v1/organizations/acme/placements";

/// A hub with two licensed spokes, and the organization `acme` on the first.
struct Scene {
    stage: Stage,
    one: (FakeAgent, Alive),
    two: (FakeAgent, Alive),
}

impl Scene {
    async fn set(stage: Stage) -> Result<Self> {
        let (one, two) = (stage.licensed("eu-1").await?, stage.licensed("eu-2").await?);
        stage.organization("northwind").await?;
        let order = json!({
            "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
            "administrator": {"kind": "new", "account": {"email": ADA, "name": "Ada", "password": PASSWORD}},
            "gateway": {"kind": "shared"},
        });
        stage.admin.post("/v1/client-organizations", &order).await?;
        let scene = Self { stage, one, two };
        scene
            .until_given(&scene.one.0, 1, |set| set.pointer("/content/slug") == Some(&json!("acme")))
            .await?;
        scene.one.0.settle().await?;
        Ok(scene)
    }

    async fn add(&self, order: &Value) -> Result<crate::stage::Reply> {
        self.stage.admin.ask(Method::POST, PLACEMENTS, Some(order)).await
    }

    /// Waits until an agent is given so many sets, of which the last is like this.
    async fn until_given(&self, agent: &FakeAgent, sets: usize, is: impl Fn(&Value) -> bool) -> Result<()> {
        wait::until("what the spoke should have", LIMIT, async || {
            let desired = serde_json::to_value(agent.desired(0).await?.sets)?;
            let all = desired.as_array().context("no sets")?;
            Ok((all.len() == sets && all.last().is_none_or(&is)).then_some(()))
        })
        .await
    }

    async fn placed_on(&self) -> Result<Vec<String>> {
        texts(&self.stage.admin.get(PLACEMENTS).await?, "/cluster_name")
    }

    async fn until_placed_on(&self, clusters: &[&str]) -> Result<()> {
        wait::until("the placements", LIMIT, async || Ok((self.placed_on().await? == clusters).then_some(())))
            .await
    }
}

fn failed(body: &Value) -> Vec<&str> {
    let all = body.get("preconditions").and_then(Value::as_array);
    let failed = all.into_iter().flatten().filter(|one| one.get("outcome") == Some(&json!("failed")));
    failed.filter_map(|one| one.get("name").and_then(Value::as_str)).collect()
}

/// FLEET-6: an organization gets another spoke under the same conditions, by name, as its first; both are given what it
/// should be; it is taken off one, which ends when that spoke says so, and the other keeps it.
async fn several_spokes(stage: Stage) -> Result<()> {
    let scene = Scene::set(stage).await?;
    let shared = |spoke: &str| json!({"spoke": spoke, "gateway": {"kind": "shared"}});
    let (third, _alive) = scene.stage.available("eu-3").await?;
    let refused = scene.add(&shared("eu-3")).await?;
    ensure!(refused.outcome() == (409, "preconditions_failed".to_owned()), "{}", refused.body);
    ensure!(failed(&refused.body) == ["spoke_licensed"], "{}", refused.body);
    ensure!(third.desired(0).await?.sets.is_empty());
    let refused = scene.add(&shared("eu-1")).await?;
    ensure!(failed(&refused.body) == ["not_placed_there"], "{}", refused.body);
    let own = json!({"spoke": "eu-2", "gateway": {"kind": "dedicated", "configuration": "none"}});
    let refused = scene.add(&own).await?;
    ensure!(failed(&refused.body) == ["gateway_available"], "{}", refused.body);
    let refused = scene.add(&json!({"spoke": "eu-2", "hub": "none", "gateway": {"kind": "shared"}})).await?;
    ensure!(failed(&refused.body) == ["hub_is_hub"], "{}", refused.body);
    let ada = scene.stage.api_of(ADA).await?;
    let theirs = ada.ask(Method::POST, PLACEMENTS, Some(&shared("eu-2"))).await?;
    ensure!(theirs.outcome() == (403, "permission_missing".to_owned()), "{}", theirs.body);

    let pool = json!({"labels": {"pool": "gold"}, "tolerations": []});
    let order = json!({"spoke": "eu-2", "hub": "main", "node_pool": pool, "gateway": {"kind": "shared"}});
    let added = scene.add(&order).await?.done()?;
    ensure!(text(&added, "/cluster_name")? == "eu-2" && added.pointer("/node_pool/labels/pool").is_some());
    ensure!(scene.placed_on().await? == ["eu-1", "eu-2"]);
    let is_there = |set: &Value| set.pointer("/content/node_pool/labels/pool") == Some(&json!("gold"));
    scene.until_given(&scene.two.0, 1, is_there).await?;
    scene.two.0.settle().await?;

    let leave = format!("{PLACEMENTS}/eu-1?confirm=");
    let ask = async |path: &str| scene.stage.admin.outcome(Method::DELETE, path, None).await;
    ensure!(ask(&format!("{leave}acme")).await? == (400, "invalid".to_owned()));
    ensure!(ask(&format!("{PLACEMENTS}/eu-3?confirm=eu-3")).await?.0 == 404);
    let theirs = ada.outcome(Method::DELETE, &format!("{leave}eu-1"), None).await?;
    ensure!(theirs == (403, "permission_missing".to_owned()), "{theirs:?}");
    let leaving = scene.stage.admin.ask(Method::DELETE, &format!("{leave}eu-1"), None).await?;
    ensure!(leaving.status == 202 && text(&leaving.body, "/leaving")? == "remove", "{}", leaving.body);
    ensure!(ask(&format!("{leave}eu-1")).await? == (409, "leaving_already".to_owned()));
    ensure!(failed(&scene.add(&shared("eu-1")).await?.body) == ["not_placed_there"]);
    scene.until_given(&scene.one.0, 1, |set| set.get("content").is_none()).await?;
    ensure!(scene.placed_on().await? == ["eu-1", "eu-2"], "it has not said so yet");
    scene.one.0.settle().await?;
    scene.until_placed_on(&["eu-2"]).await?;
    ensure!(scene.one.0.desired(0).await?.sets.is_empty());
    scene.until_given(&scene.two.0, 1, is_there).await?;
    let log = texts(&scene.stage.admin.get("/v1/organizations/acme/audit").await?, "/operation")?;
    for operation in ["placement_create", "placement_delete", "placement_end"] {
        ensure!(log.iter().any(|one| one == operation), "{operation}: {log:?}");
    }
    scene.add(&shared("eu-1")).await?.done()?;
    scene.until_given(&scene.one.0, 1, |set| set.get("content").is_some()).await?;
    scene.stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_an_organization_has_several_spokes() -> Result<()> {
    several_spokes(Stage::on_sqlite().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_an_organization_has_several_spokes_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    several_spokes(Stage::on_postgres(&database).await?).await
}

/// FLEET-6: by command line, with waiting; left in place is what the spoke is told, and only one that knows how is told.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_an_organization_is_left_in_place() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let _two = scene.two.0.keep_settled();
    let cli = &scene.stage.cli;
    cli.ok(&["placement", "add", "eu-2", "--org", "acme", "--wait"]).await?;
    let said = cli.run(&["placement", "remove", "eu-1", "--org", "acme"]).await?;
    ensure!(said.code == 2 && said.stderr.contains("--confirm eu-1"), "{}", everything(&said));
    let remove = ["placement", "remove", "eu-1", "--org", "acme", "--confirm", "eu-1", "--leave-in-place"];
    cli.ok(&remove).await?;
    let listed = cli.ok(&["placement", "list", "acme"]).await?;
    ensure!(listed.lines().any(|line| line.contains("eu-1") && line.contains("leaving")), "{listed}");
    scene.until_given(&scene.one.0, 1, |set| set.pointer("/content/released") == Some(&json!(true))).await?;
    scene.one.0.settle().await?;
    scene.until_placed_on(&["eu-2"]).await?;
    cli.ok(&["placement", "remove", "eu-2", "--org", "acme", "--confirm", "eu-2", "--wait"]).await?;
    scene.until_placed_on(&[]).await?;

    let mut old = scene.stage.licensed("old").await?.0;
    old.facts.capabilities.retain(|one| one.name != "ReleaseInPlace");
    crate::stage::beat(&old, true).await?;
    scene.add(&json!({"spoke": "old", "gateway": {"kind": "shared"}})).await?.done()?;
    let path = format!("{PLACEMENTS}/old?confirm=old&release=true");
    let told = scene.stage.admin.outcome(Method::DELETE, &path, None).await?;
    ensure!(told == (409, "agent_too_old".to_owned()), "{told:?}");
    scene.stage.stop().await
}

/// FLEET-4, FLEET-6: where nothing would confine an organization it is not placed, by a name of its own: an agent that has not
/// said that the policies are there counts as a cluster without them.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_a_spoke_without_validating_policies_takes_no_organization() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let mut bare = scene.two.0.clone();
    drop(scene.two.1);
    bare.facts.capabilities.retain(|one| one.name != "ValidatingAdmissionPolicy");
    crate::stage::beat(&bare, true).await?;
    let order = json!({"spoke": "eu-2", "gateway": {"kind": "shared"}});
    let refused = scene.stage.admin.ask(Method::POST, PLACEMENTS, Some(&order)).await?;
    ensure!(failed(&refused.body) == ["confinement_supported"], "{}", refused.body);
    let order = json!({
        "acting_from": "northwind", "name": "Beta", "hub": "main", "spoke": "eu-2",
        "administrator": {"kind": "existing", "user": ADMINISTRATOR}, "gateway": {"kind": "shared"},
    });
    let refused = scene.stage.admin.ask(Method::POST, "/v1/client-organizations", Some(&order)).await?;
    ensure!(failed(&refused.body) == ["confinement_supported"], "{}", refused.body);
    scene.stage.stop().await
}

/// FLEET-2: a cluster with organizations on it is unregistered only when it is said what becomes of them: left as they are, or
/// removed first.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_2_unregistering_says_what_becomes_of_organizations() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let cli = &scene.stage.cli;
    scene.add(&json!({"spoke": "eu-2", "gateway": {"kind": "shared"}})).await?.done()?;
    let said = cli.run(&["cluster", "delete", "eu-1", "--confirm", "eu-1"]).await?;
    let told = everything(&said);
    ensure!(
        said.code == 7 && told.contains("acme") && told.contains("--clean") && told.contains("--leave"),
        "{told}"
    );
    let wrong = scene.stage.admin.outcome(Method::DELETE, "/v1/clusters/eu-1?leave=acme", None).await?;
    ensure!(wrong == (400, "invalid".to_owned()), "{wrong:?}");

    cli.ok(&["cluster", "delete", "eu-1", "--confirm", "eu-1", "--leave"]).await?;
    scene.until_placed_on(&["eu-2"]).await?;
    ensure!(scene.one.0.beat(true).await.map_or(true, |answered| answered.status == 401));

    let cleaning =
        cli.ok(&["cluster", "delete", "eu-2", "--confirm", "eu-2", "--clean", "-o", "json"]).await?;
    ensure!(cleaning.contains("cleaning_since"), "{cleaning}");
    let again = json!({"confirm": "eu-2"});
    let again = scene.stage.admin.outcome(Method::POST, "/v1/clusters/eu-2/clean", Some(&again)).await?;
    ensure!(again == (409, "cleaning_already".to_owned()), "{again:?}");
    let late = json!({
        "acting_from": "northwind", "name": "Late", "hub": "main", "spoke": "eu-2",
        "administrator": {"kind": "existing", "user": ADMINISTRATOR}, "gateway": {"kind": "shared"},
    });
    let late = scene.stage.admin.ask(Method::POST, "/v1/client-organizations", Some(&late)).await?;
    ensure!(failed(&late.body) == ["spoke_accepted"], "{}", late.body);
    scene.until_given(&scene.two.0, 1, |set| set.get("content").is_none()).await?;
    ensure!(scene.stage.admin.get("/v1/clusters/eu-2").await.is_ok(), "it is not clean yet");
    scene.two.0.settle().await?;
    wait::until("the cluster to be unregistered", LIMIT, async || {
        let known = scene.stage.admin.ask(Method::GET, "/v1/clusters/eu-2", None).await?;
        Ok((known.status == 404).then_some(()))
    })
    .await?;
    ensure!(scene.placed_on().await?.is_empty());
    let log = texts(&scene.stage.admin.get("/v1/audit").await?, "/operation")?;
    for operation in ["cluster_delete", "cluster_clean", "cluster_end"] {
        ensure!(log.iter().any(|one| one == operation), "{operation}: {log:?}");
    }
    scene.stage.stop().await
}
