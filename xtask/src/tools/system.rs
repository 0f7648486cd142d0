//! Programs that come with the system's packages: a browser with its driver, and PostgreSQL.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command::{find, run};
use crate::failure::MissingTool;
use crate::say;

/// The programs that are called by their paths.
pub(super) struct Programs {
    pub(super) chromium: PathBuf,
    pub(super) chromedriver: PathBuf,
}

const REMEDY: &str = "the tests need Chromium with its driver and PostgreSQL's server. On Debian, as root: \
     `apt-get install chromium chromium-driver postgresql`. Elsewhere install them so that `chromium`, `chromedriver` \
     (of the same release), `initdb`, `postgres` and `createdb` are on the search path";

/// Where Debian keeps one folder per release of PostgreSQL; they are not on the search path.
const DEBIAN_POSTGRES: &str = "/usr/lib/postgresql";

/// The programs, after the missing ones have been installed if that can be done without asking: by root, on Debian.
pub(super) fn ensure_installed() -> Result<Programs> {
    let missing = missing();
    if !missing.is_empty() {
        if !may_install() {
            return Err(absent(&missing).into());
        }
        install(&missing)?;
    }
    match (chromium(), chromedriver(), self::missing()) {
        (Some(chromium), Some(chromedriver), still) if still.is_empty() => {
            Ok(Programs { chromium, chromedriver })
        }
        (_, _, still) => Err(absent(&still).into()),
    }
}

/// Debian's names of the packages whose programs are not there.
fn missing() -> Vec<&'static str> {
    let found = [
        ("chromium", chromium().is_some()),
        ("chromium-driver", chromedriver().is_some()),
        ("postgresql", has_postgres(Path::new(DEBIAN_POSTGRES))),
    ];
    found.into_iter().filter(|(_, found)| !found).map(|(package, _)| package).collect()
}

fn chromium() -> Option<PathBuf> {
    find(&["chromium", "chromium-browser", "google-chrome"])
}

fn chromedriver() -> Option<PathBuf> {
    find(&["chromedriver"])
}

/// Whether the programs of a server are on the search path or in Debian's folder.
fn has_postgres(debian: &Path) -> bool {
    let on_path = ["initdb", "postgres", "createdb"].iter().all(|name| find(&[name]).is_some());
    on_path
        || fs::read_dir(debian)
            .into_iter()
            .flatten()
            .flatten()
            .any(|release| release.path().join("bin/initdb").is_file())
}

fn absent(packages: &[&str]) -> MissingTool {
    MissingTool { found: format!("missing here: {}", packages.join(", ")), remedy: REMEDY }
}

/// Whether packages can be installed without asking anybody.
fn may_install() -> bool {
    // The owner of this folder is the effective user of this process.
    let root = fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    root && is_debian(&release) && find(&["apt-get"]).is_some()
}

/// Whether `/etc/os-release` is that of Debian itself: on its descendants the packages may be other ones (Ubuntu's
/// `chromium` is an empty package that refers to another store).
fn is_debian(release: &str) -> bool {
    release.lines().any(|line| matches!(line.trim(), "ID=debian" | "ID=\"debian\""))
}

/// Installs Debian's packages; when that fails, once more with a fresh list of packages.
fn install(packages: &[&str]) -> Result<()> {
    say::note(&format!("installing the packages {}", packages.join(", ")));
    let install = || {
        let mut command = apt();
        command.args(["install", "--yes", "--no-install-recommends"]).args(packages);
        run(&mut command)
    };
    if install().is_err() {
        run(apt().arg("update"))?;
        install().context("cannot install what the tests need")?;
    }
    Ok(())
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn packages_are_installed_on_debian_only() {
        assert!(is_debian("NAME=\"Debian GNU/Linux\"\nID=debian\n"));
        assert!(!is_debian("ID=ubuntu\nID_LIKE=debian\n"));
        assert!(!is_debian(""));
    }

    #[test]
    fn postgres_is_found_in_the_folder_of_a_release() {
        let scratch = Scratch::new("postgres");
        let bin = scratch.0.join("15/bin");
        fs::create_dir_all(&bin).unwrap();
        // Where the programs are on the search path, an empty folder proves nothing.
        let on_path = find(&["initdb"]).is_some();
        assert_eq!(has_postgres(&scratch.0), on_path);
        fs::write(bin.join("initdb"), "").unwrap();
        assert!(has_postgres(&scratch.0));
    }

    #[test]
    fn the_message_says_what_to_install() {
        let message = absent(&["chromium-driver"]).to_string();
        assert!(
            message.contains("apt-get install") && message.contains("missing here: chromium-driver"),
            "{message}"
        );
    }
}
