//! How far a set has come, in words for people and conditions for programs. Pure.

mod gateways;

use bastide_model::Timestamp;
use bastide_model::cluster::{Condition, ConditionStatus};
use bastide_model::placement::ReportedObject;
use serde_json::Value;

use crate::apply::Live;
use crate::object::{NAMESPACE, ObjectKey, RESOURCE_QUOTA};

/// Whether all that is wanted was put on the cluster, and all that is not was taken away.
pub const APPLIED: &str = "Applied";
/// Whether it works there.
pub const READY: &str = "Ready";

/// Objects named in one message; the rest is counted.
const NAMED_MAX: usize = 3;

/// What came of a pass over a set. `reason` is one CamelCase word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Everything is as wanted.
    Applied,
    /// Something could not be applied.
    Stopped {
        /// `NamespaceNotOurs`, `ObjectNotOurs`, `NamespaceTerminating` or `Refused`.
        reason: &'static str,
        /// What, and why.
        message: String,
    },
    /// Something is changed again and again by somebody else.
    Contested {
        /// What, and by whom.
        message: String,
    },
    /// All that is wanted is there, but something that is not wanted still is, too.
    Pruning {
        /// What, and why.
        message: String,
    },
    /// Nothing is wanted, and something is still there.
    Removing {
        /// What, and why.
        message: String,
    },
    /// All of it is to be let go, and something is still ours.
    Releasing {
        /// What, and why.
        message: String,
    },
    /// All of it was let go.
    Released,
    /// Nothing is wanted, and nothing of ours is there.
    Removed {
        /// What was left alone; empty when nothing was.
        message: String,
    },
}

/// The conditions [`APPLIED`] and [`READY`]. Their time of transition is the epoch: who receives the report knows when
/// the status last changed (`bastide_model::cluster::merge_conditions`).
pub fn conditions(generation: i64, outcome: &Outcome, objects: &[ReportedObject]) -> Vec<Condition> {
    let condition = |kind: &str, holds, reason: &str, message: String| Condition {
        kind: kind.to_owned(),
        status: if holds { ConditionStatus::True } else { ConditionStatus::False },
        reason: reason.to_owned(),
        message,
        observed_generation: generation,
        last_transition: Timestamp::default(),
    };
    let unready: Vec<String> = objects
        .iter()
        .filter(|object| !object.ready)
        .map(|object| format!("{}: {}", name(object), object.message))
        .collect();
    let ready = |reason: &str| {
        if unready.is_empty() {
            condition(READY, true, "Ready", "Everything is there and works.".to_owned())
        } else {
            condition(READY, false, reason, summary(&unready))
        }
    };
    match outcome {
        Outcome::Applied => {
            vec![condition(APPLIED, true, "Applied", "Everything is there.".to_owned()), ready("NotReady")]
        }
        Outcome::Stopped { reason, message } => {
            vec![condition(APPLIED, false, reason, message.clone()), ready(reason)]
        }
        Outcome::Contested { message } => {
            vec![condition(APPLIED, false, "Contested", message.clone()), ready("Contested")]
        }
        Outcome::Pruning { message } => {
            vec![condition(APPLIED, false, "Pruning", message.clone()), ready("NotReady")]
        }
        Outcome::Removing { message } => vec![
            condition(APPLIED, false, "Removing", message.clone()),
            condition(READY, false, "Removing", message.clone()),
        ],
        Outcome::Releasing { message } => vec![
            condition(APPLIED, false, "Releasing", message.clone()),
            condition(READY, false, "Releasing", message.clone()),
        ],
        Outcome::Released => vec![
            condition(
                APPLIED,
                true,
                "Released",
                "All of it stays here and is no longer Bastide's.".to_owned(),
            ),
            condition(READY, false, "Released", "Nothing of it is Bastide's any more.".to_owned()),
        ],
        Outcome::Removed { message } => vec![
            condition(APPLIED, true, "Removed", message.clone()),
            condition(READY, false, "Removed", "Nothing of it is wanted here.".to_owned()),
        ],
    }
}

/// The first few of them, and how many more there are.
pub(crate) fn summary(sentences: &[String]) -> String {
    let named: Vec<&str> = sentences.iter().take(NAMED_MAX).map(String::as_str).collect();
    match sentences.len().saturating_sub(NAMED_MAX) {
        0 => named.join(" "),
        more => format!("{} And {more} more.", named.join(" ")),
    }
}

fn name(object: &ReportedObject) -> String {
    if object.namespace.is_empty() {
        format!("{} {}", object.kind, object.name)
    } else {
        format!("{} {}/{}", object.kind, object.namespace, object.name)
    }
}

/// An object in a report, with what keeps it from being as it should; an empty problem means that it is.
pub fn reported(key: &ObjectKey, problem: String) -> ReportedObject {
    ReportedObject {
        api_version: key.api_version.clone(),
        kind: key.kind.clone(),
        namespace: key.namespace.clone().unwrap_or_default(),
        name: key.name.clone(),
        ready: problem.is_empty(),
        message: problem,
    }
}

/// What keeps an applied object from working, as a sentence; empty when it works.
pub fn problem(key: &ObjectKey, live: &Live) -> String {
    if live.is_being_deleted() {
        why_it_stays(key, live)
    } else if key.is(&NAMESPACE) {
        match live.text("/status/phase") {
            "" | "Active" => String::new(),
            phase => format!("The namespace is {phase}."),
        }
    } else if key.is(&RESOURCE_QUOTA) {
        let counted = live.value().pointer("/status/hard") == live.value().pointer("/spec/hard");
        if counted { String::new() } else { "The cluster has not counted what is in use yet.".to_owned() }
    } else if gateways::are_asked(key) {
        gateways::problem(key, live)
    } else {
        String::new()
    }
}

/// Why an object that was deleted is still there, as a sentence.
pub(crate) fn why_it_stays(key: &ObjectKey, live: &Live) -> String {
    if key.is(&NAMESPACE) {
        let reasons = [
            "NamespaceDeletionDiscoveryFailure",
            "NamespaceDeletionGroupVersionParsingFailure",
            "NamespaceDeletionContentFailure",
            "NamespaceFinalizersRemaining",
            "NamespaceContentRemaining",
        ];
        let found = reasons.iter().filter_map(|kind| condition(live, kind));
        let said: Vec<&str> =
            found.filter(|one| text(one, "status") == "True").map(|one| text(one, "message")).collect();
        if let Some(first) = said.first() {
            return format!("It is being deleted: {first}.");
        }
    }
    let finalizers = live.value().pointer("/metadata/finalizers").and_then(Value::as_array);
    let names: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() {
        "It is being deleted.".to_owned()
    } else {
        format!("It is being deleted and waits for {}.", names.join(", "))
    }
}

fn condition<'a>(live: &'a Live, kind: &str) -> Option<&'a Value> {
    let conditions = live.value().pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| text(condition, "type") == kind)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{GATEWAY, Object, Resource};

    fn said(resource: &'static Resource, value: Value) -> String {
        let key = Object::new(resource, None, "x", json!({})).key().clone();
        problem(&key, &Live::from_value(value))
    }

    #[test]
    fn what_keeps_each_kind_from_being_ready() {
        assert_eq!(said(&NAMESPACE, json!({ "status": { "phase": "Active" } })), "");
        let ending = json!({
            "metadata": { "deletionTimestamp": "2026-11-22T04:00:00Z" },
            "status": { "phase": "Terminating", "conditions": [
                { "type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: pods. has 1 resource instances" },
                { "type": "NamespaceDeletionContentFailure", "status": "False", "message": "fine" },
            ] },
        });
        assert!(said(&NAMESPACE, ending).contains("pods. has 1"));
        let held = json!({ "metadata": { "deletionTimestamp": "2026-11-22T04:00:00Z", "finalizers": ["a.example/b"] } });
        assert_eq!(said(&GATEWAY, held), "It is being deleted and waits for a.example/b.");

        let quota = |hard| json!({ "spec": { "hard": { "pods": "2" } }, "status": { "hard": hard } });
        assert_eq!(said(&RESOURCE_QUOTA, quota(json!({ "pods": "2" }))), "");
        assert!(said(&RESOURCE_QUOTA, quota(json!({ "pods": "1" }))).contains("not counted"));

        assert_eq!(said(&crate::object::LIMIT_RANGE, json!({})), "");
    }

    #[test]
    fn fleet_6_conditions_say_what_is_wrong() {
        let key = Object::new(&NAMESPACE, None, "acme", json!({})).key().clone();
        let good = reported(&key, String::new());
        let bad = reported(&key, "It is being deleted.".to_owned());
        let told = |outcome, objects: &[ReportedObject]| {
            let words = conditions(3, &outcome, objects).into_iter();
            words
                .map(|one| format!("{}={} {}: {}", one.kind, one.status, one.reason, one.message))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            told(Outcome::Applied, std::slice::from_ref(&good)),
            [
                "Applied=True Applied: Everything is there.",
                "Ready=True Ready: Everything is there and works."
            ]
        );
        let five = vec![bad; 5];
        assert_eq!(
            told(Outcome::Applied, &five).last().unwrap(),
            &format!(
                "Ready=False NotReady: {} And 2 more.",
                ["Namespace acme: It is being deleted."; 3].join(" ")
            )
        );
        let stopped = Outcome::Stopped { reason: "NamespaceNotOurs", message: "Why.".to_owned() };
        assert_eq!(told(stopped, &[good]).first().unwrap(), "Applied=False NamespaceNotOurs: Why.");
        let removed = Outcome::Removed { message: String::new() };
        assert_eq!(told(removed, &[]).first().unwrap(), "Applied=True Removed: ");
    }
}
