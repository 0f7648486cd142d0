//! What actions are done to.

use std::fmt::Debug;

use bastide_model::{ClusterId, HubId, OrganizationId, RealmId, UserId};

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
    /// A hub.
    Hub(HubId),
    /// A cluster.
    Cluster(ClusterId),
    /// An account, seen from outside.
    User(UserId),
    /// An account's own things.
    Own(UserId),
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
