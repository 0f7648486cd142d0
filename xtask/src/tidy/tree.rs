//! The files that are, or would be, committed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::run;

/// The files of the workspace.
pub(super) struct Tree {
    /// The folder of the workspace.
    pub(super) root: PathBuf,
    /// Text files, in the order of their paths.
    pub(super) files: Vec<TextFile>,
}

/// A file with its text.
pub(super) struct TextFile {
    /// Relative to the workspace.
    pub(super) path: String,
    pub(super) text: String,
}

/// A line of a file, counted from 1.
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
    /// Whether it is part of a test.
    pub(super) is_test: bool,
}

impl Tree {
    /// Asks Git for what it tracks and for what is new and not ignored, and reads it.
    ///
    /// # Errors
    /// When Git cannot be asked, or a file cannot be read.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let mut command = Command::new("git");
        command.current_dir(root);
        command.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]);
        let listed = run(&mut command)?;
        let mut files = Vec::new();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let full = root.join(path);
            if !full.is_file() {
                // Deleted, and not committed yet.
                continue;
            }
            let bytes = fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            // Pictures and the like have no lines to check.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(TextFile { path: path.to_owned(), text });
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self { root: root.to_owned(), files })
    }

    /// The file of that path, if there is one.
    pub(super) fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Source files in Rust.
    pub(super) fn rust(&self) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(|file| file.has_extension("rs"))
    }

    /// A tree of these files, which are nowhere.
    #[cfg(test)]
    pub(super) fn sample(files: &[(&str, &str)]) -> Self {
        let file =
            |(path, text): &(&str, &str)| TextFile { path: (*path).to_owned(), text: (*text).to_owned() };
        Self { root: PathBuf::new(), files: files.iter().map(file).collect() }
    }
}

impl TextFile {
    /// Whether its name ends so.
    pub(super) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|own| own == extension)
    }

    /// Whether it is compiled for tests only: what lies under `tests/` or `benches/`, and modules called `tests`.
    pub(super) fn is_test(&self) -> bool {
        ["/tests/", "/benches/", "/fuzz/"].iter().any(|folder| self.path.contains(folder))
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("/scratch.rs")
    }

    /// Its lines. Tests stand last in a file, from a `#[cfg(test)]` before a module's body on.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let first_test = if self.is_test() { 0 } else { first_test_line(&self.text) };
        self.text.lines().enumerate().map(move |(index, text)| Line {
            number: index + 1,
            text,
            is_test: index >= first_test,
        })
    }
}

/// The index of the line where the tests begin; behind the last line when there are none.
fn first_test_line(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |index: usize| {
        let mut rest = lines.iter().skip(index);
        rest.next() == Some(&"#[cfg(test)]")
            && rest
                .find(|line| !line.starts_with("#["))
                .is_some_and(|line| line.contains("mod ") && line.ends_with('{'))
    };
    (0..lines.len()).find(|index| begins_tests(*index)).unwrap_or(lines.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
//! Owns things.
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
fn helper() {}
fn code() {}
#[cfg(test)]
#[expect(lint)]
mod tests {
    fn test() {}
}
";

    #[test]
    fn tests_begin_where_a_module_of_tests_has_its_body() {
        let tree = Tree::sample(&[("crates/a/src/b.rs", SOURCE)]);
        let numbers: Vec<_> =
            tree.files[0].lines().filter(|line| line.is_test).map(|line| line.number).collect();
        assert_eq!(numbers, [7, 8, 9, 10, 11]);
    }

    #[test]
    fn a_file_of_tests_has_nothing_else() {
        for path in [
            "crates/a/tests/b.rs",
            "crates/a/tests/b/c.rs",
            "crates/a/src/b/tests.rs",
            "crates/a/benches/b.rs",
        ] {
            let tree = Tree::sample(&[(path, "fn code() {}\n")]);
            assert!(tree.files[0].lines().all(|line| line.is_test), "{path}");
        }
    }

    #[test]
    fn the_tree_holds_this_file_and_nothing_that_is_built() {
        let tree = Tree::read(crate::workspace()).unwrap();
        assert!(tree.file("xtask/src/tidy/tree.rs").is_some());
        assert!(tree.files.iter().all(|file| !file.path.starts_with("target/")));
    }
}
