//! `bastide hub`: the management planes that clusters belong to.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use clap::Subcommand;

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `hub`.
#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// List the hubs.
    List(ListArgs),
}

pub(crate) async fn run(shell: &Shell, command: HubCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        HubCommand::List(args) => {
            shell.list(args, "No hubs that you may see.", async |page| client.hubs(page).await).await
        }
    }
}

/// The hub that was given; the only one when none was. With several one has to choose.
pub(crate) async fn given_or_only(client: &Client, given: Option<String>) -> Result<String, Failure> {
    if let Some(hub) = given {
        return Ok(hub);
    }
    let hubs = all_pages(PageQuery::default(), None, async |page| client.hubs(page).await).await?;
    match hubs.as_slice() {
        [only] => Ok(only.slug.clone()),
        [] => Err(Failure::usage("no hub is given, and there is none that you may see")),
        several => {
            let slugs: Vec<_> = several.iter().map(|hub| hub.slug.as_str()).collect();
            Err(Failure::usage(format!("there are several hubs: {}", slugs.join(", ")))
                .hint("choose one with --hub"))
        }
    }
}
