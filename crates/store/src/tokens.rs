//! Personal tokens (SEC-3).

use bastide_authz::action::{AgreeLogin, CreateToken, DeleteToken, ViewOwn};
use bastide_authz::target::Own;
use bastide_authz::{Action, Permit};
use bastide_model::names::DisplayName;
use bastide_model::permission::Permission;
use bastide_model::{AuditId, RealmId, Result, Timestamp, TokenId, UserId};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};

statements! {
    INSERT = "insert into tokens (id, realm_id, user_id, name, prefix, secret_hash, permissions, created_at_ms, expires_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_SECRET = "select id, realm_id, user_id, name, prefix, permissions, created_at_ms, expires_at_ms, last_used_at_ms \
        from tokens where secret_hash = $1";
    ONE = "select id, realm_id, user_id, name, prefix, permissions, created_at_ms, expires_at_ms, last_used_at_ms \
        from tokens where id = $1";
    LIST = "select id, realm_id, user_id, name, prefix, permissions, created_at_ms, expires_at_ms, last_used_at_ms \
        from tokens where user_id = $1 order by created_at_ms desc, id";
    COUNT = "select count(*) from tokens where user_id = $1 and expires_at_ms > $2";
    TOUCH = "update tokens set last_used_at_ms = $2 where id = $1 and (last_used_at_ms is null or last_used_at_ms < $3)";
    DELETE = "delete from tokens where user_id = $1 and id = $2 returning name";
}

rows! {
    TokenRow {
        id: Uuid, realm_id: Uuid, user_id: Uuid, name: String, prefix: String, permissions: Option<Json>,
        created_at_ms: i64, expires_at_ms: i64, last_used_at_ms: Option<i64>,
    }
}

/// A personal token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// The realm that it works in.
    pub realm: RealmId,
    /// Whose it is.
    pub user: UserId,
    /// Its name.
    pub name: DisplayName,
    /// The first characters of the secret.
    pub prefix: String,
    /// What it can do at most; nothing means whatever its owner may.
    pub permissions: Option<Vec<Permission>>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
}

/// The actions that make a token.
pub trait MakesToken: Action<Target = Own> {}
impl MakesToken for CreateToken {}
impl MakesToken for AgreeLogin {}

impl Tx {
    /// Stores a token with its audit record.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_create<A: MakesToken>(
        &mut self,
        permit: &Permit<A>,
        token: &Token,
        secret_hash: Vec<u8>,
        audit: AuditId,
    ) -> Result<()> {
        let args = args![
            token.id.uuid(),
            token.realm.uuid(),
            permit.target().0.uuid(),
            token.name.as_str(),
            token.prefix.as_str(),
            secret_hash,
            token.permissions.as_ref().map(to_json).transpose()?,
            token.created_at.as_millis(),
            token.expires_at.as_millis(),
        ];
        self.run(INSERT, args).await?;
        let after = json!({"name": token.name, "permissions": token.permissions, "expires_at": token.expires_at.to_string()});
        self.audit(
            permit,
            (audit, token.created_at),
            Target::new("token", token.id, &token.name),
            None,
            Some(after),
        )
        .await
    }

    /// Holds the account's row until the end of the transaction, then counts its tokens that work.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tokens_count_locked(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        self.user_hold(user).await?;
        let (count,): (i64,) = self.one(COUNT, args![user.uuid(), now.as_millis()]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The token of a secret.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_by_secret(&mut self, secret_hash: Vec<u8>) -> Result<Option<Token>> {
        self.maybe::<TokenRow>(BY_SECRET, args![secret_hash]).await?.map(token).transpose()
    }

    /// A token by its id, for the caller that it authenticates.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token(&mut self, id: TokenId) -> Result<Option<Token>> {
        self.maybe::<TokenRow>(ONE, args![id.uuid()]).await?.map(token).transpose()
    }

    /// Remembers that a token was used, once a minute at most.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_touch(&mut self, id: TokenId, now: Timestamp) -> Result<()> {
        self.run(TOUCH, args![id.uuid(), now.as_millis(), now.plus_seconds(-60).as_millis()]).await?;
        Ok(())
    }

    /// An account's tokens, the newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_list(&mut self, permit: &Permit<ViewOwn>) -> Result<Vec<Token>> {
        let rows: Vec<TokenRow> = self.all(LIST, args![permit.target().0.uuid()]).await?;
        rows.into_iter().map(token).collect()
    }

    /// Withdraws a token of the account; whether there was one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn token_delete(
        &mut self,
        permit: &Permit<DeleteToken>,
        id: TokenId,
        audit: (AuditId, Timestamp),
    ) -> Result<bool> {
        let gone: Option<(String,)> = self.maybe(DELETE, args![permit.target().0.uuid(), id.uuid()]).await?;
        let Some((name,)) = gone else { return Ok(false) };
        self.audit(permit, audit, Target::new("token", id, name), None, None).await?;
        Ok(true)
    }
}

fn token(row: TokenRow) -> Result<Token> {
    Ok(Token {
        id: TokenId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        user: UserId::from_uuid(row.user_id),
        name: parse("tokens.name", &row.name)?,
        prefix: row.prefix,
        permissions: row.permissions.map(|json| from_json("tokens.permissions", json)).transpose()?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        expires_at: Timestamp::from_millis(row.expires_at_ms),
        last_used_at: row.last_used_at_ms.map(Timestamp::from_millis),
    })
}
