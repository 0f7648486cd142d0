//! `bastide placement`: on which clusters an organization is (FLEET-6).

use std::time::Duration;

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::organizations::{NewPlacement, PlacementView};
use clap::{Args, Subcommand};

use super::ListArgs;
use super::client_organization::{gateway, node_pool, wait_until_ready};
use super::cluster::confirmed;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;
use crate::views::placement_summary;
use crate::wait::{self, Look};

/// Verbs of `placement`.
#[derive(Debug, Subcommand)]
pub(crate) enum PlacementCommand {
    /// List the clusters that an organization is on, and how far each has come.
    List {
        /// The organization, slug or id.
        organization: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Place an organization on another cluster.
    Add(AddArgs),
    /// Take an organization off a cluster, with everything that is there of it.
    Remove(RemoveArgs),
}

/// Options of `placement add`.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The cluster, name or id.
    spoke: String,
    /// Bind its pods to nodes with this label; again for more.
    #[arg(long = "node-label", value_name = "KEY=VALUE", value_parser = input::key_value)]
    node_labels: Vec<(String, String)>,
    /// A taint of these nodes that its pods tolerate: key=value:Effect, key:Effect, key=value or key; again for more.
    #[arg(long = "toleration", value_name = "TOLERATION", requires = "node_labels")]
    tolerations: Vec<String>,
    /// `shared`, or slug or id of one of the cluster's gateway configurations.
    #[arg(long, value_name = "GATEWAY", default_value = "shared")]
    gateway: String,
    /// Wait until the cluster has everything that belongs to it.
    #[arg(long)]
    wait: bool,
    /// Longest time to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = input::duration)]
    timeout: Duration,
}

/// Options of `placement remove`.
#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The cluster, name or id.
    spoke: String,
    /// The cluster's name once more, to confirm.
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// Leave everything there: it is no longer Bastide's, and nothing of Bastide's holds it.
    #[arg(long)]
    leave_in_place: bool,
    /// Wait until the cluster says that it is done.
    #[arg(long)]
    wait: bool,
    /// Longest time to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = input::duration)]
    timeout: Duration,
}

pub(crate) async fn run(shell: &Shell, command: PlacementCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        PlacementCommand::List { organization, list } => {
            let of = shell.organization(organization)?;
            shell.list(list, "It runs on no cluster.", async |page| client.placements(&of, page).await).await
        }
        PlacementCommand::Add(args) => add(shell, &client, args).await,
        PlacementCommand::Remove(args) => remove(shell, &client, args).await,
    }
}

async fn add(shell: &Shell, client: &Client, args: AddArgs) -> Result<(), Failure> {
    let organization = client.organization(&shell.organization(None)?).await?;
    let wish = NewPlacement {
        hub: None,
        spoke: args.spoke,
        node_pool: node_pool(args.node_labels, args.tolerations),
        gateway: gateway(args.gateway),
    };
    let placement = client.create_placement(&organization.id, &wish).await?;
    shell.output.one(&placement)?;
    if args.wait {
        wait_until_ready(shell, client, &organization, &placement.cluster, args.timeout).await?;
        let (slug, cluster) = (&organization.slug, &placement.cluster_name);
        shell.output.note(&format!("Organization {slug} is ready on {cluster}."));
    }
    Ok(())
}

async fn remove(shell: &Shell, client: &Client, args: RemoveArgs) -> Result<(), Failure> {
    let organization = client.organization(&shell.organization(None)?).await?;
    let placements = placements(client, &organization.id).await?;
    let found = placements.iter().find(|one| one.cluster == args.spoke || one.cluster_name == args.spoke);
    let name = found.map_or(args.spoke.as_str(), |placement| placement.cluster_name.as_str());
    let command = format!("bastide placement remove {} --organization {}", args.spoke, organization.slug);
    confirmed(&command, name, args.confirm.as_deref())?;
    let leaving = client.delete_placement(&organization.id, &args.spoke, (name, args.leave_in_place)).await?;
    if !args.wait {
        return shell.output.one(&leaving);
    }
    let what = format!("Taking {} off {name}", organization.slug);
    wait::until(shell.output, &what, args.timeout, async || {
        let placements = self::placements(client, &organization.id).await?;
        Ok(match placements.iter().find(|one| one.cluster == leaving.cluster) {
            Some(placement) => Look::NotYet(placement_summary(placement)),
            None => Look::Done(()),
        })
    })
    .await?;
    shell.output.note(&format!("Organization {} is no longer on {name}.", organization.slug));
    Ok(())
}

async fn placements(client: &Client, organization: &str) -> Result<Vec<PlacementView>, Failure> {
    let all = all_pages(PageQuery::default(), None, async |page| client.placements(organization, page).await);
    Ok(all.await?)
}
