//! The control plane that the fleet tests stand on is a real one, and leaves nothing behind.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test may fail the test")]

use std::path::Path;
use std::time::Duration;

use bastide_testkit::control_plane::{ControlPlane, NodeSpec, Options};
use bastide_testkit::wait;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Pod};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::json;

const LIMIT: Duration = Duration::from_mins(1);

/// Two nodes for everybody and two that only pods with a toleration may use.
fn two_pools() -> Vec<NodeSpec> {
    let general = |name| NodeSpec::new(name).label("pool", "general");
    let reserved =
        |name| NodeSpec::new(name).label("pool", "reserved").taint("pool", "reserved", "NoSchedule");
    vec![general("general-1"), general("general-2"), reserved("reserved-1"), reserved("reserved-2")]
}

/// A Deployment of three replicas that must run in a pool.
fn deployment(pool: &str, tolerations: &serde_json::Value) -> Deployment {
    serde_json::from_value(json!({
        "metadata": { "name": pool },
        "spec": {
            "replicas": 3,
            "selector": { "matchLabels": { "app": pool } },
            "template": {
                "metadata": { "labels": { "app": pool } },
                "spec": {
                    "nodeSelector": { "pool": pool },
                    "tolerations": tolerations,
                    "containers": [{ "name": "main", "image": "example.invalid/main:1" }],
                },
            },
        },
    }))
    .unwrap()
}

async fn available(api: &Api<Deployment>, name: &str) -> i32 {
    let status = api.get_status(name).await.unwrap().status.unwrap_or_default();
    status.available_replicas.unwrap_or_default()
}

fn forbidden<T: std::fmt::Debug>(result: kube::Result<T>) -> String {
    match result {
        Err(kube::Error::Api(status)) if status.code == 403 => status.message,
        other => panic!("expected 403, found {other:?}"),
    }
}

fn runs(id: u32) -> bool {
    Path::new("/proc").join(id.to_string()).exists()
}

#[tokio::test]
async fn pods_run_in_the_pool_they_select_and_tolerate() {
    let plane = ControlPlane::start(Options::new("pools").with_nodes(two_pools())).await.unwrap();
    let client = plane.client().await.unwrap();
    let deployments: Api<Deployment> = Api::default_namespaced(client.clone());
    let tolerated = json!([{ "key": "pool", "value": "reserved", "effect": "NoSchedule" }]);
    for object in [deployment("general", &json!([])), deployment("reserved", &tolerated)] {
        deployments.create(&PostParams::default(), &object).await.unwrap();
    }
    let mut refused = deployment("reserved", &json!([]));
    refused.metadata.name = Some("refused".to_owned());
    deployments.create(&PostParams::default(), &refused).await.unwrap();

    for pool in ["general", "reserved"] {
        wait::until("three replicas to be available", LIMIT, async || {
            Ok((available(&deployments, pool).await == 3).then_some(()))
        })
        .await
        .unwrap();
    }
    let pods: Api<Pod> = Api::default_namespaced(client.clone());
    let unschedulable =
        wait::until("the scheduler to refuse the pods without a toleration", LIMIT, async || {
            let pods = pods.list(&ListParams::default()).await?;
            let messages: Vec<String> = pods
                .iter()
                .flat_map(|pod| pod.status.iter().flat_map(|status| status.conditions.iter().flatten()))
                .filter(|condition| condition.reason.as_deref() == Some("Unschedulable"))
                .filter_map(|condition| condition.message.clone())
                .collect();
            Ok((messages.len() == 3).then_some(messages))
        })
        .await
        .unwrap();
    assert!(unschedulable[0].contains("untolerated taint"), "{unschedulable:?}");
    assert_eq!(available(&deployments, "refused").await, 0);
    for pool in ["general", "reserved"] {
        let pods =
            pods.list(&ListParams::default().labels(&format!("app={pool}")).fields("spec.nodeName!=")).await;
        for pod in pods.unwrap() {
            assert!(pod.spec.unwrap().node_name.unwrap().starts_with(pool));
        }
    }
    let nodes: Api<Node> = Api::all(client);
    assert_eq!(nodes.list(&ListParams::default().labels("pool=reserved")).await.unwrap().items.len(), 2);
    plane.stop().await.unwrap();
}

#[tokio::test]
async fn a_user_is_known_by_certificate_and_has_the_rights_of_the_groups_in_it() {
    let plane = ControlPlane::start(Options::new("rights")).await.unwrap();
    let lena = plane.client_as("lena", &["team:core", "team:web"]).await.unwrap();

    let review: Api<SelfSubjectReview> = Api::all(lena.clone());
    let review = review.create(&PostParams::default(), &SelfSubjectReview::default()).await.unwrap();
    let known = review.status.unwrap().user_info.unwrap();
    assert_eq!(known.username.as_deref(), Some("lena"));
    assert_eq!(known.groups.unwrap(), ["team:core", "team:web", "system:authenticated"]);

    let maps: Api<ConfigMap> = Api::namespaced(lena.clone(), "default");
    let message = forbidden(maps.list(&ListParams::default()).await);
    assert!(message.contains(r#"User "lena" cannot list resource "configmaps""#), "{message}");
    let namespace: Namespace = serde_json::from_value(json!({ "metadata": { "name": "mine" } })).unwrap();
    forbidden(Api::<Namespace>::all(lena).create(&PostParams::default(), &namespace).await);

    // A role for the second group is enough, and does not extend to a user who is in the first only.
    let role: Role = serde_json::from_value(json!({
        "metadata": { "name": "web" },
        "rules": [{ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"] }],
    }))
    .unwrap();
    let administrator = plane.client().await.unwrap();
    let roles: Api<Role> = Api::namespaced(administrator.clone(), "default");
    roles.create(&PostParams::default(), &role).await.unwrap();
    let binding: RoleBinding = serde_json::from_value(json!({
        "metadata": { "name": "web" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "team:web" }],
    }))
    .unwrap();
    let bindings: Api<RoleBinding> = Api::namespaced(administrator, "default");
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    wait::until("the role to take effect", LIMIT, async || Ok(maps.list(&ListParams::default()).await.ok()))
        .await
        .unwrap();
    let omar = plane.client_as("omar", &["team:core"]).await.unwrap();
    forbidden(Api::<ConfigMap>::namespaced(omar, "default").list(&ListParams::default()).await);

    let kubeconfig = plane.kubeconfig_as("lena", &["team:web"]).unwrap();
    let file = plane.folder().join("lena.kubeconfig");
    std::fs::write(&file, kubeconfig).unwrap();
    let file = file.to_str().unwrap();
    let answer = plane.kubectl(&["--kubeconfig", file, "auth", "whoami", "-o", "name"]).await;
    assert!(answer.is_ok(), "{answer:?}");
    let refused = plane.kubectl(&["--kubeconfig", file, "get", "secrets"]).await.unwrap_err().to_string();
    assert!(refused.contains("Forbidden"), "{refused}");
    plane.stop().await.unwrap();
}

#[tokio::test]
async fn the_api_server_serves_what_the_product_builds_on() {
    let plane = ControlPlane::start(Options::new("apis")).await.unwrap();
    let client = plane.client().await.unwrap();
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.36.3");
    let served: Vec<String> = client
        .list_api_group_resources("admissionregistration.k8s.io/v1")
        .await
        .unwrap()
        .resources
        .into_iter()
        .map(|resource| resource.name)
        .collect();
    for policy in ["validatingadmissionpolicies", "mutatingadmissionpolicies"] {
        assert!(served.iter().any(|name| name == policy), "{policy} is not among {served:?}");
    }

    let before = client.list_api_groups().await.unwrap();
    assert!(before.groups.iter().all(|group| group.name != "gateway.networking.k8s.io"));
    plane.apply_gateway_api_crds().await.unwrap();
    let names =
        plane.kubectl(&["api-resources", "--api-group=gateway.networking.k8s.io", "-o", "name"]).await;
    let names = names.unwrap();
    for kind in ["gatewayclasses", "gateways", "httproutes", "listenersets", "referencegrants"] {
        assert!(names.contains(&format!("{kind}.gateway.networking.k8s.io")), "{kind} is not among {names}");
    }
    plane.stop().await.unwrap();
}

#[tokio::test]
async fn service_accounts_are_authenticated_by_token_and_namespaces_end() {
    let plane =
        ControlPlane::start(Options::new("tokens").with_nodes(vec![NodeSpec::new("one")])).await.unwrap();
    let token = plane.kubectl(&["create", "token", "default", "--duration=10m"]).await.unwrap();
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": { "token": token.trim() },
    });
    let file = plane.folder().join("review.json");
    std::fs::write(&file, review.to_string()).unwrap();
    let known = plane
        .kubectl(&[
            "create",
            "-f",
            file.to_str().unwrap(),
            "-o",
            "jsonpath={.status.authenticated} {.status.user.username}",
        ])
        .await
        .unwrap();
    assert_eq!(known, "true system:serviceaccount:default:default");

    let namespaces: Api<Namespace> = Api::all(plane.client().await.unwrap());
    let namespace: Namespace =
        serde_json::from_value(json!({ "metadata": { "name": "short-lived" } })).unwrap();
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    namespaces.delete("short-lived", &DeleteParams::default()).await.unwrap();
    wait::until("the namespace to be gone", LIMIT, async || {
        Ok(namespaces.get_opt("short-lived").await?.is_none().then_some(()))
    })
    .await
    .unwrap();
    plane.stop().await.unwrap();
}

#[tokio::test]
async fn two_run_side_by_side_and_everything_of_a_stopped_or_dropped_one_is_gone() {
    let (stopped, dropped) = tokio::join!(
        ControlPlane::start(Options::new("one").with_nodes(vec![NodeSpec::new("a")])),
        ControlPlane::start(Options::new("other")),
    );
    let (stopped, dropped) = (stopped.unwrap(), dropped.unwrap());
    assert_ne!(stopped.url(), dropped.url());
    let traces = |plane: &ControlPlane| (plane.process_ids(), plane.folder().to_owned());
    let (first, second) = (traces(&stopped), traces(&dropped));
    assert_eq!((first.0.len(), second.0.len()), (5, 2));
    for (ids, folder) in [&first, &second] {
        assert!(ids.iter().all(|&id| runs(id)) && folder.exists());
    }

    stopped.stop().await.unwrap();
    let (ids, folder) = &first;
    assert!(ids.iter().all(|&id| !runs(id)) && !folder.exists());
    assert!(dropped.client().await.unwrap().apiserver_version().await.is_ok());
    drop(dropped);
    let (ids, folder) = &second;
    assert!(ids.iter().all(|&id| !runs(id)) && !folder.exists());
}
