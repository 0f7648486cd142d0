//! The command line against the real hub: how it ends, what it writes where, and what it says to type next.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cli::{Cli, Said};
use bastide_testkit::hub::PASSWORD;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::stage::{Stage, everything, text};

const ADA: &str = "ada@acme.test";

/// Everything on the scene: an organization with a client organization on a spoke, whose administrator is [`ADA`], and a
/// spoke that waits.
async fn scene() -> Result<(Stage, bastide_testkit::fake_agent::Alive)> {
    let stage = Stage::on_sqlite().await?;
    stage.organization("northwind").await?;
    let (_, alive) = stage.licensed("eu-1").await?;
    stage.requested("asks").await?;
    let order = json!({
        "acting_from": "northwind", "name": "Acme", "slug": "acme", "hub": "main", "spoke": "eu-1",
        "administrator": {"kind": "new", "account": {"email": ADA, "name": "Ada", "password": PASSWORD}},
        "gateway": {"kind": "shared"},
    });
    stage.admin.post("/v1/client-organizations", &order).await?;
    Ok((stage, alive))
}

async fn ends(cli: &Cli, command: &str, code: i32) -> Result<Said> {
    let words: Vec<_> = command.split(' ').collect();
    let said = cli.run(&words).await?;
    ensure!(said.code == code, "`{command}` ended with {}: {}", said.code, everything(&said));
    // Data goes to standard output, everything else to standard error, and an error has no data.
    ensure!(
        code == 0 || said.stdout.is_empty() || command.contains("--dry-run"),
        "`{command}`: {}",
        said.stdout
    );
    ensure!(code == 0 || !said.stderr.is_empty(), "`{command}` says nothing");
    Ok(said)
}

/// Each class of exit codes, from the real hub, with a word of what is said to it.
#[tokio::test(flavor = "multi_thread")]
async fn every_exit_code_has_its_cause() -> Result<()> {
    let (stage, _alive) = scene().await?;
    let (admin, ada) = (&stage.cli, stage.cli_of(ADA).await?);
    let nobody = Cli::new(&stage.hub.url(), None)?;
    let stranger = Cli::new(&stage.hub.url(), Some("bastide_pat_nonsense".to_owned()))?;
    let nowhere = Cli::new("http://localhost:9", Some("bastide_pat_nonsense".to_owned()))?;
    for (who, command, code, word) in [
        (admin, "organization list", 0, ""),
        (admin, "--version", 0, ""),
        (&nowhere, "whoami", 1, "no connection"),
        (admin, "organization frobnicate", 2, "frobnicate"),
        (admin, "organization create --name Acme --slug Acme_", 2, "/slug"),
        (admin, "organization create --name Acme --slug www", 2, "reserved"),
        (admin, "join-token create eu-9 --minutes 0", 2, "--minutes"),
        (admin, "organization delete acme", 2, "--confirm acme"),
        (admin, "organization get nowhere", 3, "bastide organization list"),
        (admin, "cluster get nowhere", 3, "bastide cluster list"),
        (&ada, "organization get northwind", 3, "not_found"),
        (&nobody, "organization list", 4, "bastide login --server"),
        (&stranger, "organization list", 4, "BASTIDE_TOKEN"),
        (&ada, "cluster withdraw eu-1", 5, "clusters.accept"),
        (admin, "organization create --name Acme --slug acme", 7, "`acme` is taken"),
        (admin, "organization update acme --name New --if-match \"0\"", 7, "stale"),
        (admin, "organization delete northwind --confirm northwind", 7, "acme"),
        (admin, "cluster delete eu-1 --confirm eu-1", 7, "cluster_in_use"),
        (admin, "cluster accept asks --fingerprint AB", 7, "fingerprint_mismatch"),
        (admin, "cluster get asks --wait available --timeout 1s", 8, "has to be accepted"),
    ] {
        let said = ends(who, command, code).await?;
        ensure!(everything(&said).contains(word), "`{command}` does not say {word}: {}", everything(&said));
        if said.stderr.contains("request id: ") {
            ensure!(said.stderr.contains("request id: req_"), "{}", said.stderr);
        }
    }
    for number in 1..=3 {
        let made = ends(
            admin,
            &format!("organization create --name S{number} --parent northwind"),
            if number < 3 { 0 } else { 6 },
        )
        .await?;
        // Northwind's plan allows three beneath it, and the client organization is one of them.
        ensure!(
            number < 3 || made.stderr.contains("sub_organizations` is reached: 3 of 3"),
            "{}",
            made.stderr
        );
    }
    stage.stop().await
}

/// `-o json|yaml|name|table` of the same list and of the same thing, with the names of the API.
#[tokio::test(flavor = "multi_thread")]
async fn every_format_says_the_same() -> Result<()> {
    let (stage, _alive) = scene().await?;
    let cli = &stage.cli;
    let api = stage.admin.get("/v1/organizations").await?;
    let items = api.get("items").context("no items")?;
    ensure!(cli.json(&["organization", "list"]).await? == *items, "-o json is not what the API says");
    let yaml: Value = serde_saphyr::from_str(&cli.ok(&["organization", "list", "-o", "yaml"]).await?)?;
    ensure!(yaml == *items, "-o yaml is not what the API says: {yaml}");
    ensure!(cli.ok(&["organization", "list", "-o", "name"]).await? == "acme\nnorthwind\n");
    let table = cli.ok(&["organization", "list"]).await?;
    let lines: Vec<_> = table.lines().collect();
    ensure!(lines.len() == 3 && lines.first().is_some_and(|line| line.contains("SLUG")), "{table}");
    let bare = cli.ok(&["organization", "list", "--no-headers"]).await?;
    ensure!(bare.lines().collect::<Vec<_>>() == lines.get(1..).unwrap_or_default(), "{bare}");
    ensure!(cli.ok(&["organization", "list", "--limit", "1", "-o", "name"]).await? == "acme\n");
    ensure!(cli.ok(&["organization", "list", "--search", "north", "-o", "name"]).await? == "northwind\n");

    let one = stage.admin.get("/v1/clusters/eu-1").await?;
    let shown = cli.json(&["cluster", "get", "eu-1"]).await?;
    ensure!(
        shown.get("id") == one.get("id")
            && shown.pointer("/administration/uid") == one.pointer("/administration/uid")
    );
    ensure!(cli.ok(&["cluster", "get", "eu-1", "-o", "name"]).await? == "eu-1\n");
    let page = cli.ok(&["cluster", "get", "eu-1"]).await?;
    for word in
        ["eu-1", "available", "v1.36.0", "MutatingAdmissionPolicy", text(&one, "/administration/uid")?]
    {
        ensure!(page.contains(word), "{word} is missing: {page}");
    }
    // An error in JSON is the problem object, on standard error.
    let said = ends(cli, "organization get nowhere -o json", 3).await?;
    let problem: Value = serde_json::from_str(&said.stderr)?;
    ensure!(text(&problem, "/code")? == "not_found" && text(&problem, "/request_id")?.starts_with("req_"));
    stage.stop().await
}

/// The scripts of all shells name every command; bash loads its own.
#[tokio::test(flavor = "multi_thread")]
async fn completions_are_for_every_shell() -> Result<()> {
    let cli = Cli::new("http://localhost:9", None)?;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = cli.ok(&["completion", shell]).await?;
        for word in ["create-client", "join-token", "whoami", "--organization"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            ensure!(script.contains(word), "{shell} does not know {word}");
        }
    }
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("bastide.bash"), cli.ok(&["completion", "bash"]).await?)?;
    let check = "source bastide.bash && complete -p bastide && COMP_WORDS=(bastide organization cre) && COMP_CWORD=2 \
                 && _bastide bastide cre organization && echo ${COMPREPLY[@]}";
    let mut bash = tokio::process::Command::new("bash");
    let output = bash.args(["--norc", "-c", check]).current_dir(folder.path()).output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(said.contains("create create-client"), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// An interrupt while something is waited for ends with 130; what was waited for goes on.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_while_waiting_ends_with_130() -> Result<()> {
    let (stage, _alive) = scene().await?;
    let mut child = stage.cli.command(&["cluster", "get", "asks", "--wait", "joined"])?.spawn()?;
    let mut said = BufReader::new(child.stderr.take().context("no standard error")?).lines();
    let first = tokio::time::timeout(Duration::from_secs(30), said.next_line()).await??;
    ensure!(first.as_deref().is_some_and(|line| line.contains("Waiting for cluster asks")), "{first:?}");
    let id =
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).context("it has ended")?;
    kill_process(id, Signal::INT)?;
    let status = tokio::time::timeout(Duration::from_secs(30), child.wait()).await??;
    ensure!(status.code() == Some(130), "{status}");
    ensure!(text(&stage.admin.get("/v1/clusters/asks").await?, "/membership")? == "requested");
    stage.stop().await
}

/// FLEET-4, FLEET-6: `--wait` goes on until the spoke says of the present generation that it is ready, and says how it stands
/// when the time is over.
#[tokio::test(flavor = "multi_thread")]
async fn waiting_ends_when_the_spoke_says_so() -> Result<()> {
    let (stage, _alive) = scene().await?;
    let (agent, _eu2) = stage.licensed("eu-2").await?;
    let create = |slug: &str, limit: &str| {
        let words = format!(
            "organization create-client --from northwind --name {slug} --slug {slug} --administrator {ADA} --spoke eu-2 --wait --timeout {limit}"
        );
        words.split(' ').map(str::to_owned).collect::<Vec<_>>()
    };
    // The spoke does not say anything: it is created all the same, and may still become ready.
    let words = create("globex", "1s");
    let said = stage.cli.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    ensure!(said.code == 8 && said.stderr.contains("Waiting for globex on eu-2"), "{}", everything(&said));
    ensure!(text(&stage.admin.get("/v1/organizations/globex").await?, "/state")? == "active");

    let _settled = agent.keep_settled();
    let words = create("initech", "60s");
    let said = stage.cli.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    ensure!(said.code == 0 && said.stderr.contains("initech is ready on eu-2"), "{}", everything(&said));
    let delete = "organization delete initech --confirm initech --wait --timeout 60s";
    let said = ends(&stage.cli, delete, 0).await?;
    ensure!(said.stderr.contains("initech is gone"), "{}", said.stderr);
    stage.stop().await
}
