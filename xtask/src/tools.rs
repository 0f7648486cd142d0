//! The tools that the tests need and that no Cargo or Go builds: found, else installed, else named.
//!
//! Owns which ones there are. Programs of the system are installed with its package manager, where that is possible
//! without asking; the others go into the cache, pinned by the lock files under `tools/`.

mod browser;
mod mutants;
mod python;
mod system;

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::asset_list::cache_folder;

/// Where the tools are.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// The browser of the console's tests.
    pub(crate) chromium: PathBuf,
    /// The program that drives it.
    pub(crate) chromedriver: PathBuf,
    /// axe-core, one script to load into a page.
    pub(crate) axe: PathBuf,
    /// A Python that can import schemathesis.
    pub(crate) python: PathBuf,
}

/// The tools, after those that are missing have been installed. Takes milliseconds when nothing is missing.
///
/// # Errors
/// [`crate::failure::MissingTool`] when something cannot be installed from here; otherwise when an installation fails.
pub(crate) fn ensure_installed(workspace: &Path) -> Result<Tools> {
    let system = system::ensure_installed()?;
    let cache = cache_folder()?;
    Ok(Tools {
        chromium: system.chromium,
        chromedriver: system.chromedriver,
        axe: browser::ensure_installed(workspace, &cache)?,
        python: python::ensure_installed(workspace, &cache)?,
    })
}

/// The program that tries out mutants, installed when it is missing. Not among [`Tools`]: the tests do not need it.
///
/// # Errors
/// When it cannot be installed.
pub(crate) fn ensure_mutants(workspace: &Path) -> Result<PathBuf> {
    mutants::ensure_installed(workspace, &cache_folder()?)
}
