//! `bastide setup`: the first site administrator.

use bastide_api::identity::SetupRequest;
use clap::Args;

use crate::failure::Failure;
use crate::input;
use crate::shell::{Shell, connect};
use crate::target::Target;

/// Options of `setup`.
#[derive(Debug, Args)]
pub(crate) struct SetupArgs {
    /// The one-time secret of the link that the first start printed.
    #[arg(long)]
    token: String,
    /// E-mail address to sign in with.
    #[arg(long)]
    email: String,
    /// What people read.
    #[arg(long)]
    name: String,
    /// Read the password from standard input instead of asking for it.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(shell: &Shell, args: SetupArgs) -> Result<(), Failure> {
    let target = Target::resolve(&shell.globals, &shell.environment, &shell.config()?)?;
    let client = connect(&target.server, None, target.ca_file.as_deref())?;
    let password = input::new_password(args.password_stdin).await?;
    let request = SetupRequest { token: args.token, email: args.email, name: args.name, password };
    client.set_up(&request).await?;
    shell.output.note(&format!(
        "{} is site administrator. Sign in: bastide login --server {}",
        request.email, target.server
    ));
    Ok(())
}
