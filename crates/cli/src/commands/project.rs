//! `bastide project`: projects of an organization and the teams on them.

use bastide_api::client::Client;
use bastide_api::teams::{NewProject, ProjectChange};
use clap::{Args, Subcommand};

use super::ListArgs;
use super::cluster::confirmed;
use super::team::{ChangeArgs, NewArgs, RoleArg};
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `project`. The organization is that of `--organization` or of the context.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectCommand {
    /// List the projects of an organization that you see.
    List {
        /// The organization, slug or id.
        organization: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one project.
    Get {
        /// The project, slug or id.
        project: String,
    },
    /// Create a project.
    Create(NewArgs),
    /// Change a project; what is not given stays.
    Update {
        /// The project, slug or id.
        project: String,
        #[command(flatten)]
        change: ChangeArgs,
        /// Change it only while it has this entity tag; the present one when not given.
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Delete a project and everything in it. There is no way back.
    Delete {
        /// The project, slug or id.
        project: String,
        /// The project's slug once more, to confirm.
        #[arg(long, value_name = "SLUG")]
        confirm: Option<String>,
        /// Delete it only while it has this entity tag; the present one when not given.
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// The teams with a role on a project.
    #[command(subcommand)]
    Team(ProjectTeamCommand),
}

/// Verbs of `project team`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProjectTeamCommand {
    /// List the teams with a role on a project, as far as you see them.
    List {
        /// The project, slug or id.
        project: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Give a team a role on a project, or another one than before.
    Set(SetArgs),
    /// Take a team's role on a project away.
    Remove {
        /// The project, slug or id.
        project: String,
        /// The team, slug or id.
        team: String,
    },
}

/// A team on a project, and as what.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The project, slug or id.
    project: String,
    /// The team, slug or id.
    team: String,
    /// As what: the most that somebody of the team is on the project.
    #[arg(long)]
    role: RoleArg,
}

pub(crate) async fn run(shell: &Shell, command: ProjectCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    if let ProjectCommand::List { organization, list } = command {
        let of = shell.organization(organization)?;
        let nothing = "No projects that you see.";
        return shell.list(list, nothing, async |page| client.projects(&of, page).await).await;
    }
    let of = shell.organization(None)?;
    match command {
        // Its organization may be named otherwise, as above.
        ProjectCommand::List { .. } => Ok(()),
        ProjectCommand::Get { project } => shell.output.one(&client.project(&of, &project).await?),
        ProjectCommand::Create(NewArgs { name, slug, description }) => {
            shell.output.one(&client.create_project(&of, &NewProject { name, slug, description }).await?)
        }
        ProjectCommand::Update { project, change, if_match } => {
            let etag = match if_match {
                Some(etag) => etag,
                None => client.project(&of, &project).await?.etag,
            };
            let change = ProjectChange { name: change.name, description: change.description };
            shell.output.one(&client.update_project((&of, &project), &etag, &change).await?)
        }
        ProjectCommand::Delete { project, confirm, if_match } => {
            let present = client.project(&of, &project).await?;
            let command = format!("bastide project delete {project} --organization {of}");
            confirmed(&command, &present.slug, confirm.as_deref())?;
            let etag = if_match.as_ref().unwrap_or(&present.etag);
            client.delete_project((&of, &present.id), etag, &present.slug).await?;
            shell.output.note(&format!("Project {} is deleted.", present.slug));
            Ok(())
        }
        ProjectCommand::Team(command) => teams(shell, &client, &of, command).await,
    }
}

async fn teams(shell: &Shell, client: &Client, of: &str, command: ProjectTeamCommand) -> Result<(), Failure> {
    match command {
        ProjectTeamCommand::List { project, list } => {
            let fetch = async |page| client.project_teams((of, &project), page).await;
            shell.list(list, "No team that you see has a role on it.", fetch).await
        }
        ProjectTeamCommand::Set(SetArgs { project, team, role }) => {
            shell.output.one(&client.set_project_team((of, &project), &team, role.into()).await?)
        }
        ProjectTeamCommand::Remove { project, team } => {
            client.remove_project_team((of, &project), &team).await?;
            shell.output.note(&format!("The team {team} has no role on {project} any more."));
            Ok(())
        }
    }
}
