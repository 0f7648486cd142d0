//! What the test assets are and which folder they lie in.
//!
//! Compiled into xtask, which fills the folder, and into `bastide-testkit`, which runs what is in it: both must come
//! to the same folder without asking each other. Knows nothing of how assets are built or started.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// The Go modules under `tools/` that pin every source.
pub(crate) const MODULES: [&str; 4] = ["kubernetes", "kwok", "cyclonus", "gateway-api"];

/// Flags of every `go build`: nothing of the building machine in the result, and `go.sum` is never changed by it.
pub(crate) const BUILD_FLAGS: [&str; 2] = ["-mod=readonly", "-trimpath"];

/// Linker flags of every program: no symbol table and no debug information, which halves the files.
pub(crate) const LINK_FLAGS: &str = "-s -w";

/// Where `kubectl` and the servers of Kubernetes keep the version that they report.
pub(crate) const VERSION_PACKAGE: &str = "k8s.io/component-base/version";

/// The module whose version is stamped into the programs that report one.
pub(crate) const KUBERNETES: &str = "k8s.io/kubernetes";

/// A program of the assets.
pub(crate) struct Program {
    /// Its file name in the folder.
    pub(crate) name: &'static str,
    /// The folder under `tools/` whose `go.mod` pins it.
    pub(crate) module: &'static str,
    /// The Go package that it is built from.
    pub(crate) package: &'static str,
    /// Whether a folder of ready-made binaries may, must or cannot hold it.
    pub(crate) ready_made: ReadyMade,
}

/// What `KUBEBUILDER_ASSETS`, a folder of ready-made binaries, means for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadyMade {
    /// The convention promises it there: its absence is an error.
    Always,
    /// Taken from there if it is there, built otherwise.
    Sometimes,
    /// Never looked for there.
    Never,
}

/// Every program, the slowest build first: the others reuse what it compiled.
pub(crate) const PROGRAMS: [Program; 7] = [
    Program {
        name: "kube-apiserver",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-apiserver",
        ready_made: ReadyMade::Always,
    },
    Program {
        name: "kube-controller-manager",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-controller-manager",
        ready_made: ReadyMade::Sometimes,
    },
    Program {
        name: "kube-scheduler",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kube-scheduler",
        ready_made: ReadyMade::Sometimes,
    },
    Program {
        name: "kubectl",
        module: "kubernetes",
        package: "k8s.io/kubernetes/cmd/kubectl",
        ready_made: ReadyMade::Always,
    },
    Program {
        name: "etcd",
        module: "kubernetes",
        package: "go.etcd.io/etcd/server/v3",
        ready_made: ReadyMade::Always,
    },
    Program {
        name: "kwok",
        module: "kwok",
        package: "sigs.k8s.io/kwok/cmd/kwok",
        ready_made: ReadyMade::Never,
    },
    Program {
        name: "cyclonus",
        module: "cyclonus",
        package: "github.com/mattfenwick/cyclonus/cmd/cyclonus",
        ready_made: ReadyMade::Never,
    },
];

/// A folder of files that are copied out of a Go module.
pub(crate) struct Copied {
    /// Its name in the assets' folder.
    pub(crate) name: &'static str,
    /// The folder under `tools/` whose `go.mod` pins the module.
    pub(crate) module: &'static str,
    /// The Go module that holds the files.
    pub(crate) source: &'static str,
    /// Files, or folders whose `.yaml` files are all meant, inside that module.
    pub(crate) paths: &'static [&'static str],
}

/// Every copied folder.
pub(crate) const COPIED: [Copied; 6] = [
    Copied {
        name: "kwok-stages",
        module: "kwok",
        source: "sigs.k8s.io/kwok",
        paths: &[
            "kustomize/stage/node/fast/node-initialize.yaml",
            "kustomize/stage/node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
            "kustomize/stage/pod/fast/pod-ready.yaml",
            "kustomize/stage/pod/fast/pod-complete.yaml",
            "kustomize/stage/pod/fast/pod-delete.yaml",
        ],
    },
    Copied {
        name: "gateway-api",
        module: "gateway-api",
        source: "sigs.k8s.io/gateway-api",
        paths: &["config/crd/standard"],
    },
    pods("pods-baseline-pass", &["test/testdata/baseline/v1.35/pass"]),
    pods("pods-baseline-fail", &["test/testdata/baseline/v1.35/fail"]),
    pods("pods-restricted-pass", &["test/testdata/restricted/v1.35/pass"]),
    pods("pods-restricted-fail", &["test/testdata/restricted/v1.35/fail"]),
];

/// Pods that a level of the Pod Security Standards lets in or refuses, as Kubernetes itself tests it.
const fn pods(name: &'static str, paths: &'static [&'static str]) -> Copied {
    Copied { name, module: "kubernetes", source: "k8s.io/pod-security-admission", paths }
}

/// A folder of assets: where it is, and what it was made from.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    /// The folder. Present only when complete, because it is renamed into place.
    pub(crate) folder: PathBuf,
    /// The folder of ready-made binaries that it refers to (`KUBEBUILDER_ASSETS`).
    pub(crate) ready_made: Option<PathBuf>,
}

impl Location {
    /// The folder for the checkout at `workspace`, with the places of this user's environment.
    ///
    /// # Errors
    /// When a `go.mod` or `go.sum` cannot be read, or no cache folder can be named.
    pub(crate) fn of(workspace: &Path) -> io::Result<Self> {
        Self::with(workspace, &cache_folder()?, variable("KUBEBUILDER_ASSETS").map(PathBuf::from))
    }

    /// The folder for the checkout at `workspace` under `cache`, using the ready-made binaries of `ready_made`.
    ///
    /// # Errors
    /// When a `go.mod` or `go.sum` cannot be read.
    pub(crate) fn with(workspace: &Path, cache: &Path, ready_made: Option<PathBuf>) -> io::Result<Self> {
        let key = key(workspace, ready_made.as_deref())?;
        Ok(Self { folder: cache.join("kubernetes").join(key), ready_made })
    }

    /// The first thing that is missing in the folder; `None` when it is complete.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        PROGRAMS
            .iter()
            .map(|program| program.name)
            .chain(COPIED.iter().map(|copied| copied.name))
            .find(|name| !self.folder.join(name).exists())
    }
}

/// `BASTIDE_CACHE`, else `bastide` in the user's cache folder as the XDG base directory specification has it.
///
/// # Errors
/// When no folder can be named.
pub(crate) fn cache_folder() -> io::Result<PathBuf> {
    if let Some(own) = variable("BASTIDE_CACHE") {
        return std::path::absolute(own);
    }
    let cache = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
    match cache {
        Some(cache) => Ok(cache.join("bastide")),
        None => Err(io::Error::other(
            "no cache folder: set BASTIDE_CACHE to a folder that outlives `target/`, or set HOME",
        )),
    }
}

/// An environment variable that is set and not empty.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The checksum of everything that decides the assets' content. Each part is followed by its length, so that no two
/// different lists of parts read the same.
fn key(workspace: &Path, ready_made: Option<&Path>) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut add = |part: &[u8]| {
        hash.update(part);
        hash.update(part.len().to_le_bytes());
    };
    for module in MODULES {
        for file in ["go.mod", "go.sum"] {
            let path = workspace.join("tools").join(module).join(file);
            let text = fs::read(&path).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
            })?;
            add(&text);
        }
    }
    for text in [std::env::consts::OS, std::env::consts::ARCH, LINK_FLAGS, VERSION_PACKAGE, KUBERNETES] {
        add(text.as_bytes());
    }
    for flag in BUILD_FLAGS {
        add(flag.as_bytes());
    }
    for program in &PROGRAMS {
        add(program.name.as_bytes());
        add(program.module.as_bytes());
        add(program.package.as_bytes());
    }
    for copied in &COPIED {
        add(copied.name.as_bytes());
        add(copied.module.as_bytes());
        add(copied.source.as_bytes());
        for path in copied.paths {
            add(path.as_bytes());
        }
    }
    if let Some(folder) = ready_made {
        add(format!("{:?}", PROGRAMS.each_ref().map(|program| program.ready_made)).as_bytes());
        add(folder.as_os_str().as_encoded_bytes());
    }
    Ok(hex::encode(hash.finalize()))
}
