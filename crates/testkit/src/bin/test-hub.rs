//! Runs a throw-away hub with the whole cast on it: writes a line of JSON with its address and the tokens of the site
//! administrator and of a tenant to standard output, and ends it when standard input is closed.
//!
//! For checks that are made from outside, such as those of the API against its own description.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use bastide_testkit::cast::Cast;
use bastide_testkit::wait;

#[tokio::main]
async fn main() -> Result<()> {
    let cast = Cast::start().await?;
    let mut out = io::stdout();
    let (site, tenant) = (&cast.administrator.token, &cast.a.owner.token);
    writeln!(out, "{}", serde_json::json!({ "url": cast.hub.url(), "site": site, "tenant": tenant }))
        .and_then(|()| out.flush())
        .context("cannot write the address")?;

    wait::end_of_input().await?;
    cast.hub.stop().await?;
    std::process::exit(0)
}
