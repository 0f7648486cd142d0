//! `cargo xtask assets`: the servers that the fleet tests and the demo run, built from Go modules into a cache.
//!
//! Owns the building; what is built and into which folder is `asset_list.rs`. Does not know how the servers are run.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use crate::asset_list::{
    BUILD_FLAGS, COPIED, Copied, KUBERNETES, LINK_FLAGS, Location, PROGRAMS, Program, ReadyMade,
    VERSION_PACKAGE,
};
use crate::cache;
use crate::command::run;
use crate::failure::MissingTool;
use crate::limit;
use crate::say;

/// The folder of the assets, after everything that it lacks has been built. Takes minutes the first time and
/// milliseconds, without Go, from then on.
///
/// # Errors
/// [`MissingTool`] when something has to be built and there is no usable Go; otherwise when a build fails.
pub(crate) fn ensure_built(workspace: &Path) -> Result<PathBuf> {
    let location = Location::of(workspace)?;
    if location.missing().is_some() {
        build(workspace, &location)?;
    }
    Ok(location.folder)
}

/// Builds the whole folder.
fn build(workspace: &Path, location: &Location) -> Result<()> {
    cache::make(
        &location.folder,
        "the test servers",
        || location.missing().is_none(),
        |partial| {
            let go = Go::find(workspace)?;
            say::note(&format!("building with {}", go.version));
            fill(&go, location.ready_made.as_deref(), partial)
        },
    )
}

/// Makes the folder and everything in it.
fn fill(go: &Go<'_>, ready_made: Option<&Path>, folder: &Path) -> Result<()> {
    // All are looked up before the first is built: what is wrong is said now, not after minutes.
    let mut programs = Vec::new();
    for program in &PROGRAMS {
        programs.push((program, ready_made_program(program, ready_made)?));
    }
    fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut steps = Steps { done: 0, total: PROGRAMS.len() + COPIED.len() };
    for (program, source) in programs {
        let target = folder.join(program.name);
        match source {
            Some(source) => steps.run(&format!("{} from KUBEBUILDER_ASSETS", program.name), || {
                symlink(&source, &target).with_context(|| format!("cannot refer to {}", source.display()))
            })?,
            None => steps.run(program.name, || go.build(program, &target))?,
        }
    }
    for copied in &COPIED {
        steps.run(copied.name, || copy_files(go, copied, &folder.join(copied.name)))?;
    }
    Ok(())
}

/// The ready-made binary to use for a program, if there is one.
fn ready_made_program(program: &Program, ready_made: Option<&Path>) -> Result<Option<PathBuf>> {
    let Some(folder) = ready_made.filter(|_| program.ready_made != ReadyMade::Never) else {
        return Ok(None);
    };
    let source = std::path::absolute(folder.join(program.name))?;
    if source.exists() {
        return Ok(Some(source));
    }
    ensure!(
        program.ready_made == ReadyMade::Sometimes,
        "KUBEBUILDER_ASSETS is {}, which holds no {}: point it at a folder that setup-envtest made, or unset it to \
         have the servers built",
        folder.display(),
        program.name
    );
    Ok(None)
}

/// Copies the `.yaml` files out of a Go module into a new folder.
fn copy_files(go: &Go<'_>, copied: &Copied, folder: &Path) -> Result<()> {
    let source = go.source_folder(copied.module, copied.source)?;
    fs::create_dir(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for path in copied.paths {
        let path = source.join(path);
        let files = if path.is_dir() { yaml_files(&path)? } else { vec![path] };
        for file in files {
            let name = file.file_name().with_context(|| format!("{} has no name", file.display()))?;
            // Read and written, not copied: files of the module cache are read-only and must not stay so.
            let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            fs::write(folder.join(name), text)
                .with_context(|| format!("cannot write to {}", folder.display()))?;
        }
    }
    Ok(())
}

/// The `.yaml` files directly in a folder; at least one.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{} holds no .yaml file", folder.display());
    Ok(files)
}

/// The Go tool chain, set up so that its results do not depend on the user's settings.
struct Go<'a> {
    workspace: &'a Path,
    /// As Go says it: `go1.26.8`.
    version: String,
}

impl<'a> Go<'a> {
    /// The Go on the search path, if it can build the modules under `tools/`.
    ///
    /// It is asked inside a module, where Go itself compares its release with what the module demands and, if the
    /// user lets it, takes a newer tool chain.
    fn find(workspace: &'a Path) -> Result<Self> {
        let mut go = Self { workspace, version: String::new() };
        let mut command = go.command("kubernetes");
        let output = match limit::output(command.args(["list", "-m", "-f", "{{.GoVersion}}"])) {
            Ok(output) => output,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(missing_go("there is no `go`").into());
            }
            Err(error) => return Err(error).context("cannot run `go`"),
        };
        if !output.status.success() {
            return Err(missing_go(String::from_utf8_lossy(&output.stderr).trim()).into());
        }
        go.version = run(go.command("kubernetes").args(["env", "GOVERSION"]))?;
        Ok(go)
    }

    /// `go` inside a module under `tools/`, for this machine and without a C compiler.
    fn command(&self, module: &str) -> Command {
        let mut command = Command::new("go");
        command
            .current_dir(self.workspace.join("tools").join(module))
            .env("CGO_ENABLED", "0")
            .env("GOWORK", "off")
            .env_remove("GOOS")
            .env_remove("GOARCH");
        command
    }

    fn build(&self, program: &Program, target: &Path) -> Result<()> {
        let mut command = self.command(program.module);
        command.arg("build").args(BUILD_FLAGS);
        command.arg("-ldflags").arg(self.link_flags(program)?);
        run(command.arg("-o").arg(target).arg(program.package))?;
        Ok(())
    }

    /// The linker's flags; programs of Kubernetes are also told the version that they are.
    fn link_flags(&self, program: &Program) -> Result<String> {
        if !program.package.starts_with(KUBERNETES) {
            return Ok(LINK_FLAGS.to_owned());
        }
        let version =
            run(self.command(program.module).args(["list", "-m", "-f", "{{.Version}}", KUBERNETES]))?;
        let (major, minor) = release(&version)?;
        Ok(format!(
            "{LINK_FLAGS} -X {VERSION_PACKAGE}.gitVersion={version} -X {VERSION_PACKAGE}.gitMajor={major} \
             -X {VERSION_PACKAGE}.gitMinor={minor}"
        ))
    }

    /// The folder of a Go module in the module cache, downloaded and verified against `go.sum` if it is not there yet.
    fn source_folder(&self, module: &str, source: &str) -> Result<PathBuf> {
        run(self.command(module).args(["mod", "download", source]))?;
        let folder = run(self.command(module).args(["list", "-m", "-f", "{{.Dir}}", source]))?;
        ensure!(!folder.is_empty(), "Go names no folder for the module {source}");
        Ok(PathBuf::from(folder))
    }
}

/// `v1.36.3` → `("1", "36")`.
fn release(version: &str) -> Result<(&str, &str)> {
    let mut parts = version.strip_prefix('v').unwrap_or_default().splitn(3, '.');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(major), Some(minor), Some(_)) if !major.is_empty() => Ok((major, minor)),
        _ => bail!("`{version}` is not a version like v1.36.3"),
    }
}

fn missing_go(found: &str) -> MissingTool {
    MissingTool {
        found: found.to_owned(),
        remedy: "building the test servers needs Go 1.26 or newer: install it from https://go.dev/dl/ or as your \
                 system's package `golang-go`, or set KUBEBUILDER_ASSETS to a folder with ready-made binaries \
                 (kwok still needs Go, once)",
    }
}

/// The steps of a build, one line each on standard error: begun when the step begins, ended with its time.
struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    fn run<T>(&mut self, name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        say::begin(&format!("  [{}/{}] {name} … ", self.done, self.total));
        let started = Instant::now();
        let result = step();
        match &result {
            Ok(_) => say::note(&format!("{:.1} s", started.elapsed().as_secs_f64())),
            Err(_) => say::note("failed"),
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// A checkout with the Go modules of this one.
    fn checkout(name: &str) -> Scratch {
        let scratch = Scratch::new(name);
        for module in crate::asset_list::MODULES {
            let target = scratch.0.join("tools").join(module);
            fs::create_dir_all(&target).unwrap();
            for file in ["go.mod", "go.sum"] {
                fs::copy(crate::workspace().join("tools").join(module).join(file), target.join(file))
                    .unwrap();
            }
        }
        scratch
    }

    fn location(checkout: &Scratch, ready_made: Option<&str>) -> Location {
        Location::with(&checkout.0, Path::new("/cache"), ready_made.map(PathBuf::from)).unwrap()
    }

    #[test]
    fn the_folder_changes_with_every_pinned_source_and_with_the_ready_made_binaries() {
        let scratch = checkout("key");
        let mut seen = vec![location(&scratch, None).folder, location(&scratch, Some("/a")).folder];
        seen.push(location(&scratch, Some("/b")).folder);
        for module in crate::asset_list::MODULES {
            for file in ["go.mod", "go.sum"] {
                let path = scratch.0.join("tools").join(module).join(file);
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, format!("{text}// changed\n")).unwrap();
                seen.push(location(&scratch, None).folder);
            }
        }
        let count = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert!(seen.iter().all(|folder| folder.starts_with("/cache/kubernetes")));
    }

    #[test]
    fn the_folder_is_the_same_for_two_checkouts_with_the_same_sources() {
        let (one, other) = (checkout("one"), checkout("other"));
        assert_eq!(location(&one, None).folder, location(&other, None).folder);
    }

    #[test]
    fn a_folder_of_ready_made_binaries_must_hold_what_the_convention_promises() {
        let scratch = checkout("ready-made");
        for program in &PROGRAMS {
            let found = ready_made_program(program, Some(&scratch.0));
            match program.ready_made {
                ReadyMade::Always => {
                    let message = found.unwrap_err().to_string();
                    assert!(
                        message.contains(program.name) && message.contains("KUBEBUILDER_ASSETS"),
                        "{message}"
                    );
                }
                ReadyMade::Sometimes | ReadyMade::Never => assert_eq!(found.unwrap(), None),
            }
            fs::write(scratch.0.join(program.name), "").unwrap();
            let found = ready_made_program(program, Some(&scratch.0)).unwrap();
            assert_eq!(found.is_some(), program.ready_made != ReadyMade::Never, "{}", program.name);
            assert_eq!(ready_made_program(program, None).unwrap(), None);
        }
    }

    #[test]
    fn a_release_is_read_from_a_version() {
        assert_eq!(release("v1.36.3").unwrap(), ("1", "36"));
        assert_eq!(release("v1.36.0-rc.1").unwrap(), ("1", "36"));
        for wrong in ["", "1.36.3", "v1", "v1.36", "v..3"] {
            assert!(release(wrong).is_err(), "{wrong}");
        }
    }
}
