//! Lets go of an organization and leaves everything where it is (FLEET-6): what is in its namespaces, the namespaces
//! themselves and what confines them stay, but belong to whoever administers the cluster. What only works by our labels,
//! the policies of its node pool, goes; and so do the rights that its people had, because what kept them away from others
//! went by our labels, too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::apply::{Applier, Live};
use crate::error::Result;
use crate::object::{NAMESPACE, NETWORK_POLICY, ObjectKey};
use crate::prune::{carries_label, gives_rights};
use crate::record::{Recorded, SetName};
use crate::render::{MANAGED_BY, MANAGED_BY_LABEL, ORGANIZATION_LABEL};

/// What every label and annotation of ours begins with.
const OURS: &str = "bastide.dev/";
/// On every namespace, by Kubernetes itself: its name.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Released {
    /// No longer ours: let go now, or before, or gone, or never ours.
    pub(crate) released: Vec<ObjectKey>,
    /// Still ours, and why.
    pub(crate) remaining: Vec<(ObjectKey, String)>,
}

/// Whether letting go leaves such an object on the cluster. Others mean nothing without our labels.
pub(crate) fn stays(key: &ObjectKey) -> bool {
    (key.namespace.is_some() && !gives_rights(key)) || key.is(&NAMESPACE)
}

/// Takes our labels and annotations off every object that stays: what is in namespaces first, then the namespaces, so that
/// the locks hold until the end. Each object is let go in one write, and can be let go again.
///
/// # Errors
/// When the API server does not answer. What it refuses is part of the result.
pub(crate) async fn release(
    applier: &Applier,
    set: SetName,
    recorded: &BTreeMap<ObjectKey, Recorded>,
) -> Result<Released> {
    let namespaces: Vec<&str> =
        recorded.keys().filter(|key| key.is(&NAMESPACE)).map(|key| key.name.as_str()).collect();
    let mut staying: Vec<_> = recorded.iter().filter(|(key, _)| stays(key)).collect();
    // Network policies first: they open a namespace to the others of its organization by the label that goes last.
    staying.sort_by_key(|(key, _)| (key.is(&NAMESPACE), !key.is(&NETWORK_POLICY)));
    let mut result = Released::default();
    for (key, recorded) in staying {
        if key.is(&NAMESPACE) && !result.remaining.is_empty() {
            let why = "It is let go when what is in it is.".to_owned();
            result.remaining.push((key.clone(), why));
            continue;
        }
        match let_go(applier, set, key, recorded, &namespaces).await {
            Ok(()) => result.released.push(key.clone()),
            Err(error) if error.is_refusal() => result.remaining.push((key.clone(), format!("{error}."))),
            Err(error) => return Err(error),
        }
    }
    Ok(result)
}

async fn let_go(
    applier: &Applier,
    set: SetName,
    key: &ObjectKey,
    recorded: &Recorded,
    namespaces: &[&str],
) -> Result<()> {
    let Some(live) = applier.get(key).await? else { return Ok(()) };
    let known = recorded.uid.as_deref().is_none_or(|uid| uid == live.uid());
    if !known || !carries_label(set, &live) {
        return Ok(());
    }
    applier.write(key, without_ours(&live, namespaces)).await?;
    tracing::info!(object = %key, "let go");
    Ok(())
}

/// The object without anything by which it is ours.
fn without_ours(live: &Live, namespaces: &[&str]) -> Value {
    let mut body = live.value().clone();
    let map = |body: &mut Value, pointer: &str, keep: &dyn Fn(&str, &Value) -> bool| {
        if let Some(map) = body.pointer_mut(pointer).and_then(Value::as_object_mut) {
            map.retain(|key, value| keep(key, value));
        }
    };
    map(&mut body, "/metadata/labels", &|key, value| {
        !key.starts_with(OURS) && (key != MANAGED_BY_LABEL || value != MANAGED_BY)
    });
    map(&mut body, "/metadata/annotations", &|key, _| !key.starts_with(OURS));
    if let Some(spec) = body.get_mut("spec") {
        name_namespaces(spec, namespaces);
    }
    body
}

/// Selects by name what was selected by the organization's label, wherever that is: in network policies, and in what a
/// gateway takes routes from.
fn name_namespaces(value: &mut Value, namespaces: &[&str]) {
    match value {
        selector if selects_organization(selector) => {
            *selector = json!({ "matchExpressions": [
                { "key": NAMESPACE_NAME_LABEL, "operator": "In", "values": namespaces },
            ] });
        }
        Value::Object(fields) => fields.values_mut().for_each(|value| name_namespaces(value, namespaces)),
        Value::Array(items) => items.iter_mut().for_each(|item| name_namespaces(item, namespaces)),
        _ => {}
    }
}

fn selects_organization(selector: &Value) -> bool {
    let labels: Option<&Map<String, Value>> = selector.get("matchLabels").and_then(Value::as_object);
    labels.is_some_and(|labels| labels.contains_key(ORGANIZATION_LABEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FLEET-6: nothing of ours is left on an object, everything else is, and a policy goes on to mean the same.
    #[test]
    fn fleet_6_what_is_let_go_keeps_all_but_our_marks() {
        let by_label = json!({ "matchLabels": { ORGANIZATION_LABEL: "org_1" },
            "matchExpressions": [{ "key": "bastide.dev/project", "operator": "DoesNotExist" }] });
        let other = json!({ "matchLabels": { NAMESPACE_NAME_LABEL: "kube-system" } });
        let live = Live::from_value(json!({
            "metadata": {
                "labels": { ORGANIZATION_LABEL: "org_1", MANAGED_BY_LABEL: MANAGED_BY, "pod-security.kubernetes.io/enforce": "restricted" },
                "annotations": { "bastide.dev/intent": "x", "example.org/note": "kept" },
            },
            "spec": { "ingress": [{ "from": [{ "namespaceSelector": by_label }, { "namespaceSelector": other }] }] },
        }));
        assert_eq!(
            without_ours(&live, &["acme", "acme-gw"]),
            json!({
                "metadata": {
                    "labels": { "pod-security.kubernetes.io/enforce": "restricted" },
                    "annotations": { "example.org/note": "kept" },
                },
                "spec": { "ingress": [{ "from": [
                    { "namespaceSelector": { "matchExpressions": [
                        { "key": NAMESPACE_NAME_LABEL, "operator": "In", "values": ["acme", "acme-gw"] },
                    ] } },
                    { "namespaceSelector": other },
                ] }] },
            })
        );
        let theirs = json!({ "metadata": { "labels": { MANAGED_BY_LABEL: "somebody" } } });
        assert_eq!(without_ours(&Live::from_value(theirs.clone()), &[]), theirs);
    }
}
