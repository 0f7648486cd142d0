//! How an organization is closed on the network (PLAN-4): NetworkPolicies of `networking.k8s.io/v1`, nothing that only
//! one network plug-in knows. Policies only ever add: closed by default, then opened for what is named here.

use bastide_model::placement::DesiredOrganization;
use bastide_model::plan::NetworkIsolation;
use serde_json::{Value, json};

use super::labels::{self, ORGANIZATION_LABEL, PROJECT_LABEL};
use super::{RenderOptions, namespace_names, of_organization, own_gateway};
use crate::object::{NETWORK_POLICY, Object};

/// On the pods of a gateway, by the Gateway API's convention: the name of their `Gateway`.
const GATEWAY_NAME_LABEL: &str = "gateway.networking.k8s.io/gateway-name";
/// On every namespace, by Kubernetes itself: its name.
const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Address of `NodeLocal DNSCache` on every node.
const NODE_LOCAL_DNS: &str = "169.254.20.10/32";
/// What is not the internet: private networks, carriers' networks, and link-local with the metadata services of clouds.
const PRIVATE_V4: [&str; 5] =
    ["10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
/// The same of IPv6: unique local addresses and link-local.
const PRIVATE_V6: [&str; 2] = ["fc00::/7", "fe80::/10"];

/// The policies of both namespaces.
pub(super) fn render(desired: &DesiredOrganization, options: &RenderOptions) -> Vec<Object> {
    let [main, gateway] = namespace_names(desired);
    let mut policies = Vec::new();
    for namespace in [&main, &gateway] {
        policies.push(default_deny(desired, namespace));
        policies.push(allow_same_organization(desired, namespace));
        policies.push(allow_dns(desired, namespace));
    }
    policies.push(allow_gateway_ingress(desired, options, &main));
    if desired.isolation != NetworkIsolation::Dedicated {
        policies.push(allow_internet_egress(desired, &main));
    }
    if let Some(name) = own_gateway(desired) {
        policies.push(allow_gateway_traffic(desired, options, &gateway, name));
    }
    policies
}

/// Nothing comes in, nothing goes out. Both lists are there although they are empty, so that they are ours and a rule
/// that somebody adds to them goes again.
fn default_deny(desired: &DesiredOrganization, namespace: &str) -> Object {
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    });
    policy(desired, namespace, "default-deny", &spec)
}

/// The organization's namespaces reach each other. Where projects are closed (`namespace`, `dedicated`), only those of
/// the organization itself do: a project's own policies say who reaches a project.
fn allow_same_organization(desired: &DesiredOrganization, namespace: &str) -> Object {
    let selector = match desired.isolation {
        NetworkIsolation::Shared => labels::namespaces_of(desired),
        NetworkIsolation::Namespace | NetworkIsolation::Dedicated => json!({
            "matchExpressions": [{ "key": PROJECT_LABEL, "operator": "DoesNotExist" }],
            "matchLabels": { ORGANIZATION_LABEL: desired.organization.to_string() },
        }),
    };
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{ "from": [{ "namespaceSelector": selector }] }],
        "egress": [{ "to": [{ "namespaceSelector": selector }] }],
    });
    policy(desired, namespace, "allow-same-organization", &spec)
}

/// Names are resolved by the cluster's DNS pods, or by the cache on the node. One element with both selectors: two
/// elements would open all of `kube-system`.
fn allow_dns(desired: &DesiredOrganization, namespace: &str) -> Object {
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{
            "to": [
                {
                    "namespaceSelector": { "matchLabels": { NAMESPACE_NAME_LABEL: "kube-system" } },
                    "podSelector": { "matchLabels": { "k8s-app": "kube-dns" } },
                },
                { "ipBlock": { "cidr": NODE_LOCAL_DNS } },
            ],
            "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }],
        }],
    });
    policy(desired, namespace, "allow-dns", &spec)
}

/// Traffic comes in through the organization's gateway: its own, and then only that, or the shared one.
fn allow_gateway_ingress(desired: &DesiredOrganization, options: &RenderOptions, namespace: &str) -> Object {
    let own = own_gateway(desired).map(|name| (desired.namespace_base.gateway(), name));
    let (gateway_namespace, gateway) = own
        .unwrap_or_else(|| (options.shared_gateway_namespace.clone(), options.shared_gateway_name.as_str()));
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [{
            "from": [{
                "namespaceSelector": { "matchLabels": { NAMESPACE_NAME_LABEL: gateway_namespace } },
                "podSelector": { "matchLabels": { GATEWAY_NAME_LABEL: gateway } },
            }],
        }],
    });
    policy(desired, namespace, "allow-gateway-ingress", &spec)
}

/// The internet may be called, but neither the cluster, nor its neighbours, nor the metadata service of a cloud.
fn allow_internet_egress(desired: &DesiredOrganization, namespace: &str) -> Object {
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{
            "to": [
                { "ipBlock": { "cidr": "0.0.0.0/0", "except": PRIVATE_V4 } },
                { "ipBlock": { "cidr": "::/0", "except": PRIVATE_V6 } },
            ],
        }],
    });
    policy(desired, namespace, "allow-internet-egress", &spec)
}

/// The pods of the organization's own gateway are called by anybody, and talk to the controller that configures them.
fn allow_gateway_traffic(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    namespace: &str,
    gateway: &str,
) -> Object {
    let controller = json!({
        "namespaceSelector": { "matchLabels": { NAMESPACE_NAME_LABEL: options.shared_gateway_namespace } },
    });
    let spec = json!({
        "podSelector": { "matchLabels": { GATEWAY_NAME_LABEL: gateway } },
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{}],
        "egress": [{ "to": [controller] }],
    });
    policy(desired, namespace, "allow-gateway-traffic", &spec)
}

fn policy(desired: &DesiredOrganization, namespace: &str, name: &str, spec: &Value) -> Object {
    of_organization(desired, &NETWORK_POLICY, Some(namespace), name, json!({ "spec": spec }))
}
