//! The project's own tasks: `cargo xtask <task>`.
//!
//! Kept light, because everything else waits for it to compile. Each task is a module of its own.

mod asset_list;
mod assets;

use std::fmt;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

const USAGE: &str = "\
usage: cargo xtask <task>

  assets [--print]   build the Kubernetes servers for tests and the demo into a cache;
                     with --print, write the cache folder's path to standard output
";

/// Exit code: the command line was not understood.
const EXIT_USAGE: u8 = 2;
/// Exit code: something has to be installed first; the message says what.
const EXIT_MISSING_TOOL: u8 = 3;

/// A program that a task needs and this machine lacks.
#[derive(Debug)]
pub(crate) struct MissingTool {
    /// What was found instead.
    pub(crate) found: String,
    /// What to install, and from where.
    pub(crate) remedy: &'static str,
}

impl fmt::Display for MissingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.remedy, self.found)
    }
}

impl std::error::Error for MissingTool {}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["assets"] => run_assets(false),
        ["assets", "--print"] => run_assets(true),
        ["help" | "--help" | "-h"] => print(USAGE),
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn run_assets(print_folder: bool) -> Result<()> {
    let folder = assets::ensure_built(workspace())?;
    if print_folder {
        return print(&format!("{}\n", folder.display()));
    }
    writeln!(io::stderr(), "the test servers are in {}", folder.display())?;
    Ok(())
}

/// The folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}

fn print(text: &str) -> Result<()> {
    io::stdout().write_all(text.as_bytes()).context("cannot write to standard output")
}

/// Says how tasks are called. Nothing can be done when standard error is closed, so its result is not looked at.
fn usage() -> ExitCode {
    let _ = io::stderr().write_all(USAGE.as_bytes());
    ExitCode::from(EXIT_USAGE)
}

/// Says what went wrong. Nothing can be done when standard error is closed, so its result is not looked at.
fn failure(error: &anyhow::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "error: {error:#}");
    if error.is::<MissingTool>() { ExitCode::from(EXIT_MISSING_TOOL) } else { ExitCode::FAILURE }
}
