//! The project's own tasks: `cargo xtask <task>`.
//!
//! Kept light, because everything else waits for it to compile. Each task is a module of its own.

mod asset_list;
mod assets;
mod bench;
mod build;
mod cache;
mod command;
mod demo;
mod failure;
mod layout;
mod limit;
mod mutants;
mod openapi;
mod say;
mod schemathesis;
#[cfg(test)]
mod scratch;
mod test;
mod tidy;
mod tools;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use crate::failure::{EXIT_USAGE, exit_code};

const USAGE: &str = "\
usage: cargo xtask <task>

  demo               build everything and run a hub with people, organizations and, where Go is found,
                     two clusters; Ctrl-C ends it
  test               run everything that CI runs, step by step
    --only STEP…     only these steps and what they need
    --keep-going     go on after a step that failed
    --list           say which steps there are
    -- FILTER…       what to pass to the test programs, such as a part of a test's name
  tidy               check the project's own rules; --list says which
  mutants [FILE…]    put small faults into the code that decides who may do what, and see that tests notice; without
                     files, into those that have changed since; --all: into all
  bench [N]          build for release and measure how fast N organizations (200) reach a cluster
  bench-agents [N]   build for release and measure what N agents (1000) cost a hub
  bench-lists [N]    build for release and measure pages of lists with N organizations (100000)
  openapi            write openapi/hub.json anew
  assets [--print]   build the Kubernetes servers for tests and the demo into a cache;
                     with --print, write the cache folder's path to standard output";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *arguments.as_slice() {
        ["demo", ref rest @ ..] => demo::run(workspace(), rest).map(|()| ExitCode::SUCCESS),
        ["test", ref rest @ ..] => test::run(workspace(), rest),
        ["tidy"] => tidy::run(workspace()).map(|()| ExitCode::SUCCESS),
        ["tidy", "--list"] => {
            say::line(&tidy::list());
            Ok(ExitCode::SUCCESS)
        }
        ["mutants", ref rest @ ..] => mutants::run(workspace(), rest).map(|()| ExitCode::SUCCESS),
        ["bench", ref rest @ ..] => bench::run(workspace(), "bench-fleet", rest).map(|()| ExitCode::SUCCESS),
        ["bench-agents", ref rest @ ..] => {
            bench::run(workspace(), "bench-agents", rest).map(|()| ExitCode::SUCCESS)
        }
        ["bench-lists", ref rest @ ..] => {
            bench::run(workspace(), "bench-lists", rest).map(|()| ExitCode::SUCCESS)
        }
        ["openapi"] => openapi::write(workspace()).map(|()| ExitCode::SUCCESS),
        ["assets"] => build_assets(false),
        ["assets", "--print"] => build_assets(true),
        ["help" | "--help" | "-h"] => {
            say::line(USAGE);
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            say::note(USAGE);
            return ExitCode::from(EXIT_USAGE);
        }
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            say::note(&format!("error: {error:#}"));
            ExitCode::from(exit_code(&error))
        }
    }
}

fn build_assets(print_folder: bool) -> Result<ExitCode> {
    let folder = assets::ensure_built(workspace())?;
    if print_folder {
        say::line(&folder.display().to_string());
    } else {
        say::note(&format!("the test servers are in {}", folder.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own)
}
