//! What stands beneath something is found through it, and only there (E-17).

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bastide_api::roles::NewRole;
use bastide_testkit::cast::{Cast, HUB, SITE_ORGANIZATION};
use bastide_testkit::routes;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::stage::{Guest, answer};

/// Every route with two names in its path.
const NESTED: [&str; 47] = [
    "placement_delete",
    "team_view",
    "team_update",
    "team_delete",
    "team_member_list",
    "team_member_create",
    "team_member_set",
    "team_member_delete",
    "project_view",
    "project_update",
    "project_delete",
    "project_team_list",
    "project_team_set",
    "project_team_delete",
    "console_leave",
    "console_leave_post",
    "console_team",
    "console_team_update",
    "console_team_delete",
    "console_team_member_create",
    "console_team_member_set",
    "console_team_member_delete",
    "console_project",
    "console_project_update",
    "console_project_delete",
    "console_project_team_create",
    "console_project_team_set",
    "console_project_team_delete",
    "console_gateway",
    "console_gateway_update",
    "console_gateway_share",
    "console_gateway_delete",
    "role_view",
    "role_update",
    "role_delete",
    "member_delete",
    "assignment_update",
    "assignment_delete",
    "billing_administrator_create",
    "billing_administrator_delete",
    "console_role",
    "console_role_update",
    "console_role_delete",
    "console_member_remove",
    "console_assignment",
    "console_assignment_withdraw",
    "console_billing_withdraw",
];

/// E-17: every route with two names in its path refuses a child of another parent. A route that is new has to be tried
/// here as well.
#[tokio::test(flavor = "multi_thread")]
async fn e_17_a_child_is_found_beneath_its_own_parent_only() -> Result<()> {
    let rows = routes::rows()?;
    let nested: BTreeSet<&str> =
        rows.iter().filter(|row| row.path.matches('{').count() > 1).map(|row| row.id.as_str()).collect();
    let tried = BTreeSet::from(NESTED);
    let differing: Vec<_> = nested.symmetric_difference(&tried).collect();
    ensure!(
        differing.is_empty(),
        "routes with two names that are not tried, or are tried and not there: {differing:?}"
    );

    let cast = Cast::start().await?;
    let site = Guest::new(&cast, "site", &cast.administrator)?;
    let before = super::stage::state(&cast).await?;
    let (a, b) = (&cast.a, &cast.b);
    for (parent, child) in [
        (&a.spoke.cluster.name, &b.gateway.id),
        (&a.spoke.cluster.id, &b.gateway.slug),
        (&b.spoke.cluster.name, &a.gateway.id),
        (&b.spoke.cluster.id, &a.gateway.slug),
        (&cast.shared.cluster.name, &a.gateway.id),
    ] {
        for (method, action) in
            [(Method::GET, ""), (Method::POST, ""), (Method::POST, "/share"), (Method::POST, "/delete")]
        {
            let path = format!("/platform/clusters/{parent}/gateways/{child}{action}");
            let form = [("confirm", "yes"), ("shared", "yes"), ("name", "Taken"), ("class", "taken")];
            let answer = answer(site.page(method, &path).form(&form)).await?;
            ensure!(answer.status == StatusCode::NOT_FOUND, "{path}: {}", answer.status);
        }
    }
    for (organization, cluster) in [
        (&a.child.slug, &b.spoke.cluster),
        (&a.child.id, &cast.shared.cluster),
        (&b.child.slug, &a.spoke.cluster),
        (&a.root.slug, &a.spoke.cluster),
    ] {
        for named in [&cluster.name, &cluster.id] {
            let path =
                format!("/v1/organizations/{organization}/placements/{named}?confirm={}", cluster.name);
            let by_program = answer(site.api(Method::DELETE, &path)).await?;
            ensure!(by_program.status == StatusCode::NOT_FOUND, "{path}: {}", by_program.status);
        }
        let path = format!("/o/{organization}/placements/{}/leave", cluster.name);
        for method in [Method::GET, Method::POST] {
            let form = [("confirm", cluster.name.as_str())];
            let answer = answer(site.page(method, &path).form(&form)).await?;
            ensure!(answer.status == StatusCode::NOT_FOUND, "{path}: {}", answer.status);
        }
    }
    ensure!(super::stage::state(&cast).await? == before, "something was changed");
    Ok(())
}

/// E-17: teams, projects, people in teams and teams on projects are found by their own parents only, for everybody.
#[tokio::test(flavor = "multi_thread")]
async fn e_17_teams_and_projects_are_found_beneath_their_own_parents_only() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (&cast.a, &cast.b);
    let before = super::stage::state(&cast).await?;
    let site = Guest::new(&cast, "site", &cast.administrator)?;
    let id = async |of: &str, kind: &str| -> Result<String> {
        let one = site.read(&format!("/v1/organizations/{of}/{kind}/{of}")).await?.good()?;
        Ok(super::stage::text(&one, "id").unwrap_or_default().to_owned())
    };
    let (team, project) = (id(&b.child.slug, "teams").await?, id(&b.child.slug, "projects").await?);
    let (own, role) = (&a.child.slug, json!({ "role": "administrator" }));
    let named = json!({ "name": "Taken" });
    let mut tried = Vec::new();
    // The child of another parent beneath one's own; and one's own beneath another of one's own.
    for (of, team, project) in [
        (own.as_str(), team.as_str(), project.as_str()),
        (a.root.slug.as_str(), own.as_str(), own.as_str()),
        (a.annex.id.as_str(), own.as_str(), own.as_str()),
    ] {
        for (kind, name) in [("teams", team), ("projects", project)] {
            let one = format!("/v1/organizations/{of}/{kind}/{name}");
            tried.push((Method::GET, one.clone(), None));
            tried.push((Method::PATCH, one.clone(), Some(&named)));
            tried.push((Method::DELETE, format!("{one}?confirm={own}"), None));
        }
        let members = format!("/v1/organizations/{of}/teams/{team}/members");
        tried.push((Method::GET, members.clone(), None));
        tried.push((Method::PUT, format!("{members}/{}", a.member.id), Some(&role)));
        tried.push((Method::DELETE, format!("{members}/{}", a.member.id), None));
        let teams = format!("/v1/organizations/{of}/projects/{project}/teams");
        tried.push((Method::GET, teams.clone(), None));
        tried.push((Method::PUT, format!("{teams}/{team}"), Some(&role)));
        tried.push((Method::DELETE, format!("{teams}/{team}"), None));
    }
    // One's own parent and another's child at the end of the path.
    let members = format!("/v1/organizations/{own}/teams/{own}/members");
    tried.push((Method::DELETE, format!("{members}/{}", b.member.id), None));
    let teams = format!("/v1/organizations/{own}/projects/{own}/teams");
    tried.push((Method::PUT, format!("{teams}/{team}"), Some(&role)));
    tried.push((Method::DELETE, format!("{teams}/{team}"), None));
    for (name, person) in [("site", &cast.administrator), ("A", &a.owner)] {
        let guest = Guest::new(&cast, name, person)?;
        for (method, path, body) in &tried {
            let request = guest.api(method.clone(), path).header("if-match", "\"1\"");
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let refused = answer(request).await?;
            ensure!(refused.status == StatusCode::NOT_FOUND, "{name}: {method} {path}: {}", refused.body);
        }
    }
    pages_refuse(&cast, &site, (&team, &project)).await?;
    ensure!(super::stage::state(&cast).await? == before, "something was changed");
    Ok(())
}

/// The forms of the console, as the site administrator, who may do everything where it belongs.
async fn pages_refuse(cast: &Cast, site: &Guest, (team, project): (&String, &String)) -> Result<()> {
    let (a, own) = (&cast.a, &cast.a.child.slug);
    let member = &a.member.id;
    for (of, team, project) in [(own, team, project), (&a.root.slug, own, own), (&a.annex.slug, own, own)] {
        for path in [
            format!("teams/{team}"),
            format!("teams/{team}/delete"),
            format!("teams/{team}/members"),
            format!("teams/{team}/members/{member}"),
            format!("teams/{team}/members/{member}/remove"),
            format!("projects/{project}"),
            format!("projects/{project}/delete"),
            format!("projects/{project}/teams"),
            format!("projects/{project}/teams/{team}"),
            format!("projects/{project}/teams/{team}/remove"),
        ] {
            let form =
                [("name", "Taken"), ("role", "viewer"), ("confirm", own), ("user", member), ("team", team)];
            let posted = answer(site.page(Method::POST, &format!("/o/{of}/{path}")).form(&form)).await?;
            ensure!(posted.status == StatusCode::NOT_FOUND, "/o/{of}/{path}: {}", posted.status);
        }
    }
    Ok(())
}

/// E-17: the same for roles, grants and members of organizations.
#[tokio::test(flavor = "multi_thread")]
async fn e_17_roles_and_members_are_found_beneath_their_own_organization_only() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (&cast.a, &cast.b);
    let new = NewRole {
        name: "Auditor".to_owned(),
        permissions: vec!["teams.view".to_owned()],
        ..NewRole::default()
    };
    let role = cast.site.create_role(&b.child.id, &new).await?.id;
    let site = Guest::new(&cast, "site", &cast.administrator)?;
    let listed = site.read(&format!("/v1/organizations/{}/members", b.child.id)).await?.good()?;
    let grant = grant_of(&listed).context("nobody was given a role")?;
    let before = super::stage::state(&cast).await?;
    let (change, nothing) = (json!({ "name": "Taken" }), json!({}));
    let mut tried = Vec::new();
    for of in [&a.child.slug, &a.root.id, &b.root.slug] {
        let one = |path: String| format!("/v1/organizations/{of}/{path}");
        tried.push((Method::GET, one(format!("roles/{role}")), None));
        tried.push((Method::PATCH, one(format!("roles/{role}")), Some(&change)));
        tried.push((Method::DELETE, one(format!("roles/{role}")), None));
        tried.push((Method::PATCH, one(format!("assignments/{grant}")), Some(&nothing)));
        tried.push((Method::DELETE, one(format!("assignments/{grant}")), None));
        tried.push((Method::DELETE, one(format!("members/{}", b.member.id)), None));
    }
    for (name, person) in [("site", &cast.administrator), ("A", &a.owner)] {
        let guest = Guest::new(&cast, name, person)?;
        for (method, path, body) in &tried {
            let request = guest.api(method.clone(), path).header("if-match", "\"1\"");
            let request = match body {
                Some(body) => request.json(body),
                None => request,
            };
            let refused = answer(request).await?;
            ensure!(refused.status == StatusCode::NOT_FOUND, "{name}: {method} {path}: {}", refused.body);
        }
    }
    for path in [
        format!("roles/{role}"),
        format!("roles/{role}/delete"),
        format!("members/{}/remove", b.member.id),
        format!("assignments/{grant}"),
        format!("assignments/{grant}/withdraw"),
    ] {
        let form = [("name", "Taken"), ("reach", "here"), ("etag", "\"1\"")];
        let posted =
            answer(site.page(Method::POST, &format!("/o/{}/{path}", a.child.slug)).form(&form)).await?;
        ensure!(posted.status == StatusCode::NOT_FOUND, "{path}: {}", posted.status);
    }
    // Billing is its owner's alone, whoever else asks for whomever.
    for method in [Method::PUT, Method::DELETE] {
        let path = format!("/v1/organizations/{}/billing/administrators/{}", b.child.id, a.member.id);
        let refused = answer(Guest::new(&cast, "A", &a.owner)?.api(method, &path)).await?;
        ensure!(refused.status == StatusCode::NOT_FOUND, "{path}: {}", refused.body);
    }
    ensure!(super::stage::state(&cast).await? == before, "something was changed");
    Ok(())
}

/// The first grant in a list of members.
fn grant_of(listed: &Value) -> Option<String> {
    let members = listed.get("items")?.as_array()?;
    let sources = members.iter().filter_map(|member| member.get("sources")?.as_array()).flatten();
    let mut grants = sources.filter_map(|source| source.get("assignment")?.as_str());
    grants.next().map(str::to_owned)
}

/// E-17: the caller is the parent of what is theirs.
#[tokio::test(flavor = "multi_thread")]
async fn e_17_tokens_and_sessions_are_found_beneath_their_own_account_only() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (Guest::new(&cast, "A", &cast.a.owner)?, Guest::new(&cast, "B", &cast.b.owner)?);
    for kind in ["tokens", "sessions"] {
        let listed = b.read(&format!("/v1/me/{kind}")).await?.good()?;
        let items = listed.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        ensure!(!items.is_empty(), "B has no {kind}");
        for id in items.iter().filter_map(|item| item.get("id").and_then(Value::as_str)) {
            let refused = answer(a.api(Method::DELETE, &format!("/v1/me/{kind}/{id}"))).await?;
            ensure!(refused.status == StatusCode::NOT_FOUND, "{kind} {id}: {}", refused.status);
        }
        let after = b.read(&format!("/v1/me/{kind}")).await?.good()?;
        let still = after.get("items").and_then(Value::as_array).map(Vec::len);
        ensure!(still == Some(items.len()), "{kind} of B are gone: {after}");
    }
    Ok(())
}

/// E-17, FLEET-4: parents and children that are named in a document.
#[tokio::test(flavor = "multi_thread")]
async fn e_17_a_document_does_not_mix_parents_and_children() -> Result<()> {
    let cast = Cast::start().await?;
    let (a, b) = (&cast.a, &cast.b);
    let before = super::stage::state(&cast).await?;
    let owner = Guest::new(&cast, "A", &a.owner)?;
    for parent in [&b.root.slug, &b.root.id, &b.child.slug] {
        let body = json!({ "name": "Mine", "parent": parent });
        let refused = owner.send(Method::POST, "/v1/organizations", &body).await?;
        ensure!(refused.status == StatusCode::NOT_FOUND, "beneath {parent}: {}", refused.body);
    }
    for (what, parent, status) in [
        (&a.child.id, &b.root.slug, StatusCode::NOT_FOUND),
        (&a.child.id, &b.child.id, StatusCode::NOT_FOUND),
        (&b.child.id, &a.root.id, StatusCode::NOT_FOUND),
    ] {
        for path in ["move", "move/preview"] {
            let path = format!("/v1/organizations/{what}/{path}");
            let refused = owner.send(Method::POST, &path, &json!({ "parent": parent })).await?;
            let unmatched = refused.status == StatusCode::PRECONDITION_REQUIRED && path.ends_with("move");
            ensure!(refused.status == status || unmatched, "{path} beneath {parent}: {}", refused.body);
        }
    }
    let site = Guest::new(&cast, "site", &cast.administrator)?;
    for gateway in [&b.gateway.id, &b.gateway.slug] {
        let body = json!({
            "acting_from": SITE_ORGANIZATION, "name": "Mixed", "hub": HUB, "spoke": a.spoke.cluster.name,
            "administrator": { "kind": "existing", "user": a.owner.email },
            "gateway": { "kind": "dedicated", "configuration": gateway },
        });
        let refused = site.send(Method::POST, "/v1/client-organizations", &body).await?;
        ensure!(refused.status == StatusCode::CONFLICT, "{gateway}: {}", refused.body);
        ensure!(failed(&refused.json()?) == ["gateway_available"], "{gateway}: {}", refused.body);
    }
    ensure!(super::stage::state(&cast).await? == before, "something was changed");
    Ok(())
}

/// The names of the preconditions that do not hold.
fn failed(problem: &Value) -> Vec<&str> {
    let all = problem.get("preconditions").and_then(Value::as_array).into_iter().flatten();
    let failed = all.filter(|one| one.get("outcome").and_then(Value::as_str) == Some("failed"));
    failed.filter_map(|one| one.get("name").and_then(Value::as_str)).collect()
}
