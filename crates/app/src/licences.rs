//! Licences of clusters: upload, and what follows (FLEET-3).

use bastide_authz::action::{UpdateLicence, ViewLicence};
use bastide_model::access::Caller;
use bastide_model::cluster::Cluster;
use bastide_model::licence::{self, Examination, LicenceVerdict, REQUIRED_FEATURES};
use bastide_model::limits::LICENCE_BYTES_MAX;
use bastide_model::{AuditId, ClusterId, Error, Result};
use bastide_store::{Licence, Tx};

use crate::state::App;

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
    let uid = if cluster.uid.is_nil() { String::new() } else { cluster.uid.to_string() };
    let verdict = licence::judge(examination.as_ref(), &uid, REQUIRED_FEATURES, app.latest_seen());
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

/// Replaces a cluster's licence. One that does not hold is kept too, so that its state says why.
///
/// # Errors
/// [`Error::Invalid`] at `/pem` beyond the limit of its size.
pub async fn upload(app: &App, caller: &Caller, cluster: ClusterId, pem: String) -> Result<Details> {
    let permit = app.authorize::<UpdateLicence>(caller, cluster)?;
    if pem.trim().is_empty() || pem.len() > LICENCE_BYTES_MAX {
        return Err(Error::field("/pem", format!("a licence has 1 to {LICENCE_BYTES_MAX} bytes of PEM")));
    }
    let licence = Licence { examination: app.examine(&pem), pem, uploaded_at: app.now() };
    let mut tx = app.store().write().await?;
    let known = tx.cluster(cluster).await?;
    tx.licence_update(&permit, known.name.as_str(), &licence, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, cluster).await
}
