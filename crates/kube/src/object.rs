//! An object of Kubernetes as a value, and the kinds of which Bastide makes objects. Knows no connection: the plural
//! of each kind is known here, so that nothing has to be discovered before it can be applied.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A kind that Bastide makes objects of.
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    /// `v1`, `apps/v1` and so on.
    pub api_version: &'static str,
    /// `Namespace` and so on.
    pub kind: &'static str,
    /// As it stands in a path: `namespaces` and so on.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Whether Bastide owns such an object outright: everything in it is Bastide's, so that what somebody else adds is
    /// removed. Else only the fields that Bastide sets are its own.
    pub outright: bool,
}

macro_rules! resources {
    ($($name:ident = $api_version:literal $kind:literal $plural:literal $namespaced:literal $outright:literal;)*) => {
        $(
            #[doc = concat!("`", $kind, "` of `", $api_version, "`.")]
            pub const $name: Resource = Resource {
                api_version: $api_version,
                kind: $kind,
                plural: $plural,
                namespaced: $namespaced,
                outright: $outright,
            };
        )*
        /// Every kind, none of which is ever removed: what an older version recorded must still be found.
        pub const RESOURCES: &[&Resource] = &[$(&$name),*];
    };
}

resources! {
    NAMESPACE = "v1" "Namespace" "namespaces" false false;
    CONFIG_MAP = "v1" "ConfigMap" "configmaps" true true;
    SECRET = "v1" "Secret" "secrets" true true;
    SERVICE_ACCOUNT = "v1" "ServiceAccount" "serviceaccounts" true false;
    RESOURCE_QUOTA = "v1" "ResourceQuota" "resourcequotas" true true;
    LIMIT_RANGE = "v1" "LimitRange" "limitranges" true true;
    DEPLOYMENT = "apps/v1" "Deployment" "deployments" true false;
    CLUSTER_ROLE = "rbac.authorization.k8s.io/v1" "ClusterRole" "clusterroles" false true;
    CLUSTER_ROLE_BINDING = "rbac.authorization.k8s.io/v1" "ClusterRoleBinding" "clusterrolebindings" false true;
    ROLE = "rbac.authorization.k8s.io/v1" "Role" "roles" true true;
    ROLE_BINDING = "rbac.authorization.k8s.io/v1" "RoleBinding" "rolebindings" true true;
    NETWORK_POLICY = "networking.k8s.io/v1" "NetworkPolicy" "networkpolicies" true true;
    MUTATING_ADMISSION_POLICY =
        "admissionregistration.k8s.io/v1" "MutatingAdmissionPolicy" "mutatingadmissionpolicies" false true;
    MUTATING_ADMISSION_POLICY_BINDING =
        "admissionregistration.k8s.io/v1" "MutatingAdmissionPolicyBinding" "mutatingadmissionpolicybindings" false true;
    VALIDATING_ADMISSION_POLICY =
        "admissionregistration.k8s.io/v1" "ValidatingAdmissionPolicy" "validatingadmissionpolicies" false true;
    VALIDATING_ADMISSION_POLICY_BINDING =
        "admissionregistration.k8s.io/v1" "ValidatingAdmissionPolicyBinding" "validatingadmissionpolicybindings"
        false true;
    GATEWAY = "gateway.networking.k8s.io/v1" "Gateway" "gateways" true false;
    LISTENER_SET = "gateway.networking.k8s.io/v1" "ListenerSet" "listenersets" true false;
}

impl Resource {
    /// Its API group; empty for the core.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Its version, such as `v1`.
    pub fn version(&self) -> &'static str {
        self.api_version.split_once('/').map_or(self.api_version, |(_, version)| version)
    }
}

/// What tells one object on a cluster from every other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectKey {
    /// `v1`, `apps/v1` and so on.
    pub api_version: String,
    /// `Namespace` and so on.
    pub kind: String,
    /// Its namespace, where the kind has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// The kind, when it is one that Bastide knows.
    pub fn resource(&self) -> Option<&'static Resource> {
        RESOURCES.iter().copied().find(|one| one.kind == self.kind && one.api_version == self.api_version)
    }

    /// Whether it is of that kind.
    pub fn is(&self, resource: &Resource) -> bool {
        self.kind == resource.kind && self.api_version == resource.api_version
    }
}

/// `Gateway acme-gw/acme-gw`: as people would name it.
impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// An object as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    key: ObjectKey,
    resource: &'static Resource,
    body: Value,
}

impl Object {
    /// An object of a kind. `body` is everything of it but `apiVersion`, `kind` and its name; its `metadata` may hold
    /// labels and annotations.
    pub fn new(resource: &'static Resource, namespace: Option<&str>, name: &str, body: Value) -> Self {
        let mut body = match body {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        let mut metadata = match body.remove("metadata") {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        metadata.insert("name".to_owned(), json!(name));
        if let Some(namespace) = namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        body.insert("apiVersion".to_owned(), json!(resource.api_version));
        body.insert("kind".to_owned(), json!(resource.kind));
        body.insert("metadata".to_owned(), Value::Object(metadata));
        let key = ObjectKey {
            api_version: resource.api_version.to_owned(),
            kind: resource.kind.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        Self { key, resource, body: sorted(Value::Object(body)) }
    }

    /// What tells it from others.
    pub fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// Its kind.
    pub fn resource(&self) -> &'static Resource {
        self.resource
    }

    /// The whole manifest, its fields in the order of their names.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// SHA-256 of the manifest in hex: equal for equal intents, whatever wrote them.
    pub fn intent(&self) -> String {
        hex::encode(Sha256::digest(self.body.to_string()))
    }
}

/// The same value with the fields of every object in the order of their names. Whether `serde_json` keeps the order of
/// insertion depends on who else is linked, and neither hashes nor manifests may.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> =
                map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intent_does_not_depend_on_the_order_of_fields() {
        let one =
            json!({"spec": {"b": 1, "a": [{"y": 1, "x": 2}]}, "metadata": {"labels": {"q": "1", "p": "2"}}});
        let other =
            json!({"metadata": {"labels": {"p": "2", "q": "1"}}, "spec": {"a": [{"x": 2, "y": 1}], "b": 1}});
        let object = |body| Object::new(&RESOURCE_QUOTA, Some("acme"), "limits", body);
        assert_eq!(object(one.clone()).intent(), object(other).intent());
        assert_ne!(
            object(one.clone()).intent(),
            Object::new(&LIMIT_RANGE, Some("acme"), "limits", one).intent()
        );
    }

    #[test]
    fn a_key_survives_storage_and_finds_its_kind() {
        let object = Object::new(&NETWORK_POLICY, Some("acme"), "default-deny", json!({}));
        let text = serde_json::to_string(object.key()).unwrap();
        let key: ObjectKey = serde_json::from_str(&text).unwrap();
        assert_eq!(&key, object.key());
        assert_eq!(key.resource(), Some(&NETWORK_POLICY));
        assert_eq!(key.to_string(), "NetworkPolicy acme/default-deny");
        let unknown = ObjectKey { kind: "Widget".to_owned(), ..key };
        assert_eq!(unknown.resource(), None);
    }

    #[test]
    fn groups_and_versions() {
        assert_eq!((NAMESPACE.group(), NAMESPACE.version()), ("", "v1"));
        assert_eq!((GATEWAY.group(), GATEWAY.version()), ("gateway.networking.k8s.io", "v1"));
    }
}
