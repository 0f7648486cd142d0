//! FLEET-3: licences of clusters through the API and the command line, from an own authority to a hub that says what it
//! thinks of them.

use std::fs;

use anyhow::{Result, ensure};
use bastide_kube::licence::Authority;
use bastide_model::{Clock as _, SystemClock};
use bastide_testkit::fake_agent::FakeAgent;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, date_time_ymd};
use reqwest::Method;
use serde_json::{Value, json};

use crate::stage::{Stage, everything, issue, text};

/// What would be a licence, were it not a certificate for servers.
pub(crate) fn for_servers(authority: &Authority, agent: &FakeAgent) -> Result<String> {
    let issuer =
        Issuer::from_ca_cert_pem(&authority.certificate_pem, KeyPair::from_pem(&authority.key_pem)?)?;
    let mut params = CertificateParams::new(vec![agent.uid().to_string()])?;
    params.distinguished_name.push(DnType::CommonName, agent.uid().to_string());
    params.distinguished_name.push(DnType::OrganizationName, "databases");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2120, 1, 1));
    Ok(params.signed_by(&KeyPair::generate()?, &issuer)?.pem())
}

/// What is said of a licence.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    state: String,
    reason: String,
    expected: String,
    found: Vec<String>,
}

impl Verdict {
    fn of(licence: &Value) -> Result<Self> {
        let found = licence.get("found_uids").and_then(Value::as_array).cloned().unwrap_or_default();
        Ok(Self {
            state: text(licence, "/state")?.to_owned(),
            reason: text(licence, "/reason")?.to_owned(),
            expected: text(licence, "/expected_uid")?.to_owned(),
            found: found.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }
}

/// A licence, its state, how its reason begins, and the uids that it names.
type Judged = (String, &'static str, &'static str, Vec<String>);

/// One licence of each kind.
fn kinds(stage: &Stage, agent: &FakeAgent) -> Result<Vec<Judged>> {
    let (now, uid) = (SystemClock.now(), agent.uid().to_string());
    let another = "0195f3a2-0000-7000-8000-000000000001".to_owned();
    let (own, foreign) = (vec![uid.clone()], vec![another.clone()]);
    let both = vec![another, uid];
    let unreadable = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let stranger = issue(&bastide_kube::licence::authority("Somebody else")?, agent, |_| ())?;
    let for_servers = for_servers(&stage.authority()?, agent)?;
    let until =
        |days: i64| stage.licence(agent, |request| request.not_after = now.plus_seconds(days * 86_400 - 1));
    let for_uids = |uids: &[String]| stage.licence(agent, |request| request.cluster_uids = uids.to_vec());
    let useless = stage.licence(agent, |request| request.features = vec!["coffee".to_owned()])?;
    Ok([
        (until(365)?, "active", "It is valid until ", own.clone()),
        (unreadable, "unknown", "The licence cannot be read: ", vec![]),
        (until(30)?, "expiring", "It ends on ", own.clone()),
        (until(0)?, "expired", "It ended on ", own.clone()),
        (stranger, "invalid", "It is not signed by the licence authority: ", own.clone()),
        (for_servers, "invalid", "It is not meant for client authentication", own.clone()),
        (for_uids(&foreign)?, "invalid", "It is for another cluster: expected uid ", foreign),
        (useless, "invalid", "It names none of the features ", own),
        (for_uids(&both)?, "active", "It is valid until ", both),
    ]
    .into())
}

/// FLEET-3: `none`, `unknown`, `active`, `expiring`, `expired`, `invalid`, each by upload through the API, seen again on
/// the licence, on the cluster and on the command line, with the reason, the expected and the found uid; each replaces the
/// one before without a restart; and a restart changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_3_each_state_with_its_reason_and_uids_outlives_a_restart() -> Result<()> {
    let mut stage = Stage::on_sqlite().await?;
    let (agent, _alive) = stage.available("eu-1").await?;
    let expected = agent.uid().to_string();
    let mut last = Verdict::of(&stage.admin.get("/v1/clusters/eu-1/licence").await?)?;
    let reason = "No licence has been uploaded.".to_owned();
    let none = Verdict { state: "none".into(), reason, expected: expected.clone(), found: vec![] };
    ensure!(last == none, "{last:?}");
    for (pem, state, reason, found) in kinds(&stage, &agent)? {
        let uploaded = Verdict::of(&stage.upload("eu-1", &pem).await?)?;
        ensure!(uploaded.state == state && uploaded.reason.starts_with(reason), "{state}: {uploaded:?}");
        ensure!(uploaded.expected == expected && uploaded.found == found, "{state}: {uploaded:?}");
        ensure!(uploaded != last, "nothing was replaced: {last:?}");
        let cluster = stage.admin.get("/v1/clusters/eu-1").await?;
        let on_cluster = cluster.pointer("/administration/licence").cloned().unwrap_or_default();
        let by_command = stage.cli.json(&["licence", "get", "eu-1"]).await?;
        for seen in [on_cluster, stage.admin.get("/v1/clusters/eu-1/licence").await?, by_command] {
            ensure!(Verdict::of(&seen)? == uploaded, "{seen} is not {uploaded:?}");
        }
        last = uploaded;
    }
    stage = stage.restart().await?;
    let after = Verdict::of(&stage.admin.get("/v1/clusters/eu-1/licence").await?)?;
    ensure!(after == last, "{after:?} was {last:?} before the restart");
    stage.stop().await
}

/// FLEET-3: what a licence says comes back field by field, and a text that is too long is none.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_3_a_licence_says_what_was_issued() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let agent = stage.joined("eu-1").await?;
    let pem = stage.licence(&agent, |request| {
        request.features = vec!["databases".to_owned(), "gpu".to_owned()];
        request.flags = vec!["Nodes=10".to_owned(), "Region=eu".to_owned()];
    })?;
    let licence = stage.upload("eu-1", &pem).await?;
    for (field, value) in [
        ("features", json!(["databases", "gpu"])),
        ("flags", json!(["Nodes=10", "Region=eu"])),
        ("product_line", json!(["bastide"])),
        ("tier", json!(["enterprise"])),
        ("plan", json!(["yearly"])),
        ("issuer", json!("CN=Test licences")),
    ] {
        ensure!(licence.get(field) == Some(&value), "{field}: {licence}");
    }
    let path = "/v1/clusters/eu-1/licence";
    for pem in [String::new(), " \n".to_owned(), "x".repeat(64 * 1024 + 1)] {
        let reply = stage.admin.ask(Method::PUT, path, Some(&json!({"pem": pem}))).await?;
        ensure!(reply.outcome() == (400, "invalid".to_owned()), "{}", reply.body);
        ensure!(text(&reply.body, "/errors/0/pointer")? == "/pem", "{}", reply.body);
    }
    ensure!(stage.admin.get(path).await? == licence, "what was refused replaced the licence");
    stage.stop().await
}

/// FLEET-3: whoever sells licences makes an authority, issues and inspects, all on the command line; the hub that trusts
/// the authority agrees with what was said of the licence, and one that does not says so.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_3_an_own_authority_issues_what_the_hub_believes() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (agent, _alive) = stage.available("eu-1").await?;
    let uid = agent.uid().to_string();
    let file = |name: &str| stage.hub.folder().join(name).display().to_string();
    let (certificate, key, licence) = (file("own.pem"), file("own.key"), file("licence.pem"));
    let (cli, name) = (&stage.cli, ["--name", "Own licences"]);
    cli.ok(&[&["licence", "authority", "--cert-out", &certificate, "--key-out", &key], &name[..]].concat())
        .await?;
    let own = |certificate: &str, key: &str| {
        let words = [
            "licence",
            "issue",
            "--authority-cert",
            certificate,
            "--authority-key",
            key,
            "--cluster-uid",
            &uid,
        ];
        words.map(str::to_owned).to_vec()
    };
    let mut issue = own(&certificate, &key);
    issue.extend(["--feature", "client-organizations", "--days", "90", "--out", &licence].map(str::to_owned));
    cli.ok(&issue.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let inspect = ["licence", "inspect", &licence, "--authority", &certificate, "--cluster-uid", &uid];
    let inspected = cli.json(&inspect).await?;
    ensure!(text(&inspected, "/state")? == "active", "{inspected}");

    // The hub trusts another authority: whoever inspects with that one is told what the hub says.
    let said = cli.run(&["licence", "upload", "eu-1", &licence, "-o", "json"]).await?;
    let uploaded: Value = serde_json::from_str(&said.stdout)?;
    ensure!(said.code == 7 && text(&uploaded, "/state")? == "invalid", "{}", everything(&said));
    let (trusted, trusted_key) = stage.hub.licence_authority();
    let (trusted, trusted_key) = (trusted.display().to_string(), trusted_key.display().to_string());
    let said =
        cli.run(&["licence", "inspect", &licence, "--authority", &trusted, "--cluster-uid", &uid]).await?;
    ensure!(said.code == 7 && said.stderr.contains(text(&uploaded, "/reason")?), "{}", everything(&said));

    // From standard output into the hub without a file.
    let mut issue = own(&trusted, &trusted_key);
    issue.extend(["--feature", "databases"].map(str::to_owned));
    let pem = cli.ok(&issue.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let said = cli.run_with(&["licence", "upload", "eu-1", "-", "-o", "json"], &pem).await?;
    ensure!(said.code == 0, "{}", everything(&said));
    let uploaded: Value = serde_json::from_str(&said.stdout)?;
    ensure!(text(&uploaded, "/state")? == "active", "{uploaded}");
    ensure!(!fs::read_to_string(&key)?.is_empty() && !stage.hub.log()?.contains("PRIVATE KEY"));

    // What does not hold takes the place of what holds only when somebody insists.
    let said = cli.run(&["licence", "upload", "eu-1", &licence]).await?;
    ensure!(said.code == 7 && said.stderr.contains("licence_in_force"), "{}", everything(&said));
    ensure!(text(&cli.json(&["licence", "get", "eu-1"]).await?, "/state")? == "active");
    let said = cli.run(&["licence", "upload", "eu-1", &licence, "--force"]).await?;
    ensure!(said.code == 7 && said.stderr.contains("does not hold"), "{}", everything(&said));
    ensure!(text(&cli.json(&["licence", "get", "eu-1"]).await?, "/state")? == "invalid");
    stage.stop().await
}

/// FLEET-3, SEC-3: a key that is uploaded by mistake is kept nowhere, whatever its form.
#[tokio::test(flavor = "multi_thread")]
async fn fleet_3_a_private_key_is_not_kept() -> Result<()> {
    let stage = Stage::on_sqlite().await?;
    let (agent, _alive) = stage.available("eu-1").await?;
    let (path, secret) = ("/v1/clusters/eu-1/licence", "MC4CAQAwBQYDK2VwBCIEIEtleU9mTm9ib2R5");
    let licence = stage.licence(&agent, |_| ())?;
    for kind in ["", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "] {
        let key = format!("-----BEGIN {kind}PRIVATE KEY-----\n{secret}\n-----END {kind}PRIVATE KEY-----\n");
        for pem in [key.clone(), format!("{licence}{key}")] {
            let refused =
                stage.admin.ask(Method::PUT, path, Some(&json!({"pem": pem, "force": true}))).await?;
            ensure!(refused.status == 400, "{kind}: {}", refused.body);
            ensure!(text(&refused.body, "/errors/0/pointer")? == "/pem", "{}", refused.body);
        }
    }
    ensure!(text(&stage.admin.get(path).await?, "/state")? == "none");
    for file in fs::read_dir(stage.hub.folder())? {
        let file = file?;
        if file.file_type()?.is_file() {
            let bytes = fs::read(file.path())?;
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            ensure!(!found, "{} holds the key", file.path().display());
        }
    }
    stage.stop().await
}
