//! One fact that came, changed or went, as the store's change feed carries it from replica to replica.

use bastide_model::permission::PermissionSet;
use bastide_model::role::{Administration, Reach, Role, TeamRole};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, HubId, OrganizationId, ProjectId, RealmId, RoleId, TeamId, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};

/// A fact of the graph. Applying one twice is the same as once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
pub enum Change {
    /// An organization is there, beneath this parent.
    Organization {
        /// Which.
        id: OrganizationId,
        /// Its realm.
        realm: RealmId,
        /// The organization above it.
        parent: Option<OrganizationId>,
    },
    /// An organization is gone.
    OrganizationGone {
        /// Which.
        id: OrganizationId,
    },
    /// An account is there, and what it may be used for.
    User {
        /// Which.
        id: UserId,
        /// Its realm.
        realm: RealmId,
        /// What it may be used for.
        access: Access,
    },
    /// A user holds a role at an organization.
    Assignment {
        /// Which grant.
        id: AssignmentId,
        /// Who.
        user: UserId,
        /// Where.
        organization: OrganizationId,
        /// Which role.
        role: Role,
        /// How far down.
        reach: Reach,
        /// Until when; it gives nothing from that very second on (ROLE-9).
        expires_at: Option<Timestamp>,
    },
    /// A grant is gone.
    AssignmentGone {
        /// Which grant.
        id: AssignmentId,
        /// Who held it.
        user: UserId,
    },
    /// A custom role is there, or allows something else than before (ROLE-6).
    Role {
        /// Which.
        id: RoleId,
        /// Where it was defined; it can be given there and beneath.
        organization: OrganizationId,
        /// What it allows.
        permissions: PermissionSet,
    },
    /// A custom role is gone.
    RoleGone {
        /// Which.
        id: RoleId,
    },
    /// A team is there.
    Team {
        /// Which.
        id: TeamId,
        /// Whose.
        organization: OrganizationId,
    },
    /// A team is gone.
    TeamGone {
        /// Which.
        id: TeamId,
    },
    /// A user is in a team.
    TeamMember {
        /// Which team.
        team: TeamId,
        /// Who.
        user: UserId,
        /// As what.
        role: TeamRole,
    },
    /// A user is in a team no more.
    TeamMemberGone {
        /// Which team.
        team: TeamId,
        /// Who.
        user: UserId,
    },
    /// A project is there.
    Project {
        /// Which.
        id: ProjectId,
        /// Whose.
        organization: OrganizationId,
    },
    /// A project is gone.
    ProjectGone {
        /// Which.
        id: ProjectId,
    },
    /// A team has a role on a project (WORK-1).
    ProjectTeam {
        /// Which project.
        project: ProjectId,
        /// Which team.
        team: TeamId,
        /// As what.
        role: TeamRole,
    },
    /// A team has no role on a project any more.
    ProjectTeamGone {
        /// Which project.
        project: ProjectId,
        /// Which team.
        team: TeamId,
    },
    /// A user administers the site or a client (ROLE-11).
    Administration {
        /// Who.
        user: UserId,
        /// What.
        level: Administration,
        /// Which realm; the platform for the site.
        realm: RealmId,
    },
    /// A hub is there.
    Hub {
        /// Which.
        id: HubId,
    },
    /// A cluster is there.
    Cluster {
        /// Which.
        id: ClusterId,
        /// Its hub.
        hub: HubId,
    },
    /// A cluster is gone.
    ClusterGone {
        /// Which.
        id: ClusterId,
    },
    /// An organization runs on a cluster.
    Placement {
        /// Which organization.
        organization: OrganizationId,
        /// Which cluster.
        cluster: ClusterId,
    },
    /// An organization runs on a cluster no more.
    PlacementGone {
        /// Which organization.
        organization: OrganizationId,
        /// Which cluster.
        cluster: ClusterId,
    },
}
