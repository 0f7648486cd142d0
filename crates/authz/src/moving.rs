//! What a move of an organization does to who may do what, before it happens (HIER-4). It does not know whether the move is
//! allowed or possible.

use std::collections::{BTreeMap, BTreeSet};

use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::Role;
use bastide_model::user::Access;
use bastide_model::{OrganizationId, Result, Timestamp, UserId};

use crate::graph::{Graph, UserNode};
use crate::target::Object;

/// A move that is thought through: the part of the graph that it touches, as it is and as it would be.
#[derive(Debug, Clone)]
pub struct Moving {
    before: Graph,
    after: Graph,
    /// What moves: an organization with everything beneath it.
    subtree: BTreeSet<OrganizationId>,
    now: Timestamp,
}

/// What becomes otherwise for one person, at the organizations where it is the same change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// Whose rights.
    pub user: UserId,
    /// What they are before.
    pub before: Standing,
    /// What they are afterwards.
    pub after: Standing,
    /// Where; each of them moves.
    pub organizations: Vec<OrganizationId>,
    /// Where everything was given to the person that plays a part in it. Who may not see that may not be told of it.
    pub given_at: BTreeSet<OrganizationId>,
}

/// What somebody is and may do at an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The role, for people.
    pub role: Option<&'static str>,
    /// The permissions, those on its billing included.
    pub permissions: PermissionSet,
}

impl Shift {
    /// What the person may do only afterwards.
    pub fn gained(&self) -> PermissionSet {
        self.after.permissions.without(self.before.permissions)
    }

    /// What the person may do only before.
    pub fn lost(&self) -> PermissionSet {
        self.before.permissions.without(self.after.permissions)
    }
}

impl Graph {
    /// Thinks a move of an organization through, for everybody or for one person. Copies only what the move touches, so
    /// that the rest can be done when the graph is let go of.
    pub fn moving(
        &self,
        organization: OrganizationId,
        to: Option<OrganizationId>,
        who: Option<UserId>,
        now: Timestamp,
    ) -> Moving {
        let subtree: BTreeSet<_> = self.subtree(organization).into_iter().collect();
        let above: BTreeSet<_> = self.lineage(organization).skip(1).collect();
        let above_then: BTreeSet<_> = to.into_iter().flat_map(|to| self.lineage(to)).collect();
        let differing: BTreeSet<_> = above.symmetric_difference(&above_then).copied().collect();
        let touched = |id: &UserId, node: &UserNode| {
            who.is_none_or(|who| who == *id)
                && node.access != Access::Disabled
                && node.assignments.iter().any(|grant| {
                    // A custom role is good beneath the organization that defined it only (ROLE-6).
                    let defined_at = match grant.role {
                        Role::Custom(role) => self.organization_of_role(role),
                        _ => None,
                    };
                    [Some(grant.organization), defined_at]
                        .into_iter()
                        .flatten()
                        .any(|at| differing.contains(&at))
                })
        };
        let around = |id: &OrganizationId| [&subtree, &above, &above_then].iter().any(|set| set.contains(id));
        let before = self.part(around, touched);
        let mut after = before.clone();
        if let Some(realm) = self.realm_of_organization(organization) {
            after.put_organization(organization, realm, to);
        }
        Moving { before, after, subtree, now }
    }

    /// Whether the caller administers the realm of an organization, by the site or as a client.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn administers_realm(&self, caller: &Caller, organization: OrganizationId) -> Result<bool> {
        let node = self.usable(caller)?;
        let realm = self.realm_of_organization(organization);
        Ok(node.administers_site() || realm.is_some_and(|realm| node.administers_client(realm)))
    }

    /// What a move would give to somebody or take from them that the caller does not hold there (ROLE-7, E-20): a tree goes
    /// from one owner to another by who could give all that an owner has.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn lacks_to_move(
        &self,
        caller: &Caller,
        changed: &BTreeMap<OrganizationId, PermissionSet>,
        now: Timestamp,
    ) -> Result<PermissionSet> {
        let node = self.usable(caller)?;
        let lacks = changed.iter().map(|(at, changed)| {
            let held = self.standing(caller.user, node, *at, now).permissions;
            changed.without(held.intersection(caller.ceiling))
        });
        Ok(lacks.fold(PermissionSet::EMPTY, PermissionSet::union))
    }

    fn standing(&self, user: UserId, node: &UserNode, at: OrganizationId, now: Timestamp) -> Standing {
        let mut permissions = PermissionSet::EMPTY;
        // Billing is an axis of its own, on which an owner from above is, too (ROLE-1, ROLE-2).
        for object in [Object::Organization(at), Object::Billing(at)] {
            self.each_grant(user, node, object, now, &mut |_, given| permissions = permissions.union(given));
        }
        Standing { role: self.role_at(user, at, now), permissions }
    }
}

impl Moving {
    /// How many organizations move.
    pub fn organizations(&self) -> usize {
        self.subtree.len()
    }

    /// Each of them.
    pub fn each(&self) -> impl Iterator<Item = OrganizationId> + '_ {
        self.subtree.iter().copied()
    }

    /// Whether an organization is among those that move.
    pub fn takes_along(&self, id: OrganizationId) -> bool {
        self.subtree.contains(&id)
    }

    /// Who gains and who loses what (HIER-4), by person. Computed by the policy that decides.
    pub fn shifts(&self) -> Vec<Shift> {
        let mut people: Vec<_> = self.before.users.iter().collect();
        people.sort_by_key(|(user, _)| **user);
        people.into_iter().flat_map(|(user, node)| self.shifts_of(*user, node)).collect()
    }

    /// What changes for anybody, by organization.
    pub fn changed(&self) -> BTreeMap<OrganizationId, PermissionSet> {
        let mut changed = BTreeMap::new();
        for shift in self.shifts() {
            let difference = shift.gained().union(shift.lost());
            for at in &shift.organizations {
                let known: &mut PermissionSet = changed.entry(*at).or_insert(PermissionSet::EMPTY);
                *known = known.union(difference);
            }
        }
        changed
    }

    fn shifts_of(&self, user: UserId, node: &UserNode) -> Vec<Shift> {
        let mut shifts: Vec<Shift> = Vec::new();
        for at in &self.subtree {
            let before = self.before.standing(user, node, *at, self.now);
            let after = self.after.standing(user, node, *at, self.now);
            if before.permissions == after.permissions {
                continue;
            }
            match shifts.iter_mut().find(|known| known.before == before && known.after == after) {
                Some(known) => known.organizations.push(*at),
                None => shifts.push(Shift {
                    user,
                    before,
                    after,
                    organizations: vec![*at],
                    given_at: self.given_at(node),
                }),
            }
        }
        shifts
    }

    fn given_at(&self, node: &UserNode) -> BTreeSet<OrganizationId> {
        let in_force = node.assignments.iter().filter(|grant| grant.in_force(self.now));
        in_force
            .map(|grant| grant.organization)
            .filter(|id| self.before.organizations.contains_key(id))
            .collect()
    }
}
