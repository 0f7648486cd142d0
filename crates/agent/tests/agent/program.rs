//! The program itself: the one line for a spoke, its log, its answers about health, its end.

use std::path::{Path, PathBuf};
use std::process::Command;

use bastide_testkit::process::{Ending, Process, free_port};

use crate::support::hub::{Decision, Hub, TICKET, TOKEN};
use crate::support::running::{Cluster, cluster, organization};
use crate::support::{until, value};

fn agent(arguments: &[&str], log: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bastide-agent"));
    command.args(arguments).env_remove("KUBECONFIG").env("HOME", "/nowhere");
    Process::start("bastide-agent", &mut command, log, Ending::Terminate).unwrap()
}

fn read(log: &PathBuf) -> String {
    std::fs::read_to_string(log).unwrap_or_default()
}

#[tokio::test]
async fn fleet_1_the_one_line_for_a_spoke_works_and_sigterm_ends_it_well() {
    let (plane, hub) = (cluster("program").await, Hub::start().await);
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let token = folder.path().join("token");
    std::fs::write(&token, format!("{TOKEN}\n")).unwrap();
    let health = format!("127.0.0.1:{}", free_port().unwrap());
    let (url, pin) = (hub.url().to_string(), hub.pin().to_string().replace(':', ""));
    let (kubeconfig, token) = (plane.kubeconfig_path(), token.to_str().unwrap());
    let arguments = [
        "join",
        &url,
        "--token-file",
        token,
        "--hub-ca-sha256",
        &pin,
        "--kubeconfig",
        kubeconfig.to_str().unwrap(),
        "--health-listen",
        &health,
        "--log-format",
        "json",
        "--log",
        "debug",
    ];
    let process = agent(&arguments, &log);
    let asked = hub.request().await;
    until("the fingerprint", async || read(&log).contains(&asked.fingerprint)).await;
    hub.decide(Decision::Accepted);
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| report.observed_generation == 1).await;

    let client = bastide_testkit::web::builder().build().unwrap();
    let get = async |path: &str| {
        let answer = client.get(format!("http://{health}{path}")).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    assert_eq!(value("health", async || get("/healthz").await).await.0, 200);
    until("readiness", async || get("/readyz").await.is_some_and(|(status, _)| status == 200)).await;
    until("metrics", async || {
        get("/metrics").await.is_some_and(|(_, text)| text.contains("bastide_agent_hub_connected 1"))
    })
    .await;
    assert_eq!(get("/secrets").await.unwrap().0, 404);

    assert!(process.stop().await.unwrap().success());
    assert!(Cluster::of(&plane).await.namespace("acme").await.is_some(), "nothing is taken down");
    let said = read(&log);
    for secret in [TOKEN, TICKET, "PRIVATE KEY", "BEGIN CERTIFICATE"] {
        assert!(!said.contains(secret), "{secret} is in the log:\n{said}");
    }
    let lines: Vec<serde_json::Value> =
        said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "joined"), "{said}");
}

/// A log that goes to a file has no colours in it.
#[tokio::test]
async fn a_log_that_nobody_watches_is_plain_text() {
    let plane = cluster("program-log").await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let kubeconfig = plane.kubeconfig_path();
    let mut process = agent(&["run", "--kubeconfig", kubeconfig.to_str().unwrap()], &log);
    until("the program to end", async || process.check().is_err()).await;
    assert_eq!(process.stop().await.unwrap().code(), Some(4));
    let said = read(&log);
    assert!(said.contains("connected to the cluster") && !said.contains('\u{1b}'), "{said:?}");
}

#[tokio::test]
async fn what_cannot_be_is_told_with_what_is_allowed_and_an_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let pin = "00".repeat(32);
    let log = folder.path().join("log");
    let cases: [(&[&str], i32, &str); 4] = [
        (&["join", "http://hub.example.org", "--hub-ca-sha256", &pin], 2, "https://"),
        (&["join", "https://hub.example.org", "--hub-ca-sha256", "00"], 2, "64 hex digits"),
        (&["run", "--log", "info,=x=", "--kubeconfig", "/nowhere/config"], 2, "--log"),
        (&["run", "--kubeconfig", "/nowhere/config"], 1, "--kubeconfig"),
    ];
    for (arguments, code, expected) in cases {
        let mut process = agent(arguments, &log);
        until("the program to end", async || process.check().is_err()).await;
        let status = process.stop().await.unwrap();
        let said = read(&log);
        assert_eq!(status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
}
