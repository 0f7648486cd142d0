//! What the installation is told after its database was restored from a backup (FLEET-6).

use bastide_authz::Bounds;
use bastide_model::{Clock, Error, Result};
use bastide_store::Store;

/// Raises the epoch of an installation that does not run, so that agents that have followed it keep what they have until
/// somebody lets them follow. The epoch from now on.
///
/// # Errors
/// Those of the store; [`Error::Unavailable`] when there is no installation in the database.
pub async fn restored(database: &str, clock: &dyn Clock) -> Result<i64> {
    let store = Store::open(database).await?;
    let mut tx = store.write(&Bounds::Everything).await?;
    let epoch = tx.epoch_raise(clock.now()).await?;
    tx.commit().await?;
    store.close().await;
    epoch.ok_or_else(|| Error::Unavailable {
        detail: "the database holds no installation; put the backup in place first".to_owned(),
    })
}
