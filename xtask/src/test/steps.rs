//! The steps of `cargo xtask test`: what each does.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::stage::Stage;
use crate::command::{cargo, show};
use crate::layout::Layout;
use crate::{assets, mutants, openapi, schemathesis, tidy, tools};

/// The package whose test programs need more than themselves.
pub(crate) const TESTKIT: &str = "bastide-testkit";

/// The step that runs each of the testkit's test programs. A tidy rule keeps it complete.
pub(crate) const TEST_PROGRAMS: [(&str, &[&str]); 3] = [
    ("fleet", &["control_plane", "postgres", "reconcile"]),
    ("system", &["story", "isolation", "sweep", "system"]),
    ("browser", &["browser"]),
];

/// A step.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) name: &'static str,
    /// What it does, in a line.
    pub(super) what: &'static str,
    /// The steps that have to run before it, also when only it was asked for.
    pub(super) needs: &'static [&'static str],
    /// How long it may take. Several times what it does on two slow cores when nothing was built before: a limit ends what
    /// hangs, and measures nothing.
    pub(super) limit: Duration,
    pub(super) run: fn(&mut Stage) -> Result<()>,
}

/// What the steps that run tests need.
const TESTING: &[&str] = &["tools", "build", "assets"];

/// The steps in their order: what is quick and often wrong first.
pub(super) const STEPS: [Step; 14] = [
    Step {
        name: "tools",
        what: "finds or installs Chromium, PostgreSQL, axe-core and schemathesis",
        needs: &[],
        limit: Duration::from_mins(20),
        run: find_tools,
    },
    Step {
        name: "format",
        what: "the layout of the code",
        needs: &[],
        limit: Duration::from_mins(5),
        run: format,
    },
    Step {
        name: "tidy",
        what: "the project's own rules",
        needs: &[],
        limit: Duration::from_mins(5),
        run: check_tidy,
    },
    Step {
        name: "clippy",
        what: "lints, with warnings as errors",
        needs: &[],
        limit: Duration::from_mins(20),
        run: clippy,
    },
    Step {
        name: "docs",
        what: "the documentation of the code, with warnings as errors",
        needs: &[],
        limit: Duration::from_mins(20),
        run: docs,
    },
    Step {
        name: "build",
        what: "every program and every test program",
        needs: &[],
        limit: Duration::from_mins(30),
        run: build,
    },
    Step {
        name: "assets",
        what: "the Kubernetes servers, built from Go modules once",
        needs: &[],
        limit: Duration::from_mins(45),
        run: build_assets,
    },
    Step {
        name: "unit",
        what: "rules, properties and snapshots of every crate; the store on SQLite and on PostgreSQL",
        needs: TESTING,
        limit: Duration::from_mins(20),
        run: unit,
    },
    Step {
        name: "fleet",
        what: "control planes, reconciliation and the agent on real API servers",
        needs: TESTING,
        limit: Duration::from_mins(20),
        run: |stage| run_test_programs(stage, "fleet"),
    },
    Step {
        name: "system",
        what: "whole stories through the real programs",
        needs: TESTING,
        limit: Duration::from_mins(30),
        run: |stage| run_test_programs(stage, "system"),
    },
    Step {
        name: "browser",
        what: "the console in a real browser, every page checked by axe-core",
        needs: TESTING,
        limit: Duration::from_mins(30),
        run: |stage| run_test_programs(stage, "browser"),
    },
    Step {
        name: "schemathesis",
        what: "the HTTP API against its own description",
        needs: TESTING,
        limit: Duration::from_mins(15),
        run: check_api,
    },
    Step {
        name: "openapi",
        what: "openapi/hub.json is what the server says of itself",
        needs: &["build"],
        limit: Duration::from_mins(5),
        run: check_document,
    },
    Step {
        name: "mutants",
        what: "a handful of faults in the code that decides who may do what: tests notice",
        needs: &[],
        limit: Duration::from_mins(20),
        run: |stage| mutants::sample(&stage.workspace),
    },
];

fn find_tools(stage: &mut Stage) -> Result<()> {
    stage.tools = Some(tools::ensure_installed(&stage.workspace)?);
    Ok(())
}

fn format(stage: &mut Stage) -> Result<()> {
    show(cargo(&stage.workspace).args(["fmt", "--all", "--check"])).context("run `cargo fmt`")
}

fn check_tidy(stage: &mut Stage) -> Result<()> {
    tidy::run(&stage.workspace)
}

fn clippy(stage: &mut Stage) -> Result<()> {
    show(cargo(&stage.workspace).args(["clippy", "--workspace", "--all-targets", "--", "--deny=warnings"]))
}

fn docs(stage: &mut Stage) -> Result<()> {
    let mut command = cargo(&stage.workspace);
    command.args(["doc", "--workspace", "--no-deps", "--document-private-items"]);
    show(command.env("RUSTDOCFLAGS", "--deny=warnings"))
}

/// Everything that the later steps run: they find it built, so that their times are those of their tests.
fn build(stage: &mut Stage) -> Result<()> {
    show(cargo(&stage.workspace).args(["build", "--workspace", "--lib", "--bins", "--tests"]))
}

fn build_assets(stage: &mut Stage) -> Result<()> {
    stage.assets = Some(assets::ensure_built(&stage.workspace)?);
    Ok(())
}

fn unit(stage: &mut Stage) -> Result<()> {
    let names = names_outside_testkit(&stage.layout);
    let mut programs = vec!["--lib", "--bins"];
    programs.extend(names.iter().flat_map(|name| ["--test", name.as_str()]));
    stage.test(&programs)
}

/// The test programs of every other crate.
fn names_outside_testkit(layout: &Layout) -> Vec<String> {
    let crates = layout.packages.iter().filter(|package| package.name != TESTKIT);
    crates.flat_map(|package| package.test_targets().map(str::to_owned)).collect()
}

fn run_test_programs(stage: &mut Stage, step: &str) -> Result<()> {
    let names = TEST_PROGRAMS.iter().find(|(name, _)| *name == step).map_or(&[][..], |(_, names)| names);
    ensure!(!names.is_empty(), "the step `{step}` has no test program");
    let selection: Vec<&str> = names.iter().flat_map(|name| ["--test", *name]).collect();
    stage.test(&selection)
}

fn check_api(stage: &mut Stage) -> Result<()> {
    let tools = stage.tools.as_ref().context("the step `tools` did not run")?;
    let hub = stage.helper("test-hub")?;
    let report = stage.layout.target_folder.join("schemathesis");
    let result = schemathesis::check(&stage.workspace, &tools.python, &hub.line, &report)?;
    stage.counts.passed += result.passed;
    stage.counts.failed += result.failed;
    ensure!(
        result.failed == 0,
        "{} operations do not behave as described; see {}",
        result.failed,
        report.display()
    );
    Ok(())
}

fn check_document(stage: &mut Stage) -> Result<()> {
    openapi::check(&stage.workspace, &stage.layout.program("bastide-server"))
}
