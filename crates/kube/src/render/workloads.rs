//! What the workloads of organizations may not ask for (FLEET-5): nodes, rank, volumes and addresses of others. For every
//! namespace of every organization, whoever asks: a controller with all rights acts on the word of a tenant, too.
//!
//! Checked on the result, after everything that changes what was asked for.

use super::admission::{GROUP, Policy, is_controller, listed, on, tenants};
use super::labels::{NODE_SELECTOR_ANNOTATION, ROLE_LABEL, TOLERATIONS_ANNOTATION};
use crate::object::Object;
use serde_json::json;

/// The policies over pods, their binding to nodes, services and claims.
pub(super) fn render() -> Vec<Object> {
    [pods(), bindings(), services(), claims()].into_iter().flat_map(Policy::render).collect()
}

/// A pod goes to the nodes of its organization's pool, and where there is none to nodes that are nobody's. A pod that is
/// there already may be changed otherwise.
fn pods() -> Policy<'static> {
    Policy {
        name: "bastide-pods",
        namespaces: tenants(),
        objects: json!({}),
        rules: vec![on("", &["pods", "pods/ephemeralcontainers", "pods/resize"], &["CREATE", "UPDATE"])],
        condition: None,
        variables: vec![
            ("selector", listed(NODE_SELECTOR_ANNOTATION)),
            ("tolerations", listed(TOLERATIONS_ANNOTATION)),
            ("byDaemonSet", is_controller(&["daemon-set-controller"])),
            ("before", "oldObject == null ? [] : oldObject.spec.?tolerations.orValue([])".to_owned()),
            ("rank", "object.spec.?priorityClassName.orValue('')".to_owned()),
        ],
        checks: vec![
            (
                "oldObject != null || object.spec.?nodeName.orValue('') == ''".to_owned(),
                "NodeNameNotAllowed: spec.nodeName is set by the scheduler only; use a node selector.",
            ),
            (
                "variables.selector.all(p, object.spec.?nodeSelector.orValue({}).exists(k, k + '=' + object.spec.nodeSelector[k] == p)) || (oldObject != null && object.spec.?nodeSelector == oldObject.spec.?nodeSelector)".to_owned(),
                "NodePoolNotAllowed: spec.nodeSelector has to name the organization's node pool.",
            ),
            (
                format!(
                    "object.spec.?tolerations.orValue([]).all(t, t in variables.before || {IS_OF_THE_POOL} || {IS_OF_KUBERNETES})"
                ),
                "TolerationNotAllowed: spec.tolerations may hold those of the organization's node pool, and those of node.kubernetes.io/not-ready and node.kubernetes.io/unreachable for a number of seconds.",
            ),
            (
                // Unset, below zero, or a class that the cluster's administrator lets the pod's account use.
                "oldObject != null || (!variables.rank.startsWith('system-') && (object.spec.?priority.orValue(0) <= 0 || (variables.rank != '' && authorizer.serviceAccount(request.namespace, object.spec.?serviceAccountName.orValue('default')).group('scheduling.k8s.io').resource('priorityclasses').name(variables.rank).check('use').allowed())))".to_owned(),
                "PriorityNotAllowed: spec.priorityClassName may not name a class of the system, nor one with a value above zero that the service account may not `use`.",
            ),
        ],
    }
}

/// One of the pool's, written as `kubectl taint` writes it. Without a key it would tolerate everything.
const IS_OF_THE_POOL: &str = "(t.?key.orValue('') != '' && t.?operator.orValue('') in ['', 'Equal', 'Exists'] && (t.key + (t.?operator.orValue('') == 'Exists' ? '' : '=' + t.?value.orValue('')) + (t.?effect.orValue('') == '' ? '' : ':' + t.effect)) in variables.tolerations)";

/// What every pod is given for a node that stops to answer, and what the pods of daemon sets are given beside that.
const IS_OF_KUBERNETES: &str = "(t.?operator.orValue('') == 'Exists' && ((t.?effect.orValue('') == 'NoExecute' && t.?key.orValue('') in ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] && (has(t.tolerationSeconds) || variables.byDaemonSet)) || (variables.byDaemonSet && t.?effect.orValue('') == 'NoSchedule' && t.?key.orValue('') in ['node.kubernetes.io/disk-pressure', 'node.kubernetes.io/memory-pressure', 'node.kubernetes.io/network-unavailable', 'node.kubernetes.io/pid-pressure', 'node.kubernetes.io/unschedulable'])))";

/// Pods are put on nodes by a scheduler: that of Kubernetes, or one that may `bind` `pods` of `bastide.dev`.
fn bindings() -> Policy<'static> {
    Policy {
        name: "bastide-bindings",
        namespaces: tenants(),
        objects: json!({}),
        rules: vec![on("", &["bindings", "pods/binding"], &["CREATE"])],
        condition: None,
        variables: Vec::new(),
        checks: vec![(
            format!(
                "request.userInfo.username == 'system:kube-scheduler' || authorizer.group('{GROUP}').resource('pods').check('bind').allowed()"
            ),
            "BindingNotAllowed: pods are bound to nodes by the scheduler only.",
        )],
    }
}

/// No address that is not the organization's to give, and no name by which whoever follows it (a gateway, say) would be
/// led to what the organization cannot reach itself. What is there already may be changed otherwise.
fn services() -> Policy<'static> {
    Policy {
        name: "bastide-services",
        // In gateway namespaces tenants make no services, and controllers give gateways their addresses this way.
        namespaces: json!({ "matchExpressions": [
            { "key": super::ORGANIZATION_LABEL, "operator": "Exists" },
            { "key": ROLE_LABEL, "operator": "NotIn", "values": ["gateway"] },
        ] }),
        objects: json!({}),
        rules: vec![on("", &["services"], &["CREATE", "UPDATE"])],
        condition: None,
        variables: vec![
            ("isAlias", "object.spec.?type.orValue('') == 'ExternalName'".to_owned()),
            ("alias", "object.spec.?externalName.orValue('')".to_owned()),
            ("labels", "variables.alias.split('.')".to_owned()),
        ],
        checks: vec![
            (
                "object.spec.?externalIPs.orValue([]).all(ip, oldObject != null && ip in oldObject.spec.?externalIPs.orValue([]))".to_owned(),
                "ExternalIPNotAllowed: spec.externalIPs takes over the traffic to addresses of others.",
            ),
            (
                // Absolute, so that no search list applies; then only names of the cluster's own domains are left, all of
                // which have `svc` or `pod` in them, and names and addresses of the machine and its surroundings.
                "!variables.isAlias || (oldObject != null && object.spec == oldObject.spec) || (variables.alias.endsWith('.') && size(variables.labels) > 2 && !variables.labels.exists(l, l in ['svc', 'pod', 'localhost']) && !(variables.labels[size(variables.labels) - 2] in ['arpa', 'cluster', 'internal', 'local']) && variables.labels[size(variables.labels) - 2].matches('[a-z]'))".to_owned(),
                "ExternalNameNotAllowed: spec.externalName has to be an absolute name that ends in a dot, outside of the cluster.",
            ),
        ],
    }
}

/// A claim gets the volume that the cluster finds for it, never one by name: that may have been another organization's.
fn claims() -> Policy<'static> {
    let binder = is_controller(&["persistent-volume-binder"]);
    Policy {
        name: "bastide-claims",
        namespaces: tenants(),
        objects: json!({}),
        rules: vec![on("", &["persistentvolumeclaims"], &["CREATE", "UPDATE"])],
        condition: None,
        variables: vec![
            ("volume", "object.spec.?volumeName.orValue('')".to_owned()),
            ("before", "oldObject == null ? '' : oldObject.spec.?volumeName.orValue('')".to_owned()),
        ],
        checks: vec![
            (
                format!("variables.volume == variables.before || (oldObject != null && {binder})"),
                "VolumeNameNotAllowed: spec.volumeName is set by the cluster only.",
            ),
            (
                "object.spec.?dataSourceRef.?namespace.orValue(request.namespace) == request.namespace"
                    .to_owned(),
                "DataSourceNotAllowed: spec.dataSourceRef may not name another namespace.",
            ),
        ],
    }
}
