//! What a licence certificate says, and what follows from it (FLEET-3). Parsing and signatures are elsewhere
//! (`bastide_kube::licence`); here is the rule.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::limits::LICENCE_EXPIRING_SECONDS;
use crate::role::words;

/// Features any one of which a licence must name to carry client organizations and databases.
pub const REQUIRED_FEATURES: &[&str] = &["client-organizations", "databases"];

/// What a licence certificate says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFacts {
    /// Serial number in hex: the licence id.
    pub id: String,
    /// Subject C: product lines.
    pub product_line: Vec<String>,
    /// Subject ST: tier.
    pub tier: Vec<String>,
    /// Subject L: flags `Key=value`.
    pub flags: Vec<String>,
    /// Subject O: features.
    pub features: Vec<String>,
    /// Subject OU: plan.
    pub plan: Vec<String>,
    /// Subject CN and DNS SANs: uids of the clusters that it is for, without repetition.
    pub cluster_uids: Vec<String>,
    /// Who signed it, as text.
    pub issuer: String,
    /// First moment of validity.
    pub not_before: Timestamp,
    /// Last moment of validity.
    pub not_after: Timestamp,
    /// Whether it is meant for client authentication (extended key usage).
    pub client_auth: bool,
    /// Why the chain to the configured authority does not hold, or nothing when it holds. Dates are not part of this.
    pub chain_problem: Option<String>,
}

/// A licence as it was uploaded and examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Examination {
    /// It is no certificate at all.
    Unreadable {
        /// What is wrong with it.
        problem: String,
    },
    /// It is a certificate; what it says.
    Certificate(Box<LicenceFacts>),
}

/// State of a cluster's licence (FLEET-3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// There is none.
    None,
    /// There is something that does not parse.
    Unknown,
    /// It holds.
    Active,
    /// It holds and ends within 30 days.
    Expiring,
    /// It has ended.
    Expired,
    /// It does not hold; the reason says why.
    Invalid,
}

impl LicenceState {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
        }
    }

    /// Whether client organizations can be placed on the cluster.
    pub const fn permits_placement(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

words!(
    LicenceState,
    "a licence's state",
    LicenceState::None,
    LicenceState::Unknown,
    LicenceState::Active,
    LicenceState::Expiring,
    LicenceState::Expired,
    LicenceState::Invalid
);

/// State and reason, with what was expected and found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceVerdict {
    /// The state.
    pub state: LicenceState,
    /// Why, as a sentence.
    pub reason: String,
    /// The cluster's uid, which the licence has to name.
    pub expected_uid: String,
    /// The uids that the licence names.
    pub found_uids: Vec<String>,
}

/// Judges a licence (FLEET-3): empty uid first, then chain, usage, uid, features, then dates; so `expired` is said only
/// of a licence that would hold otherwise. `latest_seen` is the latest time that this installation has ever seen, so
/// that a clock set back does not revive a licence.
pub fn judge(
    examination: Option<&Examination>,
    cluster_uid: &str,
    required_features: &[&str],
    latest_seen: Timestamp,
) -> LicenceVerdict {
    let verdict = |state, reason: String, found: &[String]| LicenceVerdict {
        state,
        reason,
        expected_uid: cluster_uid.to_owned(),
        found_uids: found.to_vec(),
    };
    if cluster_uid.is_empty() {
        return verdict(LicenceState::Invalid, "The cluster has not told its uid yet.".into(), &[]);
    }
    match examination {
        None => verdict(LicenceState::None, "No licence has been uploaded.".into(), &[]),
        Some(Examination::Unreadable { problem }) => {
            verdict(LicenceState::Unknown, format!("The licence cannot be read: {problem}"), &[])
        }
        Some(Examination::Certificate(facts)) => {
            let (state, reason) = judge_facts(facts, cluster_uid, required_features, latest_seen);
            verdict(state, reason, &facts.cluster_uids)
        }
    }
}

fn judge_facts(facts: &LicenceFacts, uid: &str, required: &[&str], now: Timestamp) -> (LicenceState, String) {
    if let Some(problem) = &facts.chain_problem {
        return (LicenceState::Invalid, format!("It is not signed by the licence authority: {problem}."));
    }
    if !facts.client_auth {
        return (
            LicenceState::Invalid,
            "It is not meant for client authentication (extended key usage).".into(),
        );
    }
    if !facts.cluster_uids.iter().any(|found| found == uid) {
        let found =
            if facts.cluster_uids.is_empty() { "none".to_owned() } else { facts.cluster_uids.join(", ") };
        return (
            LicenceState::Invalid,
            format!("It is for another cluster: expected uid {uid}, found {found}."),
        );
    }
    if !required.is_empty()
        && !required.iter().any(|feature| facts.features.iter().any(|found| found == feature))
    {
        let found = if facts.features.is_empty() { "none".to_owned() } else { facts.features.join(", ") };
        return (
            LicenceState::Invalid,
            format!("It names none of the features {}; found {found}.", required.join(", ")),
        );
    }
    if now < facts.not_before {
        return (LicenceState::Invalid, format!("It is not valid before {}.", facts.not_before));
    }
    if now > facts.not_after {
        return (LicenceState::Expired, format!("It ended on {}.", facts.not_after));
    }
    if facts.not_after.seconds_since(now) < LICENCE_EXPIRING_SECONDS {
        return (LicenceState::Expiring, format!("It ends on {}: renew it.", facts.not_after));
    }
    (LicenceState::Active, format!("It is valid until {}.", facts.not_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0195f3a2-0000-7000-8000-000000000001";
    const DAY: i64 = 86_400;

    fn facts(change: impl FnOnce(&mut LicenceFacts)) -> Examination {
        let mut facts = LicenceFacts {
            id: "01".into(),
            product_line: vec!["bastide".into()],
            tier: vec!["enterprise".into()],
            flags: vec![],
            features: vec!["databases".into()],
            plan: vec![],
            cluster_uids: vec![UID.into()],
            issuer: "CN=Authority".into(),
            not_before: Timestamp::from_millis(0),
            not_after: Timestamp::from_millis(0).plus_seconds(400 * DAY),
            client_auth: true,
            chain_problem: None,
        };
        change(&mut facts);
        Examination::Certificate(Box::new(facts))
    }

    fn state_on_day(examination: Option<&Examination>, day: i64) -> (LicenceState, String) {
        let now = Timestamp::from_millis(0).plus_seconds(day * DAY);
        let verdict = judge(examination, UID, REQUIRED_FEATURES, now);
        (verdict.state, verdict.reason)
    }

    /// FLEET-3: each state, with its reason.
    #[test]
    fn fleet_3_states() {
        use LicenceState as S;
        assert_eq!(state_on_day(None, 1).0, S::None);
        assert_eq!(
            state_on_day(Some(&Examination::Unreadable { problem: "no PEM".into() }), 1).0,
            S::Unknown
        );
        assert_eq!(state_on_day(Some(&facts(|_| ())), 1).0, S::Active);
        assert_eq!(state_on_day(Some(&facts(|_| ())), 380).0, S::Expiring);
        assert_eq!(state_on_day(Some(&facts(|_| ())), 401).0, S::Expired);
        assert_eq!(state_on_day(Some(&facts(|_| ())), -1).0, S::Invalid);
        let invalid = |change: fn(&mut LicenceFacts), word: &str| {
            let (state, reason) = state_on_day(Some(&facts(change)), 1);
            assert!(state == S::Invalid && reason.contains(word), "{state} {reason}");
        };
        invalid(|f| f.chain_problem = Some("unknown issuer".into()), "unknown issuer");
        invalid(|f| f.client_auth = false, "client authentication");
        invalid(|f| f.cluster_uids = vec!["other".into()], "found other");
        invalid(|f| f.cluster_uids.clear(), "found none");
        invalid(|f| f.features = vec!["else".into()], "found else");
    }

    /// FLEET-3: any one required feature is enough; any one of several uids is enough; an empty uid is refused first.
    #[test]
    fn fleet_3_any_of() {
        let several = facts(|f| {
            f.features = vec!["x".into(), "client-organizations".into()];
            f.cluster_uids = vec!["other".into(), UID.into()];
        });
        assert_eq!(state_on_day(Some(&several), 1).0, LicenceState::Active);
        let empty = facts(|f| f.cluster_uids = vec![String::new()]);
        let verdict = judge(Some(&empty), "", REQUIRED_FEATURES, Timestamp::from_millis(1));
        assert_eq!(verdict.state, LicenceState::Invalid);
    }
}
