//! Organizations through the API: names that never collide, changes that are not lost, limits that hold under any
//! concurrency, deletion that says what is in its way.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::hub::{ADMINISTRATOR, PASSWORD};
use bastide_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};

use crate::database::Database;
use crate::stage::{Api, Stage, text, texts};

const PATH: &str = "/v1/organizations";
/// How long a tear-down may take on which no cluster has to work.
const GONE: Duration = Duration::from_secs(30);

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

async fn gone(api: &Api, slug: &str) -> Result<()> {
    let path = format!("{PATH}/{slug}");
    wait::until("the end of the tear-down", GONE, async || {
        Ok((api.ask(Method::GET, &path, None).await?.status == 404).then_some(()))
    })
    .await
}

/// ORG-1: DNS labels of at most 40 characters, no reserved words; made from the name when absent; a conflict names the slug,
/// and the same name may be used again.
#[tokio::test(flavor = "multi_thread")]
async fn org_1_slugs_are_labels_and_conflicts_name_them() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let create = async |name: &str, slug: Option<&str>| {
        let mut body = json!({"name": name});
        if let (Some(slug), Some(body)) = (slug, body.as_object_mut()) {
            body.insert("slug".to_owned(), json!(slug));
        }
        stage.admin.ask(Method::POST, PATH, Some(&body)).await
    };
    let too_long = "a".repeat(41);
    for bad in [
        "",
        "-a",
        "a-",
        "A",
        "a_b",
        "a.b",
        "ä",
        "a b",
        "раураl",
        &too_long,
        "admin",
        "www",
        "api",
        "well-known",
    ] {
        let reply = create("Acme", Some(bad)).await?;
        ensure!(reply.outcome() == outcome(400, "invalid"), "{bad:?}: {}", reply.body);
        ensure!(text(&reply.body, "/errors/0/pointer")? == "/slug", "{bad:?}: {}", reply.body);
    }
    for (name, slug) in [("Acme Corp", "acme-corp"), ("Crédit — Agricole!", "credit-agricole"), ("0", "0")]
    {
        let made = create(name, None).await?.done()?;
        ensure!(text(&made, "/slug")? == slug && text(&made, "/name")? == name, "{made}");
    }
    ensure!(create(&"a".repeat(40), Some(&"a".repeat(40))).await?.status == 201);
    for nameless in ["東京", "Admin"] {
        let reply = create(nameless, None).await?;
        ensure!(text(&reply.body, "/errors/0/pointer")? == "/slug", "{nameless}: {}", reply.body);
    }
    let taken = create("Acme Corp", None).await?;
    ensure!(taken.outcome() == outcome(409, "slug_taken"), "{}", taken.body);
    ensure!(text(&taken.body, "/detail")?.contains("`acme-corp`"), "{}", taken.body);
    ensure!(create("Acme Corp", Some("acme-2")).await?.status == 201);
    for name in ["", " ", &"x".repeat(256), "a\u{202e}b", "a\u{0}b"] {
        let reply = create(name, Some("named")).await?;
        ensure!(reply.outcome() == outcome(400, "invalid"), "{name:?}: {}", reply.body);
    }
    stage.stop().await
}

/// ORG-1, E-37: the names of all namespaces of all organizations differ, whatever slugs are chosen to make them collide.
#[tokio::test(flavor = "multi_thread")]
async fn org_1_e_37_namespaces_never_collide() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let base = async |slug: &str| {
        Ok::<_, anyhow::Error>(text(&stage.organization(slug).await?, "/namespace_base")?.to_owned())
    };
    ensure!(base("x").await? == "x");
    let squatter = base("x-gw").await?;
    ensure!(squatter.starts_with("x-gw-") && squatter.len() == "x-gw-".len() + 6, "{squatter}");
    let early = base("y-gw").await?;
    ensure!(base("y").await? == "y" && early != "y-gw", "{early}");
    // The name that another organization was given by its suffix is not to be had either.
    ensure!(base(&squatter).await? != squatter);
    for slug in ["z-monitoring", "kube-public", "sandbox-1", "bastide-system"] {
        let given = base(slug).await?;
        ensure!(given != slug && given.starts_with(slug), "{slug}: {given}");
    }
    let names = database.run("select name from namespaces").await?;
    let names: Vec<_> = names.lines().collect();
    let bases = texts(&stage.admin.get(PATH).await?, "/namespace_base")?;
    let expected: BTreeSet<_> = bases.iter().flat_map(|base| [base.clone(), format!("{base}-gw")]).collect();
    ensure!(names.len() == 2 * bases.len() && expected.len() == names.len(), "{names:?} of {bases:?}");
    ensure!(names.iter().all(|name| expected.contains(*name) && name.len() <= 63), "{names:?}");
    stage.stop().await
}

/// ORG-7: a change needs the entity tag of what it was made from: 428 without, 412 with an old or a weak one; what was
/// refused changes nothing, and what is not given stays.
#[tokio::test(flavor = "multi_thread")]
async fn org_7_changes_are_not_lost() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let made = stage.organization("acme").await?;
    let (path, etag) = (format!("{PATH}/acme"), text(&made, "/etag")?.to_owned());
    let change = async |name: &str, tag: Option<&str>| {
        let headers: Vec<_> = tag.map(|tag| ("if-match", tag)).into_iter().collect();
        stage.admin.ask_with(Method::PATCH, &path, Some(&json!({"name": name})), &headers).await
    };
    for (tag, expected) in [
        (None, outcome(428, "match_required")),
        (Some("*"), outcome(428, "match_required")),
        (Some("\"0\""), outcome(412, "stale")),
        (Some("\"nonsense\""), outcome(412, "stale")),
        (Some(format!("W/{etag}").as_str()), outcome(412, "stale")),
        (Some(etag.trim_matches('"')), outcome(400, "invalid")),
    ] {
        let reply = change("Lost", tag).await?;
        ensure!(reply.outcome() == expected, "{tag:?}: {}", reply.body);
    }
    let seen = stage.admin.ask(Method::GET, &path, None).await?;
    ensure!(seen.header("etag") == etag && text(&seen.body, "/name")? == "acme", "{}", seen.body);
    let changed = change("Acme & Sons", Some(&etag)).await?;
    ensure!(changed.status == 200 && changed.header("etag") != etag, "{}", changed.body);
    ensure!(change("Lost", Some(&etag)).await?.outcome() == outcome(412, "stale"));
    let now = stage.admin.get(&path).await?;
    ensure!(text(&now, "/name")? == "Acme & Sons" && text(&now, "/etag")? == changed.header("etag"), "{now}");

    // By command line: what is not given stays, and a tag that was seen earlier is refused.
    let update =
        ["organization", "update", "acme", "--description", "Anvils", "--annotation", "acme.test/a=1"];
    let updated = stage.cli.json(&update).await?;
    ensure!(
        text(&updated, "/name")? == "Acme & Sons" && text(&updated, "/description")? == "Anvils",
        "{updated}"
    );
    let old = ["organization", "update", "acme", "--name", "Lost", "--if-match", &etag];
    ensure!(stage.cli.run(&old).await?.code == 7);

    // Of many who change the same state one wins.
    let etag = text(&updated, "/etag")?.to_owned();
    let mut changing = tokio::task::JoinSet::new();
    for number in 0..8 {
        let (api, path, etag) = (stage.admin.clone(), path.clone(), etag.clone());
        let body = json!({"name": format!("Acme {number}")});
        changing.spawn(async move {
            api.ask_with(Method::PATCH, &path, Some(&body), &[("if-match", &etag)]).await
        });
    }
    let mut statuses = Vec::new();
    while let Some(reply) = changing.join_next().await {
        statuses.push(reply??.status);
    }
    statuses.sort_unstable();
    ensure!(statuses == [200, 412, 412, 412, 412, 412, 412, 412], "{statuses:?}");
    stage.stop().await
}

/// SEC-4: a change that is written into two logs is one change to whoever sees both.
#[tokio::test(flavor = "multi_thread")]
async fn sec_4_a_change_in_two_logs_is_listed_once() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    stage.organization("acme").await?;
    stage.admin.post(PATH, &json!({"name": "Child", "parent": "acme"})).await?;
    let listed = async |path: &str| {
        let page = stage.admin.get(path).await?;
        let names = texts(&page, "/target_name")?;
        Ok::<_, anyhow::Error>(names.into_iter().filter(|name| name == "child").count())
    };
    for path in ["/v1/audit", "/v1/organizations/acme/audit", "/v1/organizations/child/audit"] {
        ensure!(listed(path).await? == 1, "{path}");
    }
    stage.stop().await
}

/// ORG-3, HIER-4, HIER-6: the creator owns it, alone; who is beneath does not see what is above or beside.
#[tokio::test(flavor = "multi_thread")]
async fn org_3_hier_4_the_creator_is_the_one_owner() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (ada, eve) = (stage.user("ada@acme.test").await?, stage.user("eve@globex.test").await?);
    ada.post(PATH, &json!({"name": "Acme"})).await?;
    eve.post(PATH, &json!({"name": "Globex"})).await?;
    let child = ada.post(PATH, &json!({"name": "Acme Labs", "parent": "acme"})).await?;
    ensure!(text(&child, "/role")? == "owner", "{child}");
    for (slug, owner) in
        [("acme", "ada@acme.test"), ("acme-labs", "ada@acme.test"), ("globex", "eve@globex.test")]
    {
        let members = stage.admin.get(&format!("{PATH}/{slug}/members")).await?;
        ensure!(
            texts(&members, "/user/email")? == [owner] && texts(&members, "/role")? == ["owner"],
            "{members}"
        );
    }
    ensure!(texts(&ada.get(PATH).await?, "/slug")? == ["acme", "acme-labs"]);
    ensure!(texts(&eve.get(PATH).await?, "/slug")? == ["globex"]);
    let random = eve.ask(Method::GET, &format!("{PATH}/org_01jd0000000000000000000000"), None).await?;
    for (method, path) in [
        (Method::GET, format!("{PATH}/acme")),
        (Method::GET, format!("{PATH}/{}", text(&child, "/id")?)),
        (Method::GET, format!("{PATH}/acme/members")),
        (Method::GET, format!("{PATH}/acme/placements")),
        (Method::GET, format!("{PATH}/acme/audit")),
    ] {
        let hidden = eve.ask(method, &path, None).await?;
        ensure!(hidden.outcome() == random.outcome() && hidden.status == 404, "{path}: {}", hidden.body);
        ensure!(hidden.body.get("detail") == random.body.get("detail"), "{path}: {}", hidden.body);
    }
    let beneath = json!({"name": "Mine", "parent": "acme"});
    ensure!(eve.outcome(Method::POST, PATH, Some(&beneath)).await? == outcome(404, "not_found"));
    stage.stop().await
}

/// HIER-1: trees have any depth up to the limit, which is told with its numbers.
#[tokio::test(flavor = "multi_thread")]
async fn hier_1_trees_end_at_the_limit_of_their_depth() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let mut parent = text(&stage.organization("d1").await?, "/id")?.to_owned();
    for depth in 2..=32 {
        let body = json!({"name": format!("d{depth}"), "parent": parent});
        parent = text(&stage.admin.post(PATH, &body).await?, "/id")?.to_owned();
    }
    let body = json!({"name": "d33", "parent": parent});
    let reply = stage.admin.ask(Method::POST, PATH, Some(&body)).await?;
    ensure!(reply.outcome() == outcome(403, "limit_exceeded"), "{}", reply.body);
    let limit = json!({"name": "tree_depth", "used": 32, "allowed": 32, "plan": "every plan"});
    ensure!(reply.body.get("limit") == Some(&limit), "{}", reply.body);
    ensure!(stage.admin.ask(Method::GET, &format!("{PATH}/d33"), None).await?.status == 404);
    stage.stop().await
}

/// PLAN-2, E-30: the plan's limit is answered with 403, a code that no permission error has, and the numbers; of twenty who
/// create at the same time as many get through as the plan allows.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_parallel_creations_do_not_pass_the_limit() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    no_more_than_allowed(&stage, &[&stage.admin]).await?;
    stage.stop().await
}

/// PLAN-2, E-30: the same on PostgreSQL.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_parallel_creations_do_not_pass_the_limit_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    no_more_than_allowed(&stage, &[&stage.admin]).await?;
    let left = database.number("select count(*) from namespaces").await?;
    ensure!(left == 8, "{left} names of namespaces are held, and not two for each of four organizations");
    stage.stop().await
}

/// Twenty who create at the same time beneath an organization whose plan allows three, spread over these replicas.
pub(crate) async fn no_more_than_allowed(stage: &Stage, replicas: &[&Api]) -> Result<()> {
    stage.organization("acme").await?;
    let limits = stage.admin.get("/v1/plans").await?;
    let free = limits
        .get("items")
        .and_then(Value::as_array)
        .and_then(|plans| plans.iter().find(|plan| plan.get("slug") == Some(&json!("free"))));
    let allowed = free.and_then(|plan| plan.get("sub_organizations")).and_then(Value::as_u64);
    ensure!(allowed == Some(3), "{limits}");
    for replica in replicas {
        let seen = async || {
            let found = replica.ask(Method::GET, &format!("{PATH}/acme"), None).await?;
            Ok((found.status == 200).then_some(()))
        };
        wait::until("every replica to know the organization", GONE, seen).await?;
    }
    let mut creating = tokio::task::JoinSet::new();
    for (number, replica) in (0..20).zip(replicas.iter().cycle()) {
        let api = (*replica).clone();
        let body = json!({"name": format!("Child {number}"), "parent": "acme"});
        creating.spawn(async move { api.ask(Method::POST, PATH, Some(&body)).await });
    }
    let mut outcomes = Vec::new();
    while let Some(reply) = creating.join_next().await {
        let reply = reply??;
        if reply.status == 403 {
            let limit = json!({"name": "sub_organizations", "used": 3, "allowed": 3, "plan": "Free"});
            ensure!(reply.body.get("limit") == Some(&limit), "{}", reply.body);
            ensure!(reply.body.get("permission").is_none(), "{}", reply.body);
        }
        outcomes.push(reply.outcome());
    }
    outcomes.sort();
    let expected = [vec![outcome(201, ""); 3], vec![outcome(403, "limit_exceeded"); 17]].concat();
    ensure!(outcomes == expected, "{outcomes:?}");
    let made = texts(&stage.admin.get(&format!("{PATH}?search=child")).await?, "/slug")?;
    ensure!(made.len() == 3, "{made:?}");
    // What is gone does not count any more, and what takes its place does.
    let first = made.first().context("none was made")?;
    let known = async || {
        let found = stage.admin.ask(Method::GET, &format!("{PATH}/{first}"), None).await?;
        Ok((found.status == 200).then_some(()))
    };
    wait::until("this replica to know what another may have made", GONE, known).await?;
    ensure!(stage.admin.delete_organization(first).await?.status == 202);
    gone(&stage.admin, first).await?;
    for expected in [outcome(201, ""), outcome(403, "limit_exceeded")] {
        let body = json!({"name": format!("Child again {}", expected.0), "parent": "acme"});
        ensure!(stage.admin.outcome(Method::POST, PATH, Some(&body)).await? == expected);
    }
    Ok(())
}

/// ORG-1: of many who want the same slug at the same time one gets it, and the others are told which.
#[tokio::test(flavor = "multi_thread")]
async fn org_1_parallel_wishes_for_one_slug_are_one_organization() -> Result<()> {
    let sqlite = Stage::on_sqlite().await?;
    one_gets_the_slug(&sqlite).await?;
    sqlite.stop().await?;
    let database = Database::new().await?;
    let postgres = Stage::on_postgres(&database).await?;
    one_gets_the_slug(&postgres).await?;
    ensure!(database.number("select count(*) from namespaces").await? == 2);
    postgres.stop().await
}

async fn one_gets_the_slug(stage: &Stage) -> Result<()> {
    let mut creating = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let api = stage.admin.clone();
        creating.spawn(async move { api.outcome(Method::POST, PATH, Some(&json!({"name": "Acme"}))).await });
    }
    let mut outcomes = Vec::new();
    while let Some(reply) = creating.join_next().await {
        outcomes.push(reply??);
    }
    outcomes.sort();
    let expected = [vec![outcome(201, "")], vec![outcome(409, "slug_taken"); 9]].concat();
    ensure!(outcomes == expected, "{outcomes:?}");
    Ok(())
}

/// ORG-8: confirmed by the slug, refused with the names of what is in the way; the slug is free again when it is over, for
/// another organization (E-36).
#[tokio::test(flavor = "multi_thread")]
async fn org_8_deletion_names_what_is_in_the_way() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let made = stage.organization("acme").await?;
    for name in ["Labs", "Shop"] {
        stage.admin.post(PATH, &json!({"name": name, "parent": "acme"})).await?;
    }
    let (path, etag) = (format!("{PATH}/acme"), text(&made, "/etag")?);
    for (query, headers, expected) in [
        ("?confirm=acne", vec![("if-match", etag)], outcome(400, "invalid")),
        ("", vec![("if-match", etag)], outcome(400, "invalid")),
        ("?confirm=acme", vec![], outcome(428, "match_required")),
    ] {
        let reply = stage.admin.ask_with(Method::DELETE, &format!("{path}{query}"), None, &headers).await?;
        ensure!(reply.outcome() == expected, "{query}: {}", reply.body);
    }
    let blocked = stage.admin.delete_organization("acme").await?;
    ensure!(blocked.outcome() == outcome(409, "has_children"), "{}", blocked.body);
    let detail = text(&blocked.body, "/detail")?;
    ensure!(detail.contains("labs") && detail.contains("shop"), "{detail}");
    for slug in ["labs", "shop"] {
        ensure!(stage.admin.delete_organization(slug).await?.status == 202);
        gone(&stage.admin, slug).await?;
    }
    let begun = stage.admin.delete_organization("acme").await?;
    ensure!(begun.status == 202 && text(&begun.body, "/state")? == "deleting", "{}", begun.body);
    gone(&stage.admin, "acme").await?;
    let again = stage.organization("acme").await?;
    ensure!(again.get("id") != made.get("id") && text(&again, "/namespace_base")? == "acme", "{again}");
    ensure!(
        stage.admin.ask(Method::GET, &format!("{PATH}/{}", text(&made, "/id")?), None).await?.status == 404
    );
    stage.stop().await
}

/// ORG-1, ORG-8: while a spoke has not taken it down yet, an organization is there as `deleting`, its slug stays reserved,
/// nothing is made beneath it and nothing in it is changed; then it is gone.
#[tokio::test(flavor = "multi_thread")]
async fn org_8_a_slug_stays_reserved_until_the_tear_down_ends() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    stage.organization("northwind").await?;
    let (agent, _alive) = stage.licensed("eu-1").await?;
    let order = json!({
        "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
        "administrator": {"kind": "new", "account": {"email": "ada@acme.test", "name": "Ada", "password": PASSWORD}},
        "gateway": {"kind": "shared"},
    });
    stage.admin.post("/v1/client-organizations", &order).await?;
    let limit = Duration::from_secs(30);
    wait::until("the set", limit, async || Ok((!agent.settle().await?.sets.is_empty()).then_some(())))
        .await?;
    ensure!(stage.admin.delete_organization("acme").await?.status == 202);
    let (path, change, tag) = (format!("{PATH}/acme"), json!({"name": "New"}), [("if-match", "\"1\"")]);
    let changed = stage.admin.ask_with(Method::PATCH, &path, Some(&change), &tag).await?;
    ensure!(changed.outcome() == outcome(409, "already_deleting"), "{}", changed.body);
    let beneath = json!({"name": "Labs", "parent": "acme"});
    ensure!(
        stage.admin.outcome(Method::POST, PATH, Some(&beneath)).await? == outcome(409, "parent_not_active")
    );
    let same = json!({"name": "Acme", "slug": "acme"});
    ensure!(stage.admin.outcome(Method::POST, PATH, Some(&same)).await? == outcome(409, "slug_taken"));
    ensure!(stage.admin.delete_organization("acme").await?.outcome() == outcome(409, "already_deleting"));
    let emptied = async || {
        let desired = agent.desired(0).await?;
        Ok(desired.sets.iter().all(|set| set.content.is_none()).then_some(()))
    };
    wait::until("the order to take it down", limit, emptied).await?;
    ensure!(text(&stage.admin.get(&format!("{PATH}/acme")).await?, "/state")? == "deleting");
    agent.settle().await?;
    gone(&stage.admin, "acme").await?;
    ensure!(text(&stage.admin.post(PATH, &same).await?, "/namespace_base")? == "acme");
    stage.stop().await
}

/// HIER-5: the first organization is the home, which is where sign-in leads; when it is lost another that one belongs to is;
/// without any it leads to the list.
#[tokio::test(flavor = "multi_thread")]
async fn hier_5_sign_in_leads_home() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let ada = stage.user("ada@acme.test").await?;
    let home = async |email: &str| {
        let mut visitor = stage.hub.visitor()?;
        visitor.sign_in(email, PASSWORD).await?;
        visitor.get("/").await?.location.context("the start page leads nowhere")
    };
    ensure!(home("ada@acme.test").await? == "/me/organizations");
    for name in ["Acme", "Second"] {
        ada.post(PATH, &json!({"name": name})).await?;
    }
    ensure!(home("ada@acme.test").await? == "/o/acme");
    ensure!(home(ADMINISTRATOR).await? == "/me/organizations");
    ensure!(ada.delete_organization("acme").await?.status == 202);
    gone(&ada, "acme").await?;
    ensure!(home("ada@acme.test").await? == "/o/second", "where she belongs as well");
    ensure!(ada.delete_organization("second").await?.status == 202);
    gone(&ada, "second").await?;
    ensure!(home("ada@acme.test").await? == "/me/organizations");

    // Whoever is made the administrator of a client organization is at home there.
    stage.organization("northwind").await?;
    ensure!(home(ADMINISTRATOR).await? == "/o/northwind");
    let (_agent, _alive) = stage.licensed("eu-1").await?;
    let order = json!({
        "acting_from": "northwind", "name": "Globex", "slug": "globex", "hub": "main", "spoke": "eu-1", "plan": "business",
        "administrator": {"kind": "new", "account": {"email": "gus@globex.test", "name": "Gus", "password": PASSWORD}},
        "gateway": {"kind": "shared"},
    });
    stage.admin.post("/v1/client-organizations", &order).await?;
    ensure!(home("gus@globex.test").await? == "/o/globex");
    stage.user("bob@acme.test").await?;
    let order = json!({"user": "bob@acme.test", "role": "administrator"});
    let given = stage.admin.post(&format!("{PATH}/globex/assignments"), &order).await?;
    ensure!(home("bob@acme.test").await? == "/o/globex", "by a role that was given");
    stage.admin.delete(&format!("{PATH}/globex/assignments/{}", text(&given, "/id")?)).await?;
    ensure!(home("bob@acme.test").await? == "/me/organizations");
    stage.stop().await
}

/// ORG-2: an account can begin with a personal organization, on the default plan, which it owns; its user lands on the list,
/// which invites them to make one for work; and the name of a company is nobody's by being called so.
#[tokio::test(flavor = "multi_thread")]
async fn org_2_an_account_begins_with_a_personal_organization() -> Result<()> {
    let database = Database::new().await?;
    let stage = Stage::on_postgres(&database).await?;
    let order = |email: &str, personal: bool| json!({"email": email, "name": "Ada", "password": PASSWORD, "personal_organization": personal});
    for (email, personal) in [("acme@one.test", true), ("acme@two.test", true), ("ben@one.test", false)] {
        stage.admin.post("/v1/users", &order(email, personal)).await?;
    }
    let refused = stage.admin.outcome(Method::POST, "/v1/users", Some(&order("acme@one.test", true))).await?;
    ensure!(refused == (409, "email_taken".to_owned()), "{refused:?}");
    let (ada, twin, ben) = (
        stage.api_of("acme@one.test").await?,
        stage.api_of("acme@two.test").await?,
        stage.api_of("ben@one.test").await?,
    );
    let list = "/v1/organizations";
    ensure!(texts(&ben.get(list).await?, "/slug")?.is_empty());
    let own = ada.get(&format!("{list}/acme-personal")).await?;
    for (pointer, value) in
        [("/kind", "personal"), ("/role", "owner"), ("/name", "Ada"), ("/visibility", "private")]
    {
        ensure!(text(&own, pointer)? == value, "{pointer}: {own}");
    }
    ensure!(
        text(&own, "/plan")? == text(&stage.organization("work").await?, "/plan")?,
        "the default plan: {own}"
    );
    let theirs = texts(&twin.get(list).await?, "/slug")?;
    ensure!(theirs.len() == 1 && theirs[0].starts_with("acme-personal-"), "{theirs:?}");
    ensure!(twin.get(&format!("{list}/acme-personal")).await.is_err());
    stage.organization("acme").await?;

    let mut browser = stage.hub.visitor()?;
    browser.sign_in("acme@one.test", PASSWORD).await?;
    let landed = browser.get("/").await?;
    ensure!(landed.location.as_deref() == Some("/me/organizations"), "{landed:?}");
    let page = browser.get("/me/organizations").await?.body;
    ensure!(
        page.contains("for the people you work with") && page.contains("/me/organizations/new"),
        "{page}"
    );
    ada.post(list, &json!({"name": "Work", "slug": "ada-works"})).await?;
    let page = browser.get("/me/organizations").await?.body;
    ensure!(!page.contains("for the people you work with"), "{page}");
    // Whoever owns nothing but it can be deactivated (INV-6).
    let id = text(&twin.get("/v1/me").await?, "/user/id")?.to_owned();
    let path = format!("/v1/users/{id}");
    let etag = text(&stage.admin.get(&path).await?, "/etag")?.to_owned();
    let off = json!({"access": "disabled"});
    let done = stage.admin.ask_with(Method::PATCH, &path, Some(&off), &[("if-match", &etag)]).await?;
    ensure!(done.status == 200, "{}", done.body);
    stage.stop().await
}
