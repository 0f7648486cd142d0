//! `bastide role`: the roles that can be given at an organization.

use bastide_api::roles::{NewRole, RoleChange};
use clap::{Args, Subcommand};

use super::ListArgs;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `role`.
#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles that can be given at an organization: built-in ones, its own, and those from above.
    List(ListArgs),
    /// Show one role and the permissions that it holds.
    Get(One),
    /// Define a custom role; you put into it only what you hold yourself.
    Create(CreateArgs),
    /// Change a custom role; whoever has it holds the new permissions at once. What is not given stays.
    Update(UpdateArgs),
    /// Delete a custom role that nobody has.
    Delete(One),
}

/// One role.
#[derive(Debug, Args)]
pub(crate) struct One {
    /// Slug or id of the role.
    role: String,
}

/// Options of `role create`.
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
    /// A permission that it holds, such as `teams.create`; again for more.
    #[arg(long = "permission", value_name = "KEY", required = true)]
    permissions: Vec<String>,
}

/// Options of `role update`.
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
    /// A longer text.
    #[arg(long)]
    description: Option<String>,
    /// All permissions that it should hold; again for more.
    #[arg(long = "permission", value_name = "KEY")]
    permissions: Vec<String>,
}

pub(crate) async fn run(shell: &Shell, command: RoleCommand) -> Result<(), Failure> {
    let (client, organization) = (shell.client()?, shell.organization(None)?);
    match command {
        RoleCommand::List(list) => {
            shell.list(list, "No roles match.", async |page| client.roles(&organization, page).await).await
        }
        RoleCommand::Get(one) => shell.output.one(&client.role(&organization, &one.role).await?),
        RoleCommand::Create(args) => {
            let role = NewRole {
                name: args.name,
                slug: args.slug,
                description: args.description,
                permissions: args.permissions,
            };
            shell.output.one(&client.create_role(&organization, &role).await?)
        }
        RoleCommand::Update(args) => {
            let etag = match args.if_match {
                Some(etag) => etag,
                None => client.role(&organization, &args.one.role).await?.etag.unwrap_or_default(),
            };
            let change = RoleChange {
                name: args.change.name,
                description: args.change.description,
                permissions: Some(args.change.permissions).filter(|keys| !keys.is_empty()),
            };
            shell.output.one(&client.update_role(&organization, &args.one.role, &etag, &change).await?)
        }
        RoleCommand::Delete(one) => {
            client.delete_role(&organization, &one.role).await?;
            shell.output.note(&format!("Role {} is deleted.", one.role));
            Ok(())
        }
    }
}
