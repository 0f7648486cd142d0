//! A new key and a new certificate before the old one ends. The new pair is stored before it is used, and the old one
//! kept until the new one was used once (kubernetes B.1); the hub accepts both meanwhile.

use std::sync::Arc;
use std::time::Duration;

use bastide_api::agent as wire;
use bastide_model::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::config::Timings;
use crate::hub::HubError;
use crate::identity::{Credential, IdentityError, IdentityStore};
use crate::keys::{AgentKey, KeyError};
use crate::link::Link;
use crate::metrics::Metrics;
use crate::state::State;
use crate::surroundings::Surroundings;

/// Longest wait before the time is looked at again: the clock may be set, and the credential replaced.
const LOOK: Duration = Duration::from_mins(1);

/// Why there is no new certificate.
#[derive(Debug, thiserror::Error)]
enum RenewError {
    #[error(transparent)]
    Hub(#[from] HubError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Renews the certificate.
pub(crate) struct Renewal {
    pub(crate) link: Arc<Link>,
    pub(crate) identity: Arc<IdentityStore>,
    pub(crate) state: Arc<State>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) surroundings: Surroundings,
    pub(crate) timings: Timings,
}

impl Renewal {
    /// Renews whenever it is time, until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.keep()).await;
    }

    async fn keep(&self) {
        let mut backoff = Backoff::new(self.timings.hub_retry);
        // Part of the time between the first moment of renewal and the end, so that many agents do not renew at once.
        let mut delay = self.surroundings.random.unit();
        loop {
            let identity = self.identity.current();
            let newest = identity.as_ref().and_then(|identity| identity.newest());
            let now = self.hubs_time();
            let pause = match newest {
                None => LOOK,
                Some(credential) => {
                    self.metrics.certificate_ends(credential.not_after);
                    let due = due_at(credential, delay);
                    if now < due { until(due, now).min(LOOK) } else { Duration::ZERO }
                }
            };
            let Some(credential) = newest.filter(|_| pause.is_zero()) else {
                tokio::time::sleep(pause).await;
                continue;
            };
            match self.once(credential).await {
                Ok(()) => {
                    backoff.succeeded();
                    delay = self.surroundings.random.unit();
                    self.state.set_renewal_trouble(None);
                }
                Err(error) => {
                    let pause = match &error {
                        RenewError::Hub(error) => self.link.pause_after(error, &mut backoff),
                        _ => backoff.failed(self.surroundings.random.as_ref()),
                    };
                    let message = trouble(&error, credential, now);
                    tracing::warn!(?pause, "{message}");
                    self.state.set_renewal_trouble(Some(message));
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }

    /// The time by the hub's clock, which is the one that the hub will look at.
    fn hubs_time(&self) -> Timestamp {
        let own = self.surroundings.clock.now().as_millis();
        Timestamp::from_millis(own.saturating_sub(self.state.skew_millis()))
    }

    async fn once(&self, old: &Credential) -> Result<(), RenewError> {
        let key = AgentKey::generate()?;
        let renew = wire::Renew { csr_pem: key.signing_request()? };
        let issued = self.link.call(|hub| async move { hub.renew(&renew).await }).await?;
        key.check_certificate(&issued.certificate_pem, &issued.authorities_pem, old.cluster)?;
        let next = Credential::new(old.hub.clone(), old.cluster, key.to_pem(), issued);
        let not_after = next.not_after;
        self.identity.update(|identity| identity.renewed(old, next)).await?;
        tracing::info!(fingerprint = key.fingerprint(), %not_after, "the certificate was renewed");
        Ok(())
    }
}

/// When to renew: somewhere in the first fifth of the time that the hub allows for it. That is the last quarter of the
/// certificate's life, so that 20 to 25 % are left.
fn due_at(credential: &Credential, delay: f64) -> Timestamp {
    let first = credential.renew_after;
    let span = until(credential.not_after, first) / 5;
    let delay = i64::try_from(span.mul_f64(delay).as_millis()).unwrap_or_default();
    Timestamp::from_millis(first.as_millis().saturating_add(delay))
}

/// The time from `now` until then; none when it is past.
fn until(then: Timestamp, now: Timestamp) -> Duration {
    let millis = then.as_millis().saturating_sub(now.as_millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or_default())
}

fn trouble(error: &RenewError, credential: &Credential, now: Timestamp) -> String {
    let end = credential.not_after;
    if now < end {
        format!("The agent's certificate, which ends at {end}, is not renewed yet: {error}.")
    } else {
        format!(
            "The agent's certificate ended at {end} and could not be renewed: {error}. What is here stays enforced. To follow the hub again, make a join token there and run `bastide-agent join`."
        )
    }
}

#[cfg(test)]
mod tests {
    use bastide_model::{ClusterId, SystemIds};

    use super::*;
    use crate::hidden::Hidden;

    fn credential(renew_after: i64, not_after: i64) -> Credential {
        Credential {
            hub: "https://hub.example.org".parse().unwrap(),
            cluster: ClusterId::fresh(&SystemIds),
            key: Hidden::new("key"),
            certificate: String::new(),
            authorities: String::new(),
            not_after: Timestamp::from_millis(not_after),
            renew_after: Timestamp::from_millis(renew_after),
        }
    }

    /// kubernetes B.1: at a random point, and early enough to be tried again many times.
    #[test]
    fn fleet_1_renewal_is_due_when_20_to_25_percent_of_life_are_left() {
        let due = |delay| due_at(&credential(6_000, 8_000), delay).as_millis();
        // Issued at 0.
        assert_eq!((due(0.0), due(0.5)), (6_000, 6_200));
        assert!((6_399..=6_400).contains(&due(0.999_999)));
        assert_eq!(due_at(&credential(6_000, 5_000), 0.5).as_millis(), 6_000, "a hub with odd ideas");
    }

    #[test]
    fn fleet_1_a_certificate_that_ended_is_told_with_what_to_do() {
        let error = RenewError::Hub(HubError::NotAccepted("expired".into()));
        let text = |now| trouble(&error, &credential(1_000, 2_000), Timestamp::from_millis(now));
        assert!(text(1_500).contains("not renewed yet") && !text(1_500).contains("join token"));
        assert!(text(2_000).contains("bastide-agent join") && text(2_000).contains("stays enforced"));
    }
}
