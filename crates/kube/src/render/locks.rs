//! What Bastide put on a cluster stays as it is, whatever RBAC allows (FLEET-5): namespaces of organizations, and
//! Bastide's own objects in them and beside them. Only the agent and administrators of the cluster may change them.
//!
//! Admission policies cannot guard each other: Kubernetes lets none see changes of policies. Tenants have no right to
//! them, and the agent repairs them.

use serde_json::{Value, json};

use super::admission::{Policy, is_controller, is_unprivileged, on};
use super::labels::{MANAGED_BY, MANAGED_BY_LABEL, ORGANIZATION_LABEL};
use crate::object::{CONFIG_MAP, DEPLOYMENT, Object, RESOURCES, Resource, SECRET, SERVICE_ACCOUNT};

/// Kinds that others make with labels copied from ours: a gateway controller makes what serves a gateway.
const MADE_BY_OTHERS: [&Resource; 4] = [&CONFIG_MAP, &DEPLOYMENT, &SECRET, &SERVICE_ACCOUNT];
/// Versions whose kinds outside of namespaces have a policy of their own, or are seen by none.
const NOT_BY_LABEL: [&str; 2] = ["v1", "admissionregistration.k8s.io/v1"];

/// The policies over namespaces and over Bastide's own objects.
pub(super) fn render() -> Vec<Object> {
    [namespaces(), own_objects()].into_iter().flat_map(Policy::render).collect()
}

/// Labels and annotations decide whose a namespace is and what confines it, so nobody sets, changes or removes them;
/// owners and finalizers decide whether it goes, so nobody adds any.
fn namespaces() -> Policy<'static> {
    let ending = is_controller(&["namespace-controller"]);
    Policy {
        name: "bastide-namespaces",
        namespaces: json!({}),
        objects: json!({}),
        // With `/status` and `/finalize`: each of them carries the labels, too.
        rules: vec![on("", &["namespaces", "namespaces/*"], &["CREATE", "UPDATE", "DELETE"])],
        condition: Some(is_unprivileged()),
        variables: vec![
            ("before", metadata("oldObject", "labels", "{}")),
            ("after", metadata("object", "labels", "{}")),
            ("notesBefore", metadata("oldObject", "annotations", "{}")),
            ("notesAfter", metadata("object", "annotations", "{}")),
            (
                "isTenant",
                format!(
                    "[variables.before, variables.after].exists(l, '{ORGANIZATION_LABEL}' in l || l[?'{MANAGED_BY_LABEL}'].orValue('') == '{MANAGED_BY}')"
                ),
            ),
        ],
        checks: vec![
            (
                unchanged(
                    "before",
                    "after",
                    &format!(
                        "k.startsWith('bastide.dev/') || (variables.isTenant && (k.startsWith('pod-security.kubernetes.io/') || k == '{MANAGED_BY_LABEL}'))"
                    ),
                ),
                "NamespaceLocked: labels that say whose a namespace is and what confines it are set, changed and removed by Bastide only; nobody else adopts or deletes such a namespace.",
            ),
            (
                unchanged(
                    "notesBefore",
                    "notesAfter",
                    // Those of the scheduler set node selectors and tolerations of all pods where its plug-ins run.
                    "k.startsWith('bastide.dev/') || (variables.isTenant && k.startsWith('scheduler.alpha.kubernetes.io/'))",
                ),
                "NamespaceLocked: annotations that say what confines a namespace are set, changed and removed by Bastide only.",
            ),
            (
                format!("!variables.isTenant || object == null || {}", nothing_added("ownerReferences")),
                "NamespaceOwnerLocked: nobody becomes the owner of an organization's namespace.",
            ),
            (
                format!("!variables.isTenant || object == null || {}", nothing_added("finalizers")),
                "NamespaceFinalizerLocked: nobody keeps an organization's namespace from going.",
            ),
            (
                format!(
                    "!variables.isTenant || request.operation != 'UPDATE' || {ending} || (object.?spec.?finalizers == oldObject.?spec.?finalizers && object.?status == oldObject.?status)"
                ),
                "NamespaceStateLocked: the state of an organization's namespace is written by Kubernetes only.",
            ),
        ],
    }
}

/// What carries Bastide's label is made, changed and removed by Bastide only. Status is written by whose it is; only that
/// of a quota says how much may still be used.
fn own_objects() -> Policy<'static> {
    let controllers = is_controller(&["namespace-controller", "generic-garbage-collector"]);
    let counting = is_controller(&["resourcequota-controller"]);
    let fields = ["spec", "rules", "subjects", "roleRef", "aggregationRule", "data"]
        .map(|field| format!("object.?{field} == oldObject.?{field}"))
        .join(" && ");
    let same = |field: &str| {
        format!("{} == {}", metadata("object", field, "{}"), metadata("oldObject", field, "{}"))
    };
    Policy {
        name: "bastide-objects",
        namespaces: json!({}),
        objects: json!({ "matchLabels": { MANAGED_BY_LABEL: MANAGED_BY } }),
        rules: own_kinds(),
        condition: Some(is_unprivileged()),
        variables: Vec::new(),
        checks: vec![
            (
                "request.operation != 'CREATE'".to_owned(),
                "ObjectLocked: only Bastide makes objects with Bastide's label.",
            ),
            (
                // What is in a namespace that ends goes with it.
                format!("request.operation != 'DELETE' || {controllers}"),
                "ObjectLocked: what Bastide made is removed by Bastide only.",
            ),
            (
                format!("request.operation != 'UPDATE' || ({fields} && {})", same("labels")),
                "ObjectLocked: what Bastide made is changed by Bastide only.",
            ),
            (
                // Their controller may note something on gateways and listeners and hold them back until what serves them is
                // gone.
                format!(
                    "request.operation != 'UPDATE' || request.resource.resource in ['gateways', 'listenersets'] || ({} && {})",
                    same("annotations"),
                    nothing_added("finalizers")
                ),
                "ObjectLocked: what Bastide made is annotated and held back by Bastide only.",
            ),
            (
                format!("request.operation != 'UPDATE' || {}", nothing_added("ownerReferences")),
                "ObjectLocked: nobody becomes the owner of what Bastide made.",
            ),
            (
                format!(
                    "request.resource.resource != 'resourcequotas' || request.?subResource.orValue('') != 'status' || {counting}"
                ),
                "ObjectLocked: what is used is counted by Kubernetes only.",
            ),
        ],
    }
}

/// Every kind that Bastide makes objects of and that the label alone tells whose an object is.
fn own_kinds() -> Vec<Value> {
    let kinds = RESOURCES
        .iter()
        .filter(|kind| kind.namespaced || !NOT_BY_LABEL.contains(&kind.api_version))
        .filter(|kind| !MADE_BY_OTHERS.contains(kind));
    kinds
        .map(|kind| {
            let all = format!("{}/*", kind.plural);
            on(kind.group(), &[kind.plural, &all], &["CREATE", "UPDATE", "DELETE"])
        })
        .collect()
}

/// A field of the metadata of `object` or `oldObject`; there is none of them before a creation and after a deletion.
fn metadata(of: &str, field: &str, empty: &str) -> String {
    format!("({of} == null ? {empty} : {of}.metadata.?{field}.orValue({empty}))")
}

/// Whether all keys of two maps for which `is_locked` holds (of `k`) are the same in both.
fn unchanged(before: &str, after: &str, is_locked: &str) -> String {
    let (before, after) = (format!("variables.{before}"), format!("variables.{after}"));
    format!(
        "{after}.all(k, !({is_locked}) || (k in {before} && {before}[k] == {after}[k])) && {before}.all(k, !({is_locked}) || k in {after})"
    )
}

/// Whether every item of a list in the metadata was there before.
fn nothing_added(list: &str) -> String {
    format!("{}.all(one, one in {})", metadata("object", list, "[]"), metadata("oldObject", list, "[]"))
}
