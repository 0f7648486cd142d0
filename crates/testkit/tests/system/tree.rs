//! The tree of organizations through the API: moves that are foretold, what they need, what they tell whom, and what is in the
//! way of a deletion (HIER-4, HIER-6, ORG-6, ORG-8).

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Api, Reply, Stage, text, texts};

const PATH: &str = "/v1/organizations";

async fn make(api: &Api, slug: &str, parent: Option<&str>) -> Result<Value> {
    api.post(PATH, &json!({"name": slug, "slug": slug, "parent": parent})).await
}

async fn preview(api: &Api, slug: &str, to: Option<&str>) -> Result<Reply> {
    api.ask(Method::POST, &format!("{PATH}/{slug}/move/preview"), Some(&json!({"parent": to}))).await
}

/// Moves an organization from where it is just now.
async fn go(api: &Api, slug: &str, to: Option<&str>) -> Result<Reply> {
    let path = format!("{PATH}/{slug}");
    let etag = api.ask(Method::GET, &path, None).await?;
    let etag = etag.body.get("etag").and_then(Value::as_str).unwrap_or("\"1\"").to_owned();
    let body = json!({"parent": to});
    api.ask_with(Method::POST, &format!("{path}/move"), Some(&body), &[("if-match", &etag)]).await
}

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// E-mail, role before and role afterwards of everybody who is named.
fn people(preview: &Value) -> Vec<(String, Option<String>, Option<String>)> {
    let changes = preview.get("changes").and_then(Value::as_array).into_iter().flatten();
    let word = |change: &Value, name: &str| change.get(name).and_then(Value::as_str).map(str::to_owned);
    changes
        .map(|one| {
            let email = word(one, "email").unwrap_or_default();
            (email, word(one, "role_before"), word(one, "role_after"))
        })
        .collect()
}

/// What somebody may do with an organization; `None` when it does not exist for them.
async fn actions(api: &Api, slug: &str) -> Result<Option<Vec<String>>> {
    let seen = api.ask(Method::GET, &format!("{PATH}/{slug}"), None).await?;
    if seen.status == 404 {
        return Ok(None);
    }
    let listed = seen.done()?.get("actions").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(Some(listed.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
}

/// HIER-4, E-28: who gains and who loses is told before it happens, and is what happens; the people of what is moved keep
/// what they have.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_a_move_does_what_its_preview_said() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, ben) = (stage.user("ada@acme.test").await?, stage.user("ben@acme.test").await?);
    make(&ada, "acme", None).await?;
    make(&ben, "rail", None).await?;
    make(&ben, "night-trains", Some("rail")).await?;
    ensure!(actions(&ada, "night-trains").await?.is_none());

    let foretold = preview(&stage.admin, "rail", Some("acme")).await?.done()?;
    let owner = Some("owner".to_owned());
    ensure!(people(&foretold) == [("ada@acme.test".to_owned(), None, owner.clone())], "{foretold}");
    let at = texts(&json!({"items": foretold.pointer("/changes/0/organizations")}), "/slug")?;
    ensure!(at == ["rail", "night-trains"], "{foretold}");
    let gained = foretold.pointer("/changes/0/gained").and_then(Value::as_array).cloned().unwrap_or_default();
    ensure!(
        gained.contains(&json!("organizations.update")) && gained.contains(&json!("audit.view")),
        "{foretold}"
    );
    for (name, number) in [("organizations", 2), ("depth", 3)] {
        ensure!(foretold.get(name) == Some(&json!(number)), "{name}: {foretold}");
    }
    ensure!(actions(&ada, "rail").await?.is_none(), "a preview changes nothing");

    let moved = go(&stage.admin, "rail", Some("acme")).await?.done()?;
    ensure!(text(&moved, "/etag")? == "\"2\"", "{moved}");
    for slug in ["rail", "night-trains"] {
        ensure!(actions(&ada, slug).await?.is_some_and(|all| all.contains(&"update".to_owned())), "{slug}");
        ensure!(actions(&ben, slug).await?.is_some_and(|all| all.contains(&"update".to_owned())), "{slug}");
    }
    let beneath = texts(&ada.get(&format!("{PATH}/acme/children")).await?, "/slug")?;
    ensure!(beneath == ["rail"], "{beneath:?}");
    let unseen = ben.ask(Method::GET, &format!("{PATH}/acme/children"), None).await?;
    ensure!(unseen.outcome() == outcome(404, "not_found"), "{}", unseen.body);
    // Children do not see what is above them, and so not where they were moved either.
    let seen = ben.get(&format!("{PATH}/rail")).await?;
    ensure!(seen.get("parent").is_none(), "{seen}");
    ensure!(actions(&ben, "acme").await?.is_none());

    // Who lets it go loses what came from above, and is told what became of it all the same.
    let foretold = preview(&ada, "rail", None).await?.done()?;
    ensure!(people(&foretold) == [("ada@acme.test".to_owned(), owner, None)], "{foretold}");
    let away = go(&ada, "rail", None).await?.done()?;
    ensure!(text(&away, "/slug")? == "rail" && away.get("actions") == Some(&json!([])), "{away}");
    ensure!(actions(&ada, "rail").await?.is_none() && actions(&ada, "night-trains").await?.is_none());
    stage.stop().await
}

/// HIER-4: from below there is nothing above: whom the caller does not see is neither named nor counted.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_a_preview_names_nobody_above_what_the_caller_sees() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, gus) = (stage.user("ada@acme.test").await?, stage.user("gus@group.test").await?);
    make(&gus, "group", None).await?;
    for slug in ["acme", "other"] {
        make(&ada, slug, None).await?;
    }
    make(&ada, "labs", Some("acme")).await?;
    go(&stage.admin, "acme", Some("group")).await?.done()?;
    let foretold = preview(&ada, "labs", Some("other")).await?.done()?;
    ensure!(people(&foretold).is_empty() && !foretold.to_string().contains("group"), "{foretold}");
    let foretold = preview(&stage.admin, "labs", Some("other")).await?.done()?;
    ensure!(people(&foretold).len() == 1, "{foretold}");
    // Neither who is above nor how much is: from where Ada looks, `acme` is the top.
    go(&stage.admin, "labs", Some("other")).await?.done()?;
    let foretold = preview(&ada, "labs", Some("acme")).await?.done()?;
    ensure!(foretold.get("depth") == Some(&json!(2)) && people(&foretold).is_empty(), "{foretold}");
    let foretold = preview(&stage.admin, "labs", Some("acme")).await?.done()?;
    ensure!(foretold.get("depth") == Some(&json!(3)), "{foretold}");
    stage.stop().await
}

/// HIER-4, HIER-6: what a move needs where it begins and where it ends; what is not seen is not there; and the entity tag.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_both_ends_have_to_allow_a_move() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, ben) = (stage.user("ada@acme.test").await?, stage.user("ben@acme.test").await?);
    make(&ada, "acme", None).await?;
    for slug in ["rail", "ships"] {
        make(&ben, slug, None).await?;
    }
    // What is not seen is not there: as the place, and as what is moved.
    for (what, to) in
        [("rail", Some("acme")), ("acme", Some("rail")), ("rail", Some("no-such")), ("acme", None)]
    {
        let replies = [preview(&ben, what, to).await?, go(&ben, what, to).await?];
        for reply in replies {
            ensure!(reply.outcome() == outcome(404, "not_found"), "{what} to {to:?}: {}", reply.body);
        }
    }
    go(&stage.admin, "rail", Some("acme")).await?.done()?;
    ensure!(actions(&ben, "rail").await?.is_some_and(|all| !all.contains(&"move".to_owned())));
    ensure!(actions(&ada, "rail").await?.is_some_and(|all| all.contains(&"move".to_owned())));
    for to in [None, Some("ships")] {
        for refused in [preview(&ben, "rail", to).await?, go(&ben, "rail", to).await?] {
            ensure!(refused.outcome() == outcome(403, "permission_missing"), "{}", refused.body);
            ensure!(text(&refused.body, "/permission")? == "organizations.move", "{}", refused.body);
            ensure!(!refused.body.to_string().contains("acme"), "{}", refused.body);
        }
    }
    let path = format!("{PATH}/ships/move");
    for (tag, expected) in [(None, outcome(428, "match_required")), (Some("\"9\""), outcome(412, "stale"))] {
        let tag: Vec<_> = tag.into_iter().map(|tag| ("if-match", tag)).collect();
        let body = json!({"parent": "acme"});
        let reply = stage.admin.ask_with(Method::POST, &path, Some(&body), &tag).await?;
        ensure!(reply.outcome() == expected, "{}", reply.body);
    }
    for wrong in [json!({}), json!({"parent": "acme", "owner": "me"}), json!({"parent": 7})] {
        let reply = stage.admin.ask_with(Method::POST, &path, Some(&wrong), &[("if-match", "\"1\"")]).await?;
        ensure!(reply.outcome() == outcome(400, "invalid"), "{wrong}: {}", reply.body);
    }
    for (what, to, code) in [
        ("acme", Some("rail"), "move_cycle"),
        ("acme", Some("acme"), "move_cycle"),
        ("acme", None, "already_there"),
    ] {
        for reply in [preview(&stage.admin, what, to).await?, go(&stage.admin, what, to).await?] {
            ensure!(reply.outcome() == outcome(409, code), "{what} to {to:?}: {}", reply.body);
        }
    }
    stage.stop().await
}

/// PLAN-5, PLAN-2, E-30: the plan of the new place holds for what moves there, for many at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn plan_5_e_30_many_who_move_do_not_pass_the_limit_of_the_new_place() -> Result<()> {
    let sqlite = Stage::on_sqlite().await?;
    limit_holds(&sqlite).await?;
    sqlite.stop().await?;
    let database = Database::new().await?;
    let postgres = Stage::on_postgres(&database).await?;
    limit_holds(&postgres).await?;
    postgres.stop().await
}

async fn limit_holds(stage: &Stage) -> Result<()> {
    stage.organization("acme").await?;
    make(&stage.admin, "child", Some("acme")).await?;
    for number in 0..8 {
        stage.organization(&format!("root-{number}")).await?;
    }
    let mut moving = tokio::task::JoinSet::new();
    for number in 0..8 {
        let api = stage.admin.clone();
        moving.spawn(async move { go(&api, &format!("root-{number}"), Some("acme")).await });
    }
    let mut outcomes = Vec::new();
    while let Some(reply) = moving.join_next().await {
        outcomes.push(reply??.outcome());
    }
    outcomes.sort();
    let expected = [vec![outcome(200, ""); 2], vec![outcome(403, "limit_exceeded"); 6]].concat();
    ensure!(outcomes == expected, "{outcomes:?}");
    // Nobody who only wants to know is told otherwise.
    let all = texts(&stage.admin.get(PATH).await?, "/slug")?;
    let mut refused = 0;
    for slug in all.iter().filter(|slug| slug.starts_with("root-")) {
        refused += usize::from(preview(&stage.admin, slug, Some("acme")).await?.status == 403);
    }
    ensure!(refused == 6, "{refused}");
    Ok(())
}

/// SEC-4, HIER-4: each log tells of a move what its readers may see.
#[tokio::test(flavor = "multi_thread")]
async fn sec_4_every_log_tells_of_a_move_what_its_readers_see() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, ben) = (stage.user("ada@acme.test").await?, stage.user("ben@acme.test").await?);
    let acme = text(&make(&ada, "acme", None).await?, "/id")?.to_owned();
    make(&ben, "rail", None).await?;
    go(&stage.admin, "rail", Some("acme")).await?.done()?;
    go(&stage.admin, "rail", None).await?.done()?;
    let moves = async |api: &Api, slug: &str| {
        let log = api.get(&format!("{PATH}/{slug}/audit")).await?;
        let items = log.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let is_move = |one: &Value| one.get("operation") == Some(&json!("organization_move"));
        Ok::<_, anyhow::Error>(items.into_iter().filter(is_move).collect::<Vec<_>>())
    };
    let (own, above) = (moves(&ben, "rail").await?, moves(&ada, "acme").await?);
    ensure!(own.len() == 2 && !json!(own).to_string().contains(&acme), "{own:?}");
    ensure!(above.len() == 2 && json!(above).to_string().contains(&acme), "{above:?}");
    let all = stage.admin.get("/v1/audit").await?;
    let told = all.to_string().matches("organization_move").count();
    ensure!(told == 2, "whoever sees every log is told once of each: {told}");
    stage.stop().await
}

/// ORG-8: what blocks a deletion can be asked for before anything is typed; it is what the deletion then says.
#[tokio::test(flavor = "multi_thread")]
async fn org_8_blockers_are_listed_at_any_time() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, ben) = (stage.user("ada@acme.test").await?, stage.user("ben@acme.test").await?);
    make(&ada, "acme", None).await?;
    let empty = ada.get(&format!("{PATH}/acme/deletion")).await?;
    ensure!(
        empty.get("possible") == Some(&json!(true)) && empty.get("blockers") == Some(&json!([])),
        "{empty}"
    );
    let labs = make(&ada, "labs", Some("acme")).await?;
    let blocked = ada.get(&format!("{PATH}/acme/deletion")).await?;
    let link = format!("{PATH}/{}", text(&labs, "/id")?);
    let expected = json!([{"kind": "organization", "id": text(&labs, "/id")?, "slug": "labs", "name": "labs", "link": link}]);
    ensure!(
        blocked.get("possible") == Some(&json!(false)) && blocked.get("blockers") == Some(&expected),
        "{blocked}"
    );
    ensure!(ada.get(&link).await?.get("slug") == Some(&json!("labs")));
    ensure!(ada.delete_organization("acme").await?.outcome() == outcome(409, "has_children"));
    let unseen = ben.ask(Method::GET, &format!("{PATH}/acme/deletion"), None).await?;
    ensure!(unseen.outcome() == outcome(404, "not_found"), "{}", unseen.body);
    // A move is one way out of it.
    go(&ada, "labs", None).await?.done()?;
    ensure!(ada.delete_organization("acme").await?.status == 202);
    stage.stop().await
}
