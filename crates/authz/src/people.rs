//! What accounts may know of each other, and what they have in an organization itself.

use bastide_model::access::Caller;
use bastide_model::role::Role;
use bastide_model::{OrganizationId, Permission, Result, Timestamp, UserId};

use crate::graph::{Assignment, Graph};
use crate::target::Object;
use crate::visible::{Ids, Scope, Visible};

impl Graph {
    /// Whether the caller may know that an account exists, before they give it something (E-43): they see the accounts of
    /// its realm, or the members of something that it belongs to.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the caller's account may not be used this way any more.
    pub fn knows(&self, caller: &Caller, user: UserId, now: Timestamp) -> Result<bool> {
        self.admit(caller)?;
        let Some(node) = self.users.get(&user) else { return Ok(false) };
        let sees = |object: Object, needed: Permission| -> Result<bool> {
            Ok(self.held(caller, object, now)?.intersection(caller.ceiling).contains(needed))
        };
        if caller.user == user || sees(Object::Realm(node.realm), Permission::UsersView)? {
            return Ok(true);
        }
        for grant in &node.assignments {
            let (object, needed) = match grant.role {
                Role::BillingAdministrator => (Object::Billing(grant.organization), Permission::BillingView),
                _ => (Object::Organization(grant.organization), Permission::MembersView),
            };
            if sees(object, needed)? {
                return Ok(true);
            }
        }
        for membership in &node.memberships {
            if sees(Object::Team(membership.team), Permission::MembersView)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether there is something that the account can leave behind by leaving an organization (ORG-9): a role or a team of
    /// that organization itself. Its owner cannot leave.
    pub fn can_leave(&self, user: UserId, organization: OrganizationId) -> bool {
        let Some(node) = self.users.get(&user) else { return false };
        let own = || node.assignments.iter().filter(|grant| grant.organization == organization);
        let in_team = node.memberships.iter().any(|membership| membership.organization == organization);
        (own().next().is_some() || in_team) && own().all(|grant| grant.role != Role::Owner)
    }

    /// Whether a role that the account has at an organization itself reaches what is beneath it, now.
    pub fn reaches_beneath(&self, user: UserId, organization: OrganizationId, now: Timestamp) -> bool {
        let grants = self.users.get(&user).into_iter().flat_map(|node| &node.assignments);
        grants
            .filter(|grant| grant.organization == organization && grant.in_force(now))
            .any(|grant| grant.reaches_beneath() && grant.role != Role::BillingAdministrator)
    }

    /// The organizations whose billing the caller sees (BILL-1).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the caller's account may not be used this way any more.
    pub fn visible_billing(&self, caller: &Caller, now: Timestamp) -> Result<Visible<OrganizationId>> {
        let node = self.usable(caller)?;
        if !caller.ceiling.contains(Permission::BillingView) {
            return Ok(Visible::new(Scope::These(Ids::none())));
        }
        let shows = |grant: &&Assignment| {
            grant.in_force(now) && grant.role.billing().contains(Permission::BillingView)
        };
        let places =
            node.assignments.iter().filter(shows).map(|one| (one.organization, one.reaches_beneath()));
        Ok(Visible::new(Scope::These(self.seen_from(node.realm, places))))
    }
}
