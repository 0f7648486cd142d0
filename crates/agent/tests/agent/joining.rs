//! How a cluster becomes a member of a hub, as seen from the cluster (FLEET-1).

use bastide_agent::{Command, Error, HubError, JoinError, Pin};
use serde_json::Value;

use crate::support::hub::{Decision, Hub, TICKET, TOKEN, has};
use crate::support::running::{
    Agent, Cluster, cluster, expire, join, join_options, joined, organization, stored,
};
use crate::support::until;

/// FLEET-1: the agent makes its own key and prints its fingerprint, which is the one that the hub sees; the credential
/// is stored on the cluster; no secret is said aloud.
#[tokio::test]
async fn fleet_1_join_prints_the_fingerprint_waits_and_stores_the_credential() {
    let (plane, hub) = (cluster("join-once").await, Hub::start().await);
    let mut options = join_options(&hub, TOKEN);
    options.once = true;
    let agent = Agent::start(&plane, Command::Join(options));
    let said = agent.said.clone();

    let asked = hub.request().await;
    let uid = plane.kubectl(&["get", "namespace", "kube-system", "--output=jsonpath={.metadata.uid}"]).await;
    assert_eq!(asked.uid.to_string(), uid.unwrap());
    assert!(asked.facts.kubernetes_version.starts_with("v1."), "{:?}", asked.facts);
    assert!(asked.facts.capabilities.iter().any(|one| one.name == "GatewayApi" && !one.available));
    until("the fingerprint to be printed", async || said.text().contains("bastide cluster accept")).await;
    let text = said.text();
    assert!(text.contains(&format!("Fingerprint of the key: {}\n", asked.fingerprint)), "{text}");
    assert!(stored(&plane).await["credential"].is_null(), "nothing before the decision");

    hub.decide(Decision::Accepted);
    agent.ended().await.unwrap();
    let identity = stored(&plane).await;
    assert_eq!(identity["credential"]["cluster"], asked.cluster.to_string());
    assert_eq!(identity["request"], Value::Null);
    for secret in [TOKEN, TICKET, "PRIVATE KEY"] {
        assert!(!said.text().contains(secret), "{}", said.text());
    }
    assert!(!identity.to_string().contains(TOKEN), "the token is not kept");
}

#[tokio::test]
async fn fleet_1_a_denied_request_ends_the_agent_and_stays_denied() {
    let (plane, hub) = (cluster("join-denied").await, Hub::start().await);
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    hub.request().await;
    hub.decide(Decision::Denied);
    let error = agent.ended().await.unwrap_err();
    assert!(matches!(error, Error::Join(JoinError::Denied(_))), "{error}");
    assert_eq!(error.exit_code(), 5);

    // The same again asks how the request stands, and does not make another one.
    let error = Agent::start(&plane, join(&hub, TOKEN)).ended().await.unwrap_err();
    assert!(matches!(error, Error::Join(JoinError::Denied(_))), "{error}");
    assert_eq!(hub.kept().requests.len(), 1);

    // Another token is another request, with another key.
    hub.kept().tokens.push("second".into());
    let agent = Agent::start(&plane, join(&hub, "second"));
    let said = agent.said.clone();
    until("the second request", async || said.text().contains("Waiting for an administrator")).await;
    agent.stop().await;
    assert!(said.text().contains("The request stands"), "{}", said.text());
    let keys: Vec<_> = hub.kept().requests.iter().map(|asked| asked.fingerprint.clone()).collect();
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn fleet_1_a_used_token_and_no_token_are_told() {
    let (plane, hub) = (cluster("join-used").await, Hub::start().await);
    let error = Agent::start(&plane, join(&hub, "used already")).ended().await.unwrap_err();
    assert!(error.to_string().contains("join_token_used"), "{error}");
    assert!(matches!(error, Error::Join(JoinError::Hub(HubError::Refused(_)))), "{error}");

    let mut options = join_options(&hub, "");
    options.token = None;
    let error = Agent::start(&plane, Command::Join(options)).ended().await.unwrap_err();
    assert!(error.to_string().contains("--token"), "{error}");
    let error = Agent::start(&plane, Command::Run).ended().await.unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
}

/// FLEET-1: the hub is trusted by the fingerprint of its authority and by nothing else; nobody else gets the token.
#[tokio::test]
async fn fleet_1_a_hub_with_another_authority_gets_nothing() {
    let (plane, hub, other) = (cluster("join-pin").await, Hub::start().await, Hub::start().await);
    let mut options = join_options(&hub, TOKEN);
    options.hub_ca_sha256 = other.pin();
    let error = Agent::start(&plane, Command::Join(options)).ended().await.unwrap_err();
    let wanted: Pin = other.pin();
    assert!(error.to_string().contains(&wanted.to_string()), "{error}");
    assert!(matches!(error, Error::Join(JoinError::Hub(HubError::Untrusted(_)))), "{error}");
    assert_eq!(hub.kept().tokens, [TOKEN]);
}

/// FLEET-1: a pending request survives the agent: same key, same ticket, and no token is needed any more.
#[tokio::test]
async fn fleet_1_a_pending_request_survives_a_crash() {
    let (plane, hub) = (cluster("join-crash").await, Hub::start().await);
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    let asked = hub.request().await;
    until("the ticket to be stored", async || !stored(&plane).await["request"]["answer"].is_null()).await;
    agent.crash().await;

    let agent = Agent::start(&plane, Command::Run);
    let said = agent.said.clone();
    until("the fingerprint to be printed again", async || said.text().contains(&asked.fingerprint)).await;
    hub.decide(Decision::Accepted);
    hub.beat("a sign of life", |_| true).await;
    agent.stop().await;
    assert_eq!(hub.kept().keys_seen, [asked.fingerprint]);
    assert_eq!(hub.kept().requests.len(), 1);
}

/// FLEET-1: a hub that is away when the agent asks is asked again; once a member, `join` goes straight to running.
#[tokio::test]
async fn fleet_1_join_waits_for_its_hub_and_a_member_just_runs() {
    let (plane, mut hub) = (cluster("join-away").await, Hub::start().await);
    hub.stop().await;
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    until("the key to be stored", async || !stored(&plane).await["request"].is_null()).await;
    hub.serve().await;
    hub.request().await;
    hub.decide(Decision::Accepted);
    hub.beat("a sign of life", |_| true).await;
    agent.stop().await;

    hub.kept().beats.clear();
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    hub.beat("a sign of life after the restart", |_| true).await;
    assert_eq!(hub.kept().requests.len(), 1);
    agent.stop().await;
}

/// FLEET-1 (kubernetes B.5): the agent obeys the hub that issued its identity; another one is refused, unless told so.
#[tokio::test]
async fn fleet_1_a_second_hub_is_refused() {
    let (plane, hub, other) = (cluster("join-second").await, Hub::start().await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    agent.stop().await;
    let error = Agent::start(&plane, join(&other, TOKEN)).ended().await.unwrap_err();
    assert!(error.to_string().contains(hub.url().as_str()), "{error}");
    assert_eq!((error.exit_code(), other.kept().requests.len()), (7, 0));

    let mut options = join_options(&other, TOKEN);
    options.replace = true;
    let agent = Agent::start(&plane, Command::Join(options));
    other.request().await;
    assert!(!stored(&plane).await["credential"].is_null(), "the old one is kept until the new one is there");
    other.decide(Decision::Accepted);
    other.beat("a sign of life at the other hub", |_| true).await;
    agent.stop().await;
}

/// FLEET-1, FLEET-6: a command to join that cannot succeed ends with what to do, also where something is recorded; the
/// cluster's own pod goes on enforcing that instead, and claims no request that does not stand.
#[tokio::test]
async fn fleet_1_a_final_answer_ends_the_command_but_not_the_pod() {
    let (plane, hub, other) = (cluster("join-final").await, Hub::start().await, Hub::start().await);
    let agent = joined(&plane, &hub).await;
    let (id, content) = organization("acme");
    hub.want(id, Some(content));
    hub.reported("the set to be applied", id, |report| has(&report.conditions, "Applied", "True", "Applied"))
        .await;
    agent.stop().await;
    expire(&plane).await;

    let error = Agent::start(&plane, join(&hub, "used already")).ended().await.unwrap_err();
    assert!(error.to_string().contains("join_token_used") && error.exit_code() == 5, "{error}");
    let mut options = join_options(&hub, "second");
    options.hub_ca_sha256 = other.pin();
    let error = Agent::start(&plane, Command::Join(options)).ended().await.unwrap_err();
    assert!(error.to_string().contains("correct --hub-ca-sha256") && error.exit_code() != 0, "{error}");

    let agent = Agent::start_with(&plane, join(&hub, "used already"), |options| options.in_pod = true);
    let said = agent.said.clone();
    until("the refusal to be told", async || said.text().contains("stays enforced")).await;
    Cluster::of(&plane).await.delete_and_await_repair("acme").await;
    agent.stop().await;
    assert!(said.text().contains("has not taken a request yet"), "{}", said.text());
    assert!(!said.text().contains("The request stands"), "{}", said.text());
}

/// FLEET-1: a request that the hub has forgotten is told, and another token makes another one.
#[tokio::test]
async fn fleet_1_a_request_that_is_gone_is_told_and_made_anew() {
    let (plane, hub) = (cluster("join-gone").await, Hub::start().await);
    let agent = Agent::start(&plane, join(&hub, TOKEN));
    hub.request().await;
    until("the ticket to be stored", async || !stored(&plane).await["request"]["answer"].is_null()).await;
    hub.kept().requests.clear();
    let error = agent.ended().await.unwrap_err();
    assert!(matches!(error, Error::Join(JoinError::RequestGone(_))) && error.exit_code() == 5, "{error}");
    assert!(error.to_string().contains("another join token"), "{error}");
    assert!(stored(&plane).await["request"].is_null());

    hub.kept().tokens.push("second".into());
    let agent = Agent::start(&plane, join(&hub, "second"));
    hub.request().await;
    hub.decide(Decision::Accepted);
    hub.beat("a sign of life", |_| true).await;
    agent.stop().await;
}
