//! `bastide permission`: the registry of permission keys.

use clap::Subcommand;

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `permission`.
#[derive(Debug, Subcommand)]
pub(crate) enum PermissionCommand {
    /// List the permission keys and what each allows.
    List(ListArgs),
}

pub(crate) async fn run(shell: &Shell, command: PermissionCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        PermissionCommand::List(args) => {
            shell.list(args, "No permissions match.", async |page| client.permissions(page).await).await
        }
    }
}
