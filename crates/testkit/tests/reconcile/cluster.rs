//! Bastide's own objects on a cluster, and clusters that lack something.

use bastide_kube::capabilities;
use bastide_kube::reconcile::{bring_about, cluster_objects};
use bastide_kube::record::{self, SetName};
use bastide_kube::render::RenderOptions;
use bastide_model::cluster::ConditionStatus;
use bastide_testkit::control_plane::{ControlPlane, Options};
use bastide_testkit::wait;
use k8s_openapi::api::rbac::v1::{ClusterRole, RoleBinding};
use kube::Api;
use kube::api::{ListParams, PostParams};

use crate::intruder::{is_refused, post};
use crate::node_pool::pod;
use crate::stage::{LIMIT, Stage, gold, status_of};

/// FLEET-6: Bastide's own objects are made once, repaired when changed, and an own one that is no longer wanted goes.
#[tokio::test]
async fn fleet_6_bastides_own_objects() {
    // A control plane of its own: other tests depend on these very objects.
    let plane = ControlPlane::start(Options::new("own-objects")).await.unwrap();
    let client = plane.client().await.unwrap();
    let options = RenderOptions::for_version("v1.36.3");
    let objects = cluster_objects(&client, &options).await.unwrap();
    assert!(objects.iter().all(|object| object.ready), "{objects:#?}");
    let roles: Api<ClusterRole> = Api::all(client.clone());
    let version = async || roles.get("bastide-tenant-view").await.unwrap().metadata.resource_version;
    let before = version().await;
    cluster_objects(&client, &options).await.unwrap();
    assert_eq!(version().await, before, "a second pass writes nothing");

    let wider =
        r#"[{"op":"add","path":"/rules/-","value":{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}}]"#;
    plane
        .kubectl(&["patch", "clusterrole", "bastide-tenant-view", "--type=json", "-p", wider])
        .await
        .unwrap();
    cluster_objects(&client, &options).await.unwrap();
    let repaired = roles.get("bastide-tenant-view").await.unwrap().rules.unwrap();
    assert!(repaired.iter().all(|rule| rule.verbs.iter().all(|verb| verb != "*")));

    // As an older version would have left it behind.
    let mut old = roles.get("bastide-tenant-view").await.unwrap();
    old.metadata.name = Some("bastide-tenant-old".to_owned());
    old.metadata.resource_version = None;
    old.metadata.uid = None;
    old.metadata.managed_fields = None;
    let old = roles.create(&PostParams::default(), &old).await.unwrap();
    let mut record = record::load(&client, SetName::Cluster).await.unwrap().unwrap();
    let (mut key, mut recorded) = record
        .objects
        .iter()
        .find(|(key, _)| key.name == "bastide-tenant-view")
        .map(|(key, recorded)| (key.clone(), recorded.clone()))
        .unwrap();
    key.name = "bastide-tenant-old".to_owned();
    recorded.uid = old.metadata.uid;
    record.objects.insert(key, recorded);
    record::save(&client, &mut record).await.unwrap();
    cluster_objects(&client, &options).await.unwrap();
    assert!(roles.get_opt("bastide-tenant-old").await.unwrap().is_none());
    plane.stop().await.unwrap();
}

/// FLEET-4, FLEET-6: where the Gateway API is missing, everything else is there, and the report names what is not.
#[tokio::test]
async fn fleet_6_a_missing_gateway_api_is_told_and_hinders_nothing_else() {
    let plane = ControlPlane::start(Options::new("no-gateway-api")).await.unwrap();
    let client = plane.client().await.unwrap();
    let options = RenderOptions::for_version("v1.36.3");
    cluster_objects(&client, &options).await.unwrap();
    let found = capabilities::discover(&client).await.unwrap();
    let missing: Vec<_> = found.iter().filter(|one| !one.available).map(|one| one.name.as_str()).collect();
    assert_eq!(missing, ["GatewayApi", "ListenerSet"]);

    let stage = Stage::new("without").await;
    let set = stage.set_with_everything(1);
    let report = bring_about(&client, &set, &options).await.unwrap();
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::False, "Refused".to_owned()));
    let gateway = report.objects.iter().find(|object| object.kind == "Gateway").unwrap();
    assert!(gateway.message.contains("does not have this kind"), "{}", gateway.message);
    for object in stage.rendered(&set).iter().filter(|object| object.key().kind != "Gateway") {
        let applier = bastide_kube::apply::Applier::new(client.clone());
        assert!(applier.get(object.key()).await.unwrap().is_some(), "{}", object.key());
    }
    // And once the shared one will do, nothing is missing.
    let report = bring_about(&client, &stage.set(2), &options).await.unwrap();
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::True, "Applied".to_owned()));
    plane.stop().await.unwrap();
}

/// FLEET-4, FLEET-5: where pods cannot be given a pool, that is told, and an organization that has one all the same gets
/// neither rights nor, by the policies that there are, a pod anywhere.
#[tokio::test]
async fn fleet_4_a_cluster_without_mutating_policies_lets_no_pod_off_its_pool() {
    let mut before_1_36 = Options::new("no-mutation");
    before_1_36.mutating_policies = false;
    let plane = ControlPlane::start(before_1_36).await.unwrap();
    let client = plane.client().await.unwrap();
    let options = RenderOptions::for_version("v1.35.0");
    cluster_objects(&client, &options).await.unwrap();
    let found = capabilities::discover(&client).await.unwrap();
    let told = found.iter().find(|one| one.name == "MutatingAdmissionPolicy").unwrap();
    assert!(!told.available && told.reason.contains("no node pool"), "{told:?}");

    let stage = Stage::new("poolless").await;
    let set = stage.set_with(1, |desired| desired.node_pool = Some(gold()));
    let report = bring_about(&client, &set, &options).await.unwrap();
    assert_eq!(status_of(&report, "Applied"), (ConditionStatus::False, "Refused".to_owned()));
    let bindings: Api<RoleBinding> = Api::namespaced(client.clone(), &stage.base());
    assert_eq!(bindings.list(&ListParams::default()).await.unwrap().items, [], "nobody may act there");
    plane.kubectl(&["create", "serviceaccount", "default", "--namespace", &stage.base()]).await.unwrap();
    let path = format!("/api/v1/namespaces/{}/pods?dryRun=All", stage.base());
    let body = serde_json::to_value(pod("tried", &serde_json::json!({}))).unwrap();
    wait::until("a pod to be refused", LIMIT, async || {
        let result = post(&client, &path, &body).await;
        Ok(is_refused(&result, "NodePoolNotAllowed").then_some(()))
    })
    .await
    .unwrap();
    plane.stop().await.unwrap();
}
