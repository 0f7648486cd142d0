//! With the keyboard alone: the link to the content, sign-in, accepting a cluster, the wizard, dialogs and menus
//! (WCAG 2.2, 2.1.1).

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::browser::{Browser, Key, Look};
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::spoke::Spoke;
use serde_json::json;

use crate::stage;

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_needs_no_pointer() -> Result<()> {
    let (hub, eu, us) =
        tokio::join!(Hub::start(Options::default()), Spoke::start("eu-1"), Spoke::start("us-1"));
    let (hub, mut eu, mut us) = (hub?, eu?, us?);
    let admin = hub.set_up().await?;
    stage::found(&admin).await?;
    stage::join(&hub, &admin, "eu-1", &mut eu).await?;
    stage::gateway(&admin, "eu-1").await?;
    let fingerprint = stage::ask(&admin, "us-1", &mut us).await?;
    let browser = Browser::start(&hub.url()).await?;

    signs_in(&browser).await?;
    skips_to_the_content(&browser).await?;
    finds_an_organization(&browser).await?;
    accepts_a_cluster(&browser, &fingerprint).await?;
    goes_through_the_wizard(&browser).await?;
    opens_and_closes_a_dialog(&browser).await?;
    opens_the_menu_of_a_narrow_page(&browser).await?;
    browser.is_content().await?;

    browser.stop().await?;
    eu.stop().await?;
    us.stop().await?;
    hub.stop().await
}

/// Presses a key that leads to another page.
async fn enter(browser: &Browser, key: Key, what: &str) -> Result<()> {
    let before = browser.origin().await?;
    browser.press(key).await?;
    browser.leave(&before, what).await
}

/// Goes to a field and types.
async fn fill(browser: &Browser, id: &str, text: &str) -> Result<()> {
    browser.tab_to(&format!("[id='{id}']")).await?;
    browser.type_text(text).await
}

/// Goes to a group of radio buttons and chooses the one with this id.
async fn choose(browser: &Browser, group: &str, id: &str) -> Result<()> {
    browser.tab_to(&format!("input[name='{group}']")).await?;
    let focus = async || browser.focus().await?.map(|focus| focus.id).context("the focus is nowhere");
    let first = focus().await?;
    browser.press(Key::Space).await?;
    while focus().await? != id {
        browser.press(Key::Down).await?;
        ensure!(focus().await? != first, "no arrow leads to `{id}`");
    }
    ensure!(!browser.value(id).await?.is_empty(), "`{id}` has the focus and is not chosen");
    Ok(())
}

/// The focus is in the first field; nothing has to be solved or copied (3.3.8).
async fn signs_in(browser: &Browser) -> Result<()> {
    browser.goto("/sign-in?next=/me/organizations").await?;
    let first = browser.focus().await?.map(|focus| focus.id);
    ensure!(first.as_deref() == Some("email"), "the focus is on {first:?}");
    browser.type_text(ADMINISTRATOR).await?;
    browser.press(Key::Tab).await?;
    browser.type_text(PASSWORD).await?;
    enter(browser, Key::Enter, "signing in").await?;
    browser.at("/me/organizations").await
}

/// 2.4.1: the first stop leads past the header and the navigation.
async fn skips_to_the_content(browser: &Browser) -> Result<()> {
    browser.goto("/me/organizations").await?;
    browser.press(Key::Tab).await?;
    let link = browser.focus().await?.context("the focus is nowhere")?;
    ensure!(link.what.contains("Skip to content") && link.in_view && link.uncovered, "{link:?}");
    browser.press(Key::Enter).await?;
    browser.press(Key::Tab).await?;
    let inside: bool = browser.run("return document.activeElement.closest('main') !== null", &[]).await?;
    ensure!(inside, "the stop after the link is {:?}", browser.focus().await?);
    Ok(())
}

/// The switcher is a list that is driven from its field.
async fn finds_an_organization(browser: &Browser) -> Result<()> {
    browser.press(Key::ControlK).await?;
    browser.tab_to("#switcher-search").await?;
    browser.type_text("north").await?;
    browser.see_in("#switcher-list", "Northwind Cloud").await?;
    enter(browser, Key::Enter, "the organization").await?;
    browser.at("/o/northwind").await?;
    browser.press(Key::ControlK).await?;
    ensure!(browser.count("#switcher-list").await? == 1, "the switcher does not open");
    browser.press(Key::Escape).await?;
    ensure!(browser.count("#switcher-list").await? == 0, "the switcher does not close");
    let back = browser.focus().await?.map(|focus| focus.what).unwrap_or_default();
    ensure!(back.starts_with("summary"), "after the switcher the focus is on {back}");
    Ok(())
}

/// FLEET-1: the fingerprint may be pasted.
async fn accepts_a_cluster(browser: &Browser, fingerprint: &str) -> Result<()> {
    browser.tab_to("a[href='/platform/clusters']").await?;
    enter(browser, Key::Enter, "the clusters").await?;
    fill(browser, "fingerprint-us-1", fingerprint).await?;
    browser.see("The same key").await?;
    browser.tab_to("button[form='accept-form-us-1']").await?;
    enter(browser, Key::Space, "accepting").await?;
    browser.at("/platform/clusters/us-1").await?;
    browser.see("The cluster is accepted").await
}

async fn goes_through_the_wizard(browser: &Browser) -> Result<()> {
    browser.goto("/o/northwind").await?;
    browser.tab_to("main a[href$='/client-organizations/new']").await?;
    enter(browser, Key::Enter, "the wizard").await?;
    browser.type_text("Globex").await?;
    choose(browser, "administrator_kind", "administrator_kind-new").await?;
    fill(browser, "administrator_name", "Gus Moreau").await?;
    // The key sends the form from any field, and goes on, not back.
    fill(browser, "administrator_email", "gus@globex.test").await?;
    enter(browser, Key::Enter, "the first step").await?;
    choose(browser, "spoke", "spoke-eu-1").await?;
    browser.tab_to("button[value='next']").await?;
    enter(browser, Key::Enter, "the second step").await?;
    choose(browser, "gateway", "gateway-dedicated").await?;
    choose(browser, "gateway_configuration", "gateway_configuration-edge").await?;
    browser.tab_to("button[value='next']").await?;
    enter(browser, Key::Space, "the third step").await?;
    // A refusal has the focus on its summary, and a link to the field.
    fill(browser, "administrator_password", "short").await?;
    enter(browser, Key::Enter, "a refusal").await?;
    let focused: bool = browser
        .run("return document.activeElement.matches(arguments[0])", &[json!(".error-summary")])
        .await?;
    ensure!(focused, "the focus is not on what went wrong");
    browser.press(Key::Tab).await?;
    browser.press(Key::Enter).await?;
    let field = browser.focus().await?.map(|focus| focus.id);
    ensure!(field.as_deref() == Some("administrator_password"), "the link leads to {field:?}");
    browser.type_text(PASSWORD).await?;
    enter(browser, Key::Enter, "the end").await?;
    browser.at("/o/globex").await
}

async fn opens_and_closes_a_dialog(browser: &Browser) -> Result<()> {
    browser.goto("/o/globex/settings").await?;
    browser.tab_to("#delete > summary").await?;
    browser.press(Key::Enter).await?;
    ensure!(browser.count("dialog[open]").await? == 1, "no dialog opens");
    let focus = browser.focus().await?.map(|focus| focus.what).unwrap_or_default();
    ensure!(focus.contains("Cancel"), "the dialog opens with the focus on {focus}");
    browser.press(Key::Escape).await?;
    ensure!(browser.count("dialog").await? == 0, "the dialog does not close");
    let back: bool = browser
        .run("return document.activeElement.matches(arguments[0])", &[json!("#delete > summary")])
        .await?;
    ensure!(back, "after the dialog the focus is on {:?}", browser.focus().await?);
    Ok(())
}

async fn opens_the_menu_of_a_narrow_page(browser: &Browser) -> Result<()> {
    browser.look(Look::Narrow).await?;
    browser.goto("/me/organizations").await?;
    ensure!(browser.count("#navigation").await? == 0, "the menu is open before it was opened");
    browser.tab_to("button[popovertarget='navigation']").await?;
    browser.press(Key::Enter).await?;
    browser.see_in("#navigation", "Tokens").await?;
    browser.axe("menu-narrow").await?;
    browser.screenshot("menu-narrow").await?;
    browser.press(Key::Escape).await?;
    ensure!(browser.count("#navigation").await? == 0, "the menu does not close");
    browser.look(Look::Light).await
}
