//! Runs a throw-away PostgreSQL: writes its address to standard output and ends it when standard input is closed.
//!
//! For whoever runs several test programs that are to share one server (see `BASTIDE_TEST_POSTGRES`).

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use bastide_testkit::postgres::Postgres;
use bastide_testkit::wait;

#[tokio::main]
async fn main() -> Result<()> {
    let postgres = Postgres::start().await?;
    let mut out = io::stdout();
    writeln!(out, "{}", postgres.url()).context("cannot write the address")?;
    out.flush().context("cannot write the address")?;

    wait::end_of_input().await?;
    postgres.stop().await?;
    std::process::exit(0)
}
