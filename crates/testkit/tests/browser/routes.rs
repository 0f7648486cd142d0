//! The table of pages against the route table: no page is forgotten, and none is looked at that is not there any more.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use bastide_testkit::routes;

use crate::pages::{self, NO_PAGES, State};

#[test]
fn every_page_of_the_route_table_is_looked_at_and_no_other() -> Result<()> {
    let rows = routes::rows()?;
    let served: BTreeSet<&str> = rows
        .iter()
        .filter(|row| row.method == "GET" && row.id.starts_with("console_"))
        .map(|row| row.path.as_str())
        .collect();
    ensure!(served.contains("/sign-in"), "the console has only {served:?}");
    let looked_at: BTreeSet<&str> = pages::all().map(|page| page.route).collect();
    let no_pages: BTreeSet<&str> = NO_PAGES.iter().map(|(route, _)| *route).collect();
    let known: BTreeSet<&str> = looked_at.union(&no_pages).copied().collect();
    let forgotten: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
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
