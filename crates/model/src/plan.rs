//! Plans: data with limits (PLAN-1), and the rule that compares use with a limit (PLAN-2).

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::names::{DisplayName, Slug};
use crate::role::words;
use crate::{PlanId, RealmId};

/// How an organization is closed to others on the network (PLAN-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkIsolation {
    /// Closed to other organizations; its own namespaces reach each other.
    Shared,
    /// In addition each project is closed to the others.
    Namespace,
    /// In addition own nodes and gateway, and egress only where allowed.
    Dedicated,
}

impl NetworkIsolation {
    /// The word in text and storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Shared => "shared",
            Self::Namespace => "namespace",
            Self::Dedicated => "dedicated",
        }
    }
}

words!(
    NetworkIsolation,
    "a network isolation",
    NetworkIsolation::Shared,
    NetworkIsolation::Namespace,
    NetworkIsolation::Dedicated
);

/// What an organization may use on its clusters, in all of its namespaces together and in each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeLimits {
    /// Processor, in thousandths of a core.
    pub cpu_millis: u64,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Storage asked for by volume claims, in GiB.
    pub storage_gib: u64,
    /// Pods.
    pub pods: u64,
    /// Services; those of type `LoadBalancer` and `NodePort` are never allowed.
    pub services: u64,
}

/// The limits of a plan. Absent means unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLimits {
    /// Deployments per organization.
    pub deployments: Option<u64>,
    /// Members; owner and pending invitations count.
    pub members: Option<u64>,
    /// Direct sub-organizations.
    pub sub_organizations: Option<u64>,
    /// Network isolation.
    pub isolation: NetworkIsolation,
    /// What may be used on clusters.
    pub compute: ComputeLimits,
}

/// A plan of a realm (PLAN-1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Whose plan it is.
    pub realm: RealmId,
    /// Short name, unique in the realm.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// Its limits.
    pub limits: PlanLimits,
    /// Whether new organizations get it when nothing else is said.
    pub is_default: bool,
}

/// Slug, name and limits of the plans that every realm starts with (PLAN-1); the first is the default.
pub fn default_plans() -> [(&'static str, &'static str, PlanLimits); 3] {
    let compute = |cores: u64, memory_gib: u64, storage_gib: u64, pods: u64| ComputeLimits {
        cpu_millis: cores * 1000,
        memory_mib: memory_gib * 1024,
        storage_gib,
        pods,
        services: pods / 2,
    };
    [
        (
            "free",
            "Free",
            PlanLimits {
                deployments: Some(1),
                members: Some(1),
                sub_organizations: Some(3),
                isolation: NetworkIsolation::Shared,
                compute: compute(2, 4, 20, 20),
            },
        ),
        (
            "business",
            "Business",
            PlanLimits {
                deployments: Some(5),
                members: Some(10),
                sub_organizations: Some(20),
                isolation: NetworkIsolation::Namespace,
                compute: compute(16, 64, 500, 200),
            },
        ),
        (
            "enterprise",
            "Enterprise",
            PlanLimits {
                deployments: None,
                members: None,
                sub_organizations: None,
                isolation: NetworkIsolation::Dedicated,
                compute: compute(128, 512, 5_000, 2_000),
            },
        ),
    ]
}

/// Whether one more may be had (PLAN-2); what exists beyond a limit stays (PLAN-3).
///
/// # Errors
/// [`Error::LimitExceeded`] with limit, use and plan.
pub fn admit_one_more(limit: &'static str, used: u64, allowed: Option<u64>, plan: &Plan) -> Result<()> {
    match allowed {
        Some(allowed) if used >= allowed => {
            Err(Error::LimitExceeded { limit, used, allowed, plan: plan.name.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Ids, SystemIds};

    /// PLAN-2, PLAN-3: at or beyond the limit nothing new; the answer names limit, use and plan.
    #[test]
    fn plan_2_plan_3_one_more() {
        let [(slug, name, limits), ..] = default_plans();
        let plan = Plan {
            id: PlanId::from_uuid(SystemIds.fresh()),
            realm: RealmId::PLATFORM,
            slug: slug.parse().unwrap(),
            name: name.parse().unwrap(),
            limits,
            is_default: true,
        };
        assert!(admit_one_more("members", 0, Some(1), &plan).is_ok());
        assert!(admit_one_more("members", 99, None, &plan).is_ok());
        for used in [1, 2] {
            let error = admit_one_more("members", used, Some(1), &plan).unwrap_err();
            assert_eq!(
                error,
                Error::LimitExceeded { limit: "members", used, allowed: 1, plan: "Free".into() }
            );
        }
    }
}
