//! What is let go stays as it is and is nobody's of Bastide (FLEET-6).

use bastide_kube::reconcile::bring_about;
use bastide_kube::record::{self, SetName};
use bastide_model::cluster::ConditionStatus;
use bastide_model::placement::DesiredSet;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::crash::{Crash, Gate};
use crate::intruder;
use crate::stage::{Stage, status_of};

/// The same set, let go.
fn released(set: &DesiredSet, generation: i64) -> DesiredSet {
    let mut set = DesiredSet { generation, ..set.clone() };
    set.content.as_mut().unwrap().released = true;
    set
}

/// What is there of a set, without what means nothing once it is let go.
async fn what_stays(stage: &Stage, set: &DesiredSet) -> Vec<(String, Value)> {
    let mut there = Vec::new();
    for object in stage.rendered(set) {
        let key = object.key();
        if (key.namespace.is_some() && key.kind != "RoleBinding") || key.kind == "Namespace" {
            let live = stage.live(key).await.unwrap_or_else(|| panic!("{key} is gone"));
            there.push((key.to_string(), serde_json::to_value(live).unwrap()));
        }
    }
    there
}

/// FLEET-6: everything of the organization stays, what is in its namespaces too; nothing carries a mark of ours, nothing of
/// ours holds it, and what confines it goes on to confine it until somebody changes that. The rights of its people go: what
/// kept them away from others goes by our labels.
#[tokio::test]
async fn fleet_6_what_is_let_go_stays_and_is_no_longer_ours() {
    let stage = Stage::new("let-go").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let map = json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "theirs" } });
    intruder::post(&stage.client, "/api/v1/namespaces/let-go/configmaps", &map).await.unwrap();
    let stranger = intruder::client(stage.plane()).await;
    let policy = "/apis/networking.k8s.io/v1/namespaces/let-go/networkpolicies/default-deny";
    assert!(intruder::is_refused(&intruder::delete(&stranger, policy).await, "ObjectLocked"));
    let before = what_stays(&stage, &set).await;

    let gone = released(&set, 2);
    let report = stage.until("the organization to be let go", &gone, |report| report.removed).await;
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::True, "Released".to_owned()));
    assert_eq!(report.objects, []);
    let after = what_stays(&stage, &set).await;
    assert_eq!(after.len(), before.len());
    for ((key, was), (_, is)) in before.iter().zip(&after) {
        assert_eq!(was.pointer("/metadata/uid"), is.pointer("/metadata/uid"), "{key}");
        let marks = [is.pointer("/metadata/labels"), is.pointer("/metadata/annotations"), is.get("spec")];
        assert!(!format!("{marks:?}").contains("bastide.dev/"), "{key}: {marks:?}");
        let managed = is.pointer("/metadata/labels/app.kubernetes.io~1managed-by");
        assert_eq!(managed, None, "{key}");
    }
    let pod_security = "/metadata/labels/pod-security.kubernetes.io~1enforce";
    let namespace = &after.iter().find(|(key, _)| key.contains("Namespace")).unwrap().1;
    assert_eq!(namespace.pointer(pod_security), Some(&json!("restricted")), "it is still confined");
    let inside = after.iter().find(|(key, _)| key.contains("let-go/allow-same-organization")).unwrap();
    let by_name = json!(["let-go", "let-go-gw"]);
    let selected = "/spec/ingress/0/from/0/namespaceSelector/matchExpressions/0/values";
    assert_eq!(inside.1.pointer(selected), Some(&by_name), "its namespaces still reach each other");
    let gone_too = |kind: &str| kind.contains("Admission") || kind == "RoleBinding";
    let rendered = stage.rendered(&set);
    assert!(rendered.iter().any(|object| object.key().kind == "RoleBinding"));
    for object in rendered.iter().filter(|object| gone_too(&object.key().kind)) {
        assert!(stage.live(object.key()).await.is_none(), "{} means nothing without labels", object.key());
    }
    intruder::get(&stage.client, "/api/v1/namespaces/let-go/configmaps/theirs").await.unwrap();
    // Whoever has the right by RBAC may change it now.
    intruder::delete(&stranger, policy).await.unwrap();
    intruder::delete(&stranger, "/api/v1/namespaces/let-go-gw").await.unwrap();

    let passes = stage.versions(&set).await;
    assert!(bring_about(&stage.client, &gone, &stage.options).await.unwrap().removed);
    assert_eq!(stage.versions(&set).await.get("record"), passes.get("record"), "a further pass does nothing");
    let name = SetName::Organization(set.organization);
    let record = record::load(&stage.client, name).await.unwrap().unwrap();
    assert!(record.is_removed() && record.desired_set().unwrap().wants_nothing());
    assert!(record::forget(&stage.client, &record).await.unwrap());

    // Whoever comes back finds a namespace that is somebody else's.
    let back = stage.set(3);
    let report = bring_about(&stage.client, &back, &stage.options).await.unwrap();
    assert_eq!(status_of(&report, "Applied").1, "NamespaceNotOurs");
    intruder::delete(&stage.client, "/api/v1/namespaces/let-go").await.unwrap();
}

/// FLEET-6: cut off anywhere, it goes on to let go and never takes anything down, an agent that starts anew included: what it
/// has to do is in its record.
#[tokio::test]
async fn fleet_6_letting_go_can_be_cut_off_anywhere() {
    let stage = Stage::new("let-go-slowly").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let gone = released(&set, 2);
    let name = SetName::Organization(set.organization);
    for write in 0..30 {
        let gate = Gate::at(Crash { write, is_carried_out: write % 2 == 0 });
        let client = gate.client(stage.plane()).await;
        tokio::select! {
            ended = bring_about(&client, &gone, &stage.options) => drop(ended.unwrap()),
            () = gate.reached.notified() => {}
        }
        let record = record::load(&stage.client, name).await.unwrap().unwrap();
        assert_eq!(record.desired_set().as_ref(), Some(&gone), "after {write} writes");
        what_stays(&stage, &set).await;
    }
    stage.until("the organization to be let go", &gone, |report| report.removed).await;
    what_stays(&stage, &set).await;
}

/// FLEET-6: what is not ours any more is not written to, and what holds one object back holds the namespaces back.
#[tokio::test]
async fn fleet_6_only_what_is_ours_is_let_go() {
    let stage = Stage::new("let-go-ours").await;
    let set = stage.set(1);
    stage.until_ready(&set).await;
    let all = stage.rendered(&set);
    let quota =
        all.iter().map(bastide_kube::object::Object::key).find(|key| key.kind == "ResourceQuota").unwrap();
    let theirs = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "somebody" } } });
    stage.api(quota).patch(&quota.name, &PatchParams::default(), &Patch::Merge(theirs)).await.unwrap();
    let before = stage.live(quota).await.unwrap().metadata.resource_version;
    let gone = released(&set, 2);
    stage.until("the organization to be let go", &gone, |report| report.removed).await;
    assert_eq!(stage.live(quota).await.unwrap().metadata.resource_version, before);
}
