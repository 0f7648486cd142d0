//! The workspace as Cargo describes it: packages, their declared dependencies and their test programs.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::command::{cargo, run};

/// The workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Layout {
    /// Where Cargo builds into.
    #[serde(rename = "target_directory")]
    pub(crate) target_folder: PathBuf,
    /// Our packages.
    pub(crate) packages: Vec<Package>,
}

/// One of our packages.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its `Cargo.toml`.
    manifest_path: PathBuf,
    pub(crate) dependencies: Vec<Dependency>,
    targets: Vec<Target>,
}

/// A dependency as a manifest declares it.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package, also where the manifest gives it another name.
    pub(crate) name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Layout {
    /// Asks Cargo. Needs no network.
    ///
    /// # Errors
    /// When a manifest is wrong.
    pub(crate) fn of(workspace: &Path) -> Result<Self> {
        let mut command = cargo(workspace);
        command.args(["metadata", "--format-version=1", "--no-deps", "--offline"]);
        serde_json::from_str(&run(&mut command)?).context("cannot read what `cargo metadata` says")
    }

    /// A program that Cargo built for development.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target_folder.join("debug").join(name)
    }
}

impl Package {
    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(&self.manifest_path)
    }

    /// The names of its test programs, those in `tests/`.
    pub(crate) fn test_targets(&self) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "test"))
            .map(|target| target.name.as_str())
    }
}
