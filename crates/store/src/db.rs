//! The two engines behind one text: pools, transactions, binding, rows.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bastide_authz::{Bounds, Change};
use bastide_model::audit::AuditRecord;
use bastide_model::{AuditId, Error, Result};
use serde_json::Value as Json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction};
use uuid::Uuid;

use crate::errors::{broken, fail, is_busy};

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
        pub(crate) struct $name { $(pub(crate) $field: $type,)* }

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

pub(crate) enum Connection {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A transaction. Dropping it undoes everything; [`Tx::commit`] keeps it.
pub struct Tx {
    pub(crate) connection: Connection,
    /// How far it reaches.
    pub(crate) bounds: Bounds,
    changes: Vec<Change>,
    pub(crate) records: Vec<AuditRecord>,
    /// Which of them are second records of a change in another log.
    pub(crate) crossed: BTreeSet<AuditId>,
    written: bool,
}

impl Tx {
    pub(crate) fn new(connection: Connection, bounds: &Bounds) -> Self {
        Self {
            connection,
            bounds: bounds.clone(),
            changes: Vec::new(),
            records: Vec::new(),
            crossed: BTreeSet::new(),
            written: false,
        }
    }
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

    pub(crate) fn pools(&self) -> &Pools {
        &self.pools
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
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Error::field("/database", "a database in memory is not kept; give the path of a file"));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| Error::field("/database", format!("it is not a SQLite address: {error}")))?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(ACQUIRE_SECONDS));
    // SQLite makes the file, not its folder, and says of both only that it cannot open it.
    let folder = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        let problem = format!("there is no folder {}; make it first", folder.display());
        return Err(Error::field("/database", problem));
    }
    let pool = |most| {
        SqlitePoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(ACQUIRE_SECONDS))
    };
    let writer = open_first(|| pool(1).connect_with(options.clone())).await?;
    let readers = pool(CONNECTIONS_MAX).connect_lazy_with(options.pragma("query_only", "on"));
    Ok(Pools::Sqlite { writer, readers })
}

/// Opens a file that others may be opening just now: whoever makes it holds it for a moment in which SQLite waits for
/// nobody, so the waiting is done here.
async fn open_first<F>(open: impl Fn() -> F) -> Result<SqlitePool>
where
    F: Future<Output = sqlx::Result<SqlitePool>>,
{
    const PAUSE: Duration = Duration::from_millis(20);
    const ATTEMPTS: usize = 100;
    for _ in 1..ATTEMPTS {
        match open().await {
            Err(error) if is_busy(&error) => tokio::time::sleep(PAUSE).await,
            done => return done.map_err(fail),
        }
    }
    open().await.map_err(fail)
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
        refuse_unkept(&args)?;
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
        refuse_unkept(&args)?;
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
        refuse_unkept(&args)?;
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
        self.audit_append().await?;
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

/// Refuses what one engine keeps and the other does not, so that both answer alike: NUL in text, which PostgreSQL refuses,
/// and a bare number as JSON, which SQLite gives back as something else.
fn refuse_unkept(args: &[Value]) -> Result<()> {
    fn holds_nul(value: &Json) -> bool {
        match value {
            Json::String(text) => text.contains('\0'),
            Json::Array(items) => items.iter().any(holds_nul),
            Json::Object(map) => map.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
    let refused = args.iter().any(|value| match value {
        Value::Text(Some(text)) => text.contains('\0'),
        Value::Json(Some(json)) => holds_nul(json),
        _ => false,
    });
    if refused {
        return Err(Error::field("", "text may hold every character but NUL"));
    }
    if args.iter().any(|value| matches!(value, Value::Json(Some(Json::Number(_))))) {
        return Err(Error::internal("a bare number is not kept as JSON; put it into an object"));
    }
    Ok(())
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
