//! Signed-in browsers, and failed attempts to sign in.

use bastide_authz::Permit;
use bastide_authz::action::{DeleteSession, SignIn, ViewOwn};
use bastide_model::{AuditId, RealmId, Result, SessionId, Timestamp, UserId};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, rows, statements};

statements! {
    INSERT = "insert into sessions (id, realm_id, user_id, secret_hash, user_agent, address, created_at_ms, last_used_at_ms, \
        expires_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    BY_SECRET = "select id, realm_id, user_id, user_agent, address, created_at_ms, last_used_at_ms, expires_at_ms \
        from sessions where secret_hash = $1";
    LIST = "select id, realm_id, user_id, user_agent, address, created_at_ms, last_used_at_ms, expires_at_ms \
        from sessions where user_id = $1 order by last_used_at_ms desc, id";
    TOUCH = "update sessions set last_used_at_ms = $2 where id = $1 and last_used_at_ms < $2";
    DELETE = "delete from sessions where user_id = $1 and id = $2";
    DELETE_ALL = "delete from sessions where user_id = $1";
    DELETE_OLDEST = "delete from sessions where user_id = $1 and id not in \
        (select id from sessions where user_id = $1 order by created_at_ms desc, id desc limit $2)";
    DELETE_ENDED = "delete from sessions where expires_at_ms <= $1 or last_used_at_ms <= $2";
    FAILURES = "select cast(coalesce(sum(failures), 0) as bigint) from attempts where key = $1 and window_start_ms > $2";
    FAILURE_ADD = "insert into attempts (key, window_start_ms, failures) values ($1, $2, 1) \
        on conflict (key, window_start_ms) do update set failures = attempts.failures + 1";
    FAILURE_TAKE_BACK = "update attempts set failures = failures - 1 \
        where key = $1 and window_start_ms = $2 and failures > 0";
    FAILURES_FORGET = "delete from attempts where key = $1";
    FAILURES_DELETE_OLD = "delete from attempts where window_start_ms <= $1";
}

rows! {
    SessionRow {
        id: Uuid, realm_id: Uuid, user_id: Uuid, user_agent: String, address: String, created_at_ms: i64,
        last_used_at_ms: i64, expires_at_ms: i64,
    }
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The realm that it was made in (CLI-2).
    pub realm: RealmId,
    /// Whose it is.
    pub user: UserId,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// Where it signed in from.
    pub address: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

impl Tx {
    /// Begins a session; beyond `most` the oldest end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_create(
        &mut self,
        permit: &Permit<SignIn>,
        session: &Session,
        secret_hash: Vec<u8>,
        most: u64,
        audit: AuditId,
    ) -> Result<()> {
        let user = permit.target();
        let args = args![
            session.id.uuid(),
            session.realm.uuid(),
            user.uuid(),
            secret_hash,
            session.user_agent.as_str(),
            session.address.as_str(),
            session.created_at.as_millis(),
            session.expires_at.as_millis(),
        ];
        self.run(INSERT, args).await?;
        self.run(DELETE_OLDEST, args![user.uuid(), i64::try_from(most).unwrap_or(i64::MAX)]).await?;
        let after = serde_json::json!({"address": session.address, "user_agent": session.user_agent});
        self.audit(
            permit,
            (audit, session.created_at),
            Target::new("session", session.id, user),
            None,
            Some(after),
        )
        .await
    }

    /// The session of a secret.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_by_secret(&mut self, secret_hash: Vec<u8>) -> Result<Option<Session>> {
        Ok(self.maybe::<SessionRow>(BY_SECRET, args![secret_hash]).await?.map(session))
    }

    /// Remembers that a session was used.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_touch(&mut self, id: SessionId, now: Timestamp) -> Result<()> {
        self.run(TOUCH, args![id.uuid(), now.as_millis()]).await?;
        Ok(())
    }

    /// An account's sessions, the last used first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_list(&mut self, permit: &Permit<ViewOwn>) -> Result<Vec<Session>> {
        let rows: Vec<SessionRow> = self.all(LIST, args![permit.target().0.uuid()]).await?;
        Ok(rows.into_iter().map(session).collect())
    }

    /// Ends one session of the account; whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_delete(
        &mut self,
        permit: &Permit<DeleteSession>,
        id: SessionId,
        audit: (AuditId, Timestamp),
    ) -> Result<bool> {
        let user = permit.target().0;
        if self.run(DELETE, args![user.uuid(), id.uuid()]).await? == 0 {
            return Ok(false);
        }
        self.audit(permit, audit, Target::new("session", id, user), None, None).await?;
        Ok(true)
    }

    /// Ends every session of the account; how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn session_delete_all(
        &mut self,
        permit: &Permit<DeleteSession>,
        audit: (AuditId, Timestamp),
    ) -> Result<u64> {
        let user = permit.target().0;
        let ended = self.run(DELETE_ALL, args![user.uuid()]).await?;
        let after = serde_json::json!({"ended": ended});
        self.audit(permit, audit, Target::new("user", user, "every session"), None, Some(after)).await?;
        Ok(ended)
    }

    /// Forgets sessions and attempts that have ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn sessions_sweep(
        &mut self,
        now: Timestamp,
        idle_since: Timestamp,
        attempts_until: Timestamp,
    ) -> Result<()> {
        self.run(DELETE_ENDED, args![now.as_millis(), idle_since.as_millis()]).await?;
        self.run(FAILURES_DELETE_OLD, args![attempts_until.as_millis()]).await?;
        Ok(())
    }

    /// Failed attempts under a key since a time.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failures_since(&mut self, key: &str, since: Timestamp) -> Result<u64> {
        let (count,): (i64,) = self.one(FAILURES, args![key, since.as_millis()]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Counts a failed attempt in the minute that it falls into.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failure_add(&mut self, key: &str, now: Timestamp) -> Result<()> {
        self.run(FAILURE_ADD, args![key, minute(now)]).await?;
        Ok(())
    }

    /// Takes back an attempt that was counted at a time and did not fail after all.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failure_take_back(&mut self, key: &str, counted_at: Timestamp) -> Result<()> {
        self.run(FAILURE_TAKE_BACK, args![key, minute(counted_at)]).await?;
        Ok(())
    }

    /// Forgets failed attempts under a key.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn failures_forget(&mut self, key: &str) -> Result<()> {
        self.run(FAILURES_FORGET, args![key]).await?;
        Ok(())
    }
}

/// The minute that a time falls into.
fn minute(time: Timestamp) -> i64 {
    time.as_millis() - time.as_millis().rem_euclid(60_000)
}

fn session(row: SessionRow) -> Session {
    Session {
        id: SessionId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        user: UserId::from_uuid(row.user_id),
        user_agent: row.user_agent,
        address: row.address,
        created_at: Timestamp::from_millis(row.created_at_ms),
        last_used_at: Timestamp::from_millis(row.last_used_at_ms),
        expires_at: Timestamp::from_millis(row.expires_at_ms),
    }
}
