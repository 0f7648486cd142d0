//! The table of pages against the route table: no page is forgotten, and none is looked at that is not there any more.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};

use crate::pages::{self, NO_PAGES, State};

/// The console's part of the route table, read as text: what builds the server is no part of this crate.
const ROWS: &str = include_str!("../../../server/src/http/console.rs");

/// The paths of the rows that are pages. A path is a text, or the name of a constant of that file.
fn routes() -> Result<BTreeSet<&'static str>> {
    let rows =
        ROWS.split("page(").skip(1).filter(|rest| !rest.starts_with('\n') || rest.contains("\"console_"));
    let mut routes = BTreeSet::new();
    for row in rows {
        let Some((path, rest)) = row.split_once(',') else { continue };
        // The function's own declaration has types in the place of texts.
        if rest.trim_start().starts_with("\"console_") {
            routes.insert(text(path.trim())?);
        }
    }
    let ids = ROWS.matches("\"console_").count();
    let forms = ROWS.split("form(").skip(1).filter(|row| is_row(row)).count();
    ensure!(routes.len() + forms == ids, "{} pages and {forms} forms are not the {ids} rows", routes.len());
    Ok(routes)
}

fn is_row(row: &str) -> bool {
    row.split_once(',').is_some_and(|(_, rest)| rest.trim_start().starts_with("\"console_"))
}

fn text(path: &'static str) -> Result<&'static str> {
    if let Some(text) = path.strip_prefix('"') {
        return text.strip_suffix('"').with_context(|| format!("{path} is no text"));
    }
    let declaration = format!("{path}: &str = \"");
    let (_, rest) = ROWS.split_once(&declaration).with_context(|| format!("{path} is not declared"))?;
    rest.split('"').next().with_context(|| format!("{path} is no text"))
}

#[test]
fn every_page_of_the_route_table_is_looked_at_and_no_other() -> Result<()> {
    let routes = routes()?;
    ensure!(
        routes.contains("/sign-in") && routes.contains("/o/{slug}/client-organizations/new"),
        "{routes:?}"
    );
    let looked_at: BTreeSet<&str> = pages::all().map(|page| page.route).collect();
    let no_pages: BTreeSet<&str> = NO_PAGES.iter().map(|(route, _)| *route).collect();
    let known: BTreeSet<&str> = looked_at.union(&no_pages).copied().collect();
    let forgotten: Vec<_> = routes.difference(&known).collect();
    let gone: Vec<_> = known.difference(&routes).collect();
    ensure!(forgotten.is_empty(), "browser/pages.rs has no views of {forgotten:?}");
    ensure!(gone.is_empty(), "browser/pages.rs has views of {gone:?}, which the route table does not have");
    Ok(())
}

#[test]
fn every_page_is_looked_at_as_it_is_when_something_is_wrong_and_otherwise() -> Result<()> {
    let mut names = BTreeSet::new();
    for page in pages::all() {
        let states: Vec<State> = page.views.iter().map(|view| view.state).collect();
        ensure!(states.contains(&State::Error), "{} has no view of an error", page.route);
        ensure!(states.iter().any(|state| *state != State::Error), "{} has views of errors only", page.route);
        for view in page.views {
            ensure!(names.insert(view.name), "two views are called {}", view.name);
        }
    }
    Ok(())
}
