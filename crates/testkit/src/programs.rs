//! Where the programs under test are: beside the program that runs, in the folder that Cargo builds into.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

/// The program of that name.
///
/// # Errors
/// When it was not built; the message says how to.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot tell which program runs")?;
    let beside = own.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    match beside {
        Some(path) => Ok(path),
        None => bail!("{name} was not built: run `cargo build` first"),
    }
}

/// Chooses the one provider of cryptography that everything here uses. Doing it again changes nothing.
pub fn choose_cryptography() {
    // The error only says that it was chosen before.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
