//! Roles of people at organizations through the API and the command line: nobody grants what they do not hold, nobody touches
//! the owner, what ends gives nothing, and leaving ends everything.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_model::{Clock as _, SystemClock};
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::PASSWORD;
use bastide_testkit::wait;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::database::Database;
use crate::stage::{Api, Reply, Stage, text, texts};

const ADA: &str = "ada@acme.test";
const BOB: &str = "bob@acme.test";
const EVE: &str = "eve@acme.test";
/// How long something may take that ends by itself.
const LIMIT: Duration = Duration::from_secs(30);

/// Ada owns `acme` with `beneath` under it, on a plan without limits, on a spoke; Bob and Eve have accounts.
struct Scene {
    stage: Stage,
    ada: Api,
    bob: Api,
    eve: Api,
    spoke: (FakeAgent, Alive),
}

fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

impl Scene {
    async fn set(stage: Stage) -> Result<Self> {
        let spoke = stage.licensed("eu-1").await?;
        stage.organization("northwind").await?;
        let (ada, bob, eve) = (stage.user(ADA).await?, stage.user(BOB).await?, stage.user(EVE).await?);
        let scene = Self { stage, ada, bob, eve, spoke };
        scene.make("acme", "northwind", "enterprise").await?;
        scene.make("beneath", "acme", "enterprise").await?;
        Ok(scene)
    }

    /// A client organization of Ada's.
    async fn make(&self, slug: &str, parent: &str, plan: &str) -> Result<Value> {
        let order = json!({
            "acting_from": parent, "name": slug, "slug": slug, "hub": "main", "spoke": "eu-1", "plan": plan,
            "administrator": {"kind": "existing", "user": ADA}, "gateway": {"kind": "shared"},
        });
        self.stage.admin.post("/v1/client-organizations", &order).await
    }

    /// Gives a role as the site administrator, who may name everybody.
    async fn give(&self, slug: &str, user: &str, reach: &str) -> Result<String> {
        let order = json!({"user": user, "role": "administrator", "reach": reach});
        let given = self.stage.admin.post(&assignments(slug), &order).await?;
        Ok(text(&given, "/id")?.to_owned())
    }

    async fn sees(&self, who: &Api, slug: &str) -> Result<bool> {
        Ok(who.ask(Method::GET, &format!("/v1/organizations/{slug}"), None).await?.status == 200)
    }
}

fn assignments(slug: &str) -> String {
    format!("/v1/organizations/{slug}/assignments")
}

fn members(slug: &str) -> String {
    format!("/v1/organizations/{slug}/members")
}

async fn id_of(who: &Api) -> Result<String> {
    Ok(text(&who.get("/v1/me").await?, "/user/id")?.to_owned())
}

/// Changes a grant that was seen in a state.
async fn change(who: &Api, grant: &str, seen: u32, change: &Value) -> Result<Reply> {
    let etag = format!("\"{seen}\"");
    who.ask_with(Method::PATCH, grant, Some(change), &[("if-match", &etag)]).await
}

async fn try_give(who: &Api, slug: &str, order: &Value) -> Result<(u16, String)> {
    who.outcome(Method::POST, &assignments(slug), Some(order)).await
}

/// ROLE-3, ROLE-9, ORG-6, HIER-4: a role here and a role that reaches beneath; changed, ended, taken away; in force with the
/// answer. Each member is listed with what gives them access.
#[tokio::test(flavor = "multi_thread")]
async fn role_3_role_9_roles_are_given_here_or_beneath_and_end() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let (ada, bob) = (&scene.ada, &scene.bob);
    let grant = scene.give("acme", BOB, "here").await?;
    ensure!(scene.sees(bob, "acme").await? && !scene.sees(bob, "beneath").await?);
    let own = bob.get("/v1/organizations/acme").await?;
    ensure!(text(&own, "/role")? == "administrator", "{own}");
    let offered = |action: &str| own.pointer("/actions").is_some_and(|all| all.to_string().contains(action));
    ensure!(offered("\"leave\"") && !offered("\"delete\"") && !offered("\"update\""), "{own}");
    let owned = ada.get("/v1/organizations/acme").await?.to_string();
    ensure!(owned.contains("\"delete\"") && !owned.contains("\"leave\""), "{owned}");

    let one = format!("{}/{grant}", assignments("acme"));
    let changed = change(ada, &one, 1, &json!({"reach": "beneath"})).await?.done()?;
    let lost = change(bob, &one, 1, &json!({"reach": "here"})).await?;
    ensure!(lost.outcome() == outcome(409, "own_role"), "what may not be at all comes first: {}", lost.body);
    let lost = change(ada, &one, 1, &json!({"reach": "here"})).await?;
    ensure!(lost.outcome().0 == 412, "somebody else was faster: {}", lost.body);
    let lost = ada.ask(Method::PATCH, &one, Some(&json!({"reach": "here"}))).await?;
    ensure!(lost.outcome().0 == 428, "{}", lost.body);
    ensure!(text(&changed, "/reach")? == "beneath" && scene.sees(bob, "beneath").await?, "{changed}");
    let listed = ada.get(&members("beneath")).await?;
    ensure!(texts(&listed, "/user/email")? == [ADA, BOB], "{listed}");
    let source = listed.pointer("/items/1/sources/0").context("no source")?;
    ensure!(
        text(source, "/kind")? == "inherited" && text(source, "/organization/slug")? == "acme",
        "{source}"
    );
    for (filter, expected) in [
        ("source=inherited", vec![ADA, BOB]),
        ("source=direct", vec![ADA]),
        ("source=team", vec![]),
        ("role=administrator", vec![BOB]),
        ("role=owner&search=ADA", vec![ADA]),
    ] {
        let found = ada.get(&format!("{}?{filter}", members("beneath"))).await?;
        ensure!(texts(&found, "/user/email")? == expected, "{filter}: {found}");
    }
    let wrong = ada.ask(Method::GET, &format!("{}?source=x", members("acme")), None).await?;
    ensure!(wrong.outcome() == outcome(400, "invalid"), "{}", wrong.body);

    let (past, soon) = (SystemClock.now().plus_seconds(-5), SystemClock.now().plus_seconds(3));
    let refused = change(ada, &one, 2, &json!({"expires_at": past.to_string()})).await?;
    ensure!(text(&refused.body, "/errors/0/pointer")? == "/expires_at", "{}", refused.body);
    change(ada, &one, 2, &json!({"expires_at": soon.to_string()})).await?.done()?;
    wait::until("the role to end", LIMIT, async || Ok((!scene.sees(bob, "acme").await?).then_some(())))
        .await?;
    ensure!(
        SystemClock.now()
            >= bastide_model::Timestamp::parse(&soon.to_string()).map_err(anyhow::Error::msg)?
    );
    let ended = ada.get(&members("acme")).await?;
    ensure!(ended.pointer("/items/1/sources/0/in_force") == Some(&json!(false)), "{ended}");
    let again = try_give(ada, "acme", &json!({"user": BOB, "role": "administrator"})).await?;
    ensure!(again == outcome(409, "role_held"), "{again:?}");
    change(ada, &one, 3, &json!({"expires_at": "never"})).await?.done()?;
    ensure!(scene.sees(bob, "beneath").await?);
    ada.delete(&one).await?;
    ensure!(!scene.sees(bob, "acme").await? && !scene.sees(bob, "beneath").await?);
    ensure!(ada.ask(Method::DELETE, &one, None).await?.status == 404);
    scene.stage.stop().await
}

/// ROLE-7, E-19, E-20: an administrator here gives and takes nothing that reaches beneath, nobody their own role, nobody the
/// owner's; another organization's grant is none of this one's (E-17).
#[tokio::test(flavor = "multi_thread")]
async fn role_7_e_19_e_20_nobody_grants_or_takes_what_they_do_not_hold() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    let own = scene.give("acme", BOB, "here").await?;
    let reaching = scene.give("acme", EVE, "beneath").await?;
    let eve_id = id_of(eve).await?;
    let refused = bob.ask(Method::DELETE, &format!("{}/{reaching}", assignments("acme")), None).await?;
    ensure!(refused.outcome() == outcome(403, "permission_missing"), "{}", refused.body);
    ensure!(refused.body.get("permission").is_some(), "{}", refused.body);
    for (method, path, body) in [
        (Method::DELETE, format!("{}/{eve_id}", members("acme")), None),
        (Method::PATCH, format!("{}/{reaching}", assignments("acme")), Some(json!({"reach": "here"}))),
    ] {
        let seen = [("if-match", "\"1\"")];
        let refused = bob.ask_with(method, &path, body.as_ref(), &seen).await?.outcome();
        ensure!(refused == outcome(403, "permission_missing"), "{path}: {refused:?}");
    }
    scene.stage.user("zoe@acme.test").await?;
    scene.give("acme", "zoe@acme.test", "here").await?;
    let zoe = json!({"user": "zoe@acme.test", "role": "administrator", "reach": "beneath"});
    let wide = try_give(bob, "acme", &zoe).await?;
    ensure!(wide == outcome(403, "permission_missing"), "{wide:?}");
    let up = json!({"reach": "beneath"});
    for (grant, code) in [(&own, "own_role")] {
        let path = format!("{}/{grant}", assignments("acme"));
        for (method, body) in [(Method::PATCH, Some(&up)), (Method::DELETE, None)] {
            let refused = bob.ask_with(method, &path, body, &[("if-match", "\"1\"")]).await?.outcome();
            ensure!(refused == outcome(409, code), "{refused:?}");
        }
    }
    let listed = ada.get(&members("acme")).await?;
    let owners = text(&listed, "/items/0/sources/0/assignment")?.to_owned();
    for who in [ada, eve, &scene.stage.admin] {
        let path = format!("{}/{owners}", assignments("acme"));
        for (method, body) in [(Method::PATCH, Some(&up)), (Method::DELETE, None)] {
            let refused = who.ask_with(method, &path, body, &[("if-match", "\"1\"")]).await?.outcome();
            ensure!(refused == outcome(409, "owner_untouchable"), "{refused:?}");
        }
        let refused =
            who.outcome(Method::DELETE, &format!("{}/{}", members("acme"), id_of(ada).await?), None).await?;
        ensure!(refused == outcome(409, "owner_untouchable"), "{refused:?}");
        let refused = try_give(who, "acme", &json!({"user": EVE, "role": "owner"})).await?;
        ensure!(refused == outcome(409, "owner_untouchable"), "{refused:?}");
    }
    let elsewhere =
        bob.outcome(Method::DELETE, &format!("{}/{owners}", assignments("beneath")), None).await?;
    ensure!(elsewhere.0 == 404, "{elsewhere:?}");
    let elsewhere =
        ada.outcome(Method::DELETE, &format!("{}/{owners}", assignments("beneath")), None).await?;
    ensure!(elsewhere.0 == 404, "{elsewhere:?}");
    let inherited = ada.outcome(Method::DELETE, &format!("{}/{eve_id}", members("beneath")), None).await?;
    ensure!(inherited == outcome(409, "access_inherited"), "{inherited:?}");
    ada.delete(&format!("{}/{eve_id}", members("acme"))).await?;
    ensure!(!scene.sees(eve, "acme").await? && scene.sees(bob, "acme").await?);
    scene.stage.stop().await
}

/// E-43: somebody whom the caller does not know is answered as somebody who does not exist; whom they see elsewhere, or
/// whose realm's accounts they see, can be named, by id and by address.
#[tokio::test(flavor = "multi_thread")]
async fn e_43_only_whom_one_knows_can_be_named() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let ada = &scene.ada;
    let bob_id = id_of(&scene.bob).await?;
    let mut answers = BTreeSet::new();
    for name in [BOB, bob_id.as_str(), "never@was.test", "usr_00000000000000000000000000", "no name"] {
        let order = json!({"user": name, "role": "administrator"});
        let refused = ada.ask(Method::POST, &assignments("acme"), Some(&order)).await?;
        ensure!(refused.outcome() == outcome(400, "invalid"), "{name}: {}", refused.body);
        ensure!(text(&refused.body, "/errors/0/pointer")? == "/user", "{}", refused.body);
        answers.insert(text(&refused.body, "/errors/0/detail")?.to_owned());
        let billing = format!("/v1/organizations/acme/billing/administrators/{}", name.replace(' ', "%20"));
        let refused = ada.ask(Method::PUT, &billing, None).await?;
        answers.insert(text(&refused.body, "/errors/0/detail")?.to_owned());
    }
    ensure!(answers.len() == 1, "{answers:?}");
    scene.give("acme", BOB, "here").await?;
    let known = try_give(ada, "beneath", &json!({"user": bob_id, "role": "administrator"})).await?;
    ensure!(known.0 == 201, "{known:?}");
    let unknown = try_give(ada, "acme", &json!({"user": BOB, "role": "no-such-role"})).await?;
    ensure!(unknown == outcome(400, "invalid"), "{unknown:?}");
    let billing = try_give(ada, "acme", &json!({"user": BOB, "role": "billing_administrator"})).await?;
    ensure!(billing == outcome(400, "invalid"), "{billing:?}");
    scene.stage.stop().await
}

/// ROLE-1, BILL-1: the billing role opens the billing and nothing else, other roles open nothing of the billing; neither does
/// administering the site. The owner alone assigns.
#[tokio::test(flavor = "multi_thread")]
async fn role_1_bill_1_billing_is_an_axis_of_its_own() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    let billing = "/v1/organizations/acme/billing";
    for (user, reach) in [(BOB, "here"), (EVE, "beneath")] {
        scene.give("acme", user, reach).await?;
    }
    // The site administrator owns what lies above `acme`, and nothing of `solo`.
    ada.post("/v1/organizations", &json!({"name": "solo", "slug": "solo"})).await?;
    for (who, slug) in [(bob, "acme"), (eve, "acme"), (&scene.stage.admin, "solo")] {
        let billing = format!("/v1/organizations/{slug}/billing");
        ensure!(who.ask(Method::GET, &billing, None).await?.status == 404, "{slug}");
        let refused = who.outcome(Method::PUT, &format!("{billing}/administrators/{BOB}"), None).await?;
        ensure!(refused.0 == 404, "{refused:?}");
    }
    for _ in 0..2 {
        ada.ask(Method::PUT, &format!("{billing}/administrators/{BOB}"), None).await?.done()?;
    }
    let bob_id = id_of(bob).await?;
    // Who administers the organization reads that something was done to its billing, and not who administers it.
    let log = eve.get("/v1/organizations/acme/audit").await?;
    let about = |log: &Value| -> Result<Value> {
        let records = log.pointer("/items").and_then(Value::as_array).context("no log")?;
        let one = records
            .iter()
            .find(|one| one.pointer("/operation") == Some(&json!("billing_administrator_create")));
        Ok(one.context("not in the log")?.clone())
    };
    ensure!(text(&about(&log)?, "/target_name")? == "not shown", "{log}");
    ensure!(!about(&log)?.to_string().contains(&bob_id), "{log}");
    let log = ada.get("/v1/organizations/acme/audit").await?;
    ensure!(text(&about(&log)?, "/target_name")? == BOB, "{log}");
    let roles = ada.get(&members("acme")).await?;
    let grant = texts(&roles, "/sources/0/assignment")?.get(1).cloned().context("Bob has no grant")?;
    ada.delete(&format!("{}/{grant}", assignments("acme"))).await?;
    let seen = bob.get(billing).await?;
    ensure!(
        text(&seen, "/role")? == "billing_administrator" && text(&seen, "/plan")? == "enterprise",
        "{seen}"
    );
    ensure!(texts(&bob.get("/v1/me/billing").await?, "/organization/slug")? == ["acme"]);
    ensure!(texts(&ada.get("/v1/me/billing").await?, "/organization/slug")? == ["acme", "beneath", "solo"]);
    for path in ["", "/members", "/placements", "/resources", "/audit"] {
        let hidden = bob.ask(Method::GET, &format!("/v1/organizations/acme{path}"), None).await?;
        ensure!(hidden.status == 404, "{path}: {}", hidden.body);
    }
    ensure!(texts(&bob.get("/v1/organizations").await?, "/slug")?.is_empty());
    let refused = bob.outcome(Method::PUT, &format!("{billing}/administrators/{EVE}"), None).await?;
    ensure!(refused == outcome(403, "permission_missing"), "{refused:?}");
    ensure!(texts(&ada.get(&members("acme")).await?, "/user/email")? == [ADA, EVE]);
    let member = eve.outcome(Method::DELETE, &format!("{}/{bob_id}", members("acme")), None).await?;
    ensure!(member.0 == 404, "he is no member: {member:?}");
    let left = bob.ask(Method::POST, "/v1/organizations/acme/leave", None).await?;
    ensure!(left.status == 204, "{}", left.body);
    ensure!(bob.ask(Method::GET, billing, None).await?.status == 404);
    scene.stage.stop().await
}

/// ORG-9, INV-5: leaving ends every role and the home; the owner cannot; whoever has nothing there has nothing to leave.
/// On the cluster nothing names a person, so that nothing there has to change.
#[tokio::test(flavor = "multi_thread")]
async fn org_9_inv_5_leaving_ends_everything() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.give("acme", BOB, "beneath").await?;
    let leave = |slug: &str| format!("/v1/organizations/{slug}/leave");
    let owner = ada.outcome(Method::POST, &leave("acme"), None).await?;
    ensure!(owner == outcome(409, "owner_cannot_leave"), "{owner:?}");
    for (who, slug) in [(bob, "beneath"), (&scene.stage.admin, "acme")] {
        let nothing = who.outcome(Method::POST, &leave(slug), None).await?;
        ensure!(nothing == outcome(409, "nothing_to_leave"), "{nothing:?}");
    }
    ensure!(scene.eve.outcome(Method::POST, &leave("acme"), None).await?.0 == 404);
    let sets = || async {
        let sets = scene.spoke.0.desired(0).await?.sets;
        anyhow::Ok(
            sets.iter()
                .map(|set| format!("{} {} {:?}", set.organization, set.generation, set.content))
                .collect::<Vec<_>>(),
        )
    };
    let before = sets().await?;
    ensure!(!before.concat().contains(BOB) && !before.concat().contains(&id_of(bob).await?), "{before:?}");
    let done = bob.ask(Method::POST, &leave("acme"), None).await?;
    ensure!(done.status == 204, "{}", done.body);
    ensure!(!scene.sees(bob, "acme").await? && !scene.sees(bob, "beneath").await?);
    ensure!(sets().await? == before, "the cluster is told nothing of people");
    let log = ada.get("/v1/organizations/acme/audit").await?;
    let record = log.pointer("/items/0").context("no record")?;
    ensure!(text(record, "/operation")? == "organization_leave", "{record}");
    ensure!(text(record, "/before/assignments/0/role")? == "administrator", "{record}");

    // The same by command line.
    let cli = &scene.stage.cli;
    cli.ok(&["member", "assign", BOB, "--role", "administrator", "--organization", "acme"]).await?;
    let listed = cli.ok(&["member", "list", "acme", "--source", "direct"]).await?;
    ensure!(listed.contains(BOB) && listed.contains("administrator here"), "{listed}");
    cli.ok(&["member", "update", BOB, "--reach", "beneath", "--organization", "acme"]).await?;
    ensure!(scene.sees(bob, "beneath").await?);
    cli.ok(&["member", "withdraw", BOB, "--organization", "acme"]).await?;
    ensure!(!scene.sees(bob, "acme").await?);
    cli.ok(&["member", "assign", BOB, "--role", "administrator", "--organization", "acme"]).await?;
    cli.ok(&["member", "remove", BOB, "--organization", "acme"]).await?;
    ensure!(!scene.sees(bob, "acme").await?);
    scene.stage.stop().await
}

/// PLAN-1, PLAN-2, E-30: ten at one time want the nine places that the plan has left besides the owner's.
#[tokio::test(flavor = "multi_thread")]
async fn plan_2_e_30_members_never_pass_the_limit_together() -> Result<()> {
    let database = Database::new().await?;
    let scene = Scene::set(Stage::on_postgres(&database).await?).await?;
    scene.make("small", "acme", "business").await?;
    let mut attempts = JoinSet::new();
    for number in 0..12 {
        let email = format!("p{number}@acme.test");
        scene.stage.user(&email).await?;
        let admin = scene.stage.admin.clone();
        attempts.spawn(async move {
            try_give(&admin, "small", &json!({"user": email, "role": "administrator"})).await
        });
    }
    let mut codes = Vec::new();
    for attempt in attempts.join_all().await {
        codes.push(attempt?.1);
    }
    codes.sort_unstable();
    let (given, refused) = codes.split_at(9);
    ensure!(given.iter().all(String::is_empty), "{codes:?}");
    ensure!(refused.iter().all(|code| code == "limit_exceeded"), "{codes:?}");
    scene.stage.stop().await
}

/// PLAN-2, ROLE-9: a role that has ended takes no place and is no role; to extend it is to take a place again, where there is
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn role_9_plan_2_an_ended_role_takes_no_place() -> Result<()> {
    let scene = Scene::set(Stage::on_sqlite().await?).await?;
    let admin = &scene.stage.admin;
    scene.make("small", "acme", "business").await?;
    let soon = SystemClock.now().plus_seconds(2).to_string();
    let order = json!({"user": BOB, "role": "administrator", "expires_at": soon});
    let given = admin.post(&assignments("small"), &order).await?;
    let one = format!("{}/{}", assignments("small"), text(&given, "/id")?);
    wait::until("the role to end", LIMIT, async || {
        Ok((!scene.sees(&scene.bob, "small").await?).then_some(()))
    })
    .await?;
    let listed = admin.get(&format!("{}?role=none", members("small"))).await?;
    ensure!(texts(&listed, "/user/email")? == [BOB] && texts(&listed, "/role")? == ["none"], "{listed}");
    let listed = admin.get(&format!("{}?role=administrator", members("small"))).await?;
    ensure!(texts(&listed, "/user/email")?.is_empty(), "{listed}");
    for number in 0..9 {
        let email = format!("p{number}@acme.test");
        scene.stage.user(&email).await?;
        let given = try_give(admin, "small", &json!({"user": email, "role": "administrator"})).await?;
        ensure!(given.0 == 201, "{number}: {given:?}");
    }
    let never = json!({"expires_at": "never"});
    let refused = change(admin, &one, 1, &never).await?;
    ensure!(refused.outcome() == outcome(403, "limit_exceeded"), "{}", refused.body);
    let further = change(admin, &one, 1, &json!({"reach": "beneath"})).await?;
    ensure!(further.status == 200, "an ended one takes no place: {}", further.body);
    let first = admin.get(&format!("{}?search=p0@acme.test", members("small"))).await?;
    let id = text(&first, "/items/0/user/id")?.to_owned();
    admin.delete(&format!("{}/{id}", members("small"))).await?;
    change(admin, &one, 2, &never).await?.done()?;
    ensure!(scene.sees(&scene.bob, "small").await?);
    let refused = try_give(admin, "small", &json!({"user": "p0@acme.test", "role": "administrator"})).await?;
    ensure!(refused == outcome(403, "limit_exceeded"), "{refused:?}");
    scene.stage.stop().await
}

/// PLAN-1, HIER-6: the overview counts everybody, however many pages they fill, and names the owner; what may not be seen is
/// said to be so and is not shown as nothing.
#[tokio::test(flavor = "multi_thread")]
async fn plan_1_the_overview_counts_everybody_and_shows_nobody_a_false_number() -> Result<()> {
    let database = Database::new().await?;
    let scene = Scene::set(Stage::on_postgres(&database).await?).await?;
    let crowd = "with people as (insert into users (id, realm_id, email, email_key, name, search, access, created_at_ms, \
        revision) select gen_random_uuid(), o.realm_id, 'a' || n || '@a.test', 'a' || n || '@a.test', 'A', 'a' || n, \
        'enabled', 0, 1 from organizations o, generate_series(1, 205) n where o.slug = 'acme' returning id, realm_id) \
        insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms) \
        select gen_random_uuid(), o.realm_id, o.id, p.id, 'administrator', 'here', 0 \
        from people p, organizations o where o.slug = 'acme'";
    database.run(crowd).await?;
    let overview = async |email: &str| {
        let mut visitor = scene.stage.hub.visitor()?;
        visitor.sign_in(email, PASSWORD).await?;
        Ok::<_, anyhow::Error>(visitor.get("/o/acme").await?.body)
    };
    let page = overview(ADA).await?;
    let owner = format!("<span class=\"muted\">{ADA}</span>");
    for shown in ["<span>206, unlimited</span>", "<span>1, unlimited</span>", owner.as_str()] {
        ensure!(page.contains(shown), "{shown}: {page}");
    }
    let admin = &scene.stage.admin;
    admin.post("/v1/organizations/acme/teams", &json!({"name": "Core", "slug": "core"})).await?;
    let order = json!({"user": EVE, "role": "viewer"});
    admin.post("/v1/organizations/acme/teams/core/members", &order).await?;
    let page = overview(EVE).await?;
    ensure!(page.matches("Not visible to you").count() == 3, "owner, members, what lies beneath: {page}");
    ensure!(!page.contains("unlimited"), "{page}");
    scene.stage.stop().await
}

/// E-19, E-21, E-30, ORG-3: fifty at one time give, change, take and leave. Afterwards there is exactly one owner, and nobody
/// has more than whoever gave it had.
async fn fifty_at_one_time(stage: Stage) -> Result<()> {
    let scene = Scene::set(stage).await?;
    let mut people = Vec::new();
    for number in 0..10 {
        let email = format!("p{number}@acme.test");
        let api = scene.stage.user(&email).await?;
        // Nobody but the owner has anything that reaches beneath.
        scene.give("acme", &email, "here").await?;
        people.push((email, api));
    }
    let mut ids = Vec::new();
    for (_, api) in &people {
        ids.push(id_of(api).await?);
    }
    let listed = scene.ada.get(&format!("{}?source=direct", members("acme"))).await?;
    let grants = texts(&listed, "/sources/0/assignment")?;
    let mut attempts = JoinSet::new();
    for number in 0..50_usize {
        let (other, who) =
            ((number * 7 + 3) % people.len(), people.get(number % people.len()).context("nobody")?);
        let (api, grants, id) = (who.1.clone(), grants.clone(), ids.get(other).cloned().context("nobody")?);
        attempts.spawn(async move {
            let grant = grants.get(number % grants.len()).cloned().unwrap_or_default();
            let one = format!("{}/{grant}", assignments("acme"));
            let wide = json!({"user": id, "role": "administrator", "reach": "beneath"});
            let narrow = json!({"user": id, "role": "administrator"});
            match number % 5 {
                0 => api.outcome(Method::POST, &assignments("acme"), Some(&wide)).await,
                1 => Ok(change(&api, &one, 1, &json!({"reach": "beneath"})).await?.outcome()),
                2 => api.outcome(Method::DELETE, &one, None).await,
                3 if number % 2 == 0 => api.outcome(Method::POST, "/v1/organizations/acme/leave", None).await,
                3 => api.outcome(Method::DELETE, &format!("{}/{id}", members("acme")), None).await,
                _ => api.outcome(Method::POST, &assignments("acme"), Some(&narrow)).await,
            }
        });
    }
    for attempt in attempts.join_all().await {
        let (status, code) = attempt?;
        ensure!(status < 500, "{status} {code}");
    }
    let after = scene.ada.get(&format!("{}?source=direct&page_size=200", members("acme"))).await?;
    let owners = texts(&after, "/role")?.iter().filter(|role| *role == "owner").count();
    ensure!(owners == 1, "{after}");
    let everything = after.pointer("/items").and_then(Value::as_array).context("no members")?;
    for member in everything.iter().filter(|member| member.get("role") != Some(&json!("owner"))) {
        let sources = member.get("sources").and_then(Value::as_array).context("no sources")?;
        ensure!(sources.iter().all(|source| source.get("reach") == Some(&json!("here"))), "{member}");
    }
    for (email, api) in &people {
        ensure!(!scene.sees(api, "beneath").await?, "{email}");
    }
    ensure!(scene.stage.cli.ok(&["audit", "list", "--limit", "1"]).await.is_ok());
    scene.stage.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn e_19_e_21_fifty_at_one_time_on_sqlite() -> Result<()> {
    fifty_at_one_time(Stage::on_sqlite().await?).await
}

#[tokio::test(flavor = "multi_thread")]
async fn e_19_e_21_fifty_at_one_time_on_postgres() -> Result<()> {
    let database = Database::new().await?;
    fifty_at_one_time(Stage::on_postgres(&database).await?).await
}
