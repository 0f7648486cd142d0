//! What `bastide_kube` does to a cluster, on a real API server with its real controllers (FLEET-5, FLEET-6).
//!
//! One control plane for all tests of this file; each has an organization of its own on it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail the test"
)]

#[path = "reconcile/cluster.rs"]
mod cluster;
#[path = "reconcile/crash.rs"]
mod crash;
#[path = "reconcile/drift.rs"]
mod drift;
#[path = "reconcile/gateways.rs"]
mod gateways;
#[path = "reconcile/intruder.rs"]
mod intruder;
#[path = "reconcile/locks.rs"]
mod locks;
#[path = "reconcile/network.rs"]
mod network;
#[path = "reconcile/node_pool.rs"]
mod node_pool;
#[path = "reconcile/release.rs"]
mod release;
#[path = "reconcile/removal.rs"]
mod removal;
#[path = "reconcile/rights.rs"]
mod rights;
#[path = "reconcile/stage.rs"]
mod stage;
#[path = "reconcile/standards.rs"]
mod standards;
#[path = "reconcile/workloads.rs"]
mod workloads;

use bastide_kube::reconcile::bring_about;
use bastide_kube::record::{self, SetName};
use bastide_model::cluster::ConditionStatus;
use bastide_model::placement::DesiredSet;
use kube::api::DynamicObject;
use serde_json::Value;

use self::stage::{Stage, status_of};

/// FLEET-5: an organization gets everything that it should, and is reported to be ready.
#[tokio::test]
async fn fleet_5_an_organization_gets_all_its_objects() {
    let stage = Stage::new("fresh").await;
    let set = stage.set(1);
    let report = stage.until_ready(&set).await;

    assert_eq!(
        (report.organization, report.observed_generation, report.removed),
        (set.organization, 1, false)
    );
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::True, "Applied".to_owned()));
    let wanted = stage.rendered(&set);
    assert_eq!(report.objects.len(), wanted.len());
    for object in &wanted {
        let live = stage.live(object.key()).await.unwrap_or_else(|| panic!("{} is missing", object.key()));
        assert_eq!(
            live.metadata.labels.as_ref().and_then(|labels| labels.get("bastide.dev/organization")),
            Some(&set.organization.to_string()),
            "{}",
            object.key()
        );
        let managers: Vec<_> = live.metadata.managed_fields.iter().flatten().collect();
        let ours = managers.iter().filter(|one| one.manager.as_deref() == Some("bastide-agent"));
        assert_eq!(
            ours.map(|one| one.operation.as_deref().unwrap()).collect::<Vec<_>>(),
            ["Apply"],
            "{}",
            object.key()
        );
    }
    let record = record::load(&stage.client, SetName::Organization(set.organization)).await.unwrap().unwrap();
    assert_eq!(record.generation, 1);
    assert_eq!(record.desired, set.content);
    assert!(record.objects.values().all(|recorded| recorded.uid.is_some()));
}

/// FLEET-6: a pass over what is already so writes nothing, not even its own record.
#[tokio::test]
async fn fleet_6_a_second_pass_writes_nothing() {
    let stage = Stage::new("idle").await;
    let set = stage.set_with_everything(1);
    stage.until_settled(&set).await;
    let before = stage.versions(&set).await;
    let report = bring_about(&stage.client, &set, &stage.options).await.unwrap();
    assert_eq!(stage.versions(&set).await, before);
    assert_eq!(status_of(&report, "Applied").0, ConditionStatus::True);
}

/// FLEET-6: a new generation changes what it changes, and leaves no field behind that it no longer wants.
#[tokio::test]
async fn fleet_6_a_new_generation_changes_only_what_it_changes() {
    let stage = Stage::new("changing").await;
    let first = stage.set_with(1, |desired| {
        let annotations = [("example.org/cost-center".to_owned(), "4711".to_owned())];
        desired.annotations =
            annotations.into_iter().collect::<std::collections::BTreeMap<_, _>>().try_into().unwrap();
    });
    stage.until_settled(&first).await;
    let before = stage.versions(&first).await;

    let second = stage.set_with(2, |desired| desired.compute.pods = 7);
    stage.until_settled(&second).await;
    let after = stage.versions(&second).await;
    let changed: Vec<_> = after
        .iter()
        .filter(|(key, version)| before.get(*key) != Some(*version))
        .map(|(key, _)| key.as_str())
        .collect();
    let base = stage.base();
    assert_eq!(
        changed,
        [
            format!("LimitRange {base}/bastide-defaults"),
            format!("Namespace {base}"),
            format!("Namespace {base}-gw"),
            format!("ResourceQuota {base}/bastide-limits"),
            "record".to_owned(),
        ]
    );
    let namespace = stage.namespace(&base).await.unwrap();
    assert!(!namespace.metadata.annotations.unwrap().contains_key("example.org/cost-center"));
}

/// FLEET-6: what is wanted never goes back to an older generation.
#[tokio::test]
async fn fleet_6_an_older_generation_is_refused() {
    let stage = Stage::new("newer").await;
    stage.until_settled(&stage.set(5)).await;
    let older = stage.set_with(4, |desired| desired.compute.pods = 1);
    let before = stage.versions(&older).await;
    let error = bring_about(&stage.client, &older, &stage.options).await.unwrap_err().to_string();
    assert!(error.contains("generation 4") && error.contains('5'), "{error}");
    assert_eq!(stage.versions(&older).await, before);
    let gone = DesiredSet { content: None, ..older };
    assert!(bring_about(&stage.client, &gone, &stage.options).await.is_err());
    assert!(stage.namespace(&stage.base()).await.is_some());
}

/// ORG-1, FLEET-6: a namespace of that name that somebody else made is not touched, and the report says so.
#[tokio::test]
async fn fleet_6_a_foreign_namespace_is_not_taken_over() {
    let stage = Stage::new("taken").await;
    let base = stage.base();
    let foreign = stage.create_namespace(&format!("{base}-gw")).await;
    let set = stage.set(1);
    let report = bring_about(&stage.client, &set, &stage.options).await.unwrap();
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::False, "NamespaceNotOurs".to_owned()));
    assert_eq!(status_of(&report, "Ready"), (ConditionStatus::False, "NamespaceNotOurs".to_owned()));
    assert!(report.objects.iter().all(|object| !object.ready));
    assert!(stage.namespace(&base).await.is_none(), "nothing is begun");
    assert_eq!(stage.namespace(&format!("{base}-gw")).await.as_ref(), Some(&foreign));

    // Nor does it go when the organization goes.
    let gone = DesiredSet { generation: 2, content: None, ..set };
    assert!(stage.until_removed(&gone).await.removed);
    assert_eq!(stage.namespace(&format!("{base}-gw")).await, Some(foreign));
}

/// FLEET-6: an agent that starts without its hub finds what it has to go on with.
#[tokio::test]
async fn fleet_6_what_is_wanted_is_found_on_the_cluster_again() {
    let stage = Stage::new("remembered").await;
    let set = stage.set_with_everything(3);
    stage.until_settled(&set).await;
    let records = record::load_all(&stage.client).await.unwrap();
    let found =
        records.organizations.iter().find(|one| one.set == SetName::Organization(set.organization)).unwrap();
    assert_eq!(found.desired_set(), Some(set));
}

/// FLEET-6: a record that somebody spoiled is told by name and nothing is done; without it the set is recorded anew.
#[tokio::test]
async fn fleet_6_a_spoiled_record_is_told_and_can_be_deleted() {
    let stage = Stage::new("spoiled").await;
    let set = stage.set(1);
    stage.until_settled(&set).await;
    let name = format!("set-{}", set.organization.to_string().replace('_', "-"));
    stage
        .plane()
        .kubectl(&["patch", "configmap", "-n", "bastide-system", &name, "-p", r#"{"data":{"objects":"{"}}"#])
        .await
        .unwrap();
    let error = bring_about(&stage.client, &set, &stage.options).await.unwrap_err().to_string();
    assert!(error.contains(&name) && error.contains("delete that ConfigMap"), "{error}");
    let damaged = record::load_all(&stage.client).await.unwrap().damaged;
    assert!(damaged.iter().any(|error| error.to_string().contains(&name)));
    stage.plane().kubectl(&["delete", "configmap", "-n", "bastide-system", &name]).await.unwrap();
    let report = bring_about(&stage.client, &set, &stage.options).await.unwrap();
    assert_eq!(status_of(&report, "Applied").0, ConditionStatus::True);
    let record = record::load(&stage.client, SetName::Organization(set.organization)).await.unwrap().unwrap();
    assert!(record.objects.values().all(|recorded| recorded.uid.is_some()));
}

fn spec(object: &DynamicObject) -> &Value {
    object.data.get("spec").unwrap_or(&Value::Null)
}
