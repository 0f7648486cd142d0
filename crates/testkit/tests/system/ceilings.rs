//! What nobody gets by a detour: by changing a role instead of giving one, by naming what they do not see, by deleting what
//! holds others, by moving something to a friend, by making something beneath.

use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::roles::{ADA, BOB, EVE, Scene, change, define, outcome};
use crate::stage::{text, texts};

/// ROLE-7, E-19, E-20: nobody changes a role that they have, and who holds less takes no key out of a role.
#[tokio::test(flavor = "multi_thread")]
async fn role_7_e_20_nobody_changes_their_own_role_or_takes_out_what_they_do_not_hold() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, eve) = (&scene.ada, &scene.eve);
    let keeper = ["roles.view", "roles.update", "roles.delete", "audit.view"];
    ensure!(define(ada, "acme", "Keeper", &keeper).await?.0 == 201);
    ensure!(define(ada, "acme", "Builder", &["teams.create", "audit.view"]).await?.0 == 201);
    scene.give("acme", EVE, "keeper").await?;
    let own = "/v1/organizations/acme/roles/keeper";
    for keys in [&keeper[..3], &["roles.view", "roles.update", "roles.delete", "audit.view", "roles.create"]]
    {
        let refused = change(eve, own, &json!({"permissions": keys})).await?;
        ensure!(refused == outcome(409, "own_role"), "{refused:?}");
    }
    ensure!(change(eve, own, &json!({"name": "Keeper of roles"})).await?.0 == 200, "a name is no permission");
    let builder = "/v1/organizations/acme/roles/builder";
    let refused = change(eve, builder, &json!({"permissions": ["audit.view"]})).await?;
    ensure!(refused == outcome(403, "permission_missing"), "{refused:?}");
    ensure!(change(eve, builder, &json!({"permissions": ["teams.create"]})).await?.0 == 200);
    let kept = ada.get(builder).await?;
    ensure!(kept.pointer("/permissions") == Some(&json!(["teams.create"])), "{kept}");
    scene.stage.stop().await
}

/// HIER-4, HIER-6: whoever may give roles and does not see which there are is answered alike about a role from above and about
/// none.
#[tokio::test(flavor = "multi_thread")]
async fn hier_6_a_role_that_is_not_seen_cannot_be_named() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, eve) = (&scene.ada, &scene.eve);
    ensure!(define(ada, "acme", "Auditor", &["audit.view"]).await?.0 == 201);
    let auditor = text(&ada.get("/v1/organizations/acme/roles/auditor").await?, "/id")?.to_owned();
    ensure!(define(ada, "beneath", "Host", &["members.view", "members.assign"]).await?.0 == 201);
    scene.give("beneath", EVE, "host").await?;
    scene.give("beneath", BOB, "administrator").await?;
    let mut answers = Vec::new();
    for role in ["auditor", &auditor, "never", "rol_00000000000000000000000000"] {
        let order = json!({"user": BOB, "role": role});
        let path = "/v1/organizations/beneath/assignments";
        let mut refused = eve.ask(Method::POST, path, Some(&order)).await?;
        ensure!(refused.outcome() == outcome(400, "invalid"), "{role}: {}", refused.body);
        ensure!(text(&refused.body, "/errors/0/pointer")? == "/role", "{}", refused.body);
        for changing in ["request_id", "instance"] {
            refused.body.as_object_mut().map(|all| all.remove(changing));
        }
        answers.push(refused.body);
    }
    ensure!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    scene.stage.stop().await
}

/// ROLE-7, E-20: a team takes with it what its members are in it; who could not take them out does not delete it.
#[tokio::test(flavor = "multi_thread")]
async fn e_20_who_holds_less_than_its_members_does_not_delete_a_team() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, eve) = (&scene.ada, &scene.eve);
    ensure!(define(ada, "acme", "Tidier", &["teams.view", "teams.delete", "members.delete"]).await?.0 == 201);
    scene.give("acme", EVE, "tidier").await?;
    for team in ["core", "empty"] {
        ada.post("/v1/organizations/acme/teams", &json!({"name": team})).await?;
    }
    let member = json!({"user": BOB, "role": "administrator"});
    ada.post("/v1/organizations/acme/teams/core/members", &member).await?;
    let delete = async |who: &crate::stage::Api, team: &str| -> Result<(u16, String)> {
        let path = format!("/v1/organizations/acme/teams/{team}");
        let etag = text(&ada.get(&path).await?, "/etag")?.to_owned();
        Ok(who.ask_with(Method::DELETE, &path, None, &[("if-match", &etag)]).await?.outcome())
    };
    ensure!(delete(eve, "core").await? == outcome(403, "permission_missing"));
    ensure!(delete(eve, "empty").await?.0 == 204);
    ensure!(delete(ada, "core").await?.0 == 204);
    scene.stage.stop().await
}

/// HIER-4, E-19, E-28: moving takes administering both ends. The permission in a custom role moves nothing to where somebody
/// else gains by it what the mover does not hold, however little they gain themselves.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_e_19_nobody_moves_something_to_an_accomplice() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    let order = |slug: &str, parent: &str, owner: &str| {
        json!({
            "acting_from": parent, "name": slug, "slug": slug, "hub": "main", "spoke": "eu-1", "plan": "enterprise",
            "administrator": {"kind": "existing", "user": owner}, "gateway": {"kind": "shared"},
        })
    };
    scene.stage.admin.post("/v1/client-organizations", &order("theirs", "acme", BOB)).await?;
    scene.stage.admin.post("/v1/client-organizations", &order("prize", "beneath", ADA)).await?;
    let keys = ["organizations.move", "organizations.view"];
    ensure!(define(ada, "acme", "Mover", &keys).await?.0 == 201);
    for place in ["acme", "beneath", "theirs", "prize"] {
        scene.give(place, EVE, "mover").await?;
    }
    let go = async |who: &crate::stage::Api, to: &str| -> Result<(u16, String)> {
        let etag = text(&ada.get("/v1/organizations/prize").await?, "/etag")?.to_owned();
        let path = "/v1/organizations/prize/move";
        let body = json!({"parent": to});
        Ok(who.ask_with(Method::POST, path, Some(&body), &[("if-match", &etag)]).await?.outcome())
    };
    ensure!(go(eve, "theirs").await? == outcome(403, "permission_missing"));
    ensure!(bob.ask(Method::GET, "/v1/organizations/prize", None).await?.status == 404);
    // Who owns both ends gives away what they hold.
    ensure!(go(ada, "theirs").await?.0 == 200);
    ensure!(text(&bob.get("/v1/organizations/prize").await?, "/role")? == "owner");
    scene.stage.stop().await
}

/// ORG-5, ORG-3, E-22: making something beneath needs the permission; the maker owns what they made and gets nothing else by
/// it, what lies above keeps its say, and strangers are named from there no more than from anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn org_5_e_22_whoever_makes_something_beneath_owns_that_and_no_more() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    ensure!(define(ada, "acme", "Founder", &["organizations.create"]).await?.0 == 201);
    let child = json!({"name": "Garage", "slug": "garage", "parent": "acme"});
    ada.post("/v1/organizations/acme/teams", &json!({"name": "core"})).await?;
    let member = json!({"user": EVE, "role": "viewer"});
    scene.stage.admin.post("/v1/organizations/acme/teams/core/members", &member).await?;
    let refused = eve.ask(Method::POST, "/v1/organizations", Some(&child)).await?;
    ensure!(refused.outcome() == outcome(403, "permission_missing"), "{}", refused.body);
    ensure!(text(&refused.body, "/permission")? == "organizations.create", "{}", refused.body);
    scene.give("acme", EVE, "founder").await?;
    let made = eve.post("/v1/organizations", &child).await?;
    ensure!(text(&made, "/role")? == "owner", "{made}");
    // It has people, teams and projects of its own; of those above it has none.
    eve.post("/v1/organizations/garage/teams", &json!({"name": "core"})).await?;
    eve.post("/v1/organizations/garage/projects", &json!({"name": "car"})).await?;
    ensure!(texts(&eve.get("/v1/organizations/garage/members").await?, "/user/email")? == [EVE]);
    ensure!(
        bob.ask(Method::GET, "/v1/organizations/garage", None).await?.status == 404,
        "given here, not beneath"
    );
    // Above it nothing has become hers.
    let above = eve.get("/v1/organizations/acme").await?;
    ensure!(text(&above, "/role")? == "custom", "{above}");
    for (method, path, body) in [
        (Method::GET, "/v1/organizations/acme/members", None),
        (Method::POST, "/v1/organizations/acme/teams", Some(json!({"name": "mine"}))),
    ] {
        ensure!(
            eve.outcome(method, path, body.as_ref()).await? == outcome(403, "permission_missing"),
            "{path}"
        );
    }
    // Nor does she name somebody there whom she does not know, or take the place away from those above.
    scene.stage.user("zoe@foreign.test").await?;
    let order = json!({"user": "zoe@foreign.test", "role": "administrator"});
    let refused = eve.ask(Method::POST, "/v1/organizations/garage/assignments", Some(&order)).await?;
    ensure!(refused.outcome() == outcome(400, "invalid"), "{}", refused.body);
    let away = json!({"parent": null});
    let etag = text(&made, "/etag")?.to_owned();
    let path = "/v1/organizations/garage/move";
    let refused = eve.ask_with(Method::POST, path, Some(&away), &[("if-match", &etag)]).await?;
    ensure!(refused.outcome() == outcome(403, "permission_missing"), "{}", refused.body);
    let seen = ada.get("/v1/organizations/garage").await?;
    ensure!(seen.pointer("/actions").is_some_and(|all| all.to_string().contains("\"delete\"")), "{seen}");
    scene.stage.stop().await
}
