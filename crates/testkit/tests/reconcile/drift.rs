//! What somebody else does to our objects is undone (FLEET-6).

use bastide_kube::object::ObjectKey;
use bastide_kube::reconcile::bring_about;
use bastide_model::cluster::ConditionStatus;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use crate::spec;
use crate::stage::{Stage, status_of};

fn key(stage: &Stage, kind: &str, namespace: &str, name: &str) -> ObjectKey {
    let found = stage
        .rendered(&stage.set_with_everything(1))
        .into_iter()
        .map(|object| object.key().clone())
        .find(|key| {
            key.kind == kind && key.name == name && key.namespace.as_deref().unwrap_or_default() == namespace
        });
    found.unwrap_or_else(|| panic!("no {kind} {namespace}/{name} is rendered"))
}

/// What somebody might do to objects of ours, one thing at a time.
fn harmful_changes(stage: &Stage) -> Vec<(ObjectKey, Value)> {
    let base = stage.base();
    let pool = format!("bastide-node-pool-{}", stage.organization().to_string().replace('_', "-"));
    vec![
        // Opened: to everybody, to nobody in particular, and by closing less.
        (key(stage, "NetworkPolicy", &base, "default-deny"), json!({ "spec": { "ingress": [{}] } })),
        (
            key(stage, "NetworkPolicy", &base, "default-deny"),
            json!({ "spec": { "podSelector": { "matchLabels": { "nobody": "has-this" } } } }),
        ),
        (
            key(stage, "NetworkPolicy", &base, "default-deny"),
            json!({ "spec": { "policyTypes": ["Ingress"] } }),
        ),
        (
            key(stage, "NetworkPolicy", &base, "allow-gateway-ingress"),
            json!({ "spec": { "egress": [{}], "policyTypes": ["Ingress", "Egress"] } }),
        ),
        // Raised, and dropped, and something beside.
        (
            key(stage, "ResourceQuota", &base, "bastide-limits"),
            json!({ "spec": { "hard": { "pods": "999" } } }),
        ),
        (
            key(stage, "ResourceQuota", &base, "bastide-limits"),
            json!({ "spec": { "hard": { "pods": null } } }),
        ),
        (
            key(stage, "ResourceQuota", &base, "bastide-limits"),
            json!({ "spec": { "hard": { "count/configmaps": "0" } } }),
        ),
        (key(stage, "LimitRange", &base, "bastide-defaults"), json!({ "spec": { "limits": [] } })),
        (
            key(stage, "RoleBinding", &base, "bastide-member"),
            json!({ "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:authenticated" }] }),
        ),
        // Labels decide whom policies confine, and how.
        (
            key(stage, "Namespace", "", &base),
            json!({ "metadata": { "labels": { "bastide.dev/organization": null } } }),
        ),
        (
            key(stage, "Namespace", "", &base),
            json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "privileged" } } }),
        ),
        (key(stage, "Namespace", "", &base), json!({ "metadata": { "annotations": null } })),
        (key(stage, "MutatingAdmissionPolicy", "", &pool), json!({ "spec": { "failurePolicy": "Ignore" } })),
        (
            key(stage, "MutatingAdmissionPolicy", "", &pool),
            json!({ "spec": { "matchConditions": [{ "name": "never", "expression": "false" }] } }),
        ),
        (
            key(stage, "MutatingAdmissionPolicyBinding", "", &pool),
            json!({ "spec": { "matchResources": { "namespaceSelector": { "matchLabels": { "nobody": "has-this" } } } } }),
        ),
        (
            key(stage, "Gateway", &format!("{base}-gw"), &format!("{base}-gw")),
            json!({ "spec": { "gatewayClassName": "somebody-elses" } }),
        ),
    ]
}

/// FLEET-6: whatever somebody changes, deletes or adds, the next pass repairs it, and leaves no second owner behind.
#[tokio::test]
async fn fleet_6_what_was_changed_is_repaired() {
    let stage = Stage::new("drifting").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    for (key, change) in harmful_changes(&stage) {
        let before = stage.live(&key).await.unwrap();
        let params = PatchParams { field_manager: Some("kubectl-edit".to_owned()), ..PatchParams::default() };
        let changed = stage.api(&key).patch(&key.name, &params, &Patch::Merge(&change)).await.unwrap();
        assert_ne!(
            before.metadata.resource_version, changed.metadata.resource_version,
            "{key} took {change}"
        );
        let report = stage.until_settled(&set).await;
        let after = stage.live(&key).await.unwrap();
        assert_eq!(spec(&after), spec(&before), "{key} after {change}");
        assert_eq!(after.data.get("subjects"), before.data.get("subjects"), "{key} after {change}");
        assert_eq!(after.metadata.labels, before.metadata.labels, "{key} after {change}");
        assert_eq!(after.metadata.annotations, before.metadata.annotations, "{key} after {change}");
        assert_eq!(after.metadata.uid, before.metadata.uid, "{key} is repaired in place");
        assert_eq!(status_of(&report, "Applied").0, ConditionStatus::True);
        let ours = after.metadata.managed_fields.iter().flatten();
        let ours = ours.filter(|one| one.manager.as_deref() == Some("bastide-agent"));
        assert_eq!(
            ours.map(|one| one.operation.as_deref().unwrap()).collect::<Vec<_>>(),
            ["Apply"],
            "{key} after {change}"
        );
        let versions = stage.versions(&set).await;
        bring_about(&stage.client, &set, &stage.options).await.unwrap();
        assert_eq!(stage.versions(&set).await, versions, "settled after {key} took {change}");
    }
}

/// FLEET-6: what was deleted is made again, each object of them.
#[tokio::test]
async fn fleet_6_what_was_deleted_is_made_again() {
    let stage = Stage::new("deleted").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    for object in stage.rendered(&set).iter().filter(|object| object.key().kind != "Namespace") {
        let key = object.key();
        let before = stage.live(key).await.unwrap().metadata.uid;
        stage.api(key).delete(&key.name, &DeleteParams::default()).await.unwrap();
        bring_about(&stage.client, &set, &stage.options).await.unwrap();
        let after = stage.live(key).await.unwrap_or_else(|| panic!("{key} is missing")).metadata.uid;
        assert_ne!(before, after, "{key} was deleted");
    }
    stage.until_settled(&set).await;
}

/// FLEET-6: a namespace that somebody deletes comes again with everything in it, and until then the report says why not.
#[tokio::test]
async fn fleet_6_a_deleted_namespace_comes_again() {
    let stage = Stage::new("ended").await;
    let set = stage.set(1);
    stage.until_settled(&set).await;
    let base = stage.base();
    let before = stage.namespace(&base).await.unwrap();
    // Held back, so that it is seen on its way.
    let held = key(&stage, "ResourceQuota", &base, "bastide-limits");
    let finalizer = json!({ "metadata": { "finalizers": ["example.org/held"] } });
    stage.api(&held).patch(&held.name, &PatchParams::default(), &Patch::Merge(&finalizer)).await.unwrap();
    stage.plane().kubectl(&["delete", "namespace", &base, "--wait=false"]).await.unwrap();

    let report = bring_about(&stage.client, &set, &stage.options).await.unwrap();
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::False, "NamespaceTerminating".to_owned()));
    let released = json!({ "metadata": { "finalizers": null } });
    stage.api(&held).patch(&held.name, &PatchParams::default(), &Patch::Merge(&released)).await.unwrap();
    stage.until_ready(&set).await;
    let after = stage.namespace(&base).await.unwrap();
    assert_ne!(before.metadata.uid, after.metadata.uid);
}

/// FLEET-6: a binding that somebody replaced by one to another role is made anew: it cannot be changed in place.
#[tokio::test]
async fn fleet_6_a_binding_to_another_role_is_made_anew() {
    let stage = Stage::new("rebound").await;
    let set = stage.set(1);
    stage.until_settled(&set).await;
    let base = stage.base();
    let binding = key(&stage, "RoleBinding", &base, "bastide-member");
    stage.api(&binding).delete(&binding.name, &DeleteParams::default()).await.unwrap();
    let group = format!("--group=bastide:org:{}:member", stage.organization());
    stage
        .plane()
        .kubectl(&["create", "rolebinding", "-n", &base, "bastide-member", "--clusterrole=admin", &group])
        .await
        .unwrap();
    stage.until_settled(&set).await;
    let live = stage.live(&binding).await.unwrap();
    assert_eq!(live.data["roleRef"]["name"], "bastide-tenant-view");
}

/// FLEET-6: nothing else is touched: what others put into our namespaces, and onto them, stays.
#[tokio::test]
async fn fleet_6_what_is_not_ours_is_left_alone() {
    let stage = Stage::new("lively").await;
    let set = stage.set(1);
    stage.until_settled(&set).await;
    let base = stage.base();
    let plane = stage.plane();
    plane.kubectl(&["create", "configmap", "-n", &base, "theirs", "--from-literal=a=b"]).await.unwrap();
    plane.kubectl(&["label", "namespace", &base, "example.org/theirs=yes"]).await.unwrap();
    plane.kubectl(&["annotate", "namespace", &base, "example.org/theirs=yes"]).await.unwrap();
    stage.until_settled(&stage.set_with(2, |desired| desired.compute.pods = 3)).await;
    plane.kubectl(&["get", "configmap", "-n", &base, "theirs"]).await.unwrap();
    let namespace = stage.namespace(&base).await.unwrap().metadata;
    assert!(namespace.labels.unwrap().contains_key("example.org/theirs"));
    assert!(namespace.annotations.unwrap().contains_key("example.org/theirs"));
}
