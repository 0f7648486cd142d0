//! HIER-2: a hub whose role on PostgreSQL is held by no bounds says so.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bastide_testkit::hub::{Hub, Options};
use bastide_testkit::postgres::Postgres;
use bastide_testkit::wait;

const NUMBER: &str = "bastide_database_role_bypasses_row_security";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hier_2_a_hub_says_when_its_role_bypasses_the_lock() -> Result<()> {
    let server = Postgres::start().await?;
    let url = server.create_database().await?;
    let superuser = server.as_superuser(&url).context("a server of our own")?;
    for (url, bypasses) in [(url, false), (superuser, true)] {
        let hub = Hub::start(Options { database: Some(url), ..Options::default() }).await?;
        let line = format!("{NUMBER} {}", i32::from(bypasses));
        let visitor = hub.visitor()?;
        wait::until(&line, Duration::from_secs(30), async || {
            let answer = visitor.get("/metrics").await?;
            Ok(answer.body.lines().any(|found| found == line).then_some(()))
        })
        .await?;
        assert_eq!(hub.log()?.contains("the second lock between organizations"), bypasses);
        hub.stop().await?;
    }
    server.stop().await
}
