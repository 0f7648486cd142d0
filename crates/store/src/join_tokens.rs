//! Join tokens: single use, with an end, stored as a hash (FLEET-1).

use bastide_authz::Permit;
use bastide_authz::action::{CreateJoinToken, DeleteJoinToken, RequestJoin};
use bastide_model::names::Slug;
use bastide_model::{AuditId, Error, HubId, JoinTokenId, Result, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};

statements! {
    INSERT = "insert into join_tokens (id, hub_id, cluster_name, secret_hash, created_at_ms, expires_at_ms) \
        values ($1, $2, $3, $4, $5, $6)";
    BY_SECRET = "select id, hub_id, cluster_name, created_at_ms, expires_at_ms, used_at_ms, withdrawn_at_ms \
        from join_tokens where secret_hash = $1";
    ONE = "select id, hub_id, cluster_name, created_at_ms, expires_at_ms, used_at_ms, withdrawn_at_ms \
        from join_tokens where id = $1";
    LIST = "select id, hub_id, cluster_name, created_at_ms, expires_at_ms, used_at_ms, withdrawn_at_ms \
        from join_tokens where hub_id = $1 order by created_at_ms desc, id limit 200";
    USE = "update join_tokens set used_at_ms = $2 where id = $1 and hub_id = $3 and used_at_ms is null and withdrawn_at_ms is null \
        and expires_at_ms > $2";
    WITHDRAW = "update join_tokens set withdrawn_at_ms = $3 where id = $1 and hub_id = $2 and used_at_ms is null \
        and withdrawn_at_ms is null";
}

rows! {
    JoinTokenRow {
        id: Uuid, hub_id: Uuid, cluster_name: String, created_at_ms: i64, expires_at_ms: i64, used_at_ms: Option<i64>,
        withdrawn_at_ms: Option<i64>,
    }
}

/// A join token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinToken {
    /// Its id.
    pub id: JoinTokenId,
    /// The hub that a cluster joins with it.
    pub hub: HubId,
    /// The name that the cluster will have.
    pub cluster_name: Slug,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// When it was withdrawn.
    pub withdrawn_at: Option<Timestamp>,
}

impl JoinToken {
    /// `unused`, `used`, `expired` or `withdrawn`.
    pub fn state(&self, now: Timestamp) -> &'static str {
        match (self.used_at, self.withdrawn_at) {
            (Some(_), _) => "used",
            (None, Some(_)) => "withdrawn",
            (None, None) if now >= self.expires_at => "expired",
            (None, None) => "unused",
        }
    }
}

impl Tx {
    /// Stores a join token with its audit record.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn join_token_create(
        &mut self,
        permit: &Permit<CreateJoinToken>,
        token: &JoinToken,
        secret_hash: Vec<u8>,
        audit: AuditId,
    ) -> Result<()> {
        let args = args![
            token.id.uuid(),
            permit.target().uuid(),
            token.cluster_name.as_str(),
            secret_hash,
            token.created_at.as_millis(),
            token.expires_at.as_millis(),
        ];
        self.run(INSERT, args).await?;
        let after = json!({"cluster_name": token.cluster_name, "expires_at": token.expires_at.to_string()});
        let target = Target::new("join_token", token.id, &token.cluster_name);
        self.audit(permit, (audit, token.created_at), target, None, Some(after)).await
    }

    /// The join token of a secret.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn join_token_by_secret(&mut self, secret_hash: Vec<u8>) -> Result<Option<JoinToken>> {
        let row: Option<JoinTokenRow> = self.maybe(BY_SECRET, args![secret_hash]).await?;
        row.as_ref().map(join_token).transpose()
    }

    /// A join token by id, to learn its hub; who asks is authorized on the hub afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn join_token(&mut self, id: JoinTokenId) -> Result<JoinToken> {
        let row: Option<JoinTokenRow> = self.maybe(ONE, args![id.uuid()]).await?;
        join_token(&row.ok_or(Error::NotFound)?)
    }

    /// A hub's latest join tokens, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn join_token_list(&mut self, permit: &Permit<CreateJoinToken>) -> Result<Vec<JoinToken>> {
        let rows: Vec<JoinTokenRow> = self.all(LIST, args![permit.target().uuid()]).await?;
        rows.iter().map(join_token).collect()
    }

    /// Uses a join token up; whether it was still there to use.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn join_token_use(
        &mut self,
        permit: &Permit<RequestJoin>,
        id: JoinTokenId,
        now: Timestamp,
    ) -> Result<bool> {
        Ok(self.run(USE, args![id.uuid(), now.as_millis(), permit.target().uuid()]).await? == 1)
    }

    /// Withdraws an unused join token; whether it was unused.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn join_token_delete(
        &mut self,
        permit: &Permit<DeleteJoinToken>,
        token: &JoinToken,
        audit: (AuditId, Timestamp),
    ) -> Result<bool> {
        let args = args![token.id.uuid(), permit.target().uuid(), audit.1.as_millis()];
        if self.run(WITHDRAW, args).await? == 0 {
            return Ok(false);
        }
        let target = Target::new("join_token", token.id, &token.cluster_name);
        self.audit(permit, audit, target, None, None).await?;
        Ok(true)
    }
}

fn join_token(row: &JoinTokenRow) -> Result<JoinToken> {
    Ok(JoinToken {
        id: JoinTokenId::from_uuid(row.id),
        hub: HubId::from_uuid(row.hub_id),
        cluster_name: parse("join_tokens.cluster_name", &row.cluster_name)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        expires_at: Timestamp::from_millis(row.expires_at_ms),
        used_at: row.used_at_ms.map(Timestamp::from_millis),
        withdrawn_at: row.withdrawn_at_ms.map(Timestamp::from_millis),
    })
}
