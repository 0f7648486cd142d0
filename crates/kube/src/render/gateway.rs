//! The way in (FLEET-4, FLEET-5): an organization's own gateway where it has one; else its listeners on the gateway that
//! organizations share, where Bastide makes that; else nothing.

use bastide_model::gateway::{GatewayAddress, GatewaySpec, Listener, ListenerProtocol, RouteKind};
use bastide_model::host_name::HostSuffix;
use bastide_model::placement::{DesiredGateway, DesiredOrganization};
use serde_json::{Map, Value, json};

use super::labels::{ORGANIZATION_LABEL, ROLE_LABEL};
use super::{RenderOptions, labelled, labels, namespaces, of_organization};
use crate::object::{GATEWAY, LISTENER_SET, NAMESPACE, Object};

/// API group of gateways and routes.
pub(super) const GROUP: &str = "gateway.networking.k8s.io";

/// A `Gateway` or a `ListenerSet` in the organization's gateway namespace.
pub(super) fn render(desired: &DesiredOrganization, options: &RenderOptions) -> Option<Object> {
    let namespace = desired.namespace_base.gateway();
    match &desired.gateway {
        DesiredGateway::Shared => None,
        DesiredGateway::Common(spec) => listener_set(desired, options, spec),
        DesiredGateway::Dedicated { name, spec } => {
            let routes = labels::namespaces_of(desired);
            let listeners = spec.listeners.iter().map(|one| {
                let host = one.host_name.as_ref().map(|name| name.as_str().to_owned());
                listener(one, &one.name, host, name, &json!({ "from": "Selector", "selector": routes }))
            });
            let body = json!({ "spec": gateway(spec, listeners) });
            Some(of_organization(desired, &GATEWAY, Some(&namespace), name, body))
        }
    }
}

/// What routes of the organization may attach to: kind, namespace and name, with strokes between them.
pub(super) fn route_parent(desired: &DesiredOrganization, options: &RenderOptions) -> String {
    let own = desired.namespace_base.gateway();
    match &desired.gateway {
        DesiredGateway::Shared => {
            format!("Gateway/{}/{}", options.shared_gateway_namespace, options.shared_gateway_name)
        }
        DesiredGateway::Common(_) => format!("ListenerSet/{own}/{own}"),
        DesiredGateway::Dedicated { name, .. } => format!("Gateway/{own}/{name}"),
    }
}

/// The gateway that organizations share. Its own listeners serve nobody: the Gateway API demands one, and those of HTTP
/// need no certificate. Each organization brings its own listeners.
pub(super) fn shared(spec: &GatewaySpec, options: &RenderOptions) -> Object {
    let plain = spec.listeners.iter().filter(|one| one.protocol == ListenerProtocol::Http);
    let name = options.shared_gateway_name.as_str();
    let listeners = plain.map(|one| listener(one, &one.name, None, name, &json!({ "from": "Same" })));
    let mut spec = gateway(spec, listeners);
    if let Some(spec) = spec.as_object_mut() {
        let organizations = json!({ "matchExpressions": [
            { "key": ORGANIZATION_LABEL, "operator": "Exists" },
            { "key": ROLE_LABEL, "operator": "In", "values": ["gateway"] },
        ] });
        let from = json!({ "namespaces": { "from": "Selector", "selector": organizations } });
        spec.insert("allowedListeners".to_owned(), from);
    }
    let namespace = Some(options.shared_gateway_namespace.as_str());
    labelled(&GATEWAY, namespace, name, labels::of_bastide(), json!({ "spec": spec }))
}

/// The namespace of that gateway, for where it is not there yet.
pub(super) fn shared_namespace(options: &RenderOptions) -> Object {
    let body = json!({ "metadata": { "labels": namespaces::pod_security(options, "baseline") } });
    labelled(&NAMESPACE, None, &options.shared_gateway_namespace, labels::of_bastide(), body)
}

/// The organization's listeners on the shared gateway: for each of its host names, and for all beneath it. Without a host
/// name it has none, because they would serve what is others'.
fn listener_set(
    desired: &DesiredOrganization,
    options: &RenderOptions,
    spec: &GatewaySpec,
) -> Option<Object> {
    if desired.host_names.is_empty() {
        return None;
    }
    let name = desired.namespace_base.gateway();
    let routes = json!({ "from": "Selector", "selector": labels::namespaces_of(desired) });
    let both = |host: &HostSuffix| [("exact", host.to_string()), ("any", format!("*.{host}"))];
    let mut listeners = Vec::new();
    for one in &spec.listeners {
        for host in &desired.host_names {
            for (which, pattern) in both(host) {
                let section = format!("{which}.{}.{host}", one.name);
                listeners.push(listener(one, &section, Some(pattern), &name, &routes));
            }
        }
    }
    let parent = json!({
        "group": GROUP,
        "kind": "Gateway",
        "name": options.shared_gateway_name,
        "namespace": options.shared_gateway_namespace,
    });
    let body = json!({ "spec": { "parentRef": parent, "listeners": listeners } });
    Some(of_organization(desired, &LISTENER_SET, Some(&name), &name, body))
}

fn gateway(spec: &GatewaySpec, listeners: impl Iterator<Item = Value>) -> Value {
    let mut rendered = json!({ "gatewayClassName": spec.class, "listeners": listeners.collect::<Value>() });
    if !spec.addresses.is_empty()
        && let Some(fields) = rendered.as_object_mut()
    {
        let addresses = spec.addresses.iter().map(|address| match address {
            GatewayAddress::Ip(ip) => json!({ "type": "IPAddress", "value": ip }),
            GatewayAddress::HostName(name) => json!({ "type": "Hostname", "value": name }),
        });
        fields.insert("addresses".to_owned(), addresses.collect());
    }
    rendered
}

/// A listener called `section`, to which routes of those namespaces may attach. The certificate of HTTPS is the Secret
/// `<owner>-tls` beside it.
fn listener(one: &Listener, section: &str, host: Option<String>, owner: &str, routes: &Value) -> Value {
    let mut allowed = Map::from_iter([("namespaces".to_owned(), routes.clone())]);
    if !one.allowed.is_empty() {
        let kind = |kind: &RouteKind| json!({ "group": GROUP, "kind": kind.as_str() });
        allowed.insert("kinds".to_owned(), one.allowed.iter().map(kind).collect());
    }
    let mut rendered = json!({
        "name": section,
        "port": one.port,
        "protocol": one.protocol.as_str(),
        "allowedRoutes": allowed,
    });
    if let Some(fields) = rendered.as_object_mut() {
        if let Some(host) = host {
            fields.insert("hostname".to_owned(), json!(host));
        }
        if one.protocol == ListenerProtocol::Https {
            let certificate = json!({ "group": "", "kind": "Secret", "name": format!("{owner}-tls") });
            fields.insert("tls".to_owned(), json!({ "mode": "Terminate", "certificateRefs": [certificate] }));
        }
    }
    rendered
}
