//! The folder with the Kubernetes servers that `cargo xtask assets` makes.

// The one place that knows the folder's name is xtask, which must stay light and so cannot be linked with this crate.
#[path = "../../../xtask/src/asset_list.rs"]
#[expect(dead_code, reason = "xtask builds what is listed there; this crate only finds it")]
mod list;

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

/// Where `xtask` keeps what outlives `target/`.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    list::cache_folder().context("cannot tell where things are kept")
}

/// The servers and files to run a control plane with.
#[derive(Debug, Clone)]
pub struct Assets {
    folder: PathBuf,
}

impl Assets {
    /// The folder named by `BASTIDE_ASSETS`; without it, the one that `cargo xtask assets` makes for this checkout.
    ///
    /// # Errors
    /// When it is absent or incomplete: with the command that makes it.
    pub fn find() -> Result<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .context("the crate does not lie in a workspace")?;
        let mut location = list::Location::of(workspace)?;
        if let Some(folder) = env::var_os("BASTIDE_ASSETS").filter(|folder| !folder.is_empty()) {
            location.folder = PathBuf::from(folder);
        }
        ensure!(
            location.folder.exists(),
            "the Kubernetes servers for tests are not in {}: run `cargo xtask assets`",
            location.folder.display()
        );
        if let Some(missing) = location.missing() {
            bail!("{} holds no {missing}: run `cargo xtask assets`", location.folder.display());
        }
        Ok(Self { folder: location.folder })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The path of a program in it, such as `kubectl`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The files that tell kwok how simulated nodes and pods behave, in the order of their names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn kwok_stages(&self) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("kwok-stages");
        let mut files = Vec::new();
        for entry in folder.read_dir().with_context(|| format!("cannot list {}", folder.display()))? {
            files.push(entry?.path());
        }
        files.sort();
        Ok(files)
    }

    /// The folder with the resource definitions of the Gateway API's standard channel.
    pub fn gateway_api(&self) -> PathBuf {
        self.folder.join("gateway-api")
    }
}
