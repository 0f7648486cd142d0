//! `bastide hub`: the management planes that clusters belong to.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::clusters::{RotateAuthority, RotationStep};
use clap::Subcommand;

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `hub`.
#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// List the hubs.
    List(ListArgs),
    /// The authority that vouches for the hub and its agents.
    #[command(subcommand)]
    Authority(AuthorityCommand),
}

/// Verbs of `hub authority`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthorityCommand {
    /// Show it, and how far its exchange has come.
    View,
    /// Make the next one and hand it to the agents.
    Prepare,
    /// Let the next one take over, once every cluster that answers has it.
    Switch {
        /// Also when clusters that answer do not have it yet.
        #[arg(long)]
        force: bool,
    },
}

pub(crate) async fn run(shell: &Shell, command: HubCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        HubCommand::List(args) => {
            shell.list(args, "No hubs that you may see.", async |page| client.hubs(page).await).await
        }
        HubCommand::Authority(command) => {
            let step = |step, force| RotateAuthority { step, force };
            let state = match command {
                AuthorityCommand::View => client.authority().await?,
                AuthorityCommand::Prepare => {
                    client.rotate_authority(&step(RotationStep::Prepare, false)).await?
                }
                AuthorityCommand::Switch { force } => {
                    client.rotate_authority(&step(RotationStep::Switch, force)).await?
                }
            };
            shell.output.one(&state)
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
