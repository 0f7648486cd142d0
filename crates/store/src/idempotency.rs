//! Answers that are kept under a key of the caller's, so that a repeated POST does nothing twice.

use bastide_model::{Result, Timestamp, UserId};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, rows, statements};

statements! {
    BEGIN = "insert into idempotency_keys (principal, operation, key, payload_hash, created_at_ms) values ($1, $2, $3, $4, $5) \
        on conflict (principal, operation, key) do nothing";
    ONE = "select payload_hash, status, response from idempotency_keys where principal = $1 and operation = $2 and key = $3";
    FINISH = "update idempotency_keys set status = $4, response = $5 where principal = $1 and operation = $2 and key = $3";
    FORGET = "delete from idempotency_keys where principal = $1 and operation = $2 and key = $3";
    SWEEP = "delete from idempotency_keys where created_at_ms <= $1";
}

rows! {
    KeptRow { payload_hash: Vec<u8>, status: Option<i64>, response: Option<Json>, }
}

/// What is kept under a key.
#[derive(Debug, Clone, PartialEq)]
pub enum Kept {
    /// Nothing was; the caller goes first and now holds the key.
    Fresh,
    /// Another request under the same key is under way.
    InFlight,
    /// The same key was used for another request.
    OtherPayload,
    /// The same request was answered like this.
    Answered {
        /// Status of the answer.
        status: u16,
        /// The answer, as it was kept.
        response: Json,
    },
}

impl Tx {
    /// Takes a key, or says what is kept under it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn idempotency_begin(
        &mut self,
        (principal, operation, key): (UserId, &str, &str),
        payload_hash: Vec<u8>,
        now: Timestamp,
    ) -> Result<Kept> {
        let principal: Uuid = principal.uuid();
        let args = args![principal, operation, key, payload_hash.clone(), now.as_millis()];
        if self.run(BEGIN, args).await? == 1 {
            return Ok(Kept::Fresh);
        }
        let row: KeptRow = self.one(ONE, args![principal, operation, key]).await?;
        Ok(match (row.status, row.response) {
            _ if row.payload_hash != payload_hash => Kept::OtherPayload,
            (Some(status), Some(response)) => {
                Kept::Answered { status: u16::try_from(status).unwrap_or(500), response }
            }
            _ => Kept::InFlight,
        })
    }

    /// Keeps the answer under the key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn idempotency_finish(
        &mut self,
        (principal, operation, key): (UserId, &str, &str),
        status: u16,
        response: Json,
    ) -> Result<()> {
        self.run(FINISH, args![principal.uuid(), operation, key, i64::from(status), response]).await?;
        Ok(())
    }

    /// Gives the key back, after a failure that a repetition may mend.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn idempotency_forget(
        &mut self,
        (principal, operation, key): (UserId, &str, &str),
    ) -> Result<()> {
        self.run(FORGET, args![principal.uuid(), operation, key]).await?;
        Ok(())
    }

    /// Forgets keys made before a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn idempotency_sweep(&mut self, before: Timestamp) -> Result<()> {
        self.run(SWEEP, args![before.as_millis()]).await?;
        Ok(())
    }
}
