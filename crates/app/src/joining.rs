//! How a cluster joins, from the agent's side (FLEET-1): ask with a join token, wait, get a certificate, renew it.

use bastide_authz::action::{RenewCertificate, RequestJoin};
use bastide_authz::{Controller, Unbounded};
use bastide_model::cluster::{Availability, Cluster, ClusterFacts, Membership};
use bastide_model::limits::{AGENT_CERTIFICATE_SECONDS, CLUSTERS_REQUESTED_MAX, CSR_BYTES_MAX};
use bastide_model::{AuditId, ClusterId, Error, Result, Timestamp};
use bastide_store::{JoinRequest, JoinToken, Tx};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::authority::{self, AgentCertificate};
use crate::clusters::availability;
use crate::secrets;
use crate::state::App;

const TICKET_PREFIX: &str = "bastide_ticket_";

/// What an agent says when it asks to join.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The secret of the join token.
    pub token: String,
    /// A signing request for the key that the agent made.
    pub csr_pem: String,
    /// Uid of the `kube-system` namespace.
    pub uid: Uuid,
    /// What the agent knows of its cluster.
    pub facts: ClusterFacts,
}

/// What an agent gets when its request is written down.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The cluster's id.
    pub cluster: ClusterId,
    /// The fingerprint of its key, as the hub sees it.
    pub fingerprint: String,
    /// Secret with which the agent asks how its request stands.
    pub ticket: String,
}

/// How a request stands.
#[derive(Debug, Clone)]
pub enum Standing {
    /// Nobody has decided yet.
    Requested,
    /// Refused.
    Denied,
    /// Accepted.
    Joined(Box<AgentCertificate>),
}

/// An agent asks to join. The token is used up only when the request is written down; the agent that used it may repeat
/// its request until somebody decides, and gets a new ticket for it.
///
/// # Errors
/// [`Error::Refused`] `join_token_unknown`, [`Error::Gone`] when the token was used, withdrawn or has expired,
/// [`Error::Invalid`] for a signing request that is none, [`Error::LimitExceeded`] while too many wait,
/// [`Error::Conflict`] when the name is taken or the cluster has joined and answers.
pub async fn ask(app: &App, input: Ask) -> Result<Asked> {
    let now = app.now();
    if input.csr_pem.len() > CSR_BYTES_MAX {
        return Err(Error::field("/csr_pem", format!("a signing request has at most {CSR_BYTES_MAX} bytes")));
    }
    let token = find_token(&mut app.read(&Unbounded::Door).await?, &input.token).await?;
    if input.uid.is_nil() {
        return Err(Error::field("/cluster_uid", "give the uid of the cluster's kube-system namespace"));
    }
    let fingerprint = authority::fingerprint_of_request(&input.csr_pem)?;
    let permit = app.authorize_controller::<RequestJoin>(Controller::Door, token.hub)?;
    let ticket = secrets::fresh(TICKET_PREFIX)?;
    let mut tx = app.write(&permit).await?;
    let waiting = tx.clusters_requested_locked(token.hub).await?;
    // Once more, now that the hub is held: the request that this one repeats may have been written down meanwhile.
    let token = find_token(&mut tx, &input.token).await?;
    // Somebody else may have used it while this one waited for its turn.
    let token = tx.join_token(token.id).await?;
    let known = tx.cluster_by_uid(input.uid).await?;
    let again = known.as_ref().is_some_and(|cluster| is_same_request(cluster, &token, &fingerprint));
    if !again {
        require_unused(&token, now)?;
    }
    match &known {
        Some(cluster) => admit_return(app, cluster, &token)?,
        None if waiting >= CLUSTERS_REQUESTED_MAX => {
            let (used, allowed, plan) = (waiting, CLUSTERS_REQUESTED_MAX, "every plan".to_owned());
            return Err(Error::LimitExceeded { limit: "clusters_requested", used, allowed, plan });
        }
        None => {}
    }
    let request = JoinRequest {
        id: known.as_ref().map_or_else(|| ClusterId::fresh(app.ids()), |cluster| cluster.id),
        name: token.cluster_name.clone(),
        uid: input.uid,
        fingerprint: fingerprint.clone(),
        csr_pem: input.csr_pem,
        ticket_hash: secrets::hash(&ticket),
        facts: input.facts,
        at: now,
    };
    tx.cluster_request(&permit, &request, known.as_ref(), AuditId::fresh(app.ids())).await?;
    if !again && !tx.join_token_use(&permit, token.id, now).await? {
        return Err(token_gone("used"));
    }
    app.publish(tx.commit().await?).await?;
    Ok(Asked { cluster: request.id, fingerprint, ticket })
}

async fn find_token(tx: &mut Tx, secret: &str) -> Result<JoinToken> {
    let found = tx.join_token_by_secret(secrets::hash(secret)).await?;
    found.ok_or_else(|| Error::Refused {
        code: "join_token_unknown",
        detail: "The join token is unknown. Ask the hub's administrator for a new one.".into(),
    })
}

fn require_unused(token: &JoinToken, now: Timestamp) -> Result<()> {
    match token.state(now) {
        "unused" => Ok(()),
        state => Err(token_gone(state)),
    }
}

/// An agent that never got its answer asks once more: with the token that it used, the same key, and nobody has decided
/// yet. The key is the agent's own, so whoever else has the token gets nowhere.
fn is_same_request(cluster: &Cluster, token: &JoinToken, fingerprint: &str) -> bool {
    token.used_at.is_some()
        && cluster.membership == Membership::Requested
        && cluster.fingerprint == fingerprint
        && cluster.hub == token.hub
        && cluster.name == token.cluster_name
}

fn token_gone(state: &str) -> Error {
    let code = match state {
        "expired" => "join_token_expired",
        "withdrawn" => "join_token_withdrawn",
        _ => "join_token_used",
    };
    Error::Gone {
        code,
        detail: format!("The join token is {state}. Ask the hub's administrator for a new one."),
    }
}

/// B.1.11: the same uid is the same record and needs accepting again; one that has joined and answers is not pushed aside.
fn admit_return(app: &App, cluster: &Cluster, token: &JoinToken) -> Result<()> {
    if cluster.hub != token.hub {
        return Err(Error::conflict(
            "cluster_of_another_hub",
            "The cluster belongs to another hub of this installation.",
        ));
    }
    if cluster.membership == Membership::Joined && availability(app, cluster) == Availability::Available {
        let detail = "The cluster has joined already and answers. Withdraw its acceptance first.";
        return Err(Error::conflict("cluster_joined", detail));
    }
    Ok(())
}

/// How a request stands. An accepted agent gets its certificate here.
///
/// # Errors
/// [`Error::NotFound`] for a ticket that is none, or whose time is over.
pub async fn standing(app: &App, cluster: ClusterId, ticket: &str) -> Result<Standing> {
    let kept =
        app.read(&Unbounded::Door).await?.cluster_credentials(cluster).await?.ok_or(Error::NotFound)?;
    if !bool::from(kept.ticket_hash.as_slice().ct_eq(&secrets::hash(ticket))) {
        return Err(Error::NotFound);
    }
    match kept.membership {
        Membership::Requested => Ok(Standing::Requested),
        Membership::Denied | Membership::Withdrawn => Ok(Standing::Denied),
        // A ticket is for the first certificate, and as long as that could have lasted: whose certificates have all ended
        // has to ask anew, and to be accepted anew.
        Membership::Joined
            if kept.decided_at.is_none_or(|at| at.plus_seconds(AGENT_CERTIFICATE_SECONDS) <= app.now()) =>
        {
            Err(Error::NotFound)
        }
        Membership::Joined => {
            let certificate = app.authority().issue(cluster, &kept.csr_pem, app.now())?;
            let mut tx = app.write(&Unbounded::Door).await?;
            tx.certificate_issued(cluster, &certificate.issued).await?;
            tx.commit().await?;
            Ok(Standing::Joined(Box::new(certificate)))
        }
    }
}

/// A new certificate for a new key, over the authenticated channel.
///
/// # Errors
/// [`Error::Invalid`] for a signing request that is none.
pub async fn renew(app: &App, agent: ClusterId, csr_pem: &str) -> Result<AgentCertificate> {
    let permit = app.authorize_agent::<RenewCertificate>(agent)?;
    if csr_pem.len() > CSR_BYTES_MAX {
        return Err(Error::field("/csr_pem", format!("a signing request has at most {CSR_BYTES_MAX} bytes")));
    }
    let certificate = app.authority().issue(agent, csr_pem, app.now())?;
    let mut tx = app.write(&permit).await?;
    tx.certificate_renewed(&permit, &certificate.issued).await?;
    tx.commit().await?;
    Ok(certificate)
}
