//! Codes with which programs sign in: a browser's (RFC 6749 with RFC 7636) and a device's (RFC 8628).

use bastide_authz::Permit;
use bastide_authz::action::AgreeLogin;
use bastide_model::names::DisplayName;
use bastide_model::{RealmId, Result, Timestamp, UserId};
use uuid::Uuid;

use crate::db::{Tx, args, parse, rows, statements};
use crate::errors::broken;

statements! {
    INSERT = "insert into login_grants (secret_hash, realm_id, kind, user_code, challenge, token_name, state, user_id, \
        created_at_ms, expires_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    BY_SECRET = "select secret_hash, realm_id, kind, user_code, challenge, token_name, state, user_id, expires_at_ms, \
        polled_at_ms from login_grants where secret_hash = $1";
    BY_USER_CODE = "select secret_hash, realm_id, kind, user_code, challenge, token_name, state, user_id, expires_at_ms, \
        polled_at_ms from login_grants where user_code = $1";
    DECIDE = "update login_grants set state = $3, user_id = $2 where user_code = $1 and state = 'waiting' \
        and expires_at_ms > $4 and realm_id = $5";
    USE = "update login_grants set state = 'used' where secret_hash = $1 and state = 'agreed' and expires_at_ms > $2";
    POLLED = "update login_grants set polled_at_ms = $2 where secret_hash = $1";
    COUNT_WAITING = "select count(*) from login_grants where state = 'waiting' and expires_at_ms > $1";
    SWEEP = "delete from login_grants where expires_at_ms <= $1";
}

rows! {
    GrantRow {
        secret_hash: Vec<u8>, realm_id: Uuid, kind: String, user_code: Option<String>, challenge: Option<String>,
        token_name: String, state: String, user_id: Option<Uuid>, expires_at_ms: i64, polled_at_ms: Option<i64>,
    }
}

/// Which way a program signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginGrantKind {
    /// A browser on the same machine brings the code back; only who knows the verifier of this challenge can use it.
    Code {
        /// Base64url of the SHA-256 of the verifier.
        challenge: String,
    },
    /// Somebody types this code in a browser elsewhere.
    Device {
        /// What they type.
        user_code: String,
    },
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginGrantState {
    /// Nobody has decided.
    Waiting,
    /// The user agrees.
    Agreed,
    /// The user refuses.
    Denied,
    /// It was exchanged for a token.
    Used,
}

impl LoginGrantState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Agreed => "agreed",
            Self::Denied => "denied",
            Self::Used => "used",
        }
    }
}

/// A code with which a program signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginGrant {
    /// SHA-256 of the code.
    pub secret_hash: Vec<u8>,
    /// The realm.
    pub realm: RealmId,
    /// Which way.
    pub kind: LoginGrantKind,
    /// Name of the token that it becomes.
    pub token_name: DisplayName,
    /// How far it has come.
    pub state: LoginGrantState,
    /// Who agreed.
    pub user: Option<UserId>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When the device last asked.
    pub polled_at: Option<Timestamp>,
}

impl Tx {
    /// Stores a device's request; nobody has agreed to anything yet.
    ///
    /// # Errors
    /// [`bastide_model::Error::Conflict`] `user_code_taken` when another device waits with the same code.
    pub async fn device_grant_create(&mut self, grant: &LoginGrant, now: Timestamp) -> Result<()> {
        self.login_grant_insert(grant, now).await
    }

    /// Stores a code that the signed-in user agreed to.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn code_grant_create(
        &mut self,
        permit: &Permit<AgreeLogin>,
        grant: &LoginGrant,
        now: Timestamp,
    ) -> Result<()> {
        self.login_grant_insert(&LoginGrant { user: Some(permit.target().0), ..grant.clone() }, now).await
    }

    async fn login_grant_insert(&mut self, grant: &LoginGrant, now: Timestamp) -> Result<()> {
        let (kind, user_code, challenge) = match &grant.kind {
            LoginGrantKind::Code { challenge } => ("code", None, Some(challenge.clone())),
            LoginGrantKind::Device { user_code } => ("device", Some(user_code.clone()), None),
        };
        let args = args![
            grant.secret_hash.clone(),
            grant.realm.uuid(),
            kind,
            user_code,
            challenge,
            grant.token_name.as_str(),
            grant.state.as_str(),
            grant.user.map(UserId::uuid),
            now.as_millis(),
            grant.expires_at.as_millis(),
        ];
        self.run(INSERT, args).await?;
        Ok(())
    }

    /// The grant of a code.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn login_grant(&mut self, secret_hash: Vec<u8>) -> Result<Option<LoginGrant>> {
        self.maybe::<GrantRow>(BY_SECRET, args![secret_hash]).await?.map(grant).transpose()
    }

    /// The grant that a user's code names.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn login_grant_by_user_code(&mut self, user_code: &str) -> Result<Option<LoginGrant>> {
        if user_code.contains('\0') {
            return Ok(None);
        }
        self.maybe::<GrantRow>(BY_USER_CODE, args![user_code]).await?.map(grant).transpose()
    }

    /// The signed-in user agrees to or refuses a device of their realm; whether it was still waiting.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn device_grant_decide(
        &mut self,
        permit: &Permit<AgreeLogin>,
        user_code: &str,
        state: LoginGrantState,
        now: Timestamp,
    ) -> Result<bool> {
        let (user, realm) = (permit.target().0.uuid(), permit.realm().uuid());
        let args = args![user_code, user, state.as_str(), now.as_millis(), realm];
        Ok(self.run(DECIDE, args).await? == 1)
    }

    /// Uses an agreed grant up; whether it was still there to use.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn login_grant_use(&mut self, secret_hash: Vec<u8>, now: Timestamp) -> Result<bool> {
        Ok(self.run(USE, args![secret_hash, now.as_millis()]).await? == 1)
    }

    /// Remembers when a device asked.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn login_grant_polled(&mut self, secret_hash: Vec<u8>, now: Timestamp) -> Result<()> {
        self.run(POLLED, args![secret_hash, now.as_millis()]).await?;
        Ok(())
    }

    /// Devices that wait for their users.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn device_grants_waiting(&mut self, now: Timestamp) -> Result<u64> {
        let (count,): (i64,) = self.one(COUNT_WAITING, args![now.as_millis()]).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Forgets grants that have ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn login_grants_sweep(&mut self, now: Timestamp) -> Result<()> {
        self.run(SWEEP, args![now.as_millis()]).await?;
        Ok(())
    }
}

fn grant(row: GrantRow) -> Result<LoginGrant> {
    let kind = match (row.kind.as_str(), row.challenge, row.user_code) {
        ("code", Some(challenge), _) => LoginGrantKind::Code { challenge },
        ("device", _, Some(user_code)) => LoginGrantKind::Device { user_code },
        (other, ..) => return Err(broken("login_grants.kind", other)),
    };
    let state =
        [LoginGrantState::Waiting, LoginGrantState::Agreed, LoginGrantState::Denied, LoginGrantState::Used]
            .into_iter()
            .find(|state| state.as_str() == row.state)
            .ok_or_else(|| broken("login_grants.state", &row.state))?;
    Ok(LoginGrant {
        secret_hash: row.secret_hash,
        realm: RealmId::from_uuid(row.realm_id),
        kind,
        token_name: parse("login_grants.token_name", &row.token_name)?,
        state,
        user: row.user_id.map(UserId::from_uuid),
        expires_at: Timestamp::from_millis(row.expires_at_ms),
        polled_at: row.polled_at_ms.map(Timestamp::from_millis),
    })
}
