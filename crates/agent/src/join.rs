//! Becoming a member of a hub (FLEET-1): make a key, ask, let people compare its fingerprint, wait for their decision,
//! store the certificate. Each step is stored before the next, so that a restart at any point goes on where it was.

use std::time::Duration;

use bastide_api::agent as wire;
use bastide_model::{ClusterId, Timestamp};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::backoff::Backoff;
use crate::config::{Command, JoinOptions, Timings};
use crate::hidden::Hidden;
use crate::hub::{Hub, HubError};
use crate::identity::{Credential, Identity, IdentityError, IdentityStore, Request, RequestAnswer};
use crate::keys::{AgentKey, KeyError};
use crate::spoke::{Spoke, SpokeError};
use crate::surroundings::Surroundings;

/// Why this cluster did not become a member.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// `run` on a cluster that never asked.
    #[error(
        "this cluster has not joined a hub; make a join token there and run the `bastide-agent join …` that it shows"
    )]
    NotJoined,
    /// A new request needs a token.
    #[error(
        "a join token is needed: make one on the hub and give it by --token, --token-file or BASTIDE_JOIN_TOKEN"
    )]
    TokenNeeded,
    /// The cluster belongs to a hub; another one cannot take it.
    #[error(
        "this cluster belongs to the hub {0}; an agent obeys the hub that it joined. To leave that hub for another, repeat the command with --replace"
    )]
    OtherHub(Url),
    /// The administrator said no.
    #[error(
        "the request to join was denied on the hub {0}; ask its administrator, or ask anew with another join token"
    )]
    Denied(Url),
    /// The hub does not know the request any more.
    #[error(
        "the hub {0} does not know the request to join any more: nobody decided on it in time, or it was replaced; make another join token there and repeat the command with it"
    )]
    RequestGone(Url),
    /// The hub saw another key than this one.
    #[error(
        "the hub saw the key {seen}, this agent's is {own}: somebody is in between, or the hub is broken; not joining"
    )]
    FingerprintDiffers {
        /// The agent's own.
        own: String,
        /// What the hub says.
        seen: String,
    },
    /// The hub does not do it.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// What is stored, or cannot be.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The key, or a certificate that does not fit it.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The cluster.
    #[error(transparent)]
    Spoke(#[from] SpokeError),
}

impl JoinError {
    /// Whether the command itself has come to its end: the same again gets the same answer, and no member is cut off by
    /// it. What was asked for and denied is the administrator's to change, so that it is waited for.
    pub(crate) fn ends_the_command(&self) -> bool {
        matches!(
            self,
            Self::TokenNeeded
                | Self::OtherHub(_)
                | Self::RequestGone(_)
                | Self::FingerprintDiffers { .. }
                | Self::Hub(_)
        )
    }
}

/// What is next on the way to membership.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It is a member, or was one and nothing can be done here: run.
    Run,
    /// A request waits for its decision.
    Wait(Request, RequestAnswer),
    /// The hub has to be asked, with this key or a new one.
    Ask { token: Hidden, key: Option<Hidden> },
}

/// What to do, from what was said and what is stored.
fn next_step(command: &Command, stored: Option<&Identity>, now: Timestamp) -> Result<Step, JoinError> {
    let request = stored.and_then(|identity| identity.request.as_ref());
    let credential = stored.and_then(Identity::newest);
    let waiting = request.and_then(|request| Some((request.clone(), request.answer.clone()?)));
    let options = match command {
        Command::Run => {
            let valid = credential.is_some_and(|credential| now < credential.not_after);
            return match (waiting, credential) {
                (Some((request, answer)), _) if !valid => Ok(Step::Wait(request, answer)),
                (_, Some(_)) => Ok(Step::Run),
                (_, None) => Err(JoinError::NotJoined),
            };
        }
        Command::Join(options) => options,
    };
    if let Some(credential) = credential {
        if credential.hub != options.hub && !options.replace {
            return Err(JoinError::OtherHub(credential.hub.clone()));
        }
        if !options.replace && now < credential.not_after {
            return Ok(Step::Run);
        }
    }
    // A token works once: the one that led to the stored credential leads to no other.
    let member = credential.is_some_and(|credential| credential.hub == options.hub);
    let spent = stored.filter(|_| member).and_then(|identity| identity.joined_with.as_ref());
    let token = options.token.as_ref().filter(|token| Some(&token_hash(token)) != spent);
    let request = request.filter(|request| {
        request.hub == options.hub && token.is_none_or(|token| token_hash(token) == request.token_sha256)
    });
    match (request, token, credential) {
        (Some(request), _, _) if request.answer.is_some() => {
            let answer = request.answer.clone().ok_or(JoinError::TokenNeeded)?;
            Ok(Step::Wait(request.clone(), answer))
        }
        (request, Some(token), _) => {
            Ok(Step::Ask { token: token.clone(), key: request.map(|request| request.key.clone()) })
        }
        (_, None, Some(_)) if member => Ok(Step::Run),
        (_, None, _) => Err(JoinError::TokenNeeded),
    }
}

fn token_hash(token: &Hidden) -> String {
    hex::encode(Sha256::digest(token.reveal()))
}

/// Joins a hub.
pub(crate) struct Joining<'a> {
    pub(crate) spoke: &'a Spoke,
    pub(crate) identity: &'a IdentityStore,
    pub(crate) surroundings: &'a Surroundings,
    pub(crate) timings: Timings,
}

impl Joining<'_> {
    /// Goes all the way to membership. Returns at once on a cluster that is a member.
    pub(crate) async fn run(&self, command: &Command) -> Result<(), JoinError> {
        let stored = self.identity.current();
        let (request, answer) = match next_step(command, stored.as_deref(), self.surroundings.clock.now())? {
            Step::Run => return Ok(()),
            Step::Wait(request, answer) => (request, answer),
            Step::Ask { token, key } => match command {
                Command::Join(options) => self.ask(options, &token, key).await?,
                Command::Run => return Err(JoinError::NotJoined),
            },
        };
        self.wait(request, answer).await
    }

    /// Makes the key and asks with it.
    async fn ask(
        &self,
        options: &JoinOptions,
        token: &Hidden,
        key: Option<Hidden>,
    ) -> Result<(Request, RequestAnswer), JoinError> {
        let key = key.map_or_else(AgentKey::generate, |pem| AgentKey::from_pem(&pem))?;
        let mut request = Request {
            hub: options.hub.clone(),
            hub_ca_sha256: options.hub_ca_sha256,
            key: key.to_pem(),
            token_sha256: token_hash(token),
            answer: None,
        };
        self.store(&request).await?;
        self.announce(&key, &options.hub);
        let join = wire::Join {
            token: token.reveal().to_owned(),
            csr_pem: key.signing_request()?,
            cluster_uid: self.spoke.uid().await?,
            facts: self.spoke.survey().await?.facts.into(),
        };
        let hub = Hub::before_join(&options.hub, options.hub_ca_sha256)?;
        let accepted = self.insist(|| hub.join(&join)).await?;
        let answer = read_answer(&key, accepted)?;
        tracing::info!(cluster = %answer.cluster, fingerprint = key.fingerprint(), "the hub took the request");
        request.answer = Some(answer.clone());
        self.store(&request).await?;
        Ok((request, answer))
    }

    /// Waits until the request is decided.
    async fn wait(&self, request: Request, answer: RequestAnswer) -> Result<(), JoinError> {
        let key = AgentKey::from_pem(&request.key)?;
        self.surroundings.console.say(&waiting_text(&key.fingerprint(), &request.hub, answer.cluster));
        let hub = Hub::before_join(&request.hub, request.hub_ca_sha256)?;
        let query = wire::JoinStateQuery {
            cluster: answer.cluster.to_string(),
            ticket: answer.ticket.reveal().to_owned(),
        };
        let mut pause = Backoff::new(self.timings.join_poll);
        let issued = loop {
            let standing = match self.insist(|| hub.join_state(&query)).await {
                Err(HubError::Refused(problem)) if problem.status == 404 => {
                    self.identity.update(|identity| identity.request = None).await?;
                    return Err(JoinError::RequestGone(request.hub));
                }
                standing => standing?,
            };
            match standing {
                wire::JoinState::Joined(certificate) => break certificate,
                wire::JoinState::Denied => return Err(JoinError::Denied(request.hub)),
                wire::JoinState::Requested => {
                    tokio::time::sleep(pause.failed(self.surroundings.random.as_ref())).await;
                }
            }
        };
        key.check_certificate(&issued.certificate_pem, &issued.authorities_pem, answer.cluster)?;
        let credential = Credential::new(request.hub.clone(), answer.cluster, request.key, issued);
        let not_after = credential.not_after;
        self.identity.update(|identity| identity.joined(credential)).await?;
        tracing::info!(cluster = %answer.cluster, hub = %request.hub, %not_after, "joined");
        self.surroundings.console.say(&format!("Joined {} as {}.", request.hub, answer.cluster));
        Ok(())
    }

    /// Asks until there is an answer, as long as asking again makes sense.
    async fn insist<T, F>(&self, mut ask: impl FnMut() -> F) -> Result<T, HubError>
    where
        F: Future<Output = Result<T, HubError>>,
    {
        let mut backoff = Backoff::new(self.timings.hub_retry);
        loop {
            match ask().await {
                Err(error) if !error.is_final() => {
                    let pause: Duration = backoff.failed(self.surroundings.random.as_ref());
                    tracing::warn!(%error, ?pause, "trying again");
                    tokio::time::sleep(pause).await;
                }
                answer => return answer,
            }
        }
    }

    async fn store(&self, request: &Request) -> Result<(), IdentityError> {
        self.identity.update(|identity| identity.request = Some(request.clone())).await
    }

    fn announce(&self, key: &AgentKey, hub: &Url) {
        let fingerprint = key.fingerprint();
        tracing::info!(fingerprint, %hub, "asking to join");
        self.surroundings.console.say(&format!(
            "This cluster asks {hub} to join, with a key that was made for it just now.\nFingerprint of the key: {fingerprint}"
        ));
    }
}

/// The hub's answer to a request, when it is about this key.
fn read_answer(key: &AgentKey, accepted: wire::JoinAccepted) -> Result<RequestAnswer, JoinError> {
    let own = key.fingerprint();
    if accepted.fingerprint != own {
        return Err(JoinError::FingerprintDiffers { own, seen: accepted.fingerprint });
    }
    let cluster = accepted
        .cluster
        .parse()
        .map_err(|error: bastide_model::ids::IdError| HubError::Misunderstood(error.to_string()))?;
    Ok(RequestAnswer { cluster, ticket: Hidden::new(accepted.ticket) })
}

fn waiting_text(fingerprint: &str, hub: &Url, cluster: ClusterId) -> String {
    format!(
        "Waiting for an administrator of {hub} to accept {cluster}.\n\
         Fingerprint of the key: {fingerprint}\n\
         The administrator has to see the same fingerprint on the hub, in the console under Clusters. By command line:\n\n  \
         bastide cluster accept {cluster} --fingerprint {fingerprint}\n\n\
         If the hub shows another fingerprint, deny the request: it is not this cluster's."
    )
}

#[cfg(test)]
mod tests {
    use bastide_model::SystemIds;
    use rstest::rstest;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn join(token: Option<&str>, replace: bool) -> Command {
        Command::Join(JoinOptions {
            hub: url("https://hub.example.org"),
            token: token.map(Hidden::new),
            hub_ca_sha256: "00".repeat(32).parse().unwrap(),
            once: false,
            replace,
        })
    }

    fn request(hub: &str, token: &str, answered: bool) -> Request {
        let cluster = ClusterId::fresh(&SystemIds);
        Request {
            hub: url(hub),
            hub_ca_sha256: "00".repeat(32).parse().unwrap(),
            key: Hidden::new("requested key"),
            token_sha256: token_hash(&Hidden::new(token)),
            answer: answered.then(|| RequestAnswer { cluster, ticket: Hidden::new("ticket") }),
        }
    }

    fn credential(hub: &str, seconds_left: i64) -> Credential {
        Credential {
            hub: url(hub),
            cluster: ClusterId::fresh(&SystemIds),
            key: Hidden::new("key"),
            certificate: String::new(),
            authorities: String::new(),
            not_after: NOW.plus_seconds(seconds_left),
            renew_after: NOW,
        }
    }

    /// What is stored, in a few words.
    fn stored(what: &str) -> Option<Identity> {
        let (own, other) = ("https://hub.example.org", "https://other.example.org");
        let mut identity = Identity::default();
        match what {
            "nothing" => return None,
            "member" => identity.credential = Some(credential(own, 60)),
            "member elsewhere" => identity.credential = Some(credential(other, 60)),
            "expired" => identity.credential = Some(credential(own, -60)),
            "expired by t1" => {
                identity.credential = Some(credential(own, -60));
                identity.joined_with = Some(token_hash(&Hidden::new("t1")));
            }
            "expired, asked with t1" => {
                identity.credential = Some(credential(own, -60));
                identity.request = Some(request(own, "t1", true));
            }
            "member, asked with t1" => {
                identity.credential = Some(credential(own, 60));
                identity.request = Some(request(own, "t1", true));
            }
            "asked with t1" => identity.request = Some(request(own, "t1", true)),
            "asking with t1" => identity.request = Some(request(own, "t1", false)),
            "asked elsewhere" => identity.request = Some(request(other, "t1", true)),
            other => panic!("{other}"),
        }
        Some(identity)
    }

    fn step(command: &Command, what: &str) -> String {
        match next_step(command, stored(what).as_ref(), NOW) {
            Ok(Step::Run) => "run".into(),
            Ok(Step::Wait(..)) => "wait".into(),
            Ok(Step::Ask { key: Some(_), .. }) => "ask with the stored key".into(),
            Ok(Step::Ask { key: None, .. }) => "ask with a new key".into(),
            Err(error) => error.to_string(),
        }
    }

    /// FLEET-1: a member goes straight to running; a pending request survives a restart with the same key and ticket.
    #[rstest]
    #[case("nothing", None, "a join token is needed")]
    #[case("nothing", Some("t1"), "ask with a new key")]
    #[case("member", None, "run")]
    #[case("member", Some("t1"), "run")]
    #[case("member elsewhere", Some("t1"), "this cluster belongs to the hub https://other.example.org/")]
    #[case("expired", None, "run")]
    #[case("expired", Some("t1"), "ask with a new key")]
    #[case("expired by t1", Some("t1"), "run")]
    #[case("expired by t1", Some("t2"), "ask with a new key")]
    #[case("expired, asked with t1", Some("t1"), "wait")]
    #[case("asked with t1", Some("t1"), "wait")]
    #[case("asked with t1", None, "wait")]
    #[case("asked with t1", Some("t2"), "ask with a new key")]
    #[case("asking with t1", Some("t1"), "ask with the stored key")]
    #[case("asking with t1", None, "a join token is needed")]
    #[case("asked elsewhere", Some("t1"), "ask with a new key")]
    fn fleet_1_what_join_does(#[case] what: &str, #[case] token: Option<&str>, #[case] expected: &str) {
        let step = step(&join(token, false), what);
        assert!(step.starts_with(expected), "{step}");
    }

    #[rstest]
    #[case("member", Some("t1"), "ask with a new key")]
    #[case("member, asked with t1", Some("t1"), "wait")]
    #[case("member elsewhere", Some("t1"), "ask with a new key")]
    #[case("expired by t1", Some("t1"), "run")]
    #[case("member", None, "run")]
    #[case("member elsewhere", None, "a join token is needed")]
    fn fleet_1_what_join_does_with_replace(
        #[case] what: &str,
        #[case] token: Option<&str>,
        #[case] expected: &str,
    ) {
        let step = step(&join(token, true), what);
        assert!(step.starts_with(expected), "{step}");
    }

    #[rstest]
    #[case("nothing", "this cluster has not joined")]
    #[case("member", "run")]
    #[case("expired", "run")]
    #[case("expired, asked with t1", "wait")]
    #[case("member, asked with t1", "run")]
    #[case("asked with t1", "wait")]
    #[case("asking with t1", "this cluster has not joined")]
    fn fleet_1_what_run_does(#[case] what: &str, #[case] expected: &str) {
        let step = step(&Command::Run, what);
        assert!(step.starts_with(expected), "{step}");
    }

    /// FLEET-1: a hub that saw another key is not joined.
    #[test]
    fn fleet_1_another_fingerprint_ends_the_attempt() {
        let key = AgentKey::generate().unwrap();
        let accepted = |fingerprint: String| wire::JoinAccepted {
            cluster: ClusterId::fresh(&SystemIds).to_string(),
            fingerprint,
            ticket: "ticket".into(),
        };
        assert!(read_answer(&key, accepted(key.fingerprint())).is_ok());
        let other = AgentKey::generate().unwrap().fingerprint();
        let error = read_answer(&key, accepted(other.clone())).unwrap_err().to_string();
        assert!(error.contains(&other) && error.contains(&key.fingerprint()), "{error}");
        assert!(
            read_answer(&key, wire::JoinAccepted { cluster: "x".into(), ..accepted(key.fingerprint()) })
                .is_err()
        );
    }
}
