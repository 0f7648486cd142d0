//! `bastide team`: teams of an organization and who is in them.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::teams::{NewTeam, NewTeamMember, TeamChange, TeamRole};
use clap::{Args, Subcommand, ValueEnum};

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `team`. The organization is that of `--organization` or of the context.
#[derive(Debug, Subcommand)]
pub(crate) enum TeamCommand {
    /// List the teams of an organization that you see.
    List {
        /// The organization, slug or id.
        organization: Option<String>,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Show one team.
    Get {
        /// The team, slug or id.
        team: String,
    },
    /// Create a team.
    Create(NewArgs),
    /// Change a team; what is not given stays.
    Update {
        /// The team, slug or id.
        team: String,
        #[command(flatten)]
        change: ChangeArgs,
        /// Change it only while it has this entity tag; the present one when not given.
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Delete a team. Its members lose what they had by it.
    Delete {
        /// The team, slug or id.
        team: String,
        /// The team's slug once more; needed when projects are left without any team.
        #[arg(long, value_name = "SLUG")]
        confirm: Option<String>,
        /// Delete it only while it has this entity tag; the present one when not given.
        #[arg(long, value_name = "ETAG")]
        if_match: Option<String>,
    },
    /// Leave a team.
    Leave {
        /// The team, slug or id.
        team: String,
    },
    /// Who is in a team.
    #[command(subcommand)]
    Member(MemberCommand),
}

/// Verbs of `team member`.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List who is in a team.
    List {
        /// The team, slug or id.
        team: String,
        #[command(flatten)]
        list: ListArgs,
    },
    /// Put somebody into a team.
    Add(MemberArgs),
    /// Say what somebody is in a team.
    Set(MemberArgs),
    /// Take somebody out of a team.
    Remove {
        /// The team, slug or id.
        team: String,
        /// Who, by e-mail address or id.
        user: String,
    },
}

/// Somebody in a team, and as what.
#[derive(Debug, Args)]
pub(crate) struct MemberArgs {
    /// The team, slug or id.
    team: String,
    /// Who, by e-mail address or id.
    user: String,
    /// As what.
    #[arg(long, default_value = "viewer")]
    role: RoleArg,
}

/// Options of `team create` and `project create`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// What people read.
    #[arg(long)]
    pub(super) name: String,
    /// Short name; made from the name when not given.
    #[arg(long)]
    pub(super) slug: Option<String>,
    /// A longer text.
    #[arg(long)]
    pub(super) description: Option<String>,
}

/// What can be changed of a team or a project; at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct ChangeArgs {
    /// What people read.
    #[arg(long)]
    pub(super) name: Option<String>,
    /// A longer text.
    #[arg(long)]
    pub(super) description: Option<String>,
}

/// A role in a team, or of a team on a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// Reads.
    Viewer,
    /// Works.
    Developer,
    /// Looks after the team's members; changes the project.
    Administrator,
}

impl From<RoleArg> for TeamRole {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Developer => Self::Developer,
            RoleArg::Administrator => Self::Administrator,
        }
    }
}

pub(crate) async fn run(shell: &Shell, command: TeamCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    if let TeamCommand::List { organization, list } = command {
        let of = shell.organization(organization)?;
        return shell.list(list, "No teams that you see.", async |page| client.teams(&of, page).await).await;
    }
    let of = shell.organization(None)?;
    match command {
        // Its organization may be named otherwise, as above.
        TeamCommand::List { .. } => Ok(()),
        TeamCommand::Get { team } => shell.output.one(&client.team(&of, &team).await?),
        TeamCommand::Create(NewArgs { name, slug, description }) => {
            shell.output.one(&client.create_team(&of, &NewTeam { name, slug, description }).await?)
        }
        TeamCommand::Update { team, change, if_match } => {
            let etag = match if_match {
                Some(etag) => etag,
                None => client.team(&of, &team).await?.etag,
            };
            let change = TeamChange { name: change.name, description: change.description };
            shell.output.one(&client.update_team((&of, &team), &etag, &change).await?)
        }
        TeamCommand::Delete { team, confirm, if_match } => {
            let present = client.team(&of, &team).await?;
            let etag = if_match.as_ref().unwrap_or(&present.etag);
            client.delete_team((&of, &present.id), etag, confirm.as_deref()).await?;
            shell.output.note(&format!("Team {} is deleted.", present.slug));
            Ok(())
        }
        TeamCommand::Leave { team } => {
            let me = client.me().await?.user.id;
            client.remove_team_member((&of, &team), &me).await?;
            shell.output.note(&format!("You are in the team {team} no more."));
            Ok(())
        }
        TeamCommand::Member(command) => members(shell, &client, &of, command).await,
    }
}

async fn members(shell: &Shell, client: &Client, of: &str, command: MemberCommand) -> Result<(), Failure> {
    match command {
        MemberCommand::List { team, list } => {
            let fetch = async |page| client.team_members((of, &team), page).await;
            shell.list(list, "Nobody is in it.", fetch).await
        }
        MemberCommand::Add(MemberArgs { team, user, role }) => {
            let member = NewTeamMember { user, role: role.into() };
            shell.output.one(&client.add_team_member((of, &team), &member).await?)
        }
        MemberCommand::Set(MemberArgs { team, user, role }) => {
            let user = id_in(client, (of, &team), &user).await?;
            shell.output.one(&client.set_team_member((of, &team), &user, role.into()).await?)
        }
        MemberCommand::Remove { team, user } => {
            let id = id_in(client, (of, &team), &user).await?;
            client.remove_team_member((of, &team), &id).await?;
            shell.output.note(&format!("{user} is in the team {team} no more."));
            Ok(())
        }
    }
}

/// People in a team are named by id; an address is looked for among them.
async fn id_in(client: &Client, (of, team): (&str, &str), user: &str) -> Result<String, Failure> {
    if !user.contains('@') {
        return Ok(user.to_owned());
    }
    let found = PageQuery { search: Some(user.to_lowercase()), ..PageQuery::default() };
    let fetch = async |page| client.team_members((of, team), page).await;
    let found = all_pages(found, None, fetch).await?;
    let one = found.into_iter().find(|member| member.user.email.eq_ignore_ascii_case(user));
    one.map(|member| member.user.id).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("{user} is not in the team {team}"))
            .hint(format!("see who is: bastide team member list {team}"))
    })
}
