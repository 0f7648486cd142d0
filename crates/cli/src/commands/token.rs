//! `bastide token`: one's own personal tokens.

use bastide_api::identity::NewToken;
use bastide_model::limits::TOKEN_SECONDS_MAX;
use clap::{Args, Subcommand};

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List your tokens; their secrets are not kept.
    List(ListArgs),
    /// Make a token and write its secret to standard output, this once.
    Create(CreateArgs),
    /// Withdraw a token; it stops working at once.
    Delete {
        /// Id of the token.
        token: String,
    },
}

/// Options of `token create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What it is for.
    name: String,
    /// Days that it works, 1 to 366; 90 when not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=TOKEN_SECONDS_MAX / 86_400))]
    days: Option<u32>,
    /// What it can do at most, such as `organizations.view`; again for more. Whatever you may when not given.
    #[arg(long = "permission", value_name = "KEY")]
    permissions: Vec<String>,
}

pub(crate) async fn run(shell: &Shell, command: TokenCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        TokenCommand::List(args) => {
            shell.list(args, "You have no tokens.", async |page| client.tokens(page).await).await
        }
        TokenCommand::Create(args) => {
            let token = NewToken {
                name: args.name,
                days: args.days,
                permissions: Some(args.permissions).filter(|keys| !keys.is_empty()),
            };
            let issued = client.create_token(&token).await?;
            shell.output.note(&format!(
                "Token {} works until {}. Its secret is shown this once.",
                issued.token.id, issued.token.expires_at
            ));
            let secret = issued.secret.clone();
            shell.output.one_as(&issued, &secret)
        }
        TokenCommand::Delete { token } => {
            client.delete_token(&token).await?;
            shell.output.note(&format!("Token {token} works no longer."));
            Ok(())
        }
    }
}
