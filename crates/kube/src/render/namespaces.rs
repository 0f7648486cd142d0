//! Namespaces with what identifies and confines them: labels of the organization, Pod Security labels, annotations.

use bastide_model::placement::DesiredOrganization;
use serde_json::{Map, Value, json};

use super::labels::{
    GATEWAY_ANNOTATION, HOST_NAMES_ANNOTATION, NAME_ANNOTATION, NODE_SELECTOR_ANNOTATION, ROLE_LABEL,
    ROUTE_PARENT_ANNOTATION, SLUG_ANNOTATION, TOLERATIONS_ANNOTATION,
};
use super::{
    RenderOptions, SYSTEM_NAMESPACE, gateway, labelled, labels, namespace_names, of_organization, own_gateway,
};
use crate::object::{NAMESPACE, Object};

/// The namespaces of an organization: for its workloads, and for its gateway.
pub(super) fn render(desired: &DesiredOrganization, options: &RenderOptions) -> Vec<Object> {
    let [main, gateway] = namespace_names(desired);
    vec![
        namespace(desired, options, &main, "main", "restricted"),
        // The pods of a gateway listen on low ports and forward packets, which `restricted` does not allow everywhere.
        namespace(desired, options, &gateway, "gateway", "baseline"),
    ]
}

/// Bastide's own namespace.
pub(super) fn system(options: &RenderOptions) -> Object {
    let body = json!({ "metadata": { "labels": pod_security(options, "restricted") } });
    labelled(&NAMESPACE, None, SYSTEM_NAMESPACE, labels::of_bastide(), body)
}

fn namespace(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    name: &str,
    role: &str,
    enforced: &str,
) -> Object {
    let mut own = pod_security(options, enforced);
    own.insert(ROLE_LABEL.to_owned(), json!(role));
    let body = json!({ "metadata": { "labels": own, "annotations": annotations(desired, options) } });
    of_organization(desired, &NAMESPACE, None, name, body)
}

/// Pods that break `enforced` are refused; what breaks `restricted` is warned of and audited everywhere. The version is
/// pinned, so that an upgrade of the cluster changes nothing until Bastide says so.
pub(super) fn pod_security(options: &RenderOptions, enforced: &str) -> Map<String, Value> {
    let mut labels = Map::new();
    for (mode, level) in [("enforce", enforced), ("audit", "restricted"), ("warn", "restricted")] {
        labels.insert(format!("pod-security.kubernetes.io/{mode}"), json!(level));
        labels.insert(
            format!("pod-security.kubernetes.io/{mode}-version"),
            json!(options.pod_security_version),
        );
    }
    labels
}

/// Those of the organization, what people need to recognize it by, and what its pods and routes are held to
/// (`workloads.rs`, `routes.rs`).
fn annotations(desired: &DesiredOrganization, options: &RenderOptions) -> Map<String, Value> {
    let mut annotations: Map<String, Value> =
        desired.annotations.iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    annotations.insert(SLUG_ANNOTATION.to_owned(), json!(desired.slug));
    annotations.insert(NAME_ANNOTATION.to_owned(), json!(desired.name));
    let gateway_kind = if own_gateway(desired).is_some() { "dedicated" } else { "shared" };
    annotations.insert(GATEWAY_ANNOTATION.to_owned(), json!(gateway_kind));
    annotations.insert(ROUTE_PARENT_ANNOTATION.to_owned(), json!(gateway::route_parent(desired, options)));
    if !desired.host_names.is_empty() {
        let names: Vec<_> = desired.host_names.iter().map(ToString::to_string).collect();
        annotations.insert(HOST_NAMES_ANNOTATION.to_owned(), json!(names.join(",")));
    }
    if let Some(pool) = &desired.node_pool {
        let labels: Vec<_> = pool.labels().iter().map(|(key, value)| format!("{key}={value}")).collect();
        let tolerations: Vec<_> = pool.tolerations().iter().map(ToString::to_string).collect();
        annotations.insert(NODE_SELECTOR_ANNOTATION.to_owned(), json!(labels.join(",")));
        if !tolerations.is_empty() {
            annotations.insert(TOLERATIONS_ANNOTATION.to_owned(), json!(tolerations.join(",")));
        }
    }
    annotations
}
