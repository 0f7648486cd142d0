//! `bastide gateway`: gateway configurations that organizations can choose from.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::clusters::{Listener, NewGatewayConfiguration};
use clap::{Args, Subcommand};

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;

/// Verbs of `gateway`.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayCommand {
    /// List the gateway configurations of a cluster.
    List {
        /// The cluster, name or id.
        cluster: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Make a gateway configuration on a cluster.
    Create(CreateArgs),
    /// Delete a gateway configuration that no organization uses.
    Delete {
        /// Id of the configuration; with --cluster also its slug.
        configuration: String,
        /// The cluster whose configuration it is, name or id.
        #[arg(long)]
        cluster: Option<String>,
    },
}

/// Options of `gateway create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// The cluster, name or id.
    cluster: String,
    /// What people read.
    #[arg(long)]
    name: String,
    /// Short name; made from the name when not given.
    #[arg(long)]
    slug: Option<String>,
    /// Name of the `GatewayClass` on the cluster.
    #[arg(long)]
    class: String,
    /// A listener, such as web:443:HTTPS; again for more.
    #[arg(long = "listener", value_name = "NAME:PORT:PROTOCOL", required = true, value_parser = input::listener)]
    listeners: Vec<Listener>,
}

pub(crate) async fn run(shell: &Shell, command: GatewayCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        GatewayCommand::List { cluster, list } => {
            let nothing = "No gateway configurations; organizations can use the shared gateway.";
            shell.list(list, nothing, async |page| client.gateway_configurations(&cluster, page).await).await
        }
        GatewayCommand::Create(args) => {
            let configuration = NewGatewayConfiguration {
                name: args.name,
                slug: args.slug,
                class: args.class,
                listeners: args.listeners,
            };
            shell.output.one(&client.create_gateway_configuration(&args.cluster, &configuration).await?)
        }
        GatewayCommand::Delete { configuration, cluster } => {
            let id = match cluster {
                Some(cluster) => id_on(&client, &cluster, &configuration).await?,
                None => configuration.clone(),
            };
            client.delete_gateway_configuration(&id).await?;
            shell.output.note(&format!("Gateway configuration {configuration} is deleted."));
            Ok(())
        }
    }
}

/// Slugs are unique on a cluster only, so the API deletes by id.
async fn id_on(client: &Client, cluster: &str, configuration: &str) -> Result<String, Failure> {
    let fetch = async |page| client.gateway_configurations(cluster, page).await;
    let found = all_pages(PageQuery::default(), None, fetch).await?;
    found
        .into_iter()
        .find(|one| one.slug == configuration || one.id == configuration)
        .map(|one| one.id)
        .ok_or_else(|| {
            Failure::new(Exit::NotFound, format!("{cluster} has no gateway configuration {configuration}"))
                .hint(format!("see what there is: bastide gateway list {cluster}"))
        })
}
