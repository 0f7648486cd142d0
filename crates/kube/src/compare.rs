//! Whether an object on a cluster is as it should be. Pure.
//!
//! Comparing contents, not resource versions: controllers write the status of quotas, gateways and namespaces, and every
//! such write moves the version although nothing of ours changed. It also needs no memory of earlier passes. It works
//! because rendering spells out every default and writes quantities as Kubernetes does.

use serde_json::{Map, Value};

use crate::object::Object;
use crate::render::INTENT_ANNOTATION;

/// Fields that are not content.
const NOT_CONTENT: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// Whether the live object was made from this very intent and is still as it says. The hash of the intent shows what the
/// contents cannot: that something was wanted before and is wanted no more.
pub(crate) fn is_as_wanted(wanted: &Object, live: &Value) -> bool {
    let intent = live.pointer("/metadata/annotations").and_then(|all| all.get(INTENT_ANNOTATION));
    intent.and_then(Value::as_str) == Some(wanted.intent().as_str())
        && has_labels_and_annotations(wanted.body(), live)
        && has_content(wanted, live)
}

/// Whether the live object has more in it than is wanted, where everything in it is ours.
pub(crate) fn has_surplus(wanted: &Object, live: &Value) -> bool {
    wanted.resource().outright && !has_content(wanted, live)
}

/// The live object with its contents replaced by the wanted ones.
pub(crate) fn with_wanted_content(wanted: &Object, live: &Value) -> Value {
    let kept = fields(live).filter(|(key, _)| NOT_CONTENT.contains(&key.as_str()));
    let content = fields(wanted.body()).filter(|(key, _)| !NOT_CONTENT.contains(&key.as_str()));
    Value::Object(kept.chain(content).map(|(key, value)| (key.clone(), value.clone())).collect())
}

fn has_labels_and_annotations(wanted: &Value, live: &Value) -> bool {
    ["/metadata/labels", "/metadata/annotations"].into_iter().all(|path| {
        wanted.pointer(path).is_none_or(|wanted| includes(live.pointer(path).unwrap_or(&Value::Null), wanted))
    })
}

fn has_content(wanted: &Object, live: &Value) -> bool {
    let content = |value| -> Map<String, Value> {
        fields(value)
            .filter(|(key, _)| !NOT_CONTENT.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    let (wanted_content, live_content) =
        (Value::Object(content(wanted.body())), Value::Object(content(live)));
    if wanted.resource().outright {
        without_nothing(&wanted_content) == without_nothing(&live_content)
    } else {
        includes(&without_nothing(&live_content), &without_nothing(&wanted_content))
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Whether all of `part` is in `whole`: every field of an object, every item of a list in its place.
fn includes(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            part.iter().all(|(key, part)| whole.get(key).is_some_and(|whole| includes(whole, part)))
        }
        (Value::Array(whole), Value::Array(part)) => {
            whole.len() == part.len() && whole.iter().zip(part).all(|(whole, part)| includes(whole, part))
        }
        (whole, part) => whole == part,
    }
}

/// The same value without fields that say nothing: null and the empty list are left out when an object is stored. The
/// empty object stays, because it says something: a selector that selects everything.
fn without_nothing(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()))
            .map(|(key, value)| (key.clone(), without_nothing(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_nothing).collect(),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{GATEWAY, NETWORK_POLICY, Resource};

    fn wanted(resource: &'static Resource, spec: &Value) -> Object {
        Object::new(
            resource,
            Some("acme"),
            "x",
            json!({ "metadata": { "labels": { "a": "b" } }, "spec": spec }),
        )
    }

    /// As the API server would give it back: with its own fields, and without empty lists.
    fn live(object: &Object, change: impl FnOnce(&mut Value)) -> Value {
        let mut live = without_nothing(object.body());
        live["metadata"]["annotations"] = json!({ INTENT_ANNOTATION: object.intent() });
        live["metadata"]["resourceVersion"] = json!("7");
        live["status"] = json!({ "conditions": [] });
        change(&mut live);
        live
    }

    #[test]
    fn what_somebody_adds_to_our_own_object_is_noticed() {
        let deny =
            wanted(&NETWORK_POLICY, &json!({ "podSelector": {}, "ingress": [], "policyTypes": ["Ingress"] }));
        assert!(is_as_wanted(&deny, &live(&deny, |_| ())));
        let changes: [fn(&mut Value); 6] = [
            |live| live["spec"]["ingress"] = json!([{}]),
            |live| live["spec"]["podSelector"] = json!({ "matchLabels": { "nobody": "has-this" } }),
            |live| live["spec"]["policyTypes"] = json!([]),
            |live| live["metadata"]["labels"] = json!({}),
            |live| live["metadata"]["annotations"] = json!({}),
            |live| live["rules"] = json!([]).take(),
        ];
        let noticed = changes.map(|change| !is_as_wanted(&deny, &live(&deny, change)));
        assert_eq!(noticed, [true, true, true, true, true, false], "a null says nothing");
    }

    #[test]
    fn what_others_add_beside_ours_is_not_our_business() {
        let gateway = wanted(&GATEWAY, &json!({ "listeners": [{ "name": "http", "port": 80 }] }));
        let added = live(&gateway, |live| {
            live["metadata"]["labels"]["theirs"] = json!("x");
            live["spec"]["infrastructure"] = json!({ "labels": {} });
            live["spec"]["listeners"][0]["defaulted"] = json!(true);
        });
        assert!(is_as_wanted(&gateway, &added));
        assert!(!has_surplus(&gateway, &added));
        assert!(!is_as_wanted(
            &gateway,
            &live(&gateway, |live| live["spec"]["listeners"][0]["port"] = json!(81))
        ));
        assert!(!is_as_wanted(&gateway, &live(&gateway, |live| live["spec"]["listeners"] = json!([]))));
    }

    #[test]
    fn a_surplus_is_replaced_and_the_rest_kept() {
        let deny = wanted(&NETWORK_POLICY, &json!({ "podSelector": {} }));
        let opened = live(&deny, |live| {
            live["spec"]["ingress"] = json!([{}]);
            live["extra"] = json!(1);
        });
        assert!(has_surplus(&deny, &opened));
        let repaired = with_wanted_content(&deny, &opened);
        assert_eq!(repaired["spec"], json!({ "podSelector": {} }));
        assert_eq!(repaired["metadata"], opened["metadata"]);
        assert_eq!(repaired.get("extra"), None);
    }
}
