//! `bastide organization move`: an organization goes beneath another with everything beneath it. Before it does, who gains
//! and who loses what is shown.

use bastide_api::client::Client;
use bastide_api::tree::Move;
use clap::Args;

use super::cluster::confirmed;
use crate::failure::Failure;
use crate::shell::Shell;

/// Options of `organization move`.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// The organization, slug or id.
    organization: String,
    #[command(flatten)]
    to: Place,
    /// Only show who would gain and lose what.
    #[arg(long, conflicts_with = "confirm")]
    preview: bool,
    /// The organization's slug once more, to confirm.
    #[arg(long, value_name = "SLUG")]
    confirm: Option<String>,
    /// Move it only while it has this entity tag; the present one when not given.
    #[arg(long, value_name = "ETAG")]
    if_match: Option<String>,
}

/// Where it goes; one of them.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// Beneath this organization, slug or id.
    #[arg(long, value_name = "ORGANIZATION")]
    to: Option<String>,
    /// To the root of its realm.
    #[arg(long)]
    to_root: bool,
}

pub(crate) async fn run(shell: &Shell, client: &Client, args: MoveArgs) -> Result<(), Failure> {
    let to = Move { parent: args.to.to };
    let preview = client.preview_move(&args.organization, &to).await?;
    if args.preview {
        return shell.output.one(&preview);
    }
    let place = to.parent.as_ref().map_or_else(|| "--to-root".to_owned(), |to| format!("--to {to}"));
    let command = format!("bastide organization move {} {place}", args.organization);
    let sure = confirmed(&command, &preview.organization.slug, args.confirm.as_deref());
    if sure.is_err() {
        // What would follow is shown before anybody is asked to say yes to it.
        shell.output.one(&preview)?;
    }
    sure?;
    let etag = args.if_match.as_ref().unwrap_or(&preview.etag);
    shell.output.one(&client.move_organization(&preview.organization.id, etag, &to).await?)
}
