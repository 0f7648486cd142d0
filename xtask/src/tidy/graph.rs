//! What is linked, as Cargo resolves it for this machine.
//!
//! From `cargo tree`, not from `Cargo.lock` or `cargo metadata`: those also hold optional dependencies that no feature
//! turns on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::command::{cargo, run};

/// The packages of the workspace and everything that they are built from.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Licence by package, as the package states it. Where two versions are linked, one of them.
    pub(super) licences: BTreeMap<String, String>,
    /// Who depends on a package, by names.
    dependents: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Asks Cargo: dependencies of every kind, with the features that the workspace as a whole turns on.
    ///
    /// # Errors
    /// When `Cargo.lock` does not fit the manifests.
    pub(super) fn of(root: &Path) -> Result<Self> {
        let mut command = cargo(root);
        command.args(["tree", "--workspace", "--edges=normal,build,dev", "--prefix=depth"]);
        Self::parse(&run(command.args(["--format= {p}|{l}", "--locked"]))?)
    }

    /// Who depends on a package.
    pub(super) fn dependents(&self, package: &str) -> impl Iterator<Item = &str> {
        self.dependents.get(package).into_iter().flatten().map(String::as_str)
    }

    /// Adds an edge.
    pub(super) fn insert(&mut self, package: &str, dependent: &str) {
        self.dependents.entry(package.to_owned()).or_default().insert(dependent.to_owned());
    }

    /// Reads lines like `2 serde v1.0.0 (proc-macro)|MIT OR Apache-2.0 (*)`, where the number is the depth. What a package
    /// depends on stands under its first line only.
    fn parse(text: &str) -> Result<Self> {
        let mut graph = Self::default();
        let mut above: Vec<String> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let wrong = || format!("`cargo tree` wrote `{line}`");
            let (depth, rest) = line.split_once(' ').with_context(wrong)?;
            let depth: usize = depth.parse().with_context(wrong)?;
            let (package, licence) = rest.split_once('|').with_context(wrong)?;
            let name = package.split(' ').next().with_context(wrong)?;
            above.truncate(depth);
            if let Some(dependent) = above.last() {
                graph.insert(name, dependent);
            }
            above.push(name.to_owned());
            let licence = licence.strip_suffix(" (*)").unwrap_or(licence);
            graph.licences.insert(name.to_owned(), licence.to_owned());
        }
        Ok(graph)
    }
}

/// The names of everything that is linked into one package, with the features that it alone turns on.
///
/// # Errors
/// When there is no such package.
pub(super) fn linked_into(root: &Path, package: &str) -> Result<BTreeSet<String>> {
    let mut command = cargo(root);
    command.args([
        "tree",
        "--package",
        package,
        "--edges=normal",
        "--prefix=none",
        "--format={p}",
        "--locked",
    ]);
    let names = run(&mut command)?;
    Ok(names.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_cargo_tree_are_understood() {
        let text = "\
0 bastide-store v0.1.0 (crates/store)|Apache-2.0
1 sqlx v0.9.0|MIT OR Apache-2.0
2 serde v1.0.0 (proc-macro)|MIT
1 serde v1.0.0 (proc-macro)|MIT (*)

0 xtask v0.1.0 (xtask)|Apache-2.0
1 serde v1.0.0 (proc-macro)|MIT (*)
";
        let graph = Graph::parse(text).unwrap();
        assert_eq!(graph.dependents("serde").collect::<Vec<_>>(), ["bastide-store", "sqlx", "xtask"]);
        assert_eq!(graph.dependents("sqlx").collect::<Vec<_>>(), ["bastide-store"]);
        assert_eq!(graph.dependents("xtask").count(), 0);
        assert_eq!(graph.licences["serde"], "MIT");
        assert!(Graph::parse("serde v1.0.0").is_err());
    }

    #[test]
    fn this_program_is_linked_with_what_it_uses() {
        let names = linked_into(crate::workspace(), "xtask").unwrap();
        assert!(names.contains("serde_json") && !names.contains("tokio"), "{names:?}");
    }
}
