//! What the steps share: where things are, the environment of the test programs, and what they reported.

use std::env;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use super::counts::Counts;
use super::helper::Helper;
use crate::command::{cargo, summary};
use crate::layout::Layout;
use crate::limit::Running;
use crate::tools::Tools;

/// Taken from the environment of the test programs: they reach nothing but this machine.
const PROXIES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// A variable that names a place for the user, not a setting of the programs under test.
const CACHE: &str = "BASTIDE_CACHE";

/// The shared state of a run.
pub(super) struct Stage {
    pub(super) workspace: PathBuf,
    pub(super) layout: Layout,
    /// All tests so far.
    pub(super) counts: Counts,
    /// Once the step `tools` has run.
    pub(super) tools: Option<Tools>,
    /// Once the step `assets` has run.
    pub(super) assets: Option<PathBuf>,
    /// Once a step has needed it.
    postgres: Option<Helper>,
    /// Filters and options for the test programs.
    rest: Vec<String>,
}

impl Stage {
    /// # Errors
    /// When Cargo cannot describe the workspace.
    pub(super) fn new(workspace: &Path, rest: &[&str]) -> Result<Self> {
        Ok(Self {
            workspace: workspace.to_owned(),
            layout: Layout::of(workspace)?,
            counts: Counts::default(),
            tools: None,
            assets: None,
            postgres: None,
            rest: rest.iter().map(|text| (*text).to_owned()).collect(),
        })
    }

    /// Runs the test programs that `selection` selects, each with what was asked for on the command line.
    ///
    /// # Errors
    /// When a test fails or is skipped, or none ran.
    pub(super) fn test(&mut self, selection: &[&str]) -> Result<()> {
        self.start_postgres()?;
        // `--workspace` in every command, and programs chosen by name only: Cargo chooses the features of shared
        // dependencies by the packages that a command names, so that another set of packages would compile many of them
        // once more.
        let mut command = cargo(&self.workspace);
        command.args(["test", "--workspace", "--no-fail-fast"]).args(selection).arg("--").args(&self.rest);
        self.set_environment(&mut command);
        let (counts, ok) = watch(&mut command, &mut io::stdout())?;
        let (ran, skipped) = (counts.ran(), counts.skipped);
        self.counts.add(counts);
        ensure!(ok, "`{}` failed", summary(&command));
        ensure!(skipped == 0, "{skipped} tests were ignored; nothing may be");
        ensure!(ran > 0, "no test ran");
        Ok(())
    }

    /// Runs one of our programs with the environment of the tests, for as long as the result lives.
    ///
    /// # Errors
    /// When it does not get ready.
    pub(super) fn helper(&self, name: &str) -> Result<Helper> {
        let mut command = Command::new(self.layout.program(name));
        self.set_environment(&mut command);
        Helper::start(&mut command)
    }

    /// One server for all test programs of the run, each of which would otherwise start one of its own.
    fn start_postgres(&mut self) -> Result<()> {
        // A step that took too long may have ended it.
        if !self.postgres.as_mut().is_some_and(Helper::is_running) {
            self.postgres = Some(self.helper("test-postgres")?);
        }
        Ok(())
    }

    /// The environment of everything under test: what the user has set for our programs does not reach it.
    fn set_environment(&self, command: &mut Command) {
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("BASTIDE_") && name != CACHE {
                command.env_remove(&name);
            }
        }
        for name in PROXIES {
            command.env_remove(name);
        }
        // A snapshot that differs is a failure and changes no file.
        command.env("INSTA_UPDATE", "no");
        command.env("BASTIDE_SCREENSHOTS", self.layout.target_folder.join("screenshots"));
        if let Some(assets) = &self.assets {
            command.env("BASTIDE_ASSETS", assets);
        }
        if let Some(postgres) = &self.postgres {
            command.env("BASTIDE_TEST_POSTGRES", &postgres.line);
        }
        if let Some(tools) = &self.tools {
            command.env("BASTIDE_CHROMIUM", &tools.chromium);
            command.env("BASTIDE_CHROMEDRIVER", &tools.chromedriver);
            command.env("BASTIDE_AXE", &tools.axe);
        }
    }
}

/// Runs a command, passes on what it writes as it comes, and reads the results of tests out of it. Also whether it
/// succeeded.
fn watch(command: &mut Command, own: &mut dyn io::Write) -> Result<(Counts, bool)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = Running::start(command).with_context(|| format!("cannot run {command:?}"))?;
    let output = running.take_output().context("a command has no standard output")?;
    let mut counts = Counts::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read what the tests print")?;
        let text = String::from_utf8_lossy(&line);
        counts.read(&text);
        running.wrote(&text);
        // When nobody listens any more, the tests run on for their result.
        let _ = own.write_all(&line).and_then(|()| own.write_all(b"\n"));
    }
    let status = running.wait().context("cannot wait for the tests")?;
    Ok((counts, status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_what_a_command_prints_and_all_of_it_is_passed_on() {
        let text = "test a ... FAILED\ntest result: FAILED. 2 passed; 1 failed;\nlast\n";
        let mut command = Command::new("sh");
        command.args(["-c", "printf %s \"$0\"; exit 1", text]);
        let mut passed_on = Vec::new();
        let (counts, ok) = watch(&mut command, &mut passed_on).unwrap();
        assert!(!ok);
        assert_eq!((counts.passed, counts.failed, counts.failures), (2, 1, vec!["a".to_owned()]));
        assert_eq!(String::from_utf8(passed_on).unwrap(), text);
    }

    #[test]
    fn the_environment_names_what_the_steps_have_found() {
        let mut stage = Stage::new(crate::workspace(), &[]).unwrap();
        let value = |stage: &Stage, name: &str| {
            let mut command = Command::new("program");
            stage.set_environment(&mut command);
            let value = command.get_envs().find(|(key, _)| *key == name).and_then(|(_, value)| value);
            value.map(std::ffi::OsStr::to_owned)
        };
        assert_eq!(value(&stage, "BASTIDE_ASSETS"), None);
        stage.assets = Some(PathBuf::from("/assets"));
        assert_eq!(value(&stage, "BASTIDE_ASSETS").unwrap(), "/assets");
        assert_eq!(value(&stage, "INSTA_UPDATE").unwrap(), "no");
        assert_eq!(value(&stage, "HTTPS_PROXY"), None);
    }
}
