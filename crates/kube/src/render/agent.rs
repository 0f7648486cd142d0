//! What has to be on a cluster for the agent to run there: `kubectl apply` of it joins the cluster (FLEET-1).
//!
//! The agent is given exactly what it needs. It may make our three tenant roles and bind them (`escalate` and `bind`,
//! each on those names only) instead of holding every right of every tenant itself.

use serde_json::{Value, json};

use super::admission::{ADMINISTER, GROUP, TENANTS};
use super::rbac::{TENANT_EDIT, TENANT_GATEWAY, TENANT_VIEW, rule};
use super::{RenderOptions, SYSTEM_NAMESPACE, labelled, labels, namespaces};
use crate::network_plugin;
use crate::object::{
    CLUSTER_ROLE, CLUSTER_ROLE_BINDING, DEPLOYMENT, NAMESPACE, Object, ROLE, ROLE_BINDING, Resource, SECRET,
    SERVICE_ACCOUNT,
};

/// Name of the agent's Deployment, service account, roles and bindings.
const AGENT: &str = "bastide-agent";
/// Name of the role and binding by which the agent keeps its records.
const RECORDS: &str = "bastide-agent-records";
/// What the cluster is to be called, for people.
const CLUSTER_ANNOTATION: &str = "bastide.dev/cluster";
/// Port of the agent's health checks.
const HEALTH_PORT: u16 = 8080;
/// Name of the Secret with the join token.
const JOIN_SECRET: &str = "bastide-agent-join";
/// Name of the Secret in which the agent keeps its key and certificate.
const IDENTITY_SECRET: &str = "bastide-agent-identity";
/// Where the join token is found in the agent's file system.
const JOIN_FOLDER: &str = "/etc/bastide/join";
/// A user that is nobody, as in most images without a shell.
const NOBODY: u32 = 65_532;

const READ: &[&str] = &["get", "list", "watch"];
const KEEP: &[&str] = &["get", "list", "watch", "create", "patch", "update", "delete"];

/// What the agent's manifest depends on.
#[derive(Clone, PartialEq, Eq)]
pub struct AgentInstall {
    /// Where the hub is for agents: an `https` address.
    pub hub_url: String,
    /// Lets the agent ask once to be let in.
    pub join_token: String,
    /// SHA-256 of the certificate of the hub's authority in hex, so that the agent knows the hub before it trusts it.
    pub hub_ca_sha256: String,
    /// What the cluster is to be called, for people who look at the Deployment; the join token decides.
    pub cluster_name: String,
    /// The agent's container image.
    pub image: String,
    /// Namespace of the agent; usually [`SYSTEM_NAMESPACE`], in which the records are in any case.
    pub namespace: String,
}

/// Everything for `kubectl apply`. What the agent is told, it is told by the environment variables of its command line
/// (`bastide-agent join --help`).
pub fn agent_manifest(install: &AgentInstall) -> Vec<Object> {
    let namespace = Some(install.namespace.as_str());
    let mut objects = vec![system_namespace(SYSTEM_NAMESPACE)];
    if install.namespace != SYSTEM_NAMESPACE {
        objects.push(system_namespace(&install.namespace));
    }
    objects.extend([
        ours(&SERVICE_ACCOUNT, namespace, AGENT, json!({})),
        ours(&CLUSTER_ROLE, None, AGENT, json!({ "rules": cluster_rules() })),
        ours(&CLUSTER_ROLE_BINDING, None, AGENT, bound(&CLUSTER_ROLE, AGENT, install)),
        ours(&ROLE, namespace, AGENT, json!({ "rules": identity_rules() })),
        ours(&ROLE_BINDING, namespace, AGENT, bound(&ROLE, AGENT, install)),
        ours(&ROLE, Some(SYSTEM_NAMESPACE), RECORDS, json!({ "rules": [rule("", &["configmaps"], KEEP)] })),
        ours(&ROLE_BINDING, Some(SYSTEM_NAMESPACE), RECORDS, bound(&ROLE, RECORDS, install)),
        ours(
            &SECRET,
            namespace,
            JOIN_SECRET,
            json!({ "type": "Opaque", "stringData": { "token": install.join_token } }),
        ),
        ours(&DEPLOYMENT, namespace, AGENT, deployment(install)),
    ]);
    objects
}

/// Pinned to no version: that of the cluster is not known here. The agent pins it once it runs.
fn system_namespace(name: &str) -> Object {
    let system = namespaces::system(&RenderOptions::for_version(""));
    Object::new(&NAMESPACE, None, name, system.body().clone())
}

fn ours(resource: &'static Resource, namespace: Option<&str>, name: &str, body: Value) -> Object {
    labelled(resource, namespace, name, labels::of_bastide(), body)
}

/// Everywhere on the cluster: what is rendered for organizations, and what is reported of the cluster.
fn cluster_rules() -> Vec<Value> {
    let tenant_roles = [TENANT_EDIT, TENANT_GATEWAY, TENANT_VIEW];
    vec![
        rule("", &["limitranges", "namespaces", "resourcequotas"], KEEP),
        rule("networking.k8s.io", &["networkpolicies"], KEEP),
        rule(
            "admissionregistration.k8s.io",
            &[
                "mutatingadmissionpolicies",
                "mutatingadmissionpolicybindings",
                "validatingadmissionpolicies",
                "validatingadmissionpolicybindings",
            ],
            KEEP,
        ),
        // What the locks ask for before they let somebody through.
        rule(GROUP, &[TENANTS], &[ADMINISTER]),
        rule("gateway.networking.k8s.io", &["gateways", "listenersets"], KEEP),
        rule("rbac.authorization.k8s.io", &["rolebindings"], KEEP),
        rule("rbac.authorization.k8s.io", &["clusterroles"], READ),
        json!({
            "apiGroups": ["rbac.authorization.k8s.io"],
            "resources": ["clusterroles"],
            "resourceNames": tenant_roles,
            "verbs": ["bind", "create", "delete", "escalate", "patch", "update"],
        }),
        rule("", &["nodes"], &["list"]),
        json!({
            "apiGroups": ["apps"],
            "resources": ["daemonsets"],
            "resourceNames": network_plugin::daemon_sets(),
            "verbs": ["get"],
        }),
    ]
}

/// In its own namespace: its identity. A name cannot be known when something is created, so `create` has none.
fn identity_rules() -> Vec<Value> {
    vec![
        rule("", &["secrets"], &["create"]),
        json!({
            "apiGroups": [""],
            "resources": ["secrets"],
            "resourceNames": [IDENTITY_SECRET],
            "verbs": ["delete", "get", "patch", "update"],
        }),
    ]
}

fn bound(resource: &Resource, role: &str, install: &AgentInstall) -> Value {
    json!({
        "roleRef": { "apiGroup": resource.group(), "kind": resource.kind, "name": role },
        "subjects": [{ "kind": "ServiceAccount", "name": AGENT, "namespace": install.namespace }],
    })
}

fn deployment(install: &AgentInstall) -> Value {
    let selector = json!({ "app.kubernetes.io/name": AGENT });
    json!({
        "metadata": { "annotations": { CLUSTER_ANNOTATION: install.cluster_name } },
        "spec": {
            "replicas": 1,
            "selector": { "matchLabels": selector },
            // Two agents at one time would undo each other's record.
            "strategy": { "type": "Recreate" },
            "template": { "metadata": { "labels": selector }, "spec": pod(install) },
        },
    })
}

fn pod(install: &AgentInstall) -> Value {
    json!({
        "serviceAccountName": AGENT,
        "securityContext": {
            "runAsNonRoot": true,
            "runAsUser": NOBODY,
            "runAsGroup": NOBODY,
            "seccompProfile": { "type": "RuntimeDefault" },
        },
        "containers": [container(install)],
        "volumes": [
            // Optional: the token works once, and its Secret may be deleted then.
            { "name": "join", "secret": { "secretName": JOIN_SECRET, "optional": true } },
            { "name": "tmp", "emptyDir": { "sizeLimit": "64Mi" } },
        ],
    })
}

fn container(install: &AgentInstall) -> Value {
    let environment = [
        ("BASTIDE_HUB", install.hub_url.as_str()),
        ("BASTIDE_HUB_CA_SHA256", &install.hub_ca_sha256),
        ("BASTIDE_JOIN_TOKEN_FILE", &format!("{JOIN_FOLDER}/token")),
        ("BASTIDE_NAMESPACE", &install.namespace),
        ("BASTIDE_HEALTH_LISTEN", &format!("0.0.0.0:{HEALTH_PORT}")),
        ("BASTIDE_LOG_FORMAT", "json"),
    ]
    .map(|(name, value)| json!({ "name": name, "value": value }));
    let probe = |path: &str| json!({ "httpGet": { "path": path, "port": "health" } });
    json!({
        "name": "agent",
        "image": install.image,
        // It goes on running where the cluster has joined already.
        "args": ["join"],
        "env": environment,
        "ports": [{ "name": "health", "containerPort": HEALTH_PORT }],
        "livenessProbe": probe("/healthz"),
        "readinessProbe": probe("/readyz"),
        "resources": {
            "requests": { "cpu": "50m", "memory": "64Mi" },
            "limits": { "memory": "256Mi" },
        },
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": { "drop": ["ALL"] },
            "readOnlyRootFilesystem": true,
        },
        "volumeMounts": [
            { "name": "join", "mountPath": JOIN_FOLDER, "readOnly": true },
            { "name": "tmp", "mountPath": "/tmp" },
        ],
    })
}
