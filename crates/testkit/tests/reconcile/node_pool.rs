//! The pods of an organization go to its nodes (FLEET-5), decided by the API server itself.

use std::collections::BTreeMap;

use bastide_kube::capabilities;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use bastide_model::labels::{NodePool, NodePoolParts};
use bastide_testkit::wait;

use crate::stage::{LIMIT, Stage, gold};

/// A pod that the restricted Pod Security level allows, with further fields of its spec.
pub(crate) fn pod(name: &str, more: &Value) -> Pod {
    let mut spec = json!({
        "securityContext": { "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [{
            "name": "main",
            "image": "example.invalid/main:1",
            "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
        }],
    });
    let more = more.as_object().unwrap().clone();
    spec.as_object_mut().unwrap().extend(more);
    serde_json::from_value(json!({ "metadata": { "name": name }, "spec": spec })).unwrap()
}

/// A policy is in force a moment after it was made: until then a pod is refused, or a dry run shows it as it was asked for.
pub(crate) async fn until_in_force(stage: &Stage) {
    stage.until_pods_are_possible().await;
    let api: Api<Pod> = Api::namespaced(stage.client.clone(), &stage.base());
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    wait::until("the policy to be in force", LIMIT, async || {
        let created = api.create(&dry_run, &pod("probe", &json!({}))).await;
        Ok(created.ok().and_then(|created| created.spec?.node_selector).map(drop))
    })
    .await
    .unwrap();
}

fn tolerations(pod: &Pod) -> Vec<String> {
    let all = pod.spec.as_ref().unwrap().tolerations.iter().flatten();
    all.filter(|one| !one.key.as_deref().unwrap_or_default().starts_with("node.kubernetes.io/"))
        .map(|one| {
            let part = |text: &Option<String>| text.clone().unwrap_or_default();
            format!("{} {} {} {}", part(&one.key), part(&one.operator), part(&one.value), part(&one.effect))
        })
        .collect()
}

/// FLEET-5: every pod gets the pool's node selector and tolerations, whatever it asks for itself, and lands there.
#[tokio::test]
async fn fleet_5_pods_are_bound_to_the_node_pool() {
    let stage = Stage::new("pooled").await;
    stage.until_settled(&stage.set_with(1, |desired| desired.node_pool = Some(gold()))).await;
    let api: Api<Pod> = Api::namespaced(stage.client.clone(), &stage.base());
    until_in_force(&stage).await;

    let ours = "pool Equal gold NoSchedule";
    let select = |labels: &[(&str, &str)]| -> BTreeMap<String, String> {
        labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let cases = [
        ("plain", json!({}), select(&[("pool", "gold")]), vec![ours]),
        (
            "elsewhere",
            json!({ "nodeSelector": { "pool": "silver" } }),
            select(&[("pool", "gold")]),
            vec![ours],
        ),
        (
            "narrower",
            json!({ "nodeSelector": { "kubernetes.io/hostname": "gold" } }),
            select(&[("pool", "gold"), ("kubernetes.io/hostname", "gold")]),
            vec![ours],
        ),
        (
            "already",
            json!({ "tolerations": [{ "key": "pool", "value": "gold", "effect": "NoSchedule" }] }),
            select(&[("pool", "gold")]),
            vec!["pool  gold NoSchedule"],
        ),
    ];
    for (name, asked, selector, tolerated) in cases {
        let created = api.create(&PostParams::default(), &pod(name, &asked)).await.unwrap();
        assert_eq!(created.spec.as_ref().unwrap().node_selector.as_ref(), Some(&selector), "{name}");
        assert_eq!(tolerations(&created), tolerated, "{name}");
    }
    let node = wait::until("the pod to be scheduled", LIMIT, async || {
        Ok(api.get("plain").await?.spec.and_then(|spec| spec.node_name))
    })
    .await
    .unwrap();
    assert_eq!(node, "gold");
}

/// FLEET-7: several labels and tolerations, with prefixes and each operator and effect, all arrive.
#[tokio::test]
async fn fleet_7_every_form_of_label_and_toleration_arrives() {
    let stage = Stage::new("elaborate").await;
    let labels = [("example.org/pool", "gold"), ("zone", "a.b_c-d"), ("empty", "")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let texts = [
        "example.org/pool=gold:NoSchedule",
        "spot",
        "soft:PreferNoSchedule",
        "hard=x:NoExecute",
        "none=",
        "any:NoExecute",
    ];
    let pool = NodePool::try_from(NodePoolParts {
        labels: labels.clone().into(),
        tolerations: texts.iter().map(|text| text.parse().unwrap()).collect(),
    })
    .unwrap();
    stage.until_settled(&stage.set_with(1, |desired| desired.node_pool = Some(pool))).await;
    let api: Api<Pod> = Api::namespaced(stage.client.clone(), &stage.base());
    until_in_force(&stage).await;
    let created = api.create(&PostParams::default(), &pod("all", &json!({}))).await.unwrap();
    assert_eq!(created.spec.as_ref().unwrap().node_selector, Some(labels.into()));
    assert_eq!(
        tolerations(&created),
        [
            "example.org/pool Equal gold NoSchedule",
            "spot Exists  ",
            "soft Exists  PreferNoSchedule",
            "hard Equal x NoExecute",
            "none Equal  ",
            "any Exists  NoExecute",
        ]
    );
}

/// FLEET-5: who has no pool is bound to none, and the pool of one organization is not that of another.
#[tokio::test]
async fn fleet_5_a_pool_is_one_organizations() {
    let pooled = Stage::new("with-pool").await;
    pooled.until_settled(&pooled.set_with(1, |desired| desired.node_pool = Some(gold()))).await;
    until_in_force(&pooled).await;
    let other = Stage::new("without-pool").await;
    other.until_settled(&other.set(1)).await;
    other.until_pods_are_possible().await;
    let api: Api<Pod> = Api::namespaced(other.client.clone(), &other.base());
    let created = api.create(&PostParams::default(), &pod("free", &json!({}))).await.unwrap();
    assert_eq!(created.spec.as_ref().unwrap().node_selector, None);
    assert_eq!(tolerations(&created), Vec::<String>::new());
}

/// FLEET-4: what a cluster can do is found out, with the reason why it matters.
#[tokio::test]
async fn fleet_4_capabilities_are_discovered() {
    let stage = Stage::new("capable").await;
    let found = capabilities::discover(&stage.client).await.unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.available)).collect();
    assert_eq!(
        told,
        [
            ("MutatingAdmissionPolicy", true),
            ("ValidatingAdmissionPolicy", true),
            ("GatewayApi", true),
            ("ListenerSet", true),
            ("ReleaseInPlace", true),
        ]
    );
    assert!(found.iter().all(|one| !one.reason.is_empty()));
}
