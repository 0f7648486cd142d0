//! The configuration as the program sees it: a file, its environment, its command line.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn server(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bastide-server"));
    command.args(arguments).env_clear().envs(environment.iter().copied());
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn file(folder: &tempfile::TempDir, content: &str) -> String {
    let path = folder.path().join("hub.toml");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_environment_wins_over_the_file_and_flags_over_both() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(
        &folder,
        "listen = '127.0.0.1:1'\nagent_listen = '127.0.0.1:1'\nshutdown_seconds = 1\ntrusted_proxies = ['::1']",
    );
    let environment = [
        ("BASTIDE_LISTEN", "127.0.0.1:2"),
        ("BASTIDE_AGENT_LISTEN", "127.0.0.1:2"),
        ("BASTIDE_TRUSTED_PROXIES", "10.0.0.0/8,192.0.2.1"),
        ("BASTIDE_LOG_FORMAT", "json"),
    ];
    let answer = server(&["--config", &file, "--listen", "127.0.0.1:3", "--check-config"], &environment);
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    let shown = text(&answer.stdout);
    for line in [
        "listen = \"127.0.0.1:3\"",
        "agent_listen = \"127.0.0.1:2\"",
        "shutdown_seconds = 1",
        "trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1/32\"]",
        "format = \"json\"",
        "database = \"sqlite:bastide.db\"",
    ] {
        assert!(shown.lines().any(|found| found == line), "{line} in\n{shown}");
    }
}

#[test]
fn mistakes_are_named_and_nothing_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = file(&folder, "listne = '127.0.0.1:1'");
    for (arguments, environment, named) in [
        (vec!["--config", unknown.as_str()], vec![], "listne"),
        (vec!["--config", "no/such.toml"], vec![], "no/such.toml"),
        (vec![], vec![("BASTIDE_LISTEN", "here")], "listen: `here`"),
        (vec![], vec![("BASTIDE_SHUTDOWN_SECONDS", "soon")], "BASTIDE_SHUTDOWN_SECONDS"),
        (vec!["--log-format", "xml"], vec![], "log.format: `xml`"),
        (vec!["--tls-key", "key.pem"], vec![], "tls: "),
        (
            vec![
                "--licence-authority",
                "no/such.pem",
                "--listen",
                "127.0.0.1:0",
                "--agent-listen",
                "127.0.0.1:0",
            ],
            vec![],
            "licence.authorities: no/such.pem",
        ),
        (
            vec!["--check-config", "--licence-authority", "no/such.pem"],
            vec![],
            "licence.authorities: no/such.pem",
        ),
        (
            vec![
                "--database",
                "sqlite:no/such/bastide.db",
                "--listen",
                "127.0.0.1:0",
                "--agent-listen",
                "127.0.0.1:0",
            ],
            vec![],
            "there is no folder no/such",
        ),
    ] {
        let answer = server(&arguments, &environment);
        assert_eq!(answer.status.code(), Some(1), "{arguments:?}");
        assert!(text(&answer.stderr).contains(named), "{named} in\n{}", text(&answer.stderr));
        assert_eq!(text(&answer.stdout), "", "{arguments:?}");
    }
    assert!(!Path::new("bastide.db").exists());
}

#[test]
fn the_printed_default_is_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let printed = server(&["--print-config"], &[("BASTIDE_LISTEN", "127.0.0.1:9")]);
    let template = text(&printed.stdout);
    for key in
        ["database", "listen", "public_url", "agent_listen", "agent_url", "[tls]", "authorities", "filter"]
    {
        assert!(template.contains(key), "{key} in\n{template}");
    }
    let printed = server(&["--config", &file(&folder, template), "--check-config"], &[]);
    let bare = server(&["--check-config"], &[]);
    assert!(printed.status.success() && bare.status.success());
    assert_eq!(text(&printed.stdout), text(&bare.stdout));
}

#[test]
fn the_api_describes_itself_without_a_database() {
    let printed = server(&["--print-openapi"], &[]);
    let document: serde_json::Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!(document.pointer("/openapi").unwrap(), "3.1.0");
    assert!(document.pointer("/paths/~1v1~1organizations/post").is_some());
}
