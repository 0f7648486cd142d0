//! `bastide context`: which hubs one talks to, as whom. Nothing here talks to a hub.

use clap::Subcommand;
use serde::Serialize;

use crate::config::{Config, Context};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Detailed, Details, Listed, Named};
use crate::shell::Shell;
use crate::target::chosen_context;

/// Verbs of `context`.
#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List the contexts.
    List,
    /// Make a context the current one; with --organization, also keep the organization to act on in it.
    Use {
        /// Name of the context.
        name: String,
    },
    /// Show a context: the named one, or the one in use.
    Show {
        /// Name of the context.
        name: Option<String>,
    },
    /// Forget a context. Its token is not withdrawn; `bastide logout` does that.
    Delete {
        /// Name of the context.
        name: String,
    },
}

/// A context without its secrets.
#[derive(Debug, Serialize)]
struct ContextView {
    name: String,
    current: bool,
    server: String,
    account: Option<String>,
    organization: Option<String>,
    ca_file: Option<std::path::PathBuf>,
    signed_in: bool,
}

impl ContextView {
    fn new(config: &Config, name: &str, context: &Context) -> Self {
        Self {
            name: name.to_owned(),
            current: config.current.as_deref() == Some(name),
            server: context.server.clone(),
            account: context.account.clone(),
            organization: context.organization.clone(),
            ca_file: context.ca_file.clone(),
            signed_in: context.token.is_some(),
        }
    }

    fn signed_in(&self) -> String {
        if self.signed_in { "yes" } else { "no" }.to_owned()
    }
}

impl Named for ContextView {
    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Listed for ContextView {
    const HEADERS: &'static [&'static str] =
        &["CURRENT", "NAME", "SERVER", "ACCOUNT", "ORGANIZATION", "SIGNED IN"];
    fn cells(&self) -> Vec<String> {
        vec![
            if self.current { "*" } else { "" }.to_owned(),
            self.name.clone(),
            self.server.clone(),
            self.account.clone().unwrap_or_default(),
            self.organization.clone().unwrap_or_default(),
            self.signed_in(),
        ]
    }
}

impl Detailed for ContextView {
    fn details(&self) -> Details {
        Details::default()
            .field("Name", &self.name)
            .field("Server", &self.server)
            .optional("Account", self.account.as_ref())
            .optional("Organization", self.organization.as_ref())
            .optional("Additional authority", self.ca_file.as_ref().map(|path| path.display().to_string()))
            .field("Signed in", self.signed_in())
    }
}

pub(crate) fn run(shell: &Shell, command: ContextCommand) -> Result<(), Failure> {
    let mut config = shell.config()?;
    match command {
        ContextCommand::List => {
            let views: Vec<_> = config
                .contexts
                .iter()
                .map(|(name, context)| ContextView::new(&config, name, context))
                .collect();
            shell.output.list(&views, "No contexts yet: bastide login --server https://<address of the hub>")
        }
        ContextCommand::Show { name } => {
            let view = match &name {
                Some(name) => Some((name.as_str(), config.context(name)?)),
                None => chosen_context(&shell.globals, &shell.environment, &config)?,
            };
            let (name, context) = view.ok_or_else(|| {
                Failure::new(Exit::NotFound, "no context is in use")
                    .hint("bastide context use <name>, or bastide login --server <address>")
            })?;
            shell.output.one(&ContextView::new(&config, name, context))
        }
        ContextCommand::Use { name } => {
            let context = config.context_mut(&name)?;
            if let Some(organization) = &shell.globals.organization {
                context.organization = Some(organization.clone());
            }
            let note = match &context.organization {
                Some(organization) => format!("{} on {}", context.server, organization),
                None => context.server.clone(),
            };
            config.current = Some(name.clone());
            config.save(&shell.config_path()?)?;
            shell.output.note(&format!("Context {name} is in use: {note}"));
            Ok(())
        }
        ContextCommand::Delete { name } => {
            config.context(&name)?;
            config.contexts.remove(&name);
            config.current = config.current.filter(|current| *current != name);
            config.save(&shell.config_path()?)?;
            shell.output.note(&format!("Context {name} is forgotten."));
            Ok(())
        }
    }
}
