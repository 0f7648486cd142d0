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
/// What is not the internet: this host, private networks, carriers' networks, link-local with the metadata services of
/// clouds, networks for protocols and measurements, many receivers, and what is reserved, which some clouds give to pods.
/// One address is public and is none the less a metadata service, Azure's.
const NOT_THE_INTERNET_V4: [&str; 12] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
];
/// The same of IPv6: local translation, unique local addresses, link-local and site-local, many receivers; and the private
/// networks and link-local of IPv4 in the two notations by which a router translates them (RFC 6052, RFC 3056).
const NOT_THE_INTERNET_V6: [&str; 15] = [
    "64:ff9b::a00:0/104",
    "64:ff9b::6440:0/106",
    "64:ff9b::a83f:8110/128",
    "64:ff9b::a9fe:0/112",
    "64:ff9b::ac10:0/108",
    "64:ff9b::c0a8:0/112",
    "64:ff9b:1::/48",
    "2002:a00::/24",
    "2002:a9fe::/32",
    "2002:ac10::/28",
    "2002:c0a8::/32",
    "fc00::/7",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
];

/// A namespace of an organization, and what it is for.
#[derive(Clone, Copy)]
struct Place<'a> {
    namespace: &'a str,
    /// The project that it belongs to; none of the organization's own.
    project: Option<&'a str>,
}

/// The policies of the organization's own namespaces.
pub(super) fn render(desired: &DesiredOrganization, options: &RenderOptions) -> Vec<Object> {
    let [main, gateway] = namespace_names(desired);
    let (main, gateway) =
        (Place { namespace: &main, project: None }, Place { namespace: &gateway, project: None });
    let mut policies = closed(desired, main);
    policies.extend(closed(desired, gateway));
    policies.extend(opened_for_workloads(desired, options, main));
    if let Some(name) = own_gateway(desired) {
        policies.push(allow_gateway_traffic(desired, options, gateway, name));
    }
    policies
}

/// The policies of a project's namespace.
pub(super) fn render_project(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    namespace: &str,
    project: &str,
) -> Vec<Object> {
    let place = Place { namespace, project: Some(project) };
    let mut policies = closed(desired, place);
    policies.extend(opened_for_workloads(desired, options, place));
    policies
}

/// What every namespace of an organization has.
fn closed(desired: &DesiredOrganization, place: Place<'_>) -> Vec<Object> {
    vec![default_deny(desired, place), allow_same_organization(desired, place), allow_dns(desired, place)]
}

/// What namespaces with workloads have beside.
fn opened_for_workloads(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    place: Place<'_>,
) -> Vec<Object> {
    let mut policies = vec![allow_gateway_ingress(desired, options, place)];
    if desired.isolation != NetworkIsolation::Dedicated {
        policies.push(allow_internet_egress(desired, place));
    }
    policies
}

/// Nothing comes in, nothing goes out. Both lists are there although they are empty, so that they are ours and a rule
/// that somebody adds to them goes again.
fn default_deny(desired: &DesiredOrganization, place: Place<'_>) -> Object {
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [],
        "egress": [],
    });
    policy(desired, place, "default-deny", &spec)
}

/// The organization's namespaces reach each other. Where projects are closed (`namespace`, `dedicated`), a project's
/// namespaces reach each other, and so do those that are the organization's own.
fn allow_same_organization(desired: &DesiredOrganization, place: Place<'_>) -> Object {
    let organization = desired.organization.to_string();
    let selector = match (desired.isolation, place.project) {
        (NetworkIsolation::Shared, _) => labels::namespaces_of(desired),
        (NetworkIsolation::Namespace | NetworkIsolation::Dedicated, None) => json!({
            "matchExpressions": [{ "key": PROJECT_LABEL, "operator": "DoesNotExist" }],
            "matchLabels": { ORGANIZATION_LABEL: organization },
        }),
        (NetworkIsolation::Namespace | NetworkIsolation::Dedicated, Some(project)) => json!({
            "matchLabels": { ORGANIZATION_LABEL: organization, PROJECT_LABEL: project },
        }),
    };
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{ "from": [{ "namespaceSelector": selector }] }],
        "egress": [{ "to": [{ "namespaceSelector": selector }] }],
    });
    policy(desired, place, "allow-same-organization", &spec)
}

/// Names are resolved by the cluster's DNS pods, or by the cache on the node. One element with both selectors: two
/// elements would open all of `kube-system`.
fn allow_dns(desired: &DesiredOrganization, place: Place<'_>) -> Object {
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
    policy(desired, place, "allow-dns", &spec)
}

/// Traffic comes in through the organization's gateway: its own, and then only that, or the shared one.
fn allow_gateway_ingress(desired: &DesiredOrganization, options: &RenderOptions, place: Place<'_>) -> Object {
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
    policy(desired, place, "allow-gateway-ingress", &spec)
}

/// The internet may be called, but neither the cluster, nor its neighbours, nor the metadata service of a cloud.
fn allow_internet_egress(desired: &DesiredOrganization, place: Place<'_>) -> Object {
    let spec = json!({
        "podSelector": {},
        "policyTypes": ["Egress"],
        "egress": [{
            "to": [
                { "ipBlock": { "cidr": "0.0.0.0/0", "except": NOT_THE_INTERNET_V4 } },
                { "ipBlock": { "cidr": "::/0", "except": NOT_THE_INTERNET_V6 } },
            ],
        }],
    });
    policy(desired, place, "allow-internet-egress", &spec)
}

/// The pods of the organization's own gateway are called by anybody, forward to all its namespaces, projects included,
/// and talk to the controller that configures them, but not to the gateways beside it.
fn allow_gateway_traffic(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    place: Place<'_>,
    gateway: &str,
) -> Object {
    let controller = json!({
        "namespaceSelector": { "matchLabels": { NAMESPACE_NAME_LABEL: options.shared_gateway_namespace } },
        "podSelector": { "matchExpressions": [{ "key": GATEWAY_NAME_LABEL, "operator": "DoesNotExist" }] },
    });
    let backends = json!({ "namespaceSelector": labels::namespaces_of(desired) });
    let spec = json!({
        "podSelector": { "matchLabels": { GATEWAY_NAME_LABEL: gateway } },
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{}],
        "egress": [{ "to": [backends, controller] }],
    });
    policy(desired, place, "allow-gateway-traffic", &spec)
}

fn policy(desired: &DesiredOrganization, place: Place<'_>, name: &str, spec: &Value) -> Object {
    of_organization(desired, &NETWORK_POLICY, Some(place.namespace), name, json!({ "spec": spec }))
}
