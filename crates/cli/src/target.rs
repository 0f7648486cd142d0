//! Which hub, as whom, on which organization: command line, then environment, then context.

use std::path::PathBuf;

use bastide_api::client::Secret;
use url::Url;

use crate::args::Globals;
use crate::config::{Config, Context};
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;

/// What a command talks to.
#[derive(Debug)]
pub(crate) struct Target {
    /// Name of the context, when one is in use.
    pub(crate) context: Option<String>,
    /// Address of the hub.
    pub(crate) server: Url,
    /// The token to act with.
    pub(crate) token: Option<Secret>,
    /// Organization to act on.
    pub(crate) organization: Option<String>,
    /// Additional authority for the hub's certificate.
    pub(crate) ca_file: Option<PathBuf>,
}

impl Target {
    /// Decides by precedence. A context's token, organization and authority belong to its server and are not used with
    /// another one.
    pub(crate) fn resolve(
        globals: &Globals,
        environment: &Environment,
        config: &Config,
    ) -> Result<Self, Failure> {
        let named = chosen_context(globals, environment, config)?;
        let asked = globals.server.as_deref().or(environment.server.as_deref());
        let own = named.map(|(name, context)| parse_server(&context.server).map(|url| (name, context, url)));
        let own = own.transpose()?;
        let server = match (asked, &own) {
            (Some(text), _) => parse_server(text)?,
            (None, Some((_, _, url))) => url.clone(),
            (None, None) => {
                return Err(Failure::new(Exit::Unauthenticated, "no hub is known yet")
                    .hint("bastide login --server https://<address of the hub>"));
            }
        };
        let own = own.filter(|(_, _, url)| *url == server).map(|(name, context, _)| (name, context));
        let of_context = |field: fn(&Context) -> Option<String>| own.and_then(|(_, context)| field(context));
        Ok(Self {
            context: own.map(|(name, _)| name.to_owned()),
            token: environment.token.clone().or_else(|| of_context(|c| c.token.clone()).map(Secret::new)),
            organization: globals
                .organization
                .clone()
                .or_else(|| environment.organization.clone())
                .or_else(|| of_context(|c| c.organization.clone())),
            ca_file: globals
                .ca_file
                .clone()
                .or_else(|| environment.ca_file.clone())
                .or_else(|| own.and_then(|(_, context)| context.ca_file.clone())),
            server,
        })
    }
}

/// The context that is named, or the current one. One that is named has to exist.
pub(crate) fn chosen_context<'a>(
    globals: &Globals,
    environment: &Environment,
    config: &'a Config,
) -> Result<Option<(&'a str, &'a Context)>, Failure> {
    let named = globals.context.as_ref().or(environment.context.as_ref());
    let Some(name) = named.or(config.current.as_ref()) else { return Ok(None) };
    config.context(name)?;
    Ok(config.contexts.get_key_value(name).map(|(name, context)| (name.as_str(), context)))
}

/// An address as people give it.
pub(crate) fn parse_server(text: &str) -> Result<Url, Failure> {
    let url = text.parse::<Url>().ok().filter(|url| url.has_host() && text.contains("://"));
    let mut url = url.ok_or_else(|| {
        Failure::usage(format!("`{text}` is not the address of a hub"))
            .hint("give it with its scheme: https://hub.example.org or http://localhost:8080")
    })?;
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn config() -> Config {
        let context = |server: &str, token: &str| Context {
            server: server.into(),
            token: Some(token.into()),
            organization: Some("of-context".into()),
            ..Context::default()
        };
        Config {
            current: Some("one".into()),
            contexts: BTreeMap::from([
                ("one".into(), context("https://one.example.org", "t1")),
                ("two".into(), context("https://two.example.org", "t2")),
            ]),
        }
    }

    fn resolve(globals: &Globals, environment: &Environment) -> Target {
        Target::resolve(globals, environment, &config()).unwrap()
    }

    fn token(target: &Target) -> Option<&str> {
        target.token.as_ref().map(Secret::expose)
    }

    #[test]
    fn the_command_line_wins_over_the_environment_over_the_context() {
        let nothing = Environment::default();
        let target = resolve(&Globals::default(), &nothing);
        assert_eq!((target.context.as_deref(), token(&target)), (Some("one"), Some("t1")));
        assert_eq!(target.organization.as_deref(), Some("of-context"));
        let environment = Environment {
            context: Some("two".into()),
            organization: Some("of-environment".into()),
            ..Environment::default()
        };
        let target = resolve(&Globals::default(), &environment);
        assert_eq!((target.context.as_deref(), token(&target)), (Some("two"), Some("t2")));
        assert_eq!(target.organization.as_deref(), Some("of-environment"));
        let globals = Globals {
            context: Some("one".into()),
            organization: Some("of-flag".into()),
            ..Globals::default()
        };
        let target = resolve(&globals, &environment);
        assert_eq!((target.context.as_deref(), token(&target)), (Some("one"), Some("t1")));
        assert_eq!(target.organization.as_deref(), Some("of-flag"));
    }

    #[test]
    fn a_contexts_token_is_never_sent_to_another_server() {
        let elsewhere = Globals { server: Some("https://evil.example.org".into()), ..Globals::default() };
        let target = resolve(&elsewhere, &Environment::default());
        assert_eq!((target.context.as_deref(), token(&target)), (None, None));
        assert_eq!(target.organization, None);
        let with_port = Globals { server: Some("https://one.example.org:8443".into()), ..Globals::default() };
        assert_eq!(token(&resolve(&with_port, &Environment::default())), None);
        let same = Globals { server: Some("https://ONE.example.org/".into()), ..Globals::default() };
        assert_eq!(token(&resolve(&same, &Environment::default())), Some("t1"));
        let environment = Environment { token: Some(Secret::new("t3")), ..Environment::default() };
        assert_eq!(token(&resolve(&elsewhere, &environment)), Some("t3"));
    }

    #[test]
    fn an_unknown_context_and_a_missing_hub_are_told_apart() {
        let globals = Globals { context: Some("three".into()), ..Globals::default() };
        let failure = Target::resolve(&globals, &Environment::default(), &config()).unwrap_err();
        assert_eq!(failure.exit, Exit::NotFound);
        let failure = Target::resolve(&Globals::default(), &Environment::default(), &Config::default());
        assert_eq!(failure.unwrap_err().exit, Exit::Unauthenticated);
        assert_eq!(parse_server("localhost:8080").unwrap_err().exit, Exit::Usage);
    }
}
