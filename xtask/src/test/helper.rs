//! A server that a step needs, run by a program of the testkit for as long as the step wants it.
//!
//! Such a program writes one line, which says how to reach the server, and ends when its standard input is closed: it
//! also ends when this process is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::command::summary;
use crate::limit::{Running, wait_until};

/// How long it may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, which may outlive the step that started it. Dropping it ends the program and waits until it is gone.
pub(super) struct Helper {
    running: Running,
    /// The line that it wrote.
    pub(super) line: String,
}

impl Helper {
    /// Starts a program and waits for its line.
    ///
    /// # Errors
    /// When it cannot be run, or ends without one; what it wrote to standard error was seen.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let name = summary(command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running::start(command).with_context(|| format!("cannot run `{name}`"))?;
        let output = running.take_output().context("a program has no standard output")?;
        let mut helper = Self { running, line: String::new() };
        BufReader::new(output)
            .read_line(&mut helper.line)
            .with_context(|| format!("cannot read what `{name}` writes"))?;
        ensure!(helper.line.ends_with('\n'), "`{name}` ended before it was ready");
        helper.line = helper.line.trim().to_owned();
        helper.running.outlive();
        Ok(helper)
    }

    /// Whether it has not ended.
    pub(super) fn is_running(&mut self) -> bool {
        matches!(self.running.has_ended(), Ok(None))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.running.take_input());
        // What is still there after that is ended by force when it is dropped.
        wait_until(PATIENCE, || !self.is_running());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn shell(text: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", text]);
        command
    }

    #[test]
    fn a_helper_ends_when_it_is_dropped() {
        let folder = Scratch::new("helper");
        let ended = folder.0.join("ended");
        let helper =
            Helper::start(shell("echo ' address '; cat; echo > ended").current_dir(&folder.0)).unwrap();
        assert_eq!(helper.line, "address");
        assert!(!ended.exists());
        drop(helper);
        assert!(ended.exists());
    }

    #[test]
    fn a_helper_that_ends_early_is_an_error() {
        let error = Helper::start(&mut shell("printf incomplete")).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("ended before it was ready"), "{error}");
    }
}
