//! The relationship graph: an index over the store's facts, kept up to date by [`Change`]s.

use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, ProjectId, RealmId, RoleId, TeamId, Timestamp, UserId,
};

use crate::change::Change;
use crate::map::{IdMap, Marks, change, put, put_by, take};

/// The graph at one revision of the store. Two are equal when they hold the same facts, in whatever order they came.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Graph {
    revision: i64,
    pub(crate) organizations: IdMap<OrganizationId, OrganizationNode>,
    pub(crate) users: IdMap<UserId, UserNode>,
    pub(crate) roles: IdMap<RoleId, RoleNode>,
    pub(crate) teams: IdMap<TeamId, TeamNode>,
    pub(crate) projects: IdMap<ProjectId, ProjectNode>,
    pub(crate) hubs: Vec<HubId>,
    pub(crate) clusters: IdMap<ClusterId, ClusterNode>,
}

/// What checks and lists look at of an organization, small for the caches' sake. Lists are sorted but for `above`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrganizationNode {
    pub(crate) realm: RealmId,
    /// The marks of the organization and of everything above it.
    pub(crate) line: Marks,
    /// Everything above it, nearest first: follows from the parents, and is kept so that a check does not climb.
    pub(crate) above: Box<[OrganizationId]>,
    pub(crate) children: Vec<OrganizationId>,
    holds: Box<Holdings>,
}

/// What goes with an organization.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Holdings {
    parent: Option<OrganizationId>,
    clusters: Vec<ClusterId>,
    teams: Vec<TeamId>,
    projects: Vec<ProjectId>,
    roles: Vec<RoleId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserNode {
    pub(crate) realm: RealmId,
    pub(crate) access: Access,
    pub(crate) administrations: Box<[(Administration, RealmId)]>,
    /// The marks of the organizations of `assignments`.
    pub(crate) granted: Marks,
    /// The marks of the organizations of `memberships`.
    pub(crate) joined: Marks,
    pub(crate) assignments: Box<[Assignment]>,
    pub(crate) memberships: Box<[Membership]>,
}

impl UserNode {
    fn mark_anew(&mut self) {
        self.granted = self.assignments.iter().map(|grant| grant.organization).collect();
        self.joined = self.memberships.iter().map(|membership| membership.organization).collect();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) id: AssignmentId,
    pub(crate) organization: OrganizationId,
    pub(crate) role: Role,
    pub(crate) reach: Reach,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Assignment {
    /// ROLE-9: gives nothing from the second of its expiry on.
    pub(crate) fn in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// A place in a team, with the team's organization beside it so that a check need not look for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) team: TeamId,
    pub(crate) organization: OrganizationId,
    pub(crate) role: TeamRole,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleNode {
    pub(crate) organization: OrganizationId,
    pub(crate) permissions: PermissionSet,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TeamNode {
    pub(crate) organization: OrganizationId,
    ties: Box<Ties>,
}

/// Who and what has to do with a team.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Ties {
    members: Vec<UserId>,
    projects: Vec<ProjectId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectNode {
    pub(crate) organization: OrganizationId,
    pub(crate) teams: Box<[(TeamId, TeamRole)]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterNode {
    pub(crate) hub: HubId,
    pub(crate) organizations: Vec<OrganizationId>,
}

impl Graph {
    /// A graph from all facts at a revision. Facts may come in any order that names organizations before what refers to
    /// them.
    pub fn build(revision: i64, facts: impl IntoIterator<Item = Change>) -> Self {
        let mut graph = Self { revision, ..Self::default() };
        facts.into_iter().for_each(|fact| graph.apply(&fact));
        graph
    }

    /// A copy with some of the organizations and accounts and the roles defined there, and nothing but them.
    pub(crate) fn part(
        &self,
        organization: impl Fn(&OrganizationId) -> bool,
        user: impl Fn(&UserId, &UserNode) -> bool,
    ) -> Self {
        let organizations = self.organizations.iter().filter(|(id, _)| organization(id));
        let users = self.users.iter().filter(|(id, node)| user(id, node));
        let roles = self.roles.iter().filter(|(_, role)| organization(&role.organization));
        Self {
            revision: self.revision,
            organizations: organizations.map(|(id, node)| (*id, node.clone())).collect(),
            users: users.map(|(id, node)| (*id, node.clone())).collect(),
            roles: roles.map(|(id, node)| (*id, node.clone())).collect(),
            ..Self::default()
        }
    }

    /// The revision of the store that this graph has reached.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Takes in the changes of the next revision.
    pub fn advance(&mut self, revision: i64, changes: impl IntoIterator<Item = Change>) {
        self.revision = revision;
        changes.into_iter().for_each(|change| self.apply(&change));
    }

    /// One line for each kind of fact: another kind does not compile without one. Whatever refers to something that is not
    /// there is left out, since it can only have come a second time, after that had gone.
    fn apply(&mut self, change: &Change) {
        match *change {
            Change::Organization { id, realm, parent } => self.put_organization(id, realm, parent),
            Change::OrganizationGone { id } => self.drop_organization(id),
            Change::User { id, realm, access } => self.put_user(id, realm, access),
            Change::Assignment { id, user, organization, role, reach, expires_at } => {
                self.put_assignment(user, Assignment { id, organization, role, reach, expires_at });
            }
            Change::AssignmentGone { id, user } => self.drop_assignment(id, user),
            Change::Role { id, organization, permissions } => {
                self.put_role(id, RoleNode { organization, permissions });
            }
            Change::RoleGone { id } => self.drop_role(id),
            Change::Team { id, organization } => self.put_team(id, organization),
            Change::TeamGone { id } => self.drop_team(id),
            Change::TeamMember { team, user, role } => self.put_member(team, user, role),
            Change::TeamMemberGone { team, user } => self.drop_member(team, user),
            Change::Project { id, organization } => self.put_project(id, organization),
            Change::ProjectGone { id } => self.drop_project(id),
            Change::ProjectTeam { project, team, role } => self.put_share(project, team, role),
            Change::ProjectTeamGone { project, team } => self.drop_share(project, team),
            Change::Administration { user, level, realm } => self.put_administration(user, level, realm),
            Change::Hub { id } => put(&mut self.hubs, id),
            Change::Cluster { id, hub } => {
                let fresh = || ClusterNode { hub, organizations: Vec::new() };
                self.clusters.entry(id).or_insert_with(fresh).hub = hub;
            }
            Change::ClusterGone { id } => self.drop_cluster(id),
            Change::Placement { organization, cluster } => self.put_placement(organization, cluster),
            Change::PlacementGone { organization, cluster } => self.drop_placement(organization, cluster),
        }
    }

    fn put_user(&mut self, id: UserId, realm: RealmId, access: Access) {
        let node = self.users.entry(id).or_insert_with(|| UserNode {
            realm,
            access,
            administrations: Box::default(),
            granted: Marks::default(),
            joined: Marks::default(),
            assignments: Box::default(),
            memberships: Box::default(),
        });
        node.access = access;
    }

    fn put_assignment(&mut self, user: UserId, given: Assignment) {
        if let Some(node) = self.users.get_mut(&user) {
            change(&mut node.assignments, |list| put_by(list, given, |known| known.id));
            node.mark_anew();
        }
    }

    fn drop_assignment(&mut self, id: AssignmentId, user: UserId) {
        if let Some(node) = self.users.get_mut(&user) {
            change(&mut node.assignments, |list| list.retain(|known| known.id != id));
            node.mark_anew();
        }
    }

    fn put_administration(&mut self, user: UserId, level: Administration, realm: RealmId) {
        if let Some(node) = self.users.get_mut(&user) {
            let key = |(level, realm): &(Administration, RealmId)| (level.as_str(), *realm);
            change(&mut node.administrations, |list| put_by(list, (level, realm), key));
        }
    }

    fn put_role(&mut self, id: RoleId, role: RoleNode) {
        if let Some(node) = self.organizations.get_mut(&role.organization) {
            put(&mut node.holds.roles, id);
            self.roles.insert(id, role);
        }
    }

    fn drop_role(&mut self, id: RoleId) {
        if let Some(role) = self.roles.remove(&id)
            && let Some(node) = self.organizations.get_mut(&role.organization)
        {
            take(&mut node.holds.roles, &id);
        }
    }

    fn put_team(&mut self, id: TeamId, organization: OrganizationId) {
        if let Some(node) = self.organizations.get_mut(&organization) {
            put(&mut node.holds.teams, id);
            let fresh = || TeamNode { organization, ties: Box::default() };
            self.teams.entry(id).or_insert_with(fresh);
        }
    }

    fn put_member(&mut self, team: TeamId, user: UserId, role: TeamRole) {
        if let (Some(node), Some(member)) = (self.teams.get_mut(&team), self.users.get_mut(&user)) {
            put(&mut node.ties.members, user);
            let membership = Membership { team, organization: node.organization, role };
            change(&mut member.memberships, |list| put_by(list, membership, |known| known.team));
            member.mark_anew();
        }
    }

    fn drop_member(&mut self, team: TeamId, user: UserId) {
        if let Some(node) = self.teams.get_mut(&team) {
            take(&mut node.ties.members, &user);
        }
        if let Some(member) = self.users.get_mut(&user) {
            change(&mut member.memberships, |list| list.retain(|known| known.team != team));
            member.mark_anew();
        }
    }

    fn put_project(&mut self, id: ProjectId, organization: OrganizationId) {
        if let Some(node) = self.organizations.get_mut(&organization) {
            put(&mut node.holds.projects, id);
            self.projects.entry(id).or_insert_with(|| ProjectNode { organization, teams: Box::default() });
        }
    }

    fn put_share(&mut self, project: ProjectId, team: TeamId, role: TeamRole) {
        if let (Some(node), Some(granted)) = (self.projects.get_mut(&project), self.teams.get_mut(&team)) {
            change(&mut node.teams, |list| put_by(list, (team, role), |(team, _)| *team));
            put(&mut granted.ties.projects, project);
        }
    }

    fn drop_share(&mut self, project: ProjectId, team: TeamId) {
        if let Some(node) = self.projects.get_mut(&project) {
            change(&mut node.teams, |list| list.retain(|(known, _)| *known != team));
        }
        if let Some(granted) = self.teams.get_mut(&team) {
            take(&mut granted.ties.projects, &project);
        }
    }

    fn put_placement(&mut self, organization: OrganizationId, cluster: ClusterId) {
        if let (Some(node), Some(spoke)) =
            (self.organizations.get_mut(&organization), self.clusters.get_mut(&cluster))
        {
            put(&mut node.holds.clusters, cluster);
            put(&mut spoke.organizations, organization);
        }
    }

    pub(crate) fn put_organization(
        &mut self,
        id: OrganizationId,
        realm: RealmId,
        parent: Option<OrganizationId>,
    ) {
        let known = self.organizations.get(&id).map(|node| node.holds.parent);
        if known == Some(parent) && parent.is_none_or(|parent| self.has_child(parent, id)) {
            return;
        }
        if let Some(node) = known.flatten().and_then(|old| self.organizations.get_mut(&old)) {
            take(&mut node.children, &id);
        }
        let node = self.organizations.entry(id).or_insert_with(|| OrganizationNode {
            realm,
            line: Marks::default(),
            above: Box::default(),
            children: Vec::new(),
            holds: Box::default(),
        });
        node.holds.parent = parent;
        if let Some(node) = parent.and_then(|parent| self.organizations.get_mut(&parent)) {
            put(&mut node.children, id);
        }
        self.climb_anew(id);
    }

    /// Sets what lies above an organization and above everything beneath it.
    fn climb_anew(&mut self, id: OrganizationId) {
        for beneath in self.subtree(id) {
            let above = self.climb(beneath);
            if let Some(node) = self.organizations.get_mut(&beneath) {
                node.line = above.iter().copied().chain([beneath]).collect();
                node.above = above;
            }
        }
    }

    fn has_child(&self, parent: OrganizationId, id: OrganizationId) -> bool {
        self.organizations.get(&parent).is_some_and(|node| node.children.binary_search(&id).is_ok())
    }

    /// What lies above an organization, by its parents.
    fn climb(&self, id: OrganizationId) -> Box<[OrganizationId]> {
        let parent = |here: &OrganizationId| {
            let parent = self.organizations.get(here)?.holds.parent?;
            self.organizations.contains_key(&parent).then_some(parent)
        };
        std::iter::successors(parent(&id), parent).take(TREE_DEPTH_MAX - 1).collect()
    }

    fn drop_organization(&mut self, id: OrganizationId) {
        // Not only when it is there: a grant at it may have come a second time after it had gone.
        for user in self.users.values_mut() {
            if user.granted.meet(Marks::of(id)) {
                change(&mut user.assignments, |list| list.retain(|grant| grant.organization != id));
                user.mark_anew();
            }
        }
        let Some(node) = self.organizations.remove(&id) else { return };
        if let Some(parent) = node.holds.parent.and_then(|parent| self.organizations.get_mut(&parent)) {
            take(&mut parent.children, &id);
        }
        for child in node.children {
            self.climb_anew(child);
        }
        for cluster in node.holds.clusters {
            if let Some(spoke) = self.clusters.get_mut(&cluster) {
                take(&mut spoke.organizations, &id);
            }
        }
        node.holds.projects.into_iter().for_each(|project| self.drop_project(project));
        node.holds.teams.into_iter().for_each(|team| self.drop_team(team));
        for role in node.holds.roles {
            self.roles.remove(&role);
        }
    }

    fn drop_team(&mut self, id: TeamId) {
        let Some(node) = self.teams.remove(&id) else { return };
        for user in node.ties.members {
            if let Some(member) = self.users.get_mut(&user) {
                change(&mut member.memberships, |list| list.retain(|known| known.team != id));
                member.mark_anew();
            }
        }
        for project in node.ties.projects {
            if let Some(granted) = self.projects.get_mut(&project) {
                change(&mut granted.teams, |list| list.retain(|(known, _)| *known != id));
            }
        }
        if let Some(organization) = self.organizations.get_mut(&node.organization) {
            take(&mut organization.holds.teams, &id);
        }
    }

    fn drop_project(&mut self, id: ProjectId) {
        let Some(node) = self.projects.remove(&id) else { return };
        for (team, _) in node.teams {
            if let Some(granted) = self.teams.get_mut(&team) {
                take(&mut granted.ties.projects, &id);
            }
        }
        if let Some(organization) = self.organizations.get_mut(&node.organization) {
            take(&mut organization.holds.projects, &id);
        }
    }

    fn drop_cluster(&mut self, id: ClusterId) {
        let Some(node) = self.clusters.remove(&id) else { return };
        for organization in node.organizations {
            if let Some(node) = self.organizations.get_mut(&organization) {
                take(&mut node.holds.clusters, &id);
            }
        }
    }

    fn drop_placement(&mut self, organization: OrganizationId, cluster: ClusterId) {
        if let Some(node) = self.organizations.get_mut(&organization) {
            take(&mut node.holds.clusters, &cluster);
        }
        if let Some(spoke) = self.clusters.get_mut(&cluster) {
            take(&mut spoke.organizations, &organization);
        }
    }

    /// The realm of an organization that is there.
    pub fn realm_of_organization(&self, id: OrganizationId) -> Option<RealmId> {
        self.organizations.get(&id).map(|node| node.realm)
    }

    /// The realm of an account that is there.
    pub fn realm_of_user(&self, id: UserId) -> Option<RealmId> {
        self.users.get(&id).map(|node| node.realm)
    }

    /// The organization of a team that is there.
    pub fn organization_of_team(&self, id: TeamId) -> Option<OrganizationId> {
        self.teams.get(&id).map(|node| node.organization)
    }

    /// The projects that a team has a role on.
    pub(crate) fn projects_of_team(&self, id: TeamId) -> &[ProjectId] {
        self.teams.get(&id).map_or(&[], |node| &node.ties.projects)
    }

    /// The organization of a project that is there.
    pub fn organization_of_project(&self, id: ProjectId) -> Option<OrganizationId> {
        self.projects.get(&id).map(|node| node.organization)
    }

    /// The organization that a custom role was defined at.
    pub fn organization_of_role(&self, id: RoleId) -> Option<OrganizationId> {
        self.roles.get(&id).map(|node| node.organization)
    }

    /// The organization and everything above it, nearest first.
    pub fn lineage(&self, id: OrganizationId) -> impl Iterator<Item = OrganizationId> + '_ {
        let node = self.organizations.get(&id);
        node.into_iter().flat_map(move |node| std::iter::once(id).chain(node.above.iter().copied()))
    }

    /// The organization and everything beneath it, as far down as [`Graph::lineage`] reaches up.
    pub(crate) fn subtree(&self, id: OrganizationId) -> Vec<OrganizationId> {
        let mut found = Vec::new();
        self.walk(id, TREE_DEPTH_MAX, &mut |here, _| found.push(here));
        found
    }

    /// Shows an organization and what lies beneath it, level by level, so many of them. A circle in the facts, which must not
    /// be there, costs nothing but itself (E-29).
    pub(crate) fn walk(
        &self,
        id: OrganizationId,
        levels: usize,
        found: &mut impl FnMut(OrganizationId, &OrganizationNode),
    ) {
        let (mut level, mut nodes) = (vec![id], Vec::new());
        for _ in 0..levels {
            // All of a level are found before one is looked into: so the processor waits for many of them at once.
            nodes.extend(level.drain(..).filter_map(|here| Some((here, self.organizations.get(&here)?))));
            for (here, node) in nodes.drain(..) {
                found(here, node);
                level.extend(node.children.iter().copied().filter(|child| *child != id));
            }
            if level.is_empty() {
                break;
            }
        }
    }

    /// How deep an organization lies: 1 for a root.
    pub fn depth(&self, id: OrganizationId) -> usize {
        self.lineage(id).count()
    }
}
