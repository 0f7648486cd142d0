//! Who one is: set-up, sign-in, sessions, personal tokens, and authentication of every request (SEC-2, SEC-3).

use bastide_authz::action::{CompleteSetup, CreateToken, DeleteSession, DeleteToken, SignIn, ViewOwn};
use bastide_authz::{Controller, Own, Site, Unbounded};
use bastide_model::access::{Caller, Credential};
use bastide_model::limits::{
    ATTEMPTS_PER_ACCOUNT, ATTEMPTS_PER_ADDRESS, SESSION_IDLE_SECONDS, SESSION_SECONDS, SESSIONS_PER_USER_MAX,
    SETUP_LINK_SECONDS, TOKEN_SECONDS_DEFAULT, TOKEN_SECONDS_MAX, TOKENS_PER_USER_MAX,
};
use bastide_model::names::{DisplayName, Email};
use bastide_model::permission::{Permission, PermissionSet};
use bastide_model::user::{Access, Password, User};
use bastide_model::{AuditId, Error, RealmId, RequestId, Result, SessionId, Timestamp, TokenId, UserId};
use bastide_store::{Session, Token};

use crate::attempts;
use crate::secrets;
use crate::state::App;

/// What personal tokens begin with.
pub const TOKEN_PREFIX: &str = "bastide_pat_";
const SESSION_PREFIX: &str = "bastide_ses_";
const SETUP_PREFIX: &str = "bastide_setup_";
/// Characters of a token that are kept to recognise it.
const SHOWN_PREFIX: usize = TOKEN_PREFIX.len() + 4;
/// Longest browser name that is kept.
const USER_AGENT_CHARS: usize = 200;

/// Where a request comes from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The realm whose door it came through (CLI-2).
    pub realm: RealmId,
    /// Address of the client.
    pub address: String,
    /// The program, as it calls itself.
    pub user_agent: String,
    /// Which request.
    pub request: RequestId,
}

/// What a request proves its caller with.
#[derive(Debug, Clone, Copy)]
pub enum Credentials<'a> {
    /// A personal token.
    Bearer(&'a str),
    /// The secret of a session's cookie.
    Session(&'a str),
}

/// Somebody who has just signed in.
#[derive(Debug)]
pub struct SignedIn {
    /// The secret for the cookie; shown this once.
    pub secret: String,
    /// The account.
    pub user: User,
}

/// Who makes a request (hop 1). What they may do is decided later, by the graph.
///
/// # Errors
/// [`Error::Unauthenticated`] with the reason.
pub async fn authenticate(app: &App, credentials: Credentials<'_>, origin: &Origin) -> Result<Caller> {
    let now = app.now();
    let (user, credential, ceiling) = match credentials {
        Credentials::Bearer(secret) => token_holder(app, secret, origin.realm, now).await?,
        Credentials::Session(secret) => session_holder(app, secret, origin.realm, now).await?,
    };
    let caller = Caller {
        user,
        realm: origin.realm,
        credential,
        ceiling,
        address: origin.address.clone(),
        request: origin.request,
    };
    app.graph(|graph| graph.admit(&caller))?;
    Ok(caller)
}

async fn token_holder(
    app: &App,
    secret: &str,
    realm: RealmId,
    now: Timestamp,
) -> Result<(UserId, Credential, PermissionSet)> {
    let refused = |reason| Err(Error::Unauthenticated { reason });
    let mut tx = app.read(&Unbounded::Door).await?;
    let Some(token) = tx.token_by_secret(secrets::hash(secret)).await? else {
        return refused("the token is unknown or was withdrawn");
    };
    drop(tx);
    if token.realm != realm {
        return refused("the token belongs to another address of this service");
    }
    if now >= token.expires_at {
        return refused("the token has expired");
    }
    if token.last_used_at.is_none_or(|used| now.seconds_since(used) >= 60) {
        let mut tx = app.write(&Unbounded::Door).await?;
        tx.token_touch(token.id, now).await?;
        tx.commit().await?;
    }
    let ceiling =
        token.permissions.map_or(PermissionSet::ALL, |permissions| permissions.into_iter().collect());
    Ok((token.user, Credential::Token(token.id), ceiling))
}

async fn session_holder(
    app: &App,
    secret: &str,
    realm: RealmId,
    now: Timestamp,
) -> Result<(UserId, Credential, PermissionSet)> {
    let refused = |reason| Err(Error::Unauthenticated { reason });
    let mut tx = app.read(&Unbounded::Door).await?;
    let Some(session) = tx.session_by_secret(secrets::hash(secret)).await? else {
        return refused("the session has ended");
    };
    drop(tx);
    let idle = now.seconds_since(session.last_used_at);
    if session.realm != realm || now >= session.expires_at || idle >= SESSION_IDLE_SECONDS {
        return refused("the session has ended");
    }
    if idle >= 60 {
        let mut tx = app.write(&Unbounded::Door).await?;
        tx.session_touch(session.id, now).await?;
        tx.commit().await?;
    }
    Ok((session.user, Credential::Session(session.id), PermissionSet::ALL))
}

/// Makes a one-time link secret when nobody administers the site yet; older ones stop working.
///
/// # Errors
/// Those of the database.
pub async fn setup_link_create(app: &App) -> Result<Option<String>> {
    app.follow().await?;
    if app.graph(bastide_authz::Graph::has_site_administrator) {
        return Ok(None);
    }
    let (secret, now) = (secrets::fresh(SETUP_PREFIX)?, app.now());
    let mut tx = app.write(&Unbounded::Door).await?;
    tx.setup_link_replace(secrets::hash(&secret), now, now.plus_seconds(SETUP_LINK_SECONDS)).await?;
    tx.commit().await?;
    Ok(Some(secret))
}

/// Whether a set-up link still works, for the page that it opens.
///
/// # Errors
/// Those of the database.
pub async fn setup_link_open(app: &App, secret: &str) -> Result<bool> {
    app.read(&Unbounded::Door).await?.setup_link_open(secrets::hash(secret), app.now()).await
}

/// Makes the first site administrator.
///
/// # Errors
/// [`Error::Gone`] when the link was used, has expired or never was.
pub async fn setup_complete(
    app: &App,
    secret: &str,
    email: Email,
    name: DisplayName,
    password: Password,
) -> Result<User> {
    let permit = app.authorize_controller::<CompleteSetup>(Controller::Door, Site)?;
    let gone = || Error::Gone {
        code: "setup_link_gone",
        detail: "The set-up link was used already, has expired or never was. Restart the hub for a new one."
            .into(),
    };
    if !setup_link_open(app, secret).await? {
        return Err(gone());
    }
    let hash = app.passwords().hash(password).await?;
    let (audit, now) = app.audit();
    let user = new_user(app, RealmId::PLATFORM, email, name, now);
    let mut tx = app.write(&permit).await?;
    if !tx.setup_link_use(&permit, secrets::hash(secret), now).await? {
        return Err(gone());
    }
    tx.user_create(&permit, &user, &hash, audit).await?;
    tx.site_administrator_add(&permit, user.id, now).await?;
    app.publish(tx.commit().await?).await?;
    Ok(user)
}

/// An account before it is stored.
pub(crate) fn new_user(app: &App, realm: RealmId, email: Email, name: DisplayName, now: Timestamp) -> User {
    let id = UserId::fresh(app.ids());
    User { id, realm, email, name, access: Access::Enabled, home: None, created_at: now, revision: 1 }
}

/// Signs in with e-mail address and password. What is wrong is not told; failed attempts are counted per account and per
/// address, and beyond the limit nothing is looked at. An attempt counts as failed until it has turned out well, so that
/// many at the same time are not more than the limit.
///
/// # Errors
/// [`Error::Unauthenticated`], [`Error::TooManyAttempts`].
pub async fn sign_in(app: &App, email: &str, password: String, origin: &Origin) -> Result<SignedIn> {
    const WRONG: Error = Error::Unauthenticated { reason: "the e-mail address or the password is wrong" };
    let now = app.now();
    let (Ok(email), Some(password)) = (email.parse::<Email>(), Password::offered(password)) else {
        return Err(WRONG);
    };
    let keys =
        [format!("account {} {}", origin.realm, email.canonical()), format!("address {}", origin.address)];
    count_attempt(app, &keys, now).await?;
    let found = app.read(&Unbounded::Door).await?.password_hash(origin.realm, &email).await?;
    let (user, hash) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
    let right = app.passwords().verify(password, hash).await?;
    let user = user.filter(|_| right).ok_or(WRONG)?;
    let signed_in = session_begin(app, user, origin).await?;
    forget_attempt(app, &keys, now).await?;
    Ok(signed_in)
}

/// Counts an attempt, if there may be one more.
async fn count_attempt(app: &App, [account, address]: &[String; 2], now: Timestamp) -> Result<()> {
    let limits = [(account, ATTEMPTS_PER_ACCOUNT), (address, ATTEMPTS_PER_ADDRESS)];
    let mut tx = app.read(&Unbounded::Door).await?;
    for (key, allowed) in limits {
        attempts::require_fewer(&mut tx, key, allowed, now).await?;
    }
    drop(tx);
    let mut tx = app.write(&Unbounded::Door).await?;
    for (key, allowed) in limits {
        attempts::count(&mut tx, key, allowed, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// An attempt went well: the account begins anew, the address has one failure less.
async fn forget_attempt(app: &App, [account, address]: &[String; 2], counted_at: Timestamp) -> Result<()> {
    let mut tx = app.write(&Unbounded::Door).await?;
    tx.failures_forget(account).await?;
    tx.failure_take_back(address, counted_at).await?;
    tx.commit().await?;
    Ok(())
}

async fn session_begin(app: &App, user: UserId, origin: &Origin) -> Result<SignedIn> {
    let (secret, (audit, now)) = (secrets::fresh(SESSION_PREFIX)?, app.audit());
    let session = Session {
        id: SessionId::fresh(app.ids()),
        realm: origin.realm,
        user,
        user_agent: origin.user_agent.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect(),
        address: origin.address.clone(),
        created_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(SESSION_SECONDS),
    };
    let caller = Caller {
        user,
        realm: origin.realm,
        credential: Credential::Session(session.id),
        ceiling: PermissionSet::ALL,
        address: origin.address.clone(),
        request: origin.request,
    };
    app.graph(|graph| graph.admit(&caller))?;
    let permit = app.authorize_controller::<SignIn>(Controller::Door, user)?;
    let mut tx = app.write(&permit).await?;
    tx.session_create(&permit, &session, secrets::hash(&secret), SESSIONS_PER_USER_MAX, audit).await?;
    let user = tx.user(user).await?;
    app.publish(tx.commit().await?).await?;
    Ok(SignedIn { secret, user })
}

/// The caller's account, and the token when one was used.
///
/// # Errors
/// Those of the database.
pub async fn me(app: &App, caller: &Caller) -> Result<(User, Option<Token>)> {
    let mut tx = app.read(caller).await?;
    let token = match caller.credential {
        Credential::Token(id) => tx.token(id).await?,
        Credential::Session(_) | Credential::System(_) => None,
    };
    Ok((tx.user(caller.user).await?, token))
}

/// The caller's sessions.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn session_list(app: &App, caller: &Caller) -> Result<Vec<Session>> {
    let permit = app.authorize::<ViewOwn>(caller, Own(caller.user))?;
    app.read(&permit).await?.session_list(&permit).await
}

/// Ends one of the caller's sessions.
///
/// # Errors
/// [`Error::NotFound`] when it is none of theirs.
pub async fn session_delete(app: &App, caller: &Caller, id: SessionId) -> Result<()> {
    let permit = app.authorize::<DeleteSession>(caller, Own(caller.user))?;
    let mut tx = app.write(&permit).await?;
    if !tx.session_delete(&permit, id, app.audit()).await? {
        return Err(Error::NotFound);
    }
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// Ends every session of the caller, this one included.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn session_delete_all(app: &App, caller: &Caller) -> Result<()> {
    let permit = app.authorize::<DeleteSession>(caller, Own(caller.user))?;
    let mut tx = app.write(&permit).await?;
    tx.session_delete_all(&permit, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// The caller's tokens.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn token_list(app: &App, caller: &Caller) -> Result<Vec<Token>> {
    let permit = app.authorize::<ViewOwn>(caller, Own(caller.user))?;
    app.read(&permit).await?.token_list(&permit).await
}

/// Makes a personal token; the secret is shown this once.
///
/// # Errors
/// [`Error::Invalid`] for a life beyond the limit, [`Error::Refused`] for wishes beyond what the caller's own credential
/// can do.
pub async fn token_create(
    app: &App,
    caller: &Caller,
    name: DisplayName,
    seconds: Option<i64>,
    permissions: Option<Vec<Permission>>,
) -> Result<(String, Token)> {
    let permit = app.authorize::<CreateToken>(caller, Own(caller.user))?;
    let permissions = narrowed(caller, permissions)?;
    let seconds = seconds.unwrap_or(TOKEN_SECONDS_DEFAULT);
    if seconds <= 0 || seconds > TOKEN_SECONDS_MAX {
        return Err(Error::field(
            "/days",
            format!("a token works for 1 to {} days", TOKEN_SECONDS_MAX / 86_400),
        ));
    }
    let (secret, token) = new_token(app, caller.user, caller.realm, name, seconds, permissions)?;
    let mut tx = app.write(&permit).await?;
    admit_token(tx.tokens_count_locked(caller.user, token.created_at).await?)?;
    tx.token_create(&permit, &token, secrets::hash(&secret), AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok((secret, token))
}

/// SEC-3: a token made with a narrowed token is never wider than that one.
fn narrowed(caller: &Caller, wanted: Option<Vec<Permission>>) -> Result<Option<Vec<Permission>>> {
    if caller.ceiling == PermissionSet::ALL {
        return Ok(wanted);
    }
    let wanted = wanted.unwrap_or_else(|| caller.ceiling.iter().collect());
    match wanted.iter().find(|permission| !caller.ceiling.contains(**permission)) {
        Some(permission) => Err(Error::Forbidden { permission: *permission }),
        None => Ok(Some(wanted)),
    }
}

/// A token before it is stored, with its secret.
pub(crate) fn new_token(
    app: &App,
    user: UserId,
    realm: RealmId,
    name: DisplayName,
    seconds: i64,
    permissions: Option<Vec<Permission>>,
) -> Result<(String, Token)> {
    let (secret, now) = (secrets::fresh(TOKEN_PREFIX)?, app.now());
    let token = Token {
        id: TokenId::fresh(app.ids()),
        realm,
        user,
        name,
        prefix: secret.chars().take(SHOWN_PREFIX).collect(),
        permissions,
        created_at: now,
        expires_at: now.plus_seconds(seconds),
        last_used_at: None,
    };
    Ok((secret, token))
}

/// One more token, within the limit.
pub(crate) fn admit_token(used: u64) -> Result<()> {
    if used >= TOKENS_PER_USER_MAX {
        let plan = "every plan".to_owned();
        return Err(Error::LimitExceeded {
            limit: "tokens_per_user",
            used,
            allowed: TOKENS_PER_USER_MAX,
            plan,
        });
    }
    Ok(())
}

/// Withdraws one of the caller's tokens; it stops working at once.
///
/// # Errors
/// [`Error::NotFound`] when it is none of theirs.
pub async fn token_delete(app: &App, caller: &Caller, id: TokenId) -> Result<()> {
    let permit = app.authorize::<DeleteToken>(caller, Own(caller.user))?;
    let mut tx = app.write(&permit).await?;
    if !tx.token_delete(&permit, id, app.audit()).await? {
        return Err(Error::NotFound);
    }
    app.publish(tx.commit().await?).await?;
    Ok(())
}
