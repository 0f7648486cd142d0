//! What the browser tests load into pages: axe-core, from the package registry of Node.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::cache;
use crate::command::{find, run};
use crate::failure::MissingTool;

/// The script in the folder that is made.
const AXE: &str = "node_modules/axe-core/axe.min.js";

/// The path of axe-core's script.
pub(super) fn ensure_installed(workspace: &Path, cache_folder: &Path) -> Result<PathBuf> {
    let source = workspace.join("tools/browser");
    let read = |name: &str| {
        let path = source.join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let (package, lock) = (read("package.json")?, read("package-lock.json")?);
    let folder = cache_folder.join("browser").join(cache::checksum(&[&package, &lock]));
    let axe = folder.join(AXE);
    if !axe.is_file() {
        cache::make(
            &folder,
            "the tools for browser tests",
            || axe.is_file(),
            |partial| {
                let npm = find(&["npm"]).ok_or_else(missing_npm)?;
                fs::create_dir(partial).with_context(|| format!("cannot make {}", partial.display()))?;
                fs::write(partial.join("package.json"), &package)?;
                fs::write(partial.join("package-lock.json"), &lock)?;
                let mut command = Command::new(npm);
                command.current_dir(partial).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
                run(&mut command)?;
                Ok(())
            },
        )?;
    }
    Ok(axe)
}

fn missing_npm() -> MissingTool {
    MissingTool {
        found: "there is no `npm`".to_owned(),
        remedy: "the browser tests take axe-core from npm: install Node.js 20 or newer, with npm",
    }
}
