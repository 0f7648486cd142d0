//! `bastide member`: who belongs to an organization, and the roles that are given there (ROLE-3, ROLE-9).

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::members::{AccessSource, AssignmentChange, MemberQuery, MemberView, NewAssignment, Reach};
use clap::{Args, Subcommand, ValueEnum};

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `member`.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberCommand {
    /// List who belongs to an organization, and by what.
    List(ListMembersArgs),
    /// Give somebody a role.
    Assign(AssignArgs),
    /// Say anew how far a role reaches and when it ends.
    Update(UpdateArgs),
    /// Take a role away from somebody.
    Withdraw(GrantArgs),
    /// Remove somebody: every role and every team that they have in the organization.
    Remove {
        /// Id or e-mail address.
        user: String,
    },
}

/// Options of `member list`.
#[derive(Debug, Args)]
pub(crate) struct ListMembersArgs {
    /// The organization, slug or id.
    organization: Option<String>,
    /// Only who has access by this.
    #[arg(long)]
    source: Option<SourceArg>,
    /// Only who has it with this role: owner, administrator, custom, member, none (ended), or the id of a custom role.
    #[arg(long)]
    role: Option<String>,
    #[command(flatten)]
    list: ListArgs,
}

/// Options of `member assign`.
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    /// Id or e-mail address.
    user: String,
    /// `administrator`, or slug or id of a custom role.
    #[arg(long)]
    role: String,
    /// How far down it reaches; here when not given.
    #[arg(long)]
    reach: Option<ReachArg>,
    /// When it ends, such as 2027-01-31T00:00:00Z; never when not given.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
}

/// Which role of whom.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// Id or e-mail address.
    user: String,
    /// Which of their roles, when they have several: `administrator`, slug or id of a custom role, or id of the grant.
    #[arg(long)]
    role: Option<String>,
}

/// Options of `member update`.
#[derive(Debug, Args)]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    grant: GrantArgs,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What can be changed; at least one.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(crate) struct ChangeArgs {
    /// How far down it reaches.
    #[arg(long)]
    reach: Option<ReachArg>,
    /// When it ends, such as 2027-01-31T00:00:00Z, or never.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
}

/// How far down a role reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReachArg {
    /// The organization itself.
    Here,
    /// The organization and everything beneath it.
    Beneath,
}

impl From<ReachArg> for Reach {
    fn from(reach: ReachArg) -> Self {
        match reach {
            ReachArg::Here => Self::Here,
            ReachArg::Beneath => Self::Beneath,
        }
    }
}

/// What gives access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceArg {
    /// A role that was given in the organization.
    Direct,
    /// A role from an organization above.
    Inherited,
    /// A team.
    Team,
}

impl SourceArg {
    fn word(self) -> String {
        match self {
            Self::Direct => "direct",
            Self::Inherited => "inherited",
            Self::Team => "team",
        }
        .to_owned()
    }
}

pub(crate) async fn run(shell: &Shell, command: MemberCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        MemberCommand::List(args) => {
            let of = shell.organization(args.organization)?;
            let (source, role) = (args.source.map(SourceArg::word), args.role);
            let query = async |PageQuery { page_size, page_token, search }: PageQuery| {
                let (source, role) = (source.clone(), role.clone());
                client.members(&of, &MemberQuery { page_size, page_token, search, source, role }).await
            };
            shell.list(args.list, "Nobody who belongs to it like that.", query).await
        }
        MemberCommand::Assign(args) => {
            let of = shell.organization(None)?;
            let AssignArgs { user, role, reach, expires_at } = args;
            let new = NewAssignment { user, role, reach: reach.map(Reach::from), expires_at };
            shell.output.one(&client.create_assignment(&of, &new).await?)
        }
        MemberCommand::Update(UpdateArgs { grant, change }) => {
            let of = shell.organization(None)?;
            let (id, etag) = grant_of(&client, &of, &grant).await?;
            let change =
                AssignmentChange { reach: change.reach.map(Reach::from), expires_at: change.expires_at };
            shell.output.one(&client.update_assignment(&of, &id, &etag, &change).await?)
        }
        MemberCommand::Withdraw(grant) => {
            let of = shell.organization(None)?;
            client.delete_assignment(&of, &grant_of(&client, &of, &grant).await?.0).await?;
            shell.output.note(&format!("The role of {} in {of} was taken away.", grant.user));
            Ok(())
        }
        MemberCommand::Remove { user } => {
            let of = shell.organization(None)?;
            let member = find(&client, &of, &user).await?;
            client.remove_member(&of, &member.user.id).await?;
            shell.output.note(&format!("{} was removed from {of}.", member.user.email));
            Ok(())
        }
    }
}

/// Longest text that the hub searches for, in characters.
const SEARCH_CHARS_MAX: usize = 100;

/// The member with an id or an address.
async fn find(client: &Client, organization: &str, named: &str) -> Result<MemberView, Failure> {
    // Ids are in no search.
    let search = named.contains('@').then(|| named.chars().take(SEARCH_CHARS_MAX).collect());
    let query = PageQuery { search, ..PageQuery::default() };
    let all = all_pages(query, None, async |PageQuery { page_size, page_token, search }| {
        client
            .members(organization, &MemberQuery { page_size, page_token, search, ..MemberQuery::default() })
            .await
    });
    let is_meant =
        |member: &MemberView| member.user.id == named || member.user.email.eq_ignore_ascii_case(named);
    all.await?.into_iter().find(is_meant).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("{named} does not belong to {organization}, as far as you see"))
    })
}

/// The grant that is meant: the only one given in the organization itself, or the one with the role.
/// Id and entity tag of the grant that is meant.
async fn grant_of(
    client: &Client,
    organization: &str,
    args: &GrantArgs,
) -> Result<(String, String), Failure> {
    let member = find(client, organization, &args.user).await?;
    let found: Vec<_> =
        member.sources.iter().filter_map(|source| grant(source, args.role.as_deref())).collect();
    match found.as_slice() {
        [(id, etag)] => Ok(((*id).to_owned(), (*etag).to_owned())),
        [] => {
            let what =
                format!("{} has no such role that was given in {organization} itself", member.user.email);
            Err(Failure::new(Exit::NotFound, what))
        }
        _ => {
            let what =
                format!("{} has several roles in {organization}: say which with --role", member.user.email);
            Err(Failure::new(Exit::Usage, what))
        }
    }
}

fn grant<'a>(source: &'a AccessSource, wanted: Option<&str>) -> Option<(&'a str, &'a str)> {
    let AccessSource::Direct { assignment, role, custom_role, etag, .. } = source else { return None };
    let own = custom_role.as_ref().map_or_else(|| vec![role], |custom| vec![&custom.slug, &custom.id]);
    let is_meant = |wanted: &str| wanted == assignment || own.iter().any(|word| *word == wanted);
    wanted.is_none_or(is_meant).then_some((assignment, etag))
}
