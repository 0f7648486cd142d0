//! What is no longer wanted goes, in an order that leaves nothing open, and nothing else goes (FLEET-6, ORG-8).

use bastide_kube::reconcile::bring_about;
use bastide_kube::record::{self, SetName};
use bastide_model::cluster::ConditionStatus;
use bastide_model::placement::DesiredSet;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use crate::stage::{Stage, status_of};

/// FLEET-5, FLEET-6: from an own gateway and pool to the shared ones: what is too much goes, and only that.
#[tokio::test]
async fn fleet_6_what_is_no_longer_wanted_is_pruned() {
    let stage = Stage::new("shrinking").await;
    let everything = stage.set_with_everything(1);
    stage.until_settled(&everything).await;
    let plain = stage.set(2);
    let report = stage.until_ready(&plain).await;
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::True, "Applied".to_owned()));
    let wanted: Vec<_> = stage.rendered(&plain).iter().map(|object| object.key().clone()).collect();
    let mut gone = Vec::new();
    for object in stage.rendered(&everything) {
        let is_there = stage.live(object.key()).await.is_some();
        assert_eq!(is_there, wanted.contains(object.key()), "{}", object.key());
        if !is_there {
            gone.push(object.key().kind.clone());
        }
    }
    assert_eq!(
        gone,
        ["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding", "NetworkPolicy", "Gateway"]
    );
}

/// FLEET-6, ORG-8: nothing of the organization is left, its namespaces included; the record stays until it is forgotten,
/// and still refuses what is older.
#[tokio::test]
async fn org_8_a_removed_organization_is_gone() {
    let stage = Stage::new("leaving").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let gone = DesiredSet { generation: 2, content: None, ..set.clone() };
    let first = bring_about(&stage.client, &gone, &stage.options).await.unwrap();
    assert!(!first.removed, "a namespace takes its time");
    assert_eq!(status_of(&first, "Applied"), (ConditionStatus::False, "Removing".to_owned()));
    assert!(first.objects.iter().any(|object| object.kind == "Namespace" && !object.ready));

    let report = stage.until_removed(&gone).await;
    assert_eq!(report.objects, []);
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::True, "Removed".to_owned()));
    for object in stage.rendered(&set) {
        assert!(stage.live(object.key()).await.is_none(), "{}", object.key());
    }
    let before = stage.versions(&gone).await;
    assert!(bring_about(&stage.client, &gone, &stage.options).await.unwrap().removed);
    assert_eq!(stage.versions(&gone).await, before, "and stays so without a write");
    assert!(bring_about(&stage.client, &set, &stage.options).await.is_err(), "what is older is refused");

    let name = SetName::Organization(set.organization);
    let record = record::load(&stage.client, name).await.unwrap().unwrap();
    assert!(record.is_removed() && record::forget(&stage.client, &record).await.unwrap());
    assert_eq!(record::load(&stage.client, name).await.unwrap(), None);
}

/// FLEET-6: while a gateway's controller still has work with it, its namespace waits; and policies go after namespaces.
#[tokio::test]
async fn fleet_6_dependents_go_first() {
    let stage = Stage::new("ordered").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let find = |kind: &str| {
        let all = stage.rendered(&set).into_iter();
        all.map(|object| object.key().clone()).find(|key| key.kind == kind).unwrap()
    };
    let (gateway, policy) = (find("Gateway"), find("MutatingAdmissionPolicy"));
    let hold = |finalizers| json!({ "metadata": { "finalizers": finalizers } });
    let params = PatchParams::default();
    stage
        .api(&gateway)
        .patch(&gateway.name, &params, &Patch::Merge(hold(json!(["example.org/address"]))))
        .await
        .unwrap();

    let gone = DesiredSet { generation: 2, content: None, ..set.clone() };
    for _ in 0..3 {
        let report = bring_about(&stage.client, &gone, &stage.options).await.unwrap();
        assert!(!report.removed);
        let namespace = stage.namespace(&stage.base()).await.unwrap();
        assert_eq!(namespace.metadata.deletion_timestamp, None, "the namespaces wait for the gateway");
        assert!(stage.live(&policy).await.is_some(), "the policy waits for the namespaces");
    }
    let report = bring_about(&stage.client, &gone, &stage.options).await.unwrap();
    let told = report.objects.iter().find(|object| object.kind == "Gateway").unwrap();
    assert!(told.message.contains("example.org/address"), "{}", told.message);
    let record = record::load(&stage.client, SetName::Organization(set.organization)).await.unwrap().unwrap();
    assert!(
        !record::forget(&stage.client, &record).await.unwrap(),
        "what still has objects is not forgotten"
    );

    stage.api(&gateway).patch(&gateway.name, &params, &Patch::Merge(hold(json!(null)))).await.unwrap();
    stage.until_removed(&gone).await;
    assert!(stage.live(&policy).await.is_none());
}

/// FLEET-6: an object that was made anew by somebody else, or whose label was taken away, is left alone and told.
#[tokio::test]
async fn fleet_6_what_is_no_longer_ours_is_left_alone() {
    let stage = Stage::new("adopted").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let find = |kind: &str| {
        let all = stage.rendered(&set).into_iter();
        all.map(|object| object.key().clone()).find(|key| key.kind == kind).unwrap()
    };
    let (gateway, policy) = (find("Gateway"), find("MutatingAdmissionPolicy"));
    let mut theirs = stage.live(&gateway).await.unwrap();
    stage.api(&gateway).delete(&gateway.name, &DeleteParams::default()).await.unwrap();
    theirs.metadata.resource_version = None;
    theirs.metadata.uid = None;
    theirs.metadata.managed_fields = None;
    stage.api(&gateway).create(&kube::api::PostParams::default(), &theirs).await.unwrap();
    let unlabelled = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": "somebody" } } });
    stage.api(&policy).patch(&policy.name, &PatchParams::default(), &Patch::Merge(unlabelled)).await.unwrap();

    let report = bring_about(&stage.client, &stage.set(2), &stage.options).await.unwrap();
    for key in [&gateway, &policy] {
        assert!(stage.live(key).await.is_some(), "{key} is left alone");
        let told = report.objects.iter().find(|object| object.kind == key.kind).unwrap();
        assert!(!told.ready && told.message.contains("no longer ours"), "{}", told.message);
    }
    stage.api(&policy).delete(&policy.name, &DeleteParams::default()).await.unwrap();
}

/// ORG-8: what was never there can be removed, too.
#[tokio::test]
async fn org_8_removing_what_never_was_is_done_at_once() {
    let stage = Stage::new("never").await;
    let gone = DesiredSet { organization: stage.organization(), generation: 1, content: None };
    let report = bring_about(&stage.client, &gone, &stage.options).await.unwrap();
    assert!(report.removed);
    assert_eq!(report.objects, []);
}
