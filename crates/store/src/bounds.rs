//! The bounds of a transaction (HIER-2), as PostgreSQL's row-level security reads them. SQLite has no such thing: there the
//! conditions of the statements and the references are all.

use bastide_authz::Bounds;
use bastide_model::{RealmId, Result};
use serde_json::{Map, Value as Json};
use sqlx::AssertSqlSafe;

use crate::db::{AnyRow, Connection, Pools, Store, Tx, Value};
use crate::errors::fail;

/// Begins a transaction on PostgreSQL that sees one moment, as one on SQLite always does.
const READ: &str = "begin transaction isolation level repeatable read read only";
const WRITE: &str = "begin";
const SET: &str = "select set_config('bastide.bounds', $1, true), set_config('bastide.realm', $2, true), \
    set_config('bastide.organizations', $3, true)";
const ACTIVE: &str = "select row_security_active('organizations')";

/// The three settings that the policies read; see `migrations/policies.postgres.sql`.
fn settings(bounds: &Bounds) -> [String; 3] {
    let (extent, realm, organizations) = match bounds {
        Bounds::Everything => ("everything", None, None),
        Bounds::Realm(realm) => ("realm", Some(realm), None),
        Bounds::Organizations(realm, ids) => ("organizations", Some(realm), Some(ids)),
        Bounds::Nothing => ("nothing", None, None),
    };
    let names = organizations.map(|ids| {
        Json::Object(ids.iter().map(|id| (id.uuid().to_string(), Json::from(1))).collect::<Map<_, _>>())
    });
    let text = |value: Option<String>| value.unwrap_or_default();
    [
        extent.to_owned(),
        text(realm.copied().map(RealmId::uuid).map(|realm| realm.to_string())),
        text(names.map(|names| names.to_string())),
    ]
}

/// One message for the beginning and the settings. A page is a few rows: to start workers for one costs more than to read it,
/// and takes processors from others. They are words of ours and UUIDs, so nothing in them ends a literal.
fn begin(statement: &str, bounds: &Bounds) -> AssertSqlSafe<String> {
    let [extent, realm, organizations] = settings(bounds);
    AssertSqlSafe(format!(
        "{statement}; set local bastide.bounds = '{extent}'; set local bastide.realm = '{realm}'; \
         set local bastide.organizations = '{organizations}'; set local max_parallel_workers_per_gather = 0"
    ))
}

impl Store {
    /// A transaction that reads, all of it at one moment, and no further than its bounds. Writing in it fails.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unavailable`] when the database is out of reach.
    pub async fn read(&self, bounds: &Bounds) -> Result<Tx> {
        let connection = match self.pools() {
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await.map_err(fail)?),
            Pools::Postgres(pool) => {
                Connection::Postgres(pool.begin_with(begin(READ, bounds)).await.map_err(fail)?)
            }
        };
        Ok(Tx::new(connection, bounds))
    }

    /// A transaction that writes, no further than its bounds.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unavailable`] when the database is out of reach.
    pub async fn write(&self, bounds: &Bounds) -> Result<Tx> {
        let connection = match self.pools() {
            Pools::Sqlite { writer, .. } => {
                Connection::Sqlite(writer.begin_with("begin immediate").await.map_err(fail)?)
            }
            Pools::Postgres(pool) => {
                Connection::Postgres(pool.begin_with(begin(WRITE, bounds)).await.map_err(fail)?)
            }
        };
        Ok(Tx::new(connection, bounds))
    }

    /// Whether this is PostgreSQL and holds no bounds, because the role that the store signs in as is a superuser's or
    /// bypasses row-level security.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ignores_bounds(&self) -> Result<bool> {
        match self.pools() {
            Pools::Sqlite { .. } => Ok(false),
            Pools::Postgres(pool) => {
                let active: bool = sqlx::query_scalar(ACTIVE).fetch_one(pool).await.map_err(fail)?;
                Ok(!active)
            }
        }
    }
}

impl Tx {
    /// The number that a statement gives, past every function of the store: to find out what holds without them. For tests.
    ///
    /// # Errors
    /// [`bastide_model::Error::Internal`] with what the engine says of it.
    pub async fn number(&mut self, sql: String) -> Result<i64> {
        let query = sqlx::query_scalar(AssertSqlSafe(sql.clone()));
        match &mut self.connection {
            Connection::Sqlite(tx) => query.fetch_one(&mut **tx).await,
            Connection::Postgres(tx) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut **tx).await,
        }
        .map_err(fail)
    }

    /// Every row of a query, beyond the bounds, too: for what is unique in the whole installation.
    pub(crate) async fn all_anywhere<T: AnyRow>(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Vec<T>> {
        let bounds = self.bounds.clone();
        self.confine(Bounds::Everything).await?;
        let rows = self.all(sql, args).await;
        self.confine(bounds).await?;
        rows
    }

    async fn confine(&mut self, bounds: Bounds) -> Result<()> {
        if let Connection::Postgres(tx) = &mut self.connection
            && self.bounds != bounds
        {
            let [extent, realm, organizations] = settings(&bounds);
            let set = sqlx::query(SET).bind(extent).bind(realm).bind(organizations);
            set.execute(&mut **tx).await.map_err(fail)?;
        }
        self.bounds = bounds;
        Ok(())
    }
}
