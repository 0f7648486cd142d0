//! `bastide whoami`: who one is, where, and on what one acts.

use bastide_api::identity::Me;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Detailed, Details, Named};
use crate::shell::Shell;

/// The caller as the hub sees it, with what was decided here.
#[derive(Debug, Serialize)]
struct Whoami {
    context: Option<String>,
    server: String,
    organization: Option<String>,
    #[serde(flatten)]
    me: Me,
}

impl Named for Whoami {
    fn name(&self) -> String {
        self.me.user.email.clone()
    }
}

impl Detailed for Whoami {
    fn details(&self) -> Details {
        let me = &self.me;
        let credential = match &me.token_name {
            Some(name) => format!("{} ({name})", me.credential),
            None => me.credential.clone(),
        };
        Details::default()
            .field("Account", format!("{} ({})", me.user.email, me.user.name))
            .field("Server", &self.server)
            .optional("Context", self.context.as_ref())
            .optional("Organization", self.organization.as_ref())
            .field("Credential", credential)
            .optional(
                "Administrator of",
                me.administration.as_deref().map(|of| match of {
                    "site" => "the whole site",
                    "client" => "one client",
                    other => other,
                }),
            )
    }
}

pub(crate) async fn run(shell: &Shell) -> Result<(), Failure> {
    let me = shell.client()?.me().await?;
    let target = shell.target()?;
    shell.output.one(&Whoami {
        context: target.context,
        server: target.server.into(),
        organization: target.organization,
        me,
    })
}
