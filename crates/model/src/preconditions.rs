//! Preconditions of a client organization and of its further placements (FLEET-4, FLEET-6): all are checked together and
//! reported by name, at each step and again at commit.

use serde::{Deserialize, Serialize};

use crate::cluster::{Availability, Membership};
use crate::labels::NodePool;
use crate::licence::LicenceVerdict;
use crate::organization::{Kind, OrganizationState};
use crate::role::words;
use crate::user::Access;

/// One thing that must hold before a client organization is created, or placed on another cluster.
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
    /// The spoke has the admission policies without which nothing confines an organization.
    ConfinementSupported,
    /// The spoke can bind pods to a node pool, when one is asked for.
    NodePoolSupported,
    /// The chosen gateway configuration is one of the spoke's, when one is asked for.
    GatewayAvailable,
    /// The organization is an active work organization; of a further placement only.
    OrganizationActive,
    /// The organization is not on that spoke already; of a further placement only.
    NotPlacedThere,
}

impl Precondition {
    /// Every precondition of a new client organization, in the order of the steps.
    pub const ALL: &'static [Self] = &[
        Self::ActsFromWorkOrganization,
        Self::AdministratorActive,
        Self::SlugFree,
        Self::HubIsHub,
        Self::SpokeJoinedToHub,
        Self::SpokeAccepted,
        Self::SpokeAvailable,
        Self::SpokeLicensed,
        Self::ConfinementSupported,
        Self::NodePoolSupported,
        Self::GatewayAvailable,
    ];

    /// Every precondition of another placement of an organization that is there already.
    pub const PLACEMENT: &'static [Self] = &[
        Self::OrganizationActive,
        Self::HubIsHub,
        Self::SpokeJoinedToHub,
        Self::SpokeAccepted,
        Self::SpokeAvailable,
        Self::SpokeLicensed,
        Self::ConfinementSupported,
        Self::NotPlacedThere,
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
            Self::ConfinementSupported => "confinement_supported",
            Self::NodePoolSupported => "node_pool_supported",
            Self::GatewayAvailable => "gateway_available",
            Self::OrganizationActive => "organization_active",
            Self::NotPlacedThere => "not_placed_there",
        }
    }

    /// Which step of the three asks for it: 1, 2 or 3.
    pub const fn step(self) -> u8 {
        match self {
            Self::ActsFromWorkOrganization
            | Self::AdministratorActive
            | Self::SlugFree
            | Self::OrganizationActive => 1,
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
    Precondition::ConfinementSupported,
    Precondition::NodePoolSupported,
    Precondition::GatewayAvailable,
    Precondition::OrganizationActive,
    Precondition::NotPlacedThere
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
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
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
    /// Whether it is being cleaned to be unregistered, and takes nothing new.
    pub cleaning: bool,
    /// Whether it has the admission policies that confine organizations.
    pub confinement: bool,
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
    /// The organization that gets another placement.
    pub placed: Option<PlacedFacts>,
}

/// What is known of an organization that gets another placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlacedFacts {
    /// What it is for.
    pub kind: Kind,
    /// Where it is in its life.
    pub state: OrganizationState,
    /// Whether it is on the chosen spoke; `Some(true)` when it is leaving it.
    pub there: Option<bool>,
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

/// Checks everything that another placement needs at once (FLEET-6).
pub fn evaluate_placement(facts: &Facts) -> Vec<PreconditionResult> {
    Precondition::PLACEMENT.iter().map(|&name| check(name, facts)).collect()
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
        Precondition::OrganizationActive => facts.placed.map(organization),
        Precondition::NotPlacedThere => facts.placed.map(|placed| not_there(placed.there)),
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

fn organization(placed: PlacedFacts) -> Verdict {
    match (placed.kind, placed.state) {
        (Kind::Personal, _) => {
            Err("Personal organizations are not placed on clusters; place a work organization.".into())
        }
        (Kind::Work, OrganizationState::Active) => Ok("The organization is active.".into()),
        (Kind::Work, state) => Err(format!("The organization is {state}; nothing new is made for it.")),
    }
}

fn not_there(there: Option<bool>) -> Verdict {
    match there {
        None => Ok("The organization is not on it yet.".into()),
        Some(false) => Err("The organization is on that spoke already; choose another.".into()),
        Some(true) => {
            Err("The organization is just leaving that spoke; wait until it is gone, or choose another."
                .into())
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
        Precondition::SpokeAccepted if spoke.cleaning => {
            Err(format!("`{called}` is being cleaned to be unregistered; choose another spoke."))
        }
        Precondition::SpokeAccepted => require(
            spoke.membership == Membership::Joined,
            format!("`{called}` is accepted."),
            format!("`{called}` is {}: its hub's administrator has to accept it.", spoke.membership),
        ),
        Precondition::ConfinementSupported => require(
            spoke.confinement,
            format!("`{called}` can confine organizations."),
            format!(
                "`{called}` lacks ValidatingAdmissionPolicy (Kubernetes 1.30), or its agent has not said that it is there: nothing would confine the organization. Upgrade the cluster or choose another spoke."
            ),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::NodePoolParts;
    use crate::licence::LicenceState;

    fn spoke(change: impl FnOnce(&mut SpokeFacts)) -> SpokeFacts {
        let mut facts = SpokeFacts {
            name: "eu-1".into(),
            of_chosen_hub: true,
            membership: Membership::Joined,
            availability: Availability::Available,
            licence: LicenceVerdict {
                state: LicenceState::Active,
                reason: "It is valid until tomorrow.".into(),
                expected_uid: "u".into(),
                found_uids: vec!["u".into()],
            },
            cleaning: false,
            confinement: true,
            node_pools: true,
        };
        change(&mut facts);
        facts
    }

    fn pool() -> NodePool {
        let labels = [("pool".to_owned(), "gold".to_owned())].into();
        NodePoolParts { labels, tolerations: Vec::new() }.try_into().unwrap()
    }

    /// Everything is chosen and holds, but for a change.
    fn facts(change: impl FnOnce(&mut Facts)) -> Facts {
        let mut facts = Facts {
            acting: Some(Some((Kind::Work, OrganizationState::Active))),
            administrator: Some(AdministratorFacts::Exists(Access::Enabled)),
            slug: Some(("acme".into(), true)),
            hub: Some(true),
            spoke: Some(Some(spoke(|_| ()))),
            node_pool: Some(None),
            gateway: Some(GatewayFacts::Shared),
            placed: None,
        };
        change(&mut facts);
        facts
    }

    /// Everything is chosen and holds, but for a change of the spoke.
    fn of_spoke(change: impl FnOnce(&mut SpokeFacts)) -> Facts {
        facts(|facts| facts.spoke = Some(Some(spoke(change))))
    }

    /// What does not hold, by name.
    fn failed(facts: &Facts) -> Vec<(Precondition, String)> {
        let results = evaluate(facts);
        assert_eq!(results.iter().map(|one| one.name).collect::<Vec<_>>(), Precondition::ALL);
        results.into_iter().filter(PreconditionResult::is_failed).map(|one| (one.name, one.message)).collect()
    }

    /// Each fails in its one way, with its message; all others hold meanwhile.
    fn fails(failures: impl IntoIterator<Item = (Facts, Precondition, String)>) {
        for (facts, name, message) in failures {
            assert_eq!(failed(&facts), [(name, message)]);
        }
    }

    /// FLEET-4: every way in which what does not concern a spoke can fail.
    #[test]
    fn fleet_4_each_failure_has_its_name_and_message() {
        use AdministratorFacts as A;
        use OrganizationState as S;
        use Precondition as P;
        let acting = |kind, state| facts(|facts| facts.acting = Some(Some((kind, state))));
        let administrator = |found| facts(|facts| facts.administrator = Some(found));
        let no_account = "There is no account with that address; create it together with the organization.";
        let not_there = "The organization you act from does not exist.";
        let personal =
            "Personal organizations cannot create client organizations; act from a work organization.";
        let not_active = |state| format!("The organization you act from is {state}; act from an active one.");
        let holder = |kind| {
            format!(
                "The address already belongs to {kind} account; choose that account instead of creating one."
            )
        };
        let acts = P::ActsFromWorkOrganization;
        fails([
            (facts(|facts| facts.acting = Some(None)), acts, not_there.to_owned()),
            (acting(Kind::Personal, S::Active), acts, personal.to_owned()),
            (acting(Kind::Personal, S::Deleting), acts, personal.to_owned()),
            (acting(Kind::Work, S::Deleting), acts, not_active("deleting")),
            (acting(Kind::Work, S::PartiallyDeleted), acts, not_active("partially_deleted")),
            (acting(Kind::Work, S::Deleted), acts, not_active("deleted")),
            (administrator(A::Missing), P::AdministratorActive, no_account.to_owned()),
            (
                administrator(A::Exists(Access::Disabled)),
                P::AdministratorActive,
                "The administrator's account is deactivated; restore it or choose another.".to_owned(),
            ),
            (administrator(A::AddressTaken { active: true }), P::AdministratorActive, holder("an active")),
            (
                administrator(A::AddressTaken { active: false }),
                P::AdministratorActive,
                holder("a deactivated"),
            ),
            (
                facts(|facts| facts.slug = Some(("acme".into(), false))),
                P::SlugFree,
                "The slug `acme` is taken; choose another.".to_owned(),
            ),
            (
                facts(|facts| facts.hub = Some(false)),
                P::HubIsHub,
                "The chosen hub is not a hub of this installation.".to_owned(),
            ),
        ]);
    }

    /// FLEET-4: every way in which the spoke, and what is chosen of it, can fail.
    #[test]
    fn fleet_4_each_failure_of_a_spoke_has_its_name_and_message() {
        use Precondition as P;
        let not_accepted = |state| format!("`eu-1` is {state}: its hub's administrator has to accept it.");
        let silent = |state| format!("`eu-1` is {state}: look at its agent, then try again.");
        let member = |membership| of_spoke(|spoke| spoke.membership = membership);
        let answers = |answers| of_spoke(|spoke| spoke.availability = answers);
        fails([
            (
                of_spoke(|spoke| spoke.of_chosen_hub = false),
                P::SpokeJoinedToHub,
                "`eu-1` belongs to another hub; choose that hub or another spoke.".to_owned(),
            ),
            (member(Membership::Requested), P::SpokeAccepted, not_accepted("requested")),
            (member(Membership::Denied), P::SpokeAccepted, not_accepted("denied")),
            (member(Membership::Withdrawn), P::SpokeAccepted, not_accepted("withdrawn")),
            (answers(Availability::Unknown), P::SpokeAvailable, silent("unknown")),
            (answers(Availability::Unavailable), P::SpokeAvailable, silent("unavailable")),
            (
                facts(|facts| {
                    facts.node_pool = Some(Some(pool()));
                    facts.spoke = Some(Some(spoke(|spoke| spoke.node_pools = false)));
                }),
                P::NodePoolSupported,
                "`eu-1` lacks MutatingAdmissionPolicy (Kubernetes 1.36): leave the node pool empty or choose another spoke."
                    .to_owned(),
            ),
            (
                of_spoke(|spoke| spoke.cleaning = true),
                P::SpokeAccepted,
                "`eu-1` is being cleaned to be unregistered; choose another spoke.".to_owned(),
            ),
            (
                of_spoke(|spoke| spoke.confinement = false),
                P::ConfinementSupported,
                "`eu-1` lacks ValidatingAdmissionPolicy (Kubernetes 1.30), or its agent has not said that it is there: nothing would confine the organization. Upgrade the cluster or choose another spoke."
                    .to_owned(),
            ),
            (
                facts(|facts| facts.gateway = Some(GatewayFacts::Configuration { available: false })),
                P::GatewayAvailable,
                "The gateway configuration is none of this spoke's; choose one of them or the shared gateway."
                    .to_owned(),
            ),
        ]);
    }

    /// FLEET-3, FLEET-4: only a licence that holds is enough, and the message says why another does not.
    #[test]
    fn fleet_4_licences_that_do_not_hold() {
        for state in [
            LicenceState::None,
            LicenceState::Unknown,
            LicenceState::Expired,
            LicenceState::Invalid,
            LicenceState::Active,
            LicenceState::Expiring,
        ] {
            let found = failed(&of_spoke(|spoke| {
                spoke.licence.state = state;
                spoke.licence.reason = "Why.".into();
            }));
            let message = format!("`eu-1` has no active licence ({state}): Why.");
            let holds = state.permits_placement();
            assert_eq!(found, if holds { vec![] } else { vec![(Precondition::SpokeLicensed, message)] });
        }
    }

    /// FLEET-4: what holds, in words.
    #[test]
    fn fleet_4_what_holds() {
        let chosen = facts(|facts| {
            facts.node_pool = Some(Some(pool()));
            facts.gateway = Some(GatewayFacts::Configuration { available: true });
        });
        let messages: Vec<_> = evaluate(&chosen).into_iter().map(|one| one.message).collect();
        assert_eq!(
            messages,
            [
                "You act from a work organization.",
                "The administrator's account is active.",
                "`acme` is free.",
                "The hub is there.",
                "`eu-1` belongs to the hub.",
                "`eu-1` is accepted.",
                "`eu-1` is available.",
                "`eu-1` is licensed.",
                "`eu-1` can confine organizations.",
                "`eu-1` can bind pods to nodes.",
                "The gateway configuration is there.",
            ]
        );
        let others = facts(|facts| facts.administrator = Some(AdministratorFacts::CreatedInPlace));
        let messages: Vec<_> = evaluate(&others).into_iter().map(|one| one.message).collect();
        assert_eq!(messages.get(1).map(String::as_str), Some("The administrator's account will be created."));
        assert_eq!(messages.get(9).map(String::as_str), Some("No node pool is asked for."));
        assert_eq!(messages.get(10).map(String::as_str), Some("The shared gateway is used."));
        // An account that may not use the console owns an organization as well as any other.
        assert_eq!(
            failed(&facts(|facts| {
                facts.administrator = Some(AdministratorFacts::Exists(Access::NoConsole));
            })),
            []
        );
    }

    /// FLEET-4: checked together: nothing hides behind something else that does not hold.
    #[test]
    fn fleet_4_all_failures_are_told_at_once() {
        let worst = Facts {
            acting: Some(None),
            administrator: Some(AdministratorFacts::Missing),
            slug: Some(("acme".into(), false)),
            hub: Some(false),
            spoke: Some(Some(spoke(|spoke| {
                spoke.of_chosen_hub = false;
                spoke.membership = Membership::Requested;
                spoke.availability = Availability::Unknown;
                spoke.licence.state = LicenceState::None;
                spoke.confinement = false;
                spoke.node_pools = false;
            }))),
            node_pool: Some(Some(pool())),
            gateway: Some(GatewayFacts::Configuration { available: false }),
            placed: None,
        };
        let names: Vec<_> = failed(&worst).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, Precondition::ALL);
        // Of a spoke that does not exist everything is said that was to be known of it.
        let unknown = failed(&facts(|facts| facts.spoke = Some(None)));
        assert_eq!(unknown.len(), 5);
        assert!(unknown.iter().all(|(_, message)| message == "The chosen spoke does not exist."));
    }

    /// FLEET-4: what was not chosen yet neither holds nor fails.
    #[test]
    fn fleet_4_what_was_not_chosen_is_told_as_such() {
        let nothing = Facts {
            acting: None,
            administrator: None,
            slug: None,
            hub: None,
            spoke: None,
            node_pool: None,
            gateway: None,
            placed: None,
        };
        for one in evaluate(&nothing).into_iter().chain(evaluate_placement(&nothing)) {
            assert_eq!((one.outcome, one.message.as_str()), (Outcome::NotChosen, "Not chosen yet."));
        }
        // Whether pods can be bound to nodes is known once there is a spoke to ask.
        let early = facts(|facts| (facts.spoke, facts.node_pool) = (None, Some(Some(pool()))));
        let outcomes: Vec<_> = evaluate(&early).into_iter().map(|one| (one.name, one.outcome)).collect();
        assert!(outcomes.contains(&(Precondition::NodePoolSupported, Outcome::NotChosen)));
        assert!(outcomes.contains(&(Precondition::SpokeLicensed, Outcome::NotChosen)));
    }

    #[test]
    fn every_step_asks_for_something_and_names_are_read_back() {
        let steps: Vec<_> = Precondition::ALL.iter().map(|one| one.step()).collect();
        assert_eq!(steps, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3]);
        let steps: Vec<_> = Precondition::PLACEMENT.iter().map(|one| one.step()).collect();
        assert_eq!(steps, [1, 2, 2, 2, 2, 2, 2, 2, 2, 3]);
        for one in Precondition::ALL.iter().chain(Precondition::PLACEMENT) {
            assert_eq!(one.as_str().parse(), Ok(*one));
        }
    }

    /// FLEET-6: another placement needs what the first one needed of the spoke, by the same names, an active work
    /// organization, and a spoke where it is not yet.
    #[test]
    fn fleet_6_another_placement_needs_the_same_of_the_spoke() {
        use OrganizationState as S;
        let placed = |kind, state, there| PlacedFacts { kind, state, there };
        let failed = |change: &dyn Fn(&mut Facts)| {
            let facts = facts(|facts| {
                (facts.acting, facts.administrator, facts.slug) = (None, None, None);
                facts.placed = Some(placed(Kind::Work, S::Active, None));
                change(facts);
            });
            let failed = evaluate_placement(&facts).into_iter().filter(PreconditionResult::is_failed);
            failed.map(|one| (one.name.as_str(), one.message)).collect::<Vec<_>>()
        };
        assert_eq!(failed(&|_| ()), []);
        let told = |name, message: &str| vec![(name, message.to_owned())];
        assert_eq!(
            failed(&|facts| facts.placed = Some(placed(Kind::Personal, S::Active, None))),
            told(
                "organization_active",
                "Personal organizations are not placed on clusters; place a work organization."
            )
        );
        assert_eq!(
            failed(&|facts| facts.placed = Some(placed(Kind::Work, S::Deleting, None))),
            told("organization_active", "The organization is deleting; nothing new is made for it.")
        );
        assert_eq!(
            failed(&|facts| facts.placed = Some(placed(Kind::Work, S::Active, Some(false)))),
            told("not_placed_there", "The organization is on that spoke already; choose another.")
        );
        assert_eq!(
            failed(&|facts| facts.placed = Some(placed(Kind::Work, S::Active, Some(true)))),
            told(
                "not_placed_there",
                "The organization is just leaving that spoke; wait until it is gone, or choose another."
            )
        );
        let of_spoke = |change: fn(&mut SpokeFacts)| failed(&|facts| facts.spoke = Some(Some(spoke(change))));
        let names = |failed: Vec<(&'static str, String)>| {
            failed.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(of_spoke(|spoke| spoke.licence.state = LicenceState::Expired)), ["spoke_licensed"]);
        assert_eq!(names(of_spoke(|spoke| spoke.availability = Availability::Unknown)), ["spoke_available"]);
        assert_eq!(names(of_spoke(|spoke| spoke.confinement = false)), ["confinement_supported"]);
    }
}
