//! What the agent knows of its own health, and how it says so: conditions for the hub's page.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bastide_api::agent::Condition;
use bastide_kube::network_plugin::NetworkPlugin;
use bastide_model::cluster::ConditionStatus;
use tokio::sync::Notify;

use crate::link::LinkState;

/// A clock may differ by so much before certificates and tokens are endangered (kubernetes B.5: five minutes).
const SKEW_MAX: Duration = Duration::from_mins(5);

/// Why the agent does not take in what the hub wants; what was taken in before stays enforced (FLEET-6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stopped {
    /// In one word.
    pub(crate) reason: &'static str,
    /// As a sentence, with what to do.
    pub(crate) message: String,
}

impl Stopped {
    /// The hub's database was restored since this cluster joined.
    pub(crate) fn by_epoch(known: i64, seen: i64) -> Self {
        Self {
            reason: "EpochChanged",
            message: format!(
                "The hub's database was restored from a backup (epoch {seen}, this cluster joined in epoch {known}). Nothing new is taken in, so that nothing is rolled back. Check what the hub wants here, then let the cluster follow it: bastide cluster follow."
            ),
        }
    }

    /// The hub knows less than this cluster.
    pub(crate) fn by_generation(message: String) -> Self {
        Self { reason: "HubIsBehind", message }
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// Own time less the hub's, in milliseconds.
    skew_millis: Option<i64>,
    stopped_by_epoch: Option<Stopped>,
    stopped_by_sets: Option<Stopped>,
    renewal_trouble: Option<String>,
    own_objects_trouble: Option<(&'static str, String)>,
    damaged_records: Vec<String>,
    network: Option<NetworkPlugin>,
}

/// The agent's health.
#[derive(Debug, Default)]
pub(crate) struct State {
    inner: Mutex<Inner>,
    changed: Notify,
}

impl State {
    /// Waits for a change that the hub should hear of soon.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Keeps how far the agent's clock is from the hub's.
    pub(crate) fn set_skew(&self, own_less_hub_millis: i64) {
        // Not announced as a change: it comes from the answer to what would announce it.
        self.lock().skew_millis = Some(own_less_hub_millis);
    }

    /// Own time less the hub's, in milliseconds, as far as it is known.
    pub(crate) fn skew_millis(&self) -> i64 {
        self.lock().skew_millis.unwrap_or_default()
    }

    /// Compares the hub's epoch with the one in which this cluster joined. Whether the hub may be followed.
    pub(crate) fn check_epoch(&self, known: Option<i64>, seen: i64) -> bool {
        let stopped = known.filter(|known| *known != seen).map(|known| Stopped::by_epoch(known, seen));
        let may_follow = stopped.is_none();
        self.change(|inner| replace(&mut inner.stopped_by_epoch, stopped));
        may_follow
    }

    /// Keeps whether the sets that the hub sends can be followed.
    pub(crate) fn set_stopped(&self, stopped: Option<Stopped>) {
        self.change(|inner| replace(&mut inner.stopped_by_sets, stopped));
    }

    /// Keeps why the certificate could not be renewed, if so.
    pub(crate) fn set_renewal_trouble(&self, trouble: Option<String>) {
        self.change(|inner| replace(&mut inner.renewal_trouble, trouble));
    }

    /// Keeps why Bastide's own objects are not as they should be, if so: in one word, and as a sentence.
    pub(crate) fn set_own_objects_trouble(&self, trouble: Option<(&'static str, String)>) {
        self.change(|inner| replace(&mut inner.own_objects_trouble, trouble));
    }

    /// Keeps which records of sets cannot be read.
    pub(crate) fn set_damaged_records(&self, damaged: Vec<String>) {
        self.change(|inner| replace(&mut inner.damaged_records, damaged));
    }

    /// Keeps what connects the cluster's pods.
    pub(crate) fn set_network(&self, network: NetworkPlugin) {
        self.change(|inner| replace(&mut inner.network, Some(network)));
    }

    /// Everything as conditions, each of them always present.
    pub(crate) fn conditions(&self, link: LinkState) -> Vec<Condition> {
        let inner = self.lock();
        let stopped = inner.stopped_by_epoch.as_ref().or(inner.stopped_by_sets.as_ref());
        let skew = inner.skew_millis.unwrap_or_default();
        let skewed = Duration::from_millis(skew.unsigned_abs()) > SKEW_MAX;
        vec![
            condition(
                "HubReachable",
                true,
                "Connected",
                format!(
                    "Connected since {}; lost and found again {} times since the agent started.",
                    link.since, link.returns
                ),
            ),
            condition(
                "ClockSkew",
                skewed,
                if skewed { "ClocksDiffer" } else { "ClocksAgree" },
                skew_message(skew, skewed),
            ),
            match stopped {
                None => condition("IntentFollowed", true, "Followed", String::new()),
                Some(stopped) => condition("IntentFollowed", false, stopped.reason, stopped.message.clone()),
            },
            good("CertificateRenewed", "RenewalFailed", inner.renewal_trouble.as_deref()),
            match &inner.own_objects_trouble {
                None => good("OwnObjectsApplied", "", None),
                Some((reason, trouble)) => good("OwnObjectsApplied", reason, Some(trouble)),
            },
            good("RecordsReadable", "RecordsDamaged", damaged(&inner.damaged_records).as_deref()),
            network(inner.network.as_ref()),
        ]
    }

    fn change(&self, change: impl FnOnce(&mut Inner) -> bool) {
        if change(&mut self.lock()) {
            self.changed.notify_one();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a new value in place. Whether it differs from the old one.
fn replace<T: PartialEq>(place: &mut T, new: T) -> bool {
    let differs = *place != new;
    *place = new;
    differs
}

fn damaged(records: &[String]) -> Option<String> {
    (!records.is_empty()).then(|| records.join(" "))
}

fn skew_message(skew_millis: i64, skewed: bool) -> String {
    let seconds = skew_millis / 1000;
    let direction = if seconds >= 0 { "ahead of" } else { "behind" };
    if skewed {
        format!(
            "The clock of this cluster is {} s {direction} the hub's. Certificates and tokens depend on it: set it right.",
            seconds.abs()
        )
    } else {
        String::new()
    }
}

/// A condition that holds unless there is trouble.
fn good(kind: &str, reason: &str, trouble: Option<&str>) -> Condition {
    match trouble {
        None => condition(kind, true, "AsExpected", String::new()),
        Some(trouble) => condition(kind, false, reason, trouble.to_owned()),
    }
}

/// Whether network policies are enforced: that depends on somebody else.
fn network(plugin: Option<&NetworkPlugin>) -> Condition {
    let (status, reason, message) = match plugin {
        Some(plugin) => (plugin.enforced, plugin.reason, plugin.message.clone()),
        None => (ConditionStatus::Unknown, "NotLookedYet", String::new()),
    };
    let told = condition("NetworkPolicyEnforced", false, reason, message);
    Condition { status: status.as_str().to_owned(), ..told }
}

fn condition(kind: &str, holds: bool, reason: &str, message: String) -> Condition {
    let status = if holds { ConditionStatus::True } else { ConditionStatus::False };
    Condition {
        kind: kind.to_owned(),
        status: status.as_str().to_owned(),
        reason: reason.to_owned(),
        message,
        observed_generation: 0,
    }
}

#[cfg(test)]
mod tests {
    use bastide_model::Timestamp;

    use super::*;
    use crate::link::Standing;

    fn find(state: &State, kind: &str) -> (String, String, String) {
        let link = LinkState { standing: Standing::Connected, since: Timestamp::from_millis(0), returns: 2 };
        let mut all = state.conditions(link).into_iter();
        all.find(|one| one.kind == kind).map(|one| (one.status, one.reason, one.message)).unwrap()
    }

    #[test]
    fn a_clock_that_is_off_by_more_than_five_minutes_is_told() {
        let state = State::default();
        for fine in [0, 299_000, -300_000] {
            state.set_skew(fine);
            assert_eq!(find(&state, "ClockSkew").0, "False", "{fine}");
        }
        state.set_skew(-301_000);
        let (status, _, message) = find(&state, "ClockSkew");
        assert!(status == "True" && message.contains("301 s behind"), "{message}");
    }

    /// FLEET-6: a hub that was restored is not followed, and that is told with what to do.
    #[test]
    fn fleet_6_another_epoch_stops_the_agent_and_the_same_lets_it_go_on() {
        let state = State::default();
        assert!(state.check_epoch(None, 7), "just joined");
        assert!(state.check_epoch(Some(7), 7));
        assert!(!state.check_epoch(Some(7), 8));
        let (status, reason, message) = find(&state, "IntentFollowed");
        assert_eq!((status.as_str(), reason.as_str()), ("False", "EpochChanged"));
        assert!(message.contains("bastide cluster follow"), "{message}");
        assert!(state.check_epoch(Some(7), 7));
        assert_eq!(find(&state, "IntentFollowed").0, "True");
    }

    #[test]
    fn trouble_is_told_until_it_is_over() {
        let state = State::default();
        state.set_renewal_trouble(Some("refused".into()));
        state.set_damaged_records(vec!["one".into(), "two".into()]);
        assert_eq!(find(&state, "CertificateRenewed").2, "refused");
        assert_eq!(find(&state, "RecordsReadable").2, "one two");
        state.set_renewal_trouble(None);
        assert_eq!(find(&state, "CertificateRenewed").0, "True");
        assert_eq!(find(&state, "OwnObjectsApplied").0, "True");
        assert!(find(&state, "HubReachable").2.contains("2 times"));
    }
}
