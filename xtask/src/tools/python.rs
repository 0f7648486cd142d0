//! What checks the HTTP API against its description: schemathesis, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cache;
use crate::command::{find, run};
use crate::failure::MissingTool;

/// The Python of a virtual environment.
///
/// Programs are run through it as modules: the scripts beside it name the folder that the environment was made in,
/// which is not the one that it is renamed to.
const PYTHON: &str = "bin/python";

/// The path of a Python that can import schemathesis.
pub(super) fn ensure_installed(workspace: &Path, cache_folder: &Path) -> Result<PathBuf> {
    let requirements = workspace.join("tools/python/requirements.txt");
    let text = fs::read_to_string(&requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    let folder = cache_folder.join("python").join(cache::checksum(&[&text]));
    // A link to the Python that it was made with: gone when that is gone.
    let python = folder.join(PYTHON);
    if !python.exists() {
        cache::make(
            &folder,
            "the tools for checks of the API",
            || python.exists(),
            |partial| fill(partial, &requirements),
        )?;
    }
    Ok(python)
}

fn fill(folder: &Path, requirements: &Path) -> Result<()> {
    let base = find(&["python3"]).ok_or_else(|| missing_python("there is no `python3`"))?;
    let recent = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";
    run(Command::new(&base).args(["-c", recent]))
        .map_err(|_| missing_python(&format!("{} is older, or cannot make environments", base.display())))?;
    run(Command::new(&base).args(["-m", "venv"]).arg(folder))?;
    let mut install = Command::new(folder.join(PYTHON));
    // Only what is pinned, only by its checksum, and nothing of it is run while it is installed.
    install.args([
        "-m",
        "pip",
        "install",
        "--require-hashes",
        "--only-binary=:all:",
        "--no-deps",
        "--no-input",
    ]);
    run(install.args(["--disable-pip-version-check", "--quiet", "--requirement"]).arg(requirements))?;
    Ok(())
}

fn missing_python(found: &str) -> MissingTool {
    MissingTool {
        found: found.to_owned(),
        remedy: "the checks of the API need Python 3.11 or newer with `venv`: on Debian the packages `python3` and \
                 `python3-venv`",
    }
}
