//! How a validating admission policy and its binding are written. Knows no policy.
//!
//! Evaluated in the API server itself: no process of ours has to run for a policy to hold, and nothing can fail to
//! answer. Every default of Kubernetes is spelled out, so that what is read back compares equal.

use serde_json::{Value, json};

use super::labelled;
use super::labels::{self, ORGANIZATION_LABEL};
use crate::object::{Object, VALIDATING_ADMISSION_POLICY, VALIDATING_ADMISSION_POLICY_BINDING};

/// API group of the permission to change what confines organizations. No kind has it: it exists for RBAC only.
pub(super) const GROUP: &str = "bastide.dev";
/// Resource of that permission.
pub(super) const TENANTS: &str = "tenants";
/// Verb of that permission. A wildcard includes it, so that a cluster administrator always has it, and nobody has it by
/// chance.
pub(super) const ADMINISTER: &str = "administer";

/// Refuses what one of its checks does not hold for. An expression that fails refuses, too.
pub(super) struct Policy<'a> {
    pub(super) name: &'a str,
    /// Selects the namespaces; `{}` for all.
    pub(super) namespaces: Value,
    /// Selects the objects, as they were or as they become; `{}` for all.
    pub(super) objects: Value,
    /// Kinds and what happens to them.
    pub(super) rules: Vec<Value>,
    /// Whom it is for, when not everybody.
    pub(super) condition: Option<(&'a str, String)>,
    /// Names for expressions; a later one may use earlier ones.
    pub(super) variables: Vec<(&'a str, String)>,
    /// What has to hold, and what is said when it does not. The first word of the message is a code that stays.
    pub(super) checks: Vec<(String, &'a str)>,
}

impl Policy<'_> {
    /// The policy, and the binding that puts it in force everywhere.
    pub(super) fn render(self) -> Vec<Object> {
        let conditions = self
            .condition
            .into_iter()
            .map(|(name, expression)| json!({ "name": name, "expression": expression }));
        let variables = self
            .variables
            .into_iter()
            .map(|(name, expression)| json!({ "name": name, "expression": expression }));
        let checks = self.checks.into_iter().map(|(expression, message)| {
            json!({ "expression": expression, "message": message, "reason": "Forbidden" })
        });
        let spec = json!({
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": self.namespaces,
                "objectSelector": self.objects,
                "resourceRules": self.rules,
            },
            "matchConditions": conditions.collect::<Vec<_>>(),
            "variables": variables.collect::<Vec<_>>(),
            "validations": checks.collect::<Vec<_>>(),
        });
        let binding = json!({ "policyName": self.name, "validationActions": ["Deny"] });
        [(&VALIDATING_ADMISSION_POLICY, spec), (&VALIDATING_ADMISSION_POLICY_BINDING, binding)]
            .into_iter()
            .map(|(resource, spec)| {
                labelled(resource, None, self.name, labels::of_bastide(), json!({ "spec": spec }))
            })
            .collect()
    }
}

/// These operations on these resources of one group, in every version of it.
pub(super) fn on(group: &str, resources: &[&str], operations: &[&str]) -> Value {
    json!({
        "apiGroups": [group],
        "apiVersions": ["*"],
        "operations": operations,
        "resources": resources,
        "scope": "*",
    })
}

/// Selects every namespace of every organization.
pub(super) fn tenants() -> Value {
    json!({ "matchExpressions": [{ "key": ORGANIZATION_LABEL, "operator": "Exists" }] })
}

/// Whether who asks may not change what confines organizations.
pub(super) fn is_unprivileged() -> (&'static str, String) {
    let permission = format!("authorizer.group('{GROUP}').resource('{TENANTS}').check('{ADMINISTER}')");
    ("is-not-bastide-nor-an-administrator", format!("!{permission}.allowed()"))
}

/// Whether who asks is one of these parts of Kubernetes. Where the controllers share one account, it is the last.
pub(super) fn is_controller(names: &[&str]) -> String {
    let accounts: Vec<String> = names
        .iter()
        .map(|name| format!("'system:serviceaccount:kube-system:{name}'"))
        .chain(["'system:kube-controller-manager'".to_owned()])
        .collect();
    format!("request.userInfo.username in [{}]", accounts.join(", "))
}

/// The items of an annotation of the object's namespace, which only Bastide can write (`bastide-namespaces`).
pub(super) fn listed(annotation: &str) -> String {
    format!(
        "namespaceObject.metadata.?annotations[?'{annotation}'].orValue('').split(',').filter(one, one != '')"
    )
}
