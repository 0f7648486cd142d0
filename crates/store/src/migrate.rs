//! Brings the schema up to date: numbered SQL texts, the same for both engines, each applied once and never edited after
//! a release. Programs that start together take turns: SQLite has one writer, PostgreSQL an advisory lock. Either all
//! that is missing is applied or nothing.

use bastide_model::{Error, Result};
use sqlx::{Executor, SqlSafeStr};

use crate::db::Pools;
use crate::errors::fail;

/// Number, name and text; the next one goes to the end.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "initial", include_str!("../migrations/0001_initial.sql")),
    (2, "gateways", include_str!("../migrations/0002_gateways.sql")),
    (3, "placements", include_str!("../migrations/0003_placements.sql")),
    (4, "teams", include_str!("../migrations/0004_teams.sql")),
    (5, "isolation", include_str!("../migrations/0005_isolation.sql")),
    (6, "lists", include_str!("../migrations/0006_lists.sql")),
    (7, "assignments", include_str!("../migrations/0007_assignments.sql")),
];

/// What holds transactions to their bounds on PostgreSQL, taken in after whatever changed the tables.
const POLICIES: &str = include_str!("../migrations/policies.postgres.sql");
/// Migrations are the installation's own.
const EVERYTHING: &str = "set local bastide.bounds = 'everything'";

/// Any number will do, as long as nobody else uses it in this database. Given back with the end of the transaction.
const LOCK: &str = "select pg_advisory_xact_lock(4207849484170001)";
const NOTHING: &str = "select 1";
const TABLE: &str =
    "create table if not exists schema_migrations (number bigint primary key, name text not null)";
const APPLIED: &str = "select max(number) from schema_migrations";
const RECORD: &str = "insert into schema_migrations (number, name) values ($1, $2)";

/// Applies what is missing, with its record, in a transaction of either engine.
macro_rules! apply_missing {
    ($tx:expr, $afterwards:expr) => {{
        let mut tx = $tx;
        tx.execute(TABLE).await.map_err(fail)?;
        let (applied,): (Option<i64>,) = sqlx::query_as(APPLIED).fetch_one(&mut *tx).await.map_err(fail)?;
        refuse_newer(applied)?;
        for (number, name, text) in MIGRATIONS.iter().filter(|(number, ..)| Some(*number) > applied) {
            tx.execute(sqlx::raw_sql(text.into_sql_str())).await.map_err(fail)?;
            sqlx::query(RECORD).bind(number).bind(name).execute(&mut *tx).await.map_err(fail)?;
            tracing::info!(number, name, "migrated the schema");
        }
        if applied != newest() {
            tx.execute($afterwards).await.map_err(fail)?;
        }
        tx.commit().await.map_err(fail)?;
    }};
}

pub(crate) async fn run(pools: &Pools) -> Result<()> {
    match pools {
        Pools::Sqlite { writer, .. } => {
            apply_missing!(writer.begin_with("begin immediate").await.map_err(fail)?, NOTHING);
        }
        Pools::Postgres(pool) => {
            let mut tx = pool.begin().await.map_err(fail)?;
            tx.execute(LOCK).await.map_err(fail)?;
            tx.execute(EVERYTHING).await.map_err(fail)?;
            apply_missing!(tx, POLICIES);
        }
    }
    Ok(())
}

fn newest() -> Option<i64> {
    MIGRATIONS.last().map(|(number, ..)| *number)
}

/// A database that a newer program has changed is not touched.
fn refuse_newer(applied: Option<i64>) -> Result<()> {
    if applied > newest() {
        return Err(Error::Unavailable {
            detail: format!(
                "the database is at schema {}, which is newer than this program",
                applied.unwrap_or(0)
            ),
        });
    }
    Ok(())
}
