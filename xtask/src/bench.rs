//! `cargo xtask bench`: builds the programs for release and measures how fast organizations reach a cluster.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command::{cargo, show};
use crate::layout::Layout;
use crate::{assets, say};

/// What is measured, and last what measures it.
const PROGRAMS: [&str; 3] = ["bastide-server", "bastide-agent", "bench-fleet"];

/// Builds and measures; the arguments go to the program that measures.
///
/// # Errors
/// When something cannot be built, or the run does not come to its end.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    assets::ensure_built(workspace)?;
    say::note("building the programs for release (some minutes the first time)");
    let mut command = cargo(workspace);
    command.args(["build", "--workspace", "--release"]);
    for name in PROGRAMS {
        command.args(["--bin", name]);
    }
    show(&mut command)?;
    let program = Layout::of(workspace)?.target_folder.join("release").join("bench-fleet");
    let status = Command::new(program).args(arguments).status()?;
    ensure!(status.success(), "the measurement ended with {status}");
    Ok(())
}
