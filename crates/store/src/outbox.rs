//! The outbox: what has to reach other systems after the commit, at least once, under an id that lets them tell repeats.

use bastide_model::{Ids, OutboxId, Result, Timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, rows, statements};

statements! {
    INSERT = "insert into outbox (id, kind, payload, created_at_ms, attempts, next_at_ms) values ($1, $2, $3, $4, 0, $4)";
    TAKE = "update outbox set attempts = attempts + 1, next_at_ms = $2 where id in \
        (select id from outbox where done_at_ms is null and next_at_ms <= $1 order by next_at_ms, id limit $3) \
        and next_at_ms <= $1 returning id, kind, payload, created_at_ms, attempts";
    DONE = "update outbox set done_at_ms = $2 where id = $1";
    SWEEP = "delete from outbox where done_at_ms is not null and done_at_ms <= $1";
    DEPTH = "select count(*) from outbox where done_at_ms is null";
}

rows! {
    OutboxRow { id: Uuid, kind: String, payload: Json, created_at_ms: i64, attempts: i64, }
}

/// One message.
#[derive(Debug, Clone)]
pub struct OutboxMessage {
    /// Its id; the same at every attempt.
    pub id: OutboxId,
    /// What happened, such as `organization.created`.
    pub kind: String,
    /// What is said of it.
    pub payload: Json,
    /// When it happened.
    pub created_at: Timestamp,
    /// Which attempt this is, from 1.
    pub attempts: i64,
}

impl Tx {
    /// Puts a message into the outbox; it leaves after the commit.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn outbox_put(
        &mut self,
        ids: &dyn Ids,
        kind: &str,
        payload: Json,
        now: Timestamp,
    ) -> Result<()> {
        self.run(INSERT, args![ids.fresh(), kind, payload, now.as_millis()]).await?;
        self.mark_written();
        Ok(())
    }

    /// Takes messages that are due, the oldest first, and hides them until `retry_at`, so that no other replica takes them meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn outbox_take(
        &mut self,
        now: Timestamp,
        retry_at: Timestamp,
        most: i64,
    ) -> Result<Vec<OutboxMessage>> {
        let rows: Vec<OutboxRow> = self.all(TAKE, args![now.as_millis(), retry_at.as_millis(), most]).await?;
        let message = |row: OutboxRow| OutboxMessage {
            id: OutboxId::from_uuid(row.id),
            kind: row.kind,
            payload: row.payload,
            created_at: Timestamp::from_millis(row.created_at_ms),
            attempts: row.attempts,
        };
        let mut messages: Vec<_> = rows.into_iter().map(message).collect();
        messages.sort_by_key(|message| (message.created_at, message.id));
        Ok(messages)
    }

    /// Remembers that a message has arrived.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn outbox_done(&mut self, id: OutboxId, now: Timestamp) -> Result<()> {
        self.run(DONE, args![id.uuid(), now.as_millis()]).await?;
        Ok(())
    }

    /// Forgets messages that arrived before a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn outbox_sweep(&mut self, before: Timestamp) -> Result<()> {
        self.run(SWEEP, args![before.as_millis()]).await?;
        Ok(())
    }

    /// How many messages wait.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn outbox_depth(&mut self) -> Result<u64> {
        let (count,): (i64,) = self.one(DEPTH, args![]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
