//! What the benchmarks share: how they are called and end, what they print, and the organizations that they order.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::organizations::GatewayChoice;

use crate::hub::ADMINISTRATOR;

/// Runs a benchmark until it ends or is interrupted, and says why when it did not end well.
pub async fn main(run: impl Future<Output = Result<()>>) -> ExitCode {
    let ended = tokio::select! {
        ended = run => ended,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("stopped")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// How many of something the first argument asks for.
///
/// # Errors
/// When it is no number from 1 to the greatest that is allowed.
pub fn count(of: &str, usual: usize, most: usize) -> Result<usize> {
    match std::env::args().nth(1) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .ok()
            .filter(|count| (1..=most).contains(count))
            .with_context(|| format!("`{text}` is not a number of {of}: 1 to {most} are allowed")),
    }
}

/// The short name of an organization, by its number.
pub fn slug(number: usize) -> String {
    format!("tenant-{number}")
}

/// An organization beneath `northwind-cloud` on a spoke.
pub fn order(number: usize, spoke: &str) -> NewClientOrganization {
    NewClientOrganization {
        acting_from: "northwind-cloud".into(),
        name: format!("Tenant {number}"),
        slug: Some(slug(number)),
        annotations: None,
        administrator: Administrator::Existing { user: ADMINISTRATOR.into() },
        visibility: None,
        plan: Some("business".into()),
        hub: "main".into(),
        spoke: spoke.to_owned(),
        node_pool: None,
        gateway: GatewayChoice::Shared {},
    }
}

/// A line for whoever runs the benchmark. A closed terminal is no reason to stop.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
