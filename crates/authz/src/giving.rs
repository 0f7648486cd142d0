//! What somebody has to hold to give a role to others (ROLE-7).

use bastide_model::access::Caller;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Reach, Role};
use bastide_model::{OrganizationId, Result, RoleId, Timestamp};

use crate::explain::Source;
use crate::graph::Graph;

impl Graph {
    /// What of a role the caller does not hold where they would give it, change it or take it away (ROLE-7). Empty when they
    /// may: nobody grants what they do not hold, and who is given less does not take away more (E-19, E-20). What a role
    /// gives on billing is not looked at: that is a permission of its own.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn lacks_to_grant(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        (role, reach): (Role, Reach),
        now: Timestamp,
    ) -> Result<PermissionSet> {
        let given = match role {
            Role::Custom(id) => self.permissions_of(id, organization).unwrap_or_default(),
            built_in => built_in.permissions(),
        };
        Ok(given.without(self.held_to_give(caller, organization, reach, now)?))
    }

    /// What the caller holds at an organization, or there and everywhere beneath it.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn held_to_give(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        reach: Reach,
        now: Timestamp,
    ) -> Result<PermissionSet> {
        let node = self.usable(caller)?;
        let mut held = PermissionSet::EMPTY;
        self.within(node, organization, now, &mut |source, given| {
            let reaches = !matches!(source, Source::Assignment { reach: Reach::Here, .. });
            if reach == Reach::Here || reaches {
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
