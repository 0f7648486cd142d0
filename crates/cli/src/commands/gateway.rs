//! `bastide gateway`: gateway configurations that organizations can choose from.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::gateways::{
    CertificatePolicy, GatewayConfigurationChange, Listener, NewGatewayConfiguration, SharedGatewayChoice,
};
use clap::{Args, Subcommand, ValueEnum};

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
    /// Show one gateway configuration.
    Get(One),
    /// Make a gateway configuration on a cluster.
    Create(CreateArgs),
    /// Change a gateway configuration and the gateways made of it; what is not given stays.
    Update(UpdateArgs),
    /// Let the organizations of a cluster share the gateway of a configuration. It takes the place of another.
    Share {
        /// The cluster, name or id.
        cluster: String,
        /// Slug or id of the configuration.
        configuration: String,
    },
    /// Let the organizations of a cluster share no gateway; refused while they do.
    Unshare {
        /// The cluster, name or id.
        cluster: String,
    },
    /// Delete a gateway configuration that no organization uses.
    Delete(One),
}

/// One gateway configuration.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Id of the configuration; with --cluster also its slug.
    configuration: String,
    /// The cluster whose configuration it is, name or id.
    #[arg(long)]
    cluster: Option<String>,
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
    /// A listener, such as web:443:HTTPS or rpc:443:HTTPS:*.acme.example:GRPCRoute; again for more.
    #[arg(long = "listener", value_name = "NAME:PORT:PROTOCOL[:HOST[:ROUTE,…]]", required = true, value_parser = input::listener)]
    listeners: Vec<Listener>,
    /// An address that it asks for, of the Internet Protocol or a host name; again for more.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// How listeners of HTTPS get their certificates.
    #[arg(long, default_value = "gateway")]
    certificates: CertificatesArg,
}

/// Options of `gateway update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    one: One,
    #[command(flatten)]
    change: ChangeArgs,
    /// Change it only while it has this entity tag; the present one when not given.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

/// What can be changed; at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct ChangeArgs {
    /// What people read.
    #[arg(long)]
    name: Option<String>,
    /// Name of the `GatewayClass` on the cluster.
    #[arg(long)]
    class: Option<String>,
    /// All listeners that it should have, such as web:443:HTTPS; again for more.
    #[arg(long = "listener", value_name = "NAME:PORT:PROTOCOL[:HOST[:ROUTE,…]]", value_parser = input::listener)]
    listeners: Vec<Listener>,
    /// All addresses that it should ask for; again for more.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<String>,
    /// Ask for no address.
    #[arg(long, conflicts_with = "addresses")]
    no_addresses: bool,
    /// How listeners of HTTPS get their certificates.
    #[arg(long)]
    certificates: Option<CertificatesArg>,
}

/// How listeners of HTTPS get their certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CertificatesArg {
    /// From one Secret beside the gateway; not for a shared one.
    Gateway,
    /// From a Secret in each organization's gateway namespace.
    Organization,
    /// There is no listener of HTTPS.
    None,
}

impl From<CertificatesArg> for CertificatePolicy {
    fn from(policy: CertificatesArg) -> Self {
        match policy {
            CertificatesArg::Gateway => Self::Gateway,
            CertificatesArg::Organization => Self::Organization,
            CertificatesArg::None => Self::None,
        }
    }
}

pub(crate) async fn run(shell: &Shell, command: GatewayCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        GatewayCommand::List { cluster, list } => {
            let nothing = "No gateway configurations; organizations can use the shared gateway.";
            shell.list(list, nothing, async |page| client.gateway_configurations(&cluster, page).await).await
        }
        GatewayCommand::Get(one) => {
            shell.output.one(&client.gateway_configuration(&id_of(&client, &one).await?).await?)
        }
        GatewayCommand::Create(args) => {
            let configuration = NewGatewayConfiguration {
                name: args.name,
                slug: args.slug,
                class: args.class,
                listeners: args.listeners,
                addresses: args.addresses,
                certificates: args.certificates.into(),
            };
            shell.output.one(&client.create_gateway_configuration(&args.cluster, &configuration).await?)
        }
        GatewayCommand::Update(args) => update(shell, &client, args).await,
        GatewayCommand::Share { cluster, configuration } => {
            let choice = SharedGatewayChoice { configuration: Some(configuration) };
            match client.share_gateway(&cluster, &choice).await?.configuration {
                Some(shared) => shell.output.one(&shared),
                None => Ok(()),
            }
        }
        GatewayCommand::Unshare { cluster } => {
            client.share_gateway(&cluster, &SharedGatewayChoice::default()).await?;
            shell.output.note(&format!("The organizations of {cluster} share no gateway of Bastide's."));
            Ok(())
        }
        GatewayCommand::Delete(one) => {
            client.delete_gateway_configuration(&id_of(&client, &one).await?).await?;
            shell.output.note(&format!("Gateway configuration {} is deleted.", one.configuration));
            Ok(())
        }
    }
}

async fn update(shell: &Shell, client: &Client, args: UpdateArgs) -> Result<(), Failure> {
    let id = id_of(client, &args.one).await?;
    let etag = match args.if_match {
        Some(etag) => etag,
        None => client.gateway_configuration(&id).await?.etag,
    };
    let change = args.change;
    let addresses = (change.no_addresses || !change.addresses.is_empty()).then_some(change.addresses);
    let change = GatewayConfigurationChange {
        name: change.name,
        class: change.class,
        listeners: Some(change.listeners).filter(|listeners| !listeners.is_empty()),
        addresses,
        certificates: change.certificates.map(Into::into),
    };
    shell.output.one(&client.update_gateway_configuration(&id, &etag, &change).await?)
}

async fn id_of(client: &Client, one: &One) -> Result<String, Failure> {
    match &one.cluster {
        Some(cluster) => id_on(client, cluster, &one.configuration).await,
        None => Ok(one.configuration.clone()),
    }
}

/// Slugs are unique on a cluster only, so the API names them by id.
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
