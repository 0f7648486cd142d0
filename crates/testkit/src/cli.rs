//! The command line as a program: a configuration of its own, and what it said.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::process::scratch_folder;
use crate::programs::program;

/// Longest run of one command.
const LIMIT: Duration = Duration::from_mins(2);

/// Somebody at a terminal.
#[derive(Debug)]
pub struct Cli {
    server: String,
    token: Option<String>,
    folder: TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug, Clone)]
pub struct Said {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Cli {
    /// Somebody with a token, or without.
    ///
    /// # Errors
    /// When no folder can be made.
    pub fn new(server: &str, token: Option<String>) -> Result<Self> {
        Ok(Self { server: server.to_owned(), token, folder: scratch_folder("cli")? })
    }

    /// Runs `bastide` with these arguments.
    ///
    /// # Errors
    /// When it cannot be run or does not end in time.
    pub async fn run(&self, arguments: &[&str]) -> Result<Said> {
        self.run_with(arguments, "").await
    }

    /// Runs a line as somebody would type it into their shell, where `bastide` is on the search path.
    ///
    /// # Errors
    /// When there is no shell, the program was not built, or the line does not end in time.
    pub async fn shell(&self, line: &str) -> Result<Said> {
        let folder = program("bastide")?.parent().map(Path::to_owned).unwrap_or_default();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths([folder].into_iter().chain(std::env::split_paths(&path)))?;
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        self.surround(&mut command).env("PATH", path);
        end(command, line, "").await
    }

    /// The same with something on its standard input.
    ///
    /// # Errors
    /// When it cannot be run or does not end in time.
    pub async fn run_with(&self, arguments: &[&str], input: &str) -> Result<Said> {
        end(self.command(arguments)?, &format!("bastide {arguments:?}"), input).await
    }

    /// The command with its surroundings, for who wants to run it differently.
    ///
    /// # Errors
    /// When the program was not built.
    pub fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("bastide")?);
        command.args(arguments);
        self.surround(&mut command);
        Ok(command)
    }

    /// An environment without anything of the machine's own.
    fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("BASTIDE_CONFIG", self.folder.path().join("config.toml"))
            .env("BASTIDE_SERVER", &self.server)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(token) = &self.token {
            command.env("BASTIDE_TOKEN", token);
        }
        command
    }

    /// Runs a command that has to go well; its standard output.
    ///
    /// # Errors
    /// When it ends with another code than 0.
    pub async fn ok(&self, arguments: &[&str]) -> Result<String> {
        let said = self.run(arguments).await?;
        ensure!(
            said.code == 0,
            "bastide {arguments:?} ended with {}:\n{}{}",
            said.code,
            said.stdout,
            said.stderr
        );
        Ok(said.stdout)
    }

    /// Runs a command that has to go well with `-o json`; the document.
    ///
    /// # Errors
    /// When it ends with another code than 0 or says no JSON.
    pub async fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.ok(&[arguments, &["-o", "json"]].concat()).await?;
        serde_json::from_str(&text).with_context(|| format!("no JSON: {text}"))
    }
}

async fn end(mut command: Command, what: &str, input: &str) -> Result<Said> {
    let mut child = command.spawn().with_context(|| format!("cannot run {what}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = tokio::time::timeout(LIMIT, child.wait_with_output())
        .await
        .with_context(|| format!("{what} does not end"))??;
    Ok(Said {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
