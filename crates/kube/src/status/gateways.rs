//! What gateways' controllers say of gateways, listeners and routes, in words for people: the conditions of the Gateway API,
//! version 1. Pure.
//!
//! A condition counts for the generation that it speaks of: one that is older says nothing about what is wanted now.

use serde_json::Value;

use super::{summary, text};
use crate::apply::Live;
use crate::object::{GATEWAY, LISTENER_SET, ObjectKey};

/// Nobody has said anything.
const NOT_TAKEN_UP: &str = "No gateway controller has taken it up yet.";
/// Something was said, but not of what is wanted now.
const OUTDATED: &str = "Its controller has not looked at the last change yet.";

/// What a condition has to be for all to be well.
type Expected = (&'static str, bool);

/// Of a gateway and of a set of listeners as a whole.
const WHOLE: [Expected; 2] = [("Accepted", true), ("Programmed", true)];
/// Of one listener. What a controller does not mention is no problem: it has said of the whole that it works.
const LISTENER: [Expected; 4] =
    [("Conflicted", false), ("Accepted", true), ("ResolvedRefs", true), ("Programmed", true)];
/// Of a route at one of its parents.
const PARENT: [Expected; 2] = [("Accepted", true), ("ResolvedRefs", true)];

/// Whether the object is one that gateways' controllers speak of.
pub(super) fn are_asked(key: &ObjectKey) -> bool {
    key.is(&GATEWAY) || key.is(&LISTENER_SET) || is_route(key)
}

fn is_route(key: &ObjectKey) -> bool {
    key.api_version.starts_with("gateway.networking.k8s.io/") && key.kind.ends_with("Route")
}

/// What keeps it from working, as sentences; empty when it works.
pub(super) fn problem(key: &ObjectKey, live: &Live) -> String {
    let generation = live.value().pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
    if is_route(key) { route(live.value(), generation) } else { gateway(live.value(), generation) }
}

/// First what single listeners say, because the whole only says that something is wrong with one of them.
fn gateway(live: &Value, generation: i64) -> String {
    let whole = live.get("status").unwrap_or(&Value::Null);
    let found = first_problem(whole, generation, &WHOLE, true);
    if found.as_deref().is_some_and(|found| found == NOT_TAKEN_UP || found == OUTDATED) {
        return found.unwrap_or_default();
    }
    let problems: Vec<String> = list(live, "/status/listeners")
        .iter()
        .filter_map(|listener| {
            let found = first_problem(listener, generation, &LISTENER, false)?;
            Some(format!("Listener {}: {found}", text(listener, "name")))
        })
        .collect();
    if problems.is_empty() { found.unwrap_or_default() } else { summary(&problems) }
}

fn route(live: &Value, generation: i64) -> String {
    if list(live, "/spec/parentRefs").is_empty() {
        return "It names no gateway in spec.parentRefs and serves nothing.".to_owned();
    }
    let parents = list(live, "/status/parents");
    if parents.is_empty() {
        return NOT_TAKEN_UP.to_owned();
    }
    let problems: Vec<String> = parents
        .iter()
        .filter_map(|parent| {
            let found = first_problem(parent, generation, &PARENT, true)?;
            let name = parent.pointer("/parentRef/name").and_then(Value::as_str).unwrap_or_default();
            Some(format!("At {name}: {found}"))
        })
        .collect();
    summary(&problems)
}

/// The first condition of `of` that is not as expected. Where all are `needed`, a missing one is a problem, too.
fn first_problem(of: &Value, generation: i64, expected: &[Expected], needed: bool) -> Option<String> {
    let conditions = list(of, "/conditions");
    expected.iter().find_map(|(kind, good)| {
        let Some(found) = conditions.iter().find(|one| text(one, "type") == *kind) else {
            return needed.then(|| NOT_TAKEN_UP.to_owned());
        };
        let wanted = if *good { "True" } else { "False" };
        match text(found, "status") {
            "" | "Unknown" => Some(NOT_TAKEN_UP.to_owned()),
            _ if found
                .get("observedGeneration")
                .and_then(Value::as_i64)
                .is_some_and(|seen| seen < generation) =>
            {
                Some(OUTDATED.to_owned())
            }
            status if status == wanted => None,
            _ => Some(said(found)),
        }
    })
}

/// What the controller says, and its word for it.
fn said(condition: &Value) -> String {
    let (message, reason) = (text(condition, "message").trim_end_matches('.'), text(condition, "reason"));
    if message.is_empty() { format!("{reason}.") } else { format!("{message} ({reason}).") }
}

fn list<'a>(of: &'a Value, pointer: &str) -> &'a [Value] {
    of.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One case: what it is, the status, and what is said of it; nothing when it is ready.
    type Case = (&'static str, Value, &'static str);

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({ "type": kind, "status": status, "reason": reason, "message": message, "observedGeneration": 3 })
    }

    fn yes(kind: &str) -> Value {
        condition(kind, "True", kind, "Well.")
    }

    fn whole(accepted: &Value, programmed: &Value, listeners: &[Value]) -> Value {
        let listeners: Vec<Value> = listeners
            .iter()
            .enumerate()
            .map(|(number, conditions)| json!({ "name": format!("l{number}"), "conditions": conditions }))
            .collect();
        json!({ "conditions": [accepted, programmed], "listeners": listeners })
    }

    fn check(api_version: &str, kind: &str, cases: &[Case]) {
        for (what, status, expected) in cases {
            let key = ObjectKey {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                namespace: Some("acme".to_owned()),
                name: "x".to_owned(),
            };
            assert!(are_asked(&key));
            let live = json!({
                "metadata": { "generation": 3 },
                "spec": { "parentRefs": [{ "name": "acme-gw" }] },
                "status": status,
            });
            assert_eq!(super::super::problem(&key, &Live::from_value(live)), *expected, "{kind} {what}");
        }
    }

    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn of_gateways_and_listener_sets() -> Vec<Case> {
        let good = || json!([yes("Accepted"), yes("ResolvedRefs"), yes("Programmed")]);
        let unlike = |one: Value| json!([yes("Accepted"), yes("Programmed"), one]);
        vec![
            ("nothing said", json!({}), NOT_TAKEN_UP),
            (
                "what the API itself puts there",
                json!({ "conditions": [
                    { "type": "Accepted", "status": "Unknown", "reason": "Pending", "message": "Waiting for controller" },
                    { "type": "Programmed", "status": "Unknown", "reason": "Pending", "message": "Waiting for controller" },
                ] }),
                NOT_TAKEN_UP,
            ),
            ("accepted and programmed", whole(&yes("Accepted"), &yes("Programmed"), &[good()]), ""),
            (
                "programmed without listeners mentioned",
                json!({ "conditions": [yes("Accepted"), yes("Programmed")] }),
                "",
            ),
            ("accepted, not programmed yet", json!({ "conditions": [yes("Accepted")] }), NOT_TAKEN_UP),
            (
                "not accepted",
                whole(
                    &condition("Accepted", "False", "UnsupportedAddress", "No such address."),
                    &condition("Programmed", "False", "Invalid", "No."),
                    &[],
                ),
                "No such address (UnsupportedAddress).",
            ),
            (
                "not let in by its parent",
                whole(
                    &condition("Accepted", "False", "NotAllowed", ""),
                    &condition("Programmed", "False", "NotAllowed", ""),
                    &[],
                ),
                "NotAllowed.",
            ),
            (
                "programmed false",
                whole(
                    &yes("Accepted"),
                    &condition("Programmed", "False", "AddressNotAssigned", "No address"),
                    &[good()],
                ),
                "No address (AddressNotAssigned).",
            ),
            (
                "a host name that another has",
                whole(
                    &condition("Accepted", "True", "ListenersNotValid", "Some are not valid."),
                    &yes("Programmed"),
                    &[
                        good(),
                        unlike(condition("Conflicted", "True", "HostnameConflict", "Taken by other/set.")),
                    ],
                ),
                "Listener l1: Taken by other/set (HostnameConflict).",
            ),
            (
                "a port that another protocol has",
                whole(
                    &condition("Accepted", "False", "ListenersNotValid", "None is valid."),
                    &condition("Programmed", "False", "Invalid", "No."),
                    &[unlike(condition("Conflicted", "True", "ProtocolConflict", "Port 80 is for HTTP."))],
                ),
                "Listener l0: Port 80 is for HTTP (ProtocolConflict).",
            ),
            (
                "a kind of route that it does not know",
                whole(
                    &yes("Accepted"),
                    &yes("Programmed"),
                    &[unlike(condition("ResolvedRefs", "False", "InvalidRouteKinds", "No GRPCRoute."))],
                ),
                "Listener l0: No GRPCRoute (InvalidRouteKinds).",
            ),
            (
                "a certificate that is not there, and one that may not be used",
                whole(
                    &yes("Accepted"),
                    &yes("Programmed"),
                    &[
                        unlike(condition(
                            "ResolvedRefs",
                            "False",
                            "InvalidCertificateRef",
                            "No Secret acme-gw-tls.",
                        )),
                        unlike(condition(
                            "ResolvedRefs",
                            "False",
                            "RefNotPermitted",
                            "In another namespace.",
                        )),
                    ],
                ),
                "Listener l0: No Secret acme-gw-tls (InvalidCertificateRef). Listener l1: In another namespace (RefNotPermitted).",
            ),
            (
                "said of an older generation",
                json!({ "conditions": [
                    { "type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 2 },
                    { "type": "Programmed", "status": "True", "reason": "Programmed", "observedGeneration": 2 },
                ] }),
                OUTDATED,
            ),
            (
                "a listener of an older generation",
                whole(
                    &yes("Accepted"),
                    &yes("Programmed"),
                    &[json!([
                        { "type": "Programmed", "status": "True", "reason": "Programmed", "observedGeneration": 1 },
                    ])],
                ),
                "Listener l0: Its controller has not looked at the last change yet.",
            ),
            (
                "by a controller that does not say of which generation it speaks",
                json!({ "conditions": [
                    { "type": "Accepted", "status": "True", "reason": "Accepted" },
                    { "type": "Programmed", "status": "True", "reason": "Programmed" },
                ] }),
                "",
            ),
        ]
    }

    /// FLEET-5: what a gateway's controller says is what is reported, for each state that the Gateway API knows.
    #[test]
    fn fleet_5_what_is_said_of_gateways_and_listeners() {
        let cases = of_gateways_and_listener_sets();
        check("gateway.networking.k8s.io/v1", "Gateway", &cases);
        check("gateway.networking.k8s.io/v1", "ListenerSet", &cases);
    }

    /// FLEET-5: the same for routes, at each of their parents.
    #[test]
    #[expect(clippy::too_many_lines, reason = "it is a table")]
    fn fleet_5_what_is_said_of_routes() {
        let parents = |parents: &[Value]| {
            let parents: Vec<Value> = parents
                .iter()
                .map(|conditions| json!({ "parentRef": { "name": "acme-gw" }, "conditions": conditions }))
                .collect();
            json!({ "parents": parents })
        };
        let refused = |reason: &str, message: &str| {
            parents(&[json!([condition("Accepted", "False", reason, message), yes("ResolvedRefs")])])
        };
        let cases = [
            ("nothing said", json!({}), NOT_TAKEN_UP),
            ("accepted", parents(&[json!([yes("Accepted"), yes("ResolvedRefs")])]), ""),
            (
                "not looked at yet",
                parents(&[json!([condition("Accepted", "Unknown", "Pending", "Waiting.")])]),
                "At acme-gw: No gateway controller has taken it up yet.",
            ),
            (
                "from a namespace that may not attach",
                refused("NotAllowedByListeners", "Not from here."),
                "At acme-gw: Not from here (NotAllowedByListeners).",
            ),
            (
                "with host names that no listener is for",
                refused("NoMatchingListenerHostname", "No listener for a.example."),
                "At acme-gw: No listener for a.example (NoMatchingListenerHostname).",
            ),
            (
                "to a parent that is not there",
                refused("NoMatchingParent", ""),
                "At acme-gw: NoMatchingParent.",
            ),
            (
                "with a service of another namespace",
                parents(&[json!([
                    yes("Accepted"),
                    condition("ResolvedRefs", "False", "RefNotPermitted", "Not allowed to reach b/c."),
                ])]),
                "At acme-gw: Not allowed to reach b/c (RefNotPermitted).",
            ),
            (
                "with a service that is not there, at one of two parents",
                parents(&[
                    json!([yes("Accepted"), yes("ResolvedRefs")]),
                    json!([
                        yes("Accepted"),
                        condition("ResolvedRefs", "False", "BackendNotFound", "No web.")
                    ]),
                ]),
                "At acme-gw: No web (BackendNotFound).",
            ),
            (
                "with a filter that is not there",
                parents(&[json!([
                    yes("Accepted"),
                    condition("ResolvedRefs", "False", "InvalidKind", "No such.")
                ])]),
                "At acme-gw: No such (InvalidKind).",
            ),
            (
                "said of an older generation",
                parents(&[json!([
                    { "type": "Accepted", "status": "True", "reason": "Accepted", "observedGeneration": 2 },
                    { "type": "ResolvedRefs", "status": "True", "reason": "ResolvedRefs", "observedGeneration": 2 },
                ])]),
                "At acme-gw: Its controller has not looked at the last change yet.",
            ),
        ];
        for kind in ["HTTPRoute", "GRPCRoute", "TLSRoute"] {
            check("gateway.networking.k8s.io/v1", kind, &cases);
        }
        let key = ObjectKey {
            api_version: "gateway.networking.k8s.io/v1".to_owned(),
            kind: "HTTPRoute".to_owned(),
            namespace: None,
            name: "x".to_owned(),
        };
        assert!(problem(&key, &Live::from_value(json!({}))).contains("names no gateway"));
    }
}
