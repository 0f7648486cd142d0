//! Checks a running hub against the description that it gives of its own API.
//!
//! Knows how schemathesis is called and what it reports; not how a hub is started.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::limit;

/// What a program of the testkit says of the hub that it started.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hub {
    /// Its address, without a path.
    url: String,
    /// A token of the site administrator, who may do everything.
    site: String,
    /// A token of somebody who owns an organization there, and may do little.
    tenant: String,
}

/// Operations by how they behaved.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Operations {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

/// The part of schemathesis' report that is looked at.
#[derive(Debug, Deserialize)]
struct Report {
    exit_code: i32,
    complete: bool,
    operations: Tally,
    failures: Vec<Failure>,
}

#[derive(Debug, Deserialize)]
struct Tally {
    selected: u64,
    tested: u64,
    errored: u64,
    skipped: u64,
}

#[derive(Debug, Deserialize)]
struct Failure {
    operations: Vec<String>,
}

/// Checks the hub that `line`, a JSON object, describes: as the site administrator, and as a tenant. What is found is
/// printed; reports are left in `folder`.
///
/// # Errors
/// When schemathesis cannot be run, or did not come to its end.
pub(crate) fn check(workspace: &Path, python: &Path, line: &str, folder: &Path) -> Result<Operations> {
    let hub: Hub = serde_json::from_str(line).context("cannot read where the hub is")?;
    let mut all = Operations::default();
    // The tenant first: they change less of what the other one finds.
    for (name, token) in [("tenant", &hub.tenant), ("site", &hub.site)] {
        let mut command = Command::new(python);
        command.args(["-m", "schemathesis.cli", "--config-file"]);
        command.arg(workspace.join("tools/python/schemathesis.toml"));
        command.arg("run").arg(format!("{}/openapi.json", hub.url));
        command.arg("--header").arg(format!("Authorization: Bearer {token}"));
        let found = run(command, &folder.join(name)).with_context(|| format!("as the {name}"))?;
        all.passed += found.passed;
        all.failed += found.failed;
    }
    Ok(all)
}

/// Runs schemathesis and reads its report.
fn run(mut command: Command, folder: &Path) -> Result<Operations> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let report = folder.join("report.json");
    // Not to be mistaken for the report of this run.
    fs::write(&report, "").with_context(|| format!("cannot write {}", report.display()))?;
    command.current_dir(folder).stdin(Stdio::null()).args(["--report", "json,junit", "--no-color"]);
    command.arg("--report-json-path").arg(&report);
    command.arg("--report-junit-path").arg(folder.join("report.xml"));
    let name = command.get_program().display().to_string();
    let status = limit::status(&mut command).with_context(|| format!("cannot run {name}"))?;
    let text = fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    ensure!(!text.is_empty(), "schemathesis ended with {status} and without a report");
    read(&text)
}

/// Reads the report. An operation is one test, whatever was tried with it.
fn read(report: &str) -> Result<Operations> {
    let Report { exit_code, complete, operations, failures } =
        serde_json::from_str(report).context("cannot read schemathesis' report")?;
    ensure!(complete, "schemathesis stopped before its end");
    ensure!(
        operations.tested == operations.selected && operations.skipped == 0 && operations.tested > 0,
        "only {} of {} operations were tested",
        operations.tested,
        operations.selected
    );
    // A failure may name an operation that the description does not have, such as a method that is not allowed.
    let named: BTreeSet<String> = failures.into_iter().flat_map(|failure| failure.operations).collect();
    let failed = u64::try_from(named.len())? + operations.errored;
    ensure!(failed > 0 || exit_code == 0, "schemathesis ended with {exit_code} without naming an operation");
    Ok(Operations { passed: operations.tested.saturating_sub(failed), failed })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report as schemathesis 4.32 writes it, less what is not looked at.
    fn report(exit_code: i32, complete: bool, tested: u64, failures: &[&[&str]]) -> String {
        let failures: Vec<_> = failures
            .iter()
            .map(|operations| serde_json::json!({ "code": "ST101", "operations": operations }))
            .collect();
        serde_json::json!({
            "schemathesis_version": "4.32.5",
            "complete": complete,
            "exit_code": exit_code,
            "operations": { "total": 3, "selected": 3, "tested": tested, "errored": 0, "skipped": 0 },
            "failures": failures,
        })
        .to_string()
    }

    #[test]
    fn an_operation_is_counted_once() {
        assert_eq!(read(&report(0, true, 3, &[])).unwrap(), Operations { passed: 3, failed: 0 });
        let found = read(&report(1, true, 3, &[&["GET /a", "GET /b"], &["GET /a"]])).unwrap();
        assert_eq!(found, Operations { passed: 1, failed: 2 });
    }

    #[test]
    fn a_run_that_did_not_check_everything_is_an_error() {
        for (text, named) in [
            (report(0, false, 3, &[]), "before its end"),
            (report(0, true, 2, &[]), "only 2 of 3"),
            (report(1, true, 3, &[]), "ended with 1"),
            ("{}".to_owned(), "cannot read"),
        ] {
            let message = read(&text).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}
