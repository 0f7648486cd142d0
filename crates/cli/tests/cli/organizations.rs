//! Organizations: entity tags, confirmation, client organizations, waiting.

use serde_json::{Value, json};

use crate::support::{Answer, Cli, Hub, Seen, organization, page, problem};

fn acme_hub(seen: &Seen, before: usize) -> Answer {
    match (seen.line.as_str(), before) {
        ("GET /v1/organizations/acme", _) => (200, organization("acme")),
        ("PATCH /v1/organizations/org_acme", _) => {
            if seen.headers["if-match"] != "\"7\"" {
                return problem(412, "stale");
            }
            let mut changed = organization("acme");
            changed["name"] = seen.body["name"].clone();
            (200, changed)
        }
        ("DELETE /v1/organizations/org_acme", _) => {
            let mut deleting = organization("acme");
            deleting["state"] = "deleting".into();
            if seen.headers["if-match"] == "\"7\"" && seen.query["confirm"] == "acme" {
                (202, deleting)
            } else {
                problem(412, "stale")
            }
        }
        ("GET /v1/organizations/org_acme", 0) => {
            let mut deleting = organization("acme");
            deleting["state"] = "deleting".into();
            (200, deleting)
        }
        ("GET /v1/organizations/org_acme/placements", _) => page([placement(2, "False")], None),
        _ => problem(404, "not_found"),
    }
}

fn placement(observed: i64, ready: &str) -> Value {
    json!({
        "cluster": "cls_1", "cluster_name": "eu-1", "availability": "available", "gateway": {"kind": "shared"},
        "namespaces": ["acme"], "generation": 3, "observed_generation": observed,
        "conditions": [{
            "type": "Ready", "status": ready, "reason": "Reconciling", "message": "2 of 9 objects",
            "observed_generation": observed, "last_transition_at": "2026-01-01T00:00:00Z"
        }],
        "objects": []
    })
}

#[test]
fn a_change_carries_the_entity_tag_that_was_read() {
    let hub = Hub::start(acme_hub);
    let cli = Cli::signed_in(&hub);
    let end = cli.run(&["organization", "update", "acme", "--name", "New", "-o", "json"]);
    assert_eq!(end.code, 0, "{end:?}");
    assert_eq!(hub.lines(), ["GET /v1/organizations/acme", "PATCH /v1/organizations/org_acme"]);
    assert_eq!(hub.seen()[1].body, json!({"name": "New"}));
    let end = cli.run(&["organization", "update", "acme", "--name", "New", "--if-match", "\"6\""]);
    assert_eq!(end.code, 7, "{end:?}");
    assert_eq!(hub.seen()[3].headers["if-match"], "\"6\"");
}

#[test]
fn the_organization_one_acts_on_is_used_when_none_is_named() {
    let hub = Hub::start(acme_hub);
    let cli = Cli::signed_in(&hub).with("BASTIDE_ORG", "acme");
    assert_eq!(cli.run(&["org", "get", "-o", "name"]).stdout, "acme\n");
    let end = Cli::signed_in(&hub).run(&["org", "get"]);
    assert_eq!(end.code, 2);
    assert!(end.stderr.contains("BASTIDE_ORG"), "{}", end.stderr);
}

#[test]
fn deletion_is_confirmed_by_the_slug_and_can_be_waited_for() {
    let hub = Hub::start(acme_hub);
    let cli = Cli::signed_in(&hub);
    let end = cli.run(&["organization", "delete", "acme"]);
    assert_eq!(end.code, 2);
    assert!(end.stderr.contains("hint: bastide organization delete acme --confirm acme"), "{}", end.stderr);
    assert_eq!(cli.run(&["organization", "delete", "acme", "--confirm", "acne"]).code, 2);
    assert!(!hub.lines().iter().any(|line| line.starts_with("DELETE")));
    let end = cli.run(&["organization", "delete", "acme", "--confirm", "acme", "--wait", "-o", "json"]);
    assert_eq!(end.code, 0, "{end:?}");
    assert_eq!(serde_json::from_str::<Value>(&end.stdout).unwrap()["state"], "deleted");
    assert!(end.stderr.contains("deleting; cluster eu-1 is available"), "{}", end.stderr);
    assert!(end.stderr.contains("is gone"), "{}", end.stderr);
}

const CREATE: &[&str] = &[
    "organization",
    "create-client",
    "--from",
    "root",
    "--name",
    "Acme",
    "--annotation",
    "team=a",
    "--new-administrator",
    "bob@example.org",
    "--new-administrator-name",
    "Bob",
    "--password-stdin",
    "--spoke",
    "eu-1",
    "--node-label",
    "pool=gold",
    "--toleration",
    "pool=gold:NoSchedule",
    "--gateway",
    "edge",
];

fn creating_hub(seen: &Seen, before: usize) -> Answer {
    match (seen.line.as_str(), before) {
        ("GET /v1/hubs", _) => page([json!({"id": "hub_1", "slug": "main", "name": "Main"})], None),
        ("POST /v1/client-organizations", _) => (201, organization("acme")),
        ("GET /v1/organizations/org_acme/placements", 0) => page([], None),
        ("GET /v1/organizations/org_acme/placements", 1) => page([placement(2, "True")], None),
        ("GET /v1/organizations/org_acme/placements", 2) => problem(503, "unavailable"),
        ("GET /v1/organizations/org_acme/placements", 3) => page([placement(3, "False")], None),
        ("GET /v1/organizations/org_acme/placements", _) => page([placement(3, "True")], None),
        _ => problem(404, "not_found"),
    }
}

#[test]
fn a_client_organization_in_one_command() {
    let hub = Hub::start(creating_hub);
    let args = [CREATE, &["--wait", "-o", "json"]].concat();
    let end = Cli::signed_in(&hub).run_with_input(&args, "correct horse battery\n");
    assert_eq!(end.code, 0, "{end:?}");
    assert_eq!(serde_json::from_str::<Value>(&end.stdout).unwrap()["slug"], "acme");
    let create = &hub.seen()[1];
    assert_eq!(
        create.body,
        json!({
            "acting_from": "root", "name": "Acme", "annotations": {"team": "a"},
            "administrator": {"kind": "new", "account": {
                "email": "bob@example.org", "name": "Bob", "password": "correct horse battery"
            }},
            "hub": "main", "spoke": "eu-1",
            "node_pool": {"labels": {"pool": "gold"}, "tolerations": ["pool=gold:NoSchedule"]},
            "gateway": {"kind": "dedicated", "configuration": "edge"}
        })
    );
    assert!(!create.headers["idempotency-key"].is_empty());
    // Ready at an older generation does not count, and a hub that is away for a moment is waited for.
    assert_eq!(hub.lines().iter().filter(|line| line.ends_with("/placements")).count(), 5);
    assert!(!end.stderr.contains("correct horse"), "{}", end.stderr);
}

#[test]
fn waiting_ends_with_8_and_says_how_it_stands() {
    let hub = Hub::start(|seen, before| match creating_hub(seen, before) {
        (200, _) if seen.line.ends_with("/placements") => page([placement(2, "False")], None),
        other => other,
    });
    let args = [CREATE, &["--wait", "--timeout", "3s"]].concat();
    let end = Cli::signed_in(&hub).run_with_input(&args, "correct horse battery");
    assert_eq!(end.code, 8, "{end:?}");
    assert!(end.stdout.contains("acme"), "{}", end.stdout);
    assert!(
        end.stderr.contains("generation 2 of 3") && end.stderr.contains("2 of 9 objects"),
        "{}",
        end.stderr
    );
}

fn preconditions() -> Value {
    json!([
        {"name": "slug_free", "step": 1, "outcome": "met", "message": "`acme` is free."},
        {"name": "spoke_available", "step": 2, "outcome": "failed", "message": "`eu-1` is unknown."},
        {"name": "spoke_licensed", "step": 2, "outcome": "failed", "message": "`eu-1` has no active licence."},
        {"name": "gateway_available", "step": 3, "outcome": "not_chosen", "message": "Not chosen yet."}
    ])
}

#[test]
fn every_precondition_is_named_with_what_to_type() {
    let hub = Hub::start(|seen, before| {
        if seen.line != "POST /v1/client-organizations" {
            return creating_hub(seen, before);
        }
        let (status, mut body) = problem(409, "preconditions_failed");
        body["preconditions"] = preconditions();
        (status, body)
    });
    let end = Cli::signed_in(&hub).run_with_input(CREATE, "correct horse battery");
    assert_eq!(end.code, 7);
    insta::assert_snapshot!(end.stderr, @r"
    error: 2 of 4 preconditions do not hold (preconditions_failed)
      slug_free: met: `acme` is free.
      spoke_available: failed: `eu-1` is unknown.
      spoke_licensed: failed: `eu-1` has no active licence.
      gateway_available: not_chosen: Not chosen yet.
    hint: look at the cluster: bastide cluster get <cluster>
    hint: upload a licence: bastide licence upload <cluster> <file>
    request id: req_7
    ");
}

#[test]
fn a_dry_run_checks_and_creates_nothing() {
    let hub = Hub::start(|seen, before| match seen.line.as_str() {
        "POST /v1/client-organizations/check" => {
            (200, json!({"possible": false, "preconditions": preconditions()}))
        }
        _ => creating_hub(seen, before),
    });
    let cli = Cli::signed_in(&hub);
    let args = ["organization", "create-client", "--dry-run", "--from", "root", "--name", "Acme Corp"];
    let end = cli.run(&args);
    assert_eq!(end.code, 7, "{end:?}");
    assert!(
        end.stdout.lines().nth(3).unwrap().starts_with("2     spoke_licensed     failed"),
        "{}",
        end.stdout
    );
    assert!(
        end.stderr.contains("2 of 4 preconditions") && end.stderr.contains("licence upload"),
        "{}",
        end.stderr
    );
    assert_eq!(
        hub.seen()[1].body,
        json!({"acting_from": "root", "slug": "acme-corp", "hub": "main", "gateway": {"kind": "shared"}})
    );
    assert!(!hub.lines().contains(&"POST /v1/client-organizations".to_owned()));
    let end = cli.run(&[&args[..], &["-o", "json"]].concat());
    assert_eq!(serde_json::from_str::<Value>(&end.stdout).unwrap()["possible"], false);
}

#[test]
fn what_is_missing_is_asked_for_before_anything_is_sent() {
    let hub = Hub::start(creating_hub);
    let end = Cli::signed_in(&hub).run(&["organization", "create-client", "--from", "root"]);
    assert_eq!(end.code, 2);
    for flag in ["--name", "--administrator", "--spoke"] {
        assert!(end.stderr.contains(flag), "{flag}: {}", end.stderr);
    }
    let with_pool = ["--spoke", "eu-1", "--name", "A", "--administrator", "a@b.c", "--toleration", "x"];
    let end = Cli::signed_in(&hub).run(&[&["organization", "create-client"][..], &with_pool].concat());
    assert_eq!(end.code, 2);
    assert!(end.stderr.contains("--node-label"), "{}", end.stderr);
    assert!(hub.lines().is_empty());
}

#[test]
fn a_cluster_is_waited_for_from_before_it_asks() {
    let hub = Hub::start(|_, before| {
        let membership = if before < 2 { "requested" } else { "joined" };
        let cluster = json!({
            "id": "cls_1", "name": "eu-1", "hub": "hub_1", "membership": membership, "availability": "available",
            "kubernetes_version": "v1.36.0", "agent_version": "0.1.0", "nodes": 3, "nodes_ready": 3,
            "capabilities": [], "conditions": [], "requested_at": "2026-01-01T00:00:00Z", "actions": []
        });
        if before == 0 { problem(404, "not_found") } else { (200, cluster) }
    });
    let end = Cli::signed_in(&hub).run(&["cluster", "get", "eu-1", "--wait", "available", "-o", "name"]);
    assert_eq!((end.code, end.stdout.as_str()), (0, "eu-1\n"), "{end:?}");
    assert!(
        end.stderr.contains("not asked to join yet") && end.stderr.contains("accepted"),
        "{}",
        end.stderr
    );
}

fn moving_hub(seen: &Seen, _: usize) -> Answer {
    match seen.line.as_str() {
        "POST /v1/organizations/acme/move/preview" => (
            200,
            json!({
                "organization": {"id": "org_acme", "slug": "acme", "name": "Acme"},
                "to": seen.body["parent"].as_str().map(|to| json!({"id": "org_up", "slug": to, "name": "Up"})),
                "organizations": 21, "depth": 3, "changes_left_out": 2,
                "changes": [{
                    "user": "usr_1", "email": "ada@example.org", "name": "Ada", "role_before": "owner",
                    "gained": [], "lost": ["organizations.view"], "organizations_total": 21,
                    "organizations": [{"id": "org_acme", "slug": "acme", "name": "Acme"}]
                }],
                "etag": "\"7\""
            }),
        ),
        "POST /v1/organizations/org_acme/move" if seen.headers["if-match"] == "\"7\"" => {
            (200, organization("acme"))
        }
        "GET /v1/organizations/acme/deletion" => (
            200,
            json!({
                "organization": {"id": "org_acme", "slug": "acme", "name": "Acme"}, "state": "active",
                "possible": false, "blockers_unnamed": 1, "etag": "\"7\"",
                "blockers": [{"kind": "organization", "id": "org_1", "slug": "rail", "name": "Rail",
                    "link": "/v1/organizations/org_1"}]
            }),
        ),
        _ => problem(412, "stale"),
    }
}

/// HIER-4: who gains and who loses what is shown before anything moves, and the slug is typed once more.
#[test]
fn hier_4_a_move_shows_its_preview_and_is_confirmed_by_the_slug() {
    let hub = Hub::start(moving_hub);
    let cli = Cli::signed_in(&hub);
    let end = cli.run(&["organization", "move", "acme", "--to", "up", "--preview"]);
    assert_eq!(end.code, 0, "{end:?}");
    for shown in ["ada@example.org", "organizations.view", "acme,20 more", "Changes left out:"] {
        assert!(end.stdout.contains(shown), "{shown}: {}", end.stdout);
    }
    let end = cli.run(&["organization", "move", "acme", "--to", "up"]);
    assert_eq!(end.code, 2, "{end:?}");
    assert!(end.stdout.contains("ada@example.org"), "{}", end.stdout);
    let hint = "hint: bastide organization move acme --to up --confirm acme";
    assert!(end.stderr.contains(hint), "{}", end.stderr);
    assert_eq!(cli.run(&["organization", "move", "acme", "--to-root", "--confirm", "acne"]).code, 2);
    for (wrong, what) in [
        (&["organization", "move", "acme"][..], "nowhere"),
        (&["organization", "move", "acme", "--to", "up", "--to-root"], "two places"),
        (&["organization", "move", "acme", "--to-root", "--preview", "--confirm", "acme"], "both"),
    ] {
        assert_eq!(cli.run(wrong).code, 2, "{what}");
    }
    assert!(hub.lines().iter().all(|line| line.ends_with("/preview")), "{:?}", hub.lines());
    for (to, parent) in [(&["--to", "up"][..], json!("up")), (&["--to-root"], Value::Null)] {
        let command = [&["organization", "move", "acme", "--confirm", "acme", "-o", "name"], to].concat();
        assert_eq!(cli.run(&command).stdout, "acme\n");
        let last = hub.seen().pop().unwrap();
        assert_eq!(
            (last.line.as_str(), &last.body),
            ("POST /v1/organizations/org_acme/move", &json!({"parent": parent}))
        );
    }
    let late = ["organization", "move", "acme", "--to-root", "--confirm", "acme", "--if-match", "\"6\""];
    assert_eq!(cli.run(&late).code, 7);
}

/// ORG-8: what is in the way of a deletion can be asked for.
#[test]
fn org_8_blockers_are_listed() {
    let hub = Hub::start(moving_hub);
    let end = Cli::signed_in(&hub).run(&["organization", "blockers", "acme"]);
    assert_eq!(end.code, 0, "{end:?}");
    for shown in ["Can be deleted:", "no", "organization", "rail", "Others that block:", "1"] {
        assert!(end.stdout.contains(shown), "{shown}: {}", end.stdout);
    }
}
