//! `cargo xtask test`: everything that CI runs, as a list of steps.
//!
//! Owns the order, the time and the result of the steps; what each does is in `steps.rs`.

mod counts;
mod helper;
mod stage;
mod steps;

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use self::counts::Counts;
use self::stage::Stage;
use self::steps::{STEPS, Step};
pub(crate) use self::steps::{TEST_PROGRAMS, TESTKIT};
use crate::failure::{Misunderstood, exit_code};
use crate::{limit, say};

/// What was asked for on the command line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Request<'a> {
    list: bool,
    keep_going: bool,
    /// Steps by name; empty for all.
    only: Vec<&'a str>,
    /// For the test programs: filters and options of the test harness.
    rest: Vec<&'a str>,
}

/// A step that ran.
struct Done {
    name: &'static str,
    ok: bool,
    time: Duration,
}

/// Runs the steps that the arguments ask for, with those that they need.
///
/// # Errors
/// When the arguments are not understood, or Cargo cannot describe the workspace. A step that fails is told and is in
/// the exit code.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<ExitCode> {
    let request = parse(arguments)?;
    if request.list {
        say::line(&list());
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = choose(&request.only)?;
    let mut stage = Stage::new(workspace, &request.rest)?;
    let mut done = Vec::new();
    let mut code = 0;
    for (index, step) in chosen.iter().enumerate() {
        say::line(&format!("\n=== {} [{}/{}]: {}", step.name, index + 1, chosen.len(), step.what));
        let started = Instant::now();
        let before = stage.counts.failed;
        let result = limit::within(step.limit, || (step.run)(&mut stage));
        let time = started.elapsed();
        done.push(Done { name: step.name, ok: result.is_ok(), time });
        match result {
            Ok(()) => say::line(&format!("=== {}: ok after {}", step.name, seconds(time))),
            Err(error) => {
                say::line(&format!("=== {}: FAILED after {}: {error:#}", step.name, seconds(time)));
                if stage.counts.failed == before {
                    // A step that failed without a failed test, such as clippy, counts as one.
                    stage.counts.failed += 1;
                }
                code = exit_code(&error).max(code);
                if !request.keep_going {
                    break;
                }
            }
        }
    }
    say::line(&summary(&chosen, &done, &stage.counts));
    Ok(ExitCode::from(code))
}

fn parse<'a>(arguments: &[&'a str]) -> Result<Request<'a>> {
    let mut request = Request::default();
    let mut arguments = arguments.iter().copied().peekable();
    while let Some(argument) = arguments.next() {
        match argument {
            "--list" => request.list = true,
            "--keep-going" => request.keep_going = true,
            "--only" => {
                while let Some(names) = arguments.next_if(|next| !next.starts_with('-')) {
                    request.only.extend(names.split(',').filter(|name| !name.is_empty()));
                }
                if request.only.is_empty() {
                    return Err(Misunderstood(format!("`--only` wants steps: {}", names())).into());
                }
            }
            "--" => request.rest.extend(arguments.by_ref()),
            other => {
                let options = "--only STEP…, --keep-going, --list, -- FILTER…";
                return Err(Misunderstood(format!("`{other}` is not an option of `test`: {options}")).into());
            }
        }
    }
    Ok(request)
}

/// The steps of these names, and those that they need, in the order of the list. All when there are no names.
fn choose(names: &[&str]) -> Result<Vec<&'static Step>> {
    if names.is_empty() {
        return Ok(STEPS.iter().collect());
    }
    if let Some(unknown) = names.iter().find(|name| !is_step(name)) {
        return Err(
            Misunderstood(format!("there is no step `{unknown}`; the steps are: {}", self::names())).into()
        );
    }
    let wanted = |step: &&Step| {
        names.contains(&step.name)
            || STEPS.iter().any(|other| names.contains(&other.name) && other.needs.contains(&step.name))
    };
    Ok(STEPS.iter().filter(wanted).collect())
}

/// Whether there is a step of that name.
pub(crate) fn is_step(name: &str) -> bool {
    STEPS.iter().any(|step| step.name == name)
}

fn names() -> String {
    STEPS.map(|step| step.name).join(", ")
}

fn list() -> String {
    let mut text = String::from("The steps, in their order:\n");
    for step in &STEPS {
        let needs =
            if step.needs.is_empty() { String::new() } else { format!(" (after {})", step.needs.join(", ")) };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:<13} {}{needs}", step.name, step.what);
    }
    text
}

/// What went wrong, the time of every step, and last the line that sums all test programs up.
fn summary(chosen: &[&Step], done: &[Done], counts: &Counts) -> String {
    let mut text = String::new();
    for test in &counts.failures {
        let _ = writeln!(text, "failed: {test}");
    }
    let _ = writeln!(text, "\n{:<13} {:<8} {:>8}", "step", "result", "time");
    for step in done {
        let result = if step.ok { "ok" } else { "FAILED" };
        let _ = writeln!(text, "{:<13} {result:<8} {:>8}", step.name, seconds(step.time));
    }
    for step in chosen.iter().skip(done.len()) {
        let _ = writeln!(text, "{:<13} not run", step.name);
    }
    let total = done.iter().map(|step| step.time).sum();
    let _ = writeln!(text, "{:<13} {:<8} {:>8}", "total", "", seconds(total));
    let _ = write!(text, "\n{} passed, {} failed", counts.passed, counts.failed);
    text
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&str]) -> Vec<&'static str> {
        choose(names).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn all_steps_run_unless_some_are_named() {
        assert_eq!(chosen(&[]).len(), STEPS.len());
        assert_eq!(chosen(&["tidy", "format"]), ["format", "tidy"]);
        let message = choose(&["tidi"]).unwrap_err().to_string();
        assert!(message.contains("`tidi`") && message.contains("tidy"), "{message}");
    }

    #[test]
    fn a_step_brings_those_that_it_needs() {
        assert_eq!(chosen(&["openapi"]), ["build", "openapi"]);
        assert_eq!(chosen(&["fleet"]), ["tools", "build", "assets", "fleet"]);
    }

    #[test]
    fn a_step_needs_only_steps_before_it_and_they_nothing_else() {
        for (index, step) in STEPS.iter().enumerate() {
            for need in step.needs {
                let position = STEPS.iter().position(|other| other.name == *need);
                assert!(position.is_some_and(|position| position < index), "{}: {need}", step.name);
                assert_eq!(STEPS[position.unwrap()].needs, [""; 0], "{}: {need}", step.name);
            }
        }
    }

    #[test]
    fn arguments_are_understood_or_refused_with_what_is_allowed() {
        let request =
            parse(&["--only", "unit,tidy", "fleet", "--keep-going", "--", "--exact", "--list"]).unwrap();
        assert_eq!(request.only, ["unit", "tidy", "fleet"]);
        assert_eq!(request.rest, ["--exact", "--list"]);
        assert!(request.keep_going && !request.list);
        assert_eq!(parse(&[]).unwrap(), Request::default());
        for (wrong, named) in [(&["--only"][..], "clippy"), (&["unit"], "--only")] {
            let message = parse(wrong).unwrap_err().to_string();
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn the_last_line_sums_up_and_what_did_not_run_is_said() {
        let steps = choose(&["format", "tidy", "clippy"]).unwrap();
        let time = Duration::from_millis(1250);
        let done = [Done { name: "format", ok: true, time }, Done { name: "tidy", ok: false, time }];
        let counts = Counts { passed: 12, failed: 1, skipped: 0, failures: vec!["a_rule_holds".to_owned()] };
        let text = summary(&steps, &done, &counts);
        let expected = "\
failed: a_rule_holds

step          result       time
format        ok          1.2 s
tidy          FAILED      1.2 s
clippy        not run
total                     2.5 s

12 passed, 1 failed";
        assert_eq!(text, expected);
    }
}
