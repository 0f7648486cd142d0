//! Binds the pods of an organization to its nodes (FLEET-5): an admission policy that sets node selector and
//! tolerations of every pod that is created in one of its namespaces.
//!
//! A JSON patch, because an apply configuration may touch neither the node selector (an atomic map) nor the tolerations
//! (an atomic list). Evaluated in the API server itself: there is nothing that could fail to answer.

use std::collections::BTreeMap;

use bastide_model::labels::{NodePool, TaintEffect, Toleration, TolerationOperator};
use bastide_model::placement::DesiredOrganization;
use serde_json::{Value, json};

use super::{labels, of_organization};
use crate::object::{MUTATING_ADMISSION_POLICY, MUTATING_ADMISSION_POLICY_BINDING, Object};

/// Policy and binding, when a pool is chosen.
pub(super) fn render(desired: &DesiredOrganization) -> Vec<Object> {
    let Some(pool) = &desired.node_pool else { return Vec::new() };
    // Of the id, not of the slug: unique on the cluster, and an underscore is not allowed in a name.
    let name = format!("bastide-node-pool-{}", desired.organization.to_string().replace('_', "-"));
    vec![policy(desired, &name, pool), binding(desired, &name)]
}

/// Every default of Kubernetes is spelled out, so that what is read back compares equal.
fn policy(desired: &DesiredOrganization, name: &str, pool: &NodePool) -> Object {
    let mutations: Vec<Value> = [selector_patch(pool.labels())]
        .into_iter()
        .chain(toleration_patch(pool.tolerations()))
        .map(|expression| json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": expression } }))
        .collect();
    let spec = json!({
        "failurePolicy": "Fail",
        // Once more when another policy or webhook changes the pod afterwards.
        "reinvocationPolicy": "IfNeeded",
        "matchConstraints": {
            "matchPolicy": "Equivalent",
            "namespaceSelector": labels::namespaces_of(desired),
            "objectSelector": {},
            "resourceRules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "*",
            }],
        },
        "mutations": mutations,
    });
    of_organization(desired, &MUTATING_ADMISSION_POLICY, None, name, json!({ "spec": spec }))
}

fn binding(desired: &DesiredOrganization, name: &str) -> Object {
    let spec = json!({ "policyName": name });
    of_organization(desired, &MUTATING_ADMISSION_POLICY_BINDING, None, name, json!({ "spec": spec }))
}

/// Sets each label of the pool in the pod's node selector; what the pod asks for beside them may only narrow it.
fn selector_patch(labels: &BTreeMap<String, String>) -> String {
    let adds = labels.iter().map(|(key, value)| {
        let path = format!("/spec/nodeSelector/{}", key.replace('~', "~0").replace('/', "~1"));
        format!("JSONPatch{{op: \"add\", path: {}, value: {}}}", text(&path), text(value))
    });
    format!(
        "(has(object.spec.nodeSelector) ? [] : [JSONPatch{{op: \"add\", path: \"/spec/nodeSelector\", value: {{}}}}]) + [{}]",
        adds.collect::<Vec<_>>().join(", ")
    )
}

/// Adds each toleration of the pool that the pod does not have yet; absent when the pool's nodes have no taints.
fn toleration_patch(tolerations: &[Toleration]) -> Option<String> {
    if tolerations.is_empty() {
        return None;
    }
    let mut parts = vec![
        "(has(object.spec.tolerations) ? [] : [JSONPatch{op: \"add\", path: \"/spec/tolerations\", value: []}])"
            .to_owned(),
    ];
    parts.extend(tolerations.iter().map(|toleration| {
        format!(
            "({} ? [] : [JSONPatch{{op: \"add\", path: \"/spec/tolerations/-\", value: {}}}])",
            is_tolerated(toleration),
            literal(toleration)
        )
    }));
    Some(parts.join(" + "))
}

/// Whether the pod has this very toleration.
fn is_tolerated(toleration: &Toleration) -> String {
    format!(
        "object.spec.?tolerations.orValue([]).exists(t, t.?key.orValue(\"\") == {} && t.?operator.orValue(\"Equal\") == {} && t.?value.orValue(\"\") == {} && t.?effect.orValue(\"\") == {} && !has(t.tolerationSeconds))",
        text(&toleration.key),
        text(operator(toleration.operator)),
        text(&toleration.value),
        text(toleration.effect.map_or("", effect)),
    )
}

fn literal(toleration: &Toleration) -> String {
    let mut fields = vec![
        format!("key: {}", text(&toleration.key)),
        format!("operator: {}", text(operator(toleration.operator))),
    ];
    if !toleration.value.is_empty() {
        fields.push(format!("value: {}", text(&toleration.value)));
    }
    if let Some(chosen) = toleration.effect {
        fields.push(format!("effect: {}", text(effect(chosen))));
    }
    format!("Object.spec.tolerations{{{}}}", fields.join(", "))
}

const fn operator(operator: TolerationOperator) -> &'static str {
    match operator {
        TolerationOperator::Equal => "Equal",
        TolerationOperator::Exists => "Exists",
    }
}

const fn effect(effect: TaintEffect) -> &'static str {
    match effect {
        TaintEffect::NoSchedule => "NoSchedule",
        TaintEffect::PreferNoSchedule => "PreferNoSchedule",
        TaintEffect::NoExecute => "NoExecute",
    }
}

/// A string of the expression language. Keys and values of a pool hold neither quotes nor backslashes
/// (`bastide_model::labels`), and JSON's escapes are understood there, too.
fn text(text: &str) -> String {
    Value::from(text).to_string()
}
