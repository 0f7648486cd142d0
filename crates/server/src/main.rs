//! `bastide-server`: reads its configuration, starts a hub, and ends it on a signal. All the rest is in the library.

use std::process::ExitCode;

use anyhow::Context as _;
use bastide_server::config::{Arguments, Configuration};
use bastide_server::http::registry;
use bastide_server::{Running, http, start, telemetry};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("bastide-server: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    if arguments.print_config {
        say(&mut out, &Configuration::template());
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print_openapi {
        say(&mut out, &http::openapi::text(&http::routes::operations()));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.print_routes {
        let people = registry::lines(&http::routes::operations(), |row| row.surface.as_str());
        let agents = registry::lines(&http::agent::operations(), |_| "agent");
        say(&mut out, &format!("{people}{agents}"));
        return Ok(ExitCode::SUCCESS);
    }
    let configuration = Configuration::load(arguments.config.as_deref(), arguments.flags)?;
    if arguments.check_config {
        bastide_server::check(&configuration)?;
        say(&mut out, &configuration.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::init(&configuration.log)?;
    if arguments.restored {
        let epoch = Box::pin(bastide_server::restored(&configuration)).await?;
        say(
            &mut out,
            &format!(
                "The epoch is {epoch} now. Start the hub without --restored; then let each cluster follow it\nonce you have looked at what it would change: bastide cluster follow <cluster>\n"
            ),
        );
        return Ok(ExitCode::SUCCESS);
    }
    let mut ends = Ends::new()?;
    let running = start(configuration).await?;
    say(&mut out, &welcome(&running));
    let lost = tokio::select! {
        () = ends.asked() => None,
        name = running.failed() => Some(name),
    };
    running.stop().await;
    match lost {
        None => Ok(ExitCode::SUCCESS),
        Some(name) => anyhow::bail!("the task `{name}` ended on its own; see the log"),
    }
}

/// The signals to stop.
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ends {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("signals cannot be listened to");
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn welcome(running: &Running) -> String {
    let mut text = format!(
        "Bastide serves people and programs at {} ({})\nand the agents of clusters at {}.\n",
        running.public_url.as_str().trim_end_matches('/'),
        running.public_addr,
        running.agent_addr
    );
    if let Some(link) = &running.setup_link {
        text.push_str(
            "\nNobody administers this installation yet. Open this link once, within 24 hours:\n\n  ",
        );
        text.push_str(link);
        text.push('\n');
    }
    text
}

/// Writes for whoever started the program. Nobody may be there to read, and that is no reason to end.
fn say(to: &mut impl std::io::Write, text: &str) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}
