//! The relationship graph: an index over the store's facts, kept up to date by [`Change`]s.

use std::collections::{BTreeSet, HashMap};

use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::role::{Administration, Reach, Role};
use bastide_model::user::Access;
use bastide_model::{AssignmentId, ClusterId, HubId, OrganizationId, RealmId, Timestamp, UserId};

use crate::change::Change;

/// The graph at one revision of the store.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Graph {
    revision: i64,
    pub(crate) organizations: HashMap<OrganizationId, OrganizationNode>,
    pub(crate) users: HashMap<UserId, UserNode>,
    pub(crate) hubs: BTreeSet<HubId>,
    pub(crate) clusters: HashMap<ClusterId, ClusterNode>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrganizationNode {
    pub(crate) realm: RealmId,
    pub(crate) parent: Option<OrganizationId>,
    pub(crate) children: BTreeSet<OrganizationId>,
    pub(crate) clusters: BTreeSet<ClusterId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserNode {
    pub(crate) realm: RealmId,
    pub(crate) access: Access,
    pub(crate) administrations: Vec<(Administration, RealmId)>,
    pub(crate) assignments: Vec<Assignment>,
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

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterNode {
    pub(crate) hub: HubId,
    pub(crate) organizations: BTreeSet<OrganizationId>,
}

impl Graph {
    /// A graph from all facts at a revision. Facts may come in any order that names organizations before what refers to
    /// them.
    pub fn build(revision: i64, facts: impl IntoIterator<Item = Change>) -> Self {
        let mut graph = Self { revision, ..Self::default() };
        facts.into_iter().for_each(|fact| graph.apply(&fact));
        graph
    }

    /// A copy with some of the organizations and accounts, and nothing but them.
    pub(crate) fn part(
        &self,
        organization: impl Fn(&OrganizationId) -> bool,
        user: impl Fn(&UserId, &UserNode) -> bool,
    ) -> Self {
        let organizations = self.organizations.iter().filter(|(id, _)| organization(id));
        let users = self.users.iter().filter(|(id, node)| user(id, node));
        Self {
            revision: self.revision,
            organizations: organizations.map(|(id, node)| (*id, node.clone())).collect(),
            users: users.map(|(id, node)| (*id, node.clone())).collect(),
            hubs: BTreeSet::new(),
            clusters: HashMap::new(),
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

    fn apply(&mut self, change: &Change) {
        match *change {
            Change::Organization { id, realm, parent } => self.put_organization(id, realm, parent),
            Change::OrganizationGone { id } => self.drop_organization(id),
            Change::User { id, realm, access } => {
                let node = self.users.entry(id).or_insert_with(|| UserNode {
                    realm,
                    access,
                    administrations: Vec::new(),
                    assignments: Vec::new(),
                });
                node.access = access;
            }
            Change::Assignment { id, user, organization, role, reach, expires_at } => {
                if let Some(node) = self.users.get_mut(&user) {
                    node.assignments.retain(|known| known.id != id);
                    node.assignments.push(Assignment { id, organization, role, reach, expires_at });
                    node.assignments.sort_by_key(|known| known.id);
                }
            }
            Change::AssignmentGone { id, user } => {
                if let Some(node) = self.users.get_mut(&user) {
                    node.assignments.retain(|known| known.id != id);
                }
            }
            Change::Administration { user, level, realm } => {
                if let Some(node) = self.users.get_mut(&user)
                    && !node.administrations.contains(&(level, realm))
                {
                    node.administrations.push((level, realm));
                    node.administrations.sort_by_key(|(level, realm)| (level.as_str(), *realm));
                }
            }
            Change::Hub { id } => {
                self.hubs.insert(id);
            }
            Change::Cluster { id, hub } => {
                self.clusters
                    .entry(id)
                    .or_insert_with(|| ClusterNode { hub, organizations: BTreeSet::new() })
                    .hub = hub;
            }
            Change::ClusterGone { id } => self.drop_cluster(id),
            Change::Placement { organization, cluster } => {
                if let (Some(node), Some(spoke)) =
                    (self.organizations.get_mut(&organization), self.clusters.get_mut(&cluster))
                {
                    node.clusters.insert(cluster);
                    spoke.organizations.insert(organization);
                }
            }
            Change::PlacementGone { organization, cluster } => self.drop_placement(organization, cluster),
        }
    }

    pub(crate) fn put_organization(
        &mut self,
        id: OrganizationId,
        realm: RealmId,
        parent: Option<OrganizationId>,
    ) {
        let before = self.organizations.get(&id).and_then(|node| node.parent);
        if let Some(node) = before.and_then(|old| self.organizations.get_mut(&old)) {
            node.children.remove(&id);
        }
        let node = self.organizations.entry(id).or_insert_with(|| OrganizationNode {
            realm,
            parent,
            children: BTreeSet::new(),
            clusters: BTreeSet::new(),
        });
        node.parent = parent;
        if let Some(node) = parent.and_then(|parent| self.organizations.get_mut(&parent)) {
            node.children.insert(id);
        }
    }

    fn drop_organization(&mut self, id: OrganizationId) {
        // Not only when it is there: a grant at it may have come a second time after it had gone.
        for user in self.users.values_mut() {
            user.assignments.retain(|assignment| assignment.organization != id);
        }
        let Some(node) = self.organizations.remove(&id) else { return };
        if let Some(parent) = node.parent.and_then(|parent| self.organizations.get_mut(&parent)) {
            parent.children.remove(&id);
        }
        for cluster in node.clusters {
            if let Some(spoke) = self.clusters.get_mut(&cluster) {
                spoke.organizations.remove(&id);
            }
        }
    }

    fn drop_cluster(&mut self, id: ClusterId) {
        let Some(node) = self.clusters.remove(&id) else { return };
        for organization in node.organizations {
            if let Some(node) = self.organizations.get_mut(&organization) {
                node.clusters.remove(&id);
            }
        }
    }

    fn drop_placement(&mut self, organization: OrganizationId, cluster: ClusterId) {
        if let Some(node) = self.organizations.get_mut(&organization) {
            node.clusters.remove(&cluster);
        }
        if let Some(spoke) = self.clusters.get_mut(&cluster) {
            spoke.organizations.remove(&organization);
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

    /// The organization and everything above it, nearest first.
    pub fn lineage(&self, id: OrganizationId) -> impl Iterator<Item = OrganizationId> + '_ {
        let mut next = self.organizations.contains_key(&id).then_some(id);
        std::iter::from_fn(move || {
            let here = next?;
            next = self.organizations.get(&here).and_then(|node| node.parent);
            Some(here)
        })
        .take(TREE_DEPTH_MAX)
    }

    /// The organization and everything beneath it, as far down as [`Graph::lineage`] reaches up. Each is looked at once,
    /// so that a circle in the facts, which must not be there, costs nothing but itself (E-29).
    pub(crate) fn subtree(&self, id: OrganizationId) -> BTreeSet<OrganizationId> {
        let mut found = BTreeSet::new();
        let mut level = vec![id];
        for _ in 0..TREE_DEPTH_MAX {
            level.retain(|here| self.organizations.contains_key(here) && found.insert(*here));
            level = level
                .iter()
                .filter_map(|here| self.organizations.get(here))
                .flat_map(|node| node.children.iter().copied())
                .collect();
        }
        found
    }

    /// How deep an organization lies: 1 for a root.
    pub fn depth(&self, id: OrganizationId) -> usize {
        self.lineage(id).count()
    }
}
