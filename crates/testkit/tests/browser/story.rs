//! The main job through the browser's wizard on real parts: a hub, the real agent and a real API server.

use std::time::Duration;

use anyhow::{Result, ensure};
use bastide_testkit::browser::Browser;
use bastide_testkit::cli::Cli;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;
use serde_json::json;

use crate::stage::sign_in;

const NEW_ADMINISTRATOR: &str = "gus@globex.test";
const NEW_PASSWORD: &str = "a gate in the wall";
/// How long a spoke may take to become available, and an organization to be there or gone.
const CLUSTER_LIMIT: Duration = Duration::from_secs(90);

/// FLEET-1, FLEET-3, FLEET-4, FLEET-5, HIER-6, ORG-8: join, accept, blocked without a licence, license, three steps with
/// a mistake and a way back, the spoke takes it in, its administrator sees exactly theirs, deletion.
#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_through_the_wizard() -> Result<()> {
    let (hub, spoke) = tokio::join!(Hub::start(Options::default()), Spoke::start("eu-1"));
    let (hub, mut spoke) = (hub?, spoke?);
    let browser = Browser::start(&hub.url()).await?;

    set_up(&hub, &browser).await?;
    create_work_organization(&browser).await?;
    join(&browser, &mut spoke).await?;
    blocked_without_licence(&browser).await?;
    license(&hub, &browser).await?;
    configure_gateway(&browser).await?;
    first_step(&browser).await?;
    second_step(&browser).await?;
    back_and_forth(&browser).await?;
    third_step(&browser).await?;
    review(&hub, &browser).await?;
    the_spoke_takes_it_in(&browser, &spoke).await?;
    the_tenant_sees_exactly_theirs(&browser).await?;
    deletion_takes_it_all_down(&browser, &spoke).await?;
    browser.is_content().await?;

    browser.stop().await?;
    spoke.stop().await?;
    hub.stop().await
}

async fn set_up(hub: &Hub, browser: &Browser) -> Result<()> {
    let link = format!("/setup?token={}", hub.setup_secret()?);
    browser.goto(&link).await?;
    browser.fill("name", "Site Administrator").await?;
    browser.fill("email", ADMINISTRATOR).await?;
    browser.fill("password", PASSWORD).await?;
    browser.follow("Create the administrator").await?;
    browser.at("/sign-in").await?;
    browser.see("You administer this installation").await?;
    browser.goto(&link).await?;
    browser.see("Nothing here").await?;
    sign_in(browser, ADMINISTRATOR).await
}

async fn create_work_organization(browser: &Browser) -> Result<()> {
    browser.click("Organizations").await?;
    browser.at("/me/organizations").await?;
    browser.follow("Create organization").await?;
    browser.fill("name", "Northwind").await?;
    browser.follow("Create organization").await?;
    browser.at("/o/northwind").await
}

/// FLEET-1: the secret is shown once, the request appears by itself, another fingerprint is refused.
async fn join(browser: &Browser, spoke: &mut Spoke) -> Result<()> {
    browser.follow("Clusters").await?;
    browser.see("No cluster has joined yet").await?;
    browser.follow("Add a cluster").await?;
    browser.fill("cluster_name", "eu-1").await?;
    browser.follow("Make a join token").await?;
    let line: String = browser.run("return document.getElementById('join-command').textContent", &[]).await?;
    browser.follow("Go to Clusters").await?;
    let secret = line.split_whitespace().last().unwrap_or_default().to_owned();
    let kept: bool = browser
        .run("return document.documentElement.outerHTML.includes(arguments[0])", &[json!(secret)])
        .await?;
    ensure!(!kept, "the secret of a join token is shown a second time");

    let loaded = browser.origin().await?;
    spoke.run_agent(&line)?;
    let fingerprint = spoke.fingerprint().await?;
    browser.see("1 cluster asks to join").await?;
    ensure!(browser.origin().await? == loaded, "the request did not appear by itself");
    let other: String = fingerprint.chars().rev().collect();
    browser.fill("fingerprint-eu-1", &other).await?;
    browser.see("Not the same key").await?;
    browser.follow("Accept").await?;
    browser.see_in(".error-summary", "fingerprint").await?;
    ensure!(browser.value("fingerprint-eu-1").await? == other, "what was typed is gone");
    browser.fill("fingerprint-eu-1", &fingerprint).await?;
    browser.see("The same key").await?;
    browser.follow("Accept").await?;
    browser.at("/platform/clusters/eu-1").await?;
    browser.see_within("#cluster-state", "Available", CLUSTER_LIMIT).await?;
    browser.see_in("#facts", "4 of 4 ready").await
}

/// FLEET-4: said at the spoke before it is chosen, and by name when it was chosen.
async fn blocked_without_licence(browser: &Browser) -> Result<()> {
    browser.goto("/o/northwind/client-organizations/new").await?;
    browser.fill("name", "Globex").await?;
    browser.fill("administrator_user", ADMINISTRATOR).await?;
    browser.follow("Next: Cluster").await?;
    browser.see_in("#spoke", "eu-1 has no active licence").await?;
    browser.tick("spoke-eu-1").await?;
    browser.follow("Next: Gateway").await?;
    browser.see_in(".error-summary", "settled").await?;
    browser.see_in(".checks .failed", "eu-1 has no active licence (none)").await?;
    ensure!(browser.value("spoke").await? == "eu-1", "the choice is gone");
    browser.follow("Its licence").await?;
    browser.at("/platform/clusters/eu-1").await
}

/// FLEET-3: the file's text goes into the form, the hub verifies it.
async fn license(hub: &Hub, browser: &Browser) -> Result<()> {
    let expected = "#licence dd code";
    let uid = browser.text(expected).await?;
    let file = browser.folder().join("eu-1.pem");
    std::fs::write(&file, hub.licence_for(&uid, 365)?)?;
    browser.upload("licence-file", &file).await?;
    let read = wait::until("the licence's text in the form", Duration::from_secs(10), async || {
        Ok(browser.value("pem").await?.contains("END CERTIFICATE").then_some(()))
    });
    read.await?;
    browser.follow_at("form[action$='/licence'] button[type='submit']").await?;
    browser.see("The licence is stored").await?;
    browser.see_in("#licence", "Active").await
}

async fn configure_gateway(browser: &Browser) -> Result<()> {
    browser.click("Add a gateway configuration").await?;
    browser.fill("name", "Edge").await?;
    browser.fill("class", "edge").await?;
    browser.fill("listener-name-1", "web").await?;
    browser.fill("listener-port-1", "80").await?;
    browser.follow("Add configuration").await?;
    browser.see_in("#gateways", "web HTTP 80").await
}

/// A mistake is said at its field, and nothing that was typed is lost.
async fn first_step(browser: &Browser) -> Result<()> {
    browser.goto("/o/northwind").await?;
    browser.follow("Create client organization").await?;
    browser.fill("name", "Globex Corporation").await?;
    browser.fill("slug", "globex").await?;
    browser.fill("annotations-key-1", "globex.test/cost-centre").await?;
    browser.fill("annotations-value-1", "4711").await?;
    browser.tick("administrator_kind-new").await?;
    browser.fill("administrator_email", NEW_ADMINISTRATOR).await?;
    browser.follow("Next: Cluster").await?;
    browser.see_in(".error-summary", "One field needs another look").await?;
    browser.see_in("#administrator_name-error", "name").await?;
    first_step_is_kept(browser).await?;
    browser.fill("administrator_name", "Gus Moreau").await?;
    browser.follow("Next: Cluster").await?;
    browser.see("2. Cluster").await
}

async fn first_step_is_kept(browser: &Browser) -> Result<()> {
    for (id, typed) in [
        ("name", "Globex Corporation"),
        ("slug", "globex"),
        ("annotations-key-1", "globex.test/cost-centre"),
        ("annotations-value-1", "4711"),
        ("administrator_kind", "new"),
        ("administrator_email", NEW_ADMINISTRATOR),
    ] {
        let kept = browser.value(id).await?;
        ensure!(kept == typed, "`{id}` was {typed} and is {kept}");
    }
    Ok(())
}

async fn second_step(browser: &Browser) -> Result<()> {
    browser.tick("spoke-eu-1").await?;
    browser.click("Bind it to a node pool").await?;
    browser.fill("node_labels-key-1", "pool").await?;
    browser.fill("node_labels-value-1", "gold").await?;
    browser.fill("toleration-key-1", "pool").await?;
    browser.fill("toleration-value-1", "gold").await?;
    browser.choose("toleration-effect-1", "NoSchedule").await?;
    browser.follow("Next: Gateway").await?;
    browser.see("3. Gateway").await
}

async fn back_and_forth(browser: &Browser) -> Result<()> {
    browser.follow("Back").await?;
    browser.see("2. Cluster").await?;
    for (id, typed) in [
        ("spoke", "eu-1"),
        ("node_labels-key-1", "pool"),
        ("node_labels-value-1", "gold"),
        ("toleration-key-1", "pool"),
        ("toleration-value-1", "gold"),
        ("toleration-effect-1", "NoSchedule"),
    ] {
        let kept = browser.value(id).await?;
        ensure!(kept == typed, "`{id}` was {typed} and is {kept}");
    }
    browser.follow("Back").await?;
    browser.see("1. Basic info").await?;
    first_step_is_kept(browser).await?;
    ensure!(browser.value("administrator_name").await? == "Gus Moreau", "the administrator's name is gone");
    browser.follow("Next: Cluster").await?;
    browser.follow("Next: Gateway").await?;
    browser.see("3. Gateway").await
}

async fn third_step(browser: &Browser) -> Result<()> {
    browser.tick("gateway-dedicated").await?;
    browser.tick("gateway_configuration-edge").await?;
    browser.follow("Next: Review").await?;
    browser.see("4. Review").await
}

/// The review says everything, and its command is one that the command line takes.
async fn review(hub: &Hub, browser: &Browser) -> Result<()> {
    for said in [
        "Globex Corporation",
        "globex",
        "globex.test/cost-centre=4711",
        "Gus Moreau",
        NEW_ADMINISTRATOR,
        "eu-1",
        "pool=gold",
        "pool=gold:NoSchedule",
        "edge",
        "Free",
        "Private",
    ] {
        browser.see_in("main", said).await?;
    }
    ensure!(!browser.text("#preconditions").await?.contains("Not met"), "a precondition is not met");
    browser.click("As a command").await?;
    let command: String =
        browser.run("return document.getElementById('as-command').textContent", &[]).await?;
    let admin = Cli::new(&hub.url(), Some(hub.token_of(ADMINISTRATOR).await?))?;
    let said = admin.shell(&format!("{command} --dry-run")).await?;
    ensure!(said.code == 0, "{command}\nends with {}: {}{}", said.code, said.stdout, said.stderr);
    ensure!(said.stdout.contains("spoke_licensed"), "{}", said.stdout);

    browser.fill("administrator_password", NEW_PASSWORD).await?;
    browser.follow("Create client organization").await?;
    browser.at("/o/globex").await?;
    browser.see("The client organization is created").await
}

/// FLEET-5: the page follows the spoke without being loaded again.
async fn the_spoke_takes_it_in(browser: &Browser, spoke: &Spoke) -> Result<()> {
    let loaded = browser.origin().await?;
    browser.see_within("#placement-eu-1", "Everything is there and works", CLUSTER_LIMIT).await?;
    browser.see_in("#placement-eu-1", "Up to date").await?;
    browser.see_in("#placement-eu-1", "globex globex-gw").await?;
    browser.see_in("#attention", "All is as it should be").await?;
    ensure!(browser.origin().await? == loaded, "the page did not follow by itself");
    let names = spoke.plane().kubectl(&["get", "namespaces", "-o", "name"]).await?;
    ensure!(names.contains("namespace/globex"), "{names}");
    browser.click("Account:").await?;
    browser.follow("Sign out").await?;
    browser.see("You are signed out").await?;
    browser.goto("/o/globex").await?;
    browser.at("/sign-in").await
}

/// HIER-6: the first password works, their organization is all there is, everything else does not exist.
async fn the_tenant_sees_exactly_theirs(browser: &Browser) -> Result<()> {
    browser.fill("email", NEW_ADMINISTRATOR).await?;
    browser.fill("password", NEW_PASSWORD).await?;
    browser.follow("Sign in").await?;
    browser.at("/o/globex").await?;
    browser.see_in("#ownership", "Gus Moreau").await?;
    browser.see_in("#placement-eu-1", "globex globex-gw").await?;
    browser.click("Organizations").await?;
    browser.at("/me/organizations").await?;
    browser.see("1 organization").await?;
    browser.see_in("#organizations", "globex").await?;
    browser.goto("/platform/clusters/eu-1").await?;
    browser.see_in("#facts", "4 of 4 ready").await?;
    ensure!(!browser.text("body").await?.contains("ingerprint"), "the tenant sees the key of a cluster");
    for hidden in [
        "/o/northwind",
        "/o/northwind/members",
        "/o/northwind/client-organizations/new",
        "/o/never-was",
        "/platform/clusters",
        "/platform/clusters/join",
        "/platform/client-organizations",
        "/platform/users",
        "/platform/plans",
        "/platform/audit",
    ] {
        browser.goto(hidden).await?;
        browser.see_in("h1", "Nothing here").await?;
        let shown = browser.text("main").await?;
        ensure!(shown.contains("Error 404"), "{hidden}: {shown}");
        ensure!(!shown.to_lowercase().contains("northwind"), "{hidden} tells of what is hidden: {shown}");
    }
    Ok(())
}

/// ORG-8: confirmed by the slug, taken down on the cluster, gone at the hub.
async fn deletion_takes_it_all_down(browser: &Browser, spoke: &Spoke) -> Result<()> {
    browser.goto("/o/globex").await?;
    browser.follow("Settings").await?;
    browser.click("Delete organization").await?;
    let focused = browser.focus().await?.map(|focus| focus.what).unwrap_or_default();
    ensure!(focused.contains("Cancel"), "the dialog opens with the focus on {focused}");
    browser.fill("confirm", "globe").await?;
    browser.follow("Delete organization").await?;
    browser.see_in(".error-summary", "globex").await?;
    browser.fill("confirm", "globex").await?;
    browser.follow("Delete organization").await?;
    browser.see("The deletion has begun").await?;
    let gone = wait::until("the end of the organization", CLUSTER_LIMIT, async || {
        browser.goto("/o/globex").await?;
        Ok(browser.text("h1").await?.contains("Nothing here").then_some(()))
    });
    gone.await?;
    let names = spoke.plane().kubectl(&["get", "namespaces", "-o", "name"]).await?;
    ensure!(!names.contains("globex"), "{names}");
    Ok(())
}
