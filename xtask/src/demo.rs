//! `cargo xtask demo`: builds what the demo runs, then becomes the demo.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::build::build_programs;
use crate::say;

/// The programs that the demo starts, and last the demo itself.
const PROGRAMS: [&str; 4] = ["bastide-server", "bastide-agent", "bastide", "demo"];

/// Builds the programs and runs the demo in the place of this process, so that signals and the exit code are its own.
/// Comes back only when that fails.
///
/// # Errors
/// When the programs do not compile or cannot be run.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    // The demo asks this program for the Kubernetes servers. Its path is asked for before anything is built.
    let own = std::env::current_exe().context("cannot tell which program this is")?;
    say::note("building the programs (minutes the first time, seconds from then on)");
    let programs = build_programs(workspace, &PROGRAMS)?;
    let demo = programs.last().context("the demo was not built")?;
    let failed = Command::new(demo).arg("--xtask").arg(own).args(arguments).exec();
    Err(failed).with_context(|| format!("cannot run {}", demo.display()))
}
