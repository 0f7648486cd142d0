//! From what an organization should be to the objects that make it so (FLEET-5). Pure: the same arguments give the same
//! objects, in the order in which they are applied. Knows no connection and nothing of what is on a cluster.

mod admission;
mod agent;
mod gateway;
mod labels;
mod locks;
mod namespaces;
mod network;
mod node_pool;
mod quota;
mod rbac;
mod routes;
#[cfg(test)]
mod tests;
mod workloads;
mod yaml;

use bastide_model::gateway::GatewaySpec;
use bastide_model::placement::{DesiredGateway, DesiredOrganization};
use serde_json::Value;

pub use self::agent::{AgentInstall, agent_manifest};
pub use self::labels::{
    INTENT_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL, ORGANIZATION_LABEL, PROJECT_LABEL, REALM_LABEL,
    ROLE_LABEL,
};
pub use self::rbac::{TENANT_EDIT, TENANT_GATEWAY, TENANT_VIEW, group};
pub use self::yaml::to_yaml;
use crate::object::{Object, Resource};

/// Namespace of Bastide itself on a cluster.
pub const SYSTEM_NAMESPACE: &str = "bastide-system";

/// What depends on the cluster and not on the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderOptions {
    /// Version of the Pod Security Standards that namespaces are pinned to, such as `v1.36`.
    pub pod_security_version: String,
    /// Namespace of the gateway that organizations share, and of the controller that serves gateways.
    pub shared_gateway_namespace: String,
    /// Name of the `Gateway` that organizations share.
    pub shared_gateway_name: String,
    /// What that gateway is made of; nothing when Bastide does not make it.
    pub shared_gateway: Option<GatewaySpec>,
}

impl RenderOptions {
    /// For a cluster of that version (`v1.36.3`), with the usual names for all else. A text that is no version pins to
    /// `latest`.
    pub fn for_version(kubernetes_version: &str) -> Self {
        Self {
            pod_security_version: pod_security_version(kubernetes_version),
            shared_gateway_namespace: "bastide-gateway".to_owned(),
            shared_gateway_name: "shared".to_owned(),
            shared_gateway: None,
        }
    }
}

/// `v1.36` from `v1.36.3`, `v1.36.3-eks-5` or `v1.36+`.
fn pod_security_version(kubernetes_version: &str) -> String {
    let parse = || {
        let (major, rest) = kubernetes_version.strip_prefix('v')?.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let major: u32 = major.parse().ok()?;
        let minor: u32 = minor.parse().ok()?;
        Some(format!("v{major}.{minor}"))
    };
    parse().unwrap_or_else(|| "latest".to_owned())
}

/// Every object of an organization, in the order in which they are applied: namespaces first, then what confines, then
/// the rights to act there, so that nobody can act where a limit is still missing. The gateway is last: a cluster
/// that lacks its API lacks nothing else.
pub fn organization(desired: &DesiredOrganization, options: &RenderOptions) -> Vec<Object> {
    let mut objects = namespaces::render(desired, options);
    objects.extend(node_pool::render(desired));
    objects.extend(quota::render(desired));
    objects.extend(network::render(desired, options));
    objects.extend(rbac::bindings(desired));
    objects.extend(gateway::render(desired, options));
    objects
}

/// The network policies of the namespace of a project (PLAN-4). `project` is the value of [`PROJECT_LABEL`] on it.
pub fn project_network(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    namespace: &str,
    project: &str,
) -> Vec<Object> {
    network::render_project(desired, options, namespace, project)
}

/// Bastide's own objects on a cluster, whichever organizations are there: its namespace, the policies that hold for all
/// organizations, the roles that every organization's bindings refer to, and the gateway that organizations share.
pub fn cluster(options: &RenderOptions) -> Vec<Object> {
    let mut objects = vec![namespaces::system(options)];
    objects.extend(locks::render());
    objects.extend(routes::render());
    objects.extend(workloads::render());
    objects.extend(rbac::cluster_roles());
    objects.extend(options.shared_gateway.as_ref().map(|spec| gateway::shared(spec, options)));
    objects
}

/// The namespace of the gateway that organizations share, for where it is not there yet. It may hold what others need, so
/// that it is made once and then left alone.
pub fn shared_gateway_namespace(options: &RenderOptions) -> Object {
    gateway::shared_namespace(options)
}

/// One object of an organization, with its labels.
fn of_organization(
    desired: &DesiredOrganization,
    resource: &'static Resource,
    namespace: Option<&str>,
    name: &str,
    body: Value,
) -> Object {
    labelled(resource, namespace, name, labels::of(desired), body)
}

/// An object with these labels, beside those that its body has.
fn labelled(
    resource: &'static Resource,
    namespace: Option<&str>,
    name: &str,
    labels: Value,
    mut body: Value,
) -> Object {
    let own = body.pointer_mut("/metadata/labels").map(Value::take);
    let mut all = labels;
    if let (Some(all), Some(Value::Object(own))) = (all.as_object_mut(), own) {
        all.extend(own);
    }
    if let Some(body) = body.as_object_mut() {
        let metadata = body.entry("metadata").or_insert_with(|| serde_json::json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("labels".to_owned(), all);
        }
    }
    Object::new(resource, namespace, name, body)
}

/// The main namespace's name and the gateway namespace's name.
fn namespace_names(desired: &DesiredOrganization) -> [String; 2] {
    [desired.namespace_base.as_str().to_owned(), desired.namespace_base.gateway()]
}

/// The organization's own gateway, if it has one: its name.
fn own_gateway(desired: &DesiredOrganization) -> Option<&str> {
    match &desired.gateway {
        DesiredGateway::Shared | DesiredGateway::Common(_) => None,
        DesiredGateway::Dedicated { name, .. } => Some(name),
    }
}
