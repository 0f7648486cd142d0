//! Clusters: see, accept, deny, withdraw, unregister; and what their agents report (FLEET-1, FLEET-2, FLEET-6).

use std::time::Duration;

use bastide_authz::Unbounded;
use bastide_authz::action::{
    AcceptCluster, CleanCluster, DeleteCluster, DenyCluster, FollowCluster, ForgetCluster, ReportCluster,
    UpdateLicence, ViewCluster, ViewLicence, WithdrawCluster,
};
use bastide_model::access::Caller;
use bastide_model::cluster::{
    Availability, Cluster, ClusterFacts, Condition, ConditionStatus, Heartbeat, Membership, merge_conditions,
};
use bastide_model::placement::{DesiredSet, ReportedSet};
use bastide_model::{ClusterId, Error, Result};
use bastide_store::Tx;

use crate::state::App;
use crate::{Listed, PageRequest, licences};

/// A cluster as one caller sees it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The cluster.
    pub cluster: Cluster,
    /// Whether it answers; nothing before it joined.
    pub availability: Option<Availability>,
    /// What its administrators see beside.
    pub administration: Option<Administration>,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
}

/// What a cluster's administrators see.
#[derive(Debug, Clone)]
pub struct Administration {
    /// Its licence and what follows.
    pub licence: licences::Details,
    /// How many organizations are placed on it.
    pub organizations: u64,
}

/// What should be on a cluster.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Counts restores of the hub's database.
    pub epoch: i64,
    /// The greatest generation.
    pub generation: i64,
    /// Whether an administrator has agreed that the agent follows this epoch, whatever it has followed before.
    pub follow: bool,
    /// The sets that changed.
    pub sets: Vec<DesiredSet>,
}

/// Whether a cluster answers, on this hub's clock.
pub(crate) fn availability(app: &App, cluster: &Cluster) -> Availability {
    Availability::judge(cluster.heartbeat, app.presence(), app.now())
}

/// The same for who looks at it without its membership: one that does not belong to the hub now is unknown to it.
pub(crate) fn shown_availability(app: &App, cluster: &Cluster) -> Availability {
    if cluster.membership == Membership::Joined { availability(app, cluster) } else { Availability::Unknown }
}

/// The cluster that an id or a name names.
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(app: &App, caller: &Caller, name: &str) -> Result<ClusterId> {
    let candidates = match name.parse::<ClusterId>() {
        Ok(id) => vec![id],
        Err(_) => app.read(caller).await?.clusters_by_name(name).await?,
    };
    candidates.into_iter().find(|id| app.authorize::<ViewCluster>(caller, *id).is_ok()).ok_or(Error::NotFound)
}

/// The clusters that the caller sees.
///
/// # Errors
/// Those of the graph and of the database.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Listed<Details>> {
    let now = app.now();
    let visible = app.graph(|graph| graph.visible_clusters(caller, now))?;
    let mut tx = app.read(caller).await?;
    let listed = tx.cluster_list(&visible, page).await?;
    let mut items = Vec::with_capacity(listed.items.len());
    for cluster in listed.items {
        items.push(detail(app, &mut tx, caller, cluster).await?);
    }
    Ok(Listed { items, next: listed.next })
}

/// One cluster.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: ClusterId) -> Result<Details> {
    let permit = app.authorize::<ViewCluster>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let cluster = tx.cluster_view(&permit).await?;
    detail(app, &mut tx, caller, cluster).await
}

async fn detail(app: &App, tx: &mut Tx, caller: &Caller, mut cluster: Cluster) -> Result<Details> {
    let id = cluster.id;
    let administration = if app.authorize::<ViewLicence>(caller, id).is_ok() {
        let licence = licences::detail(app, tx, &cluster).await?;
        if cluster.membership == Membership::Joined {
            cluster.conditions.push(licences::condition(&cluster, &licence));
        }
        Some(Administration { licence, organizations: tx.cluster_organizations(id).await? })
    } else {
        None
    };
    let joined = cluster.membership == Membership::Joined;
    let requested = cluster.membership == Membership::Requested;
    let silent = !joined || availability(app, &cluster) != Availability::Available;
    let stopped = cluster.conditions.iter().any(|one| {
        one.kind == "IntentFollowed" && one.status == ConditionStatus::False && one.reason == "EpochChanged"
    });
    let actions = [
        ("accept", requested && app.authorize::<AcceptCluster>(caller, id).is_ok()),
        ("deny", requested && app.authorize::<DenyCluster>(caller, id).is_ok()),
        ("withdraw", joined && app.authorize::<WithdrawCluster>(caller, id).is_ok()),
        ("follow", stopped && app.authorize::<FollowCluster>(caller, id).is_ok()),
        ("delete", app.authorize::<DeleteCluster>(caller, id).is_ok()),
        (
            "clean",
            joined && cluster.cleaning_since.is_none() && app.authorize::<CleanCluster>(caller, id).is_ok(),
        ),
        ("forget", silent && app.authorize::<ForgetCluster>(caller, id).is_ok()),
        ("upload_licence", app.authorize::<UpdateLicence>(caller, id).is_ok()),
    ]
    .into_iter()
    .filter_map(|(name, may)| may.then_some(name))
    .collect();
    let availability = joined.then(|| availability(app, &cluster));
    Ok(Details { cluster, availability, administration, actions })
}

/// Accepts a cluster whose fingerprint the administrator has compared.
///
/// # Errors
/// [`Error::Conflict`] `fingerprint_mismatch`, or `wrong_membership` when it does not wait.
pub async fn accept(app: &App, caller: &Caller, id: ClusterId, fingerprint: &str) -> Result<Details> {
    let permit = app.authorize::<AcceptCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    let plain = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_uppercase();
    if plain(fingerprint) != plain(&cluster.fingerprint) {
        let detail = format!(
            "The fingerprint is not that of the key with which `{}` asks. Compare it with what the agent printed; deny the request if it differs.",
            cluster.name
        );
        return Err(Error::conflict("fingerprint_mismatch", detail));
    }
    tx.cluster_decide(&permit, &cluster, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

/// Denies a cluster.
///
/// # Errors
/// [`Error::Conflict`] `wrong_membership` when it does not wait.
pub async fn deny(app: &App, caller: &Caller, id: ClusterId) -> Result<Details> {
    let permit = app.authorize::<DenyCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    tx.cluster_decide(&permit, &cluster, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

/// Takes acceptance back: the agent's certificates are refused from now on; what runs goes on running.
///
/// # Errors
/// [`Error::Conflict`] `wrong_membership` when it has not joined.
pub async fn withdraw(app: &App, caller: &Caller, id: ClusterId) -> Result<Details> {
    let permit = app.authorize::<WithdrawCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    tx.cluster_decide(&permit, &cluster, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

/// Lets the cluster's agent follow the hub again after the hub was restored from a backup (FLEET-6): what the hub wants
/// counts from now on, whatever newer the agent knows.
///
/// # Errors
/// [`Error::Conflict`] `wrong_membership` when it has not joined.
pub async fn follow(app: &App, caller: &Caller, id: ClusterId) -> Result<Details> {
    let permit = app.authorize::<FollowCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    tx.cluster_follow(&permit, &cluster, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

/// Unregisters a cluster; its workloads stay (FLEET-2). With organizations on it only when it is said, and confirmed by its
/// name, that all of it is left there as it is.
///
/// # Errors
/// [`Error::Conflict`] `cluster_in_use` naming the organizations on it, [`Error::Invalid`] at `/confirm`.
pub async fn delete(app: &App, caller: &Caller, id: ClusterId, leave: Option<&str>) -> Result<()> {
    let permit = app.authorize::<DeleteCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    match leave {
        None => tx.cluster_delete(&permit, &cluster, app.audit()).await?,
        Some(confirm) => {
            confirmed(&cluster, confirm)?;
            tx.cluster_forget(&permit, &cluster, app.audit()).await?;
        }
    }
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// Takes every organization off a cluster, with everything that is there of it; when nothing is left, it is unregistered
/// (FLEET-2). It takes nothing new from now on.
///
/// # Errors
/// [`Error::Invalid`] at `/confirm` when the name is another, [`Error::Conflict`] `wrong_membership`, `cleaning_already`.
pub async fn clean(app: &App, caller: &Caller, id: ClusterId, confirm: &str) -> Result<Details> {
    let permit = app.authorize::<CleanCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    confirmed(&cluster, confirm)?;
    tx.cluster_clean(&permit, &cluster, app.audit()).await?;
    // An empty one is unregistered at once, so that after the commit there may be nothing left to look at.
    let after = tx.cluster(id).await?;
    let details = detail(app, &mut tx, caller, after).await?;
    app.publish(tx.commit().await?).await?;
    Ok(details)
}

fn confirmed(cluster: &Cluster, typed: &str) -> Result<()> {
    if typed == cluster.name.as_str() {
        return Ok(());
    }
    Err(Error::field("/confirm", format!("type the name of the cluster, `{}`, to confirm", cluster.name)))
}

/// Forgets a cluster that is lost for ever, so that the deletion of what was on it can end (ORG-8). What is there is left
/// there. The slugs of the organizations that were on it.
///
/// # Errors
/// [`Error::Invalid`] at `/confirm` when the name is another, [`Error::Conflict`] `cluster_answers` while it does.
pub async fn forget(app: &App, caller: &Caller, id: ClusterId, confirm: &str) -> Result<Vec<String>> {
    let permit = app.authorize::<ForgetCluster>(caller, id)?;
    let mut tx = app.write(&permit).await?;
    let cluster = tx.cluster(id).await?;
    confirmed(&cluster, confirm)?;
    if cluster.membership == Membership::Joined && availability(app, &cluster) == Availability::Available {
        let detail = format!(
            "`{}` answers. Delete what is placed on it and unregister it, or withdraw its acceptance first.",
            cluster.name
        );
        return Err(Error::conflict("cluster_answers", detail));
    }
    let left = tx.cluster_forget(&permit, &cluster, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(left)
}

/// Whether an agent's certificate holds now: issued to this cluster, not revoked, the cluster accepted. The first use of
/// a renewed one ends those before it.
///
/// # Errors
/// [`Error::Unauthenticated`] when it does not.
pub async fn authenticate_agent(app: &App, cluster: ClusterId, serial: &str) -> Result<ClusterId> {
    let now = app.now();
    let held = app.read(&Unbounded::Agent).await?.certificate_holds(cluster, serial, now).await?;
    let reason = "the agent's certificate is not accepted any more";
    let older = held.ok_or(Error::Unauthenticated { reason })?;
    if older > 0 {
        let mut tx = app.write(&Unbounded::Agent).await?;
        tx.certificates_supersede(cluster, serial, now).await?;
        app.publish(tx.commit().await?).await?;
    }
    Ok(cluster)
}

/// Reads which certificates of agents were revoked; handshakes refuse them and connections that showed one end.
///
/// # Errors
/// Those of the database.
pub async fn follow_revocations(app: &App) -> Result<()> {
    let revoked = app.read(&Unbounded::Itself).await?.certificates_revoked(app.now()).await?;
    app.revoke(revoked.into_iter().collect());
    Ok(())
}

/// Takes in a sign of life, stamped with the hub's clock.
///
/// # Errors
/// Those of the database.
pub async fn heartbeat(
    app: &App,
    agent: ClusterId,
    api_server_ready: bool,
    facts: ClusterFacts,
    conditions: Vec<Condition>,
) -> Result<()> {
    let permit = app.authorize_agent::<ReportCluster>(agent)?;
    let now = app.now();
    let mut tx = app.write(&permit).await?;
    tx.heartbeat_record(&permit, Heartbeat { at: now, api_server_ready }).await?;
    let known = tx.cluster(agent).await?;
    // What the hub itself says of a cluster, its agent does not.
    let conditions = conditions.into_iter().filter(|one| one.kind != licences::LICENSED).collect();
    let conditions = merge_conditions(&known.conditions, conditions, now);
    if known.facts != facts || known.conditions != conditions {
        tx.cluster_facts_set(&permit, &facts, &conditions).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What should be on the agent's cluster and is newer than `after`; waits for something new for at most `wait`.
///
/// # Errors
/// Those of the database.
pub async fn desired(app: &App, agent: ClusterId, after: i64, wait: Duration) -> Result<Desired> {
    let permit = app.authorize_agent::<ReportCluster>(agent)?;
    let mut generations = app.generations().of(agent);
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        generations.borrow_and_update();
        let mut tx = app.read(&permit).await?;
        let sets = tx.desired_after(&permit, after).await?;
        let generation = tx.desired_generation(&permit).await?;
        let timed_out = tokio::time::Instant::now() >= deadline;
        if !sets.is_empty() || timed_out {
            let epoch = app.installation().epoch;
            let follow = tx.cluster_followed_epoch(&permit).await? == Some(epoch);
            return Ok(Desired { epoch, generation, follow, sets });
        }
        drop(tx);
        // Either something is new, or the time is over: look once more.
        let _ = tokio::time::timeout_at(deadline, generations.changed()).await;
    }
}

/// Writes down how far the agent's cluster has come.
///
/// # Errors
/// Those of the database.
pub async fn record_status(app: &App, agent: ClusterId, reports: Vec<ReportedSet>) -> Result<()> {
    let permit = app.authorize_agent::<ReportCluster>(agent)?;
    let now = app.now();
    let mut tx = app.write(&permit).await?;
    tx.reports_record(&permit, reports, now).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}

/// How many joined clusters there are by availability, for metrics.
///
/// # Errors
/// Those of the database.
pub async fn count_by_availability(app: &App) -> Result<Vec<(Availability, u64)>> {
    let clusters = app.read(&Unbounded::Itself).await?.clusters().await?;
    let joined: Vec<_> = clusters.iter().filter(|one| one.membership == Membership::Joined).collect();
    Ok([Availability::Available, Availability::Unknown, Availability::Unavailable]
        .into_iter()
        .map(|state| (state, joined.iter().filter(|one| availability(app, one) == state).count() as u64))
        .collect())
}
