//! What the agent may do is exactly what it needs, and what a tenant may do stays within what confines it.

use bastide_kube::capabilities;
use bastide_kube::reconcile::{bring_about, cluster_objects};
use bastide_kube::record;
use bastide_kube::render::{AgentInstall, SYSTEM_NAMESPACE, agent_manifest, group, to_yaml};
use bastide_model::cluster::ConditionStatus;
use bastide_model::placement::DesiredSet;
use bastide_testkit::control_plane::{ControlPlane, Options};
use bastide_testkit::wait;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use serde_json::json;

use crate::intruder::post;
use crate::stage::{LIMIT, Stage, status_of};

/// Applies the manifest, and waits until the agent's pod is let in by the Pod Security level of its namespace.
async fn install_agent(plane: &ControlPlane) {
    let install = AgentInstall {
        hub_url: "https://hub.example.org".to_owned(),
        join_token: "secret".to_owned(),
        hub_ca_sha256: "00".repeat(32),
        cluster_name: "frankfurt".to_owned(),
        image: "example.invalid/bastide-agent:1".to_owned(),
        namespace: SYSTEM_NAMESPACE.to_owned(),
    };
    let file = plane.folder().join("agent.yaml");
    std::fs::write(&file, to_yaml(&agent_manifest(&install))).unwrap();
    plane.kubectl(&["apply", "--server-side", "-f", file.to_str().unwrap()]).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(plane.client().await.unwrap(), SYSTEM_NAMESPACE);
    wait::until("the agent's pod to be let in", LIMIT, async || {
        Ok(pods.list(&ListParams::default()).await?.items.pop())
    })
    .await
    .unwrap();
}

/// A client with the rights of the agent's service account.
async fn agent(plane: &ControlPlane) -> Client {
    let user = format!("system:serviceaccount:{SYSTEM_NAMESPACE}:bastide-agent");
    plane.client_as(&user, &["system:serviceaccounts"]).await.unwrap()
}

/// FLEET-1, FLEET-6: on a fresh cluster, with the rights of the manifest and no others, the agent makes Bastide's own
/// roles, which give more than it holds itself, brings an organization about, repairs it and removes it. What it does not
/// need it cannot do.
#[tokio::test]
async fn fleet_1_the_agents_rights_are_enough_and_no_more() {
    let mut options = Options::new("unprivileged");
    options.controllers = true;
    let plane = ControlPlane::start(options).await.unwrap();
    plane.apply_gateway_api_crds().await.unwrap();
    install_agent(&plane).await;
    let agent = agent(&plane).await;
    let stage = Stage::new("unprivileged").await;
    cluster_objects(&agent, &stage.options).await.unwrap();
    let set = stage.set_with_everything(1);
    let applied = || async {
        let report = bring_about(&agent, &set, &stage.options).await.unwrap();
        assert_eq!(status_of(&report, "Applied").0, ConditionStatus::True, "{report:#?}");
    };
    applied().await;
    let base = stage.base();
    let opened = r#"{"spec":{"ingress":[{}]}}"#;
    plane.kubectl(&["patch", "networkpolicy", "-n", &base, "default-deny", "-p", opened]).await.unwrap();
    plane.kubectl(&["delete", "rolebinding", "-n", &base, "bastide-member"]).await.unwrap();
    applied().await;
    assert_eq!(record::load_all(&agent).await.unwrap().organizations.len(), 1);
    the_agent_may_do_nothing_else(&agent).await;
    the_agent_finds_the_network_plugin(&plane, &agent).await;

    let gone = DesiredSet { generation: 2, content: None, ..set.clone() };
    let report = wait::until("the organization to be gone", LIMIT, async || {
        let report = bring_about(&agent, &gone, &stage.options).await?;
        Ok(report.removed.then_some(report))
    })
    .await
    .unwrap();
    assert_eq!(report.objects, []);
    plane.stop().await.unwrap();
}

async fn the_agent_may_do_nothing_else(agent: &Client) {
    for (verb, group, resource, namespace) in [
        ("get", "", "secrets", "kube-system"),
        ("list", "", "secrets", SYSTEM_NAMESPACE),
        ("create", "", "pods", "default"),
        ("get", "", "configmaps", "default"),
        ("create", "rbac.authorization.k8s.io", "clusterrolebindings", ""),
        ("create", "rbac.authorization.k8s.io", "clusterroles", ""),
        ("escalate", "rbac.authorization.k8s.io", "clusterroles", ""),
        ("bind", "rbac.authorization.k8s.io", "clusterroles", ""),
        ("impersonate", "", "users", ""),
        ("create", "", "serviceaccounts/token", "default"),
        ("get", "apps", "daemonsets", "kube-system"),
        ("list", "apps", "daemonsets", ""),
    ] {
        assert!(!may(agent, verb, group, resource, namespace).await, "the agent may {verb} {resource}");
    }
}

/// PLAN-4: by the names of `DaemonSets`, which it may read and no others.
async fn the_agent_finds_the_network_plugin(plane: &ControlPlane, agent: &Client) {
    let found = async || capabilities::network_plugin(agent, "v1.36.3").await.unwrap();
    assert_eq!(found().await.reason, "PluginUnknown");
    let daemon_sets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
    let labels = json!({ "app": "network" });
    for (name, plugin, enforced) in [
        ("kube-flannel-ds", "flannel", ConditionStatus::False),
        ("calico-node", "Calico", ConditionStatus::Unknown),
    ] {
        let containers = json!([{ "name": "main", "image": "example.invalid/main:1" }]);
        let template = json!({ "metadata": { "labels": labels }, "spec": { "containers": containers } });
        let spec = json!({ "selector": { "matchLabels": labels }, "template": template });
        let body = json!({ "metadata": { "name": name }, "spec": spec });
        post(&plane.client().await.unwrap(), daemon_sets, &body).await.unwrap();
        let found = found().await;
        assert_eq!((found.name.as_str(), found.enforced), (plugin, enforced), "{}", found.message);
    }
}

/// ROLE-2, FLEET-5: an administrator works in the organization's namespaces and nowhere else, a member only looks, and
/// neither touches what confines them.
#[tokio::test]
async fn role_2_tenants_act_within_their_namespaces() {
    let (ours, theirs) = (Stage::new("tenant").await, Stage::new("neighbour").await);
    ours.until_settled(&ours.set(1)).await;
    theirs.until_settled(&theirs.set(1)).await;
    let groups = |role: &str| vec![group(ours.organization(), role), "system:authenticated".to_owned()];
    let client = async |role: &str| {
        let groups = groups(role);
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        ours.plane().client_as("somebody", &groups).await.unwrap()
    };
    let (base, gateway, neighbour) = (ours.base(), format!("{}-gw", ours.base()), theirs.base());
    let (apps, rbac, net) = ("apps", "rbac.authorization.k8s.io", "networking.k8s.io");
    // verb, group, resource, namespace: owner and administrator; member
    let matrix = [
        ("create", "", "pods", &base, true, false),
        ("create", "", "pods/exec", &base, true, false),
        ("list", "", "pods", &base, true, true),
        ("get", "", "pods/log", &base, true, true),
        ("get", "", "secrets", &base, true, false),
        ("create", apps, "deployments", &base, true, false),
        ("get", "", "resourcequotas", &base, true, true),
        ("get", "", "namespaces", &base, true, true),
        ("update", "", "secrets", &gateway, true, false),
        ("create", "", "pods", &gateway, false, false),
        ("get", "gateway.networking.k8s.io", "gateways", &gateway, true, true),
        ("update", "gateway.networking.k8s.io", "gateways", &gateway, false, false),
        ("update", "", "resourcequotas", &base, false, false),
        ("update", "", "resourcequotas/status", &base, false, false),
        ("delete", "", "limitranges", &base, false, false),
        ("create", net, "networkpolicies", &base, false, false),
        ("delete", net, "networkpolicies", &base, false, false),
        ("create", rbac, "rolebindings", &base, false, false),
        ("create", rbac, "roles", &base, false, false),
        ("patch", "", "namespaces", &base, false, false),
        ("delete", "", "namespaces", &base, false, false),
        ("create", "", "serviceaccounts/token", &base, false, false),
        ("impersonate", "", "serviceaccounts", &base, false, false),
        ("list", "", "pods", &neighbour, false, false),
        ("get", "", "namespaces", &neighbour, false, false),
        ("list", "", "namespaces", &String::new(), false, false),
        ("list", "", "nodes", &String::new(), false, false),
        ("administer", "bastide.dev", "tenants", &String::new(), false, false),
        ("bind", "bastide.dev", "pods", &String::new(), false, false),
    ];
    for (role, is_member) in [("owner", false), ("administrator", false), ("member", true)] {
        let client = client(role).await;
        for (verb, group, resource, namespace, full, reading) in &matrix {
            let expected = if is_member { *reading } else { *full };
            let found = may(&client, verb, group, resource, namespace).await;
            assert_eq!(found, expected, "{role}: {verb} {resource} in `{namespace}`");
        }
    }
}

/// FLEET-5: the limits of the plan hold: what names no limits is counted, too, and exposure is not to be had.
#[tokio::test]
async fn fleet_5_the_limits_of_the_plan_hold() {
    let stage = Stage::new("limited").await;
    stage.until_settled(&stage.set_with(1, |desired| desired.compute.pods = 2)).await;
    stage.until_pods_are_possible().await;
    let groups = [group(stage.organization(), "administrator")];
    let tenant = stage.plane().client_as("somebody", &[&groups[0], "system:authenticated"]).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(tenant.clone(), &stage.base());
    let pod = |name: &str, privileged: bool| -> Pod {
        serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": {
                "securityContext": { "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": { "type": "RuntimeDefault" } },
                "containers": [{
                    "name": "main", "image": "example.invalid/main:1",
                    "securityContext": {
                        "privileged": privileged,
                        "allowPrivilegeEscalation": privileged,
                        "capabilities": { "drop": ["ALL"] },
                    },
                }],
            },
        }))
        .unwrap()
    };
    let refused = |result: kube::Result<Pod>| match result {
        Err(kube::Error::Api(status)) => status.message,
        other => panic!("expected a refusal, found {other:?}"),
    };
    assert!(
        refused(pods.create(&PostParams::default(), &pod("privileged", true)).await).contains("PodSecurity")
    );
    for name in ["one", "two"] {
        let created = pods.create(&PostParams::default(), &pod(name, false)).await.unwrap();
        let limits = created.spec.unwrap().containers[0].resources.clone().unwrap().limits.unwrap();
        assert_eq!(limits["cpu"].0, "1250m", "an equal share of the plan");
    }
    assert!(
        refused(pods.create(&PostParams::default(), &pod("three", false)).await).contains("exceeded quota")
    );

    let services: Api<k8s_openapi::api::core::v1::Service> = Api::namespaced(tenant, &stage.base());
    for exposed in ["LoadBalancer", "NodePort"] {
        let service = serde_json::from_value(json!({
            "metadata": { "name": exposed.to_lowercase() },
            "spec": { "type": exposed, "ports": [{ "port": 80 }] },
        }))
        .unwrap();
        let error = services.create(&PostParams::default(), &service).await.unwrap_err().to_string();
        assert!(error.contains("exceeded quota"), "{exposed}: {error}");
    }
}

async fn may(client: &Client, verb: &str, group: &str, resource: &str, namespace: &str) -> bool {
    // A review of one namespace, as `kubectl get namespace x` would be.
    let name =
        if resource.split('/').next() == Some("namespaces") && verb != "list" { namespace } else { "" };
    review(client, verb, (group, resource), namespace, name).await
}

/// What the API server says to whoever asks whether they may. An empty text is all of that kind.
pub(crate) async fn review(
    client: &Client,
    verb: &str,
    (group, resource): (&str, &str),
    namespace: &str,
    name: &str,
) -> bool {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let review = SelfSubjectAccessReview {
        spec: SelfSubjectAccessReviewSpec {
            resource_attributes: Some(ResourceAttributes {
                verb: text(verb),
                group: text(group),
                resource: text(resource),
                subresource: text(subresource),
                namespace: text(namespace),
                name: text(name),
                ..ResourceAttributes::default()
            }),
            ..SelfSubjectAccessReviewSpec::default()
        },
        ..SelfSubjectAccessReview::default()
    };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await.unwrap();
    answer.status.unwrap().allowed
}
