//! Errors: exit codes, what is said, what to type next.

use std::io::{BufRead as _, BufReader, Write as _};

use serde_json::{Value, json};

use crate::support::{Cli, Hub, ended, me, organization, problem};

#[test]
fn every_kind_of_problem_has_its_exit_code_and_a_hint() {
    for (status, code, exit, hint) in [
        (401, "unauthenticated", 4, "BASTIDE_TOKEN"),
        (403, "permission_missing", 5, "bastide permission list"),
        (403, "limit_exceeded", 6, ""),
        (404, "not_found", 3, "bastide organization list"),
        (400, "invalid", 2, ""),
        (409, "slug_taken", 7, "--slug"),
        (410, "gone", 7, ""),
        (412, "stale", 7, "read it again"),
        (428, "match_required", 7, "--if-match"),
        (429, "too_many_attempts", 8, "try again"),
        (500, "internal", 1, ""),
        (503, "unavailable", 1, "try again"),
    ] {
        let hub = Hub::start(move |_, _| problem(status, code));
        let end = Cli::signed_in(&hub).run(&["organization", "get", "acme"]);
        assert_eq!(end.code, exit, "{code}: {end:?}");
        assert_eq!(end.stdout, "", "{code}");
        let first = format!("error: something about {code} ({code})\n");
        assert!(end.stderr.starts_with(&first), "{}", end.stderr);
        assert!(end.stderr.ends_with("request id: req_7\n"), "{}", end.stderr);
        assert_eq!(end.stderr.contains("hint: "), !hint.is_empty(), "{}", end.stderr);
        assert!(end.stderr.contains(hint), "{}", end.stderr);
    }
}

#[test]
fn with_json_the_problem_object_goes_to_standard_error() {
    let hub = Hub::start(|_, _| problem(404, "not_found"));
    let end = Cli::signed_in(&hub).run(&["cluster", "get", "eu-1", "-o", "json"]);
    let written: Value = serde_json::from_str(&end.stderr).unwrap();
    assert_eq!((written["code"].as_str(), written["status"].as_u64()), (Some("not_found"), Some(404)));
    assert!(written["hint"].as_str().unwrap().contains("bastide cluster list"));
    assert_eq!((end.code, end.stdout.as_str()), (3, ""));
}

#[test]
fn fields_and_numbers_of_limits_are_shown() {
    let hub = Hub::start(|_, _| {
        let (status, mut body) = problem(400, "invalid");
        body["errors"] = json!([{"pointer": "/slug", "detail": "a slug has 1 to 40 characters"}]);
        (status, body)
    });
    let end = Cli::signed_in(&hub).run(&["organization", "create", "--name", "Acme", "--slug", "-"]);
    assert!(end.stderr.contains("  /slug: a slug has 1 to 40 characters\n"), "{}", end.stderr);
}

#[test]
fn without_a_token_or_a_hub_signing_in_is_needed() {
    let end = Cli::new().run(&["cluster", "list"]);
    assert_eq!(end.code, 4);
    assert!(end.stderr.contains("hint: bastide login --server https://"), "{}", end.stderr);
    let hub = Hub::start(|_, _| problem(500, "internal"));
    let end = Cli::new().run(&["cluster", "list", "--server", &hub.url()]);
    assert_eq!(end.code, 4);
    assert!(end.stderr.contains(&format!("hint: bastide login --server {}", hub.url())), "{}", end.stderr);
    assert!(hub.lines().is_empty());
}

#[test]
fn a_token_is_never_sent_in_the_clear() {
    let cli = Cli::new().with("BASTIDE_TOKEN", "secret-token");
    let end = cli.run(&["cluster", "list", "--server", "http://hub.example.org"]);
    assert_eq!(end.code, 2);
    assert!(end.stderr.contains("localhost only"), "{}", end.stderr);
}

#[test]
fn a_hub_that_is_not_there_and_one_that_is_no_hub() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let cli = Cli::new().with("BASTIDE_TOKEN", "secret-token");
    let end = cli.run(&["cluster", "list", "--server", &format!("http://{free}")]);
    assert_eq!(end.code, 1);
    assert!(end.stderr.contains("no connection") && end.stderr.contains("hint: "), "{}", end.stderr);
    let hub = Hub::start(|_, _| (502, "<h1>Bad gateway</h1>".into()));
    let end = Cli::signed_in(&hub).run(&["cluster", "list"]);
    assert_eq!(end.code, 1);
    assert!(end.stderr.contains("unexpected answer 502"), "{}", end.stderr);
    assert!(end.stderr.contains("request id: req_7"), "{}", end.stderr);
    let hub = Hub::start(|_, _| (200, json!({"unknown": true})));
    let end = Cli::signed_in(&hub).run(&["cluster", "list"]);
    assert_eq!(end.code, 1);
    assert!(end.stderr.contains("cannot be read as the API's version 1"), "{}", end.stderr);
}

#[test]
fn usage_errors_are_2_and_help_is_0() {
    let cli = Cli::new();
    for wrong in [
        &["nonsense"][..],
        &["organization", "frobnicate"],
        &["cluster", "accept", "eu-1"],
        &["token", "create", "ci", "--days", "367"],
        &["join-token", "create", "eu-1", "--minutes", "0"],
        &["gateway", "create", "eu-1", "--name", "x", "--class", "c", "--listener", "web"],
        &["organization", "update", "acme"],
        &[],
    ] {
        let end = cli.run(wrong);
        assert_eq!((end.code, end.stdout.as_str()), (2, ""), "{wrong:?}");
        assert!(!end.stderr.is_empty(), "{wrong:?}");
    }
    let end = cli.run(&["--help"]);
    assert_eq!((end.code, end.stderr.as_str()), (0, ""));
    assert!(end.stdout.contains("Exit codes:"), "{}", end.stdout);
}

/// An answer that was lost on its way is asked for once more, under the same key, so that the hub does nothing twice.
#[test]
fn a_lost_answer_is_asked_for_once_more() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let hub = std::thread::spawn(move || {
        let read = |stream: &std::net::TcpStream| {
            let lines: Vec<_> = BufReader::new(stream)
                .lines()
                .map(Result::unwrap)
                .take_while(|line| !line.is_empty())
                .collect();
            lines.into_iter().find(|line| line.starts_with("idempotency-key: ")).unwrap()
        };
        let first = read(&listener.accept().unwrap().0);
        let (mut stream, _) = listener.accept().unwrap();
        let second = read(&stream);
        let body = organization("acme").to_string();
        let head =
            format!("HTTP/1.1 201 Created\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all((head + &body).as_bytes()).unwrap();
        (first, second)
    });
    let cli = Cli::new().with("BASTIDE_TOKEN", "secret-token").with("BASTIDE_SERVER", &server);
    let end = cli.run(&["organization", "create", "--name", "Acme", "-o", "name"]);
    assert_eq!((end.code, end.stdout.as_str()), (0, "acme\n"), "{end:?}");
    let (first, second) = hub.join().unwrap();
    assert_eq!(first, second);
}

#[test]
fn an_own_authority_is_trusted_when_it_is_given() {
    let (hub, authority) = Hub::start_tls(|_, _| me());
    let cli = Cli::new().with("BASTIDE_TOKEN", "secret-token").with("BASTIDE_SERVER", &hub.url());
    let (own, other) = (cli.directory.path().join("own.pem"), cli.directory.path().join("other.pem"));
    std::fs::write(&own, authority).unwrap();
    std::fs::write(&other, Hub::start_tls(|_, _| me()).1).unwrap();
    // What the system trusts is another authority.
    let cli = cli.with("SSL_CERT_FILE", other.to_str().unwrap());
    let end = cli.run(&["whoami"]);
    assert_eq!(end.code, 1, "{end:?}");
    assert!(
        end.stderr.contains("certificate is not trusted") && end.stderr.contains("--ca-file"),
        "{}",
        end.stderr
    );
    assert_eq!(cli.run(&["whoami", "-o", "name", "--ca-file", "own.pem"]).stdout, "ada@example.org\n");
    // The context keeps it, wherever one types next.
    let end = cli.run_with_input(&["login", "--token-stdin", "--ca-file", "own.pem"], "secret-token");
    assert_eq!(end.code, 0, "{end:?}");
    let kept = std::fs::read_to_string(cli.config()).unwrap();
    assert!(kept.contains(own.to_str().unwrap()), "{kept}");
    assert_eq!(cli.run(&["whoami"]).code, 0);
}

#[test]
fn a_name_that_would_change_the_path_is_not_sent() {
    let hub = Hub::start(|_, _| problem(500, "internal"));
    let end = Cli::signed_in(&hub).run(&["token", "delete", ".."]);
    assert_eq!(end.code, 2, "{end:?}");
    assert!(hub.lines().is_empty());
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_130() {
    let hub = Hub::start(|_, _| problem(404, "not_found"));
    let child = Cli::signed_in(&hub).start(&["cluster", "get", "eu-1", "--wait", "available"]);
    hub.wait_for(1);
    let killed = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    assert_eq!(ended(child).code, 130);
}
