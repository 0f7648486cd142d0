//! The exchange of the authority that vouches for the hub and its agents (FLEET-1): the next one is made and handed to the
//! agents over their authenticated channel; when they have it, it takes over. Whoever was away meanwhile is led to it by
//! the one before, which is believed for as long as anything that names it can last.

use bastide_authz::action::{RotateAuthority, ViewAuthority};
use bastide_authz::{Site, Unbounded};
use bastide_model::access::Caller;
use bastide_model::cluster::{Availability, Membership};
use bastide_model::{Error, Result};

use crate::authority::{self, Anchor};
use crate::clusters::availability;
use crate::state::App;

/// How many names of clusters are told.
const NAMES_MAX: usize = 20;

/// How far an exchange has come.
#[derive(Debug, Clone)]
pub struct Progress {
    /// The authority that signs.
    pub present: Anchor,
    /// The one that will.
    pub next: Option<Anchor>,
    /// Those that did, as long as they are believed, the latest first.
    pub previous: Vec<Anchor>,
    /// Joined clusters that believe the next one; 0 when there is none.
    pub ready: u64,
    /// Names of joined clusters that answer and do not believe the next one yet, at most 20.
    pub waiting: Vec<String>,
}

/// How far it has come.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller) -> Result<Progress> {
    app.authorize::<ViewAuthority>(caller, Site)?;
    progress(app).await
}

async fn progress(app: &App) -> Result<Progress> {
    let kept = app.authority();
    let next = kept.next().cloned();
    let (mut ready, mut waiting) = (0, Vec::new());
    if let Some(next) = &next {
        for cluster in app.read(&Unbounded::Itself).await?.clusters().await? {
            if cluster.membership != Membership::Joined {
                continue;
            }
            if cluster.facts.authorities.contains(&next.fingerprint) {
                ready += 1;
            } else if availability(app, &cluster) == Availability::Available && waiting.len() < NAMES_MAX {
                waiting.push(cluster.name.to_string());
            }
        }
    }
    Ok(Progress {
        present: kept.present().clone(),
        next,
        previous: kept.previous().cloned().collect(),
        ready,
        waiting,
    })
}

/// Makes the next authority. Agents are handed it with their next sign of life.
///
/// # Errors
/// [`Error::Conflict`] `authority_prepared` when there is one already.
pub async fn prepare(app: &App, caller: &Caller) -> Result<Progress> {
    let permit = app.authorize::<RotateAuthority>(caller, Site)?;
    let (certificate, key, fingerprint) = authority::make_next(&app.authority(), app.now())?;
    let mut tx = app.write(&permit).await?;
    tx.authority_prepare(&permit, app.ids().fresh(), (&certificate, &key), &fingerprint, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    follow(app).await?;
    progress(app).await
}

/// Lets the next authority take over, when every cluster that answers believes it, or by `force`: then those that do not
/// are led to it by the present one.
///
/// # Errors
/// [`Error::Conflict`] `authority_not_prepared`, or `agents_behind` naming the clusters.
pub async fn switch(app: &App, caller: &Caller, force: bool) -> Result<Progress> {
    let permit = app.authorize::<RotateAuthority>(caller, Site)?;
    let before = progress(app).await?;
    let missing =
        || Error::conflict("authority_not_prepared", "There is no next authority. Prepare one first.");
    let next = before.next.ok_or_else(missing)?;
    if !force && !before.waiting.is_empty() {
        let detail = format!(
            "These clusters answer and do not have the next authority yet: {}. Wait for their next sign of life; an agent that is too old to take it needs `force`.",
            before.waiting.join(", ")
        );
        return Err(Error::conflict("agents_behind", detail));
    }
    let mut tx = app.write(&permit).await?;
    let change = (before.present.fingerprint.as_str(), next.fingerprint.as_str());
    tx.authority_switch(&permit, app.ids().fresh(), change, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    follow(app).await?;
    progress(app).await
}

/// Takes in what another replica did with the authorities.
///
/// # Errors
/// Those of the database.
pub async fn follow(app: &App) -> Result<()> {
    let known = app.authority();
    app.exchange_authority(known.again(app.store()).await?);
    Ok(())
}
