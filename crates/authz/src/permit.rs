//! The proof that a check was made.

use std::marker::PhantomData;

use bastide_model::access::Caller;
use bastide_model::{ClusterId, OrganizationId, RealmId};

use crate::action::Action;

/// A part of the installation that acts by itself. What each may do is one line in the policy; none may do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Controller {
    /// Lets people and clusters in: set-up, sign-in, requests to join.
    Door,
    /// Turns placements into desired sets, and ends deletions.
    Placement,
}

impl Controller {
    /// Every controller.
    pub const ALL: &'static [Self] = &[Self::Door, Self::Placement];

    /// Its name in the audit log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Door => "door",
            Self::Placement => "placement controller",
        }
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person or a program with a person's token.
    Caller(Box<Caller>),
    /// The installation itself.
    Controller(Controller),
    /// The agent of a cluster, for that cluster.
    Agent(ClusterId),
}

/// The proof that an actor may do `A` to one target. Made by [`crate::Graph`] only; cannot be copied or kept in storage.
#[derive(Debug)]
pub struct Permit<A: Action> {
    actor: Actor,
    target: A::Target,
    realm: RealmId,
    organization: Option<OrganizationId>,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Permit<A> {
    pub(crate) fn new(actor: Actor, target: A::Target, place: (RealmId, Option<OrganizationId>)) -> Self {
        Self { actor, target, realm: place.0, organization: place.1, action: PhantomData }
    }

    /// What the action may be done to: the only thing that it may be done to.
    pub fn target(&self) -> A::Target {
        self.target
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The caller, when a person acts.
    pub fn caller(&self) -> Option<&Caller> {
        match &self.actor {
            Actor::Caller(caller) => Some(caller),
            Actor::Controller(_) | Actor::Agent(_) => None,
        }
    }

    /// The realm that the target lies in.
    pub fn realm(&self) -> RealmId {
        self.realm
    }

    /// The organization whose audit log the action belongs to.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.organization
    }

    /// Name of the action, for the audit log.
    pub fn operation(&self) -> &'static str {
        A::OPERATION
    }
}
