//! Writes every page with made-up data to a folder, for looking at without a server and for browser tests:
//! `cargo run -p bastide-server --features samples --example page-samples -- <folder>`. Serve the folder as the root of
//! any web server on loopback, so that the pages find their style sheet and script.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use bastide_server::pages::{assets, samples};

fn main() -> anyhow::Result<()> {
    let folder = std::env::args().nth(1).context("usage: page-samples <folder>")?;
    let folder = Path::new(&folder);
    for (name, page) in samples::samples() {
        write(&folder.join(format!("{name}.html")), page.into_string().as_bytes())?;
    }
    for name in assets::NAMES {
        let address = assets::url(name);
        let (_, content) = assets::lookup(address).with_context(|| format!("there is no asset {name}"))?;
        write(&folder.join(address.trim_start_matches('/')), content)?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    fs::write(path, content).with_context(|| path.display().to_string())
}
