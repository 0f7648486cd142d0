//! `bastide join-token`: with what clusters ask to join (FLEET-1).

use bastide_api::clusters::NewJoinToken;
use bastide_model::limits::JOIN_TOKEN_SECONDS_MAX;
use clap::{Args, Subcommand};

use super::{ListArgs, hub};
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `join-token`.
#[derive(Debug, Subcommand)]
pub(crate) enum JoinTokenCommand {
    /// Make a join token and write what to type at the cluster, this once.
    Create(CreateArgs),
    /// List the join tokens of a hub; their secrets are not kept.
    List {
        /// The hub, slug or id; not needed when there is one only.
        #[arg(long)]
        hub: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Withdraw a join token.
    Delete {
        /// Id of the join token.
        join_token: String,
    },
}

/// Options of `join-token create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The name that the cluster will have.
    cluster_name: String,
    /// The hub, slug or id; not needed when there is one only.
    #[arg(long)]
    hub: Option<String>,
    /// Minutes that it works, 1 to 10080; 60 when not given.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=JOIN_TOKEN_SECONDS_MAX / 60))]
    minutes: Option<u32>,
    /// Write the manifest for `kubectl apply -f -` instead of the command.
    #[arg(long)]
    manifest: bool,
}

pub(crate) async fn run(shell: &Shell, command: JoinTokenCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        JoinTokenCommand::Create(args) => {
            let hub = hub::given_or_only(&client, args.hub).await?;
            let token = NewJoinToken { cluster_name: args.cluster_name, minutes: args.minutes };
            let issued = client.create_join_token(&hub, &token).await?;
            let next = if args.manifest {
                "Give this to `kubectl apply -f -` at the cluster:"
            } else {
                "Where the cluster's kubeconfig is, type:"
            };
            let (id, ends) = (&issued.token.id, &issued.token.expires_at);
            shell.output.note(&format!("Join token {id} works once, until {ends}. {next}"));
            let text = if args.manifest { issued.manifest.clone() } else { issued.command.clone() };
            shell.output.one_as(&issued, &text)
        }
        JoinTokenCommand::List { hub, list } => {
            let hub = hub::given_or_only(&client, hub).await?;
            shell.list(list, "No join tokens.", async |page| client.join_tokens(&hub, page).await).await
        }
        JoinTokenCommand::Delete { join_token } => {
            client.delete_join_token(&join_token).await?;
            shell.output.note(&format!("Join token {join_token} works no longer."));
            Ok(())
        }
    }
}
