//! Runs a throw-away PostgreSQL: writes its address to standard output and ends it when standard input is closed.
//!
//! For whoever runs several test programs that are to share one server (see `BASTIDE_TEST_POSTGRES`). Waiting for
//! standard input, rather than for a signal, ends the server also when that parent is killed.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use bastide_testkit::postgres::Postgres;

#[tokio::main]
async fn main() -> Result<()> {
    let postgres = Postgres::start().await?;
    let mut out = io::stdout();
    writeln!(out, "{}", postgres.url()).context("cannot write the address")?;
    out.flush().context("cannot write the address")?;

    tokio::select! {
        ended = wait_for_end_of_input() => ended?,
        interrupted = tokio::signal::ctrl_c() => interrupted.context("cannot wait for an interrupt")?,
    }
    postgres.stop().await?;
    // A read of standard input cannot be cancelled and would keep the runtime, and so this program, from ending.
    std::process::exit(0)
}

async fn wait_for_end_of_input() -> Result<()> {
    let read = tokio::task::spawn_blocking(|| io::copy(&mut io::stdin(), &mut io::sink()));
    read.await?.context("cannot read standard input")?;
    Ok(())
}
