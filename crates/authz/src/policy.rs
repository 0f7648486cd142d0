//! The policy: which permissions an actor holds on an object, and what follows for an action. The only place that
//! decides, and the only place that chooses between 403 and 404 (HIER-6).

use bastide_model::access::{Caller, Credential};
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, MEMBER, OWN_THINGS, Reach, Role};
use bastide_model::user::Access;
use bastide_model::{
    ClusterId, Error, OrganizationId, Permission, ProjectId, RealmId, Result, RoleId, TeamId, Timestamp,
    UserId,
};

use crate::action::Action;
use crate::explain::{Explanation, Grant, Source, Verdict};
use crate::graph::{Assignment, Graph, Membership, OrganizationNode, UserNode};
use crate::map::Marks;
use crate::permit::{Actor, Controller, Permit};
use crate::target::{Object, Target};

/// What everybody with an account in a realm may do in it. What they view are the organizations that are public (ORG-4).
const COMMONS: PermissionSet = PermissionSet::of(&[
    Permission::OrganizationsView,
    Permission::OrganizationsCreate,
    Permission::PlansView,
]);

/// What a client's administrator sees of the platform's fleet: enough to choose where an organization runs.
const CLIENT_FLEET: PermissionSet =
    PermissionSet::of(&[Permission::HubsView, Permission::ClustersView, Permission::GatewaysView]);

/// What every role that reaches down gives beneath the organization where it was given (ORG-8).
pub(crate) const FROM_ABOVE: PermissionSet = PermissionSet::of(&[Permission::OrganizationsDelete]);

/// What each controller may do; everything else is refused.
fn controller_may(controller: Controller, operation: &str) -> bool {
    let allowed: &[&str] = match controller {
        Controller::Door => {
            &["setup_complete", "session_create", "cluster_request", "cluster_request_expire"]
        }
        Controller::Placement => &["desired_set", "organization_tear_down", "placement_end", "cluster_end"],
    };
    allowed.contains(&operation)
}

/// What an agent may do, to its own cluster only.
const AGENT_MAY: &[&str] = &["cluster_report", "certificate_renew"];

impl Graph {
    /// May the caller do `A` to the target?
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the account may not be used this way any more, [`Error::NotFound`] when the
    /// target does not exist for the caller, [`Error::Forbidden`] when it does and the permission is missing.
    pub fn authorize<A: Action>(
        &self,
        caller: &Caller,
        target: A::Target,
        now: Timestamp,
    ) -> Result<Permit<A>> {
        let held = self.held(caller, target.object(), now)?;
        if held.is_empty() || reserved(A::OPERATION) {
            return Err(Error::NotFound);
        }
        if !held.intersection(caller.ceiling).contains(A::PERMISSION) {
            return Err(Error::Forbidden { permission: A::PERMISSION });
        }
        Ok(Permit::new(Actor::Caller(Box::new(caller.clone())), target, target.place(self)))
    }

    /// May the controller do `A` to the target?
    ///
    /// # Errors
    /// [`Error::Internal`] when it may not: a mistake in the program.
    pub fn authorize_controller<A: Action>(
        &self,
        controller: Controller,
        target: A::Target,
    ) -> Result<Permit<A>> {
        if !controller_may(controller, A::OPERATION) {
            return Err(Error::internal(format!("the {} may not {}", controller.name(), A::OPERATION)));
        }
        Ok(Permit::new(Actor::Controller(controller), target, target.place(self)))
    }

    /// May the agent of a cluster do `A` to a cluster?
    ///
    /// # Errors
    /// [`Error::NotFound`] for any cluster but its own.
    pub fn authorize_agent<A: Action<Target = ClusterId>>(
        &self,
        agent: ClusterId,
        target: ClusterId,
    ) -> Result<Permit<A>> {
        if agent != target || !self.clusters.contains_key(&target) || !AGENT_MAY.contains(&A::OPERATION) {
            return Err(Error::NotFound);
        }
        Ok(Permit::new(Actor::Agent(agent), target, target.place(self)))
    }

    /// Whether the caller's account may be used with this credential at all (ROLE-4, CLI-2).
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with the reason.
    pub fn admit(&self, caller: &Caller) -> Result<()> {
        self.usable(caller).map(|_| ())
    }

    /// Everything that the caller's account holds on an object. Empty means that the object does not exist for them.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when the account may not be used this way any more.
    pub fn held(&self, caller: &Caller, object: Object, now: Timestamp) -> Result<PermissionSet> {
        let node = self.usable(caller)?;
        let mut held = PermissionSet::EMPTY;
        self.each_grant(caller.user, node, object, now, &mut |_, given| held = held.union(given));
        // Who may do something to a thing and not see it, sees nothing (HIER-6).
        let seen = object.seen_by().is_none_or(|needed| held.contains(needed));
        Ok(if seen { held } else { PermissionSet::EMPTY })
    }

    /// Whether the account may do what a permission allows to an object, and what gives it or what is missing (ROLE-10).
    /// The same grants are looked at as by [`Graph::authorize`], which does not name them.
    pub fn explain(
        &self,
        caller: &Caller,
        object: Object,
        permission: Permission,
        now: Timestamp,
    ) -> Explanation {
        let mut grants = Vec::new();
        let node = match self.usable(caller) {
            Ok(node) => node,
            Err(error) => {
                let reason = if let Error::Unauthenticated { reason } = error { reason } else { "" };
                return Explanation { verdict: Verdict::Unusable { reason }, grants };
            }
        };
        let mut held = PermissionSet::EMPTY;
        self.each_grant(caller.user, node, object, now, &mut |source, given| {
            held = held.union(given);
            if !given.is_empty() {
                grants.push(Grant { source, gives_it: given.contains(permission) });
            }
        });
        let seen = object.seen_by().is_none_or(|needed| held.contains(needed));
        let verdict = if grants.is_empty() || !seen {
            Verdict::Unseen
        } else if !grants.iter().any(|grant| grant.gives_it) {
            Verdict::Missing
        } else if !caller.ceiling.contains(permission) {
            Verdict::Narrowed
        } else {
            Verdict::Allowed
        };
        Explanation { verdict, grants }
    }

    /// Everything that gives the account something on an object, and what. The one place where it is written which these
    /// are.
    pub(crate) fn each_grant(
        &self,
        user: UserId,
        node: &UserNode,
        object: Object,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let everything = |exists: bool| if exists { PermissionSet::ALL } else { PermissionSet::EMPTY };
        let site = node.administers_site();
        match object {
            Object::Own(owner) if owner == user => found(Source::Own, OWN_THINGS),
            Object::Own(_) => {}
            Object::Commons(realm) if realm == node.realm => found(Source::Account, COMMONS),
            Object::Commons(_) | Object::Site => {
                if site {
                    found(Source::SiteAdministration, everything(true));
                }
            }
            Object::Realm(realm) => on_realm(node, realm, found),
            Object::Organization(id) => self.on_organization(node, id, now, found),
            Object::Billing(id) => self.on_billing(node, id, now, found),
            Object::Team(id) => self.on_team(node, id, now, found),
            Object::Project(id) => self.on_project(node, id, now, found),
            Object::Role(id) => {
                if let Some(role) = self.roles.get(&id) {
                    self.within(node, role.organization, now, found);
                }
            }
            Object::Hub(id) if site => found(Source::SiteAdministration, everything(self.hubs.contains(&id))),
            Object::Hub(id) => client_fleet(node, self.hubs.contains(&id), found),
            Object::Cluster(id) if site => {
                found(Source::SiteAdministration, everything(self.clusters.contains_key(&id)));
            }
            Object::Cluster(id) => self.on_cluster(node, id, now, found),
            Object::User(id) => {
                if let Some(realm) = self.realm_of_user(id) {
                    on_realm(node, realm, found);
                }
            }
        }
    }

    /// Whether the account may be used with this credential at all (ROLE-4, CLI-2).
    pub(crate) fn usable(&self, caller: &Caller) -> Result<&UserNode> {
        let refused = |reason| Err(Error::Unauthenticated { reason });
        let Some(node) = self.users.get(&caller.user) else { return refused("the account does not exist") };
        if node.realm != caller.realm {
            return refused("the account belongs to another address of this service");
        }
        match (node.access, caller.credential) {
            (Access::Disabled, _) => refused("the account is deactivated"),
            (Access::NoConsole, Credential::Session(_)) => refused("the account may not use the console"),
            _ => Ok(node),
        }
    }

    fn on_organization(
        &self,
        node: &UserNode,
        id: OrganizationId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let Some(organization) = self.organizations.get(&id) else { return };
        // Looked for before the roles, here and below: so the processor waits for both at once.
        let member = node.memberships_in(id).next().is_some();
        self.by_role(node, id, organization, now, found);
        // No grant crosses a realm, whatever it says (HIER-2).
        if member && organization.realm == node.realm {
            for membership in node.memberships_in(id) {
                found(Source::Team { team: membership.team, role: membership.role }, MEMBER);
            }
        }
    }

    /// What roles give at an organization, and so on everything that lies in it.
    pub(crate) fn within(
        &self,
        node: &UserNode,
        id: OrganizationId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        if let Some(organization) = self.organizations.get(&id) {
            self.by_role(node, id, organization, now, found);
        }
    }

    fn by_role(
        &self,
        node: &UserNode,
        id: OrganizationId,
        organization: &OrganizationNode,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        on_realm(node, organization.realm, found);
        // No grant crosses a realm, whatever it says (HIER-2).
        if organization.realm == node.realm {
            for grant in grants_at(node, id, organization, now) {
                found(grant.source(), self.permissions_at(grant, id));
            }
        }
    }

    /// The billing axis: neither a resource role nor an administration of the site or a client is on it (ROLE-1, BILL-1).
    fn on_billing(
        &self,
        node: &UserNode,
        id: OrganizationId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let Some(organization) = self.organizations.get(&id).filter(|one| one.realm == node.realm) else {
            return;
        };
        for grant in grants_at(node, id, organization, now) {
            found(grant.source(), grant.role.billing());
        }
    }

    fn on_team(
        &self,
        node: &UserNode,
        id: TeamId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let Some(team) = self.teams.get(&id) else { return };
        let Some(organization) = self.organizations.get(&team.organization) else { return };
        let membership = node.memberships_in(team.organization).find(|one| one.team == id);
        self.by_role(node, team.organization, organization, now, found);
        if let Some(membership) = membership
            && organization.realm == node.realm
        {
            found(Source::Team { team: id, role: membership.role }, membership.role.in_team());
        }
    }

    fn on_project(
        &self,
        node: &UserNode,
        id: ProjectId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let Some(project) = self.projects.get(&id) else { return };
        let Some(organization) = self.organizations.get(&project.organization) else { return };
        let through = || {
            node.memberships_in(project.organization).filter_map(|membership| {
                let place = project.teams.binary_search_by_key(&membership.team, |(team, _)| *team).ok()?;
                project.teams.get(place).map(|(team, granted)| (*team, membership.role.through(*granted)))
            })
        };
        let shared = through().next().is_some();
        self.by_role(node, project.organization, organization, now, found);
        if shared && organization.realm == node.realm {
            for (team, role) in through() {
                found(Source::Team { team, role }, role.on_project());
            }
        }
    }

    /// What a grant gives at an organization that it reaches: its role's permissions, and to an administrator from above
    /// the deletion of what lies beneath (ORG-8). A custom role is good where it was defined and beneath (ROLE-6), and shows
    /// the organization whatever it allows there (ROLE-4).
    pub(crate) fn permissions_at(&self, grant: &Assignment, id: OrganizationId) -> PermissionSet {
        match grant.role {
            Role::Owner => grant.role.permissions(),
            Role::Administrator if grant.organization == id => grant.role.permissions(),
            Role::Administrator => grant.role.permissions().union(FROM_ABOVE),
            Role::BillingAdministrator => PermissionSet::EMPTY,
            Role::Custom(role) => self
                .permissions_of(role, grant.organization)
                .map_or(PermissionSet::EMPTY, |keys| keys.union(MEMBER)),
        }
    }

    /// What a custom role allows, if it can be given at an organization (ROLE-6).
    pub(crate) fn permissions_of(&self, role: RoleId, given_at: OrganizationId) -> Option<PermissionSet> {
        let node = self.roles.get(&role)?;
        let usable = node.organization == given_at
            || self.organizations.get(&given_at)?.above.contains(&node.organization);
        usable.then_some(node.permissions)
    }

    pub(crate) fn on_cluster(
        &self,
        node: &UserNode,
        id: ClusterId,
        now: Timestamp,
        found: &mut impl FnMut(Source, PermissionSet),
    ) {
        let Some(cluster) = self.clusters.get(&id) else { return };
        let view = PermissionSet::of(&[Permission::ClustersView]);
        for organization in &cluster.organizations {
            let mut sees = false;
            self.on_organization(node, *organization, now, &mut |source, given| {
                // What an administrator of the platform or a client sees of a cluster is said below.
                let by_role = matches!(source, Source::Assignment { .. });
                sees |= by_role && given.contains(Permission::ClustersView);
            });
            if sees {
                found(Source::Carries { organization: *organization }, view);
            }
        }
        client_fleet(node, true, found);
    }

    /// The caller's role at an organization, for people: the strongest one in force there.
    pub fn role_at(&self, user: UserId, id: OrganizationId, now: Timestamp) -> Option<&'static str> {
        let node = self.users.get(&user)?;
        let organization = self.organizations.get(&id)?;
        if organization.realm == node.realm {
            let in_force = grants_at(node, id, organization, now);
            let shown = in_force.filter(|grant| !self.permissions_at(grant, id).is_empty());
            if let Some(role) = shown.map(|grant| grant.role).min() {
                return Some(role.word());
            }
        }
        let member = organization.realm == node.realm
            && node.memberships.iter().any(|membership| membership.organization == id);
        if member {
            Some("member")
        } else if node.administers_site() {
            Some("site_administrator")
        } else {
            node.administers_client(organization.realm).then_some("client_administrator")
        }
    }

    /// What the user administers above organizations.
    pub fn administration_of(&self, user: UserId) -> Option<Administration> {
        let node = self.users.get(&user)?;
        if node.administers_site() {
            Some(Administration::Site)
        } else {
            node.administers_client(node.realm).then_some(Administration::Client)
        }
    }

    /// Whether anybody administers the site.
    pub fn has_site_administrator(&self) -> bool {
        self.users.values().any(UserNode::administers_site)
    }
}

/// The grants in force at an organization, given there or reaching down from above it.
fn grants_at<'a>(
    node: &'a UserNode,
    id: OrganizationId,
    organization: &'a OrganizationNode,
    now: Timestamp,
) -> impl Iterator<Item = &'a Assignment> {
    let among = if node.granted.meet(organization.line) { &node.assignments[..] } else { &[] };
    among.iter().filter(move |grant| {
        let reaches = || grant.reaches_beneath() && organization.above.contains(&grant.organization);
        grant.in_force(now) && (grant.organization == id || reaches())
    })
}

fn on_realm(node: &UserNode, realm: RealmId, found: &mut impl FnMut(Source, PermissionSet)) {
    if node.administers_site() {
        found(Source::SiteAdministration, PermissionSet::ALL);
    } else if node.administers_client(realm) {
        found(Source::ClientAdministration, Administration::Client.permissions());
    }
}

fn client_fleet(node: &UserNode, exists: bool, found: &mut impl FnMut(Source, PermissionSet)) {
    if exists && node.administers_client(node.realm) {
        found(Source::ClientAdministration, CLIENT_FLEET);
    }
}

/// What people never do, whatever they hold: it belongs to controllers and agents.
fn reserved(operation: &str) -> bool {
    AGENT_MAY.contains(&operation) || Controller::ALL.iter().any(|one| controller_may(*one, operation))
}

impl UserNode {
    /// Whether the account administers the site. Only one of the platform's own accounts can: whoever administers a
    /// client may change the accounts of that client, and must not become more by it (E-20).
    pub(crate) fn administers_site(&self) -> bool {
        self.realm == RealmId::PLATFORM
            && self.administrations.contains(&(Administration::Site, RealmId::PLATFORM))
    }

    /// Whether the account administers a realm as a client: its own realm only (CLI-4).
    pub(crate) fn administers_client(&self, realm: RealmId) -> bool {
        self.realm == realm && self.administrations.contains(&(Administration::Client, realm))
    }

    /// The places in teams of an organization.
    pub(crate) fn memberships_in(&self, id: OrganizationId) -> impl Iterator<Item = &Membership> {
        let among = if self.joined.meet(Marks::of(id)) { &self.memberships[..] } else { &[] };
        among.iter().filter(move |membership| membership.organization == id)
    }
}

impl Assignment {
    /// An owner's role always reaches beneath (ROLE-2); an administrator's when it was given so (ROLE-3).
    pub(crate) fn reaches_beneath(&self) -> bool {
        self.role == Role::Owner || self.reach == Reach::Beneath
    }

    fn source(&self) -> Source {
        let Self { id, organization, role, expires_at, .. } = *self;
        let reach = if self.reaches_beneath() { Reach::Beneath } else { Reach::Here };
        Source::Assignment { id, organization, role, reach, expires_at }
    }
}
