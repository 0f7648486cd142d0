//! Brings the schema up to date: numbered SQL texts, the same for both engines, each applied once and never edited after
//! a release. PostgreSQL replicas that start together take turns by an advisory lock.

use bastide_model::{Error, Result};
use sqlx::{Connection, Executor, SqlSafeStr};

use crate::db::{Pools, fail};

/// Number, name and text; the next one goes to the end.
const MIGRATIONS: &[(i64, &str, &str)] = &[(1, "initial", include_str!("../migrations/0001_initial.sql"))];

/// Any number will do, as long as nobody else uses it in this database.
const LOCK: &str = "select pg_advisory_lock(4207849484170001)";
const UNLOCK: &str = "select pg_advisory_unlock(4207849484170001)";
const TABLE: &str =
    "create table if not exists schema_migrations (number bigint primary key, name text not null)";
const APPLIED: &str = "select max(number) from schema_migrations";
const RECORD: &str = "insert into schema_migrations (number, name) values ($1, $2)";

/// Applies a migration text and its record in one transaction on a connection of either engine.
macro_rules! apply_missing {
    ($connection:expr) => {{
        let connection = $connection;
        connection.execute(TABLE).await.map_err(fail)?;
        let (applied,): (Option<i64>,) =
            sqlx::query_as(APPLIED).fetch_one(&mut *connection).await.map_err(fail)?;
        refuse_newer(applied)?;
        for (number, name, text) in MIGRATIONS.iter().filter(|(number, ..)| Some(*number) > applied) {
            let mut tx = connection.begin().await.map_err(fail)?;
            tx.execute(sqlx::raw_sql(text.into_sql_str())).await.map_err(fail)?;
            sqlx::query(RECORD).bind(number).bind(name).execute(&mut *tx).await.map_err(fail)?;
            tx.commit().await.map_err(fail)?;
            tracing::info!(number, name, "migrated the schema");
        }
    }};
}

pub(crate) async fn run(pools: &Pools) -> Result<()> {
    match pools {
        Pools::Sqlite { writer, .. } => {
            let mut connection = writer.acquire().await.map_err(fail)?;
            apply_missing!(&mut *connection);
        }
        Pools::Postgres(pool) => {
            let mut connection = pool.acquire().await.map_err(fail)?;
            connection.execute(LOCK).await.map_err(fail)?;
            let result = async {
                apply_missing!(&mut *connection);
                Ok(())
            }
            .await;
            connection.execute(UNLOCK).await.map_err(fail)?;
            result?;
        }
    }
    Ok(())
}

/// A database that a newer program has changed is not touched.
fn refuse_newer(applied: Option<i64>) -> Result<()> {
    let newest = MIGRATIONS.last().map(|(number, ..)| *number);
    if applied > newest {
        return Err(Error::Unavailable {
            detail: format!(
                "the database is at schema {}, which is newer than this program",
                applied.unwrap_or(0)
            ),
        });
    }
    Ok(())
}
