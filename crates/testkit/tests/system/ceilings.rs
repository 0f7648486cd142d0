//! What nobody gets by a detour: by changing a role instead of giving one, by naming what they do not see, by deleting what
//! holds others, by moving something to a friend, by making something beneath.

use anyhow::{Result, ensure};
use bastide_model::{Clock as _, SystemClock};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::roles::{ADA, BOB, EVE, Scene, change, define, outcome};
use crate::stage::{Api, text, texts};

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
    let delete = async |who: &Api, team: &str| -> Result<(u16, String)> {
        let path = format!("/v1/organizations/acme/teams/{team}");
        let etag = text(&ada.get(&path).await?, "/etag")?.to_owned();
        Ok(who.ask_with(Method::DELETE, &path, None, &[("if-match", &etag)]).await?.outcome())
    };
    ensure!(delete(eve, "core").await? == outcome(403, "permission_missing"));
    ensure!(delete(eve, "empty").await?.0 == 204);
    ensure!(delete(ada, "core").await?.0 == 204);
    scene.stage.stop().await
}

/// HIER-4, E-19, E-28: whoever may move at both ends moves nothing to where somebody gains by it what the mover does not hold,
/// however little they gain themselves: not by the permission in a custom role, not as administrator, here or beneath.
#[tokio::test(flavor = "multi_thread")]
async fn hier_4_e_19_nobody_moves_something_to_an_accomplice() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob, eve) = (&scene.ada, &scene.bob, &scene.eve);
    for (slug, parent, owner) in [("theirs", "acme", BOB), ("prize", "beneath", ADA), ("deep", "prize", ADA)]
    {
        let order = json!({
            "acting_from": parent, "name": slug, "slug": slug, "hub": "main", "spoke": "eu-1", "plan": "enterprise",
            "administrator": {"kind": "existing", "user": owner}, "gateway": {"kind": "shared"},
        });
        scene.stage.admin.post("/v1/client-organizations", &order).await?;
    }
    let go = async |who: &Api, to: &str| -> Result<(u16, String)> {
        let etag = text(&ada.get("/v1/organizations/prize").await?, "/etag")?.to_owned();
        let (path, body) = ("/v1/organizations/prize/move", json!({"parent": to}));
        Ok(who.ask_with(Method::POST, path, Some(&body), &[("if-match", &etag)]).await?.outcome())
    };
    ensure!(define(ada, "acme", "Mover", &["organizations.move", "organizations.view"]).await?.0 == 201);
    for (role, reach) in [("mover", "here"), ("administrator", "here"), ("administrator", "beneath")] {
        let mut given = Vec::new();
        for place in ["acme", "beneath", "theirs", "prize"] {
            let order = json!({"user": EVE, "role": role, "reach": reach});
            let path = format!("/v1/organizations/{place}/assignments");
            let grant = scene.stage.admin.post(&path, &order).await?;
            given.push(format!("{path}/{}", text(&grant, "/id")?));
        }
        let refused = go(eve, "theirs").await?;
        ensure!(refused == outcome(403, "permission_missing"), "{role} {reach}: {refused:?}");
        // Where nobody gains and nobody loses, there is nothing that they would have to hold; what they do not see is
        // not counted.
        let preview = json!({"parent": "acme"});
        let seen = eve.post("/v1/organizations/prize/move/preview", &preview).await?;
        let expected = if reach == "beneath" { 2 } else { 1 };
        ensure!(seen.pointer("/organizations") == Some(&json!(expected)), "{role} {reach}: {seen}");
        for grant in given {
            scene.stage.admin.delete(&grant).await?;
        }
    }
    ensure!(bob.ask(Method::GET, "/v1/organizations/prize", None).await?.status == 404);
    // Who owns both ends gives away what they hold.
    ensure!(go(ada, "theirs").await?.0 == 200);
    ensure!(text(&bob.get("/v1/organizations/prize").await?, "/role")? == "owner");
    scene.stage.stop().await
}

/// ROLE-9, E-19: whoever administers for a time gives nothing for longer, and so has nobody to prolong it afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn role_9_e_19_nobody_outlasts_their_own_end_through_others() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob) = (&scene.ada, &scene.bob);
    let path = "/v1/organizations/beneath/assignments";
    let end = SystemClock.now().plus_seconds(3_600);
    let own = json!({"user": BOB, "role": "administrator", "expires_at": end.to_string()});
    scene.stage.admin.post(path, &own).await?;
    scene.give("acme", EVE, "administrator").await?;
    for (until, status) in
        [(None, 403), (Some(end.plus_seconds(60)), 403), (Some(end.plus_seconds(-60)), 201)]
    {
        let mut order = json!({"user": EVE, "role": "administrator"});
        if let Some(until) = until {
            order["expires_at"] = json!(until.to_string());
        }
        let given = bob.ask(Method::POST, path, Some(&order)).await?;
        ensure!(given.status == status, "{until:?}: {}", given.body);
        if status == 201 {
            let one = format!("{path}/{}", text(&given.body, "/id")?);
            let longer = json!({"expires_at": "never"});
            let seen = [("if-match", "\"1\"")];
            let refused = bob.ask_with(Method::PATCH, &one, Some(&longer), &seen).await?.outcome();
            ensure!(refused == outcome(403, "permission_missing"), "{refused:?}");
            ensure!(ada.ask_with(Method::PATCH, &one, Some(&longer), &seen).await?.status == 200);
        }
    }
    scene.stage.stop().await
}

/// ROLE-1, BILL-1: who is not on the billing axis is not told of it by an explanation either. ROLE-3: who administers here reads
/// nothing in the log of what is made beneath.
#[tokio::test(flavor = "multi_thread")]
async fn role_1_role_3_nothing_is_told_of_other_axes_and_of_what_lies_beneath() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, bob) = (&scene.ada, &scene.bob);
    scene.give("acme", EVE, "administrator").await?;
    ada.ask(Method::PUT, &format!("/v1/organizations/acme/billing/administrators/{EVE}"), None)
        .await?
        .done()?;
    let asked = format!("/v1/access?action=billing.view&organization=acme&user={EVE}");
    ensure!(bob.ask(Method::GET, &asked, None).await?.status == 404, "as the billing itself");
    let told = ada.get(&asked).await?;
    ensure!(text(&told, "/verdict")? == "allowed", "{told}");

    ada.post("/v1/organizations", &json!({"name": "Secret works", "slug": "secret-works", "parent": "acme"}))
        .await?;
    let log = "/v1/organizations/acme/audit";
    let (here, owners) = (bob.get(log).await?, ada.get(log).await?);
    ensure!(owners.to_string().contains("secret-works"), "{owners}");
    ensure!(!here.to_string().contains("secret-works"), "{here}");
    ensure!(texts(&here, "/operation")? == texts(&owners, "/operation")?, "that something was done is told");
    scene.reach_beneath("acme", BOB).await?;
    ensure!(bob.get(log).await?.to_string().contains("secret-works"));
    scene.stage.stop().await
}

/// SEC-3, E-20: a token that leaves something out does not give it up by leaving either.
#[tokio::test(flavor = "multi_thread")]
async fn sec_3_a_narrow_token_does_not_leave() -> Result<()> {
    let scene = Scene::set().await?;
    scene.ada.post("/v1/organizations/acme/teams", &json!({"name": "core"})).await?;
    let member = json!({"user": BOB, "role": "administrator"});
    scene.ada.post("/v1/organizations/acme/teams/core/members", &member).await?;
    let order = json!({"name": "narrow", "permissions": ["organizations.view", "teams.view"]});
    let secret = scene.bob.post("/v1/me/tokens", &order).await?;
    let narrow = Api::new(&scene.stage.hub, Some(text(&secret, "/secret")?))?;
    let own = text(&scene.bob.get("/v1/me").await?, "/user/id")?.to_owned();
    for (method, path) in [
        (Method::POST, "/v1/organizations/acme/leave".to_owned()),
        (Method::DELETE, format!("/v1/organizations/acme/teams/core/members/{own}")),
    ] {
        let refused = narrow.outcome(method, &path, None).await?;
        ensure!(refused == outcome(403, "permission_missing"), "{path}: {refused:?}");
    }
    ensure!(scene.bob.ask(Method::POST, "/v1/organizations/acme/leave", None).await?.status == 204);
    scene.stage.stop().await
}

/// E-30, INV-5: what was decided while somebody waited counts: after a role was taken away nothing is made, changed or deleted
/// by it, however early it was asked for.
#[tokio::test(flavor = "multi_thread")]
async fn e_30_nothing_is_done_by_a_role_that_is_gone() -> Result<()> {
    let scene = Scene::set().await?;
    let (ada, eve) = (&scene.ada, &scene.eve);
    for round in 0..6 {
        let grant = scene.give("acme", EVE, "administrator").await?;
        let grant = text(&grant, "/id")?.to_owned();
        let mut asked = JoinSet::new();
        for number in 0..20 {
            let (eve, slug) = (eve.clone(), format!("late-{round}-{number}"));
            let order = json!({"name": slug, "slug": slug, "parent": "acme"});
            asked.spawn(async move { eve.outcome(Method::POST, "/v1/organizations", Some(&order)).await });
        }
        ada.delete(&format!("/v1/organizations/acme/assignments/{grant}")).await?;
        for outcome in asked.join_all().await {
            let (status, code) = outcome?;
            ensure!([201, 403, 404].contains(&status), "{status} {code}");
        }
    }
    let log = ada.get("/v1/organizations/acme/audit?page_size=200").await?;
    let records = log.pointer("/items").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut holds = false;
    for record in records.iter().rev() {
        match text(record, "/operation")? {
            "assignment_create" => holds = text(record, "/target_name")? == EVE || holds,
            "assignment_delete" => holds = false,
            "organization_create" if text(record, "/actor")? == EVE => ensure!(holds, "{record}"),
            _ => {}
        }
    }
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
