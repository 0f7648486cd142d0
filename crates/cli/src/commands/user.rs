//! `bastide user`: accounts.

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::users::{AccessLevel, NewAccount, UserChange, UserView};
use clap::{Args, Subcommand, ValueEnum};

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;

/// Verbs of `user`.
#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// List the accounts.
    List(ListArgs),
    /// Show one account.
    Get {
        /// Id or e-mail address.
        user: String,
    },
    /// Create an account.
    Create(CreateArgs),
    /// Say what an account may be used for; its sessions end unless it is everything.
    Update {
        /// Id or e-mail address.
        user: String,
        /// What it may be used for.
        #[arg(long)]
        access: AccessArg,
    },
}

/// What an account may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccessArg {
    /// Everything that its roles allow.
    Enabled,
    /// No console; its tokens go on working.
    NoConsole,
    /// Nothing works.
    Disabled,
}

impl From<AccessArg> for AccessLevel {
    fn from(level: AccessArg) -> Self {
        match level {
            AccessArg::Enabled => Self::Enabled,
            AccessArg::NoConsole => Self::NoConsole,
            AccessArg::Disabled => Self::Disabled,
        }
    }
}

/// Options of `user create`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// E-mail address to sign in with.
    #[arg(long)]
    email: String,
    /// What people read.
    #[arg(long)]
    name: String,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
    /// Make a personal organization for them, on the default plan.
    #[arg(long)]
    personal_organization: bool,
}

pub(crate) async fn run(shell: &Shell, command: UserCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        UserCommand::List(args) => {
            shell.list(args, "No accounts that you may see.", async |page| client.users(page).await).await
        }
        UserCommand::Get { user } => shell.output.one(&named(&client, &user).await?),
        UserCommand::Update { user, access } => {
            let user = named(&client, &user).await?;
            let change = UserChange { access: access.into() };
            shell.output.one(&client.update_user(&user.id, &user.etag, &change).await?)
        }
        UserCommand::Create(args) => {
            let password = input::new_password(args.password_stdin).await?;
            let user = NewAccount {
                email: args.email,
                name: args.name,
                password,
                personal_organization: args.personal_organization,
            };
            shell.output.one(&client.create_user(user).await?)
        }
    }
}

/// Longest text that the hub searches for, in characters.
const SEARCH_CHARS_MAX: usize = 100;

async fn named(client: &Client, user: &str) -> Result<UserView, Failure> {
    if user.contains('@') { by_address(client, user).await } else { Ok(client.user(user).await?) }
}

/// `GET /v1/users/{user}` takes an id; people know addresses.
async fn by_address(client: &Client, address: &str) -> Result<UserView, Failure> {
    let search = address.chars().take(SEARCH_CHARS_MAX).collect();
    let query = PageQuery { search: Some(search), ..PageQuery::default() };
    let found = all_pages(query, None, async |page| client.users(page).await).await?;
    found.into_iter().find(|user| user.email.eq_ignore_ascii_case(address)).ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("there is no account {address} that you may see"))
    })
}
