//! What actions are done to.

use std::fmt::Debug;

use bastide_model::{
    ClusterId, HubId, OrganizationId, Permission, ProjectId, RealmId, RoleId, TeamId, UserId,
};

use crate::graph::Graph;

/// The installation as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site;

/// A realm, seen by those who administer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Realm(pub RealmId);

/// A realm, seen by everybody who has an account in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Commons(pub RealmId);

/// What belongs to one account: its tokens, its sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own(pub UserId);

/// What an organization pays: an axis of its own (ROLE-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billing(pub OrganizationId);

/// A target by value, as the policy looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// The installation.
    Site,
    /// A realm's administration.
    Realm(RealmId),
    /// A realm's common ground.
    Commons(RealmId),
    /// An organization.
    Organization(OrganizationId),
    /// What an organization pays.
    Billing(OrganizationId),
    /// A team.
    Team(TeamId),
    /// A project.
    Project(ProjectId),
    /// A custom role.
    Role(RoleId),
    /// A hub.
    Hub(HubId),
    /// A cluster.
    Cluster(ClusterId),
    /// An account, seen from outside.
    User(UserId),
    /// An account's own things.
    Own(UserId),
}

impl Object {
    /// What somebody has to hold on an object of this kind for it to exist for them (HIER-6). Of the others it is enough to
    /// hold anything.
    pub(crate) const fn seen_by(self) -> Option<Permission> {
        match self {
            Self::Organization(_) => Some(Permission::OrganizationsView),
            Self::Billing(_) => Some(Permission::BillingView),
            Self::Team(_) => Some(Permission::TeamsView),
            Self::Project(_) => Some(Permission::ProjectsView),
            Self::Role(_) => Some(Permission::RolesView),
            Self::Site
            | Self::Realm(_)
            | Self::Commons(_)
            | Self::Hub(_)
            | Self::Cluster(_)
            | Self::User(_)
            | Self::Own(_) => None,
        }
    }
}

/// Something that actions are done to.
pub trait Target: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// As a value.
    fn object(self) -> Object;

    /// The realm that it lies in and the organization whose audit log it belongs to.
    fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
        let _ = graph;
        (RealmId::PLATFORM, None)
    }
}

impl Target for Site {
    fn object(self) -> Object {
        Object::Site
    }
}

impl Target for Realm {
    fn object(self) -> Object {
        Object::Realm(self.0)
    }
    fn place(self, _: &Graph) -> (RealmId, Option<OrganizationId>) {
        (self.0, None)
    }
}

impl Target for Commons {
    fn object(self) -> Object {
        Object::Commons(self.0)
    }
    fn place(self, _: &Graph) -> (RealmId, Option<OrganizationId>) {
        (self.0, None)
    }
}

impl Target for OrganizationId {
    fn object(self) -> Object {
        Object::Organization(self)
    }
    fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
        (graph.realm_of_organization(self).unwrap_or(RealmId::PLATFORM), Some(self))
    }
}

impl Target for Billing {
    fn object(self) -> Object {
        Object::Billing(self.0)
    }
    fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
        self.0.place(graph)
    }
}

/// What lies in an organization, with the graph's word for which.
macro_rules! within_organization {
    ($($id:ty, $object:ident, $organization:ident;)*) => {$(
        impl Target for $id {
            fn object(self) -> Object {
                Object::$object(self)
            }
            fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
                graph.$organization(self).map_or((RealmId::PLATFORM, None), |organization| organization.place(graph))
            }
        }
    )*};
}

within_organization! {
    TeamId, Team, organization_of_team;
    ProjectId, Project, organization_of_project;
    RoleId, Role, organization_of_role;
}

impl Target for HubId {
    fn object(self) -> Object {
        Object::Hub(self)
    }
}

impl Target for ClusterId {
    fn object(self) -> Object {
        Object::Cluster(self)
    }
}

impl Target for UserId {
    fn object(self) -> Object {
        Object::User(self)
    }
    fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
        (graph.realm_of_user(self).unwrap_or(RealmId::PLATFORM), None)
    }
}

impl Target for Own {
    fn object(self) -> Object {
        Object::Own(self.0)
    }
    fn place(self, graph: &Graph) -> (RealmId, Option<OrganizationId>) {
        (graph.realm_of_user(self.0).unwrap_or(RealmId::PLATFORM), None)
    }
}
