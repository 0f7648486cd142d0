//! The agent's standing with its hub: which credential is used, whether the hub answers, whether it accepts this agent.
//! Every call of a member goes through here, so that what one call learns all others know.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bastide_model::Timestamp;
use tokio::sync::watch;

use crate::backoff::{Backoff, spread};
use crate::config::Timings;
use crate::hub::{Hub, HubError};
use crate::identity::{Credential, IdentityStore};
use crate::metrics::Metrics;
use crate::surroundings::Surroundings;

/// How the hub and this agent stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Nothing was tried yet.
    Untried,
    /// The hub answers.
    Connected,
    /// The hub does not answer, or something else does.
    Lost,
    /// The hub answers that it does not accept this agent.
    Refused,
}

/// What is known of the way to the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkState {
    /// How it stands.
    pub(crate) standing: Standing,
    /// Since when.
    pub(crate) since: Timestamp,
    /// How often it came back after it was lost or refused.
    pub(crate) returns: u64,
}

/// The way to the hub, for an agent that has joined.
pub(crate) struct Link {
    identity: Arc<IdentityStore>,
    surroundings: Surroundings,
    timings: Timings,
    /// The connection pool of the newest credential, with that credential.
    open: Mutex<Option<(Credential, Hub)>>,
    state: watch::Sender<LinkState>,
    metrics: Arc<Metrics>,
}

impl Link {
    pub(crate) fn new(
        identity: Arc<IdentityStore>,
        metrics: Arc<Metrics>,
        surroundings: Surroundings,
        timings: &Timings,
    ) -> Self {
        let state = LinkState { standing: Standing::Untried, since: surroundings.clock.now(), returns: 0 };
        let (open, state) = (Mutex::new(None), watch::Sender::new(state));
        Self { identity, surroundings, timings: *timings, open, state, metrics }
    }

    /// What is known of the way to the hub, and its changes.
    pub(crate) fn state(&self) -> watch::Receiver<LinkState> {
        self.state.subscribe()
    }

    /// Asks the hub something with the newest credential. The first success with a new credential ends the old one;
    /// a new credential that is refused is forgotten while the old one still stands.
    pub(crate) async fn call<T, F>(&self, ask: impl FnOnce(Hub) -> F) -> Result<T, HubError>
    where
        F: Future<Output = Result<T, HubError>>,
    {
        let (hub, credential) = self.newest()?;
        let answer = ask(hub).await;
        // Another call has ended this credential meanwhile, by using a newer one: that says nothing of the hub.
        if let Err(error) = &answer
            && !self.is_newest(&credential)
        {
            return Err(HubError::Unavailable(format!("the certificate was renewed meanwhile ({error})")));
        }
        self.note(answer.as_ref().err());
        match &answer {
            Ok(_) => self.used(&credential).await,
            Err(HubError::NotAccepted(_)) => self.refused(&credential).await,
            Err(_) => {}
        }
        answer
    }

    /// How long to wait after a failed call.
    pub(crate) fn pause_after(&self, error: &HubError, backoff: &mut Backoff) -> Duration {
        let random = self.surroundings.random.as_ref();
        match error {
            HubError::NotAccepted(_) => spread(self.timings.refused_retry, 0.25, random),
            _ => backoff.failed(random),
        }
    }

    fn newest(&self) -> Result<(Hub, Credential), HubError> {
        let identity = self.identity.current();
        let credential = identity
            .as_ref()
            .and_then(|identity| identity.newest())
            .ok_or_else(|| HubError::NotAccepted("no credential is stored on this cluster".into()))?;
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((same, hub)) = open.as_ref()
            && same == credential
        {
            return Ok((hub.clone(), credential.clone()));
        }
        let Credential { hub, authorities, certificate, key, .. } = credential;
        let hub = Hub::as_member(hub, authorities, certificate, key)?;
        *open = Some((credential.clone(), hub.clone()));
        Ok((hub, credential.clone()))
    }

    fn is_newest(&self, credential: &Credential) -> bool {
        self.identity.current().is_some_and(|identity| identity.newest() == Some(credential))
    }

    async fn used(&self, credential: &Credential) {
        let identity = self.identity.current();
        if identity.as_ref().and_then(|identity| identity.next.as_ref()) != Some(credential) {
            return;
        }
        tracing::info!(not_after = %credential.not_after, "the renewed certificate is in use");
        let promoted = self.identity.update(|identity| {
            if identity.next.as_ref() == Some(credential) {
                identity.promote();
            }
        });
        if let Err(error) = promoted.await {
            // The pair stays as the next one, and the next call ends the old one.
            tracing::warn!(%error, "the old certificate cannot be forgotten yet");
        }
    }

    async fn refused(&self, credential: &Credential) {
        // Another run of `join` may have stored a new credential.
        self.reload().await;
        let forgotten = self.identity.update(|identity| {
            if identity.next.as_ref() == Some(credential) && identity.credential.is_some() {
                identity.next = None;
            }
        });
        if let Err(error) = forgotten.await {
            tracing::warn!(%error, "a refused certificate cannot be forgotten yet");
        }
    }

    async fn reload(&self) {
        if let Err(error) = self.identity.reload().await {
            tracing::warn!(%error, "the stored credential cannot be read again");
        }
    }

    /// Keeps the state, and logs it when it changes.
    fn note(&self, error: Option<&HubError>) {
        let standing = match error {
            // A hub that refuses or garbles one request is there all the same.
            None | Some(HubError::Refused(_) | HubError::Misunderstood(_)) => Standing::Connected,
            Some(HubError::NotAccepted(_)) => Standing::Refused,
            Some(_) => Standing::Lost,
        };
        let now = self.surroundings.clock.now();
        let changed = self.state.send_if_modified(|state| {
            if state.standing == standing {
                return false;
            }
            let again = standing == Standing::Connected && state.standing != Standing::Untried;
            *state = LinkState { standing, since: now, returns: state.returns + u64::from(again) };
            true
        });
        self.metrics.connected(standing == Standing::Connected);
        match (standing, error) {
            (Standing::Refused, Some(error)) if changed => self.say_refused(error, now),
            (Standing::Lost, Some(error)) if changed => {
                tracing::warn!(%error, "the hub is lost; what is here stays enforced");
            }
            (_, None) if changed => tracing::info!("connected to the hub"),
            (_, Some(error)) => tracing::debug!(%error, "a request to the hub failed"),
            (_, None) => {}
        }
    }

    fn say_refused(&self, error: &HubError, now: Timestamp) {
        let identity = self.identity.current();
        let credential = identity.as_ref().and_then(|identity| identity.newest());
        if let Some(expired) = credential.filter(|credential| credential.not_after < now) {
            tracing::error!(
                %error, not_after = %expired.not_after,
                "the agent's certificate has expired; what is here stays enforced; to follow the hub again, make a join token there and run `bastide-agent join`"
            );
        } else {
            tracing::error!(
                %error,
                "the hub does not accept this cluster any more; what is here stays enforced; to follow the hub again, make a join token there and run `bastide-agent join` with --replace"
            );
        }
    }
}
