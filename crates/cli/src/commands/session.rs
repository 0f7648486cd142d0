//! `bastide session`: one's own signed-in browsers.

use clap::{Args, Subcommand};

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `session`.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionCommand {
    /// List the browsers in which you are signed in.
    List(ListArgs),
    /// Sign a browser out, or all of them.
    Delete(DeleteArgs),
}

/// Options of `session delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// Id of the session.
    #[arg(required_unless_present = "all")]
    session: Option<String>,
    /// Sign out everywhere.
    #[arg(long, conflicts_with = "session")]
    all: bool,
}

pub(crate) async fn run(shell: &Shell, command: SessionCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        SessionCommand::List(args) => {
            let nothing = "You are signed in with no browser.";
            shell.list(args, nothing, async |page| client.sessions(page).await).await
        }
        SessionCommand::Delete(DeleteArgs { session: Some(session), .. }) => {
            client.end_session(&session).await?;
            shell.output.note(&format!("Session {session} has ended."));
            Ok(())
        }
        SessionCommand::Delete(DeleteArgs { session: None, .. }) => {
            client.end_sessions().await?;
            shell.output.note("All sessions have ended. Tokens still work; see `bastide token list`.");
            Ok(())
        }
    }
}
