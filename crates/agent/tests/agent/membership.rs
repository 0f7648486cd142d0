//! What keeps a member a member: renewal, acceptance, the hub's clock (FLEET-1).

use bastide_agent::{Command, DEFAULT_NAMESPACE};
use bastide_kube::render::{AgentInstall, agent_manifest, to_yaml};

use crate::support::hub::{Hub, TOKEN, has};
use crate::support::running::{
    Agent, Cluster, cluster, expire, join, join_options, joined, organization, store, stored,
};
use crate::support::{hub::Decision, until};

/// FLEET-1 (kubernetes B.1): a new key each time; the new pair is stored before it is used, the old one kept until then.
#[tokio::test]
async fn fleet_1_renewal_switches_to_a_new_key() {
    let (plane, hub) = (cluster("member-renew").await, Hub::start().await);
    hub.kept().renew_at_once = true;
    let agent = joined(&plane, &hub).await;
    until("a second key", async || hub.kept().keys_seen.len() >= 2).await;
    hub.kept().renew_at_once = false;
    until("the last renewal to be in use and the old pair forgotten", async || {
        let identity = stored(&plane).await;
        let now = bastide_model::Clock::now(&bastide_model::SystemClock).as_millis();
        identity["next"].is_null() && identity["credential"]["renew_after"].as_i64().unwrap() > now
    })
    .await;
    agent.stop().await;

    // A restart goes on with the newest.
    let keys = hub.kept().keys_seen.clone();
    hub.kept().keys_seen.clear();
    hub.kept().beats.clear();
    let agent = Agent::start(&plane, Command::Run);
    hub.beat("a sign of life after the restart", |_| true).await;
    assert_eq!(hub.kept().keys_seen.last(), keys.last());
    agent.stop().await;
}

/// FLEET-1 (kubernetes B.1): a crash between storing the new pair and using it leaves one that works, whichever it is.
#[tokio::test]
async fn fleet_1_a_renewed_key_that_the_hub_refuses_gives_way_to_the_old_one() {
    let (plane, hub) = (cluster("member-refused").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    agent.stop().await;
    // As after a crash: a next pair is stored that was never used. The hub has never heard of it.
    let other = Hub::start().await;
    let (mut identity, foreign) = (stored(&plane).await, foreign_credential(&other).await);
    let good = identity["credential"].clone();
    identity["next"] = foreign;
    identity["next"]["hub"] = good["hub"].clone();
    identity["next"]["authorities"] = good["authorities"].clone();
    store(&plane, &identity).await;

    hub.kept().beats.clear();
    let agent = Agent::start(&plane, Command::Run);
    hub.beat("a sign of life with the old pair", |_| true).await;
    until("the useless pair to be forgotten", async || stored(&plane).await["next"].is_null()).await;
    assert_eq!(stored(&plane).await["credential"], good);
    agent.stop().await;
}

/// FLEET-6, FLEET-1: a cluster that is not accepted any more keeps what it has and asks again, slowly.
#[tokio::test]
async fn fleet_6_a_cluster_that_is_not_accepted_keeps_enforcing_and_may_come_back() {
    let (plane, hub) = (cluster("member-out").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, mut content) = organization("acme");
    hub.want(id, Some(content.clone()));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    hub.kept().accepts_members = false;
    content.annotations.insert("example.org/cost-centre".into(), "2".into());
    hub.want(id, Some(content));
    let on_cluster = Cluster::of(&plane).await;
    on_cluster.delete_and_await_repair("acme").await;
    assert!(!stored(&plane).await["credential"].is_null());

    hub.kept().accepts_members = true;
    hub.reported("the second generation", id, |report| report.observed_generation == 2).await;
    agent.stop().await;
}

/// FLEET-1: whoever joins anew elsewhere while the agent runs gives it its new credential by storing it.
#[tokio::test]
async fn fleet_1_a_running_agent_takes_up_a_credential_that_is_stored_meanwhile() {
    let (plane, hub) = (cluster("member-anew").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let first = hub.kept().keys_seen.clone();
    hub.kept().refused_keys.clone_from(&first);
    hub.kept().tokens.push("second".into());
    let mut options = join_options(&hub, "second");
    (options.once, options.replace) = (true, true);
    let other = Agent::start(&plane, Command::Join(options));
    until("the second request", async || hub.kept().requests.len() == 2).await;
    hub.decide(Decision::Accepted);
    other.ended().await.unwrap();
    hub.kept().beats.clear();
    hub.beat("a sign of life by the first agent", |_| true).await;
    assert_eq!(hub.kept().keys_seen.len(), 2);
    agent.stop().await;
}

/// kubernetes B.5: a clock that is off by more than five minutes is told with the number.
#[tokio::test]
async fn fleet_1_a_clock_that_is_wrong_is_a_condition() {
    let (plane, hub) = (cluster("member-clock").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    hub.beat("clocks that agree", |beat| has(&beat.conditions, "ClockSkew", "False", "ClocksAgree")).await;
    hub.kept().clock_ahead = 10 * 60 * 1000;
    let beat =
        hub.beat("the condition", |beat| has(&beat.conditions, "ClockSkew", "True", "ClocksDiffer")).await;
    let message = &beat.conditions.iter().find(|one| one.kind == "ClockSkew").unwrap().message;
    assert!(message.contains(" s behind the hub's"), "{message}");
    agent.stop().await;
}

/// A credential from a hub that nobody here trusts.
async fn foreign_credential(other: &Hub) -> serde_json::Value {
    let plane = cluster("member-foreign").await;
    let agent = joined(&plane, other).await;
    agent.stop().await;
    stored(&plane).await["credential"].clone()
}

/// FLEET-6: whose certificate has ended and whose request is denied keeps enforcing, and follows once accepted.
#[tokio::test]
async fn fleet_6_an_expired_and_denied_cluster_keeps_enforcing() {
    let (plane, hub) = (cluster("member-expired").await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    agent.stop().await;
    expire(&plane).await;

    hub.kept().tokens.push("second".into());
    let agent = Agent::start(&plane, join(&hub, "second"));
    until("the second request", async || hub.kept().requests.len() == 2).await;
    hub.decide(Decision::Denied);
    until("the denial to be told", async || agent.said.text().contains("stays enforced")).await;
    Cluster::of(&plane).await.delete_and_await_repair("acme").await;
    hub.kept().beats.clear();
    hub.decide(Decision::Accepted);
    hub.beat("a sign of life after all", |_| true).await;
    agent.stop().await;
}

/// FLEET-1: the rights that the manifest gives are enough for everything that the agent does, and it needs no others.
#[tokio::test]
async fn fleet_1_the_manifest_gives_the_rights_that_the_agent_needs() {
    let (plane, hub) = (cluster("member-rights").await, Hub::start().await);
    hub.kept().renew_at_once = true;
    let manifest = to_yaml(&agent_manifest(&AgentInstall {
        hub_url: hub.url().to_string(),
        join_token: TOKEN.to_owned(),
        hub_ca_sha256: hub.pin().to_string(),
        cluster_name: "spoke".to_owned(),
        image: "registry.example.org/bastide-agent:1".to_owned(),
        namespace: DEFAULT_NAMESPACE.to_owned(),
    }));
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let file = write("agent.yaml", manifest);
    plane.kubectl(&["apply", "--filename", file.to_str().unwrap()]).await.unwrap();
    let account = format!("system:serviceaccount:{DEFAULT_NAMESPACE}:bastide-agent");
    let groups = ["system:serviceaccounts", "system:authenticated"];
    let kubeconfig = write("kubeconfig", plane.kubeconfig_as(&account, &groups).unwrap());

    let agent = Agent::start_with(&plane, join(&hub, TOKEN), |options| {
        options.spoke.kubeconfig = Some(kubeconfig);
    });
    hub.request().await;
    hub.decide(Decision::Accepted);
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    Cluster::of(&plane).await.delete_and_await_repair("acme").await;
    until("a second key", async || hub.kept().keys_seen.len() >= 2).await;
    let own =
        hub.beat("its own objects", |beat| beat.conditions.iter().any(|one| one.kind == "OwnObjectsApplied"));
    assert!(has(&own.await.conditions, "OwnObjectsApplied", "True", "AsExpected"));
    agent.stop().await;
}
