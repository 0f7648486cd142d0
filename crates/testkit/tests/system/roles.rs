//! Custom roles, access levels of accounts, and why somebody may do something (ROLE-4, ROLE-6, ROLE-7, ROLE-10).

use anyhow::{Result, ensure};
use bastide_testkit::fake_agent::{Alive, FakeAgent};
use bastide_testkit::hub::PASSWORD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Api, Stage, text, texts};

pub(crate) const ADA: &str = "ada@acme.test";
pub(crate) const BOB: &str = "bob@acme.test";
pub(crate) const EVE: &str = "eve@acme.test";

/// Ada owns `acme` with `beneath` under it; Bob administers `acme`, here only; Eve has an account.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) ada: Api,
    pub(crate) bob: Api,
    pub(crate) eve: Api,
    _spoke: (FakeAgent, Alive),
}

impl Scene {
    pub(crate) async fn set() -> Result<Self> {
        let stage = Stage::on_sqlite().await?;
        let spoke = stage.licensed("eu-1").await?;
        stage.organization("northwind").await?;
        let (ada, bob, eve) = (stage.user(ADA).await?, stage.user(BOB).await?, stage.user(EVE).await?);
        for (slug, parent) in [("acme", "northwind"), ("beneath", "acme")] {
            let order = json!({
                "acting_from": parent, "name": slug, "slug": slug, "hub": "main", "spoke": "eu-1", "plan": "enterprise",
                "administrator": {"kind": "existing", "user": ADA}, "gateway": {"kind": "shared"},
            });
            stage.admin.post("/v1/client-organizations", &order).await?;
        }
        let scene = Self { stage, ada, bob, eve, _spoke: spoke };
        scene.give("acme", BOB, "administrator").await?;
        Ok(scene)
    }

    /// Lets somebody's role reach beneath.
    pub(crate) async fn reach_beneath(&self, slug: &str, user: &str) -> Result<()> {
        let members =
            self.stage.admin.get(&format!("/v1/organizations/{slug}/members?search={user}")).await?;
        let grant = text(&members, "/items/0/sources/0/assignment")?;
        let path = format!("/v1/organizations/{slug}/assignments/{grant}");
        let (reach, seen) = (json!({"reach": "beneath"}), [("if-match", "\"1\"")]);
        self.stage.admin.ask_with(Method::PATCH, &path, Some(&reach), &seen).await?.done()?;
        Ok(())
    }

    /// Gives a role as the site administrator, who may name everybody.
    pub(crate) async fn give(&self, slug: &str, user: &str, role: &str) -> Result<Value> {
        let order = json!({"user": user, "role": role});
        self.stage.admin.post(&format!("/v1/organizations/{slug}/assignments"), &order).await
    }
}

pub(crate) fn outcome(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

pub(crate) async fn define(who: &Api, slug: &str, name: &str, keys: &[&str]) -> Result<(u16, String)> {
    let order = json!({"name": name, "permissions": keys});
    who.outcome(Method::POST, &format!("/v1/organizations/{slug}/roles"), Some(&order)).await
}

pub(crate) async fn change(who: &Api, path: &str, change: &Value) -> Result<(u16, String)> {
    let etag = text(&who.get(path).await?, "/etag")?.to_owned();
    Ok(who.ask_with(Method::PATCH, path, Some(change), &[("if-match", &etag)]).await?.outcome())
}

/// ROLE-6, ROLE-7, E-19: a role is good where it was defined and beneath; nobody puts into it what they do not hold; editing it
/// changes everybody who has it at once.
#[tokio::test(flavor = "multi_thread")]
async fn role_6_role_7_custom_roles() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    ensure!(define(ada, "acme", "Auditor", &["audit.view"]).await?.0 == 201);
    ensure!(define(ada, "acme", "Auditor", &["audit.view"]).await? == outcome(409, "slug_taken"));
    for (keys, status) in [
        (&[][..], 400),
        (&["billing.view"], 400),
        (&["clusters.accept"], 400),
        (&["audit.view", "audit.view"], 400),
        (&["never.was"], 400),
    ] {
        ensure!(define(ada, "acme", "Wrong", keys).await?.0 == status, "{keys:?}");
    }
    ensure!(
        define(ada, "acme", "Administrator", &["audit.view"]).await?.0 == 400,
        "the word of a built-in role"
    );
    // Bob does not hold what only the owner has.
    let refused = json!({"name": "Mine", "permissions": ["organizations.update"]});
    let refused = bob.ask(Method::POST, "/v1/organizations/acme/roles", Some(&refused)).await?;
    ensure!(text(&refused.body, "/permission")? == "organizations.update", "{}", refused.body);

    let here = texts(&ada.get("/v1/organizations/acme/roles").await?, "/slug")?;
    ensure!(here == ["owner", "administrator", "billing_administrator", "auditor"], "{here:?}");
    let seen = ada.get("/v1/organizations/beneath/roles/auditor").await?;
    ensure!(seen.pointer("/defined_here") == Some(&json!(false)), "{seen}");
    ensure!(change(ada, "/v1/organizations/acme/roles/auditor", &json!({"name": "Reader"})).await?.0 == 200);

    scene.give("beneath", EVE, "auditor").await?;
    ensure!(
        eve.get("/v1/organizations/beneath/audit").await.is_ok(),
        "who has the role may do what it allows"
    );
    let members = "/v1/organizations/beneath/members";
    ensure!(eve.outcome(Method::GET, members, None).await? == outcome(403, "permission_missing"));
    ensure!(eve.outcome(Method::GET, "/v1/organizations/acme", None).await?.0 == 404, "nothing above");
    // Bob administers `acme` and nothing beneath: he does not hold there what he would add.
    let more = json!({"permissions": ["audit.view", "members.view"]});
    let role = "/v1/organizations/acme/roles/auditor";
    ensure!(change(bob, role, &more).await? == outcome(403, "permission_missing"));
    ensure!(eve.outcome(Method::GET, members, None).await?.0 == 403, "nothing half done");
    ensure!(change(ada, role, &more).await?.0 == 200);
    ensure!(eve.get(members).await.is_ok(), "in force at once");
    ensure!(ada.outcome(Method::DELETE, role, None).await? == outcome(409, "role_in_use"));
    scene.stage.stop().await
}

/// ORG-7: the owner edits, and so does who holds `organizations.update` by a custom role; an administrator does not and is told
/// what is missing.
#[tokio::test(flavor = "multi_thread")]
async fn org_7_the_owner_edits_and_an_administrator_does_not() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    let path = "/v1/organizations/acme";
    let edits = json!({
        "name": "Acme Works", "description": "Anvils", "visibility": "public", "annotations": {"acme.test/a": "1"},
    });
    ensure!(change(ada, path, &edits).await?.0 == 200);
    let seen = ada.get(path).await?;
    for key in ["name", "description", "visibility", "annotations"] {
        ensure!(seen.get(key) == edits.get(key), "{key}: {seen}");
    }
    let own = bob.get(path).await?;
    let offered = own.pointer("/actions").map(Value::to_string).unwrap_or_default();
    ensure!(text(&own, "/role")? == "administrator" && !offered.contains("\"update\""), "{own}");
    for (key, value) in edits.as_object().into_iter().flatten() {
        let (edit, seen) = (json!({(key): value}), [("if-match", text(&own, "/etag")?)]);
        let refused = bob.ask_with(Method::PATCH, path, Some(&edit), &seen).await?;
        ensure!(refused.outcome() == outcome(403, "permission_missing"), "{key}: {}", refused.body);
        ensure!(text(&refused.body, "/permission")? == "organizations.update", "{}", refused.body);
    }
    ensure!(define(ada, "acme", "Editor", &["organizations.update"]).await?.0 == 201);
    scene.give("acme", EVE, "editor").await?;
    ensure!(change(eve, path, &json!({"name": "Acme by Eve"})).await?.0 == 200);
    ensure!(text(&ada.get(path).await?, "/name")? == "Acme by Eve");
    ensure!(eve.outcome(Method::GET, "/v1/organizations/beneath", None).await?.0 == 404, "here only");
    scene.stage.stop().await
}

/// ROLE-10, HIER-4, E-43: which grant gives it, or what is missing; about others only to who may know them, and without names
/// of what lies above.
#[tokio::test(flavor = "multi_thread")]
async fn role_10_why_somebody_may_do_something() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    let asked = |action: &str, slug: &str, user: &str| {
        format!(
            "/v1/access?action={action}&organization={slug}{}",
            if user.is_empty() { String::new() } else { format!("&user={user}") }
        )
    };
    let own = bob.get(&asked("team_create", "acme", "")).await?;
    ensure!(own.pointer("/allowed") == Some(&json!(true)), "{own}");
    ensure!(text(&own, "/grants/0/sentence")? == "administrator at acme", "{own}");
    let missing = bob.get(&asked("organizations.update", "acme", "")).await?;
    ensure!(text(&missing, "/verdict")? == "permission_missing", "{missing}");
    ensure!(text(&missing, "/missing")?.contains("owner"), "{missing}");
    let about = ada.get(&asked("organizations.update", "acme", BOB)).await?;
    ensure!(text(&about, "/email")? == BOB && text(&about, "/verdict")? == "permission_missing", "{about}");
    // Somebody who is not known here is answered as somebody who is not there.
    for user in [EVE, "never%40acme.test", "usr_00000000000000000000000000"] {
        let refused = bob.ask(Method::GET, &asked("team_create", "acme", user), None).await?;
        ensure!(
            refused.status == 400 && text(&refused.body, "/errors/0/pointer")? == "user",
            "{}",
            refused.body
        );
    }
    // The site administrator knows everybody.
    let unseen = scene.stage.admin.get(&asked("team_create", "acme", EVE)).await?;
    ensure!(text(&unseen, "/verdict")? == "assignment_missing", "{unseen}");
    ensure!(eve.outcome(Method::GET, &asked("team_create", "acme", ""), None).await?.0 == 404);
    ensure!(bob.outcome(Method::GET, &asked("team_create", "beneath", ""), None).await?.0 == 404);
    ensure!(bob.outcome(Method::GET, &asked("no_such_thing", "acme", ""), None).await?.0 == 400);

    // Eve administers what lies beneath, and does not see `acme`, from where Ada's rights come.
    scene.give("beneath", EVE, "administrator").await?;
    let above = eve.ask(Method::GET, &asked("team_create", "beneath", ADA), None).await?;
    ensure!(above.status == 200, "Ada owns `beneath` itself: {}", above.body);
    let sentences = above.body.to_string();
    ensure!(
        sentences.contains("owner at beneath")
            && !sentences.contains("above")
            && !sentences.contains("acme,"),
        "{sentences}"
    );

    let cli = scene.stage.cli_of(BOB).await?;
    let said = cli.ok(&["why", "organizations.update", "--organization", "acme"]).await?;
    ensure!(
        said.starts_with(&format!("DENY  {BOB}  organizations.update")) && said.contains("missing"),
        "{said}"
    );
    let said = cli.ok(&["why", "team_create", "--organization", "acme"]).await?;
    ensure!(said.starts_with("ALLOW") && said.contains("because  administrator at acme"), "{said}");
    let said = cli.ok(&["why", "token_create"]).await?;
    ensure!(said.contains("it is their own"), "{said}");
    scene.stage.stop().await
}

/// HIER-4, ROLE-10: somebody who is known here by a team is explained by that alone to who does not see what lies above:
/// neither what they have there nor what follows from it is told.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_what_somebody_has_above_is_not_told_below() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, eve) = (&scene.ada, &scene.eve);
    let asked = |action: &str, slug: &str, user: &str| {
        format!("/v1/access?action={action}&organization={slug}&user={user}")
    };
    scene.give("beneath", EVE, "administrator").await?;
    scene.reach_beneath("acme", BOB).await?;
    ada.post("/v1/organizations/beneath/teams", &json!({"name": "core"})).await?;
    let member = json!({"user": BOB, "role": "viewer"});
    scene.stage.admin.post("/v1/organizations/beneath/teams/core/members", &member).await?;
    let told = eve.get(&asked("audit.view", "beneath", BOB)).await?;
    ensure!(text(&told, "/verdict")? == "permission_missing", "{told}");
    ensure!(texts(&json!({"items": told.pointer("/grants")}), "/sentence")?.len() == 1, "{told}");
    let listed = eve.get("/v1/organizations/beneath/members").await?;
    ensure!(!listed.to_string().contains("inherited"), "{listed}");
    let told = ada.get(&asked("audit.view", "beneath", BOB)).await?;
    ensure!(text(&told, "/verdict")? == "allowed", "{told}");
    scene.stage.stop().await
}

/// ROLE-4, E-20: no console access and disabled are two states; both in force at once; nobody changes their own.
#[tokio::test(flavor = "multi_thread")]
async fn role_4_access_levels_of_accounts() -> Result<()> {
    let scene = Scene::set().await?;
    let admin = &scene.stage.admin;
    let id = text(&scene.bob.get("/v1/me").await?, "/user/id")?.to_owned();
    let path = format!("/v1/users/{id}");
    let mut browser = scene.stage.hub.visitor()?;
    browser.sign_in(BOB, PASSWORD).await?;
    ensure!(browser.get("/me/organizations").await?.status == 200);

    ensure!(change(admin, &path, &json!({"access": "no_console"})).await?.0 == 200);
    ensure!(browser.get("/me/organizations").await?.status != 200, "the session has ended");
    ensure!(scene.bob.get("/v1/organizations/acme").await.is_ok(), "the token works");
    ensure!(scene.stage.hub.visitor()?.sign_in(BOB, PASSWORD).await.is_err(), "no console");

    ensure!(change(admin, &path, &json!({"access": "disabled"})).await?.0 == 200);
    ensure!(scene.bob.outcome(Method::GET, "/v1/me", None).await?.0 == 401, "nothing works");
    ensure!(change(admin, &path, &json!({"access": "enabled"})).await?.0 == 200);
    ensure!(browser.get("/me/organizations").await?.status != 200, "what has ended does not come back");
    ensure!(scene.bob.get("/v1/organizations/acme").await.is_ok());

    let owner = text(&scene.ada.get("/v1/me").await?, "/user/id")?.to_owned();
    let refused = change(admin, &format!("/v1/users/{owner}"), &json!({"access": "disabled"})).await?;
    ensure!(refused == outcome(409, "owns_organizations"), "{refused:?}");
    let own = text(&admin.get("/v1/me").await?, "/user/id")?.to_owned();
    let refused = change(admin, &format!("/v1/users/{own}"), &json!({"access": "disabled"})).await?;
    ensure!(refused == outcome(409, "own_access"), "{refused:?}");
    ensure!(scene.ada.outcome(Method::GET, &path, None).await?.0 == 404, "accounts are the site's");
    scene.stage.stop().await
}
