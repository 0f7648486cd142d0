//! Hubs, and the tokens with which clusters join them (FLEET-1).

use bastide_authz::Realm;
use bastide_authz::action::{CreateJoinToken, DeleteJoinToken, ViewHubs};
use bastide_model::access::Caller;
use bastide_model::cluster::Hub;
use bastide_model::limits::{JOIN_TOKEN_SECONDS_DEFAULT, JOIN_TOKEN_SECONDS_MAX};
use bastide_model::names::Slug;
use bastide_model::{AuditId, Error, HubId, JoinTokenId, Result};
use bastide_store::JoinToken;

use crate::secrets;
use crate::state::{App, unseen};

const PREFIX: &str = "bastide_join_";

/// A join token with its secret, and what an agent needs beside it.
#[derive(Debug)]
pub struct Issued {
    /// The secret; shown this once.
    pub secret: String,
    /// What is kept of it.
    pub token: JoinToken,
    /// SHA-256 of the hub's authority in hex.
    pub authority_fingerprint: String,
    /// Where the agent dials.
    pub agent_url: String,
}

/// Every hub.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Hub>> {
    app.authorize::<ViewHubs>(caller, Realm(caller.realm))?;
    app.read(caller).await?.hubs().await
}

/// The hub that an id or a slug names.
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(app: &App, caller: &Caller, name: &str) -> Result<Hub> {
    let hubs = list(app, caller).await?;
    let id = name.parse::<HubId>().ok();
    hubs.into_iter().find(|hub| Some(hub.id) == id || hub.slug.as_str() == name).ok_or(Error::NotFound)
}

/// Makes a join token.
///
/// # Errors
/// [`Error::Invalid`] at `/minutes` for a life beyond the limit.
pub async fn join_token_create(
    app: &App,
    caller: &Caller,
    hub: HubId,
    cluster_name: Slug,
    seconds: Option<i64>,
) -> Result<Issued> {
    let permit = app.authorize::<CreateJoinToken>(caller, hub)?;
    let seconds = seconds.unwrap_or(JOIN_TOKEN_SECONDS_DEFAULT);
    if seconds <= 0 || seconds > JOIN_TOKEN_SECONDS_MAX {
        return Err(Error::field(
            "/minutes",
            format!("a join token works for 1 to {} minutes", JOIN_TOKEN_SECONDS_MAX / 60),
        ));
    }
    let (secret, now) = (secrets::fresh(PREFIX)?, app.now());
    let token = JoinToken {
        id: JoinTokenId::fresh(app.ids()),
        hub,
        cluster_name,
        created_at: now,
        expires_at: now.plus_seconds(seconds),
        used_at: None,
        withdrawn_at: None,
    };
    let mut tx = app.write(&permit).await?;
    tx.join_token_create(&permit, &token, secrets::hash(&secret), AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    let authority_fingerprint = app.authority().fingerprint();
    Ok(Issued { secret, token, authority_fingerprint, agent_url: app.settings().agent_url.clone() })
}

/// A hub's latest join tokens.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn join_token_list(app: &App, caller: &Caller, hub: HubId) -> Result<Vec<JoinToken>> {
    let permit = app.authorize::<CreateJoinToken>(caller, hub)?;
    app.read(&permit).await?.join_token_list(&permit).await
}

/// Withdraws an unused join token.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Conflict`] `join_token_used` when it is not unused any more.
pub async fn join_token_delete(app: &App, caller: &Caller, id: JoinTokenId) -> Result<()> {
    let token = app.read(caller).await?.join_token(id).await?;
    let permit = app.authorize::<DeleteJoinToken>(caller, token.hub).map_err(unseen)?;
    let mut tx = app.write(&permit).await?;
    if !tx.join_token_delete(&permit, &token, app.audit()).await? {
        let detail =
            format!("The join token for `{}` is {} already.", token.cluster_name, token.state(app.now()));
        return Err(Error::conflict("join_token_used", detail));
    }
    app.publish(tx.commit().await?).await?;
    Ok(())
}
