//! `bastide`: the command line. `main` prints and ends the process, `run` and everything beneath it return.

mod args;
mod commands;
mod config;
mod environment;
mod exit;
mod failure;
mod hints;
mod input;
mod login;
mod output;
mod shell;
mod target;
mod terminal;
mod views;
mod wait;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::environment::Environment;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shell::Shell;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to standard output, usage errors to standard error. Nobody may be there to read either.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Success };
            return ExitCode::from(exit.code());
        }
    };
    let environment = Environment::read();
    let format = cli.globals.output;
    let color = !environment.no_color && std::io::stderr().is_terminal();
    match run(cli, environment) {
        Ok(()) => ExitCode::from(Exit::Success.code()),
        Err(failure) => {
            let _ = std::io::stderr().lock().write_all(failure.render(format, color).as_bytes());
            ExitCode::from(failure.exit.code())
        }
    }
}

fn run(cli: Cli, environment: Environment) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failure, format!("the program cannot start: {error}")))?;
    let shell = Shell::new(cli.globals, environment);
    let result = runtime.block_on(async {
        tokio::select! {
            result = commands::run(cli.command, &shell) => result,
            Ok(()) = tokio::signal::ctrl_c() => Err(Failure::new(Exit::Interrupted, "interrupted")),
        }
    });
    // Somebody may still be asked for a password; nobody waits for the answer any more.
    runtime.shutdown_background();
    terminal::restore();
    result
}
