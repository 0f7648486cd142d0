//! Clusters that dial out to a hub: how they join, whether they answer, what they can do (FLEET-1).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::HEARTBEAT_GRACE_SECONDS;
use crate::names::{DisplayName, Slug};
use crate::role::words;
use crate::{ClusterId, HubId, Timestamp};

/// A management plane that spokes belong to (FLEET-1). An installation has one from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its id.
    pub id: HubId,
    /// Short name, unique in the installation.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How far a cluster's membership has come (FLEET-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// The agent has asked; an administrator has to compare the fingerprint and decide.
    Requested,
    /// Refused.
    Denied,
    /// Accepted.
    Joined,
    /// Accepted once, acceptance taken back.
    Withdrawn,
}

impl Membership {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Denied => "denied",
            Self::Joined => "joined",
            Self::Withdrawn => "withdrawn",
        }
    }
}

words!(
    Membership,
    "a cluster's membership",
    Membership::Requested,
    Membership::Denied,
    Membership::Joined,
    Membership::Withdrawn
);

/// Whether a joined cluster answers (FLEET-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Its heartbeat is fresh and its API server answers the agent.
    Available,
    /// No heartbeat within the grace period. Nothing is deleted because of it (FLEET-6).
    Unknown,
    /// The agent says that the cluster's API server does not answer.
    Unavailable,
}

impl Availability {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Unknown => "unknown",
            Self::Unavailable => "unavailable",
        }
    }

    /// From the last heartbeat on the hub's clock. The grace period begins anew when the hub starts, so that a restart
    /// makes nothing unknown; but what was unknown before stays so until it gives a sign of life.
    pub fn judge(heartbeat: Option<Heartbeat>, hub: HubPresence, now: Timestamp) -> Self {
        let Some(beat) = heartbeat else { return Self::Unknown };
        let was_unknown = hub.here_until.seconds_since(beat.at) > HEARTBEAT_GRACE_SECONDS;
        let counted_from = if was_unknown { beat.at } else { beat.at.max(hub.started_at) };
        if now.seconds_since(counted_from) > HEARTBEAT_GRACE_SECONDS {
            Self::Unknown
        } else if beat.api_server_ready {
            Self::Available
        } else {
            Self::Unavailable
        }
    }
}

words!(
    Availability,
    "a cluster's availability",
    Availability::Available,
    Availability::Unknown,
    Availability::Unavailable
);

/// When a hub could hear its clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HubPresence {
    /// Until when it, or another process of it, is known to have been there before it started.
    pub here_until: Timestamp,
    /// When it started.
    pub started_at: Timestamp,
}

/// The last sign of life of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it came, on the hub's clock.
    pub at: Timestamp,
    /// Whether the cluster's API server answered the agent.
    pub api_server_ready: bool,
}

/// Something that a cluster can or cannot do, found out by its agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capability {
    /// Its name, such as `MutatingAdmissionPolicy`.
    pub name: String,
    /// Whether the cluster has it.
    pub available: bool,
    /// What it is needed for, or why it is missing.
    pub reason: String,
}

/// What an agent reports of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterFacts {
    /// Version of the API server, such as `v1.36.3`.
    pub kubernetes_version: String,
    /// Version of the agent.
    pub agent_version: String,
    /// Nodes, all of them.
    pub nodes: u32,
    /// Nodes that are ready.
    pub nodes_ready: u32,
    /// What it can do.
    pub capabilities: Vec<Capability>,
    /// What connects its pods, such as `Cilium`; empty when that is not known.
    #[serde(default)]
    pub network_plugin: String,
    /// The authorities that its agent believes: SHA-256 of their certificates, in lower-case hex, in order.
    #[serde(default)]
    pub authorities: Vec<String>,
}

/// Truth of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// It cannot be told.
    Unknown,
}

words!(
    ConditionStatus,
    "a condition's status",
    ConditionStatus::True,
    ConditionStatus::False,
    ConditionStatus::Unknown
);

impl ConditionStatus {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// One aspect of something's state, with its reason, as in Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Which aspect, in CamelCase, such as `Applied`.
    pub kind: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one CamelCase word for programs.
    pub reason: String,
    /// Why, as a sentence for people.
    pub message: String,
    /// Which generation of the intent this speaks of; 0 where there is none.
    pub observed_generation: i64,
    /// When `status` last changed.
    pub last_transition: Timestamp,
}

/// Takes in newly reported conditions. The time of transition moves only when the status changes.
pub fn merge_conditions(known: &[Condition], reported: Vec<Condition>, now: Timestamp) -> Vec<Condition> {
    reported
        .into_iter()
        .map(|mut condition| {
            let before =
                known.iter().find(|old| old.kind == condition.kind && old.status == condition.status);
            condition.last_transition = before.map_or(now, |old| old.last_transition);
            condition
        })
        .collect()
}

/// A cluster as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its id, given by the hub, in the certificate of its agent.
    pub id: ClusterId,
    /// The hub that it belongs to.
    pub hub: HubId,
    /// Short name, unique on the hub.
    pub name: Slug,
    /// Uid of its `kube-system` namespace: what it is, whatever it is called.
    pub uid: Uuid,
    /// How far its membership has come.
    pub membership: Membership,
    /// SHA-256 of the public key that the agent made, as pairs of hex digits with colons: what people compare.
    pub fingerprint: String,
    /// When it asked.
    pub requested_at: Timestamp,
    /// When it was accepted, denied or withdrawn.
    pub decided_at: Option<Timestamp>,
    /// What the agent reports.
    pub facts: ClusterFacts,
    /// Conditions of the cluster as a whole, from its agent.
    pub conditions: Vec<Condition>,
    /// Its last sign of life.
    pub heartbeat: Option<Heartbeat>,
    /// Since when it is being cleaned, to be unregistered when nothing is placed on it any more (FLEET-2).
    pub cleaning_since: Option<Timestamp>,
    /// Grows with every change.
    pub revision: i64,
}

impl ClusterFacts {
    /// Whether its agent has said that the cluster has something.
    pub fn can(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|one| one.name == capability && one.available)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FLEET-1: available while the heartbeat is fresh on the hub's clock; a restarted hub waits the grace anew, but not
    /// for whom it had given up before.
    #[test]
    fn fleet_1_availability() {
        let at = Timestamp::from_millis(1_000_000_000);
        let beat = |ready| Some(Heartbeat { at, api_server_ready: ready });
        let present = |here_until: Timestamp, started_at: Timestamp| HubPresence { here_until, started_at };
        let start = present(Timestamp::from_millis(0), Timestamp::from_millis(0));
        let late = at.plus_seconds(HEARTBEAT_GRACE_SECONDS + 1);
        assert_eq!(Availability::judge(None, start, at), Availability::Unknown);
        assert_eq!(Availability::judge(beat(true), start, at), Availability::Available);
        assert_eq!(Availability::judge(beat(false), start, at), Availability::Unavailable);
        assert_eq!(Availability::judge(beat(true), start, late), Availability::Unknown);
        let restarted = present(at.plus_seconds(HEARTBEAT_GRACE_SECONDS), late);
        assert_eq!(Availability::judge(beat(true), restarted, late), Availability::Available);
        let had_given_up = present(late, late);
        assert_eq!(Availability::judge(beat(true), had_given_up, late), Availability::Unknown);
    }

    #[test]
    fn transition_moves_only_when_the_status_changes() {
        let condition = |status, at| Condition {
            kind: "Applied".into(),
            status,
            reason: "Done".into(),
            message: String::new(),
            observed_generation: 1,
            last_transition: Timestamp::from_millis(at),
        };
        let known = [condition(ConditionStatus::True, 5)];
        let now = Timestamp::from_millis(9);
        let same = merge_conditions(&known, vec![condition(ConditionStatus::True, 0)], now);
        assert_eq!(same.first().map(|c| c.last_transition.as_millis()), Some(5));
        let other = merge_conditions(&known, vec![condition(ConditionStatus::False, 0)], now);
        assert_eq!(other.first().map(|c| c.last_transition.as_millis()), Some(9));
    }
}
