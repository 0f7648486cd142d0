//! What every command works with: what was typed before the command, the environment, the output, the hub.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use bastide_api::client::{Client, ClientError, Secret, all_pages};
use bastide_api::{Page, PageQuery};
use url::Url;

use crate::args::Globals;
use crate::commands::ListArgs;
use crate::config::{Config, is_exposed};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{self, Listed, Output};
use crate::target::Target;

/// Everything around a command.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) globals: Globals,
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    warned: Cell<bool>,
}

impl Shell {
    /// From what was typed and what the environment says.
    pub(crate) fn new(globals: Globals, environment: Environment) -> Self {
        let output = Output { format: globals.output, headers: !globals.no_headers, quiet: globals.quiet };
        Self { globals, environment, output, warned: Cell::new(false) }
    }

    /// Where the contexts are kept.
    pub(crate) fn config_path(&self) -> Result<PathBuf, Failure> {
        self.environment.config.clone().ok_or_else(|| {
            Failure::new(Exit::Failure, "there is no home directory to keep contexts in")
                .hint("set BASTIDE_CONFIG to a file")
        })
    }

    /// The contexts.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let Some(path) = &self.environment.config else { return Ok(Config::default()) };
        let config = Config::load(path)?;
        let has_tokens = config.contexts.values().any(|context| context.token.is_some());
        if has_tokens && is_exposed(path) && !self.warned.replace(true) {
            output::warn(&format!(
                "others on this machine may read the tokens in {path}: chmod 600 {path}",
                path = path.display()
            ));
        }
        Ok(config)
    }

    /// What to talk to.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        Target::resolve(&self.globals, &self.environment, &self.config()?)
    }

    /// The hub, with a token.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let target = self.target()?;
        let Some(token) = &target.token else {
            return Err(Failure::new(
                Exit::Unauthenticated,
                format!("you are not signed in to {}", target.server),
            )
            .hint(format!("bastide login --server {}", target.server)));
        };
        connect(&target.server, Some(token), target.ca_file.as_deref())
    }

    /// The organization that was given, or that one acts on.
    pub(crate) fn organization(&self, given: Option<String>) -> Result<String, Failure> {
        if let Some(organization) = given {
            return Ok(organization);
        }
        self.target()?.organization.ok_or_else(|| {
            Failure::usage("no organization is given").hint(
                "name one, give --organization, or set BASTIDE_ORG; `bastide organization list` shows them",
            )
        })
    }

    /// Reads all pages of a list and writes them.
    pub(crate) async fn list<T: Listed>(
        &self,
        args: ListArgs,
        when_empty: &str,
        fetch: impl AsyncFn(PageQuery) -> Result<Page<T>, ClientError>,
    ) -> Result<(), Failure> {
        let query = PageQuery { search: args.search, ..PageQuery::default() };
        let items = all_pages(query, args.limit.map(NonZeroUsize::get), fetch).await?;
        self.output.list(&items, when_empty)
    }

    /// Adds to a failure what only the shell knows: where the token came from.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        failure.hint_when(Exit::Unauthenticated, || {
            if self.environment.token.is_some() {
                return "the token in BASTIDE_TOKEN does not work here: replace it, or unset it and sign in"
                    .to_owned();
            }
            match self.target() {
                Ok(target) => format!("bastide login --server {}", target.server),
                Err(_) => "bastide login".to_owned(),
            }
        })
    }
}

/// A hub, with or without a token.
pub(crate) fn connect(
    server: &Url,
    token: Option<&Secret>,
    ca_file: Option<&Path>,
) -> Result<Client, Failure> {
    let pem = ca_file
        .map(|path| {
            std::fs::read(path).map_err(|error| Failure::file("cannot read the authority", path, &error))
        })
        .transpose()?;
    Ok(Client::new(server.clone(), token, pem.as_deref())?)
}
