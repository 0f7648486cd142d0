//! A database of a test's own on PostgreSQL, and a hand in it: for what only time brings about, or another product.

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::postgres::Postgres;

/// A database.
pub(crate) struct Database {
    url: String,
}

impl Database {
    /// An empty one.
    pub(crate) async fn new() -> Result<Self> {
        Ok(Self { url: Postgres::shared().await?.create_database().await? })
    }

    /// Its address, for a hub.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Runs a statement; the first column of its rows, a line each.
    pub(crate) async fn run(&self, sql: &str) -> Result<String> {
        let output = tokio::process::Command::new(Postgres::program("psql")?)
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url, "--command", sql])
            .env("PGOPTIONS", "-c bastide.bounds=everything")
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run psql")?;
        ensure!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Runs a statement that gives one number.
    pub(crate) async fn number(&self, sql: &str) -> Result<i64> {
        let text = self.run(sql).await?;
        text.parse().with_context(|| format!("{sql}: {text}"))
    }
}
