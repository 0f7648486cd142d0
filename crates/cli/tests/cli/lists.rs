//! Lists: pages, formats, and readers that go away.

use serde_json::{Value, json};

use crate::support::{Cli, Hub, organization, page, problem};

fn three_pages() -> Hub {
    Hub::start(|seen, _| match seen.query.get("page_token").map(String::as_str) {
        None => page([organization("a"), organization("b")], Some("two")),
        Some("two") => page([organization("c")], Some("three")),
        Some("three") => page([organization("d")], None),
        _ => problem(400, "invalid"),
    })
}

#[test]
fn all_pages_are_read_in_order() {
    let hub = three_pages();
    let end = Cli::signed_in(&hub).run(&["organization", "list", "-o", "name", "--search", "x"]);
    assert_eq!((end.code, end.stdout.as_str(), end.stderr.as_str()), (0, "a\nb\nc\nd\n", ""));
    let seen = hub.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|one| one.query["search"] == "x" && one.query["page_size"] == "200"));
    assert!(seen.iter().all(|one| one.headers["authorization"] == "Bearer secret-token"));
}

#[test]
fn a_limit_reads_no_more_than_needed() {
    let hub = three_pages();
    let end = Cli::signed_in(&hub).run(&["organization", "list", "-o", "name", "--limit", "3"]);
    assert_eq!(end.stdout, "a\nb\nc\n");
    assert_eq!(hub.seen().len(), 2);
    assert_eq!(hub.seen()[0].query["page_size"], "3");
}

#[test]
fn a_cursor_that_does_not_move_is_an_error() {
    let hub = Hub::start(|_, _| page([organization("a")], Some("same")));
    let end = Cli::signed_in(&hub).run(&["organization", "list"]);
    assert_eq!(end.code, 1);
    assert!(end.stderr.contains("page_token twice"), "{}", end.stderr);
    assert_eq!(hub.seen().len(), 2);
}

#[test]
fn the_formats() {
    let hub = three_pages();
    let cli = Cli::signed_in(&hub);
    let table = cli.run(&["organization", "list", "--limit", "1"]);
    assert_eq!(
        table.stdout,
        "SLUG  NAME  KIND  PLAN  STATE   ROLE   CREATED\na     A     work  base  active  owner  2026-01-01T00:00:00Z\n"
    );
    let bare = cli.run(&["organization", "list", "--limit", "1", "--no-headers"]);
    assert_eq!(bare.stdout, "a  A  work  base  active  owner  2026-01-01T00:00:00Z\n");
    let json: Vec<Value> =
        serde_json::from_str(&cli.run(&["organization", "list", "-o", "json"]).stdout).unwrap();
    assert_eq!(json, ["a", "b", "c", "d"].map(organization));
    let yaml = cli.run(&["organization", "list", "-o", "yaml", "--limit", "1"]).stdout;
    let yaml: Vec<Value> = serde_saphyr::from_str(&yaml).unwrap();
    assert_eq!(yaml, [organization("a")]);
}

#[test]
fn nothing_is_said_on_standard_error_only() {
    let hub = Hub::start(|_, _| page([], None));
    let cli = Cli::signed_in(&hub);
    let end = cli.run(&["cluster", "list"]);
    assert_eq!((end.code, end.stdout.as_str()), (0, ""));
    assert!(end.stderr.contains("bastide join-token create"), "{}", end.stderr);
    assert_eq!(cli.run(&["cluster", "list", "-q"]).stderr, "");
    assert_eq!(cli.run(&["cluster", "list", "-o", "json"]).stdout, "[]\n");
}

#[test]
fn text_from_outside_cannot_control_the_terminal() {
    let hub = Hub::start(|_, _| {
        let mut evil = organization("a");
        evil["name"] = "\u{1b}]0;owned\u{7}".into();
        page([evil], None)
    });
    let end = Cli::signed_in(&hub).run(&["organization", "list"]);
    assert!(!end.stdout.contains('\u{1b}') && !end.stdout.contains('\u{7}'), "{:?}", end.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    // The script is longer than the buffer of a pipe, so that the program meets the closed end for certain.
    let mut child = Cli::new().start(&["completion", "bash"]);
    drop(child.stdout.take());
    let end = crate::support::ended(child);
    assert_eq!((end.code, end.stderr.as_str()), (0, ""));
    assert!(Cli::new().run(&["completion", "bash"]).stdout.len() > 65_536);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bastide"))
        .args(["completion", "zsh"])
        .stdout(std::fs::File::options().write(true).open("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("standard output cannot be written"));
}

#[test]
fn what_the_api_knows_by_id_is_found_by_name() {
    let hub = Hub::start(|seen, _| match seen.line.as_str() {
        "GET /v1/users" => {
            assert_eq!(seen.query["search"], "Ada@example.org");
            let user = |id: &str, email: &str| json!({"id": id, "email": email, "name": "Ada", "access": "enabled", "created_at": ""});
            page([user("usr_2", "xada@example.org"), user("usr_1", "ada@example.org")], None)
        }
        "GET /v1/clusters/eu-1/gateway-configurations" => page(
            [json!({
                "id": "gwc_1", "cluster": "cls_1", "slug": "edge", "name": "Edge", "class": "nginx",
                "listeners": [{"name": "web", "port": 443, "protocol": "HTTPS"}],
                "addresses": [], "certificates": "gateway", "shared": false, "created_at": "", "etag": "\"1\""
            })],
            None,
        ),
        "DELETE /v1/gateway-configurations/gwc_1" => (204, "".into()),
        _ => problem(404, "not_found"),
    });
    let cli = Cli::signed_in(&hub);
    let user = cli.run(&["user", "get", "Ada@example.org", "-o", "json"]).stdout;
    assert_eq!(serde_json::from_str::<Value>(&user).unwrap()["id"], "usr_1");
    let end = cli.run(&["gateway", "list", "eu-1", "--no-headers"]);
    assert_eq!(end.stdout, "edge  Edge  nginx  web:443:HTTPS  no  gwc_1\n");
    assert_eq!(cli.run(&["gateway", "delete", "edge", "--cluster", "eu-1"]).code, 0);
    assert_eq!(cli.run(&["gateway", "delete", "egde", "--cluster", "eu-1"]).code, 3);
}
