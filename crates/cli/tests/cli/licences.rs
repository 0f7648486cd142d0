//! Licences without a hub: an authority, a licence, and what is to be said of it.

use serde_json::{Value, json};

use crate::support::{Cli, Ended, Hub};

const UID: &str = "0195f3a2-0000-7000-8000-000000000001";

fn authority(cli: &Cli, name: &str) -> Ended {
    cli.run(&[
        "licence",
        "authority",
        "--name",
        "Acme Licences",
        "--cert-out",
        &format!("{name}.crt"),
        "--key-out",
        &format!("{name}.key"),
    ])
}

fn issue(cli: &Cli, more: &[&str]) -> Ended {
    let args =
        ["licence", "issue", "--authority-cert", "a.crt", "--authority-key", "a.key", "--cluster-uid", UID];
    cli.run(&[&args[..], more].concat())
}

fn inspect(cli: &Cli, more: &[&str]) -> (i32, Value, String) {
    let end = cli.run(&[&["licence", "inspect", "a.lic", "-o", "json"][..], more].concat());
    (end.code, serde_json::from_str(&end.stdout).unwrap_or_default(), end.stderr)
}

#[test]
fn a_licence_is_issued_and_judged() {
    let cli = Cli::new();
    assert_eq!(authority(&cli, "a").code, 0);
    let end = issue(
        &cli,
        &[
            "--feature",
            "databases",
            "--feature",
            "client-organizations",
            "--tier",
            "enterprise",
            "--plan",
            "yearly",
            "--product-line",
            "bastide",
            "--flag",
            "Nodes=10",
            "--days",
            "400",
            "--out",
            "a.lic",
        ],
    );
    assert_eq!((end.code, end.stdout.as_str()), (0, ""), "{end:?}");
    let (code, facts, _) = inspect(&cli, &[]);
    assert_eq!(code, 0);
    assert_eq!(facts["found_uids"], json!([UID]));
    assert_eq!(facts["features"], json!(["databases", "client-organizations"]));
    assert_eq!((&facts["tier"], &facts["flags"]), (&json!(["enterprise"]), &json!(["Nodes=10"])));
    assert_eq!((&facts["state"], &facts["chain_problem"]), (&Value::Null, &Value::Null));
    let (code, facts, _) = inspect(&cli, &["--authority", "a.crt", "--cluster-uid", UID]);
    assert_eq!((code, &facts["state"]), (0, &json!("active")), "{facts}");
    let other = "0195f3a2-0000-7000-8000-000000000002";
    let (code, facts, stderr) = inspect(&cli, &["--authority", "a.crt", "--cluster-uid", other]);
    assert_eq!((code, &facts["state"], &facts["expected_uid"]), (7, &json!("invalid"), &json!(other)));
    assert!(facts["reason"].as_str().unwrap().contains(UID), "{facts}");
    assert!(
        serde_json::from_str::<Value>(&stderr).unwrap()["detail"].as_str().unwrap().contains("does not hold")
    );
    authority(&cli, "b");
    let (code, facts, _) = inspect(&cli, &["--authority", "b.crt", "--cluster-uid", UID]);
    assert_eq!((code, &facts["state"]), (7, &json!("invalid")), "{facts}");
    assert!(facts["chain_problem"].is_string(), "{facts}");
}

#[test]
fn a_licence_goes_to_standard_output_and_a_useless_one_is_warned_of() {
    let cli = Cli::new();
    authority(&cli, "a");
    let end = issue(&cli, &["--feature", "something-else"]);
    assert_eq!(end.code, 0);
    assert!(end.stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{}", end.stdout);
    assert!(end.stderr.contains("warning:") && end.stderr.contains("client-organizations"), "{}", end.stderr);
    let end = cli.run_with_input(&["licence", "inspect", "-"], &end.stdout);
    assert_eq!(end.code, 0);
    assert!(end.stdout.contains("something-else"), "{}", end.stdout);
    let end = cli.run_with_input(&["licence", "inspect", "-"], "no licence");
    assert_eq!((end.code, end.stdout.as_str()), (2, ""));
    assert_eq!(issue(&cli, &["--flag", "NoValue"]).code, 2);
}

#[test]
fn an_authoritys_key_is_its_owners_and_is_never_overwritten() {
    let cli = Cli::new();
    assert_eq!(authority(&cli, "a").code, 0);
    let key = std::fs::read(cli.directory.path().join("a.key")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = std::fs::metadata(cli.directory.path().join("a.key")).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let end = authority(&cli, "a");
    assert_eq!(end.code, 1);
    assert!(end.stderr.contains("does not exist yet"), "{}", end.stderr);
    assert_eq!(std::fs::read(cli.directory.path().join("a.key")).unwrap(), key);
}

#[test]
fn a_licence_is_uploaded_as_it_is() {
    let hub = Hub::start(|seen, _| {
        assert_eq!(seen.line, "PUT /v1/clusters/eu-1/licence");
        (
            200,
            json!({
                "state": "active", "reason": "It is valid.", "expected_uid": UID, "found_uids": [UID], "id": "01"
            }),
        )
    });
    let cli = Cli::signed_in(&hub);
    std::fs::write(cli.directory.path().join("a.lic"), "the licence\n").unwrap();
    let end = cli.run(&["licence", "upload", "eu-1", "a.lic"]);
    assert_eq!(end.code, 0, "{end:?}");
    assert!(end.stdout.contains("State:") && end.stdout.contains("active"), "{}", end.stdout);
    assert_eq!(hub.seen()[0].body, json!({"pem": "the licence\n", "force": false}));
    assert_eq!(cli.run(&["licence", "upload", "eu-1", "missing.lic"]).code, 1);
}
