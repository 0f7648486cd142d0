//! Without scripts: everything can be done with plain links and forms.

use std::time::Duration;

use anyhow::{Result, ensure};
use bastide_testkit::browser::Browser;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;

use crate::stage::{self, sign_in};

const LIMIT: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_needs_no_scripts() -> Result<()> {
    let (hub, spoke) = tokio::join!(Hub::start(Options::default()), Spoke::start("eu-1"));
    let (hub, mut spoke) = (hub?, spoke?);
    let admin = hub.set_up().await?;
    let browser = Browser::start(&hub.url()).await?;
    browser.allow_scripts(false).await?;

    sign_in(&browser, ADMINISTRATOR).await?;
    create_organization(&browser).await?;
    make_and_delete_token(&browser).await?;
    let fingerprint = stage::ask(&admin, "eu-1", &mut spoke).await?;
    accept_and_license(&hub, &browser, &fingerprint).await?;
    wizard(&browser).await?;
    choose_dark(&browser).await?;
    delete(&browser).await?;
    sign_out(&browser).await?;

    browser.stop().await?;
    spoke.stop().await?;
    hub.stop().await
}

async fn create_organization(browser: &Browser) -> Result<()> {
    browser.goto("/me/organizations").await?;
    browser.follow("Create organization").await?;
    browser.fill("name", "Northwind").await?;
    browser.fill("annotations-key-1", "northwind.test/floor").await?;
    browser.fill("annotations-value-1", "3").await?;
    browser.follow("Create organization").await?;
    browser.at("/o/northwind").await?;
    browser.goto("/me/organizations").await?;
    browser.fill("organizations-search", "north").await?;
    browser.follow("Search").await?;
    browser.see("1 organization").await
}

/// What the script opens in a dialog is a disclosure with the same form.
async fn make_and_delete_token(browser: &Browser) -> Result<()> {
    browser.goto("/me/tokens").await?;
    browser.fill("name", "nightly").await?;
    browser.follow("Make token").await?;
    browser.see("Your new token “nightly”").await?;
    browser.goto("/me/tokens").await?;
    browser.click("Delete: nightly").await?;
    browser.follow("Delete token").await?;
    browser.see("Deleted.").await?;
    let shown = browser.text("main").await?;
    ensure!(!shown.contains("nightly"), "the token is still there: {shown}");
    Ok(())
}

async fn accept_and_license(hub: &Hub, browser: &Browser, fingerprint: &str) -> Result<()> {
    browser.goto("/platform/clusters").await?;
    browser.fill("fingerprint-eu-1", fingerprint).await?;
    browser.follow("Accept").await?;
    browser.at("/platform/clusters/eu-1").await?;
    let available = wait::until("the cluster to be available", LIMIT, async || {
        browser.goto("/platform/clusters/eu-1").await?;
        Ok(browser.text("#cluster-state").await?.contains("Available").then_some(()))
    });
    available.await?;
    let uid = browser.text("#licence dd code").await?;
    browser.fill("pem", &hub.licence_for(&uid, 30)?).await?;
    browser.follow_at("form[action$='/licence'] button[type='submit']").await?;
    browser.see("The licence is stored").await
}

async fn wizard(browser: &Browser) -> Result<()> {
    browser.goto("/o/northwind").await?;
    browser.follow("Create client organization").await?;
    browser.follow("Cancel").await?;
    browser.at("/o/northwind").await?;
    browser.follow("Create client organization").await?;
    browser.fill("name", "Globex").await?;
    browser.tick("administrator_kind-new").await?;
    browser.fill("administrator_name", "Gus Moreau").await?;
    browser.fill("administrator_email", "gus@globex.test").await?;
    browser.follow("Next: Cluster").await?;
    browser.tick("spoke-eu-1").await?;
    browser.click("Bind it to a node pool").await?;
    browser.fill("node_labels-key-1", "pool").await?;
    browser.fill("node_labels-value-1", "general").await?;
    browser.follow("Next: Gateway").await?;
    browser.tick("gateway-shared").await?;
    browser.follow("Next: Review").await?;
    browser.follow("Change Cluster").await?;
    ensure!(browser.value("node_labels-value-1").await? == "general", "the node pool is gone");
    browser.follow("Next: Gateway").await?;
    browser.follow("Next: Review").await?;
    browser.fill("administrator_password", PASSWORD).await?;
    browser.follow("Create client organization").await?;
    browser.at("/o/globex").await?;
    let ready = wait::until("the objects of Globex", LIMIT, async || {
        browser.goto("/o/globex").await?;
        Ok(browser.text("main").await?.contains("Everything is there and works").then_some(()))
    });
    ready.await
}

async fn choose_dark(browser: &Browser) -> Result<()> {
    browser.click("Account:").await?;
    browser.follow("Dark").await?;
    browser.at("/o/globex").await?;
    let theme: Option<String> = browser.run("return document.documentElement.dataset.theme", &[]).await?;
    ensure!(theme.as_deref() == Some("dark"), "the page is {theme:?}");
    browser.goto("/o/never-was").await?;
    let theme: Option<String> = browser.run("return document.documentElement.dataset.theme", &[]).await?;
    ensure!(theme.as_deref() == Some("dark"), "the page for what is not there is {theme:?}");
    Ok(())
}

async fn delete(browser: &Browser) -> Result<()> {
    browser.goto("/o/globex/settings").await?;
    browser.click("Delete organization").await?;
    browser.fill("confirm", "globex").await?;
    browser.follow_at("form[action='/o/globex/delete'] button[type='submit']").await?;
    let gone = wait::until("the end of Globex", LIMIT, async || {
        browser.goto("/o/globex").await?;
        Ok(browser.text("h1").await?.contains("Nothing here").then_some(()))
    });
    gone.await
}

async fn sign_out(browser: &Browser) -> Result<()> {
    browser.goto("/me/organizations").await?;
    browser.click("Account:").await?;
    browser.follow("Sign out").await?;
    browser.see("You are signed out").await
}
