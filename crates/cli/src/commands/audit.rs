//! `bastide audit`: what was changed in the installation.

use clap::Subcommand;

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `audit`.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List the changes of the whole installation; one organization's are in `organization audit`.
    List(ListArgs),
}

pub(crate) async fn run(shell: &Shell, command: AuditCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        AuditCommand::List(args) => {
            shell.list(args, "No changes that you may see.", async |page| client.audit(page).await).await
        }
    }
}
