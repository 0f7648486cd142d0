//! The two engines behind one text: pools, transactions, binding, rows, and what a broken constraint means.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bastide_authz::Change;
use bastide_model::{Error, Result};
use serde_json::Value as Json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

/// Connections to PostgreSQL, and readers of SQLite, at one time.
const CONNECTIONS_MAX: u32 = 16;
/// Seconds that a transaction waits for a connection before the answer is "unavailable".
const ACQUIRE_SECONDS: u64 = 10;

/// Names each statement of a file and lists them all, so that one test can prepare them on both engines.
macro_rules! statements {
    ($($name:ident = $sql:expr;)*) => {
        $(const $name: &str = $sql;)*
        pub(crate) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $name),)*];
    };
}
pub(crate) use statements;

/// A row that both engines can read, field by field and by name.
macro_rules! rows {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {$(
        struct $name { $($field: $type,)* }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,)*
        {
            fn from_row(row: &'r R) -> ::std::result::Result<Self, sqlx::Error> {
                Ok(Self { $($field: row.try_get(stringify!($field))?,)* })
            }
        }
    )*};
}
pub(crate) use rows;

/// A value on its way into a statement. The inner `Option` keeps the type of a null, which PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Uuid(Option<Uuid>),
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
    Json(Option<Json>),
}

macro_rules! values {
    ($($variant:ident from $type:ty;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(Some(value.into()))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$variant(value.map(Into::into))
            }
        }
    )*};
}

values! {
    Uuid from Uuid;
    Text from String;
    Text from &str;
    Int from i64;
    Bool from bool;
    Bytes from Vec<u8>;
    Json from Json;
}

/// The values of a statement, in the order of `$1`, `$2`, …
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use args;

/// Where everything is kept. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pools: Arc<Pools>,
}

pub(crate) enum Pools {
    /// SQLite takes one writer at a time, so there is one connection for writing and several for reading.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction. Dropping it undoes everything; [`Tx::commit`] keeps it.
pub struct Tx {
    connection: Connection,
    changes: Vec<Change>,
    written: bool,
}

/// What a commit made of the store.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The revision that it made, when anything was written.
    pub revision: Option<i64>,
    /// What changed in the graph.
    pub changes: Vec<Change>,
}

statements! {
    REVISION_NEXT = "update installation set revision = revision + 1 where singleton returning revision";
    CHANGE_INSERT = "insert into changes (revision, sequence, change) values ($1, $2, $3)";
}

/// What an engine-neutral row can be read from.
pub(crate) trait AnyRow:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> AnyRow for T {}

macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for value in $args {
            query = match value {
                Value::Uuid(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
                Value::Int(value) => query.bind(value),
                Value::Bool(value) => query.bind(value),
                Value::Bytes(value) => query.bind(value),
                Value::Json(value) => query.bind(value),
            };
        }
        query
    }};
}

impl Store {
    /// Connects to `sqlite:<path>` or `postgres://…` and brings the schema up to date.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another kind of address, [`Error::Unavailable`] when the database is out of reach.
    pub async fn open(url: &str) -> Result<Self> {
        let pools = if url.starts_with("sqlite:") {
            open_sqlite(url).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            open_postgres(url).await?
        } else {
            return Err(Error::field("/database", "begin it with `sqlite:` or `postgres:`"));
        };
        let store = Self { pools: Arc::new(pools) };
        crate::migrate::run(&store.pools).await?;
        Ok(store)
    }

    /// A transaction that reads.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is out of reach.
    pub async fn read(&self) -> Result<Tx> {
        let connection = match &*self.pools {
            Pools::Sqlite { readers, .. } => Connection::Sqlite(readers.begin().await.map_err(fail)?),
            Pools::Postgres(pool) => Connection::Postgres(pool.begin().await.map_err(fail)?),
        };
        Ok(Tx { connection, changes: Vec::new(), written: false })
    }

    /// A transaction that writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is out of reach.
    pub async fn write(&self) -> Result<Tx> {
        let connection = match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                Connection::Sqlite(writer.begin_with("begin immediate").await.map_err(fail)?)
            }
            Pools::Postgres(pool) => Connection::Postgres(pool.begin().await.map_err(fail)?),
        };
        Ok(Tx { connection, changes: Vec::new(), written: false })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    /// Prepares a statement on the engine, to find mistakes without running it. For tests.
    ///
    /// # Errors
    /// [`Error::Internal`] with what the engine says of it.
    pub async fn prepare(&self, sql: &'static str) -> Result<()> {
        use sqlx::{Executor, SqlSafeStr};
        match &*self.pools {
            Pools::Sqlite { readers, .. } => {
                readers.acquire().await.map_err(fail)?.prepare(sql.into_sql_str()).await.map_err(fail)?;
            }
            Pools::Postgres(pool) => {
                pool.acquire().await.map_err(fail)?.prepare(sql.into_sql_str()).await.map_err(fail)?;
            }
        }
        Ok(())
    }
}

async fn open_sqlite(url: &str) -> Result<Pools> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| Error::field("/database", format!("it is not a SQLite address: {error}")))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(ACQUIRE_SECONDS));
    let pool = |most| {
        SqlitePoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
    };
    let writer = pool(1).connect_with(options.clone()).await.map_err(fail)?;
    let readers = pool(CONNECTIONS_MAX).connect_lazy_with(options.read_only(false));
    Ok(Pools::Sqlite { writer, readers })
}

async fn open_postgres(url: &str) -> Result<Pools> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::field("/database", format!("it is not a PostgreSQL address: {error}")))?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
        .connect_with(options)
        .await
        .map_err(fail)?;
    Ok(Pools::Postgres(pool))
}

impl Tx {
    /// Every row of a query.
    pub(crate) async fn all<T: AnyRow>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<T>> {
        match &mut self.connection {
            Connection::Sqlite(tx) => bound!(sqlx::query_as::<_, T>(sql), args).fetch_all(&mut **tx).await,
            Connection::Postgres(tx) => bound!(sqlx::query_as::<_, T>(sql), args).fetch_all(&mut **tx).await,
        }
        .map_err(fail)
    }

    /// The row of a query, if there is one.
    pub(crate) async fn maybe<T: AnyRow>(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<Option<T>> {
        match &mut self.connection {
            Connection::Sqlite(tx) => {
                bound!(sqlx::query_as::<_, T>(sql), args).fetch_optional(&mut **tx).await
            }
            Connection::Postgres(tx) => {
                bound!(sqlx::query_as::<_, T>(sql), args).fetch_optional(&mut **tx).await
            }
        }
        .map_err(fail)
    }

    /// The row of a query that always has one.
    pub(crate) async fn one<T: AnyRow>(&mut self, sql: &'static str, args: Vec<Value>) -> Result<T> {
        self.maybe(sql, args).await?.ok_or_else(|| Error::internal(format!("no row came from: {sql}")))
    }

    /// Changes rows; how many.
    pub(crate) async fn run(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        match &mut self.connection {
            Connection::Sqlite(tx) => {
                bound!(sqlx::query(sql), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            Connection::Postgres(tx) => {
                bound!(sqlx::query(sql), args).execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err(fail)
    }

    /// Remembers what this transaction changes in the graph; it goes to the change feed with the commit.
    pub(crate) fn change(&mut self, change: Change) {
        self.changes.push(change);
        self.written = true;
    }

    /// Remembers that this transaction writes something that others wait for.
    pub(crate) fn mark_written(&mut self) {
        self.written = true;
    }

    /// Keeps everything and makes the next revision if anything was written. The revision's row is taken last and held
    /// only until the commit, so that revisions are in the order of commits.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database is out of reach; nothing is kept then.
    pub async fn commit(mut self) -> Result<Committed> {
        let mut revision = None;
        if self.written {
            let (next,): (i64,) = self.one(REVISION_NEXT, args![]).await?;
            for (sequence, change) in (0i64..).zip(self.changes.clone()) {
                let change = to_json(&change)?;
                self.run(CHANGE_INSERT, args![next, sequence, change]).await?;
            }
            revision = Some(next);
        }
        match self.connection {
            Connection::Sqlite(tx) => tx.commit().await,
            Connection::Postgres(tx) => tx.commit().await,
        }
        .map_err(fail)?;
        Ok(Committed { revision, changes: self.changes })
    }
}

/// A value as JSON for a column.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value)
        .map_err(|error| Error::internal(format!("a value does not become JSON: {error}")))
}

/// A value from a JSON column.
pub(crate) fn from_json<T: serde::de::DeserializeOwned>(column: &str, value: Json) -> Result<T> {
    serde_json::from_value(value).map_err(|error| broken(column, error))
}

/// A value from a text column.
pub(crate) fn parse<T: FromStr>(column: &str, text: &str) -> Result<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| broken(column, error))
}

/// Something in the database that cannot have been written by us.
pub(crate) fn broken(column: &str, error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the column {column} holds something unreadable: {error}"))
}

/// What each named constraint means when it is broken: its name on PostgreSQL, its columns as SQLite tells them, the
/// code and the sentence for the caller. The functions that write say it better where they know the value.
const CONSTRAINTS: &[(&str, &str, &str, &str)] = &[
    (
        "organizations_slug_unique",
        "organizations.realm_id, organizations.slug",
        "slug_taken",
        "the slug is taken",
    ),
    (
        "organizations_namespace_base_unique",
        "organizations.namespace_base",
        "namespace_taken",
        "the namespace is taken",
    ),
    ("namespaces_pkey", "namespaces.name", "namespace_taken", "the namespace is taken"),
    ("users_email_unique", "users.realm_id, users.email_key", "email_taken", "the e-mail address is taken"),
    (
        "assignments_one_owner",
        "assignments.organization_id",
        "owner_exists",
        "the organization has an owner already",
    ),
    (
        "assignments_role_unique",
        "assignments.organization_id, assignments.user_id, assignments.role",
        "role_held",
        "the role is held already",
    ),
    (
        "clusters_name_unique",
        "clusters.hub_id, clusters.name",
        "cluster_name_taken",
        "the hub has a cluster of that name already",
    ),
    ("clusters_uid_unique", "clusters.uid", "cluster_known", "the cluster is registered already"),
    (
        "gateway_configurations_slug_unique",
        "gateway_configurations.cluster_id, gateway_configurations.slug",
        "slug_taken",
        "the slug is taken on this cluster",
    ),
    ("hubs_slug_unique", "hubs.slug", "slug_taken", "the slug is taken"),
];

/// An engine's error as the domain's.
pub(crate) fn fail(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => {
            let message = database.message();
            let known = CONSTRAINTS.iter().find(|(name, columns, ..)| {
                database.constraint() == Some(*name)
                    || message.strip_prefix("UNIQUE constraint failed: ") == Some(*columns)
            });
            if let Some((_, _, code, detail)) = known {
                return Error::conflict(code, *detail);
            }
            if database.is_foreign_key_violation() {
                return Error::conflict(
                    "in_use",
                    "something that is still used, or belongs elsewhere, is in the way",
                );
            }
            Error::internal(format!("database: {error}"))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Error::Unavailable { detail: format!("the database does not answer: {error}") }
        }
        _ => Error::internal(format!("database: {error}")),
    }
}

/// Says a conflict better where the value is known.
pub(crate) fn say(wanted: &str, detail: impl FnOnce() -> String) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Conflict { code, .. } if code == wanted => Error::Conflict { code, detail: detail() },
        other => other,
    }
}
