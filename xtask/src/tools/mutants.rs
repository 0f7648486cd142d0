//! What tries out mutants of the code: cargo-mutants, from the package registry of Rust.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cache;
use crate::command::{cargo, run};

/// The release that is used; its own lock file pins what it is made from.
const VERSION: &str = "27.1.0";

/// The program in the folder that is made.
const PROGRAM: &str = "bin/cargo-mutants";

/// The path of cargo-mutants. Takes minutes the first time.
pub(super) fn ensure_installed(workspace: &Path, cache_folder: &Path) -> Result<PathBuf> {
    let folder = cache_folder.join("mutants").join(cache::checksum(&[VERSION]));
    let program = folder.join(PROGRAM);
    if !program.is_file() {
        cache::make(
            &folder,
            "cargo-mutants",
            || program.is_file(),
            |partial| {
                let mut command = cargo(workspace);
                command.args(["install", "cargo-mutants", "--locked", "--no-track", "--version"]);
                command.arg(format!("={VERSION}")).arg("--root").arg(partial);
                // Built beside what is made, not into a folder that others build into.
                command.arg("--target-dir").arg(partial.join("target"));
                run(&mut command)?;
                cache::remove(&partial.join("target")).context("cannot remove what it was built from")
            },
        )?;
    }
    Ok(program)
}
