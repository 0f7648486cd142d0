//! What confines organizations is in force when nothing of ours runs (FLEET-5).

use bastide_testkit::control_plane::ControlPlane;
use serde_json::json;

use crate::support::hub::{Hub, has};
use crate::support::running::{Cluster, cluster, joined, organization};
use crate::support::until;

/// Somebody to whom RBAC allows everything on the kinds that are tried here.
const INTRUDER: [&str; 2] = ["--as=intruder", "--as-group=system:authenticated"];

/// What is tried on what is there: the arguments of `kubectl`, and the code that it is refused with.
const CHANGES: [(&[&str], &str); 6] = [
    (&["label", "namespace", "acme", "bastide.dev/organization-"], "NamespaceLocked"),
    (
        &["label", "--overwrite", "namespace", "acme", "pod-security.kubernetes.io/enforce=privileged"],
        "NamespaceLocked",
    ),
    (&["annotate", "--overwrite", "namespace", "acme", "bastide.dev/node-selector=a=b"], "NamespaceLocked"),
    (&["delete", "namespace", "acme"], "NamespaceLocked"),
    (&["delete", "networkpolicy", "default-deny", "--namespace=acme"], "ObjectLocked"),
    (
        &[
            "patch",
            "resourcequota",
            "bastide-limits",
            "--namespace=acme",
            "--patch",
            r#"{"spec":{"hard":{"pods":"999"}}}"#,
        ],
        "ObjectLocked",
    ),
];

/// What a pod asks for, and the code that it is refused with.
const PODS: [(&str, &str); 3] = [
    (r#"{"nodeName":"one"}"#, "NodeNameNotAllowed"),
    (r#"{"tolerations":[{"operator":"Exists"}]}"#, "TolerationNotAllowed"),
    (r#"{"priorityClassName":"system-node-critical"}"#, "PriorityNotAllowed"),
];

/// All of it as arguments of `kubectl`.
fn attempts() -> Vec<(Vec<String>, &'static str)> {
    let changes = CHANGES
        .map(|(arguments, code)| (arguments.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>(), code));
    let pods = PODS.map(|(asked, code)| {
        // Fine otherwise, so that nothing else refuses it.
        let mut spec = json!({
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 1000, "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": "tried", "image": "example.invalid/main:1",
                "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
            }],
        });
        let asked: serde_json::Map<String, serde_json::Value> = serde_json::from_str(asked).unwrap();
        spec.as_object_mut().unwrap().extend(asked);
        let spec = format!("--overrides={}", json!({ "spec": spec }));
        let run = ["run", "tried", "--namespace=acme", "--image=example.invalid/main:1", &spec];
        (run.map(str::to_owned).to_vec(), code)
    });
    changes.into_iter().chain(pods).collect()
}

async fn refusal(plane: &ControlPlane, attempt: &[String], more: &[&str]) -> String {
    let attempt: Vec<&str> = attempt.iter().map(String::as_str).collect();
    let arguments = [&attempt, &INTRUDER[..], more].concat();
    plane
        .kubectl(&arguments)
        .await
        .map_or_else(|error| format!("{error:#}"), |said| format!("it was let through: {said}"))
}

/// FLEET-5, FLEET-6: with the agent and the hub gone, whatever an organization's administrator or somebody with more
/// rights tries is refused as before.
#[tokio::test]
async fn fleet_5_without_our_processes_every_policy_is_in_force() {
    let (plane, mut hub) = (cluster("locks-alone").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    plane.kubectl(&["create", "serviceaccount", "default", "--namespace=acme"]).await.unwrap();
    let resources = "--resource=namespaces,pods,resourcequotas,networkpolicies.networking.k8s.io";
    plane.kubectl(&["create", "clusterrole", "intruder", "--verb=*", resources]).await.unwrap();
    let bound = ["create", "clusterrolebinding", "intruder", "--clusterrole=intruder", "--user=intruder"];
    plane.kubectl(&bound).await.unwrap();

    // A policy is in force a moment after it was made.
    for (attempt, code) in attempts() {
        let what = format!("{attempt:?} to be refused");
        until(&what, async || refusal(&plane, &attempt, &["--dry-run=server"]).await.contains(code)).await;
    }
    agent.crash().await;
    hub.stop().await;
    let before = state(&plane).await;
    for (attempt, code) in attempts() {
        let said = refusal(&plane, &attempt, &[]).await;
        assert!(said.contains(&format!("{code}:")), "{attempt:?}: {said}");
    }
    assert_eq!(state(&plane).await, before);
}

/// Everything that was to be changed.
async fn state(plane: &ControlPlane) -> serde_json::Value {
    let on_cluster = Cluster::of(plane).await;
    let namespace = on_cluster.namespace("acme").await.unwrap().metadata;
    let quota = ["get", "resourcequota", "bastide-limits", "--namespace=acme", "--output=jsonpath={.spec}"];
    let pods = ["get", "pods", "--namespace=acme", "--output=name"];
    json!([
        namespace.labels,
        namespace.annotations,
        namespace.deletion_timestamp.map(|time| time.0.to_string()),
        on_cluster.policy_names("acme").await,
        plane.kubectl(&quota).await.unwrap(),
        plane.kubectl(&pods).await.unwrap(),
    ])
}
