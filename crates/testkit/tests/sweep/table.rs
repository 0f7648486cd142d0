//! The table as a text that people read: an operation, its targets beneath it, and a column per actor.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use reqwest::Method;

/// Set, the file is written instead of compared.
const UPDATE: &str = "BASTIDE_UPDATE";
/// Room for the name of a target.
const TARGET: usize = 28;
/// Room for a cell.
const CELL: usize = 10;

const HEAD: &str = "\
Every operation as every actor: what the hub answers. Written by the test `sweep` of the testkit with BASTIDE_UPDATE=1.

A and B are two tenants: organizations at the root, each with the client organizations `child`, on a spoke of its own,
and `annex`, on a spoke of both. `none` never was. `login` is a page that leads to the sign-in form. What the caller may
not see is 404, what they see and may not do is 403 (HIER-6); 400, 409, 412 and 422 are found after permission was given.
";

/// The table.
pub(crate) struct Table {
    text: String,
    columns: Vec<String>,
}

impl Table {
    /// Only its head.
    pub(crate) fn new() -> Self {
        Self { text: HEAD.to_owned(), columns: Vec::new() }
    }

    /// Another group of actors, with what each is.
    pub(crate) fn actors(&mut self, title: &str, actors: &[(&'static str, &'static str)]) {
        self.add(&format!("\n## {title}\n"));
        for (name, meaning) in actors {
            self.add(&format!("{name:<CELL$} {meaning}"));
        }
        self.columns = actors.iter().map(|(name, _)| (*name).to_owned()).collect();
    }

    /// An operation; its lines come after it.
    pub(crate) fn operation(&mut self, method: &Method, path: &str, id: &str, access: &str) {
        let columns = self.columns.clone();
        self.add(&format!("\n{id}: {method} {path} ({access})"));
        self.line("", &columns);
    }

    /// What every actor gets on a target.
    pub(crate) fn line(&mut self, target: &str, cells: &[String]) {
        let cells: String = cells.iter().fold(String::new(), |mut line, cell| {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:<CELL$}");
            line
        });
        self.add(format!("  {target:<TARGET$}{cells}").trim_end());
    }

    fn add(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// The lines of the file that are otherwise; none when it was written.
    pub(crate) fn compare(&self, path: &Path) -> Result<String> {
        if std::env::var_os(UPDATE).is_some() {
            fs::write(path, &self.text).with_context(|| format!("cannot write {}", path.display()))?;
            return Ok(String::new());
        }
        let kept = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(differences(&kept, &self.text))
    }
}

/// Lines that only one of two texts has, each beneath its operation.
fn differences(kept: &str, found: &str) -> String {
    let (kept, found) = (placed(kept), placed(found));
    let missing = kept.iter().filter(|line| !found.contains(line)).map(|line| format!("- {line}\n"));
    let new = found.iter().filter(|line| !kept.contains(line)).map(|line| format!("+ {line}\n"));
    missing.chain(new).collect()
}

fn placed(text: &str) -> Vec<String> {
    let mut operation = "";
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.starts_with("  ") {
            lines.push(format!("{operation}\n  {line}"));
        } else {
            operation = line;
            lines.push(line.to_owned());
        }
    }
    lines
}
