//! Licences of clusters: upload, and what follows (FLEET-3).

use bastide_authz::action::{UpdateLicence, ViewLicence};
use bastide_model::access::Caller;
use bastide_model::cluster::Cluster;
use bastide_model::licence::{self, Examination, LicenceVerdict, REQUIRED_FEATURES};
use bastide_model::limits::LICENCE_BYTES_MAX;
use bastide_model::{AuditId, ClusterId, Error, Result};
use bastide_store::{Licence, Tx};

use crate::state::App;

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
    let mut tx = app.store().read().await?;
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
    let mut tx = app.store().write().await?;
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
    licence::judge(examination, &uid, REQUIRED_FEATURES, app.latest_seen())
}
