//! `bastide why`: which grant lets somebody do something, or what is missing.

use std::fmt::Write as _;

use bastide_api::access::AccessQuery;
use clap::Args;

use crate::failure::Failure;
use crate::shell::Shell;

/// Options of `why`.
#[derive(Debug, Args)]
pub(crate) struct WhyArgs {
    /// An operation such as `organization_delete`, or a permission such as `organizations.delete`.
    action: String,
    /// The person, id or e-mail address; you when not given.
    #[arg(long)]
    user: Option<String>,
    /// The team of the organization that it is about, slug or id.
    #[arg(long, conflicts_with_all = ["project", "cluster"])]
    team: Option<String>,
    /// The project of the organization that it is about, slug or id.
    #[arg(long, conflicts_with = "cluster")]
    project: Option<String>,
    /// The cluster that it is about, name or id, in place of the organization that you act on.
    #[arg(long)]
    cluster: Option<String>,
}

pub(crate) async fn run(shell: &Shell, args: WhyArgs) -> Result<(), Failure> {
    let within = args.team.is_some() || args.project.is_some();
    let organization = match &args.cluster {
        Some(_) => None,
        None if within => Some(shell.organization(None)?),
        None => shell.target()?.organization,
    };
    let query = AccessQuery {
        action: args.action,
        user: args.user,
        organization,
        team: args.team,
        project: args.project,
        cluster: args.cluster,
    };
    let answer = shell.client()?.access(&query).await?;
    let mut text = format!(
        "{}  {}  {}  {}\n",
        if answer.allowed { "ALLOW" } else { "DENY" },
        answer.email,
        answer.permission,
        answer.object
    );
    for grant in &answer.grants {
        let word = if grant.gives_it { "because" } else { "also" };
        let _ = writeln!(text, "  {word:<8} {}", grant.sentence);
    }
    if let Some(missing) = &answer.missing {
        let _ = writeln!(text, "  missing  {missing}");
    }
    shell.output.one_as(&answer, &text)
}
