//! FLEET-6: what holds while hub and spoke do not reach each other, and afterwards (kubernetes B.5), with the real hub, the
//! real agent, a real API server, and a line between them that is really cut.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_kube::licence::LicenceRequest;
use bastide_model::{Clock as _, SystemClock};
use bastide_testkit::hub::ADMINISTRATOR;
use bastide_testkit::line::Line;
use bastide_testkit::programs::program;
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Stage, text};

/// How long anything may take: longer than the hub's grace of 50 seconds and than the longest pause of an agent.
const LIMIT: Duration = Duration::from_secs(150);

/// A hub, a spoke at the other end of a line, and the organization `acme` on it.
struct Scene {
    stage: Stage,
    spoke: Spoke,
    line: Line,
}

impl Scene {
    async fn set(stage: Stage, name: &str) -> Result<Self> {
        let mut spoke = Spoke::start(name).await?;
        let port = stage.hub.agent_url().rsplit(':').next().context("no port")?.parse()?;
        let line = Line::to(port).await?;
        let token = stage.join_token("eu-1").await?;
        let near = format!("https://localhost:{}", line.port());
        spoke.run_agent(&text(&token, "/command")?.replace(&stage.hub.agent_url(), &near))?;
        let fingerprint = json!({"fingerprint": spoke.fingerprint().await?});
        wait::until("the request", LIMIT, async || {
            let found = stage.admin.ask(Method::GET, "/v1/clusters/eu-1", None).await?;
            Ok((found.status == 200).then_some(()))
        })
        .await?;
        stage.admin.post("/v1/clusters/eu-1/accept", &fingerprint).await?;
        let scene = Self { stage, spoke, line };
        scene.until_available("available").await?;
        let uid = scene.cluster("/administration/uid").await?;
        let licence = scene.stage.hub.licence_for(uid.as_str().context("no uid")?, 365)?;
        scene.stage.upload("eu-1", &licence).await?;
        scene.stage.organization("northwind").await?;
        let created = scene.create("acme").await?;
        ensure!(created.status == 201, "{}", created.body);
        scene.until_followed().await?;
        Ok(scene)
    }

    async fn create(&self, slug: &str) -> Result<crate::stage::Reply> {
        let order = json!({
            "acting_from": "northwind", "name": slug, "slug": slug, "hub": "main", "spoke": "eu-1",
            "administrator": {"kind": "existing", "user": ADMINISTRATOR}, "gateway": {"kind": "shared"},
        });
        self.stage.admin.ask(Method::POST, "/v1/client-organizations", Some(&order)).await
    }

    async fn cluster(&self, pointer: &str) -> Result<Value> {
        let cluster = self.stage.admin.get("/v1/clusters/eu-1").await?;
        Ok(cluster.pointer(pointer).cloned().unwrap_or_default())
    }

    async fn until_available(&self, word: &str) -> Result<()> {
        let what = format!("the cluster to be {word}");
        let said = wait::until(&what, LIMIT, async || {
            Ok((self.cluster("/availability").await? == json!(word)).then_some(()))
        });
        said.await.with_context(|| self.spoke.agent_said())
    }

    /// Waits until the spoke has said that it is where the hub wants `acme` to be.
    async fn until_followed(&self) -> Result<()> {
        let followed = wait::until("the spoke to follow", LIMIT, async || {
            let placed = self.stage.admin.get("/v1/organizations/acme/placements").await?;
            let number = |field: &str| placed.pointer(&format!("/items/0/{field}")).and_then(Value::as_i64);
            let same =
                number("generation") > Some(0) && number("generation") == number("observed_generation");
            Ok(same.then_some(()))
        });
        followed.await.with_context(|| self.spoke.agent_said())
    }

    /// Gives `acme` another name.
    async fn rename(&self, name: &str) -> Result<()> {
        let etag = self.stage.admin.get("/v1/organizations/acme").await?;
        let headers = [("if-match", text(&etag, "/etag")?)];
        let body = json!({ "name": name });
        let changed =
            self.stage.admin.ask_with(Method::PATCH, "/v1/organizations/acme", Some(&body), &headers).await?;
        changed.done().map(drop)
    }

    /// Waits until the spoke's namespace carries this name.
    async fn until_named(&self, name: &str) -> Result<()> {
        let named = wait::until("the name on the spoke", LIMIT, async || {
            let namespace = serde_json::to_string(&self.namespace().await?)?;
            Ok(namespace.contains(name).then_some(()))
        });
        named.await.with_context(|| self.spoke.agent_said())
    }

    async fn namespace(&self) -> Result<Option<Namespace>> {
        let all: Api<Namespace> = Api::all(self.spoke.plane().client().await?);
        Ok(all
            .list(&ListParams::default())
            .await?
            .into_iter()
            .find(|one| one.metadata.name.as_deref().is_some_and(|name| name == "acme")))
    }

    /// Deletes a policy of `acme` and waits until it is back as another object.
    async fn drift_is_repaired(&self) -> Result<()> {
        let policies: Api<NetworkPolicy> = Api::namespaced(self.spoke.plane().client().await?, "acme");
        let all = policies.list(&ListParams::default()).await?;
        let first = all.items.first().context("no policies")?.metadata.clone();
        let name = first.name.context("no name")?;
        policies.delete(&name, &DeleteParams::default()).await?;
        wait::until("the policy to be back", LIMIT, async || {
            let now = policies.get_opt(&name).await?;
            Ok(now.is_some_and(|policy| policy.metadata.uid != first.uid).then_some(()))
        })
        .await
    }

    /// Waits until the agent has written this to its log.
    async fn agent_says(&self, what: &str) -> Result<()> {
        let said =
            wait::until(what, LIMIT, async || Ok(self.spoke.agent_said().contains(what).then_some(())));
        said.await.with_context(|| self.spoke.agent_said())
    }

    async fn end(self) -> Result<()> {
        self.spoke.stop().await?;
        self.stage.stop().await
    }
}

/// B.5, link lost and back: the spoke goes on repairing drift, the hub says that it knows nothing and keeps what is wanted,
/// and afterwards the newest generation arrives.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_link_lost_and_back() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?, "cut").await?;
    scene.line.cut();
    scene.drift_is_repaired().await?;
    scene.rename("Acme One").await?;
    scene.rename("Acme Two").await?;
    scene.until_available("unknown").await?;
    let placed = scene.stage.admin.get("/v1/organizations/acme/placements").await?;
    let number = |field: &str| placed.pointer(&format!("/items/0/{field}")).and_then(Value::as_i64);
    ensure!(number("generation") > number("observed_generation"), "{placed}");
    let refused = scene.create("late").await?;
    ensure!(
        refused.status == 409 && refused.body.to_string().contains("spoke_available"),
        "{}",
        refused.body
    );
    ensure!(scene.namespace().await?.is_some(), "something was removed because nobody answered");
    scene.drift_is_repaired().await?;

    scene.line.mend();
    scene.until_available("available").await?;
    scene.until_named("Acme Two").await?;
    scene.until_followed().await?;
    scene.end().await
}

/// B.5, deleted on the hub during a partition: it waits for the cluster, removes nothing by guess, and ends when it is back.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_deleted_meanwhile() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?, "deleted").await?;
    scene.line.cut();
    let begun = scene.stage.admin.delete_organization("acme").await?;
    ensure!((200..300).contains(&begun.status), "{}", begun.body);
    wait::until("the deletion to say that a cluster does not answer", LIMIT, async || {
        let acme = scene.stage.admin.get("/v1/organizations/acme").await?;
        Ok((acme.get("state") == Some(&json!("partially_deleted"))).then_some(()))
    })
    .await?;
    ensure!(scene.namespace().await?.is_some(), "it went although nobody told the spoke");
    scene.drift_is_repaired().await?;

    scene.line.mend();
    wait::until("the deletion to end", LIMIT, async || {
        Ok((scene.stage.admin.ask(Method::GET, "/v1/organizations/acme", None).await?.status == 404)
            .then_some(()))
    })
    .await?;
    ensure!(scene.namespace().await?.is_none(), "the organization is gone and its namespace is not");
    scene.end().await
}

/// B.5, put out during a partition: the hub refuses, the spoke goes on enforcing what it had, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_put_out_meanwhile() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?, "put-out").await?;
    scene.line.cut();
    scene.stage.cli.ok(&["cluster", "withdraw", "eu-1"]).await?;
    scene.line.mend();
    scene.agent_says("does not accept this cluster any more").await?;
    scene.drift_is_repaired().await?;
    ensure!(scene.cluster("/membership").await? == json!("withdrawn"));
    scene.end().await
}

/// B.5, hub restarted: its grace begins anew, so that nothing becomes unknown, and agents come back.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_hub_restarted() -> Result<()> {
    let mut scene = Scene::set(Stage::on_sqlite().await?, "restarted").await?;
    scene.stage = scene.stage.restart().await?;
    let before = scene.cluster("/last_heartbeat_at").await?;
    wait::until("a sign of life after the restart", LIMIT, async || {
        ensure!(scene.cluster("/availability").await? == json!("available"), "the restart made it unknown");
        Ok((scene.cluster("/last_heartbeat_at").await? != before).then_some(()))
    })
    .await?;
    scene.rename("Acme Again").await?;
    scene.until_named("Acme Again").await?;
    scene.end().await
}

/// B.5, hub restored from an older backup: the agent stops following and says so, and rolls nothing back. The backup is made
/// and played back in the database, as a hub does not know of it.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_hub_restored_from_an_older_backup() -> Result<()> {
    let database = Database::new().await?;
    let mut scene = Scene::set(Stage::on_postgres(&database).await?, "restored").await?;
    for table in ["clusters", "desired_sets", "reported_sets"] {
        database.run(&format!("create table backup_{table} as table {table}")).await?;
    }
    scene.rename("Acme After The Backup").await?;
    scene.until_named("Acme After The Backup").await?;
    scene.line.cut();
    database
        .run(
            "update clusters c set desired_generation = b.desired_generation from backup_clusters b where b.id = c.id; \
             update desired_sets d set generation = b.generation, content = b.content from backup_desired_sets b \
             where b.cluster_id = d.cluster_id and b.organization_id = d.organization_id; \
             update reported_sets r set observed_generation = b.observed_generation from backup_reported_sets b \
             where b.cluster_id = r.cluster_id and b.organization_id = r.organization_id; \
             update organizations set name = 'acme' where slug = 'acme'",
        )
        .await?;
    let restored = restore(&database).await?;
    ensure!(restored.contains("bastide cluster follow"), "{restored}");
    scene.stage = scene.stage.restart().await?;
    scene.line.mend();
    wait::until("the agent to say that it does not follow", LIMIT, async || {
        let conditions = scene.cluster("/conditions").await?;
        let all = conditions.as_array().into_iter().flatten();
        let stopped = |one: &&Value| {
            one.get("type") == Some(&json!("IntentFollowed")) && one.get("status") == Some(&json!("False"))
        };
        Ok(all.filter(stopped).map(Value::to_string).next().filter(|told| told.contains("EpochChanged")))
    })
    .await
    .with_context(|| scene.spoke.agent_said())?;
    scene.drift_is_repaired().await?;
    let namespace = serde_json::to_string(&scene.namespace().await?)?;
    ensure!(namespace.contains("Acme After The Backup"), "it was rolled back: {namespace}");

    // Somebody has looked at it and lets the cluster follow: from now on the hub's word counts.
    let offered = scene.cluster("/actions").await?;
    ensure!(offered.to_string().contains("follow"), "{offered}");
    scene.stage.cli.ok(&["cluster", "follow", "eu-1"]).await?;
    wait::until("the agent to follow again", LIMIT, async || {
        let conditions = scene.cluster("/conditions").await?.to_string();
        let namespace = serde_json::to_string(&scene.namespace().await?)?;
        Ok((!conditions.contains("EpochChanged") && !namespace.contains("After The Backup")).then_some(()))
    })
    .await
    .with_context(|| scene.spoke.agent_said())?;
    scene.until_followed().await?;
    scene.rename("Acme Goes On").await?;
    scene.until_named("Acme Goes On").await?;
    scene.end().await
}

/// Tells the installation in a database that it was restored; what the program says.
async fn restore(database: &Database) -> Result<String> {
    let output = tokio::process::Command::new(program("bastide-server")?)
        .args(["--restored", "--database", &database.url()])
        .env_clear()
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// ORG-8, FLEET-6: an organization on two spokes, of which one is cut off: it goes from the other, it is said which one is
/// waited for, and it ends when that one is back.
#[tokio::test(flavor = "multi_thread")]
async fn org_8_partially_deleted_until_the_last_spoke_is_back() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?, "half").await?;
    let (other, _alive) = scene.stage.licensed("eu-2").await?;
    let _settled = other.keep_settled();
    scene.stage.cli.ok(&["placement", "add", "eu-2", "--org", "acme", "--wait"]).await?;
    scene.line.cut();
    let begun = scene.stage.admin.delete_organization("acme").await?;
    ensure!((200..300).contains(&begun.status), "{}", begun.body);
    wait::until("the deletion to wait for one cluster", LIMIT, async || {
        let acme = scene.stage.admin.get("/v1/organizations/acme").await?;
        let placed = scene.stage.admin.get("/v1/organizations/acme/placements").await?;
        let known = |at: &str| placed.pointer(at).cloned().unwrap_or_default();
        let states = [known("/items/0/removed"), known("/items/1/removed"), known("/items/0/availability")];
        let waits = states == [json!(false), json!(true), json!("unknown")];
        Ok((acme.get("state") == Some(&json!("partially_deleted")) && waits).then_some(()))
    })
    .await?;
    let listed = scene.stage.cli.ok(&["placement", "list", "acme"]).await?;
    let says =
        |cluster: &str, word: &str| listed.lines().any(|line| line.contains(cluster) && line.contains(word));
    ensure!(says("eu-1", "unknown") && says("eu-1", "placed") && says("eu-2", "removed"), "{listed}");
    ensure!(scene.namespace().await?.is_some(), "it went although nobody told the spoke");

    scene.line.mend();
    wait::until("the deletion to end", LIMIT, async || {
        Ok((scene.stage.admin.ask(Method::GET, "/v1/organizations/acme", None).await?.status == 404)
            .then_some(()))
    })
    .await?;
    ensure!(scene.namespace().await?.is_none(), "the organization is gone and its namespace is not");
    scene.end().await
}

/// B.5, FLEET-2, ORG-8, cluster lost for ever: not while it answers; then what was on it is written down, and the deletion that
/// waited for it ends.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_cluster_lost_for_ever() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (agent, alive) = stage.licensed("eu-1").await?;
    stage.organization("northwind").await?;
    let order = json!({
        "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
        "administrator": {"kind": "existing", "user": ADMINISTRATOR}, "gateway": {"kind": "shared"},
    });
    stage.admin.post("/v1/client-organizations", &order).await?;
    agent.settle().await?;
    let forget = "/v1/clusters/eu-1/forget";
    for (word, expected) in [("acme", (400, "invalid")), ("eu-1", (409, "cluster_answers"))] {
        let reply = stage.admin.outcome(Method::POST, forget, Some(&json!({"confirm": word}))).await?;
        ensure!(reply == (expected.0, expected.1.to_owned()), "{reply:?}");
    }
    drop(alive);
    ensure!(stage.admin.delete_organization("acme").await?.status < 300);
    wait::until("the deletion to wait for the cluster", LIMIT, async || {
        let acme = stage.admin.get("/v1/organizations/acme").await?;
        Ok((acme.get("state") == Some(&json!("partially_deleted"))).then_some(()))
    })
    .await?;

    stage.cli.ok(&["cluster", "forget", "eu-1", "--confirm", "eu-1"]).await?;
    wait::until("the deletion to end", LIMIT, async || {
        Ok((stage.admin.ask(Method::GET, "/v1/organizations/acme", None).await?.status == 404).then_some(()))
    })
    .await?;
    ensure!(stage.admin.ask(Method::GET, "/v1/clusters/eu-1", None).await?.status == 404);
    let log = stage.admin.get("/v1/audit").await?;
    let records = log.get("items").and_then(Value::as_array).context("no records")?;
    let record = records.iter().find(|one| one.get("operation") == Some(&json!("cluster_forget")));
    ensure!(record.is_some_and(|one| one.to_string().contains(r#""left_there":["acme"]"#)), "{log}");
    // Whoever comes back after all is a stranger.
    ensure!(agent.beat(true).await.map_or(true, |answered| answered.status == 401));
    stage.stop().await
}

/// B.5, licence expired: nothing changes on the spoke, it is said, and nothing new is placed there.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_6_partition_licence_expired() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?, "licence").await?;
    let uid = scene.cluster("/administration/uid").await?;
    let now = SystemClock.now();
    let request = LicenceRequest {
        cluster_uids: vec![uid.as_str().context("no uid")?.to_owned()],
        features: vec!["client-organizations".to_owned()],
        product_line: "bastide".to_owned(),
        tier: "enterprise".to_owned(),
        plan: "yearly".to_owned(),
        flags: Vec::new(),
        not_before: now.plus_seconds(-86_400),
        not_after: now.plus_seconds(-60),
    };
    let expired = bastide_kube::licence::issue(&scene.stage.authority()?, &request)?;
    scene.stage.upload("eu-1", &expired).await?;
    ensure!(scene.cluster("/administration/licence/state").await? == json!("expired"));
    let refused = scene.create("late").await?;
    ensure!(refused.status == 409 && refused.body.to_string().contains("spoke_licensed"), "{}", refused.body);
    scene.drift_is_repaired().await?;
    scene.rename("Acme Goes On").await?;
    scene.until_named("Acme Goes On").await?;
    scene.end().await
}
