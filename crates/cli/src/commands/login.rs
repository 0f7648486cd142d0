//! `bastide login` and `bastide logout`: tokens in contexts.

use bastide_api::client::{Client, Secret};
use bastide_api::identity::IssuedToken;
use clap::Args;
use url::Url;

use crate::config::{Config, Context};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::login::{browser, device};
use crate::output;
use crate::shell::{Shell, connect};
use crate::target::parse_server;

/// Options of `login`.
#[derive(Debug, Args)]
#[command(after_help = "\
Without options a browser is opened, and where there is none a code is shown that you type into a browser elsewhere.
The token is kept in the context that --context names, otherwise in one that is called like the server.")]
pub(crate) struct LoginArgs {
    /// Show a code to type into a browser on any machine.
    #[arg(long)]
    device: bool,
    /// Read a personal token from standard input, for machines without people.
    #[arg(long, conflicts_with = "device")]
    token_stdin: bool,
    /// Only show the address to open in a browser on this machine.
    #[arg(long, conflicts_with_all = ["device", "token_stdin"])]
    no_browser: bool,
}

pub(crate) async fn login(shell: &Shell, args: LoginArgs) -> Result<(), Failure> {
    let mut config = shell.config()?;
    let path = shell.config_path()?;
    let named = shell.globals.context.clone().or_else(|| shell.environment.context.clone());
    let server = server(shell, &config, named.as_deref())?;
    let name = named.unwrap_or_else(|| context_name(&config, &server));
    let before = config.contexts.get(&name).filter(|context| is_of(context, &server)).cloned();
    let before = before.unwrap_or_default();
    let ca_file = match shell.globals.ca_file.clone().or_else(|| shell.environment.ca_file.clone()) {
        Some(path) => Some(
            std::path::absolute(&path)
                .map_err(|error| Failure::file("cannot find the authority", &path, &error))?,
        ),
        None => before.ca_file.clone(),
    };
    let stranger = connect(&server, None, ca_file.as_deref())?;
    let (token, token_id) = token(shell, &stranger, &args).await?;
    let client = connect(&server, Some(&token), ca_file.as_deref())?;
    let me = client.me().await?;
    if let Some(old) = before.token_id.as_ref().filter(|old| token_id.as_ref() != Some(*old)) {
        // The one before is not needed any more; when it cannot be withdrawn, it ends by itself.
        let _ = client.delete_token(old).await;
    }
    let context = Context {
        server: server.to_string(),
        account: Some(me.user.email.clone()),
        organization: shell.globals.organization.clone().or(before.organization),
        ca_file,
        token: Some(token.expose().to_owned()),
        token_id,
    };
    config.contexts.insert(name.clone(), context);
    config.current = Some(name.clone());
    config.save(&path)?;
    shell.output.note(&format!("Signed in to {server} as {}, context {name}.", me.user.email));
    if shell.environment.token.is_some() {
        output::warn("BASTIDE_TOKEN is set, and commands use that token instead of this one");
    }
    Ok(())
}

/// Withdraws the token where it was made by `login`, and forgets it in any case.
pub(crate) async fn logout(shell: &Shell) -> Result<(), Failure> {
    let mut config = shell.config()?;
    let chosen = crate::target::chosen_context(&shell.globals, &shell.environment, &config)?;
    let (name, context) = chosen.ok_or_else(not_signed_in)?;
    let (name, context) = (name.to_owned(), context.clone());
    let token = context.token.as_ref().map(Secret::new).ok_or_else(not_signed_in)?;
    let kept = config.context_mut(&name)?;
    (kept.token, kept.token_id) = (None, None);
    config.save(&shell.config_path()?)?;
    let Some(token_id) = context.token_id.clone() else {
        shell.output.note(&format!(
            "Signed out of context {name}. The token was made elsewhere and still works: bastide token delete <id>"
        ));
        return Ok(());
    };
    let server = parse_server(&context.server)?;
    let client = connect(&server, Some(&token), context.ca_file.as_deref())?;
    match client.delete_token(&token_id).await.map_err(Failure::from) {
        Ok(()) => {}
        // It works no longer already.
        Err(failure) if matches!(failure.exit, Exit::Unauthenticated | Exit::NotFound) => {}
        Err(mut failure) => {
            let detail = &failure.problem.detail;
            failure.problem.detail =
                format!("the token is forgotten here, but could not be withdrawn at the hub: {detail}");
            return Err(failure.hint("withdraw it in the console under Tokens, or let it end by itself"));
        }
    }
    shell.output.note(&format!("Signed out of {server}, context {name}."));
    Ok(())
}

fn not_signed_in() -> Failure {
    Failure::new(Exit::Unauthenticated, "you are not signed in")
}

async fn token(
    shell: &Shell,
    client: &Client,
    args: &LoginArgs,
) -> Result<(Secret, Option<String>), Failure> {
    if args.token_stdin {
        return Ok((Secret::new(input::token_from_stdin().await?), None));
    }
    let issued = |issued: IssuedToken| (Secret::new(issued.secret), Some(issued.token.id));
    let no_window = shell.environment.browser.is_none() && !shell.environment.has_display;
    if args.device || (no_window && !args.no_browser) {
        return device::sign_in(shell.output, client).await.map(issued);
    }
    browser::sign_in(client, &shell.environment, !args.no_browser).await.map(issued)
}

fn server(shell: &Shell, config: &Config, named: Option<&str>) -> Result<Url, Failure> {
    let context = named.or(config.current.as_deref()).and_then(|name| config.contexts.get(name));
    let text = shell
        .globals
        .server
        .as_deref()
        .or(shell.environment.server.as_deref())
        .or(context.map(|context| context.server.as_str()));
    parse_server(text.ok_or_else(|| {
        Failure::usage("which hub?").hint("bastide login --server https://<address of the hub>")
    })?)
}

/// The context that is already there for this server, or one that is called like it.
fn context_name(config: &Config, server: &Url) -> String {
    let of_server = |name: &&String| config.contexts.get(*name).is_some_and(|context| is_of(context, server));
    let known = config.current.as_ref().filter(of_server).or_else(|| config.contexts.keys().find(of_server));
    known.cloned().unwrap_or_else(|| match (server.host_str(), server.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "default".to_owned(),
    })
}

fn is_of(context: &Context, server: &Url) -> bool {
    parse_server(&context.server).is_ok_and(|url| url == *server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_called_like_its_server_and_found_again() {
        let server: Url = "http://localhost:8080".parse().unwrap();
        let mut config = Config::default();
        assert_eq!(context_name(&config, &server), "localhost:8080");
        let context = Context { server: server.to_string(), ..Context::default() };
        config.contexts.insert("demo".into(), context.clone());
        assert_eq!(context_name(&config, &server), "demo");
        config.contexts.insert("second".into(), context);
        config.current = Some("second".into());
        assert_eq!(context_name(&config, &server), "second");
        assert_eq!(context_name(&config, &"https://hub.example.org".parse().unwrap()), "hub.example.org");
    }
}
