//! Preconditions of a client organization (FLEET-4): all are checked together and reported by name, at each step and
//! again at commit.

use serde::{Deserialize, Serialize};

use crate::cluster::{Availability, Membership};
use crate::labels::NodePool;
use crate::licence::LicenceVerdict;
use crate::organization::{Kind, OrganizationState};
use crate::role::words;
use crate::user::Access;

/// One thing that must hold before a client organization is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precondition {
    /// The caller acts from an active work organization, not from a personal one.
    ActsFromWorkOrganization,
    /// The administrator exists and is active, or is created in place.
    AdministratorActive,
    /// The slug is free in the realm.
    SlugFree,
    /// The hub is a hub.
    HubIsHub,
    /// The spoke has asked to join that hub.
    SpokeJoinedToHub,
    /// The spoke was accepted.
    SpokeAccepted,
    /// The spoke answers.
    SpokeAvailable,
    /// The spoke has an active licence.
    SpokeLicensed,
    /// The spoke can bind pods to a node pool, when one is asked for.
    NodePoolSupported,
    /// The chosen gateway configuration is one of the spoke's, when one is asked for.
    GatewayAvailable,
}

impl Precondition {
    /// Every precondition, in the order of the steps.
    pub const ALL: &'static [Self] = &[
        Self::ActsFromWorkOrganization,
        Self::AdministratorActive,
        Self::SlugFree,
        Self::HubIsHub,
        Self::SpokeJoinedToHub,
        Self::SpokeAccepted,
        Self::SpokeAvailable,
        Self::SpokeLicensed,
        Self::NodePoolSupported,
        Self::GatewayAvailable,
    ];

    /// The name in text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActsFromWorkOrganization => "acts_from_work_organization",
            Self::AdministratorActive => "administrator_active",
            Self::SlugFree => "slug_free",
            Self::HubIsHub => "hub_is_hub",
            Self::SpokeJoinedToHub => "spoke_joined_to_hub",
            Self::SpokeAccepted => "spoke_accepted",
            Self::SpokeAvailable => "spoke_available",
            Self::SpokeLicensed => "spoke_licensed",
            Self::NodePoolSupported => "node_pool_supported",
            Self::GatewayAvailable => "gateway_available",
        }
    }

    /// Which step of the three asks for it: 1, 2 or 3.
    pub const fn step(self) -> u8 {
        match self {
            Self::ActsFromWorkOrganization | Self::AdministratorActive | Self::SlugFree => 1,
            Self::GatewayAvailable => 3,
            _ => 2,
        }
    }
}

words!(
    Precondition,
    "a precondition",
    Precondition::ActsFromWorkOrganization,
    Precondition::AdministratorActive,
    Precondition::SlugFree,
    Precondition::HubIsHub,
    Precondition::SpokeJoinedToHub,
    Precondition::SpokeAccepted,
    Precondition::SpokeAvailable,
    Precondition::SpokeLicensed,
    Precondition::NodePoolSupported,
    Precondition::GatewayAvailable
);

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds.
    Met,
    /// It does not hold.
    Failed,
    /// What it is about has not been chosen yet.
    NotChosen,
}

/// One precondition and how its check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreconditionResult {
    /// Which one.
    pub name: Precondition,
    /// How it ended.
    pub outcome: Outcome,
    /// What holds, or what is wrong and what to do, as a sentence.
    pub message: String,
}

impl PreconditionResult {
    /// Whether it does not hold.
    pub fn is_failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }
}

/// What is known of a chosen spoke.
#[derive(Debug, Clone)]
pub struct SpokeFacts {
    /// Its name.
    pub name: String,
    /// Whether it belongs to the chosen hub.
    pub of_chosen_hub: bool,
    /// How far its membership has come.
    pub membership: Membership,
    /// Whether it answers.
    pub availability: Availability,
    /// Its licence.
    pub licence: LicenceVerdict,
    /// Whether it has the admission policies that bind pods to nodes.
    pub node_pools: bool,
}

/// What was chosen, and what is known of it. The outer `Option` is "not chosen yet", the inner "does not exist".
#[derive(Debug, Clone)]
pub struct Facts {
    /// Kind and state of the organization that the caller acts from.
    pub acting: Option<Option<(Kind, OrganizationState)>>,
    /// Access of the chosen administrator, or that it will be created.
    pub administrator: Option<AdministratorFacts>,
    /// The slug and whether it is free.
    pub slug: Option<(String, bool)>,
    /// Whether the chosen hub exists.
    pub hub: Option<bool>,
    /// The chosen spoke.
    pub spoke: Option<Option<SpokeFacts>>,
    /// The chosen node pool; `Some(None)` is "none wanted".
    pub node_pool: Option<Option<NodePool>>,
    /// The gateway: shared, or whether the configuration is one of the spoke's.
    pub gateway: Option<GatewayFacts>,
}

/// What is known of the chosen administrator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdministratorFacts {
    /// There is no such account in the realm.
    Missing,
    /// There is; what it may be used for.
    Exists(Access),
    /// It will be created together with the organization.
    CreatedInPlace,
    /// It would be created, but the address is taken; whether by an active account (HIER-3).
    AddressTaken {
        /// Whether the holder is active.
        active: bool,
    },
}

/// What is known of the chosen gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayFacts {
    /// The shared one: always there.
    Shared,
    /// A configuration; whether it is one of the spoke's.
    Configuration {
        /// Whether it is there.
        available: bool,
    },
}

/// Checks everything at once (FLEET-4).
pub fn evaluate(facts: &Facts) -> Vec<PreconditionResult> {
    Precondition::ALL.iter().map(|&name| check(name, facts)).collect()
}

fn check(name: Precondition, facts: &Facts) -> PreconditionResult {
    let verdict = match name {
        Precondition::ActsFromWorkOrganization => facts.acting.map(acting),
        Precondition::AdministratorActive => facts.administrator.map(administrator),
        Precondition::SlugFree => facts.slug.as_ref().map(|(slug, free)| {
            require(
                *free,
                format!("`{slug}` is free."),
                format!("The slug `{slug}` is taken; choose another."),
            )
        }),
        Precondition::HubIsHub => facts.hub.map(|known| {
            require(
                known,
                "The hub is there.".into(),
                "The chosen hub is not a hub of this installation.".into(),
            )
        }),
        Precondition::NodePoolSupported => match (&facts.node_pool, &facts.spoke) {
            (Some(None), _) => Some(Ok("No node pool is asked for.".to_owned())),
            (Some(Some(_)), Some(Some(spoke))) => Some(require(
                spoke.node_pools,
                format!("`{}` can bind pods to nodes.", spoke.name),
                format!(
                    "`{}` lacks MutatingAdmissionPolicy (Kubernetes 1.36): leave the node pool empty or choose another spoke.",
                    spoke.name
                ),
            )),
            _ => None,
        },
        Precondition::GatewayAvailable => facts.gateway.map(gateway),
        _ => facts.spoke.as_ref().map(|found| spoke(name, found.as_ref())),
    };
    let (outcome, message) = match verdict {
        None => (Outcome::NotChosen, "Not chosen yet.".to_owned()),
        Some(Ok(message)) => (Outcome::Met, message),
        Some(Err(message)) => (Outcome::Failed, message),
    };
    PreconditionResult { name, outcome, message }
}

type Verdict = Result<String, String>;

fn require(holds: bool, yes: String, no: String) -> Verdict {
    if holds { Ok(yes) } else { Err(no) }
}

fn acting(from: Option<(Kind, OrganizationState)>) -> Verdict {
    match from {
        None => Err("The organization you act from does not exist.".into()),
        Some((Kind::Personal, _)) => {
            Err("Personal organizations cannot create client organizations; act from a work organization."
                .into())
        }
        Some((Kind::Work, OrganizationState::Active)) => Ok("You act from a work organization.".into()),
        Some((Kind::Work, state)) => {
            Err(format!("The organization you act from is {state}; act from an active one."))
        }
    }
}

fn administrator(found: AdministratorFacts) -> Verdict {
    match found {
        AdministratorFacts::Missing => {
            Err("There is no account with that address; create it together with the organization.".into())
        }
        AdministratorFacts::Exists(Access::Disabled) => {
            Err("The administrator's account is deactivated; restore it or choose another.".into())
        }
        AdministratorFacts::Exists(_) => Ok("The administrator's account is active.".into()),
        AdministratorFacts::CreatedInPlace => Ok("The administrator's account will be created.".into()),
        AdministratorFacts::AddressTaken { active } => Err(format!(
            "The address already belongs to {} account; choose that account instead of creating one.",
            if active { "an active" } else { "a deactivated" }
        )),
    }
}

fn gateway(found: GatewayFacts) -> Verdict {
    match found {
        GatewayFacts::Shared => Ok("The shared gateway is used.".into()),
        GatewayFacts::Configuration { available: true } => Ok("The gateway configuration is there.".into()),
        GatewayFacts::Configuration { available: false } => Err(
            "The gateway configuration is none of this spoke's; choose one of them or the shared gateway."
                .into(),
        ),
    }
}

fn spoke(name: Precondition, found: Option<&SpokeFacts>) -> Verdict {
    let Some(spoke) = found else { return Err("The chosen spoke does not exist.".into()) };
    let called = &spoke.name;
    match name {
        Precondition::SpokeJoinedToHub => require(
            spoke.of_chosen_hub,
            format!("`{called}` belongs to the hub."),
            format!("`{called}` belongs to another hub; choose that hub or another spoke."),
        ),
        Precondition::SpokeAccepted => require(
            spoke.membership == Membership::Joined,
            format!("`{called}` is accepted."),
            format!("`{called}` is {}: its hub's administrator has to accept it.", spoke.membership),
        ),
        Precondition::SpokeAvailable => require(
            spoke.availability == Availability::Available,
            format!("`{called}` is available."),
            format!("`{called}` is {}: look at its agent, then try again.", spoke.availability),
        ),
        _ => require(
            spoke.licence.state.permits_placement(),
            format!("`{called}` is licensed."),
            format!("`{called}` has no active licence ({}): {}", spoke.licence.state, spoke.licence.reason),
        ),
    }
}
