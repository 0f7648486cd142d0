//! What the hub wants comes about on the cluster and stays so, with the hub or without it (FLEET-5, FLEET-6).

use std::time::Duration;

use bastide_agent::Command;
use bastide_api::agent::Heartbeat;
use bastide_testkit::control_plane::{ControlPlane, NodeSpec, Options};
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use serde_json::json;

use crate::support::hub::{Hub, TOKEN, has};
use crate::support::running::{Agent, Cluster, cluster, join, join_options, joined, organization, stored};
use crate::support::{hub::Decision, until};

/// FLEET-5, FLEET-6: the organization's namespaces appear, and the hub hears of it.
#[tokio::test]
async fn fleet_5_what_the_hub_wants_appears_and_is_reported() {
    let (plane, hub) = (cluster("follow-appear").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    let generation = hub.want(id, Some(content));

    let report = hub
        .reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    assert_eq!((report.observed_generation, report.removed), (generation, false));
    assert!(report.objects.iter().any(|one| one.kind == "Namespace" && one.name == "acme" && one.ready));
    let on_cluster = Cluster::of(&plane).await;
    let labels = on_cluster.namespace("acme").await.unwrap().metadata.labels.unwrap();
    assert_eq!(labels["bastide.dev/organization"], id.to_string());
    assert_eq!(on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref(), Some("1"));
    assert!(!on_cluster.policy_names("acme").await.is_empty());
    agent.stop().await;
    assert!(on_cluster.namespace("acme").await.is_some(), "nothing is taken down when the agent stops");
}

/// FLEET-6: what somebody changes or deletes is put right by the watch; here no full pass comes to help.
#[tokio::test]
async fn fleet_6_drift_is_repaired_at_once_with_the_hub_and_without_it() {
    let (plane, mut hub) = (cluster("follow-drift").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    let on_cluster = Cluster::of(&plane).await;
    on_cluster.delete_and_await_repair("acme").await;

    hub.stop().await;
    on_cluster.delete_and_await_repair("acme").await;

    // Opened by hand: a field of the content, not of the metadata.
    let api = on_cluster.policies("acme");
    let name = on_cluster.policy_names("acme").await.remove(0);
    let before = api.get(&name).await.unwrap().spec;
    let open =
        json!({ "spec": { "podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}], "egress": [{}] } });
    api.patch(&name, &PatchParams::default(), &Patch::Merge(open)).await.unwrap();
    until("the opened policy to be closed", async || api.get(&name).await.unwrap().spec == before).await;

    // Hidden from the watch: the label is what it looks for.
    let hide = json!({ "metadata": { "labels": { "app.kubernetes.io/managed-by": null } } });
    api.patch(&name, &PatchParams::default(), &Patch::Merge(hide)).await.unwrap();
    until("the label to be back", async || {
        let labels = api.get_metadata(&name).await.unwrap().metadata.labels.unwrap_or_default();
        labels.get("app.kubernetes.io/managed-by").is_some_and(|by| by == "bastide")
    })
    .await;
    agent.stop().await;
}

/// FLEET-6: Bastide's own roles are kept, too.
#[tokio::test]
async fn fleet_6_a_deleted_tenant_role_comes_back() {
    let (plane, hub) = (cluster("follow-roles").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let role = async || {
        plane
            .kubectl(&[
                "get",
                "clusterroles",
                "--selector=app.kubernetes.io/managed-by=bastide",
                "--output=name",
            ])
            .await
            .unwrap()
    };
    until("the roles to be there", async || !role().await.is_empty()).await;
    let before = role().await;
    plane
        .kubectl(&["delete", "clusterroles", "--selector=app.kubernetes.io/managed-by=bastide"])
        .await
        .unwrap();
    until("the roles to be back", async || role().await == before).await;
    agent.stop().await;
}

/// FLEET-6: after a cut, only the newest generation is worked on.
#[tokio::test]
async fn fleet_6_after_a_cut_the_newest_generation_only() {
    let (plane, mut hub) = (cluster("follow-cut").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, mut content) = organization("acme");
    hub.want(id, Some(content.clone()));
    hub.reported("the first generation", id, |report| report.observed_generation == 1).await;

    hub.stop().await;
    let mut last = 0;
    for centre in ["2", "3", "4"] {
        content.annotations.insert("example.org/cost-centre".into(), centre.into());
        last = hub.want(id, Some(content.clone()));
    }
    hub.serve().await;
    hub.reported("the last generation", id, |report| report.observed_generation == last).await;
    let on_cluster = Cluster::of(&plane).await;
    assert_eq!(on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref(), Some("4"));
    let seen: Vec<_> = hub.kept().reports.iter().map(|report| report.observed_generation).collect();
    assert!(seen.iter().all(|generation| [1, last].contains(generation)), "{seen:?}");
    let beat = hub.beat("a sign of life that tells of the cut", |beat| {
        beat.conditions.iter().any(|one| one.kind == "HubReachable" && !one.message.contains("again 0 times"))
    });
    assert!(beat.await.api_server_ready);
    agent.stop().await;
}

/// FLEET-6: an agent that starts without its hub goes on with what it has recorded.
#[tokio::test]
async fn fleet_6_a_restart_without_the_hub_keeps_enforcing() {
    let (plane, mut hub) = (cluster("follow-restart").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    agent.crash().await;
    hub.stop().await;

    let on_cluster = Cluster::of(&plane).await;
    let policies = on_cluster.policy_names("acme").await;
    plane.kubectl(&["delete", "networkpolicies", "--all", "--namespace=acme"]).await.unwrap();
    let agent = Agent::start(&plane, Command::Run);
    until("the policies to be back", async || on_cluster.policy_names("acme").await == policies).await;
    on_cluster.delete_and_await_repair("acme").await;

    // And when the hub is back it hears of everything again.
    hub.kept().reports.clear();
    hub.serve().await;
    hub.reported("the state after the restart", id, |report| report.observed_generation == 1).await;
    agent.stop().await;
}

/// FLEET-6: a hub that was restored from a backup is not followed, and that is told; what is there stays enforced.
#[tokio::test]
async fn fleet_6_a_restored_hub_is_not_followed() {
    let (plane, hub) = (cluster("follow-epoch").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, mut content) = organization("acme");
    hub.want(id, Some(content.clone()));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    hub.kept().epoch = 2;
    content.annotations.insert("example.org/cost-centre".into(), "restored".into());
    hub.want(id, Some(content));
    hub.beat("the condition", |beat| has(&beat.conditions, "IntentFollowed", "False", "EpochChanged")).await;
    let on_cluster = Cluster::of(&plane).await;
    on_cluster.delete_and_await_repair("acme").await;
    assert_eq!(on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref(), Some("1"));

    // Back in its own epoch, it is followed again.
    hub.kept().epoch = 1;
    hub.reported("the second generation", id, |report| report.observed_generation == 2).await;
    hub.beat("the condition to be over", |beat| has(&beat.conditions, "IntentFollowed", "True", "Followed"))
        .await;
    agent.stop().await;
}

/// FLEET-6: when somebody lets the cluster follow a hub that was restored, what that hub wants counts, however old; before that,
/// being let follow in another epoch counts for nothing.
#[tokio::test]
async fn fleet_6_a_restored_hub_is_followed_when_somebody_says_so() {
    let (plane, hub) = (cluster("follow-let").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let ((id, mut content), (gone, other)) = (organization("acme"), organization("beta"));
    hub.kept().generation = 40;
    hub.want(gone, Some(other));
    hub.want(id, Some(content.clone()));
    for id in [id, gone] {
        hub.reported("the sets to be applied", id, |report| {
            has(&report.conditions, "Applied", "True", "Applied")
        })
        .await;
    }
    // The backup is older than both generations, and has never heard of the second organization.
    hub.kept().sets.remove(&gone);
    (hub.kept().epoch, hub.kept().generation, hub.kept().follow) = (2, 4, Some(1));
    content.annotations.insert("example.org/cost-centre".into(), "older".into());
    assert_eq!(hub.want(id, Some(content)), 5);
    hub.beat("the condition", |beat| has(&beat.conditions, "IntentFollowed", "False", "EpochChanged")).await;
    let on_cluster = Cluster::of(&plane).await;
    assert_eq!(on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref(), Some("1"));

    hub.kept().follow = Some(2);
    until("the older content", async || {
        on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref() == Some("older")
    })
    .await;
    hub.beat("the condition to be over", |beat| has(&beat.conditions, "IntentFollowed", "True", "Followed"))
        .await;
    until("the epoch to be stored", async || stored(&plane).await["epoch"] == 2).await;
    assert!(on_cluster.namespace("beta").await.is_some(), "what the hub does not know of stays");
    agent.stop().await;
}

/// FLEET-6: a hub that knows less than the cluster is not followed either.
#[tokio::test]
async fn fleet_6_an_older_generation_is_refused_and_adopted_only_by_joining_anew() {
    let (plane, hub) = (cluster("follow-older").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, mut content) = organization("acme");
    hub.kept().generation = 40;
    hub.want(id, Some(content.clone()));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    agent.stop().await;

    hub.kept().generation = 4;
    content.annotations.insert("example.org/cost-centre".into(), "older".into());
    assert_eq!(hub.want(id, Some(content)), 5);
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    hub.beat("the condition", |beat| has(&beat.conditions, "IntentFollowed", "False", "HubIsBehind")).await;
    let on_cluster = Cluster::of(&plane).await;
    assert_eq!(on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref(), Some("1"));
    agent.stop().await;

    hub.kept().tokens.push("second".into());
    let mut options = join_options(&hub, "second");
    options.replace = true;
    let agent = Agent::start(&plane, Command::Join(options));
    until("the second request", async || hub.kept().requests.len() == 2).await;
    hub.decide(Decision::Accepted);
    hub.reported("the older generation", id, |report| report.observed_generation == 5).await;
    until("the older content", async || {
        on_cluster.annotation("acme", "example.org/cost-centre").await.as_deref() == Some("older")
    })
    .await;
    until("the epoch to be stored", async || stored(&plane).await["epoch"] == 1).await;
    agent.stop().await;
}

/// FLEET-6, ORG-8: with controllers, an organization settles, and goes when nothing of it is wanted any more.
#[tokio::test]
async fn fleet_6_what_is_no_longer_wanted_goes_and_nothing_else() {
    let options =
        Options::new("follow-remove").with_nodes(vec![NodeSpec::new("node-1"), NodeSpec::new("node-2")]);
    let (plane, hub) = (ControlPlane::start(options).await.unwrap(), Hub::start().await);
    let agent = joined(&plane, &hub).await;
    hub.beat("the nodes", |beat| (beat.facts.nodes, beat.facts.nodes_ready) == (2, 2)).await;
    let ((acme, content), (other, other_content)) = (organization("acme"), organization("other"));
    hub.want(acme, Some(content));
    hub.want(other, Some(other_content));
    for id in [acme, other] {
        hub.reported("the set to be ready", id, |report| has(&report.conditions, "Ready", "True", "Ready"))
            .await;
    }
    let generation = hub.want(acme, None);
    let report = hub.reported("the set to be gone", acme, |report| report.removed).await;
    assert_eq!((report.observed_generation, report.objects.len()), (generation, 0));
    let on_cluster = Cluster::of(&plane).await;
    assert!(on_cluster.namespace("acme").await.is_none());
    assert!(on_cluster.namespace("other").await.is_some() && on_cluster.namespace("default").await.is_some());

    // Once the hub no longer names it, its record goes with the next start.
    let records = async || {
        plane.kubectl(&["get", "configmaps", "--namespace=bastide-system", "--output=name"]).await.unwrap()
    };
    let record = format!("configmap/set-{}", acme.to_string().replace('_', "-"));
    assert!(records().await.contains(&record), "until then it refuses what is older");
    agent.stop().await;
    hub.kept().sets.remove(&acme);
    let agent = Agent::start(&plane, Command::Run);
    until("the record to be gone", async || !records().await.contains(&record)).await;
    agent.stop().await;
}

/// PLAN-4: the network plug-in is told, and that it enforces nothing, as soon as it is there.
#[tokio::test]
async fn plan_4_the_network_plugin_is_told() {
    let (plane, hub) = (cluster("follow-network").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let told = |status: &'static str, reason: &'static str| {
        move |beat: &Heartbeat| has(&beat.conditions, "NetworkPolicyEnforced", status, reason)
    };
    hub.beat("that nothing is known", told("Unknown", "PluginUnknown")).await;
    let labels = json!({ "app": "flannel" });
    let daemon_set = json!({
        "metadata": { "name": "kube-flannel-ds" },
        "spec": { "selector": { "matchLabels": labels }, "template": {
            "metadata": { "labels": labels },
            "spec": { "containers": [{ "name": "main", "image": "example.invalid/flannel:1" }] },
        } },
    });
    let api: Api<DaemonSet> = Api::namespaced(plane.client().await.unwrap(), "kube-system");
    api.create(&PostParams::default(), &serde_json::from_value(daemon_set).unwrap()).await.unwrap();
    let beat = hub.beat("the plug-in", told("False", "NotEnforced")).await;
    assert_eq!(beat.facts.network_plugin, "flannel");
    agent.stop().await;
}

/// FLEET-6: a full pass repairs what no watch tells of. Here whatever the watch tells of is put off for an hour.
#[tokio::test]
async fn fleet_6_a_full_pass_repairs_what_no_watch_tells_of() {
    let (plane, hub) = (cluster("follow-pass").await, Hub::start().await);
    let agent = Agent::start_with(&plane, join(&hub, TOKEN), |options| {
        options.timings.drift_pause = Duration::from_hours(1);
        options.timings.full_pass = Duration::from_millis(500);
    });
    hub.request().await;
    hub.decide(Decision::Accepted);
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    Cluster::of(&plane).await.delete_and_await_repair("acme").await;
    agent.stop().await;
}

/// FLEET-6: what this agent does not understand, such as a newer hub's wish, keeps nothing else from being followed.
#[tokio::test]
async fn fleet_6_what_is_not_understood_is_reported_and_the_rest_followed() {
    let (plane, hub) = (cluster("follow-strange").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let ((strange, mut strange_content), (id, content)) = (organization("strange"), organization("acme"));
    strange_content.isolation = "quantum".to_owned();
    hub.want(strange, Some(strange_content.clone()));
    hub.want(id, Some(content));
    hub.reported("the other set", id, |report| has(&report.conditions, "Applied", "True", "Applied")).await;
    let report = hub.reported("what is strange", strange, |report| !report.conditions.is_empty()).await;
    assert!(has(&report.conditions, "Applied", "False", "NotUnderstood"), "{report:?}");
    assert!(report.conditions.iter().any(|one| one.message.contains("isolation")), "{report:?}");

    strange_content.isolation = "shared".to_owned();
    let generation = hub.want(strange, Some(strange_content));
    let applied = hub.reported("what was strange", strange, |report| {
        has(&report.conditions, "Applied", "True", "Applied")
    });
    assert_eq!(applied.await.observed_generation, generation);
    agent.stop().await;
}
