//! The organization's own gateway, where it has one (FLEET-4, FLEET-5). Nothing is made for who uses the shared one.

use bastide_model::gateway::{Listener, ListenerProtocol};
use bastide_model::placement::{DesiredGateway, DesiredOrganization};
use serde_json::{Value, json};

use super::{labels, of_organization};
use crate::object::{GATEWAY, Object};

/// A `Gateway` in the organization's gateway namespace.
pub(super) fn render(desired: &DesiredOrganization) -> Option<Object> {
    let DesiredGateway::Dedicated { name, class, listeners } = &desired.gateway else { return None };
    let listeners: Vec<Value> = listeners.iter().map(|one| listener(desired, name, one)).collect();
    let spec = json!({ "gatewayClassName": class, "listeners": listeners });
    let namespace = desired.namespace_base.gateway();
    Some(of_organization(desired, &GATEWAY, Some(&namespace), name, json!({ "spec": spec })))
}

/// Routes of all namespaces of the organization may attach, and of no other. The certificate of an HTTPS listener is
/// the Secret `<gateway>-tls` beside the gateway.
fn listener(desired: &DesiredOrganization, gateway: &str, listener: &Listener) -> Value {
    let from = json!({ "from": "Selector", "selector": labels::namespaces_of(desired) });
    let mut rendered = json!({
        "name": listener.name,
        "port": listener.port,
        "protocol": listener.protocol.as_str(),
        "allowedRoutes": { "namespaces": from },
    });
    if listener.protocol == ListenerProtocol::Https
        && let Some(fields) = rendered.as_object_mut()
    {
        let certificate = json!({ "group": "", "kind": "Secret", "name": format!("{gateway}-tls") });
        fields.insert("tls".to_owned(), json!({ "mode": "Terminate", "certificateRefs": [certificate] }));
    }
    rendered
}
