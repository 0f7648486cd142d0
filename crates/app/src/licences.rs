//! Licences of clusters: upload, and what follows (FLEET-3).

use bastide_authz::Unbounded;
use bastide_authz::action::{UpdateLicence, ViewLicence};
use bastide_model::access::Caller;
use bastide_model::cluster::{Cluster, Condition, ConditionStatus, Membership};
use bastide_model::licence::{self, Examination, LicenceState, LicenceVerdict, REQUIRED_FEATURES};
use bastide_model::limits::{LICENCE_BYTES_MAX, LICENCE_EXPIRING_SECONDS};
use bastide_model::{AuditId, ClusterId, Error, Result};
use bastide_store::{Licence, Tx};

use crate::state::App;

/// A clock that is set back by more than this is told beside what it does not change.
const CLOCK_BEHIND_SECONDS: i64 = 300;

/// The condition of a cluster that speaks of its licence; the hub's own.
pub(crate) const LICENSED: &str = "Licensed";

/// What the headings of private keys in PEM end with (RFC 7468), whatever their form.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

/// A licence with what it says and what follows.
#[derive(Debug, Clone)]
pub struct Details {
    /// State and reason.
    pub verdict: LicenceVerdict,
    /// What it says; nothing when there is none.
    pub examination: Option<Examination>,
}

/// What follows from a cluster's licence. It is examined against the authorities that are configured now, not against
/// those of the day of its upload.
pub(crate) async fn verdict(app: &App, tx: &mut Tx, cluster: &Cluster) -> Result<LicenceVerdict> {
    Ok(detail(app, tx, cluster).await?.verdict)
}

/// A cluster's licence with what follows.
pub(crate) async fn detail(app: &App, tx: &mut Tx, cluster: &Cluster) -> Result<Details> {
    let examination = tx.licence(cluster.id).await?.map(|licence| app.examine(&licence.pem));
    let verdict = judge(app, cluster, examination.as_ref());
    Ok(Details { verdict, examination })
}

/// A cluster's licence.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, cluster: ClusterId) -> Result<Details> {
    app.authorize::<ViewLicence>(caller, cluster)?;
    let mut tx = app.read(caller).await?;
    let cluster = tx.cluster(cluster).await?;
    detail(app, &mut tx, &cluster).await
}

/// Replaces a cluster's licence. One that does not hold is kept too, so that its state says why; but it does not take the
/// place of one that holds, unless `force` says so.
///
/// # Errors
/// [`Error::Invalid`] at `/pem` beyond the limit of its size, and for a private key, which is not kept;
/// [`Error::Conflict`] `licence_in_force`.
pub async fn upload(
    app: &App,
    caller: &Caller,
    cluster: ClusterId,
    pem: String,
    force: bool,
) -> Result<Details> {
    let permit = app.authorize::<UpdateLicence>(caller, cluster)?;
    if pem.trim().is_empty() || pem.len() > LICENCE_BYTES_MAX {
        return Err(Error::field("/pem", format!("a licence has 1 to {LICENCE_BYTES_MAX} bytes of PEM")));
    }
    if pem.contains(PRIVATE_KEY) {
        let problem = "it holds a private key; leave the key where it is and upload the certificate";
        return Err(Error::field("/pem", problem));
    }
    let licence = Licence { examination: app.examine(&pem), pem, uploaded_at: app.now() };
    let mut tx = app.write(&permit).await?;
    let known = tx.cluster(cluster).await?;
    let in_force = verdict(app, &mut tx, &known).await?;
    let offered = judge(app, &known, Some(&licence.examination));
    if in_force.state.permits_placement() && !offered.state.permits_placement() && !force {
        let detail = format!(
            "`{}` has a licence that holds, and this one does not: {}. It is not replaced unless you insist.",
            known.name,
            offered.reason.trim_end_matches('.')
        );
        return Err(Error::conflict("licence_in_force", detail));
    }
    tx.licence_update(&permit, known.name.as_str(), &licence, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, cluster).await
}

fn judge(app: &App, cluster: &Cluster, examination: Option<&Examination>) -> LicenceVerdict {
    let uid = if cluster.uid.is_nil() { String::new() } else { cluster.uid.to_string() };
    let (now, latest) = (app.now(), app.latest_seen());
    let mut verdict = licence::judge(examination, &uid, REQUIRED_FEATURES, latest);
    if latest.seconds_since(now) > CLOCK_BEHIND_SECONDS {
        verdict.reason = format!(
            "{} The hub's clock is behind {latest}, which it has shown before: that counts.",
            verdict.reason
        );
    }
    verdict
}

/// What is said of a licence among the conditions of its cluster. It changes by itself as time goes by, at times that the
/// licence says.
pub(crate) fn condition(cluster: &Cluster, details: &Details) -> Condition {
    let verdict = &details.verdict;
    let certificate = match &details.examination {
        Some(Examination::Certificate(facts)) => Some(facts),
        _ => None,
    };
    let since = match (verdict.state, certificate) {
        (LicenceState::Expired, Some(facts)) => facts.not_after,
        (LicenceState::Expiring, Some(facts)) => facts.not_after.plus_seconds(-LICENCE_EXPIRING_SECONDS),
        (LicenceState::Active, Some(facts)) => facts.not_before,
        _ => cluster.decided_at.unwrap_or(cluster.requested_at),
    };
    let (reason, status) = match verdict.state {
        LicenceState::Active => ("Active", ConditionStatus::True),
        LicenceState::Expiring => ("Expiring", ConditionStatus::True),
        LicenceState::Expired => ("Expired", ConditionStatus::False),
        LicenceState::None => ("None", ConditionStatus::False),
        LicenceState::Unknown => ("Unreadable", ConditionStatus::False),
        LicenceState::Invalid => ("Invalid", ConditionStatus::False),
    };
    Condition {
        kind: LICENSED.to_owned(),
        status,
        reason: reason.to_owned(),
        message: verdict.reason.clone(),
        observed_generation: 0,
        last_transition: since,
    }
}

/// What the organizations on a cluster are told when its licence does not hold; why is for who may see licences.
pub(crate) async fn unlicensed(app: &App, tx: &mut Tx, cluster: &Cluster) -> Result<Option<Condition>> {
    let message =
        "The cluster's licence does not hold: everything here goes on, and nothing new is placed on it.";
    let details = detail(app, tx, cluster).await?;
    let refused = !details.verdict.state.permits_placement();
    Ok(refused.then(|| Condition { message: message.to_owned(), ..condition(cluster, &details) }))
}

/// How many joined clusters there are by the state of their licences, for metrics.
///
/// # Errors
/// Those of the database.
pub async fn count_by_state(app: &App) -> Result<Vec<(LicenceState, u64)>> {
    use LicenceState as S;
    let mut tx = app.read(&Unbounded::Itself).await?;
    let mut states = Vec::new();
    for cluster in tx.clusters().await?.iter().filter(|one| one.membership == Membership::Joined) {
        states.push(verdict(app, &mut tx, cluster).await?.state);
    }
    let count = |state| states.iter().filter(|one| **one == state).count() as u64;
    let all = [S::None, S::Unknown, S::Active, S::Expiring, S::Expired, S::Invalid];
    Ok(all.map(|state| (state, count(state))).into())
}
