//! FLEET-4, again at commit: what held when it was asked and does not hold any more is refused, and nothing is left.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, Administrator, Scene, Wish, gateway};
use crate::database::Database;
use crate::stage::{Stage, everything, text, texts};

/// FLEET-4: each condition breaks between the check and the creation.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_what_breaks_after_the_check_is_refused_at_commit() -> Result<()> {
    breaks_in_between(Scene::set(Stage::on_sqlite().await?).await?).await
}

/// FLEET-4: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_what_breaks_after_the_check_is_refused_at_commit_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    breaks_in_between(Scene::set(Stage::on_postgres(&database).await?).await?).await?;
    let left = database.number("select count(*) from users where email like 'gus%'").await?;
    ensure!(left == 0, "{left} accounts were left behind");
    Ok(())
}

async fn breaks_in_between(scene: Scene) -> Result<()> {
    let stage = &scene.stage;
    let new = |wish: &mut Wish| wish.administrator = Administrator::New("gus@globex.test");
    scene.possible(&Wish::but(new)).await?;

    let slug = |wish: &mut Wish| {
        wish.slug = "quick";
        new(wish);
    };
    scene.possible(&Wish::but(slug)).await?;
    stage.organization("quick").await?;
    scene.refused_at_commit(&Wish::but(slug), &["slug_free"]).await?;

    let edge = |wish: &mut Wish| {
        wish.gateway = Some("passing");
        new(wish);
    };
    gateway(stage, "eu-1", "passing").await?;
    scene.possible(&Wish::but(edge)).await?;
    let all = stage.admin.get("/v1/clusters/eu-1/gateway-configurations?search=passing").await?;
    stage.admin.delete(&format!("/v1/gateway-configurations/{}", text(&all, "/items/0/id")?)).await?;
    scene.refused_at_commit(&Wish::but(edge), &["gateway_available"]).await?;

    scene.possible(&Wish::but(|wish| wish.administrator = Administrator::New("eve@acme.test"))).await?;
    stage.user("eve@acme.test").await?;
    let eve = Wish::but(|wish| wish.administrator = Administrator::New("eve@acme.test"));
    scene.refused_at_commit(&eve, &["administrator_active"]).await?;

    stage.upload("eu-1", "nothing that is a licence").await?;
    stage.admin.post("/v1/clusters/eu-1/withdraw", &Value::Null).await?;
    scene.refused_at_commit(&Wish::but(new), &["spoke_accepted", "spoke_licensed"]).await?;
    scene.told_on_the_command_line().await?;
    scene.a_late_mistake_leaves_nothing().await?;
    scene.nothing_is_left().await?;
    scene.stage.stop().await
}

/// FLEET-4, HIER-3, E-30: of many who create the same administrator in place at the same time one gets through, and the
/// others leave nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_e_30_parallel_creations_of_one_administrator_are_one() -> Result<()> {
    one_of_many(&Scene::set(Stage::on_sqlite().await?).await?).await
}

/// FLEET-4, HIER-3, E-30: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_4_e_30_parallel_creations_of_one_administrator_are_one_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    one_of_many(&Scene::set(Stage::on_postgres(&database).await?).await?).await?;
    // Those of the scene, and one more; with two namespaces each.
    for (table, expected) in [("organizations", 4), ("namespaces", 8), ("users", 4), ("placements", 1)] {
        let found = database.number(&format!("select count(*) from {table}")).await?;
        ensure!(found == expected, "{found} rows in {table}");
    }
    Ok(())
}

async fn one_of_many(scene: &Scene) -> Result<()> {
    let slugs = ["acme-1", "acme-2", "acme-3", "acme-4", "acme-5", "acme-6", "acme-7", "acme-8"];
    let mut creating = tokio::task::JoinSet::new();
    for slug in slugs {
        let wish = Wish::but(|wish| {
            (wish.slug, wish.administrator) = (slug, Administrator::New("gus@globex.test"));
        });
        let (api, order) = (scene.stage.admin.clone(), wish.order());
        creating
            .spawn(async move { api.outcome(Method::POST, "/v1/client-organizations", Some(&order)).await });
    }
    let mut made = 0;
    while let Some(outcome) = creating.join_next().await {
        match outcome?? {
            (201, _) => made += 1,
            // Whoever comes after the first is told by the check, whoever is beside it by the database.
            (409, code) if ["preconditions_failed", "email_taken"].contains(&code.as_str()) => {}
            other => anyhow::bail!("{other:?}"),
        }
    }
    ensure!(made == 1, "{made} organizations were made with one new account");
    let found = texts(&scene.stage.admin.get("/v1/organizations?search=acme").await?, "/slug")?;
    ensure!(found.len() == 1, "{found:?}");
    Ok(())
}

impl Scene {
    async fn possible(&self, wish: &Wish) -> Result<()> {
        let result = self.stage.admin.post("/v1/client-organizations/check", &wish.draft()).await?;
        ensure!(result.get("possible") == Some(&json!(true)), "{result}");
        Ok(())
    }

    async fn refused_at_commit(&self, wish: &Wish, names: &[&str]) -> Result<()> {
        let path = "/v1/client-organizations";
        let reply = self.stage.admin.ask(Method::POST, path, Some(&wish.order())).await?;
        ensure!(reply.outcome() == (409, "preconditions_failed".to_owned()), "{}", reply.body);
        let all = reply.body.get("preconditions").and_then(Value::as_array).cloned().unwrap_or_default();
        let failed = all.iter().filter(|one| one.get("outcome") == Some(&json!("failed")));
        let failed = failed.map(|one| text(one, "/name")).collect::<Result<Vec<_>>>()?;
        ensure!(all.len() == 11 && failed == names, "{failed:?} and not {names:?}");
        Ok(())
    }

    /// Without `--dry-run`: exit code 7, and each precondition on a line of standard error.
    async fn told_on_the_command_line(&self) -> Result<()> {
        let said = self.stage.cli.run(&Wish::but(|_| ()).arguments()).await?;
        ensure!(said.code == 7 && said.stdout.is_empty(), "{}: {}", said.code, everything(&said));
        for name in super::ALL {
            let lines = said.stderr.lines().filter(|line| line.trim_start().starts_with(name)).count();
            ensure!(lines == 1, "{name} is not told once: {}", said.stderr);
        }
        let message =
            "  spoke_accepted: failed: `eu-1` is withdrawn: its hub's administrator has to accept it.";
        ensure!(said.stderr.lines().any(|line| line == message), "{}", said.stderr);
        Ok(())
    }

    /// A mistake that is found after the administrator's account was written takes the account back, too.
    async fn a_late_mistake_leaves_nothing(&self) -> Result<()> {
        let (_agent, _alive) = self.stage.licensed("eu-2").await?;
        let wish = Wish::but(|wish| {
            wish.spoke = "eu-2";
            wish.administrator = Administrator::New("gus@globex.test");
        });
        self.possible(&wish).await?;
        let mut order = wish.order();
        if let Some(order) = order.as_object_mut() {
            order.insert("plan".to_owned(), json!("imaginary"));
        }
        let reply = self.stage.admin.ask(Method::POST, "/v1/client-organizations", Some(&order)).await?;
        ensure!(reply.outcome() == (400, "invalid".to_owned()), "{}", reply.body);
        ensure!(text(&reply.body, "/errors/0/pointer")? == "/plan", "{}", reply.body);
        ensure!(self.stage.hub.token_of("gus@globex.test").await.is_err(), "the account is there");
        ensure!(self.stage.hub.token_of(ADA).await.is_ok());
        Ok(())
    }
}
