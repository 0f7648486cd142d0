//! `openapi/hub.json`: the description of the hub's API, checked in, so that a change of the API shows in review.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::build::build_programs;
use crate::command::run;
use crate::say;

/// Writes it anew.
///
/// # Errors
/// When the server does not compile, or the file cannot be written.
pub(crate) fn write(workspace: &Path) -> Result<()> {
    let programs = build_programs(workspace, &["bastide-server"])?;
    let text = print(programs.first().context("no server was built")?)?;
    let path = path(workspace);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    say::note(&format!("wrote {}", path.display()));
    Ok(())
}

/// Whether it is what the server prints.
///
/// # Errors
/// When it is not: with the first line that differs.
pub(crate) fn check(workspace: &Path, server: &Path) -> Result<()> {
    let path = path(workspace);
    let written = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    match first_difference(&written, &print(server)?) {
        None => Ok(()),
        Some((line, text)) => bail!(
            "openapi/hub.json is not what the server says of itself, from line {line} on (now `{text}`): run \
             `cargo xtask openapi` and read what changed"
        ),
    }
}

fn path(workspace: &Path) -> PathBuf {
    workspace.join("openapi/hub.json")
}

/// The document as it is written: one newline at its end.
fn print(server: &Path) -> Result<String> {
    Ok(run(Command::new(server).arg("--print-openapi"))? + "\n")
}

/// The number of the first line that differs, and how it reads now; an empty text where there is no line any more.
fn first_difference(written: &str, printed: &str) -> Option<(usize, String)> {
    if written == printed {
        return None;
    }
    let mut before = written.split('\n');
    let mut after = printed.split('\n');
    for number in 1.. {
        let (old, new) = (before.next(), after.next());
        if old != new {
            return Some((number, new.unwrap_or_default().trim().to_owned()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_named() {
        let text = "{\n  \"a\": 1\n}\n";
        assert_eq!(first_difference(text, text), None);
        assert_eq!(first_difference(text, "{\n  \"a\": 2\n}\n"), Some((2, "\"a\": 2".to_owned())));
        assert_eq!(first_difference(text, "{\n"), Some((2, String::new())));
        assert_eq!(first_difference(text, "{\n  \"a\": 1\n}"), Some((4, String::new())));
    }
}
