//! Builds our programs for development, the way that the tests do.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::command::{cargo, show};
use crate::layout::Layout;

/// Builds some of our programs and gives their paths; Cargo's progress is seen.
///
/// With `--workspace`, as in every step of the tests, and programs chosen by name: Cargo chooses the features of shared
/// dependencies by the packages that a command names, so that another set would compile many of them once more.
///
/// # Errors
/// When they do not compile.
pub(crate) fn build_programs(workspace: &Path, names: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = cargo(workspace);
    command.args(["build", "--workspace"]);
    for name in names {
        command.args(["--bin", name]);
    }
    show(&mut command)?;
    let layout = Layout::of(workspace)?;
    Ok(names.iter().map(|name| layout.program(name)).collect())
}
