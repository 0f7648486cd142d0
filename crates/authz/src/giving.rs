//! What somebody has to hold to give a role to others (ROLE-7).

use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{MEMBER, Reach, Role};
use bastide_model::{OrganizationId, Result, RoleId, Timestamp, UserId};

use crate::explain::Source;
use crate::graph::Graph;
use crate::policy::FROM_ABOVE;

impl Graph {
    /// What of a role the caller does not hold where they would give it, change it or take it away (ROLE-7). Empty when they
    /// may: nobody grants what they do not hold, and who is given less does not take away more (E-19, E-20). What a role
    /// gives on billing is not looked at: that is a permission of its own. `until` is when the grant would end, or now for
    /// what is taken away: what the caller holds for a shorter time does not count, so that nobody outlasts their own
    /// end through others (ROLE-9).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn lacks_to_grant(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        (role, reach): (Role, Reach),
        (until, now): (Option<Timestamp>, Timestamp),
    ) -> Result<PermissionSet> {
        // Wherever it was defined: a grant that gives nothing just now may give it all after a move (ROLE-6). With it comes
        // seeing the organization, which a token may leave out.
        let given = match role {
            Role::Custom(id) => {
                self.roles.get(&id).map_or(PermissionSet::EMPTY, |node| node.permissions.union(MEMBER))
            }
            built_in => built_in.permissions(),
        };
        let mut held = self.held_to_give(caller, organization, reach, (until, now))?;
        if role != Role::Administrator || reach == Reach::Here {
            return Ok(given.without(held));
        }
        // An administrator from above may delete what lies beneath (ORG-8): so may whoever gives that.
        let node = self.usable(caller)?;
        self.within(node, organization, now, &mut |source, _| {
            if let Source::Assignment {
                role: Role::Owner | Role::Administrator,
                reach: Reach::Beneath,
                expires_at,
                ..
            } = source
                && lasts(expires_at, until)
            {
                held = held.union(FROM_ABOVE.intersection(caller.ceiling));
            }
        });
        Ok(given.union(FROM_ABOVE).without(held))
    }

    /// Whether the caller decides what becomes of an organization as a whole: its owner, given there, or who administers its
    /// realm. A role with every permission in it is not that.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn disposes_of(&self, caller: &Caller, organization: OrganizationId, now: Timestamp) -> Result<bool> {
        let node = self.usable(caller)?;
        let owns = node.assignments.iter().any(|grant| {
            grant.organization == organization && grant.role == Role::Owner && grant.in_force(now)
        });
        let own_realm = self.realm_of_organization(organization) == Some(node.realm);
        Ok(self.administers_realm(caller, organization)? || (owns && own_realm))
    }

    /// What a role allows, wherever it may be given: a custom role with seeing the organization.
    pub fn keys_of(&self, role: Role) -> PermissionSet {
        match role {
            Role::Custom(id) => {
                self.roles.get(&id).map_or(PermissionSet::EMPTY, |node| node.permissions.union(MEMBER))
            }
            built_in => built_in.permissions().union(built_in.billing()),
        }
    }

    /// Whether somebody was given a custom role, anywhere and whether or not it gives anything just now.
    pub fn was_given(&self, user: UserId, role: RoleId) -> bool {
        let grants = self.users.get(&user).map_or(&[][..], |node| &node.assignments);
        grants.iter().any(|grant| grant.role == Role::Custom(role))
    }

    /// What the caller holds at an organization, or there and everywhere beneath it, until some time at least; for good
    /// when there is none.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn held_to_give(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        reach: Reach,
        (until, now): (Option<Timestamp>, Timestamp),
    ) -> Result<PermissionSet> {
        let node = self.usable(caller)?;
        let mut held = PermissionSet::EMPTY;
        self.within(node, organization, now, &mut |source, given| {
            let (reaches, lasts) = match source {
                Source::Assignment { reach, expires_at, .. } => {
                    (reach == Reach::Beneath, lasts(expires_at, until))
                }
                _ => (true, true),
            };
            if lasts && (reach == Reach::Here || reaches) {
                held = held.union(given);
            }
        });
        Ok(held.intersection(caller.ceiling))
    }

    /// Whether a custom role can be given at an organization (ROLE-6).
    pub fn role_usable_at(&self, role: RoleId, organization: OrganizationId) -> bool {
        self.permissions_of(role, organization).is_some()
    }
}

/// Whether something that ends, or does not, is there until some time; for good when there is none.
fn lasts(end: Option<Timestamp>, until: Option<Timestamp>) -> bool {
    end.is_none_or(|end| until.is_some_and(|until| until <= end))
}
