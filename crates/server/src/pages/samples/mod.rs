//! Every page with made-up data: empty, full, with errors, with names that try to break it. For tests, and for whoever
//! wants to look at the pages without a server: `cargo run -p bastide-server --features samples --example page-samples`.

pub(crate) mod data;
mod entry;
mod me;
mod moving;
mod organization;
mod people;
mod platform;
mod teams;
mod wizard;

use maud::Markup;

/// Every sample: its name, and the page.
pub fn samples() -> Vec<(String, Markup)> {
    let groups = [
        entry::samples(),
        me::samples(),
        organization::samples(),
        moving::samples(),
        teams::samples(),
        wizard::samples(),
        platform::samples(),
    ];
    groups.into_iter().flatten().map(|(name, page)| (name.to_owned(), page)).collect()
}
