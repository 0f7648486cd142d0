//! Every row of the server's route tables, as the server prints them.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;

use crate::programs::program;

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: String,
    /// Its id.
    pub id: String,
    /// To whom it belongs.
    pub surface: String,
    /// What one needs.
    pub access: String,
}

impl Row {
    /// Whether a path is one of this row's.
    pub fn serves(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap_or_default();
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        let fits = |(ours, theirs): (&&str, &&str)| ours.starts_with('{') || ours == theirs;
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(fits)
    }

    /// Whether whoever asks has to be somebody.
    pub fn is_public(&self) -> bool {
        self.access == "public"
    }
}

/// Every row of both tables.
///
/// # Errors
/// When the server was not built, or prints something else.
pub fn rows() -> Result<Vec<Row>> {
    let output = Command::new(program("bastide-server")?).arg("--print-routes").output()?;
    ensure!(output.status.success(), "no routes: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)?.lines().map(row).collect()
}

fn row(line: &str) -> Result<Row> {
    let mut words = line.split('\t').map(str::to_owned);
    let mut word = || words.next().with_context(|| format!("a route with too few words: {line}"));
    Ok(Row { method: word()?.parse()?, path: word()?, id: word()?, surface: word()?, access: word()? })
}
