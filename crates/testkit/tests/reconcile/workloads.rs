//! What the workloads of an organization may not ask for (FLEET-5), on nodes of two pools with the real scheduler: nodes,
//! rank, volumes and addresses of others.

use bastide_kube::object::ObjectKey;
use bastide_kube::render::group;
use bastide_model::labels::{NodePool, NodePoolParts};
use bastide_testkit::wait;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::intruder::{self, WAYS, get, is_refused, post, write};
use crate::node_pool::{pod, until_in_force};
use crate::stage::{LIMIT, Stage, gold};

/// An administrator of the organization.
async fn administrator(stage: &Stage) -> Client {
    let group = group(stage.organization(), "administrator");
    stage.plane().client_as("somebody", &[&group, "system:authenticated"]).await.unwrap()
}

fn tolerating(toleration: &Value) -> Value {
    json!({ "tolerations": [toleration] })
}

/// What a pod asks for, the code that it is refused with where there is the pool `gold`, and where there is no pool; none
/// when it is let in.
type Asked = (&'static str, Value, Option<&'static str>, Option<&'static str>);

/// Nodes and taints of pools.
fn pods_for_nodes() -> Vec<Asked> {
    let not_ready = "node.kubernetes.io/not-ready";
    let (node, toleration) = (Some("NodeNameNotAllowed"), Some("TolerationNotAllowed"));
    vec![
        ("nothing", json!({}), None, None),
        ("a node of another pool", json!({ "nodeName": "silver" }), node, node),
        ("a node of its own pool", json!({ "nodeName": "gold" }), node, node),
        ("the selector of another pool", json!({ "nodeSelector": { "pool": "silver" } }), None, None),
        ("every taint", tolerating(&json!({ "operator": "Exists" })), toleration, toleration),
        (
            "every taint that evicts",
            tolerating(&json!({ "operator": "Exists", "effect": "NoExecute" })),
            toleration,
            toleration,
        ),
        (
            "the taint of another pool",
            tolerating(&json!({ "key": "pool", "value": "silver", "effect": "NoSchedule" })),
            toleration,
            toleration,
        ),
        (
            "the taints of all pools",
            tolerating(&json!({ "key": "pool", "operator": "Exists" })),
            toleration,
            toleration,
        ),
        (
            "the taint of the pool",
            tolerating(&json!({ "key": "pool", "value": "gold", "effect": "NoSchedule" })),
            None,
            toleration,
        ),
        (
            "any other taint",
            tolerating(&json!({ "key": "other", "operator": "Exists" })),
            toleration,
            toleration,
        ),
        (
            "another pool beside what is allowed",
            json!({
                "nodeSelector": { "pool": "silver" },
                "tolerations": [
                    { "key": not_ready, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60 },
                    { "key": "pool", "operator": "Equal", "value": "silver" },
                ],
            }),
            toleration,
            toleration,
        ),
    ]
}

/// Taints of Kubernetes itself, and ranks.
fn pods_of_rank() -> Vec<Asked> {
    let not_ready = "node.kubernetes.io/not-ready";
    let (toleration, rank) = (Some("TolerationNotAllowed"), Some("PriorityNotAllowed"));
    vec![
        (
            "a node that stops to answer, for a minute",
            tolerating(
                &json!({ "key": not_ready, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 60 }),
            ),
            None,
            None,
        ),
        (
            "a node that stops to answer, for ever",
            tolerating(&json!({ "key": not_ready, "operator": "Exists", "effect": "NoExecute" })),
            toleration,
            toleration,
        ),
        (
            "a node that takes no pods",
            tolerating(
                &json!({ "key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule" }),
            ),
            toleration,
            toleration,
        ),
        ("the rank of a node's own", json!({ "priorityClassName": "system-node-critical" }), rank, rank),
        (
            "the rank of the cluster's own",
            json!({ "priorityClassName": "system-cluster-critical" }),
            rank,
            rank,
        ),
        ("a rank above others", json!({ "priorityClassName": "above-others" }), rank, rank),
        ("a rank that was given", json!({ "priorityClassName": "given" }), None, None),
        ("a rank below others", json!({ "priorityClassName": "below-others" }), None, None),
    ]
}

/// Priority classes: one that nobody was given, one that every service account may use, and one below all others.
async fn priority_classes(stage: &Stage) {
    let plane = stage.plane();
    for (name, value) in [("above-others", "1000"), ("given", "10"), ("below-others", "-10")] {
        plane.kubectl(&["create", "priorityclass", name, &format!("--value={value}")]).await.unwrap();
    }
    let role = json!({
        "metadata": { "name": "given-rank" },
        "rules": [{
            "apiGroups": ["scheduling.k8s.io"], "resources": ["priorityclasses"], "resourceNames": ["given"],
            "verbs": ["use"],
        }],
    });
    let rights = "/apis/rbac.authorization.k8s.io/v1";
    post(&stage.client, &format!("{rights}/clusterroles"), &role).await.unwrap();
    let bind = ["create", "clusterrolebinding", "given-rank", "--clusterrole=given-rank"];
    plane.kubectl(&[&bind[..], &["--group=system:serviceaccounts"]].concat()).await.unwrap();
}

/// FLEET-5: a tenant does not get onto nodes of others and does not displace pods of others, whether it has a pool or
/// not; what is its own it may ask for.
#[tokio::test]
async fn fleet_5_pods_do_not_evade_their_nodes() {
    let (pooled, free) = (Stage::new("held").await, Stage::new("unpooled").await);
    pooled.until_settled(&pooled.set_with(1, |desired| desired.node_pool = Some(gold()))).await;
    free.until_settled(&free.set(1)).await;
    priority_classes(&pooled).await;
    until_in_force(&pooled).await;
    free.until_pods_are_possible().await;
    let with_pool = administrator(&pooled).await;
    let without_pool = administrator(&free).await;
    for (what, asked, pooled_code, free_code) in pods_for_nodes().into_iter().chain(pods_of_rank()) {
        for (client, stage, code) in [(&with_pool, &pooled, pooled_code), (&without_pool, &free, free_code)] {
            // Whoever asks: what has all rights acts on the word of a tenant, too.
            for client in [client, &stage.client] {
                let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", stage.base());
                let body = serde_json::to_value(pod("tried", &asked)).unwrap();
                let result = post(client, &path, &body).await;
                let holds = code.map_or(result.is_ok(), |code| is_refused(&result, code));
                assert!(holds, "{what} in {}: {result:?}", stage.base());
            }
        }
    }
}

/// FLEET-5: what is checked is the result: without the policy that sets the pool, a pod is refused, not let in anywhere.
#[tokio::test]
async fn fleet_5_without_its_pool_a_pod_is_refused() {
    let stage = Stage::new("unset").await;
    let set = stage.set_with(1, |desired| desired.node_pool = Some(gold()));
    stage.until_settled(&set).await;
    until_in_force(&stage).await;
    for object in stage.rendered(&set).iter().filter(|one| one.key().kind.starts_with("MutatingAdmission")) {
        let key: &ObjectKey = object.key();
        stage.api(key).delete(&key.name, &DeleteParams::default()).await.unwrap();
    }
    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", stage.base());
    let tenant = administrator(&stage).await;
    let body = serde_json::to_value(pod("tried", &json!({}))).unwrap();
    wait::until("a pod to be refused", LIMIT, async || {
        let result = post(&tenant, &path, &body).await;
        Ok(is_refused(&result, "NodePoolNotAllowed").then_some(()))
    })
    .await
    .unwrap();
}

/// FLEET-5: the real scheduler puts pods of each kind onto the pool, nobody else puts any anywhere, and a pod that is
/// there is not let onto other nodes afterwards.
#[tokio::test]
async fn fleet_5_pods_stay_on_their_nodes() {
    let stage = Stage::new("staying").await;
    stage.until_settled(&stage.set_with(1, |desired| desired.node_pool = Some(gold()))).await;
    until_in_force(&stage).await;
    let intruder = intruder::client(stage.plane()).await;
    let tenant = administrator(&stage).await;
    let core = format!("/api/v1/namespaces/{}", stage.base());
    // One that no scheduler takes up, and one that is bound by hand.
    let unscheduled = serde_json::to_value(pod("waiting", &json!({ "schedulerName": "my-own" }))).unwrap();
    post(&tenant, &format!("{core}/pods"), &unscheduled).await.unwrap();
    let binding = json!({
        "apiVersion": "v1", "kind": "Binding", "metadata": { "name": "waiting" },
        "target": { "apiVersion": "v1", "kind": "Node", "name": "silver" },
    });
    for path in [format!("{core}/pods/waiting/binding"), format!("{core}/bindings")] {
        let result = post(&intruder, &path, &binding).await;
        assert!(is_refused(&result, "BindingNotAllowed"), "{path}: {result:?}");
        assert!(matches!(post(&tenant, &path, &binding).await, Err((403, _))), "{path}");
    }
    scheduled_everywhere(&stage, &tenant).await;
    let waiting = get(&stage.client, &format!("{core}/pods/waiting")).await.unwrap();
    assert_eq!(waiting["spec"].get("nodeName"), None);

    for (change, code) in [
        (json!({ "operator": "Exists" }), "TolerationNotAllowed"),
        (json!({ "key": "pool", "value": "silver", "operator": "Equal" }), "TolerationNotAllowed"),
    ] {
        let path = format!("{core}/pods/waiting");
        let mut all = waiting["spec"]["tolerations"].as_array().cloned().unwrap_or_default();
        all.push(change);
        let change = json!({ "spec": { "tolerations": all } });
        for way in WAYS {
            let result = write(&tenant, way, &path, "", &change).await;
            assert!(is_refused(&result, code), "{way}: {result:?}");
        }
    }
    let harmless = json!({ "metadata": { "labels": { "mine": "yes" } } });
    write(&tenant, "merge", &format!("{core}/pods/waiting"), "", &harmless).await.unwrap();
}

/// A deployment and a daemon set run on the pool's node, and only there.
async fn scheduled_everywhere(stage: &Stage, tenant: &Client) {
    let workload = |kind: &str, more: Value| {
        let mut spec = serde_json::to_value(pod("x", &more)).unwrap()["spec"].take();
        spec["containers"][0]["resources"] = json!({ "limits": { "cpu": "10m", "memory": "16Mi" } });
        let mut body = json!({
            "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": "work" },
            "spec": {
                "selector": { "matchLabels": { "kind": kind } },
                "template": { "metadata": { "labels": { "kind": kind } }, "spec": spec },
            },
        });
        if kind == "Deployment" {
            body["spec"]["replicas"] = json!(2);
        }
        body
    };
    let apps = format!("/apis/apps/v1/namespaces/{}", stage.base());
    post(tenant, &format!("{apps}/deployments"), &workload("Deployment", json!({}))).await.unwrap();
    // The controller looks at the template before there is a pod that could be given a pool.
    let pool = json!({
        "nodeSelector": { "pool": "gold" },
        "tolerations": [{ "key": "pool", "operator": "Equal", "value": "gold", "effect": "NoSchedule" }],
    });
    post(tenant, &format!("{apps}/daemonsets"), &workload("DaemonSet", pool)).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(stage.client.clone(), &stage.base());
    let nodes = wait::until("three pods to be scheduled", LIMIT, async || {
        let all = pods.list(&kube::api::ListParams::default().labels("kind")).await?;
        let nodes: Vec<String> =
            all.items.into_iter().filter_map(|one| one.spec.and_then(|spec| spec.node_name)).collect();
        Ok((nodes.len() == 3).then_some(nodes))
    })
    .await
    .unwrap();
    assert_eq!(nodes, ["gold", "gold", "gold"]);
}

/// FLEET-5, FLEET-6: an organization that moves to another pool leaves its pods where they are; they may be changed
/// otherwise, and new ones go to the new pool.
#[tokio::test]
async fn fleet_5_a_pod_from_before_may_still_be_changed() {
    let stage = Stage::new("moving").await;
    stage.until_settled(&stage.set_with(1, |desired| desired.node_pool = Some(gold()))).await;
    until_in_force(&stage).await;
    let tenant = administrator(&stage).await;
    let pods = format!("/api/v1/namespaces/{}/pods", stage.base());
    let body = |name: &str| serde_json::to_value(pod(name, &json!({}))).unwrap();
    post(&tenant, &pods, &body("before")).await.unwrap();
    let silver = NodePool::try_from(NodePoolParts {
        labels: [("pool".to_owned(), "silver".to_owned())].into(),
        tolerations: vec!["pool=silver:NoSchedule".parse().unwrap()],
    });
    stage.until_settled(&stage.set_with(2, |desired| desired.node_pool = silver.ok())).await;
    wait::until("pods to be given the new pool", LIMIT, async || {
        let made = post(&tenant, &format!("{pods}?dryRun=All"), &body("after")).await;
        Ok(made.ok().filter(|made| made["spec"]["nodeSelector"]["pool"] == "silver"))
    })
    .await
    .unwrap();
    let path = format!("{pods}/before");
    for way in WAYS {
        let label = json!({ "metadata": { "labels": { "by": way } } });
        write(&tenant, way, &path, "", &label).await.unwrap();
    }
    let debugger = json!([{
        "name": "debugger", "image": "example.invalid/debugger:1",
        "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
    }]);
    let change = json!({ "spec": { "ephemeralContainers": debugger } });
    write(&stage.client, "put", &path, "/ephemeralcontainers", &change).await.unwrap();
    let live = get(&tenant, &path).await.unwrap();
    assert_eq!(live["spec"]["nodeSelector"], json!({ "pool": "gold" }));
    let mut tolerations = live["spec"]["tolerations"].as_array().cloned().unwrap();
    tolerations.push(json!({ "key": "other", "operator": "Exists" }));
    let result = write(&tenant, "put", &path, "", &json!({ "spec": { "tolerations": tolerations } })).await;
    assert!(is_refused(&result, "TolerationNotAllowed"), "{result:?}");
}

/// FLEET-5: no address and no name that leads to what is not the organization's own.
#[tokio::test]
async fn fleet_5_services_do_not_take_addresses_of_others() {
    let stage = Stage::new("addressed").await;
    stage.until_settled(&stage.set(1)).await;
    stage.until_pods_are_possible().await;
    let tenant = administrator(&stage).await;
    let path = format!("/api/v1/namespaces/{}/services", stage.base());
    let alias = |name: &str| json!({ "type": "ExternalName", "externalName": name });
    let ports = json!([{ "port": 80 }]);
    let (taken, led) = (Some("ExternalIPNotAllowed"), Some("ExternalNameNotAllowed"));
    for (spec, code) in [
        (json!({ "ports": ports }), None),
        (json!({ "ports": ports, "clusterIP": "None" }), None),
        (json!({ "ports": ports, "externalIPs": ["10.1.2.3"] }), taken),
        (json!({ "ports": ports, "externalIPs": ["198.51.100.7"] }), taken),
        (alias("db.example.org."), None),
        (alias("db.example.org"), led),
        (alias("kubernetes.default"), led),
        (alias("kubernetes.default.svc"), led),
        (alias("kubernetes.default.svc."), led),
        (alias("kubernetes.default.svc.cluster.local."), led),
        (alias("kubernetes.default.svc.corp.example.org."), led),
        (alias("10-0-0-1.default.pod.corp.example.org."), led),
        (alias("metadata.google.internal."), led),
        (alias("localhost."), led),
        (alias("10.0.0.1."), led),
        (alias("1.0.0.10.in-addr.arpa."), led),
    ] {
        let body = json!({ "metadata": { "name": "tried" }, "spec": spec });
        let result = post(&tenant, &format!("{path}?dryRun=All"), &body).await;
        match code {
            Some(code) => assert!(is_refused(&result, code), "{spec}: {result:?}"),
            None => assert!(result.is_ok(), "{spec}: {result:?}"),
        }
    }
    post(&tenant, &path, &json!({ "metadata": { "name": "own" }, "spec": { "ports": ports } }))
        .await
        .unwrap();
    for way in WAYS {
        let taken = json!({ "spec": { "externalIPs": ["10.1.2.3"] } });
        let result = write(&tenant, way, &format!("{path}/own"), "", &taken).await;
        assert!(is_refused(&result, "ExternalIPNotAllowed"), "{way}: {result:?}");
    }
}

/// FLEET-5: a claim does not get the volume of another, by no kind of request.
#[tokio::test]
async fn fleet_5_claims_do_not_name_volumes() {
    let stage = Stage::new("claiming").await;
    stage.until_settled(&stage.set(1)).await;
    stage.until_pods_are_possible().await;
    let volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "of-another" },
        "spec": {
            "capacity": { "storage": "1Gi" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand",
            "persistentVolumeReclaimPolicy": "Retain", "hostPath": { "path": "/data" },
        },
    });
    let tenant = administrator(&stage).await;
    let path = format!("/api/v1/namespaces/{}/persistentvolumeclaims", stage.base());
    let claim = |name: &str, more: Value| {
        let mut spec = json!({
            "accessModes": ["ReadWriteOnce"], "storageClassName": "by-hand",
            "resources": { "requests": { "storage": "1Gi" } },
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "metadata": { "name": name }, "spec": spec })
    };
    let named = json!({ "volumeName": "of-another" });
    let result = post(&tenant, &path, &claim("tried", named.clone())).await;
    assert!(is_refused(&result, "VolumeNameNotAllowed"), "{result:?}");
    post(&tenant, &path, &claim("own", json!({}))).await.unwrap();
    for way in WAYS {
        let result = write(&tenant, way, &format!("{path}/own"), "", &json!({ "spec": named })).await;
        assert!(is_refused(&result, "VolumeNameNotAllowed"), "{way}: {result:?}");
    }
    // The cluster itself finds one and names it.
    post(&stage.client, "/api/v1/persistentvolumes", &volume).await.unwrap();
    wait::until("the claim to be bound", LIMIT, async || {
        let live =
            get(&tenant, &format!("{path}/own")).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok((live["status"]["phase"] == "Bound").then_some(()))
    })
    .await
    .unwrap();
}

/// FLEET-5: every kind that a tenant can make is counted, under a name that the cluster knows, and has an end.
#[tokio::test]
async fn fleet_5_objects_have_an_end() {
    let stage = Stage::new("counted").await;
    stage.until_settled(&stage.set_with(1, |desired| desired.compute.pods = 1)).await;
    let quota = format!("/api/v1/namespaces/{}/resourcequotas/bastide-limits", stage.base());
    let names = |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let mut generation = 1;
    let live = wait::until("each of them to be counted", LIMIT, async || {
        let live = get(&stage.client, &quota).await.map_err(|error| anyhow::anyhow!("{error:?}"))?;
        if names(&live["status"]["used"]) == names(&live["spec"]["hard"]) {
            return Ok(Some(live));
        }
        // A kind of an extension is counted from the next change on after the controller came to know it.
        generation += 1;
        let again =
            stage.set_with(generation, |desired| desired.compute.pods = 1 + generation.unsigned_abs() % 2);
        stage.until_settled(&again).await;
        Ok(None)
    })
    .await
    .unwrap();

    let tenant = administrator(&stage).await;
    let path = format!("/api/v1/namespaces/{}/configmaps", stage.base());
    let most: usize = live["spec"]["hard"]["configmaps"].as_str().unwrap().parse().unwrap();
    let mut made = 0;
    let refusal = loop {
        let body = json!({ "metadata": { "generateName": "many-" }, "data": { "a": "b" } });
        match post(&tenant, &path, &body).await {
            Ok(_) => made += 1,
            Err(refusal) => break refusal,
        }
        assert!(made <= most, "there is no end");
    };
    assert!(refusal.0 == 403 && refusal.1.contains("exceeded quota"), "{refusal:?}");
    for (group, kind) in [
        ("/apis/apps/v1", "deployments"),
        ("/apis/batch/v1", "jobs"),
        ("/apis/gateway.networking.k8s.io/v1", "httproutes"),
    ] {
        let name = format!("count/{kind}.{}", group.split('/').nth(2).unwrap());
        assert_eq!(live["status"]["used"][&name], "0", "{name}");
    }
    let pods: Api<Pod> = Api::namespaced(tenant, &stage.base());
    stage.until_pods_are_possible().await;
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    let created = pods.create(&dry_run, &pod("one", &json!({}))).await.unwrap();
    let resources = created.spec.unwrap().containers[0].resources.clone().unwrap();
    assert_eq!(resources.limits.unwrap()["ephemeral-storage"].0, "1Gi");
}
