//! `bastide organization`: organizations and where they run. Client organizations are created next door.

use std::time::Duration;

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::organizations::{
    HostNames, NewOrganization, OrganizationChange, OrganizationView, Visibility,
};
use clap::{Args, Subcommand, ValueEnum};

use super::ListArgs;
use super::client_organization::{self, CreateClientArgs};
use super::cluster::confirmed;
use super::moving::{self, MoveArgs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;
use crate::views::placement_summary;
use crate::wait::{self, Look};

/// Verbs of `organization`.
#[derive(Debug, Subcommand)]
pub(crate) enum OrganizationCommand {
    /// List the organizations that you see.
    List {
        /// Those that are public instead: what everybody with an account sees of them.
        #[arg(long)]
        public: bool,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one organization.
    Get {
        /// The organization, slug or id.
        organization: Option<String>,
        /// Only what everybody with an account sees of it, because it is public.
        #[arg(long)]
        public: bool,
    },
    /// Create an organization.
    Create(CreateArgs),
    /// Change an organization; what is not given stays.
    Update(UpdateArgs),
    /// Say which host names an organization owns, with all beneath them; for administrators of the site or the client.
    HostNames(HostNamesArgs),
    /// List the organizations directly beneath one.
    Children(OfOrganization),
    /// Move an organization with everything beneath it, or see who would gain and lose what by it.
    Move(MoveArgs),
    /// List what blocks the deletion of an organization.
    Blockers {
        /// The organization, slug or id.
        organization: Option<String>,
    },
    /// Delete an organization and everything in it. There is no way back.
    Delete(DeleteArgs),
    /// Create a client organization: basic info, cluster, gateway.
    CreateClient(Box<CreateClientArgs>),
    /// Leave an organization: your roles and your teams in it end at once.
    Leave {
        /// The organization, slug or id.
        organization: String,
    },
    /// List where an organization runs and how far each cluster has come.
    Placements(OfOrganization),
    /// List what was changed in an organization.
    Audit(OfOrganization),
}

/// Options of lists that belong to an organization.
#[derive(Debug, Args)]
pub(crate) struct OfOrganization {
    /// The organization, slug or id.
    organization: Option<String>,
    #[command(flatten)]
    list: ListArgs,
}

/// Options of `organization create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// What people read.
    #[arg(long)]
    name: String,
    /// Short name; made from the name when not given.
    #[arg(long)]
    slug: Option<String>,
    /// A longer text.
    #[arg(long)]
    description: Option<String>,
    /// Who sees that it exists; private when not given.
    #[arg(long)]
    visibility: Option<VisibilityArg>,
    /// Carried by its namespaces; again for more.
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = input::key_value)]
    annotations: Vec<(String, String)>,
    /// The organization above it, slug or id; a root when not given.
    #[arg(long)]
    parent: Option<String>,
}

/// Options of `organization update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    /// The organization, slug or id.
    organization: Option<String>,
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
    /// A longer text.
    #[arg(long)]
    description: Option<String>,
    /// Who sees that it exists.
    #[arg(long)]
    visibility: Option<VisibilityArg>,
    /// Adds or replaces an annotation; again for more.
    #[arg(long = "annotation", value_name = "KEY=VALUE", value_parser = input::key_value)]
    annotations: Vec<(String, String)>,
    /// Removes an annotation; again for more.
    #[arg(long = "remove-annotation", value_name = "KEY")]
    remove_annotations: Vec<String>,
}

/// Options of `organization host-names`.
#[derive(Debug, Args)]
pub(crate) struct HostNamesArgs {
    /// The organization, slug or id.
    organization: String,
    /// All that it owns from now on, such as acme.example.
    #[arg(value_name = "HOST", required_unless_present = "none")]
    host_names: Vec<String>,
    /// It owns none from now on.
    #[arg(long, conflicts_with = "host_names")]
    none: bool,
    /// Change it only while it has this entity tag; the present one when not given.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

/// Options of `organization delete`.
#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The organization, slug or id.
    organization: String,
    /// The organization's slug once more, to confirm.
    #[arg(long, value_name = "SLUG")]
    confirm: Option<String>,
    /// Delete it only while it has this entity tag; the present one when not given.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
    /// Wait until it is gone from every cluster.
    #[arg(long)]
    wait: bool,
    /// Longest time to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = input::duration)]
    timeout: Duration,
}

/// Who sees that an organization exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VisibilityArg {
    /// Members only.
    Private,
    /// Any signed-in user.
    Public,
}

impl From<VisibilityArg> for Visibility {
    fn from(visibility: VisibilityArg) -> Self {
        match visibility {
            VisibilityArg::Private => Self::Private,
            VisibilityArg::Public => Self::Public,
        }
    }
}

pub(crate) async fn run(shell: &Shell, command: OrganizationCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        OrganizationCommand::List { public: true, list } => {
            let nothing = "No organization is public.";
            shell.list(list, nothing, async |page| client.public_organizations(page).await).await
        }
        OrganizationCommand::List { public: false, list } => {
            let nothing = "No organizations that you see.";
            shell.list(list, nothing, async |page| client.organizations(page).await).await
        }
        OrganizationCommand::Get { organization, public } => {
            let organization = shell.organization(organization)?;
            if public {
                return shell.output.one(&client.public_organization(&organization).await?);
            }
            shell.output.one(&client.organization(&organization).await?)
        }
        OrganizationCommand::Create(args) => create(shell, &client, args).await,
        OrganizationCommand::Update(args) => update(shell, &client, args).await,
        OrganizationCommand::HostNames(args) => host_names(shell, &client, args).await,
        OrganizationCommand::Children(OfOrganization { organization, list }) => {
            let of = shell.organization(organization)?;
            let nothing = "Nothing that you see is beneath it.";
            shell.list(list, nothing, async |page| client.children(&of, page).await).await
        }
        OrganizationCommand::Move(args) => moving::run(shell, &client, args).await,
        OrganizationCommand::Blockers { organization } => {
            let organization = shell.organization(organization)?;
            shell.output.one(&client.deletion(&organization).await?)
        }
        OrganizationCommand::Delete(args) => delete(shell, &client, args).await,
        OrganizationCommand::CreateClient(args) => client_organization::create(shell, &client, *args).await,
        OrganizationCommand::Leave { organization } => {
            client.leave_organization(&organization).await?;
            shell.output.note(&format!("You have left {organization}."));
            Ok(())
        }
        OrganizationCommand::Placements(OfOrganization { organization, list }) => {
            let of = shell.organization(organization)?;
            shell.list(list, "It runs on no cluster.", async |page| client.placements(&of, page).await).await
        }
        OrganizationCommand::Audit(OfOrganization { organization, list }) => {
            let of = shell.organization(organization)?;
            let nothing = "No changes that you may see.";
            shell.list(list, nothing, async |page| client.organization_audit(&of, page).await).await
        }
    }
}

async fn create(shell: &Shell, client: &Client, args: CreateArgs) -> Result<(), Failure> {
    let organization = NewOrganization {
        name: args.name,
        slug: args.slug,
        description: args.description,
        visibility: args.visibility.map(Into::into),
        annotations: (!args.annotations.is_empty()).then(|| args.annotations.into_iter().collect()),
        parent: args.parent,
    };
    shell.output.one(&client.create_organization(&organization).await?)
}

async fn update(shell: &Shell, client: &Client, args: UpdateArgs) -> Result<(), Failure> {
    let organization = shell.organization(args.organization)?;
    let present = client.organization(&organization).await?;
    let etag = args.if_match.as_ref().unwrap_or(&present.etag);
    let change = changed(&present, args.change);
    shell.output.one(&client.update_organization(&present.id, etag, &change).await?)
}

async fn host_names(shell: &Shell, client: &Client, args: HostNamesArgs) -> Result<(), Failure> {
    let present = client.organization(&args.organization).await?;
    let etag = args.if_match.as_ref().unwrap_or(&present.etag);
    let owned = HostNames { host_names: args.host_names };
    shell.output.one(&client.update_host_names(&present.id, etag, &owned).await?)
}

/// The API replaces all annotations at once; here they are added and removed one by one.
fn changed(present: &OrganizationView, change: ChangeArgs) -> OrganizationChange {
    let touched = !(change.annotations.is_empty() && change.remove_annotations.is_empty());
    let annotations = touched.then(|| {
        let mut annotations = present.annotations.clone();
        annotations.retain(|key, _| !change.remove_annotations.contains(key));
        annotations.extend(change.annotations);
        annotations
    });
    OrganizationChange {
        name: change.name,
        description: change.description,
        visibility: change.visibility.map(Into::into),
        annotations,
    }
}

async fn delete(shell: &Shell, client: &Client, args: DeleteArgs) -> Result<(), Failure> {
    let present = client.organization(&args.organization).await?;
    let command = format!("bastide organization delete {}", args.organization);
    confirmed(&command, &present.slug, args.confirm.as_deref())?;
    let etag = args.if_match.as_ref().unwrap_or(&present.etag);
    let deleting = client.delete_organization(&present.id, etag, &present.slug).await?;
    if !args.wait {
        return shell.output.one(&deleting);
    }
    wait_until_gone(shell, client, &deleting, args.timeout).await?;
    shell.output.note(&format!("Organization {} is gone.", deleting.slug));
    shell.output.one(&OrganizationView { state: "deleted".to_owned(), actions: Vec::new(), ..deleting })
}

async fn wait_until_gone(
    shell: &Shell,
    client: &Client,
    organization: &OrganizationView,
    limit: Duration,
) -> Result<(), Failure> {
    let what = format!("Taking {} down", organization.slug);
    wait::until(shell.output, &what, limit, async || {
        match client.organization(&organization.id).await.map_err(Failure::from) {
            Ok(view) if view.state == "deleted" => Ok(Look::Done(())),
            Ok(view) => Ok(Look::NotYet(tear_down_state(client, &view).await)),
            Err(failure) if failure.exit == Exit::NotFound => Ok(Look::Done(())),
            Err(failure) => Err(failure),
        }
    })
    .await
}

/// The state, with what the clusters say where that can be seen.
async fn tear_down_state(client: &Client, organization: &OrganizationView) -> String {
    let placements =
        all_pages(PageQuery::default(), None, async |page| client.placements(&organization.id, page).await);
    let clusters = placements.await.unwrap_or_default();
    std::iter::once(organization.state.clone())
        .chain(clusters.iter().map(placement_summary))
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn annotations_are_added_and_removed_one_by_one() {
        let view: OrganizationView = serde_json::from_value(serde_json::json!({
            "id": "org_1", "slug": "acme", "name": "Acme", "description": "", "kind": "work",
            "visibility": "private", "annotations": {"a": "1", "b": "2"}, "namespace_base": "acme",
            "plan": "base", "state": "active", "host_names": [], "created_at": "", "actions": [], "etag": "\"1\""
        }))
        .unwrap();
        let change = |annotations: &[(&str, &str)], remove: &[&str]| {
            let args = ChangeArgs {
                name: None,
                description: None,
                visibility: None,
                annotations: annotations.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
                remove_annotations: remove.iter().map(|key| (*key).to_owned()).collect(),
            };
            changed(&view, args).annotations
        };
        let map = |pairs: &[(&str, &str)]| {
            Some(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect::<BTreeMap<String, String>>())
        };
        assert_eq!(change(&[], &[]), None);
        assert_eq!(change(&[("b", "3"), ("c", "4")], &["a"]), map(&[("b", "3"), ("c", "4")]));
        assert_eq!(change(&[], &["a", "b"]), map(&[]));
    }
}
