//! `cargo xtask bench`, `bench-agents` and `bench-lists`: build the programs for release and measure how fast organizations
//! reach a cluster, what many agents cost a hub, and how fast pages of long lists are.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{cargo, show};
use crate::layout::Layout;
use crate::{assets, say};

/// What is measured.
const PROGRAMS: [&str; 2] = ["bastide-server", "bastide-agent"];

/// Builds and measures; the arguments go to the program that measures, `bench-fleet`,
/// `bench-agents` or `bench-lists`.
///
/// # Errors
/// When something cannot be built, or the run does not come to its end.
pub(crate) fn run(workspace: &Path, benchmark: &str, arguments: &[&str]) -> Result<()> {
    assets::ensure_built(workspace)?;
    say::note("building the programs for release (some minutes the first time)");
    let mut command = cargo(workspace);
    command.args(["build", "--workspace", "--release"]);
    for name in PROGRAMS.into_iter().chain([benchmark]) {
        command.args(["--bin", name]);
    }
    show(&mut command)?;
    let program = Layout::of(workspace)?.target_folder.join("release").join(benchmark);
    let status = Command::new(program).args(arguments).status()?;
    ensure!(status.success(), "the measurement ended with {status}");
    Ok(())
}
