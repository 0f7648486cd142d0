//! The commands: a file by noun, a function by verb. Each takes the shell, talks to the hub, writes data; none decides
//! how errors look or how the program ends.

pub(crate) mod audit;
pub(crate) mod billing;
pub(crate) mod client_organization;
pub(crate) mod cluster;
pub(crate) mod completion;
pub(crate) mod context;
pub(crate) mod gateway;
pub(crate) mod hub;
pub(crate) mod join_token;
pub(crate) mod licence;
pub(crate) mod login;
pub(crate) mod member;
pub(crate) mod moving;
pub(crate) mod organization;
pub(crate) mod permission;
pub(crate) mod placement;
pub(crate) mod plan;
pub(crate) mod project;
pub(crate) mod resource;
pub(crate) mod role;
pub(crate) mod session;
pub(crate) mod setup;
pub(crate) mod team;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod whoami;
pub(crate) mod why;

use std::num::NonZeroUsize;

use clap::Args;

use crate::args::Command;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Options of every list. All pages are read.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only what contains this text in its name, slug or address.
    #[arg(long, value_name = "TEXT")]
    pub(crate) search: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<NonZeroUsize>,
}

/// Carries out a command.
///
/// # Errors
/// Why it was not done, with what to type next where that is known.
pub(crate) async fn run(command: Command, shell: &Shell) -> Result<(), Failure> {
    let where_to_look = where_to_look(&command);
    let result = match command {
        Command::Login(args) => login::login(shell, args).await,
        Command::Logout => login::logout(shell).await,
        Command::Whoami => whoami::run(shell).await,
        Command::Setup(args) => setup::run(shell, args).await,
        Command::Context(command) => context::run(shell, command),
        Command::Organization(command) => organization::run(shell, command).await,
        Command::Team(command) => team::run(shell, command).await,
        Command::Project(command) => project::run(shell, command).await,
        Command::Member(command) => member::run(shell, command).await,
        Command::Billing(command) => billing::run(shell, command).await,
        Command::Placement(command) => placement::run(shell, command).await,
        Command::Cluster(command) => cluster::run(shell, command).await,
        Command::JoinToken(command) => join_token::run(shell, command).await,
        Command::Licence(command) => licence::run(shell, command).await,
        Command::Gateway(command) => gateway::run(shell, command).await,
        Command::Hub(command) => hub::run(shell, command).await,
        Command::Resource(command) => resource::run(shell, command).await,
        Command::User(command) => user::run(shell, command).await,
        Command::Plan(command) => plan::run(shell, command).await,
        Command::Permission(command) => permission::run(shell, command).await,
        Command::Role(command) => role::run(shell, command).await,
        Command::Why(args) => why::run(shell, args).await,
        Command::Token(command) => token::run(shell, command).await,
        Command::Session(command) => session::run(shell, command).await,
        Command::Audit(command) => audit::run(shell, command).await,
        Command::Completion(args) => completion::run(&args),
    };
    result.map_err(|failure| {
        let failure = match where_to_look {
            Some(list) => failure.hint_when(Exit::NotFound, || format!("see what there is: {list}")),
            None => failure,
        };
        shell.explain(failure)
    })
}

/// The list in which one finds what a command did not find.
fn where_to_look(command: &Command) -> Option<&'static str> {
    match command {
        Command::Member(_) | Command::Organization(_) | Command::Placement(_) | Command::Resource(_) => {
            Some("bastide organization list")
        }
        Command::Team(_) => Some("bastide team list"),
        Command::Project(_) => Some("bastide project list"),
        Command::Cluster(_) | Command::Licence(_) | Command::Gateway(_) => Some("bastide cluster list"),
        Command::Billing(_) => Some("bastide billing list"),
        Command::JoinToken(_) => Some("bastide join-token list"),
        Command::User(_) => Some("bastide user list"),
        Command::Token(_) => Some("bastide token list"),
        Command::Session(_) => Some("bastide session list"),
        _ => None,
    }
}
