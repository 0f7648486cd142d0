//! Running other programs. Knows nothing of what they are run for.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

use crate::limit;

/// Runs a command to its end. Its standard output, trimmed; what it wrote is shown only when it fails.
///
/// # Errors
/// When it cannot be run or fails: with what it wrote to standard error.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = limit::output(command).with_context(|| format!("cannot run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command to its end; what it writes is seen at once.
///
/// # Errors
/// When it cannot be run or fails.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    command.stdin(Stdio::null());
    let status = limit::status(command).with_context(|| format!("cannot run {command:?}"))?;
    ensure!(status.success(), "{} ended with {status}", summary(command));
    Ok(())
}

/// The command as somebody would type it.
pub(crate) fn summary(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

/// The Cargo that runs this program, in the workspace.
///
/// What Cargo tells a program about the program's own package is taken away again: build scripts see their environment,
/// and must see the same one as when Cargo is called by hand, or they would run again and again.
pub(crate) fn cargo(workspace: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// The first program on the search path that has one of the names.
pub(crate) fn find(names: &[&str]) -> Option<PathBuf> {
    let search_path = env::var_os("PATH")?;
    env::split_paths(&search_path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_says_what_it_wrote() {
        let error =
            run(Command::new("sh").args(["-c", "echo no such luck >&2; exit 7"])).unwrap_err().to_string();
        assert!(error.contains("exit status: 7") && error.contains("no such luck"), "{error}");
        assert_eq!(run(Command::new("sh").args(["-c", "echo ' text '"])).unwrap(), "text");
    }

    #[test]
    fn a_command_is_named_as_it_is_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "--workspace"]);
        assert_eq!(summary(&command), "cargo test --workspace");
    }

    #[test]
    fn a_program_is_found_by_any_of_its_names() {
        assert!(find(&["no-such-program", "sh"]).is_some_and(|path| path.ends_with("sh")));
        assert_eq!(find(&["no-such-program"]), None);
    }

    #[test]
    fn cargo_is_not_told_about_the_package_of_this_program() {
        let command = cargo(Path::new("/"));
        let kept: Vec<_> = command.get_envs().filter(|(_, value)| value.is_some()).collect();
        assert_eq!(kept, []);
        assert!(command.get_envs().any(|(name, _)| name == "CARGO_PKG_NAME"));
    }
}
