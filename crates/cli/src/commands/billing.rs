//! `bastide billing`: whose billing one sees, and who administers it (ROLE-1, BILL-1).

use clap::Subcommand;

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

/// Verbs of `billing`.
#[derive(Debug, Subcommand)]
pub(crate) enum BillingCommand {
    /// List the organizations whose billing you see.
    List(ListArgs),
    /// Show the billing of an organization.
    Get {
        /// The organization, slug or id.
        organization: Option<String>,
    },
    /// Make somebody a billing administrator.
    Assign {
        /// Id or e-mail address.
        user: String,
    },
    /// Take a billing administrator's role away.
    Withdraw {
        /// Id or e-mail address.
        user: String,
    },
}

pub(crate) async fn run(shell: &Shell, command: BillingCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    match command {
        BillingCommand::List(args) => {
            let nothing = "No organizations whose billing you see.";
            shell.list(args, nothing, async |page| client.my_billing(page).await).await
        }
        BillingCommand::Get { organization } => {
            shell.output.one(&client.billing(&shell.organization(organization)?).await?)
        }
        BillingCommand::Assign { user } => {
            let of = shell.organization(None)?;
            let person = client.assign_billing(&of, &user).await?;
            shell.output.note(&format!("{} administers the billing of {of}.", person.email));
            Ok(())
        }
        BillingCommand::Withdraw { user } => {
            let of = shell.organization(None)?;
            let administrators = client.billing(&of).await?.administrators;
            let is_meant = |id: &str, email: &str| id == user || email.eq_ignore_ascii_case(&user);
            let found = administrators.iter().find(|one| is_meant(&one.id, &one.email)).ok_or_else(|| {
                Failure::new(Exit::NotFound, format!("{user} does not administer the billing of {of}"))
            })?;
            client.withdraw_billing(&of, &found.id).await?;
            shell.output.note(&format!("{} administers the billing of {of} no more.", found.email));
            Ok(())
        }
    }
}
