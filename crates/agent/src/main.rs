//! The program `bastide-agent`: arguments, log, signals. All else is in the library.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use bastide_agent::{Cli, LogFormat, LogOptions, Surroundings};
use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let surroundings = Surroundings::system();
    if let Err(error) = start_log(&cli.log()) {
        surroundings.console.complain(&error);
        return ExitCode::from(2);
    }
    let options = match cli.options() {
        Ok(options) => options,
        Err(error) => {
            surroundings.console.complain(&error.to_string());
            return ExitCode::from(2);
        }
    };
    let shutdown = CancellationToken::new();
    if let Err(error) = stop_on_signals(shutdown.clone()) {
        surroundings.console.complain(&format!("signals cannot be waited for: {error}"));
        return ExitCode::FAILURE;
    }
    match bastide_agent::run(options, surroundings.clone(), shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            surroundings.console.complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

fn start_log(options: &LogOptions) -> Result<(), String> {
    let filter = EnvFilter::try_new(&options.filter).map_err(|error| {
        format!("--log `{}`: {error}; give a level such as info, or targets with levels", options.filter)
    })?;
    // Colours are for eyes: a file or a pipe gets plain text.
    let colours = std::io::stderr().is_terminal();
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match options.format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}

/// The first signal asks the agent to stop; what it has begun may end.
fn stop_on_signals(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("asked to stop by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("asked to stop by SIGINT"),
        }
        shutdown.cancel();
    });
    Ok(())
}
