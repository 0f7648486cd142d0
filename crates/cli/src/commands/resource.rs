//! `bastide resource`: what was put on clusters for an organization.

use bastide_api::organizations::ResourceQuery;
use clap::{Args, Subcommand};

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `resource`.
#[derive(Debug, Subcommand)]
pub(crate) enum ResourceCommand {
    /// List them, with their state and the reason.
    List {
        /// The organization, slug or id; the one that you act on when not given.
        organization: Option<String>,
        #[command(flatten)]
        filter: FilterArgs,
        #[command(flatten)]
        list: ListArgs,
    },
}

/// Which are listed.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only those on this cluster, name or id.
    #[arg(long)]
    cluster: Option<String>,
    /// Only those of this kind, such as `NetworkPolicy`.
    #[arg(long)]
    kind: Option<String>,
    /// Only those that are as they should be, or only those that are not.
    #[arg(long)]
    ready: Option<bool>,
}

pub(crate) async fn run(shell: &Shell, command: ResourceCommand) -> Result<(), Failure> {
    let ResourceCommand::List { organization, filter, list } = command;
    let (client, organization) = (shell.client()?, shell.organization(organization)?);
    let FilterArgs { cluster, kind, ready } = filter;
    let fetch = async |page: bastide_api::PageQuery| {
        let (cluster, kind) = (cluster.clone(), kind.clone());
        let (page_size, page_token, search) = (page.page_size, page.page_token, page.search);
        let query = ResourceQuery { page_size, page_token, search, cluster, kind, ready };
        client.resources(&organization, &query).await
    };
    shell.list(list, "There is nothing of it on any cluster.", fetch).await
}
