//! How far a transaction of the store reaches: the second lock under HIER-2. What a caller may do is decided by the policy;
//! the bounds follow from it, and where the database holds them, a statement that forgets its condition still finds
//! nothing of anybody else's.

use std::collections::BTreeSet;

use bastide_model::access::Caller;
use bastide_model::{OrganizationId, RealmId, UserId};

use crate::action::Action;
use crate::graph::Graph;
use crate::permit::{Actor, Permit};
use crate::visible::{Scope, Visible};

/// Organizations that are named one by one; more of them are bounded by their realm, because every statement reads the
/// names anew.
const NAMED_MAX: usize = 200;

/// How far a transaction reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bounds {
    /// Everything there is.
    Everything,
    /// What belongs to a realm.
    Realm(RealmId),
    /// What belongs to these organizations of a realm, and what belongs to the realm alone: its accounts, its plans.
    Organizations(RealmId, BTreeSet<OrganizationId>),
    /// Nothing of anybody.
    Nothing,
}

impl Bounds {
    /// What either reaches.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, one) | (one, Self::Nothing) => one,
            (Self::Organizations(realm, mut ids), Self::Organizations(of, others)) if realm == of => {
                ids.extend(others);
                Self::named(realm, ids)
            }
            (
                Self::Realm(realm) | Self::Organizations(realm, _),
                Self::Realm(of) | Self::Organizations(of, _),
            ) if realm == of => Self::Realm(realm),
            _ => Self::Everything,
        }
    }

    fn named(realm: RealmId, ids: BTreeSet<OrganizationId>) -> Self {
        if ids.len() > NAMED_MAX { Self::Realm(realm) } else { Self::Organizations(realm, ids) }
    }
}

/// What says how far a transaction reaches.
pub trait Bounded {
    /// How far that is.
    fn bounds(&self, graph: &Graph) -> Bounds;
}

/// Why a transaction is bounded by nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbounded {
    /// Who asks is not known yet: authentication, sign-in, set-up, requests to join.
    Door,
    /// The installation acts by itself: start, change feed, controllers, sweeps, metrics.
    Itself,
    /// A cluster carries organizations of several realms.
    Agent,
}

impl Bounded for Unbounded {
    fn bounds(&self, _: &Graph) -> Bounds {
        Bounds::Everything
    }
}

/// Everything that the caller could reach at most: for what is looked up before there is a permit, and for what belongs to
/// the caller's realm.
impl Bounded for Caller {
    fn bounds(&self, graph: &Graph) -> Bounds {
        person(graph, self.user, self.realm, None)
    }
}

/// The organization that the permit is for, with those above it, whose roles and members reach down to it. Who administers
/// a realm is bounded by it, who administers the site by nothing.
impl<A: Action> Bounded for Permit<A> {
    fn bounds(&self, graph: &Graph) -> Bounds {
        match self.actor() {
            Actor::Controller(_) | Actor::Agent(_) => Bounds::Everything,
            Actor::Caller(caller) => person(graph, caller.user, caller.realm, self.organization()),
        }
    }
}

impl Bounded for Visible<OrganizationId> {
    fn bounds(&self, graph: &Graph) -> Bounds {
        match self.scope() {
            Scope::All => Bounds::Everything,
            Scope::Realm(realm) => Bounds::Realm(*realm),
            Scope::These(ids) => {
                let realm = ids.iter().find_map(|id| graph.realm_of_organization(*id));
                match realm {
                    None => Bounds::Nothing,
                    Some(realm) if ids.len() > NAMED_MAX => Bounds::Realm(realm),
                    Some(realm) => Bounds::Organizations(realm, ids.iter().copied().collect()),
                }
            }
        }
    }
}

/// What either says.
impl<One: Bounded, Other: Bounded> Bounded for (&One, &Other) {
    fn bounds(&self, graph: &Graph) -> Bounds {
        self.0.bounds(graph).and(self.1.bounds(graph))
    }
}

/// A permit for something on which the whole tree has a say: what lies where is read anew in the transaction, and an
/// organization that the bounds hide would be missing in it.
#[derive(Debug)]
pub struct WholeTree<'a, A: Action>(pub &'a Permit<A>);

impl<A: Action> Bounded for WholeTree<'_, A> {
    fn bounds(&self, graph: &Graph) -> Bounds {
        match self.0.bounds(graph) {
            Bounds::Organizations(realm, _) => Bounds::Realm(realm),
            bounds => bounds,
        }
    }
}

fn person(graph: &Graph, user: UserId, realm: RealmId, organization: Option<OrganizationId>) -> Bounds {
    let Some(node) = graph.users.get(&user) else { return Bounds::Nothing };
    match organization {
        _ if node.administers_site() => Bounds::Everything,
        Some(id) if !node.administers_client(realm) => {
            let mut ids: BTreeSet<_> = graph.lineage(id).collect();
            ids.insert(id);
            Bounds::named(realm, ids)
        }
        _ => Bounds::Realm(realm),
    }
}
