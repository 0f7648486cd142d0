//! The gateway that organizations share is made with care: not over somebody else's, not into a namespace that is taken away
//! again, and it does not go while organizations have listeners on it.

use crate::apply::Applier;
use crate::error::Result;
use crate::object::{GATEWAY, LISTENER_SET, Object, ObjectKey};
use crate::prune;
use crate::record::Record;
use crate::render::{self, RenderOptions};

/// The gateway, if somebody else made one of that name before.
pub(super) async fn foreign(
    applier: &Applier,
    record: &Record,
    wanted: &[Object],
) -> Result<Option<ObjectKey>> {
    let Some(key) = wanted.iter().map(Object::key).find(|key| key.is(&GATEWAY)) else { return Ok(None) };
    let Some(live) = applier.get(key).await? else { return Ok(None) };
    let recorded = record.objects.get(key).and_then(|recorded| recorded.uid.as_deref());
    let is_ours = recorded == Some(live.uid()) || prune::carries_label(record.set, &live);
    Ok((!is_ours).then(|| key.clone()))
}

/// Makes its namespace where it is not there. It is in no record: controllers and others may have moved in, so that it
/// never goes by us.
pub(super) async fn make_namespace(applier: &Applier, options: &RenderOptions) -> Result<()> {
    let namespace = render::shared_gateway_namespace(options);
    if applier.get(namespace.key()).await?.is_none() {
        applier.apply(&namespace).await?;
    }
    Ok(())
}

/// The gateway that is recorded and no longer wanted, while there are listeners of organizations on the cluster.
pub(super) async fn kept(applier: &Applier, record: &Record, wanted: &[Object]) -> Result<Vec<ObjectKey>> {
    let surplus = record.objects.keys().filter(|key| key.is(&GATEWAY));
    let surplus: Vec<_> =
        surplus.filter(|key| !wanted.iter().any(|one| one.key() == *key)).cloned().collect();
    if surplus.is_empty() || !applier.has_ours(&LISTENER_SET).await? {
        return Ok(Vec::new());
    }
    Ok(surplus)
}
