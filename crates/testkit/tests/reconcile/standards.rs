//! What others test of tenants' namespaces: the pods by which Kubernetes tests its Pod Security Standards, and the checks
//! of the multi-tenancy benchmarks of Kubernetes' working group.

use std::collections::BTreeSet;
use std::path::Path;

use bastide_kube::render::group;
use bastide_testkit::assets::Assets;
use kube::Client;
use serde_json::{Value, json};

use crate::intruder::{get, post};
use crate::node_pool::pod;
use crate::rights::review;
use crate::stage::Stage;

/// The pods of a folder, by the names of their files.
fn pods_of(folder: &Path) -> Vec<(String, Value)> {
    let mut files: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let mut pod: Value = serde_saphyr::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        pod["metadata"]["name"] = json!(name.replace('_', "-"));
        (name, pod)
    };
    files.into_iter().map(read).collect()
}

/// FLEET-5: in an organization's namespaces the Pod Security Standards hold, as Kubernetes' own pods for them show: in the
/// main one the restricted level, in that of the gateway the baseline.
#[tokio::test]
async fn fleet_5_the_pod_security_standards_hold() {
    let stage = Stage::new("standard").await;
    stage.until_settled(&stage.set(1)).await;
    stage.until_pods_are_possible().await;
    let assets = Assets::find().unwrap();
    for (level, namespace) in [("restricted", stage.base()), ("baseline", format!("{}-gw", stage.base()))] {
        let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All");
        let mut counted = 0;
        for (name, pod) in pods_of(&assets.folder().join(format!("pods-{level}-pass"))) {
            counted += 1;
            let result = post(&stage.client, &path, &pod).await;
            assert!(result.is_ok(), "{level} lets in {name}: {result:?}");
        }
        let mut missed = Vec::new();
        for (name, pod) in pods_of(&assets.folder().join(format!("pods-{level}-fail"))) {
            counted += 1;
            let (code, message) = post(&stage.client, &path, &pod).await.expect_err(&name);
            if !(code == 403 && message.contains("violates PodSecurity")) {
                assert!(code == 422 && message.contains("procMount"), "{level} refuses {name}: {message}");
                missed.push(name);
            }
        }
        assert!(counted > 45, "{level} has {counted} pods");
        // Each is refused, but earlier: the API itself wants a user namespace for an unmasked `/proc`.
        assert_eq!(missed, ["procmount0", "procmount1"], "{level}");
    }
}

/// A tenant's view of its cluster.
struct Tenant {
    client: Client,
    namespace: String,
}

impl Tenant {
    async fn may(&self, verb: &str, group: &str, resource: &str, namespace: &str, name: &str) -> bool {
        review(&self.client, verb, (group, resource), namespace, name).await
    }

    /// Whether a pod with these fields is refused.
    async fn is_refused(&self, more: &Value) -> bool {
        let body = serde_json::to_value(pod("tried", more)).unwrap();
        let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", self.namespace);
        matches!(post(&self.client, &path, &body).await, Err((403, message)) if message.contains("violates PodSecurity"))
    }

    /// A container with this security context, in a pod that is fine otherwise.
    async fn is_context_refused(&self, context: Value) -> bool {
        let mut all = json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } });
        all.as_object_mut().unwrap().extend(context.as_object().unwrap().clone());
        let container = json!({ "name": "main", "image": "example.invalid/main:1", "securityContext": all });
        self.is_refused(&json!({ "containers": [container] })).await
    }
}

/// Every resource that the cluster serves: group, name, verbs; those in namespaces or those outside.
async fn served(client: &Client, namespaced: bool) -> Vec<(String, String, Vec<String>)> {
    let mut versions = vec![(String::new(), "/api/v1".to_owned())];
    for group in get(client, "/apis").await.unwrap()["groups"].as_array().unwrap() {
        let name = group["name"].as_str().unwrap().to_owned();
        let preferred = group["preferredVersion"]["groupVersion"].as_str().unwrap();
        versions.push((name, format!("/apis/{preferred}")));
    }
    let mut all = Vec::new();
    for (group, path) in versions {
        for resource in get(client, &path).await.unwrap()["resources"].as_array().unwrap() {
            if resource["namespaced"] == json!(namespaced) {
                let verbs = serde_json::from_value(resource["verbs"].clone()).unwrap();
                all.push((group.clone(), resource["name"].as_str().unwrap().to_owned(), verbs));
            }
        }
    }
    assert!(all.len() > 20, "{} resources are served", all.len());
    all
}

/// Kinds by which everybody asks about themselves.
const ABOUT_ONESELF: [&str; 3] =
    ["selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"];

/// What the tenant may do there, of everything that the cluster serves.
async fn allowed(stage: &Stage, tenant: &Tenant, namespaced: bool, namespace: &str) -> Vec<String> {
    let mut allowed = Vec::new();
    for (group, resource, verbs) in served(&stage.client, namespaced).await {
        for verb in verbs {
            if !ABOUT_ONESELF.contains(&resource.as_str())
                && tenant.may(&verb, &group, &resource, namespace, "").await
            {
                allowed.push(format!("{verb} {resource}"));
            }
        }
    }
    allowed
}

/// What the tenant may change of what Bastide made for it.
async fn changeable(stage: &Stage, tenant: &Tenant) -> Vec<String> {
    let mut changeable = Vec::new();
    for object in stage.rendered(&stage.set_with_everything(1)) {
        let (key, kind) = (object.key(), object.resource());
        let namespace = key.namespace.as_deref().unwrap_or_default();
        for verb in ["update", "patch", "delete"] {
            for resource in [kind.plural.to_owned(), format!("{}/status", kind.plural)] {
                if tenant.may(verb, kind.group(), &resource, namespace, &key.name).await {
                    changeable.push(format!("{verb} {key}"));
                }
            }
        }
    }
    changeable
}

/// FLEET-5: the checks of the multi-tenancy benchmarks, by their ids.
#[tokio::test]
async fn fleet_5_the_multi_tenancy_benchmarks() {
    let (stage, other) = (Stage::new("benched").await, Stage::new("benched-other").await);
    stage.until_settled(&stage.set_with(1, |desired| desired.gateway = stage.own_gateway())).await;
    other.until_settled(&other.set(1)).await;
    stage.until_pods_are_possible().await;
    let name = group(stage.organization(), "administrator");
    let client = stage.plane().client_as("somebody", &[&name, "system:authenticated"]).await.unwrap();
    let tenant = Tenant { client, namespace: stage.base() };
    assert!(!tenant.is_refused(&json!({})).await, "a pod that asks for nothing is let in");
    let core = format!("/api/v1/namespaces/{}", stage.base());
    let nothing: Vec<String> = Vec::new();

    assert_eq!(allowed(&stage, &tenant, false, "").await, nothing, "PL1-CC-CPI-1 cluster resources");
    assert_eq!(changeable(&stage, &tenant).await, nothing, "PL1-BC-CPI-2 resources of the administrator");
    let elsewhere = allowed(&stage, &tenant, true, &other.base()).await;
    assert_eq!(elsewhere, nothing, "PL1-CC-TI-2 resources of other tenants");
    let quota = ["create", "update", "patch", "delete", "deletecollection"];
    for verb in quota {
        assert!(
            !tenant.may(verb, "", "resourcequotas", &stage.base(), "").await,
            "PL1-CC-TI-1 {verb} quotas"
        );
    }
    for (id, context) in [
        ("PL1-BC-CPI-3 capabilities", json!({ "capabilities": { "drop": ["ALL"], "add": ["NET_ADMIN"] } })),
        ("PL1-BC-CPI-4 root", json!({ "runAsNonRoot": false })),
        ("PL1-BC-CPI-4 root by number", json!({ "runAsUser": 0 })),
        ("PL1-BC-CPI-5 privileged", json!({ "privileged": true, "allowPrivilegeEscalation": true })),
        ("PL1-BC-CPI-6 escalation", json!({ "allowPrivilegeEscalation": true })),
    ] {
        assert!(tenant.is_context_refused(context).await, "{id}");
    }
    let port = json!([{ "name": "main", "image": "example.invalid/main:1", "ports": [{ "containerPort": 80, "hostPort": 80 }] }]);
    for (id, spec) in [
        ("PL1-BC-HI-1 host path", json!({ "volumes": [{ "name": "x", "hostPath": { "path": "/" } }] })),
        ("PL1-BC-HI-3 host network", json!({ "hostNetwork": true })),
        ("PL1-BC-HI-3 host ports", json!({ "containers": port })),
        ("PL1-BC-HI-4 host processes", json!({ "hostPID": true })),
        ("PL1-BC-HI-5 host communication", json!({ "hostIPC": true })),
    ] {
        assert!(tenant.is_refused(&spec).await, "{id}");
    }
    let node_port =
        json!({ "metadata": { "name": "x" }, "spec": { "type": "NodePort", "ports": [{ "port": 80 }] } });
    let result = post(&tenant.client, &format!("{core}/services?dryRun=All"), &node_port).await;
    assert!(matches!(result, Err((403, _))), "PL1-BC-HI-1 node ports: {result:?}");
    is_limited(&stage, &core).await;
    deviations(&tenant).await;
}

/// PL1-CC-FNS-1 and PL1-CC-FNS-2: quotas for what is computed with and for objects.
async fn is_limited(stage: &Stage, core: &str) {
    let quotas = get(&stage.client, &format!("{core}/resourcequotas")).await.unwrap();
    let limited: BTreeSet<String> = quotas["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|quota| quota["spec"]["hard"].as_object().unwrap().keys().cloned())
        .collect();
    for name in [
        "requests.cpu",
        "limits.cpu",
        "requests.memory",
        "limits.memory",
        "requests.ephemeral-storage",
        "requests.storage",
    ] {
        assert!(limited.contains(name), "PL1-CC-FNS-1 {name}");
    }
    for name in [
        "configmaps",
        "persistentvolumeclaims",
        "pods",
        "secrets",
        "services",
        "services.loadbalancers",
        "services.nodeports",
    ] {
        assert!(limited.contains(name), "PL1-CC-FNS-2 {name}");
    }
}

/// Decided otherwise. PL1-CC-DI-1 wants images pulled anew for each pod, so that nobody runs an image of another without
/// its credentials: since Kubernetes 1.35 the kubelet itself checks them, and a pull for each pod is paid by everybody.
/// PL2-BC-OPS-3 and PL2-BC-OPS-4 want tenants to make roles and network policies: here both confine the tenant.
async fn deviations(tenant: &Tenant) {
    let present = json!([{
        "name": "main", "image": "example.invalid/main:1", "imagePullPolicy": "IfNotPresent",
        "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
    }]);
    assert!(!tenant.is_refused(&json!({ "containers": present })).await, "PL1-CC-DI-1");
    for (id, group, resource) in [
        ("PL2-BC-OPS-3", "rbac.authorization.k8s.io", "roles"),
        ("PL2-BC-OPS-3", "rbac.authorization.k8s.io", "rolebindings"),
        ("PL2-BC-OPS-4", "networking.k8s.io", "networkpolicies"),
    ] {
        for verb in ["create", "update", "patch", "delete", "deletecollection"] {
            assert!(
                !tenant.may(verb, group, resource, &tenant.namespace, "").await,
                "{id} {verb} {resource}"
            );
        }
    }
}
