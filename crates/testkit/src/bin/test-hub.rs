//! Runs a throw-away hub with somebody in it: writes a line of JSON with its address and a site administrator's token to
//! standard output, and ends it when standard input is closed.
//!
//! For checks that are made from outside, such as those of the API against its own description.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options};
use bastide_testkit::wait;

#[tokio::main]
async fn main() -> Result<()> {
    let hub = Hub::start(Options::default()).await?;
    hub.set_up().await?;
    let token = hub.token_of(ADMINISTRATOR).await?;
    let mut out = io::stdout();
    writeln!(out, "{}", serde_json::json!({ "url": hub.url(), "token": token }))
        .and_then(|()| out.flush())
        .context("cannot write the address")?;

    wait::end_of_input().await?;
    hub.stop().await?;
    std::process::exit(0)
}
