//! Who may do what in an organization's namespaces (ROLE-2 as the second lock on the cluster).
//!
//! Three fixed roles for the whole cluster, bound once per namespace to groups, never to users: whoever joins or leaves
//! an organization changes nothing here. No verb is `*`, and nothing lets a tenant widen its own rights, act as a
//! service account, or change what confines it.

use bastide_model::placement::DesiredOrganization;
use serde_json::{Value, json};

use super::{labelled, labels, namespace_names, of_organization};
use crate::object::{CLUSTER_ROLE, Object, ROLE_BINDING};

/// Works with everything of its own, and changes nothing that confines it.
pub const TENANT_EDIT: &str = "bastide-tenant-edit";
/// Sees what is there, but no secrets.
pub const TENANT_VIEW: &str = "bastide-tenant-view";
/// Keeps the certificates of the organization's gateway.
pub const TENANT_GATEWAY: &str = "bastide-tenant-gateway";

const READ: &[&str] = &["get", "list", "watch"];
const WRITE: &[&str] = &["create", "update", "patch", "delete", "deletecollection"];
/// A stream into a pod is a `get` or a `create`, depending on how it is opened.
const STREAM: &[&str] = &["get", "create"];

/// What a role can write, by API group. Ingresses are missing: traffic comes in through the gateway.
const WRITABLE: &[(&str, &[&str])] = &[
    ("", &["configmaps", "persistentvolumeclaims", "pods", "serviceaccounts", "services"]),
    (
        "apps",
        &[
            "daemonsets",
            "deployments",
            "deployments/scale",
            "replicasets",
            "replicasets/scale",
            "statefulsets",
            "statefulsets/scale",
        ],
    ),
    ("autoscaling", &["horizontalpodautoscalers"]),
    ("batch", &["cronjobs", "jobs"]),
    ("coordination.k8s.io", &["leases"]),
    ("gateway.networking.k8s.io", &["grpcroutes", "httproutes"]),
    ("policy", &["poddisruptionbudgets"]),
];

/// What can only be read, by API group: the state of the above, and what confines the organization.
const READABLE: &[(&str, &[&str])] = &[
    (
        "",
        &[
            "endpoints",
            "events",
            "limitranges",
            "namespaces",
            "persistentvolumeclaims/status",
            "pods/log",
            "pods/status",
            "resourcequotas",
            "resourcequotas/status",
            "services/status",
        ],
    ),
    ("apps", &["daemonsets/status", "deployments/status", "replicasets/status", "statefulsets/status"]),
    ("autoscaling", &["horizontalpodautoscalers/status"]),
    ("batch", &["cronjobs/status", "jobs/status"]),
    ("discovery.k8s.io", &["endpointslices"]),
    ("events.k8s.io", &["events"]),
    (
        "gateway.networking.k8s.io",
        &[
            "gateways",
            "gateways/status",
            "grpcroutes/status",
            "httproutes/status",
            "listenersets",
            "listenersets/status",
        ],
    ),
    ("metrics.k8s.io", &["pods"]),
    ("networking.k8s.io", &["networkpolicies"]),
    ("policy", &["poddisruptionbudgets/status"]),
    ("rbac.authorization.k8s.io", &["rolebindings", "roles"]),
];

/// One role of an organization, and what it is bound to.
struct Grant {
    /// Last part of the group's name, and of the binding's.
    role: &'static str,
    /// In the main namespace.
    main: &'static str,
    /// In the gateway namespace.
    gateway: &'static str,
}

const GRANTS: [Grant; 3] = [
    Grant { role: "owner", main: TENANT_EDIT, gateway: TENANT_GATEWAY },
    Grant { role: "administrator", main: TENANT_EDIT, gateway: TENANT_GATEWAY },
    Grant { role: "member", main: TENANT_VIEW, gateway: TENANT_VIEW },
];

/// The group that holds a role at an organization, as the API server is told: `bastide:org:<organization id>:<role>`.
/// Roles are `owner`, `administrator` and `member`.
pub fn group(organization: bastide_model::OrganizationId, role: &str) -> String {
    format!("bastide:org:{organization}:{role}")
}

/// The roles that every organization's bindings refer to.
pub(super) fn cluster_roles() -> Vec<Object> {
    let view = [rules(WRITABLE, READ), rules(READABLE, READ)].concat();
    let mut edit = [rules(WRITABLE, &[READ, WRITE].concat()), rules(READABLE, READ)].concat();
    edit.push(rule("", &["secrets"], &[READ, WRITE].concat()));
    edit.push(rule("", &["pods/attach", "pods/exec", "pods/portforward"], STREAM));
    edit.push(rule("", &["pods/eviction"], &["create"]));
    let mut gateway = view.clone();
    gateway.push(rule("", &["secrets"], &[READ, WRITE].concat()));
    [(TENANT_EDIT, edit), (TENANT_GATEWAY, gateway), (TENANT_VIEW, view)]
        .into_iter()
        .map(|(name, rules)| {
            labelled(&CLUSTER_ROLE, None, name, labels::of_bastide(), json!({ "rules": rules }))
        })
        .collect()
}

/// One binding for each role in each namespace.
pub(super) fn bindings(desired: &DesiredOrganization) -> Vec<Object> {
    let [main, gateway] = namespace_names(desired);
    GRANTS
        .iter()
        .flat_map(|grant| {
            [
                binding(desired, &main, grant.role, grant.main),
                binding(desired, &gateway, grant.role, grant.gateway),
            ]
        })
        .collect()
}

fn binding(desired: &DesiredOrganization, namespace: &str, role: &str, cluster_role: &str) -> Object {
    let body = json!({
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": cluster_role },
        "subjects": [{
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "Group",
            "name": group(desired.organization, role),
        }],
    });
    of_organization(desired, &ROLE_BINDING, Some(namespace), &format!("bastide-{role}"), body)
}

fn rules(table: &[(&str, &[&str])], verbs: &[&str]) -> Vec<Value> {
    table.iter().map(|(group, resources)| rule(group, resources, verbs)).collect()
}

/// One rule over resources of one group.
pub(super) fn rule(group: &str, resources: &[&str], verbs: &[&str]) -> Value {
    json!({ "apiGroups": [group], "resources": resources, "verbs": verbs })
}
