//! The list of organizations, and what is public, through the API, the command line and the pages (ORG-4, ORG-6).

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::hub::PASSWORD;
use bastide_testkit::web::Visitor;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Api, Stage, text, texts};

const ADA: &str = "ada@acme.test";
const BOB: &str = "bob@acme.test";
const CYD: &str = "cyd@acme.test";
const DEE: &str = "dee@acme.test";

/// Ada owns `acme` with `rail` beneath it and `steel` beside it; Bob administers `acme`, Cyd is in a team of it, Dee has an
/// account and nothing else.
struct Scene {
    stage: Stage,
    database: Database,
    ada: Api,
    bob: Api,
    cyd: Api,
    dee: Api,
}

impl Scene {
    async fn set() -> Result<Self> {
        let database = Database::new().await?;
        let stage = Stage::on_postgres(&database).await?;
        let (ada, bob) = (stage.user(ADA).await?, stage.user(BOB).await?);
        let (cyd, dee) = (stage.user(CYD).await?, stage.user(DEE).await?);
        for (slug, name, parent) in
            [("acme", "Acme", None), ("rail", "Iron Horses", Some("acme")), ("steel", "Steel 100%", None)]
        {
            let order = json!({"name": name, "slug": slug, "parent": parent, "description": format!("{slug} works"),
                "annotations": {"acme.test/secret": "annotated"}});
            ada.post("/v1/organizations", &order).await?;
            // A plan with room for people.
            let plan = "update organizations set plan_id = (select p.id from plans p \
                where p.realm_id = organizations.realm_id and p.slug = 'enterprise')";
            database.run(plan).await?;
        }
        let given = json!({"user": BOB, "role": "administrator", "reach": "here"});
        stage.admin.post("/v1/organizations/acme/assignments", &given).await?;
        ada.post("/v1/organizations/acme/teams", &json!({"name": "Drivers"})).await?;
        let member = json!({"user": CYD, "role": "developer"});
        stage.admin.post("/v1/organizations/acme/teams/drivers/members", &member).await?;
        Ok(Self { stage, database, ada, bob, cyd, dee })
    }

    async fn browser(&self, email: &str) -> Result<Visitor> {
        let mut visitor = self.stage.hub.visitor()?;
        visitor.sign_in(email, PASSWORD).await?;
        Ok(visitor)
    }

    async fn make_public(&self, slug: &str) -> Result<()> {
        self.set_visibility(slug, "public").await
    }

    async fn set_visibility(&self, slug: &str, visibility: &str) -> Result<()> {
        let path = format!("/v1/organizations/{slug}");
        let etag = text(&self.ada.get(&path).await?, "/etag")?.to_owned();
        let change = json!({"visibility": visibility});
        self.ada.ask_with(Method::PATCH, &path, Some(&change), &[("if-match", &etag)]).await?.done()?;
        Ok(())
    }
}

/// What somebody is offered on what they see: slug, role, and those actions that ORG-6 speaks of.
fn offered(list: &Value) -> Result<Vec<(String, String, BTreeSet<String>)>> {
    let items = list.get("items").or(Some(list)).and_then(Value::as_array).context("no items")?;
    let spoken_of = ["update", "delete", "leave"];
    items
        .iter()
        .map(|one| {
            let actions = one.get("actions").and_then(Value::as_array).context("no actions")?;
            let actions =
                actions.iter().filter_map(Value::as_str).filter(|action| spoken_of.contains(action));
            let actions = actions.map(str::to_owned).collect();
            Ok((text(one, "/slug")?.to_owned(), text(one, "/role")?.to_owned(), actions))
        })
        .collect()
}

fn row(slug: &str, role: &str, actions: &[&str]) -> (String, String, BTreeSet<String>) {
    (slug.to_owned(), role.to_owned(), actions.iter().map(|action| (*action).to_owned()).collect())
}

/// ORG-6: those that somebody sees, with their role in each and what they may do: the owner edits and deletes, administrator
/// and member leave. The same in the API, on the command line and on the page.
#[tokio::test(flavor = "multi_thread")]
async fn org_6_the_list_shows_roles_and_what_is_offered() -> Result<()> {
    let scene = Scene::set().await?;
    let owns = ["update", "delete"];
    let cases = [
        (
            ADA,
            &scene.ada,
            vec![row("acme", "owner", &owns), row("rail", "owner", &owns), row("steel", "owner", &owns)],
        ),
        (BOB, &scene.bob, vec![row("acme", "administrator", &["leave"])]),
        (CYD, &scene.cyd, vec![row("acme", "member", &["leave"])]),
        (DEE, &scene.dee, Vec::new()),
    ];
    for (email, api, expected) in cases {
        let found = offered(&api.get("/v1/organizations").await?)?;
        ensure!(found == expected, "{email}: {found:?}");
        let cli = scene.stage.cli_of(email).await?;
        let said = cli.ok(&["organization", "list", "-o", "json"]).await?;
        let found = offered(&serde_json::from_str(&said)?)?;
        ensure!(found == expected, "{email} on the command line: {said}");
        let table = cli.ok(&["organization", "list"]).await?;
        let page = scene.browser(email).await?.get("/me/organizations").await?;
        ensure!(page.status == 200, "{}", page.body);
        for slug in ["acme", "rail", "steel"] {
            let one = expected.iter().find(|(this, ..)| this == slug);
            let line = table.lines().find(|line| line.starts_with(&format!("{slug} ")));
            ensure!(line.is_some() == one.is_some(), "{email}: {slug}: {table}");
            ensure!(line.is_none_or(|line| one.is_some_and(|(_, role, _)| line.contains(role))), "{table}");
            for (action, path) in [("update", "settings"), ("delete", "delete"), ("leave", "leave")] {
                let href = format!("href=\"/o/{slug}/{path}\"");
                let may = one.is_some_and(|(.., actions)| actions.contains(action));
                ensure!(page.body.contains(&href) == may, "{email}: {href}: {}", page.body);
            }
        }
    }
    // What is offered is done, and what is not is refused.
    let refused = scene.bob.delete_organization("acme").await?;
    ensure!(refused.status == 403, "{}", refused.body);
    scene.stage.cli_of(CYD).await?.ok(&["organization", "leave", "acme"]).await?;
    ensure!(texts(&scene.cyd.get("/v1/organizations").await?, "/slug")?.is_empty());
    scene.stage.stop().await
}

/// ORG-6: a search looks at names and slugs, of those that one sees, whatever is typed; the same in all three ways.
#[tokio::test(flavor = "multi_thread")]
async fn org_6_a_search_finds_names_and_slugs() -> Result<()> {
    let scene = Scene::set().await?;
    let cli = scene.stage.cli_of(ADA).await?;
    let (ada, dee) = (scene.browser(ADA).await?, scene.browser(DEE).await?);
    for (typed, encoded, found) in [
        ("IRON", "IRON", &["rail"][..]),
        ("rail", "rail", &["rail"]),
        ("100%", "100%25", &["steel"]),
        ("teel", "teel", &[]),
        ("acme", "acme", &["acme"]),
        ("_", "_", &[]),
        ("nothing of the kind", "nothing+of+the+kind", &[]),
    ] {
        let list = scene.ada.get(&format!("/v1/organizations?search={encoded}")).await?;
        ensure!(texts(&list, "/slug")? == found, "{typed}: {list}");
        ensure!(
            texts(&scene.dee.get(&format!("/v1/organizations?search={encoded}")).await?, "/slug")?.is_empty()
        );
        let said = cli.ok(&["organization", "list", "--search", typed, "-o", "name"]).await?;
        ensure!(said.lines().eq(found.iter().copied()), "{typed}: {said}");
        let page = ada.get(&format!("/me/organizations?search={encoded}")).await?.body;
        for slug in ["acme", "rail", "steel"] {
            let shown = page.contains(&format!("<div class=\"slug\">{slug}</div>"));
            ensure!(shown == found.contains(&slug), "{typed}: {slug}: {page}");
        }
        let page = dee.get(&format!("/me/organizations?search={encoded}")).await?.body;
        ensure!(!page.contains("<div class=\"slug\">"), "{typed}: {page}");
    }
    scene.stage.stop().await
}

/// ORG-4: private unless it is said otherwise; what is public is told to everybody with an account: its name and its
/// description, and nothing more.
#[tokio::test(flavor = "multi_thread")]
async fn org_4_strangers_see_name_and_description_of_what_is_public() -> Result<()> {
    const PUBLIC: &str = "/v1/public-organizations";
    let scene = Scene::set().await?;
    ensure!(text(&scene.ada.get("/v1/organizations/acme").await?, "/visibility")? == "private");
    ensure!(texts(&scene.dee.get(PUBLIC).await?, "/slug")?.is_empty());
    scene.make_public("rail").await?;
    scene.make_public("steel").await?;
    let list = scene.dee.get(PUBLIC).await?;
    ensure!(texts(&list, "/slug")? == ["rail", "steel"], "{list}");
    let seen = scene.dee.get(&format!("{PUBLIC}/rail")).await?;
    let fields: BTreeSet<_> = seen.as_object().context("no object")?.keys().map(String::as_str).collect();
    ensure!(fields == BTreeSet::from(["id", "slug", "name", "description"]), "{seen}");
    ensure!(text(&seen, "/name")? == "Iron Horses" && text(&seen, "/description")? == "rail works", "{seen}");
    ensure!(list.pointer("/items/0") == Some(&seen), "{list}");
    let by_id = scene.dee.get(&format!("{PUBLIC}/{}", text(&seen, "/id")?)).await?;
    ensure!(by_id == seen, "{by_id}");
    ensure!(texts(&scene.dee.get(&format!("{PUBLIC}?search=horses")).await?, "/slug")? == ["rail"]);
    // Everything else of it is not there.
    ensure!(texts(&scene.dee.get("/v1/organizations").await?, "/slug")?.is_empty());
    for path in
        ["", "/members", "/teams", "/projects", "/children", "/audit", "/placements", "/roles", "/deletion"]
    {
        let reply = scene.dee.ask(Method::GET, &format!("/v1/organizations/rail{path}"), None).await?;
        ensure!(reply.outcome() == (404, "not_found".to_owned()), "{path}: {}", reply.body);
    }
    let unknown = Api::new(&scene.stage.hub, None)?.ask(Method::GET, PUBLIC, None).await?;
    ensure!(unknown.status == 401, "{}", unknown.body);
    // Command line and page.
    let cli = scene.stage.cli_of(DEE).await?;
    ensure!(cli.ok(&["organization", "list", "--public", "-o", "name"]).await? == "rail\nsteel\n");
    let said: Value =
        serde_json::from_str(&cli.ok(&["organization", "get", "rail", "--public", "-o", "json"]).await?)?;
    ensure!(said == seen, "{said}");
    ensure!(cli.run(&["organization", "get", "rail"]).await?.code == 3);
    let browser = scene.browser(DEE).await?;
    let page = browser.get("/me/organizations/public").await?.body;
    ensure!(
        page.contains("Iron Horses") && page.contains("rail works") && page.contains("Steel 100%"),
        "{page}"
    );
    for kept in ["annotated", "acme.test/secret", "/o/rail", "Drivers", ADA, "enterprise", "Acme"] {
        ensure!(!page.contains(kept), "{kept}: {page}");
    }
    ensure!(browser.get("/o/rail").await?.status == 404);
    // It ends with the visibility, and with the organization.
    scene.set_visibility("rail", "private").await?;
    scene.database.run("update organizations set state = 'deleting' where slug = 'steel'").await?;
    ensure!(texts(&scene.dee.get(PUBLIC).await?, "/slug")?.is_empty());
    for slug in ["rail", "steel", "acme", "never-was"] {
        let reply = scene.dee.ask(Method::GET, &format!("{PUBLIC}/{slug}"), None).await?;
        ensure!(reply.outcome() == (404, "not_found".to_owned()), "{slug}: {}", reply.body);
    }
    scene.stage.stop().await
}
