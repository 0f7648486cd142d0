//! A walk through every view of every page, on a hub that grows on the way.

use anyhow::{Result, ensure};
use bastide_testkit::browser::{Browser, Focus, Look};
use bastide_testkit::hub::{Hub, Options};
use serde_json::json;

use crate::pages::{self, Do, State, View};
use crate::stage::{self, Stage, Who};

/// Smallest side of what is to be hit, in CSS pixels (WCAG 2.2, 2.5.8).
const TARGET: f64 = 24.0;

/// Opens every view and lets `look` at it; what it finds is told of all views together.
async fn walk(look: impl AsyncFn(&Browser, &View) -> Result<Vec<String>>) -> Result<()> {
    let hub = Hub::start(Options::default()).await?;
    let browser = Browser::start(&hub.url()).await?;
    let setup = hub.setup_secret()?;
    let mut found = Vec::new();
    let (mut admin, mut code, mut spokes) = (None, String::new(), None);
    for now in Stage::ALL {
        match (now, &admin) {
            (Stage::Bare, _) => {
                let client = hub.set_up().await?;
                code = client.authorize_device().await?.user_code;
                admin = Some(client);
            }
            (Stage::Founded, Some(admin)) => stage::found(admin).await?,
            (Stage::Full, Some(admin)) => spokes = Some(stage::fill(&hub, admin).await?),
            _ => {}
        }
        for who in Who::ALL {
            let views = pages::all().flat_map(|page| page.views);
            let mut views = views.filter(|view| view.stage == now && view.who == who).peekable();
            if views.peek().is_some() {
                who.enter(&browser).await?;
            }
            for view in views {
                let address = view.at.replace("{setup}", &setup).replace("{code}", &code);
                match visit(&browser, view, &address, &look).await {
                    Ok(wrong) => found.extend(wrong),
                    Err(error) => found.push(format!("{}: {error:#}", view.name)),
                }
            }
        }
    }
    browser.stop().await?;
    if let Some(spokes) = spokes {
        spokes.stop().await?;
    }
    hub.stop().await?;
    ensure!(found.is_empty(), "{} findings:\n{}", found.len(), found.join("\n"));
    Ok(())
}

async fn visit(
    browser: &Browser,
    view: &View,
    address: &str,
    look: &impl AsyncFn(&Browser, &View) -> Result<Vec<String>>,
) -> Result<Vec<String>> {
    browser.look(Look::Light).await?;
    browser.goto(address).await?;
    for step in view.does {
        act(browser, step).await?;
    }
    look(browser, view).await
}

async fn act(browser: &Browser, step: &Do) -> Result<()> {
    match step {
        Do::Fill(id, text) => browser.fill(id, text).await,
        Do::Tick(id) => browser.tick(id).await,
        Do::Click(words) => browser.click(words).await,
        Do::ClickAt(selector) => browser.click_at(selector).await,
        Do::Send(words) => browser.send_unchecked(words).await,
        Do::SendAt(selector) => browser.send_unchecked_at(selector).await,
        Do::Press(key) => browser.press(*key).await,
        Do::All(steps) => {
            for step in *steps {
                Box::pin(act(browser, step)).await?;
            }
            Ok(())
        }
    }
}

/// WCAG 2.2 AA as far as axe-core knows it, 1.4.10 Reflow, and a log without complaints, in every look of every view;
/// and a picture of each.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_in_every_state_and_look_is_accessible_fits_and_is_quiet() -> Result<()> {
    walk(async |browser, view| {
        let mut found = Vec::new();
        let mut note = |outcome: Result<()>| found.extend(outcome.err().map(|error| error.to_string()));
        for look in Look::ALL {
            browser.look(look).await?;
            let name = format!("{}-{}", view.name, look.as_str());
            note(browser.axe(&name).await);
            note(browser.fits(&name).await);
            browser.screenshot(&name).await?;
        }
        note(shows_what_it_should(browser, view).await);
        note(browser.is_content().await);
        Ok(found)
    })
    .await
}

/// That a view is in the state that it is there for: an error is said, and only then.
async fn shows_what_it_should(browser: &Browser, view: &View) -> Result<()> {
    let errors = browser.count(".error-summary, .error-page, .empty.failed").await?;
    let wrong = view.state == State::Error;
    ensure!((errors > 0) == wrong, "{} says {errors} errors", view.name);
    Ok(())
}

/// WCAG 2.2: 2.4.7 Focus visible, 2.4.11 Focus not obscured, 2.5.8 Target size, 2.1.2 No keyboard trap, on the way of the
/// tabulator through every view, wide and narrow; 2.4.1 the link to the content; 3.2.6 landmarks and help in one order.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_can_be_walked_through_by_keyboard() -> Result<()> {
    walk(async |browser, view| {
        let mut found = Vec::new();
        if view.state == State::Error {
            return Ok(found);
        }
        for look in [Look::Light, Look::Narrow] {
            browser.look(look).await?;
            let name = format!("{}-{}", view.name, look.as_str());
            let stops = browser.stops().await?;
            let dialog = browser.count("dialog[open]").await? > 0;
            if !dialog && stops.first().is_none_or(|stop| !stop.what.contains("Skip to content")) {
                found.push(format!("{name}: the first stop is not the link to the content"));
            }
            found.extend(stops.iter().flat_map(|stop| faults(stop, &name)));
        }
        if let Err(error) = is_laid_out_as_all(browser).await {
            found.push(format!("{}: {error}", view.name));
        }
        Ok(found)
    })
    .await
}

fn faults(stop: &Focus, name: &str) -> Vec<String> {
    let small = !stop.in_a_sentence && (stop.width < TARGET || stop.height < TARGET);
    let faults = [
        (!stop.in_view, "is outside the window while it has the focus (2.4.11)".to_owned()),
        (stop.in_view && !stop.uncovered, "is covered while it has the focus (2.4.11)".to_owned()),
        (!stop.ring, "does not show that it has the focus (2.4.7)".to_owned()),
        (small, format!("is {} × {} px to hit (2.5.8)", stop.width, stop.height)),
    ];
    let faults = faults.into_iter().filter(|(is, _)| *is);
    faults.map(|(_, what)| format!("{name}: {} {what}", stop.what)).collect()
}

/// The same landmarks in the same order on every page, and the link to help in the last of them.
async fn is_laid_out_as_all(browser: &Browser) -> Result<()> {
    let script = "return [...document.querySelectorAll('header, nav, main, aside, footer')].map((e) => e.tagName.toLowerCase() + (e.ariaLabel ? ` ${e.ariaLabel}` : ''))";
    let landmarks: Vec<String> = browser.run(script, &[]).await?;
    let frame: Vec<&str> = landmarks
        .iter()
        .map(String::as_str)
        .filter(|one| ["header", "nav Main", "main", "footer"].contains(one))
        .collect();
    let expected: &[&str] = if frame.contains(&"nav Main") {
        &["header", "nav Main", "main", "footer"]
    } else {
        &["header", "main", "footer"]
    };
    ensure!(frame == expected, "the landmarks are {landmarks:?}");
    let help = "return document.querySelectorAll(arguments[0]).length";
    let links: usize = browser.run(help, &[json!("footer a.help")]).await?;
    ensure!(links == 1, "there are {links} links to help at its place");
    Ok(())
}
