//! What agents are served, on a listener and in a table of their own: version 1 of the agent protocol
//! (`bastide_api::agent`). Unlike the API, unknown fields are ignored: an older hub serves a newer agent.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use bastide_api::agent::{
    self as wire, DesiredQuery, Heartbeat, HeartbeatAnswer, Join, JoinStateQuery, Renew,
};
use bastide_app::authority::{AgentCertificate, Authority};
use bastide_app::clusters;
use bastide_app::joining::{self, Ask, Standing};
use bastide_model::ClusterId;
use bastide_model::limits::{AGENT_BODY_BYTES_MAX, AGENT_POLL_SECONDS, HEARTBEAT_SECONDS};
use http::request::Parts;
use http::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::Empty;
use super::describe::{Answer, Argument, Sketch};
use super::extract;
use super::gate::Authenticated;
use super::hub::Hub;
use super::json;
use super::problem::Failure;
use super::registry::{Access, Operation, Surface};

/// Every row.
pub fn operations() -> Vec<Operation> {
    const TAG: &str = "agent";
    const JOINS: Access = Access::Public("who asks to join has no certificate yet; the join token proves it");
    const WAITS: Access = Access::Public("who waits has no certificate yet; the ticket proves it");
    use Access::Agent;
    use Surface::System;
    let (get, post) = (|| Method::GET, || Method::POST);
    vec![
        Operation::new(post(), wire::JOIN, "agent_join", TAG, "Asks to join", JOINS, System, join),
        Operation::new(
            post(),
            wire::JOIN_STATE,
            "agent_wait",
            TAG,
            "Asks how that stands",
            WAITS,
            System,
            wait,
        ),
        Operation::new(post(), wire::HEARTBEAT, "agent_beat", TAG, "A sign of life", Agent, System, beat),
        Operation::new(get(), wire::DESIRED, "agent_pull", TAG, "What should be there", Agent, System, pull),
        Operation::new(post(), wire::STATUS, "agent_report", TAG, "What is there", Agent, System, report),
        Operation::new(post(), wire::RENEW, "agent_renew", TAG, "A new certificate", Agent, System, renew),
    ]
}

/// The cluster whose agent asks.
pub(crate) struct Agent(ClusterId);

impl FromRequestParts<Hub> for Agent {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Hub) -> Result<Self, Failure> {
        let known = parts.extensions.get::<Authenticated>().copied();
        known.map(|one| Self(one.0)).ok_or(Failure::unauthenticated("no certificate was shown"))
    }
}

impl Argument for Agent {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes_agent = true;
    }
}

/// A message of the protocol, either way.
pub(crate) struct Message<T>(T);

impl<T: DeserializeOwned> FromRequest<Hub> for Message<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &Hub) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        extract::require_json(&parts.headers)?;
        let body = extract::read_up_to(AGENT_BODY_BYTES_MAX, &parts.headers, body).await?;
        json::parse(&body).map(Self)
    }
}

impl<T> Argument for Message<T> {}

impl<T: Serialize> IntoResponse for Message<T> {
    fn into_response(self) -> Response {
        super::answer::document(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> Answer for Message<T> {
    fn describe(_: &mut Sketch<'_>) {}
}

/// 202 with a message.
pub(crate) struct Noted<T>(T);

impl<T: Serialize> IntoResponse for Noted<T> {
    fn into_response(self) -> Response {
        super::answer::document(StatusCode::ACCEPTED, &self.0)
    }
}

impl<T: Serialize> Answer for Noted<T> {
    fn describe(_: &mut Sketch<'_>) {}
}

/// What is asked for in the query string.
pub(crate) struct Asked<T>(T);

impl<T: DeserializeOwned> FromRequestParts<Hub> for Asked<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Hub) -> Result<Self, Failure> {
        extract::parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<T> Argument for Asked<T> {}

async fn join(
    State(hub): State<Hub>,
    Message(input): Message<Join>,
) -> Result<Noted<wire::JoinAccepted>, Failure> {
    let Join { token, csr_pem, cluster_uid, facts } = input;
    let asked =
        joining::ask(&hub.app, Ask { token, csr_pem, uid: cluster_uid, facts: facts.parse()? }).await?;
    Ok(Noted(wire::JoinAccepted {
        cluster: asked.cluster.to_string(),
        fingerprint: asked.fingerprint,
        ticket: asked.ticket,
    }))
}

async fn wait(
    State(hub): State<Hub>,
    Message(input): Message<JoinStateQuery>,
) -> Result<Message<wire::JoinState>, Failure> {
    let cluster = input.cluster.parse().map_err(|_| Failure::NOT_FOUND)?;
    Ok(Message(match joining::standing(&hub.app, cluster, &input.ticket).await? {
        Standing::Requested => wire::JoinState::Requested,
        Standing::Denied => wire::JoinState::Denied,
        Standing::Joined(issued) => wire::JoinState::Joined(certificate(*issued)),
    }))
}

fn certificate(issued: AgentCertificate) -> wire::Certificate {
    wire::Certificate {
        certificate_pem: issued.certificate_pem,
        authorities_pem: issued.authorities_pem,
        not_after_ms: issued.issued.not_after.as_millis(),
        renew_after_ms: issued.renew_after.as_millis(),
    }
}

async fn beat(
    State(hub): State<Hub>,
    Agent(cluster): Agent,
    Message(input): Message<Heartbeat>,
) -> Result<Message<HeartbeatAnswer>, Failure> {
    let now = hub.app.now();
    let conditions = wire::parse_conditions(input.conditions, now)?;
    let facts = input.facts.parse()?;
    let authorities_pem = news(&hub.app.authority(), &facts.authorities);
    clusters::heartbeat(&hub.app, cluster, input.api_server_ready, facts, conditions).await?;
    let epoch = hub.app.installation().epoch;
    let next_seconds = HEARTBEAT_SECONDS;
    Ok(Message(HeartbeatAnswer { at_ms: now.as_millis(), next_seconds, epoch, authorities_pem }))
}

/// What an agent should believe, when it says that it believes something else.
fn news(authority: &Authority, believed: &[String]) -> Option<String> {
    let should: BTreeSet<_> = authority.believed().map(|anchor| anchor.fingerprint.as_str()).collect();
    let does: BTreeSet<_> = believed.iter().map(String::as_str).collect();
    (!does.is_empty() && should != does).then(|| authority.bundle_pem())
}

async fn pull(
    State(hub): State<Hub>,
    Agent(cluster): Agent,
    Asked(query): Asked<DesiredQuery>,
) -> Result<Message<wire::Desired>, Failure> {
    if query.after < 0 || query.wait > AGENT_POLL_SECONDS {
        let text = format!("`after` is 0 or greater, and `wait` at most {AGENT_POLL_SECONDS} seconds");
        return Err(Failure::field("wait", text));
    }
    let waits = Duration::from_secs(query.wait);
    let found = tokio::select! {
        found = clusters::desired(&hub.app, cluster, query.after, waits) => found?,
        // Whoever waits is answered when the hub is about to stop, and comes back to another replica.
        () = draining(&hub) => clusters::desired(&hub.app, cluster, query.after, Duration::ZERO).await?,
    };
    Ok(Message(wire::Desired {
        epoch: found.epoch,
        generation: found.generation,
        follow: found.follow,
        sets: found.sets.into_iter().map(wire::Set::from).collect(),
    }))
}

async fn draining(hub: &Hub) {
    hub.tasks.draining().cancelled_owned().await;
}

async fn report(
    State(hub): State<Hub>,
    Agent(cluster): Agent,
    Message(input): Message<wire::Status>,
) -> Result<Empty, Failure> {
    let now = hub.app.now();
    let reports = input.sets.into_iter().map(|set| set.parse(now)).collect::<Result<Vec<_>, _>>()?;
    clusters::record_status(&hub.app, cluster, reports).await?;
    Ok(Empty)
}

async fn renew(
    State(hub): State<Hub>,
    Agent(cluster): Agent,
    Message(input): Message<Renew>,
) -> Result<Message<wire::Certificate>, Failure> {
    Ok(Message(certificate(joining::renew(&hub.app, cluster, &input.csr_pem).await?)))
}
