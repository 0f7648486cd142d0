//! Folders that are made once and kept outside `target/`: complete or absent, whatever happens while they are made.
//!
//! Owns how a folder comes to its place; what is in it, and what it is called, its maker knows.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

use crate::say;

/// Makes `folder`, unless another process did in the meantime: `fill` gets the path of a folder beside it, makes that,
/// and it is renamed into place. `what` is in it, for messages.
///
/// # Errors
/// Those of `fill`, after which nothing is left; when the cache cannot be written to.
pub(crate) fn make(
    folder: &Path,
    what: &str,
    is_complete: impl Fn() -> bool,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    let cache = folder.parent().context("a folder of the cache has no parent")?;
    fs::create_dir_all(cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let _lock = lock(&cache.join(".lock"), what)?;
    if is_complete() {
        return Ok(());
    }
    let started = Instant::now();
    say::note(&format!("making {what} in {}", folder.display()));
    let partial = folder.with_extension("partial");
    remove(&partial)?;
    if let Err(error) = fill(&partial) {
        remove(&partial)?;
        return Err(error);
    }
    remove(folder)?;
    fs::rename(&partial, folder)
        .with_context(|| format!("cannot rename {} into place", partial.display()))?;
    say::note(&format!("{what}: ready after {:.0} s", started.elapsed().as_secs_f64()));
    Ok(())
}

/// A name for a folder that is made from these texts on a machine of this kind. Each is followed by its length, so that
/// no two different lists read the same.
pub(crate) fn checksum(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts.iter().chain(&[std::env::consts::OS, std::env::consts::ARCH]) {
        hash.update(part.as_bytes());
        hash.update(part.len().to_le_bytes());
    }
    hex::encode(hash.finalize())
}

/// The first digits of a text's checksum, enough to see that it changed.
pub(crate) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes())).chars().take(16).collect()
}

/// The exclusive right to make something in the cache. Given back when the file is closed, also by a crash.
fn lock(path: &Path, what: &str) -> Result<File> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say::note(&format!("{what}: somebody else is at it; waiting for them"));
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    Ok(file)
}

/// Removes a folder if it is there.
///
/// # Errors
/// When it is there and cannot be removed.
pub(crate) fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Makes a folder with one file in it.
    fn fill(folder: &Path) -> Result<()> {
        fs::create_dir(folder)?;
        Ok(fs::write(folder.join("file"), "text")?)
    }

    #[test]
    fn two_makers_do_not_work_at_the_same_time() {
        let scratch = Scratch::new("lock");
        let path = scratch.0.join(".lock");
        let first = lock(&path, "it").unwrap();
        let other = File::create(&path).unwrap();
        assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
        drop(first);
        assert!(lock(&path, "it").is_ok());
    }

    #[test]
    fn a_folder_is_complete_or_absent() {
        let scratch = Scratch::new("make");
        let folder = scratch.0.join("kind/key");
        let failed = make(
            &folder,
            "it",
            || false,
            |partial| {
                fill(partial)?;
                anyhow::bail!("out of luck")
            },
        );
        assert_eq!(failed.unwrap_err().to_string(), "out of luck");
        let left: Vec<_> =
            fs::read_dir(scratch.0.join("kind")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".lock"]);

        // What a crash left beside it, and what is there but incomplete, goes.
        for leftover in [folder.with_extension("partial"), folder.clone()] {
            fs::create_dir_all(leftover.join("leftover")).unwrap();
        }
        make(&folder, "it", || false, fill).unwrap();
        let made: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(made, ["file"]);
    }

    #[test]
    fn what_another_process_made_is_taken() {
        let scratch = Scratch::new("taken");
        make(&scratch.0.join("key"), "it", || true, |_| anyhow::bail!("made twice")).unwrap();
    }

    #[test]
    fn a_name_changes_with_every_part() {
        let names = [checksum(&["a", "b"]), checksum(&["ab"]), checksum(&["a", "c"]), checksum(&["a"])];
        for (index, name) in names.iter().enumerate() {
            assert_eq!(names.iter().position(|other| other == name), Some(index));
        }
        assert_eq!(checksum(&["a", "b"]), names[0]);
    }
}
