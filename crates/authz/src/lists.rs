//! What somebody sees of each kind of thing: what a check of each would allow, found without checking each.

use bastide_model::access::Caller;
use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::role::Reach;
use bastide_model::{ClusterId, OrganizationId, Permission, ProjectId, RealmId, Result, TeamId, Timestamp};
use uuid::Uuid;

use crate::graph::{Assignment, Graph};
use crate::target::Object;
use crate::visible::{Ids, Scope, Visible};

impl Graph {
    /// The organizations that the caller sees (HIER-4).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn visible_organizations(&self, caller: &Caller, now: Timestamp) -> Result<Visible<OrganizationId>> {
        let node = self.usable(caller)?;
        if !caller.ceiling.contains(Permission::OrganizationsView) {
            return Ok(Visible::new(Scope::These(Ids::none())));
        }
        if node.administers_site() {
            return Ok(Visible::new(Scope::All));
        }
        if node.administers_client(node.realm) {
            return Ok(Visible::new(Scope::Realm(node.realm)));
        }
        let shows = |grant: &&Assignment| {
            grant.in_force(now)
                && self.permissions_at(grant, grant.organization).contains(Permission::OrganizationsView)
        };
        let places =
            node.assignments.iter().filter(shows).map(|one| (one.organization, one.reaches_beneath()));
        let teams = node.memberships.iter().map(|membership| (membership.organization, false));
        Ok(Visible::new(Scope::These(self.seen_from(node.realm, places.chain(teams)))))
    }

    /// Organizations of a realm, some with everything beneath them. No grant crosses a realm, whatever it says (HIER-2).
    pub(crate) fn seen_from(
        &self,
        realm: RealmId,
        places: impl Iterator<Item = (OrganizationId, bool)>,
    ) -> Ids<OrganizationId> {
        let mut seen = Vec::new();
        for (place, beneath) in places {
            self.walk(place, if beneath { TREE_DEPTH_MAX } else { 1 }, &mut |id, node| {
                if node.realm == realm {
                    seen.push(id.uuid().as_u128());
                }
            });
        }
        // As numbers they are compared in one step; their order is the same.
        seen.sort_unstable();
        Ids::in_order(seen.into_iter().map(|id| OrganizationId::from_uuid(Uuid::from_u128(id))).collect())
    }

    /// The teams of an organization that the caller sees: all of them, or those that they are in (ROLE-2).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn visible_teams(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Visible<TeamId>> {
        let node = self.usable(caller)?;
        let own = node.memberships.iter().filter(|one| one.organization == organization).map(|one| one.team);
        self.visible_within(caller, organization, Permission::TeamsView, now, own.collect(), Object::Team)
    }

    /// The projects of an organization that the caller sees: all of them, or those that their teams have a role on (ROLE-2).
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn visible_projects(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Result<Visible<ProjectId>> {
        let node = self.usable(caller)?;
        let own = node.memberships.iter().filter(|one| one.organization == organization);
        let projects = own.flat_map(|one| self.projects_of_team(one.team)).copied();
        self.visible_within(
            caller,
            organization,
            Permission::ProjectsView,
            now,
            projects.collect(),
            Object::Project,
        )
    }

    /// All things of one kind in an organization when the caller's roles show them, else those of the candidates that exist
    /// for them.
    fn visible_within<T: Ord + Copy>(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        needed: Permission,
        now: Timestamp,
        mut candidates: Vec<T>,
        object: fn(T) -> Object,
    ) -> Result<Visible<T>> {
        if self.held_to_give(caller, organization, Reach::Here, (Some(now), now))?.contains(needed) {
            return Ok(Visible::new(Scope::All));
        }
        if !caller.ceiling.contains(needed) {
            candidates.clear();
        }
        let mut seen = Vec::new();
        for candidate in candidates {
            if !self.held(caller, object(candidate), now)?.is_empty() {
                seen.push(candidate);
            }
        }
        Ok(Visible::new(Scope::These(seen.into())))
    }

    /// The clusters that the caller sees.
    ///
    /// # Errors
    /// [`bastide_model::Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn visible_clusters(&self, caller: &Caller, now: Timestamp) -> Result<Visible<ClusterId>> {
        let node = self.usable(caller)?;
        if !caller.ceiling.contains(Permission::ClustersView) {
            return Ok(Visible::new(Scope::These(Ids::none())));
        }
        if node.administers_site() {
            return Ok(Visible::new(Scope::All));
        }
        let sees = |id: &ClusterId| {
            let mut sees = false;
            self.on_cluster(node, *id, now, &mut |_, given| sees |= !given.is_empty());
            sees
        };
        Ok(Visible::new(Scope::These(self.clusters.keys().copied().filter(sees).collect())))
    }
}
