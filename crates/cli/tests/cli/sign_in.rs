//! Signing in and out: device code, browser, token; contexts and the file that keeps them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::support::{Answer, Cli, Hub, Seen, ended, me, problem};

fn token(seen: &Seen) -> Answer {
    let kept = json!({
        "id": "tok_1", "name": "bastide", "prefix": "bst_ab", "permissions": [],
        "created_at": "2026-01-01T00:00:00Z", "expires_at": "2027-01-01T00:00:00Z"
    });
    assert!(!seen.headers.contains_key("authorization"));
    (200, json!({"secret": "issued-secret", "token": kept}))
}

fn device_hub(port: u16, seen: &Seen, before: usize) -> Answer {
    match (seen.line.as_str(), before) {
        ("POST /v1/device-authorizations", _) => {
            let page = format!("http://127.0.0.1:{port}/device");
            (
                200,
                json!({
                    "device_code": "dev-1", "user_code": "ABCD-EFGH", "verification_uri": page,
                    "verification_uri_complete": format!("{page}?user_code=ABCD-EFGH"), "expires_in": 600, "interval": 1
                }),
            )
        }
        ("POST /v1/login-tokens", 0) => problem(400, "authorization_pending"),
        ("POST /v1/login-tokens", 1) => problem(400, "slow_down"),
        ("POST /v1/login-tokens", _) => token(seen),
        ("GET /v1/me", _) => me(),
        ("DELETE /v1/me/tokens/tok_1", _) => (204, Value::String(String::new())),
        _ => problem(404, "not_found"),
    }
}

#[test]
fn a_device_is_signed_in_as_slowly_as_the_hub_wants_and_out_again() {
    let hub = Hub::start(|seen, before| device_hub(1, seen, before));
    let cli = Cli::new();
    let end = cli.run(&["login", "--device", "--server", &hub.url(), "--context", "work"]);
    assert_eq!((end.code, end.stdout.as_str()), (0, ""), "{end:?}");
    assert!(end.stderr.contains("ABCD-EFGH") && end.stderr.contains("ada@example.org"), "{}", end.stderr);
    assert!(!end.stderr.contains("issued-secret"));
    let asked: Vec<_> = hub.seen().into_iter().filter(|seen| seen.line.ends_with("login-tokens")).collect();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].body, json!({"grant": "device_code", "device_code": "dev-1"}));
    let pause = |a: usize, b: usize| (asked[b].at - asked[a].at).as_secs_f64();
    assert!(pause(0, 1) >= 0.9, "{}", pause(0, 1));
    assert!(pause(1, 2) >= 5.9, "{}", pause(1, 2));
    signed_in_then_out(&hub, &cli);
}

fn signed_in_then_out(hub: &Hub, cli: &Cli) {
    let end = cli.run(&["whoami", "-o", "json"]);
    let who: Value = serde_json::from_str(&end.stdout).unwrap();
    assert_eq!(
        (who["context"].as_str(), who["user"]["email"].as_str()),
        (Some("work"), Some("ada@example.org"))
    );
    assert_eq!(hub.seen().last().unwrap().headers["authorization"], "Bearer issued-secret");
    let kept = std::fs::read_to_string(cli.config()).unwrap();
    assert!(kept.contains("issued-secret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(cli.config()).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(cli.run(&["logout"]).code, 0);
    assert_eq!(hub.lines().last().unwrap(), "DELETE /v1/me/tokens/tok_1");
    assert!(!std::fs::read_to_string(cli.config()).unwrap().contains("issued-secret"));
    assert_eq!(cli.run(&["whoami"]).code, 4);
    assert_eq!(cli.run(&["logout"]).code, 4);
}

#[test]
fn a_refused_device_needs_signing_in() {
    let hub = Hub::start(|seen, before| match seen.line.as_str() {
        "POST /v1/login-tokens" => problem(400, "access_denied"),
        _ => device_hub(1, seen, before),
    });
    let cli = Cli::new();
    let end = cli.run(&["login", "--device", "--server", &hub.url()]);
    assert_eq!(end.code, 4, "{end:?}");
    assert!(!cli.config().exists());
}

/// What the person's browser does: follows the address, and comes back to the program.
fn come_back(address: &str, answer: &str) -> String {
    let url: url::Url = address.parse().unwrap();
    let find = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(url.path(), "/login/cli");
    assert_eq!(find("challenge").len(), 43);
    assert!(find("name").starts_with("bastide on "));
    let mut stream = TcpStream::connect(("127.0.0.1", find("port").parse().unwrap())).unwrap();
    let path = format!("/callback?{answer}&state={}", find("state"));
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n").as_bytes()).unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn browser_hub() -> Hub {
    Hub::start(|seen, _| match seen.line.as_str() {
        "POST /v1/login-tokens" if seen.body["code"] == "the-code" => token(seen),
        "GET /v1/me" => me(),
        _ => problem(404, "not_found"),
    })
}

/// Runs `login`, plays the browser with the address that is shown, and gives the page and the end.
fn through_the_browser(cli: &Cli, hub: &Hub, answer: &'static str) -> (String, crate::support::Ended) {
    let mut child = cli.start(&["login", "--no-browser", "--server", &hub.url()]);
    let stderr = child.stderr.take().unwrap();
    let (sender, receiver) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        for line in BufReader::new(stderr).lines() {
            let line = line.unwrap();
            if let Some((_, address)) = line.split_once("this machine: ") {
                sender.send(address.to_owned()).unwrap();
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    });
    let page = come_back(&receiver.recv().unwrap(), answer);
    let mut end = ended(child);
    end.stderr = reader.join().unwrap();
    (page, end)
}

#[test]
fn a_browser_brings_a_code_that_only_the_program_can_exchange() {
    let (hub, cli) = (browser_hub(), Cli::new());
    let (page, end) = through_the_browser(&cli, &hub, "code=the-code");
    assert_eq!(end.code, 0, "{end:?}");
    assert!(page.contains("You are signed in"), "{page}");
    let exchange = &hub.seen()[0].body;
    assert_eq!(exchange["grant"], "authorization_code");
    assert_eq!(exchange["verifier"].as_str().unwrap().len(), 43);
    let contexts: Vec<Value> =
        serde_json::from_str(&cli.run(&["context", "list", "-o", "json"]).stdout).unwrap();
    assert_eq!(contexts[0]["name"], format!("127.0.0.1:{}", hub.port()));
    assert_eq!(
        (contexts[0]["current"].as_bool(), contexts[0]["signed_in"].as_bool()),
        (Some(true), Some(true))
    );
}

#[test]
fn a_browser_can_refuse() {
    let (hub, cli) = (browser_hub(), Cli::new());
    let (page, end) = through_the_browser(&cli, &hub, "error=access_denied");
    assert_eq!(end.code, 4, "{end:?}");
    assert!(page.contains("not let in"), "{page}");
    assert!(hub.lines().is_empty());
}

#[cfg(unix)]
#[test]
fn the_browser_of_the_environment_is_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let (hub, cli) = (browser_hub(), Cli::new());
    let (script, opened) = (cli.directory.path().join("browser"), cli.directory.path().join("opened"));
    std::fs::write(
        &script,
        format!("#!/bin/sh\nprintf %s \"$1\" > {}.part && mv {0}.part {0}\n", opened.display()),
    )
    .unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let cli = cli.with("BROWSER", script.to_str().unwrap()).with("PATH", "/usr/bin:/bin");
    let mut child = cli.start(&["login", "--server", &hub.url()]);
    let mut first = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    stderr.read_line(&mut first).unwrap();
    assert!(first.starts_with("Go on in your browser"), "{first}");
    let address = std::iter::repeat_with(|| std::fs::read_to_string(&opened).ok()).find_map(|text| {
        std::thread::yield_now();
        text
    });
    come_back(&address.unwrap(), "code=the-code");
    assert_eq!(ended(child).code, 0);
}

#[test]
fn a_token_comes_from_standard_input_and_is_tried_first() {
    let hub = Hub::start(|seen, _| match seen.headers.get("authorization").map(String::as_str) {
        Some("Bearer good") => me(),
        _ => problem(401, "unauthenticated"),
    });
    let cli = Cli::new();
    let args = ["login", "--token-stdin", "--server", &hub.url()];
    assert_eq!(cli.run_with_input(&args, "").code, 2);
    assert_eq!(cli.run_with_input(&args, "bad\n").code, 4);
    assert!(!cli.config().exists());
    let end = cli.run_with_input(&args, "good\n");
    assert_eq!(end.code, 0, "{end:?}");
    assert_eq!(cli.run(&["whoami", "-o", "name"]).stdout, "ada@example.org\n");
    // It was made elsewhere, so it is forgotten and not withdrawn.
    let end = cli.run(&["logout"]);
    assert_eq!(end.code, 0);
    assert!(end.stderr.contains("still works"), "{}", end.stderr);
    assert!(!hub.lines().iter().any(|line| line.starts_with("DELETE")));
}

#[test]
fn contexts_are_chosen_and_keep_an_organization() {
    let (one, two) = (Hub::start(|_, _| me()), Hub::start(|_, _| me()));
    let cli = Cli::new();
    for (hub, name) in [(&one, "one"), (&two, "two")] {
        let args = ["login", "--token-stdin", "--server", &hub.url(), "--context", name];
        assert_eq!(cli.run_with_input(&args, &format!("token-{name}")).code, 0);
    }
    let whoami = |args: &[&str]| {
        let end = cli.run(&[&["whoami", "-o", "json"], args].concat());
        serde_json::from_str::<Value>(&end.stdout).unwrap_or_else(|_| panic!("{end:?}"))
    };
    assert_eq!(whoami(&[])["context"], "two");
    assert_eq!(whoami(&["--context", "one"])["context"], "one");
    assert_eq!(one.seen().last().unwrap().headers["authorization"], "Bearer token-one");
    assert_eq!(cli.run(&["context", "use", "one", "--organization", "acme"]).code, 0);
    assert_eq!(whoami(&[])["organization"], "acme");
    // A token belongs to its server.
    assert_eq!(cli.run(&["whoami", "--server", &two.url()]).code, 4);
    assert_eq!(cli.run(&["context", "show", "three"]).code, 3);
    assert_eq!(cli.run(&["context", "delete", "one"]).code, 0);
    assert_eq!(cli.run(&["context", "list", "-o", "name"]).stdout, "two\n");
    assert_eq!(cli.run(&["context", "show"]).code, 3);
}

#[cfg(unix)]
#[test]
fn tokens_that_others_may_read_are_warned_of_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let hub = Hub::start(|_, _| me());
    let cli = Cli::new();
    assert_eq!(cli.run_with_input(&["login", "--token-stdin", "--server", &hub.url()], "good").code, 0);
    assert_eq!(cli.run(&["whoami"]).stderr, "");
    std::fs::set_permissions(cli.config(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let end = cli.run(&["whoami", "-q"]);
    assert_eq!(end.code, 0);
    assert_eq!(end.stderr.matches("chmod 600").count(), 1, "{}", end.stderr);
}

#[test]
fn an_installation_is_set_up() {
    let hub = Hub::start(|seen, _| match seen.line.as_str() {
        "POST /v1/setup" => (201, json!({})),
        _ => problem(404, "not_found"),
    });
    let server = hub.url();
    let args = [
        "setup",
        "--server",
        &server,
        "--token",
        "once",
        "--email",
        "ada@example.org",
        "--name",
        "Ada",
        "--password-stdin",
    ];
    let end = Cli::new().run_with_input(&args, "correct horse battery\n");
    assert_eq!(end.code, 0, "{end:?}");
    assert_eq!(
        hub.seen()[0].body,
        json!({"token": "once", "email": "ada@example.org", "name": "Ada", "password": "correct horse battery"})
    );
    assert!(end.stderr.contains("bastide login --server"), "{}", end.stderr);
    let without_input = Cli::new().run(&args[..args.len() - 1]);
    assert_eq!(without_input.code, 2);
    assert!(without_input.stderr.contains("--password-stdin"), "{}", without_input.stderr);
}
