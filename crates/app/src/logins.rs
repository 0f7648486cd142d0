//! How programs sign in: with the browser on the same machine (RFC 6749 with RFC 7636), or with a code that is typed in
//! a browser elsewhere (RFC 8628).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bastide_authz::action::AgreeLogin;
use bastide_authz::{Own, Unbounded};
use bastide_model::access::{Caller, Credential};
use bastide_model::limits::{
    DEVICE_CODE_SECONDS, DEVICE_CODES_PER_ACCOUNT, DEVICE_POLL_SECONDS, DEVICES_PER_ADDRESS,
    LOGIN_CODE_SECONDS, TOKEN_SECONDS_DEFAULT,
};
use bastide_model::names::DisplayName;
use bastide_model::permission::PermissionSet;
use bastide_model::{AuditId, Error, Result, Timestamp};
use bastide_store::{LoginGrant, LoginGrantKind, LoginGrantState, Token};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::attempts;
use crate::identity::{self, Origin};
use crate::secrets;
use crate::state::App;

/// Most devices that may wait at one time, so that strangers from many addresses cannot fill the table.
const DEVICES_WAITING_MAX: u64 = 10_000;
const CODE_PREFIX: &str = "bastide_code_";
const DEVICE_PREFIX: &str = "bastide_dev_";

/// What a device shows to its user.
#[derive(Debug)]
pub struct Device {
    /// The device's secret.
    pub device_code: String,
    /// What the user types.
    pub user_code: String,
    /// Seconds until both end.
    pub expires_in: i64,
    /// Least seconds between two questions.
    pub interval: i64,
}

/// How a program asks for its token.
#[derive(Debug)]
pub enum Exchange {
    /// A device's secret.
    Device(String),
    /// The code that the browser brought back, and the verifier.
    Code {
        /// The code.
        code: String,
        /// The verifier whose SHA-256 was the challenge.
        verifier: String,
    },
}

/// A device asks to sign in. One address asks so often and no more: nobody keeps the door shut for the others.
///
/// # Errors
/// [`Error::TooManyAttempts`]; [`Error::Unavailable`] while too many devices wait.
pub async fn device_begin(app: &App, origin: &Origin, name: DisplayName) -> Result<Device> {
    let (device_code, user_code, now) =
        (secrets::fresh(DEVICE_PREFIX)?, secrets::fresh_user_code()?, app.now());
    let grant = LoginGrant {
        secret_hash: secrets::hash(&device_code),
        realm: origin.realm,
        kind: LoginGrantKind::Device { user_code: user_code.clone() },
        token_name: name,
        state: LoginGrantState::Waiting,
        user: None,
        expires_at: now.plus_seconds(DEVICE_CODE_SECONDS),
        polled_at: None,
    };
    let mut tx = app.write(&Unbounded::Door).await?;
    attempts::count(&mut tx, &format!("devices {}", origin.address), DEVICES_PER_ADDRESS, now).await?;
    if tx.device_grants_waiting(now).await? >= DEVICES_WAITING_MAX {
        return Err(Error::Unavailable {
            detail: "too many devices wait for their users; try again later".into(),
        });
    }
    tx.device_grant_create(&grant, now).await?;
    tx.commit().await?;
    Ok(Device { device_code, user_code, expires_in: DEVICE_CODE_SECONDS, interval: DEVICE_POLL_SECONDS })
}

/// Upper case, with the hyphen where it belongs, whatever was typed.
fn normalized(user_code: &str) -> String {
    let plain: String =
        user_code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    match plain.split_at_checked(4) {
        Some((left, right)) => format!("{left}-{right}"),
        None => plain,
    }
}

/// What the signed-in user is about to agree to: the name of the program's token. Wrong codes are counted: they are short,
/// and nobody is to try them all (RFC 8628, 5.1).
///
/// # Errors
/// [`Error::NotFound`] for a code that waits for nobody, [`Error::TooManyAttempts`] after too many of them.
pub async fn device_view(app: &App, caller: &Caller, user_code: &str) -> Result<DisplayName> {
    app.authorize::<AgreeLogin>(caller, Own(caller.user))?;
    let now = app.now();
    let (key, allowed) = (format!("device codes {}", caller.user), DEVICE_CODES_PER_ACCOUNT);
    let mut tx = app.read(caller).await?;
    attempts::require_fewer(&mut tx, &key, allowed, now).await?;
    let found = tx.login_grant_by_user_code(&normalized(user_code)).await?;
    drop(tx);
    let waits = |grant: &LoginGrant| {
        grant.state == LoginGrantState::Waiting && now < grant.expires_at && grant.realm == caller.realm
    };
    if let Some(grant) = found.filter(waits) {
        return Ok(grant.token_name);
    }
    let mut tx = app.write(caller).await?;
    attempts::count(&mut tx, &key, allowed, now).await?;
    tx.commit().await?;
    Err(Error::NotFound)
}

/// The signed-in user agrees or refuses.
///
/// # Errors
/// [`Error::NotFound`] for a code that waits for nobody.
pub async fn device_decide(app: &App, caller: &Caller, user_code: &str, agreed: bool) -> Result<()> {
    let permit = app.authorize::<AgreeLogin>(caller, Own(caller.user))?;
    require_browser(caller)?;
    device_view(app, caller, user_code).await?;
    let state = if agreed { LoginGrantState::Agreed } else { LoginGrantState::Denied };
    let mut tx = app.write(&permit).await?;
    if !tx.device_grant_decide(&permit, &normalized(user_code), state, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Only a person at a browser agrees; a narrow token must not become a wide one this way.
fn require_browser(caller: &Caller) -> Result<()> {
    match caller.credential {
        Credential::Session(_) if caller.ceiling == PermissionSet::ALL => Ok(()),
        _ => Err(Error::Refused { code: "browser_needed", detail: "Agree to sign-ins in a browser.".into() }),
    }
}

/// The signed-in user agrees that a program on their machine signs in; the code goes back to it through the browser.
///
/// # Errors
/// [`Error::Invalid`] for a challenge that is no base64url of a SHA-256.
pub async fn code_create(app: &App, caller: &Caller, name: DisplayName, challenge: &str) -> Result<String> {
    let permit = app.authorize::<AgreeLogin>(caller, Own(caller.user))?;
    require_browser(caller)?;
    if URL_SAFE_NO_PAD.decode(challenge).map_or(0, |bytes| bytes.len()) != 32 {
        return Err(Error::field(
            "challenge",
            "give the base64url of the verifier's SHA-256 (RFC 7636, S256)",
        ));
    }
    let (code, now) = (secrets::fresh(CODE_PREFIX)?, app.now());
    let grant = LoginGrant {
        secret_hash: secrets::hash(&code),
        realm: caller.realm,
        kind: LoginGrantKind::Code { challenge: challenge.to_owned() },
        token_name: name,
        state: LoginGrantState::Agreed,
        user: Some(caller.user),
        expires_at: now.plus_seconds(LOGIN_CODE_SECONDS),
        polled_at: None,
    };
    let mut tx = app.write(&permit).await?;
    tx.code_grant_create(&permit, &grant, now).await?;
    tx.commit().await?;
    Ok(code)
}

/// A program exchanges what it has for a token.
///
/// # Errors
/// [`Error::Conflict`] with the codes `authorization_pending` and `slow_down` while a device has to wait, `access_denied`
/// when its user refused, `expired_token` and `invalid_grant` otherwise.
pub async fn exchange(app: &App, exchange: Exchange, origin: &Origin) -> Result<(String, Token)> {
    let now = app.now();
    let secret = match &exchange {
        Exchange::Device(code) | Exchange::Code { code, .. } => code,
    };
    let hash = secrets::hash(secret);
    let found = app.read(&Unbounded::Door).await?.login_grant(hash.clone()).await?;
    let grant = found.filter(|grant| grant.realm == origin.realm).ok_or_else(invalid_grant)?;
    check_proof(&grant, &exchange)?;
    check_state(app, &grant, now).await?;
    let user = grant.user.ok_or_else(invalid_grant)?;
    let caller = Caller {
        user,
        realm: grant.realm,
        credential: Credential::System("login"),
        ceiling: PermissionSet::ALL,
        address: origin.address.clone(),
        request: origin.request,
    };
    let permit = app.authorize::<AgreeLogin>(&caller, Own(user))?;
    let (secret, token) =
        identity::new_token(app, user, grant.realm, grant.token_name, TOKEN_SECONDS_DEFAULT, None)?;
    let mut tx = app.write(&permit).await?;
    if !tx.login_grant_use(hash, now).await? {
        return Err(invalid_grant());
    }
    identity::admit_token(tx.tokens_count_locked(user, now).await?)?;
    tx.token_create(&permit, &token, secrets::hash(&secret), AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok((secret, token))
}

fn invalid_grant() -> Error {
    Error::conflict(
        "invalid_grant",
        "The code is unknown, was used already or belongs to another program. Sign in again.",
    )
}

fn check_proof(grant: &LoginGrant, exchange: &Exchange) -> Result<()> {
    let holds = match (&grant.kind, exchange) {
        (LoginGrantKind::Device { .. }, Exchange::Device(_)) => true,
        (LoginGrantKind::Code { challenge }, Exchange::Code { verifier, .. }) => {
            let given = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
            given.as_bytes().ct_eq(challenge.as_bytes()).into()
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(invalid_grant()) }
}

async fn check_state(app: &App, grant: &LoginGrant, now: Timestamp) -> Result<()> {
    if now >= grant.expires_at {
        return Err(Error::conflict("expired_token", "The code has expired. Sign in again."));
    }
    match grant.state {
        LoginGrantState::Agreed => Ok(()),
        LoginGrantState::Denied => {
            Err(Error::conflict("access_denied", "The sign-in was refused in the browser."))
        }
        LoginGrantState::Used => Err(invalid_grant()),
        LoginGrantState::Waiting => {
            let early = grant.polled_at.is_some_and(|at| now.seconds_since(at) < DEVICE_POLL_SECONDS);
            let mut tx = app.write(&Unbounded::Door).await?;
            tx.login_grant_polled(grant.secret_hash.clone(), now).await?;
            tx.commit().await?;
            Err(if early {
                Error::conflict("slow_down", format!("Ask at most every {DEVICE_POLL_SECONDS} seconds."))
            } else {
                Error::conflict("authorization_pending", "The sign-in waits for its user.")
            })
        }
    }
}
