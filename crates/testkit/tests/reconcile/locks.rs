//! Nobody but Bastide and administrators of the cluster changes what confines an organization (FLEET-5), whatever RBAC
//! allows them.

use bastide_testkit::wait;
use kube::Client;
use serde_json::{Value, json};

use crate::intruder::{self, WAYS, is_refused, post, write};
use crate::stage::{LIMIT, Stage};

const NAMESPACES: &str = "/api/v1/namespaces";

/// What could be tried on an organization's namespace, and the code that it is refused with.
fn changes_of_a_namespace() -> Vec<(&'static str, Value, &'static str)> {
    let labels = |labels: Value| json!({ "metadata": { "labels": labels } });
    let notes = |notes: Value| json!({ "metadata": { "annotations": notes } });
    let locked = "NamespaceLocked";
    vec![
        ("given to another organization", labels(json!({ "bastide.dev/organization": "org_other" })), locked),
        ("made nobody's", labels(json!({ "bastide.dev/organization": null })), locked),
        ("given to another realm", labels(json!({ "bastide.dev/realm": "rlm_other" })), locked),
        ("made nobody's realm's", labels(json!({ "bastide.dev/realm": null })), locked),
        ("made a gateway's", labels(json!({ "bastide.dev/role": "gateway" })), locked),
        ("stripped of its role", labels(json!({ "bastide.dev/role": null })), locked),
        ("given to a project", labels(json!({ "bastide.dev/project": "prj_other" })), locked),
        ("given a label that Bastide may use one day", labels(json!({ "bastide.dev/new": "x" })), locked),
        ("hidden from its manager", labels(json!({ "app.kubernetes.io/managed-by": null })), locked),
        ("given another manager", labels(json!({ "app.kubernetes.io/managed-by": "me" })), locked),
        (
            "opened to every pod",
            labels(json!({ "pod-security.kubernetes.io/enforce": "privileged" })),
            locked,
        ),
        ("opened by omission", labels(json!({ "pod-security.kubernetes.io/enforce": null })), locked),
        ("unpinned", labels(json!({ "pod-security.kubernetes.io/enforce-version": "v1.0" })), locked),
        ("no longer audited", labels(json!({ "pod-security.kubernetes.io/audit": null })), locked),
        (
            "smuggled beside something harmless",
            json!({ "metadata": {
                "labels": { "harmless": "yes", "bastide.dev/organization": "org_other" },
                "annotations": { "harmless": "yes" },
            } }),
            locked,
        ),
        ("renamed", notes(json!({ "bastide.dev/slug": "other" })), locked),
        ("marked as applied", notes(json!({ "bastide.dev/intent": "00" })), locked),
        ("freed from its pool", notes(json!({ "bastide.dev/node-selector": null })), locked),
        (
            "let onto other nodes",
            notes(json!({ "bastide.dev/tolerations": "pool=silver:NoSchedule" })),
            locked,
        ),
        (
            "let onto other nodes by the scheduler",
            notes(json!({ "scheduler.alpha.kubernetes.io/node-selector": "pool=silver" })),
            locked,
        ),
    ]
}

/// What could be tried to become its owner, or to keep it from going.
fn claims_on_a_namespace() -> Vec<(&'static str, Value, &'static str)> {
    let owner = |name: &str, uid: &str, controls: bool| {
        json!({
            "apiVersion": "v1", "kind": "Namespace", "name": name, "uid": uid, "controller": controls,
        })
    };
    let owners = |owners: Value| json!({ "metadata": { "ownerReferences": owners } });
    let (one, two) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    vec![
        ("owned", owners(json!([owner("other", one, false)])), "NamespaceOwnerLocked"),
        ("owned and controlled", owners(json!([owner("other", one, true)])), "NamespaceOwnerLocked"),
        (
            "owned by several",
            owners(json!([owner("other", one, false), owner("another", two, false)])),
            "NamespaceOwnerLocked",
        ),
        (
            "owned beside something harmless",
            json!({ "metadata": { "labels": { "harmless": "yes" }, "ownerReferences": [owner("other", one, false)] } }),
            "NamespaceOwnerLocked",
        ),
        ("held", json!({ "metadata": { "finalizers": ["example.org/held"] } }), "NamespaceFinalizerLocked"),
    ]
}

/// FLEET-5: neither the labels and annotations nor the owners of an organization's namespace can be changed, on any of
/// its paths and by any kind of request.
#[tokio::test]
async fn fleet_5_an_organizations_namespace_cannot_be_hijacked() {
    let stage = Stage::new("hijacked").await;
    stage.until_settled(&stage.set_with_everything(1)).await;
    let intruder = intruder::client(stage.plane()).await;
    let path = format!("{NAMESPACES}/{}", stage.base());
    let protected = async || metadata(&stage.client, &path).await;
    let before = protected().await;
    for (what, change, code) in changes_of_a_namespace().into_iter().chain(claims_on_a_namespace()) {
        for way in WAYS {
            let result = write(&intruder, way, &path, "", &change).await;
            // Applying what is left out does not take it away from who owns it: then nothing happens.
            let is_nothing = way == "apply" && result.is_ok();
            assert!(is_refused(&result, code) || is_nothing, "{what} by {way}: {result:?}");
            assert_eq!(protected().await, before, "{what} by {way}");
            let result = write(&intruder, way, &path, "/status", &change).await;
            assert_eq!(protected().await, before, "{what} by {way} of /status: {result:?}");
        }
        let result = write(&intruder, "put", &path, "/finalize", &change).await;
        assert_eq!(protected().await, before, "{what} by /finalize: {result:?}");
    }
    let labelled = json!({ "metadata": { "labels": { "bastide.dev/organization": null } } });
    for subresource in ["/status", "/finalize"] {
        let result = write(&intruder, "put", &path, subresource, &labelled).await;
        assert!(is_refused(&result, "NamespaceLocked"), "{subresource}: {result:?}");
    }
    for (subresource, change) in [
        ("/finalize", json!({ "spec": { "finalizers": [] } })),
        ("/finalize", json!({ "spec": { "finalizers": ["kubernetes", "example.org/held"] } })),
        (
            "/status",
            json!({ "status": { "conditions": [{
            "type": "NamespaceContentRemaining", "status": "False", "reason": "x", "message": "x",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }] } }),
        ),
    ] {
        let result = write(&intruder, "put", &path, subresource, &change).await;
        assert!(is_refused(&result, "NamespaceStateLocked"), "{subresource}: {result:?}");
    }
    let result = intruder::delete(&intruder, &path).await;
    assert!(is_refused(&result, "NamespaceLocked"), "deleted: {result:?}");
    assert_eq!(protected().await, before);
    // What is nobody's business is not refused.
    write(&intruder, "merge", &path, "", &json!({ "metadata": { "labels": { "harmless": "yes" } } }))
        .await
        .unwrap();
}

/// FLEET-5: also where an administrator of the cluster made somebody the owner, nobody else is added beside, and none of
/// them becomes the one who controls.
#[tokio::test]
async fn fleet_5_an_owner_brings_no_other() {
    let stage = Stage::new("owned").await;
    stage.until_settled(&stage.set(1)).await;
    let intruder = intruder::client(stage.plane()).await;
    let path = format!("{NAMESPACES}/{}", stage.base());
    let uid = async |name: &str| {
        let live = intruder::get(&stage.client, &format!("{NAMESPACES}/{name}")).await.unwrap();
        live["metadata"]["uid"].clone()
    };
    let owner = |name: &str, uid: &Value, controls: bool| json!({ "apiVersion": "v1", "kind": "Namespace", "name": name, "uid": uid, "controller": controls });
    let (first, second) = (uid("kube-system").await, uid("kube-public").await);
    let owners = |owners: &Value| json!({ "metadata": { "ownerReferences": owners } });
    let set = owners(&json!([owner("kube-system", &first, false)]));
    write(&stage.client, "merge", &path, "", &set).await.unwrap();
    let before = metadata(&stage.client, &path).await;
    for change in [
        json!([owner("kube-system", &first, false), owner("kube-public", &second, false)]),
        json!([owner("kube-public", &second, true), owner("kube-system", &first, false)]),
        json!([owner("kube-system", &first, true)]),
        json!([owner("kube-public", &second, false)]),
    ] {
        for way in WAYS {
            for subresource in ["", "/status"] {
                let result = write(&intruder, way, &path, subresource, &owners(&change)).await;
                let after = metadata(&stage.client, &path).await;
                assert_eq!(after, before, "{change} by {way} of {subresource}: {result:?}");
                let is_told = !subresource.is_empty() || is_refused(&result, "NamespaceOwnerLocked");
                assert!(is_told, "{change} by {way}: {result:?}");
            }
        }
    }
}

/// What is protected of a namespace.
async fn metadata(client: &Client, path: &str) -> Value {
    let live = intruder::get(client, path).await.unwrap();
    let mut kept = serde_json::Map::new();
    for field in ["labels", "annotations", "ownerReferences", "finalizers"] {
        kept.insert(field.to_owned(), live["metadata"].get(field).cloned().unwrap_or_default());
    }
    for field in ["labels", "annotations"] {
        if let Some(all) = kept.get_mut(field).and_then(Value::as_object_mut) {
            all.remove("harmless");
        }
    }
    kept.insert("finalizing".to_owned(), live["spec"].clone());
    Value::Object(kept)
}

/// FLEET-5: no namespace becomes an organization's by anybody else: neither a new one nor one that is there, neither at
/// once nor later.
#[tokio::test]
async fn fleet_5_a_namespace_cannot_be_adopted() {
    let stage = Stage::new("adopting").await;
    stage.until_settled(&stage.set(1)).await;
    let intruder = intruder::client(stage.plane()).await;
    let organization = json!(stage.organization());
    let named = |labels: Value, annotations: Value| json!({ "metadata": { "name": "adopted", "labels": labels, "annotations": annotations } });
    for (what, body) in [
        ("made as the organization's", named(json!({ "bastide.dev/organization": organization }), json!({}))),
        ("made as a gateway's", named(json!({ "bastide.dev/role": "gateway" }), json!({}))),
        ("made as Bastide's", named(json!({ "app.kubernetes.io/managed-by": "bastide" }), json!({}))),
        ("made with a pool", named(json!({}), json!({ "bastide.dev/node-selector": "pool=gold" }))),
        (
            "made with a name that is not known before",
            json!({ "metadata": { "generateName": "adopted-", "labels": { "bastide.dev/organization": organization } } }),
        ),
    ] {
        let result = post(&intruder, NAMESPACES, &body).await;
        assert!(is_refused(&result, "NamespaceLocked"), "{what}: {result:?}");
    }
    // A gap, then a change.
    let own = named(json!({ "pod-security.kubernetes.io/enforce": "baseline" }), json!({}));
    post(&intruder, NAMESPACES, &own).await.unwrap();
    let path = format!("{NAMESPACES}/adopted");
    for change in [
        json!({ "metadata": { "labels": { "bastide.dev/organization": organization } } }),
        json!({ "metadata": { "labels": { "bastide.dev/role": "gateway", "harmless": "yes" } } }),
        json!({ "metadata": { "annotations": { "bastide.dev/tolerations": "pool=gold:NoSchedule" } } }),
    ] {
        for way in WAYS {
            for subresource in ["", "/status"] {
                let result = write(&intruder, way, &path, subresource, &change).await;
                assert!(
                    is_refused(&result, "NamespaceLocked"),
                    "{change} by {way} of {subresource}: {result:?}"
                );
            }
        }
        let result = write(&intruder, "put", &path, "/finalize", &change).await;
        assert!(is_refused(&result, "NamespaceLocked"), "{change} by /finalize: {result:?}");
    }
    // Otherwise it is theirs.
    let change = json!({ "metadata": { "labels": { "pod-security.kubernetes.io/enforce": "privileged" } } });
    write(&intruder, "merge", &path, "", &change).await.unwrap();
    intruder::delete(&intruder, &path).await.unwrap();
    wait::until("the namespace to end", LIMIT, async || Ok(intruder::get(&intruder, &path).await.err()))
        .await
        .unwrap();
}

/// What could be tried on an object of Bastide's: its path, and a change of it.
fn changes_of_objects(base: &str) -> Vec<(String, Value)> {
    let core = format!("{NAMESPACES}/{base}");
    let network = format!("/apis/networking.k8s.io/v1/namespaces/{base}/networkpolicies");
    let rights = "/apis/rbac.authorization.k8s.io/v1";
    vec![
        (format!("{core}/resourcequotas/bastide-limits"), json!({ "spec": { "hard": { "pods": "999" } } })),
        (format!("{core}/limitranges/bastide-defaults"), json!({ "spec": { "limits": [] } })),
        (format!("{network}/default-deny"), json!({ "spec": { "ingress": [{}] } })),
        (format!("{network}/allow-same-organization"), json!({ "spec": { "ingress": [{}] } })),
        (
            format!("{rights}/namespaces/{base}/rolebindings/bastide-member"),
            json!({ "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "intruder" }] }),
        ),
        (
            format!("/apis/gateway.networking.k8s.io/v1/namespaces/{base}-gw/gateways/{base}-gw"),
            json!({ "spec": { "gatewayClassName": "other" } }),
        ),
        (
            format!("{rights}/clusterroles/bastide-tenant-view"),
            json!({ "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }] }),
        ),
    ]
}

/// FLEET-5: what Bastide put into an organization's namespaces cannot be altered, relabelled, taken over or removed.
#[tokio::test]
async fn fleet_5_what_bastide_made_cannot_be_changed() {
    let stage = Stage::new("sealed").await;
    stage.until_settled(&stage.set_with_everything(1)).await;
    let intruder = intruder::client(stage.plane()).await;
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-4000-8000-000000000001" }]);
    let everywhere = [
        json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } }),
        json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "me" } } }),
        json!({ "metadata": { "labels": { "bastide.dev/organization": "org_other" } } }),
        json!({ "metadata": { "ownerReferences": owner } }),
    ];
    for (path, change) in changes_of_objects(&stage.base()) {
        let before = intruder::get(&stage.client, &path).await.unwrap();
        let without_strategic = WAYS.iter().filter(|way| !(path.contains("gateway") && **way == "strategic"));
        for way in without_strategic {
            for change in std::iter::once(&change).chain(&everywhere) {
                let result = write(&intruder, way, &path, "", change).await;
                let is_nothing = *way == "apply"
                    && result.as_ref().is_ok_and(|after| {
                        after["metadata"]["labels"] == before["metadata"]["labels"]
                            && after["spec"] == before["spec"]
                    });
                assert!(
                    is_refused(&result, "ObjectLocked") || is_nothing,
                    "{path}: {change} by {way}: {result:?}"
                );
            }
        }
        let result = intruder::delete(&intruder, &path).await;
        assert!(is_refused(&result, "ObjectLocked"), "{path} deleted: {result:?}");
        let collection = path.rsplit_once('/').unwrap().0;
        if path.contains("/namespaces/") {
            let selected = format!("{collection}?labelSelector=app.kubernetes.io/managed-by%3Dbastide");
            let result = intruder::delete(&intruder, &selected).await;
            assert!(is_refused(&result, "ObjectLocked"), "{path} deleted with others: {result:?}");
        }
        let copy = json!({
            "apiVersion": before["apiVersion"], "kind": before["kind"], "spec": before.get("spec"),
            "rules": before.get("rules"), "subjects": before.get("subjects"), "roleRef": before.get("roleRef"),
            "metadata": { "name": "copied", "labels": before["metadata"]["labels"] },
        });
        let result = post(&intruder, collection, &copy).await;
        assert!(is_refused(&result, "ObjectLocked"), "{path} copied: {result:?}");
    }
    let quota = format!("{NAMESPACES}/{}/resourcequotas/bastide-limits", stage.base());
    for way in WAYS {
        let change = json!({ "status": { "used": { "pods": "7" } } });
        let result = write(&intruder, way, &quota, "/status", &change).await;
        assert!(is_refused(&result, "ObjectLocked"), "use by {way}: {result:?}");
    }
}

/// FLEET-5: who was given everything in an organization's namespaces is still no administrator of the cluster.
#[tokio::test]
async fn fleet_5_all_rights_in_a_namespace_do_not_open_it() {
    let stage = Stage::new("entrusted").await;
    stage.until_settled(&stage.set(1)).await;
    stage.until_pods_are_possible().await;
    let base = stage.base();
    let bind = [
        "create",
        "rolebinding",
        "everything",
        "--clusterrole=cluster-admin",
        "--user=entrusted",
        "-n",
        &base,
    ];
    stage.plane().kubectl(&bind).await.unwrap();
    let entrusted = stage.plane().client_as("entrusted", &["system:authenticated"]).await.unwrap();
    let core = format!("{NAMESPACES}/{base}");
    for (path, change) in changes_of_objects(&base) {
        if !path.contains(&format!("/namespaces/{base}/")) {
            continue;
        }
        let result = write(&entrusted, "merge", &path, "", &change).await;
        assert!(is_refused(&result, "ObjectLocked"), "{path}: {result:?}");
        let result = intruder::delete(&entrusted, &path).await;
        assert!(is_refused(&result, "ObjectLocked"), "{path} deleted: {result:?}");
    }
    let stripped = json!({ "metadata": { "labels": { "bastide.dev/organization": null } } });
    let result = write(&entrusted, "merge", &core, "", &stripped).await;
    assert!(is_refused(&result, "NamespaceLocked"), "{result:?}");
    let result = intruder::delete(&entrusted, &core).await;
    assert!(is_refused(&result, "NamespaceLocked"), "deleted: {result:?}");
    let bound = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": { "name": "any" },
        "target": { "apiVersion": "v1", "kind": "Node", "name": "silver" },
    });
    let result = post(&entrusted, &format!("{core}/bindings"), &bound).await;
    assert!(is_refused(&result, "BindingNotAllowed"), "{result:?}");
}

/// FLEET-6: with the locks in force, an organization still goes as a whole, and a namespace that an administrator of the
/// cluster deletes still ends.
#[tokio::test]
async fn fleet_6_what_is_locked_still_goes() {
    let stage = Stage::new("leaving").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let before = stage.namespace(&stage.base()).await.unwrap().metadata.uid;
    stage.plane().kubectl(&["delete", "namespace", &stage.base(), "--wait=false"]).await.unwrap();
    stage.until_settled(&set).await;
    assert_ne!(stage.namespace(&stage.base()).await.unwrap().metadata.uid, before);
    let gone = bastide_model::placement::DesiredSet { generation: 2, content: None, ..set };
    stage.until_removed(&gone).await;
}
