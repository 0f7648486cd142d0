//! `bastide completion`: scripts for shells.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell as ShellKind;

use crate::args::Cli;
use crate::failure::Failure;
use crate::output;

/// Options of `completion`.
#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// Which shell.
    shell: ShellKind,
}

pub(crate) fn run(args: &CompletionArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "bastide", &mut script);
    output::write(&String::from_utf8_lossy(&script))
}
