//! The labels and annotations that Bastide owns on a cluster.

use bastide_model::placement::DesiredOrganization;
use serde_json::{Value, json};

/// Which organization an object belongs to: its id. On every object of an organization.
pub const ORGANIZATION_LABEL: &str = "bastide.dev/organization";
/// Which realm the organization belongs to: its id.
pub const REALM_LABEL: &str = "bastide.dev/realm";
/// What a namespace is for: `main` or `gateway`.
pub const ROLE_LABEL: &str = "bastide.dev/role";
/// Which project a namespace belongs to; absent on an organization's own namespaces.
pub const PROJECT_LABEL: &str = "bastide.dev/project";
/// Who makes an object, by Kubernetes' convention.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// Value of [`MANAGED_BY_LABEL`] on everything of ours.
pub const MANAGED_BY: &str = "bastide";
/// Hash of the manifest that was applied last.
pub const INTENT_ANNOTATION: &str = "bastide.dev/intent";
/// The organization's slug, for people.
pub(super) const SLUG_ANNOTATION: &str = "bastide.dev/slug";
/// The organization's name, for people.
pub(super) const NAME_ANNOTATION: &str = "bastide.dev/name";

/// On a namespace of an organization with a node pool: the pool's labels as `key=value`, with commas between them.
pub(super) const NODE_SELECTOR_ANNOTATION: &str = "bastide.dev/node-selector";
/// On a namespace of an organization with a node pool: the pool's tolerations as `kubectl taint` writes them, with commas
/// between them.
pub(super) const TOLERATIONS_ANNOTATION: &str = "bastide.dev/tolerations";
/// On a namespace of an organization: the host names that it owns, with commas between them.
pub(super) const HOST_NAMES_ANNOTATION: &str = "bastide.dev/host-names";
/// On a namespace of an organization: `dedicated` where it has a gateway of its own, else `shared`.
pub(super) const GATEWAY_ANNOTATION: &str = "bastide.dev/gateway";
/// On a namespace of an organization: what its routes may attach to, as kind, namespace and name with strokes between
/// them.
pub(super) const ROUTE_PARENT_ANNOTATION: &str = "bastide.dev/route-parent";

/// Labels of every object of an organization.
pub(super) fn of(desired: &DesiredOrganization) -> Value {
    json!({
        ORGANIZATION_LABEL: desired.organization.to_string(),
        REALM_LABEL: desired.realm.to_string(),
        MANAGED_BY_LABEL: MANAGED_BY,
    })
}

/// Labels of what belongs to no organization.
pub(super) fn of_bastide() -> Value {
    json!({ MANAGED_BY_LABEL: MANAGED_BY })
}

/// Selects the namespaces of an organization.
pub(super) fn namespaces_of(desired: &DesiredOrganization) -> Value {
    json!({ "matchLabels": { ORGANIZATION_LABEL: desired.organization.to_string() } })
}

#[cfg(test)]
mod tests {
    use bastide_model::labels::{check_key, check_value};
    use bastide_model::{Ids as _, OrganizationId, RealmId, SystemIds};

    use super::*;

    #[test]
    fn fleet_5_ids_are_valid_label_values() {
        check_value(&OrganizationId::from_uuid(SystemIds.fresh()).to_string()).unwrap();
        check_value(&RealmId::PLATFORM.to_string()).unwrap();
        for key in
            [ORGANIZATION_LABEL, REALM_LABEL, ROLE_LABEL, PROJECT_LABEL, MANAGED_BY_LABEL, INTENT_ANNOTATION]
        {
            check_key(key).unwrap();
        }
    }
}
