//! What the routes of organizations may serve, and to what they attach (FLEET-5): host names that the organization owns,
//! and its own way in. By the names that are owned, and not by who came first: that holds without a look at others.
//!
//! For every namespace of every organization, whoever asks: a controller with all rights acts on the word of a tenant, too.

use serde_json::{Value, json};

use super::admission::{Policy, is_unprivileged, listed, on, tenants};
use super::gateway::GROUP;
use super::labels::{
    GATEWAY_ANNOTATION, HOST_NAMES_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL, ROUTE_PARENT_ANNOTATION,
};
use crate::object::Object;

/// A host name as the Gateway API has it. Where its own check is an older or a weaker one, this holds all the same.
const HOST_NAME: &str = r"r'^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$'";
/// What is there already may be changed otherwise, and may go: a name that is taken away ends no route that has it. On
/// Bastide's own shared gateway it is not listened for any more.
const AS_BEFORE: &str = "(oldObject != null && object.?spec == oldObject.?spec)";

/// The policies over routes, and over gateways and listeners that Bastide did not make.
pub(super) fn render() -> Vec<Object> {
    [routes(), listeners()].into_iter().flat_map(Policy::render).collect()
}

/// Not those of a mesh: what they attach to is a service, and which names they take over there is another question.
fn routes() -> Policy<'static> {
    let annotation = |key: &str| format!("namespaceObject.metadata.?annotations[?'{key}'].orValue('')");
    Policy {
        name: "bastide-routes",
        namespaces: tenants(),
        objects: json!({}),
        rules: vec![kinds(&["grpcroutes", "httproutes", "tcproutes", "tlsroutes", "udproutes"])],
        condition: None,
        variables: vec![
            ("owned", listed(HOST_NAMES_ANNOTATION)),
            ("isAlone", format!("{} == 'dedicated'", annotation(GATEWAY_ANNOTATION))),
            ("parent", annotation(ROUTE_PARENT_ANNOTATION)),
            ("names", "object.?spec.?hostnames.orValue([])".to_owned()),
            ("refs", "object.?spec.?parentRefs.orValue([])".to_owned()),
        ],
        checks: vec![
            (format!("{AS_BEFORE} || variables.names.all(n, {})", is_owned("n")), NOT_OWNED),
            (
                format!("{AS_BEFORE} || variables.isAlone || size(variables.names) > 0"),
                "HostNameMissing: on a gateway that is shared, spec.hostnames has to name at least one host: without any, the route would serve those of others.",
            ),
            (
                format!(
                    "{AS_BEFORE} || variables.refs.all(r, variables.parent != '' && r.?group.orValue('{GROUP}') + '/' + r.?kind.orValue('Gateway') + '/' + r.?namespace.orValue(request.namespace) + '/' + r.name == '{GROUP}/' + variables.parent)"
                ),
                "ParentNotAllowed: spec.parentRefs may name the organization's own way in only: kind, namespace and name are in the annotation bastide.dev/route-parent of the namespace.",
            ),
        ],
    }
}

/// Tenants make none; this is for who was given the right to by somebody else. What has Bastide's label is changed by
/// nobody else in any case (`bastide-objects`).
fn listeners() -> Policy<'static> {
    let ours = format!(
        "[object, oldObject].exists(o, o != null && o.metadata.?labels[?'{MANAGED_BY_LABEL}'].orValue('') == '{MANAGED_BY}')"
    );
    Policy {
        name: "bastide-listeners",
        namespaces: tenants(),
        objects: json!({}),
        rules: vec![kinds(&["gateways", "listenersets"])],
        condition: Some(is_unprivileged()),
        variables: vec![
            ("owned", listed(HOST_NAMES_ANNOTATION)),
            ("isSettled", format!("{AS_BEFORE} || {ours}")),
            ("names", "object.?spec.?listeners.orValue([]).map(l, l.?hostname.orValue(''))".to_owned()),
        ],
        checks: vec![
            (
                "variables.isSettled || variables.names.all(n, n != '')".to_owned(),
                "HostNameMissing: every listener has to name its host: without one it would serve those of others.",
            ),
            (format!("variables.isSettled || variables.names.all(n, {})", is_owned("n")), NOT_OWNED),
            (
                "variables.isSettled || object.?spec.?parentRef.?namespace.orValue(request.namespace) == request.namespace"
                    .to_owned(),
                "ParentNotAllowed: spec.parentRef may name a gateway in the same namespace only.",
            ),
        ],
    }
}

const NOT_OWNED: &str = "HostNameNotAllowed: every host name has to be one that the organization owns, or beneath one: they are in the annotation bastide.dev/host-names of the namespace.";

fn kinds(plurals: &[&str]) -> Value {
    on(GROUP, plurals, &["CREATE", "UPDATE"])
}

/// Whether a host name is one of those that the organization owns, or beneath one; `*.` is a label like another.
fn is_owned(name: &str) -> String {
    format!(
        "({name}.matches({HOST_NAME}) && variables.owned.exists(o, {name} == o || {name}.endsWith('.' + o)))"
    )
}
