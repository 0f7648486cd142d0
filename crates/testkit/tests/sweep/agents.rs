//! The agents' table: who may say and ask what with which certificate.

use anyhow::{Context as _, Result, bail, ensure};
use bastide_api::agent::{self as wire, Heartbeat, Join, JoinStateQuery, Renew, SetStatus, Status};
use bastide_api::clusters::NewJoinToken;
use bastide_model::{ClusterId, Ids as _, OrganizationId, SystemIds};
use bastide_testkit::cast::{Cast, HUB};
use bastide_testkit::pki::Identity;
use bastide_testkit::web;
use rcgen::{CertificateParams, KeyPair};
use reqwest::Method;
use serde_json::Value;

use super::table::Table;
use bastide_testkit::routes::Row;

/// The operations that are asked about here.
pub(crate) const ASKED: [&str; 6] =
    ["agent_join", "agent_wait", "agent_beat", "agent_pull", "agent_report", "agent_renew"];

/// Somebody at the agents' door.
struct Caller {
    name: &'static str,
    meaning: &'static str,
    http: reqwest::Client,
    token: Option<String>,
}

/// Asks everything as everybody.
pub(crate) async fn sweep(cast: &Cast, rows: &[Row], table: &mut Table) -> Result<()> {
    let callers = callers(cast)?;
    let legend: Vec<_> = callers.iter().map(|caller| (caller.name, caller.meaning)).collect();
    table.actors("Agents", &legend);
    for row in rows.iter().filter(|row| row.surface == "agent") {
        table.operation(&row.method, &row.path, &row.id, &row.access);
        for target in targets(&row.id)? {
            let mut cells = Vec::new();
            for caller in &callers {
                let (path, body) = request(cast, &row.id, target).await?;
                let cell = ask(cast, caller, &row.method, &format!("{}{path}", row.path), body).await?;
                ensure!(!cell.starts_with('5'), "{} on {target} as {}: {cell}", row.id, caller.name);
                cells.push(cell);
            }
            table.line(target, &cells);
        }
    }
    Ok(())
}

fn callers(cast: &Cast) -> Result<Vec<Caller>> {
    let of = |identity: Option<Identity>| -> Result<reqwest::Client> {
        // Whom an agent trusts is its own business; here it is about whom the hub trusts.
        let builder = web::builder().tls_danger_accept_invalid_certs(true);
        Ok(match identity {
            None => builder.build()?,
            Some(Identity { certificate, key }) => builder
                .identity(reqwest::Identity::from_pem(format!("{certificate}\n{key}").as_bytes())?)
                .build()?,
        })
    };
    let caller = |name, meaning, identity: Option<Identity>| -> Result<Caller> {
        Ok(Caller { name, meaning, http: of(identity)?, token: None })
    };
    let own = Some(cast.a.spoke.agent.identity()?);
    let gone = Some(cast.withdrawn.agent.identity()?);
    let person = Some(cast.administrator.token.clone());
    Ok(vec![
        caller("no-cert", "nobody shows a certificate", None)?,
        caller("A's", "the agent of A's spoke", own)?,
        caller("withdrawn", "the agent of a cluster whose acceptance was taken back", gone)?,
        caller("stranger", "a certificate of another authority", Some(stranger(&cast.a.spoke.cluster.id)?))?,
        Caller {
            token: person,
            ..caller("site-tok", "the site administrator's token, without a certificate", None)?
        },
    ])
}

/// A certificate with the right name that the hub's authority has not signed.
fn stranger(cluster: &str) -> Result<Identity> {
    let key = KeyPair::generate()?;
    let name = wire::cluster_uri(cluster.parse()?);
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![rcgen::SanType::URI(name.as_str().try_into()?)];
    Ok(Identity { certificate: params.self_signed(&key)?.pem(), key: key.serialize_pem() })
}

fn targets(id: &str) -> Result<&'static [&'static str]> {
    Ok(match id {
        "agent_join" => &["a new token", "a used token", "none"],
        "agent_wait" => &["its own ticket", "A's spoke, its own ticket", "none"],
        "agent_report" => &["A/child", "B/child", "none"],
        "agent_beat" | "agent_pull" | "agent_renew" => &["-"],
        other => bail!("nothing is asked of {other}"),
    })
}

/// What is added to the path, and the message.
async fn request(cast: &Cast, id: &str, target: &str) -> Result<(&'static str, Value)> {
    let message = match (id, target) {
        ("agent_join", target) => {
            let token = match target {
                "a new token" => new_token(cast).await?,
                "a used token" => cast.a.spoke.join_token.clone(),
                _ => "bastide_join_none".to_owned(),
            };
            serde_json::to_value(join(token)?)?
        }
        ("agent_wait", target) => {
            let (own, ticket) = waiting(cast).await?;
            let cluster = match target {
                "its own ticket" => own,
                "none" => ClusterId::fresh(&SystemIds).to_string(),
                _ => cast.a.spoke.cluster.id.clone(),
            };
            serde_json::to_value(JoinStateQuery { cluster, ticket })?
        }
        ("agent_report", target) => {
            let organization = match target {
                "A/child" => cast.a.child.id.clone(),
                "B/child" => cast.b.child.id.clone(),
                _ => OrganizationId::fresh(&SystemIds).to_string(),
            };
            let set = SetStatus {
                organization,
                observed_generation: 1,
                removed: false,
                conditions: Vec::new(),
                objects: Vec::new(),
            };
            serde_json::to_value(Status { sets: vec![set] })?
        }
        ("agent_renew", _) => serde_json::to_value(Renew { csr_pem: signing_request()? })?,
        ("agent_beat", _) => {
            let facts = cast.a.spoke.agent.facts.clone();
            serde_json::to_value(Heartbeat {
                at_ms: 0,
                api_server_ready: true,
                facts,
                conditions: Vec::new(),
            })?
        }
        _ => return Ok(("?after=0&wait=0", Value::Null)),
    };
    Ok(("", message))
}

async fn ask(cast: &Cast, caller: &Caller, method: &Method, path: &str, body: Value) -> Result<String> {
    let mut request = caller.http.request(method.clone(), format!("{}{path}", cast.hub.agent_url()));
    if let Some(token) = &caller.token {
        request = request.bearer_auth(token);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    match web::ask(request).await {
        Ok((status, _, _)) => Ok(status.as_u16().to_string()),
        // Whose certificate is not accepted gets no answer at all; that one does not come in time is another matter.
        Err(error) if error.downcast_ref().is_some_and(was_closed) => Ok("closed".to_owned()),
        Err(error) => Err(error.context(format!("as {}", caller.name))),
    }
}

fn was_closed(error: &reqwest::Error) -> bool {
    !error.is_timeout() && (error.is_connect() || error.is_request())
}

fn join(token: String) -> Result<Join> {
    let cluster_uid = SystemIds.fresh();
    Ok(Join { token, csr_pem: signing_request()?, cluster_uid, facts: wire::Facts::default() })
}

fn signing_request() -> Result<String> {
    Ok(CertificateParams::default().serialize_request(&KeyPair::generate()?)?.pem()?)
}

async fn new_token(cast: &Cast) -> Result<String> {
    let cluster_name = format!("spoke-{}", SystemIds.fresh().simple()).chars().take(38).collect();
    Ok(cast.site.create_join_token(HUB, &NewJoinToken { cluster_name, minutes: None }).await?.secret)
}

/// A cluster that asks, and its ticket.
async fn waiting(cast: &Cast) -> Result<(String, String)> {
    let message = serde_json::to_value(join(new_token(cast).await?)?)?;
    let answered = cast.a.spoke.agent.send(wire::JOIN, &message).await?;
    let text = |name: &str| answered.body.get(name).and_then(Value::as_str).map(str::to_owned);
    let both = text("cluster").zip(text("ticket"));
    both.with_context(|| format!("no ticket: {}", answered.body))
}
