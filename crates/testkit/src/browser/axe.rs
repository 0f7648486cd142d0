//! axe-core in pages: the rules of WCAG 2.2 at level AA that a machine can check, and its best practices.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Browser, scripts};
use crate::assets;

const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// Fewer rules than this apply to no page of ours: the script did not look at the page.
const LEAST_PASSED: usize = 10;

#[derive(Deserialize)]
struct Outcome {
    lines: Vec<String>,
    passed: usize,
}

impl Browser {
    /// Fails on any violation on the page as it is now: with the rule, the element and how to mend it. The page's
    /// Content-Security-Policy stays in force: the script comes by the driver, not by the page.
    ///
    /// # Errors
    /// With every violation.
    pub async fn axe(&self, name: &str) -> Result<()> {
        if !self.run("return 'axe' in window", &[]).await? {
            self.session.execute(self.axe.as_str(), Vec::new()).await.context("axe-core does not load")?;
        }
        let answer = self.session.execute_async(scripts::AXE, vec![json!(TAGS)]).await?;
        let Outcome { lines, passed } = answer.convert()?;
        ensure!(lines.is_empty(), "axe-core finds on {name}:\n  {}", lines.join("\n  "));
        ensure!(passed >= LEAST_PASSED, "only {passed} rules apply to {name}: is it a page?");
        Ok(())
    }
}

/// The script: the file that `BASTIDE_AXE` names; without it, the one that `cargo xtask test` has put into the cache.
pub(super) fn source() -> Result<String> {
    let path = match env::var_os("BASTIDE_AXE").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => cached()?,
    };
    fs::read_to_string(&path).with_context(|| {
        format!(
            "axe-core is not in {}: run `cargo xtask test --only tools`, or name its axe.min.js in BASTIDE_AXE",
            path.display()
        )
    })
}

/// Where `xtask` puts what tools/browser asks for: a folder that is named after the checksum of its files, each followed
/// by its length, and of the kind of machine.
fn cached() -> Result<PathBuf> {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/browser");
    let mut hash = Sha256::new();
    for file in ["package.json", "package-lock.json"] {
        let path = tools.join(file);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        hash.update(&text);
        hash.update(text.len().to_le_bytes());
    }
    for word in [env::consts::OS, env::consts::ARCH] {
        hash.update(word.as_bytes());
        hash.update(word.len().to_le_bytes());
    }
    let folder = assets::cache_folder()?.join("browser").join(hex::encode(hash.finalize()));
    Ok(folder.join("node_modules/axe-core/axe.min.js"))
}
