//! Fields that nobody sets from outside (E-18).

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use bastide_model::{AssignmentId, SystemIds};
use bastide_testkit::cast::{Cast, HUB, SITE_ORGANIZATION};
use bastide_testkit::hub::PASSWORD;
use reqwest::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::stage::{Guest, answer, state, text};

/// What decides about who owns and may do what, and what the hub itself keeps count of.
const FORBIDDEN: [&str; 18] = [
    "id",
    "owner",
    "owner_id",
    "realm",
    "realm_id",
    "client",
    "organization",
    "role",
    "roles",
    "permission",
    "administration",
    "is_admin",
    "plan",
    "state",
    "revision",
    "namespace_base",
    "created_at",
    "user_id",
];

/// An operation with a document that would be taken.
struct Write {
    id: &'static str,
    method: Method,
    path: String,
    body: Value,
}

fn post(id: &'static str, path: &str, body: Value) -> Write {
    Write { id, method: Method::POST, path: path.to_owned(), body }
}

fn writes(cast: &Cast) -> Vec<Write> {
    let mut writes = organization_writes(cast);
    writes.extend(team_writes(cast));
    writes.extend(fleet_writes(cast));
    let account = account();
    writes.extend([
        post(
            "setup_complete",
            "/v1/setup",
            json!({ "token": "none", "email": "new@cast.test", "name": "New", "password": PASSWORD }),
        ),
        post(
            "login_token_create",
            "/v1/login-tokens",
            json!({ "grant": "device_code", "device_code": "none" }),
        ),
        post("token_create", "/v1/me/tokens", json!({ "name": "new" })),
        post("user_create", "/v1/users", account),
    ]);
    writes
}

fn account() -> Value {
    json!({ "email": "new@cast.test", "name": "New", "password": PASSWORD })
}

fn organization_writes(cast: &Cast) -> Vec<Write> {
    let (a, spoke) = (&cast.a, &cast.a.spoke.cluster.id);
    let elsewhere = &cast.b.spoke.cluster.id;
    let pool = json!({ "labels": { "pool": "gold" }, "tolerations": [] });
    vec![
        post("organization_create", "/v1/organizations", json!({ "name": "New" })),
        Write {
            id: "organization_update",
            method: Method::PATCH,
            path: format!("/v1/organizations/{}", a.root.id),
            body: json!({ "description": "new" }),
        },
        Write {
            id: "host_names_update",
            method: Method::PUT,
            path: format!("/v1/organizations/{}/host-names", a.root.id),
            body: json!({ "host_names": ["new.example"] }),
        },
        post(
            "organization_move",
            &format!("/v1/organizations/{}/move", a.child.id),
            json!({ "parent": SITE_ORGANIZATION }),
        ),
        post(
            "organization_move_preview",
            &format!("/v1/organizations/{}/move/preview", a.child.id),
            json!({ "parent": null }),
        ),
        post(
            "assignment_create",
            &format!("/v1/organizations/{}/assignments", a.root.id),
            json!({ "user": "never@was.test", "role": "administrator", "reach": "here" }),
        ),
        Write {
            id: "assignment_update",
            method: Method::PATCH,
            path: format!("/v1/organizations/{}/assignments/{}", a.root.id, AssignmentId::fresh(&SystemIds)),
            body: json!({ "reach": "here" }),
        },
        post(
            "client_organization_create",
            "/v1/client-organizations",
            json!({
                "acting_from": SITE_ORGANIZATION, "name": "New", "hub": HUB, "spoke": spoke, "node_pool": pool,
                "administrator": { "kind": "new", "account": account() },
                "gateway": { "kind": "dedicated", "configuration": a.gateway.id },
            }),
        ),
        post(
            "client_organization_check",
            "/v1/client-organizations/check",
            json!({ "node_pool": pool, "gateway": { "kind": "shared" } }),
        ),
        post(
            "placement_create",
            &format!("/v1/organizations/{}/placements", a.root.id),
            json!({ "hub": HUB, "spoke": elsewhere, "node_pool": pool, "gateway": { "kind": "shared" } }),
        ),
    ]
}

fn team_writes(cast: &Cast) -> Vec<Write> {
    let (of, name) = (format!("/v1/organizations/{}", cast.a.child.id), &cast.a.child.slug);
    let member = &cast.a.member.id;
    let write = |id, method, path: &str, body| Write { id, method, path: format!("{of}/{path}"), body };
    let (named, role) = (json!({ "name": "New", "description": "new" }), json!({ "role": "viewer" }));
    vec![
        write("team_create", Method::POST, "teams", named.clone()),
        write("team_update", Method::PATCH, &format!("teams/{name}"), named.clone()),
        write(
            "team_member_create",
            Method::POST,
            &format!("teams/{name}/members"),
            json!({ "user": cast.nobody.id, "role": "viewer" }),
        ),
        write("team_member_set", Method::PUT, &format!("teams/{name}/members/{member}"), role.clone()),
        write("project_create", Method::POST, "projects", named.clone()),
        write("project_update", Method::PATCH, &format!("projects/{name}"), named),
        write("project_team_set", Method::PUT, &format!("projects/{name}/teams/{name}"), role),
        write("role_create", Method::POST, "roles", json!({ "name": "New", "permissions": ["teams.view"] })),
        write("role_update", Method::PATCH, "roles/administrator", json!({ "permissions": ["teams.view"] })),
        Write {
            id: "user_update",
            method: Method::PATCH,
            path: format!("/v1/users/{}", cast.a.owner.id),
            body: json!({ "access": "enabled" }),
        },
    ]
}

fn fleet_writes(cast: &Cast) -> Vec<Write> {
    let one = format!("/v1/clusters/{}", cast.a.spoke.cluster.id);
    let fingerprint = cast.asking.administration.as_ref().map(|seen| &seen.fingerprint);
    let listener = json!({ "name": "web", "port": 80, "protocol": "HTTP" });
    vec![
        post("join_token_create", &format!("/v1/hubs/{HUB}/join-tokens"), json!({ "cluster_name": "new" })),
        post(
            "cluster_accept",
            &format!("/v1/clusters/{}/accept", cast.asking.id),
            json!({ "fingerprint": fingerprint }),
        ),
        post("cluster_clean", &format!("{one}/clean"), json!({ "confirm": cast.a.spoke.cluster.name })),
        post("cluster_forget", &format!("{one}/forget"), json!({ "confirm": cast.a.spoke.cluster.name })),
        post("authority_rotate", "/v1/agent-authority/rotation", json!({ "step": "prepare" })),
        Write {
            id: "licence_update",
            method: Method::PUT,
            path: format!("{one}/licence"),
            body: json!({ "pem": "none" }),
        },
        post(
            "gateway_configuration_create",
            &format!("{one}/gateway-configurations"),
            json!({ "name": "New", "class": "edge", "listeners": [listener] }),
        ),
        Write {
            id: "gateway_configuration_update",
            method: Method::PATCH,
            path: format!("/v1/gateway-configurations/{}", cast.a.gateway.id),
            body: json!({ "class": "edge", "listeners": [listener] }),
        },
        Write {
            id: "shared_gateway_update",
            method: Method::PUT,
            path: format!("{one}/shared-gateway"),
            body: json!({ "configuration": cast.a.gateway.id }),
        },
    ]
}

/// E-18: a field that an operation does not have is refused by its name, wherever in the document it stands, even when the
/// site administrator sends it; and nothing is changed.
#[tokio::test(flavor = "multi_thread")]
async fn e_18_unknown_and_forbidden_fields_are_refused() -> Result<()> {
    let cast = Cast::start().await?;
    let writes = writes(&cast);
    let document = Guest::new(&cast, "site", &cast.administrator)?.read("/openapi.json").await?.good()?;
    complete(&document, &writes)?;
    let people = [("site", &cast.administrator), ("A", &cast.a.owner)];
    let before = state(&cast).await?;
    for (name, person) in people {
        let guest = Guest::new(&cast, name, person)?;
        for write in &writes {
            let mut tried = 0;
            for (pointer, body) in spoiled(&write.body, "") {
                let request = guest.api(write.method.clone(), &write.path);
                let request = request.header("if-match", &cast.a.root.etag).json(&body);
                let refused = answer(request).await?;
                let what =
                    format!("{} with {pointer} as {name}: {}: {}", write.id, refused.status, refused.body);
                ensure!(refused.status == StatusCode::BAD_REQUEST, "{what}");
                let errors =
                    refused.json()?.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
                let named = errors
                    .iter()
                    .any(|error| text(error, "pointer").is_some_and(|at| pointer.starts_with(at)));
                ensure!(named && refused.code() == "invalid", "{what}");
                tried += 1;
            }
            ensure!(tried > 10, "only {tried} fields were tried with {}", write.id);
        }
    }
    ensure!(state(&cast).await? == before, "something was changed");
    Ok(())
}

/// Every operation that takes a document is tried.
fn complete(document: &Value, writes: &[Write]) -> Result<()> {
    let paths = document.get("paths").and_then(Value::as_object).context("no paths")?;
    let operations = paths.values().filter_map(Value::as_object).flat_map(Map::values);
    let takes: BTreeSet<&str> = operations
        .filter(|operation| operation.get("requestBody").is_some())
        .filter_map(|operation| text(operation, "operationId"))
        .collect();
    let tried: BTreeSet<&str> = writes.iter().map(|write| write.id).collect();
    ensure!(takes == tried, "operations with a document are {takes:?}, tried are {tried:?}");
    Ok(())
}

/// The document with one field more, for every field that it may not have, in it and in every object within it; each with
/// the place of the field. Maps of the caller's own keys have every field.
fn spoiled(body: &Value, at: &str) -> Vec<(String, Value)> {
    let mut spoiled_bodies = Vec::new();
    match body {
        Value::Object(fields) if !at.ends_with("/labels") => {
            for name in FORBIDDEN.iter().filter(|name| !fields.contains_key(**name) && !allowed(at, name)) {
                let mut with = fields.clone();
                with.insert((*name).to_owned(), json!("owner"));
                spoiled_bodies.push((format!("{at}/{name}"), Value::Object(with)));
            }
            for (name, inner) in fields {
                for (pointer, inner) in spoiled(inner, &format!("{at}/{name}")) {
                    let mut with = fields.clone();
                    with.insert(name.clone(), inner);
                    spoiled_bodies.push((pointer, Value::Object(with)));
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                for (pointer, inner) in spoiled(item, &format!("{at}/{index}")) {
                    let mut with = items.clone();
                    with.splice(index..=index, [inner]);
                    spoiled_bodies.push((pointer, Value::Array(with)));
                }
            }
        }
        _ => {}
    }
    spoiled_bodies
}

/// The plan is chosen by who creates a client organization.
fn allowed(at: &str, name: &str) -> bool {
    at.is_empty() && name == "plan"
}

/// E-18: a page's form changes what the page shows and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn e_18_a_form_sets_only_its_own_fields() -> Result<()> {
    let cast = Cast::start().await?;
    let owner = Guest::new(&cast, "A", &cast.a.owner)?;
    let root = &cast.a.root;
    let one = format!("/v1/organizations/{}", root.id);
    let mut form = vec![
        ("name", root.name.as_str()),
        ("description", "by a form"),
        ("visibility", "private"),
        ("etag", root.etag.as_str()),
        ("slug", "another"),
        ("parent", cast.b.root.slug.as_str()),
    ];
    form.extend(FORBIDDEN.map(|name| (name, "enterprise")));
    let path = format!("/o/{}/settings", root.slug);
    let answer = answer(owner.page(Method::POST, &path).form(&form)).await?;
    ensure!(answer.status == StatusCode::SEE_OTHER, "{}: {}", answer.status, answer.body);
    let after = owner.read(&one).await?.good()?;
    ensure!(text(&after, "description") == Some("by a form"), "{after}");
    for (name, before) in [
        ("id", &root.id),
        ("slug", &root.slug),
        ("plan", &root.plan),
        ("state", &root.state),
        ("kind", &root.kind),
        ("namespace_base", &root.namespace_base),
        ("created_at", &root.created_at),
    ] {
        ensure!(text(&after, name) == Some(before), "{name} was set: {after}");
    }
    ensure!(after.get("parent").is_none() && text(&after, "role") == Some("owner"), "{after}");
    Ok(())
}
