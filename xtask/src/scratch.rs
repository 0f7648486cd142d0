//! Folders for the tests of this program, which may not link a crate for that.

use std::fs;
use std::path::PathBuf;

use crate::cache::remove;

/// An empty folder that goes when this is dropped.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// The name has to be different in every test.
    pub(crate) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("bastide-xtask-{name}-{}", std::process::id()));
        remove(&folder).unwrap();
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0).unwrap();
    }
}
