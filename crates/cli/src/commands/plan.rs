//! `bastide plan`: what organizations may use.

use clap::Subcommand;

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `plan`.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// List the plans and their limits.
    List(ListArgs),
}

pub(crate) async fn run(shell: &Shell, command: PlanCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        PlanCommand::List(args) => {
            shell.list(args, "No plans that you may see.", async |page| client.plans(page).await).await
        }
    }
}
