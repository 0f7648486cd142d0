//! The change feed: every fact of the graph at one revision, and what changed after it.

use bastide_authz::{Change, Graph};
use bastide_model::role::{Administration, Reach, Role};
use bastide_model::user::Access;
use bastide_model::{
    AssignmentId, ClusterId, Error, HubId, OrganizationId, ProjectId, RealmId, Result, RoleId, TeamId,
    Timestamp, UserId,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, from_json, parse, rows, statements};

statements! {
    REVISION = "select revision from installation where singleton";
    CHANGES_AFTER = "select revision, change from changes where revision > $1 order by revision, sequence";
    REACH = "select revision, changes_from from installation where singleton";
    CHANGES_PRUNE = "delete from changes where revision <= $1";
    CHANGES_FROM = "update installation set changes_from = $1 where singleton and changes_from < $1";
    ORGANIZATIONS = "select id, realm_id, parent_id from organizations where deleted_at_ms is null order by created_at_ms, id";
    USERS = "select id, realm_id, access from users";
    ASSIGNMENTS = "select a.id, a.user_id, a.organization_id, a.role, a.reach, a.expires_at_ms from assignments a \
        join organizations o on o.id = a.organization_id where o.deleted_at_ms is null";
    ROLES = "select id, organization_id, permissions from roles";
    TEAMS = "select id, organization_id from teams";
    TEAM_MEMBERS = "select team_id, user_id, role from team_members";
    PROJECTS = "select id, organization_id from projects";
    PROJECT_TEAMS = "select project_id, team_id, role from project_teams";
    ADMINISTRATIONS = "select user_id, level, realm_id from administrations";
    HUBS = "select id from hubs";
    CLUSTERS = "select id, hub_id from clusters where deleted_at_ms is null";
    PLACEMENTS = "select organization_id, cluster_id from placements";
}

rows! {
    ChangeRow { revision: i64, change: Json, }
    OrganizationRow { id: Uuid, realm_id: Uuid, parent_id: Option<Uuid>, }
    UserRow { id: Uuid, realm_id: Uuid, access: String, }
    AssignmentRow { id: Uuid, user_id: Uuid, organization_id: Uuid, role: String, reach: String, expires_at_ms: Option<i64>, }
    RoleRow { id: Uuid, organization_id: Uuid, permissions: Json, }
    WithinRow { id: Uuid, organization_id: Uuid, }
    TeamMemberRow { team_id: Uuid, user_id: Uuid, role: String, }
    ProjectTeamRow { project_id: Uuid, team_id: Uuid, role: String, }
    AdministrationRow { user_id: Uuid, level: String, realm_id: Uuid, }
    ClusterRow { id: Uuid, hub_id: Uuid, }
    PlacementRow { organization_id: Uuid, cluster_id: Uuid, }
}

impl Tx {
    /// The store's revision.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn revision(&mut self) -> Result<i64> {
        Ok(self.one::<(i64,)>(REVISION, args![]).await?.0)
    }

    /// The graph, built from every fact. In a transaction that writes, PostgreSQL reads each table at its own moment, so
    /// changes that commit in between may be in already; applying them again from the feed changes nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn graph(&mut self) -> Result<Graph> {
        let revision = self.revision().await?;
        let mut facts = Vec::new();
        let mut organizations: Vec<OrganizationRow> = self.all(ORGANIZATIONS, args![]).await?;
        // A parent may be younger than its child after a move; parents have to come first.
        facts.extend(organizations.iter().map(|row| organization(row, None)));
        facts.extend(organizations.drain(..).map(|row| organization(&row, row.parent_id)));
        for row in self.all::<UserRow>(USERS, args![]).await? {
            let access: Access = parse("users.access", &row.access)?;
            facts.push(Change::User {
                id: UserId::from_uuid(row.id),
                realm: RealmId::from_uuid(row.realm_id),
                access,
            });
        }
        for row in self.all::<AssignmentRow>(ASSIGNMENTS, args![]).await? {
            facts.push(assignment(&row)?);
        }
        self.facts_within(&mut facts).await?;
        for row in self.all::<AdministrationRow>(ADMINISTRATIONS, args![]).await? {
            let level: Administration = parse("administrations.level", &row.level)?;
            let (user, realm) = (UserId::from_uuid(row.user_id), RealmId::from_uuid(row.realm_id));
            facts.push(Change::Administration { user, level, realm });
        }
        for (id,) in self.all::<(Uuid,)>(HUBS, args![]).await? {
            facts.push(Change::Hub { id: HubId::from_uuid(id) });
        }
        for row in self.all::<ClusterRow>(CLUSTERS, args![]).await? {
            facts.push(Change::Cluster {
                id: ClusterId::from_uuid(row.id),
                hub: HubId::from_uuid(row.hub_id),
            });
        }
        for row in self.all::<PlacementRow>(PLACEMENTS, args![]).await? {
            let organization = OrganizationId::from_uuid(row.organization_id);
            facts.push(Change::Placement { organization, cluster: ClusterId::from_uuid(row.cluster_id) });
        }
        Ok(Graph::build(revision, facts))
    }

    /// Roles, teams and projects, after the organizations that they lie in and the people in them.
    async fn facts_within(&mut self, facts: &mut Vec<Change>) -> Result<()> {
        for row in self.all::<RoleRow>(ROLES, args![]).await? {
            facts.push(Change::Role {
                id: RoleId::from_uuid(row.id),
                organization: OrganizationId::from_uuid(row.organization_id),
                permissions: from_json("roles.permissions", row.permissions)?,
            });
        }
        for row in self.all::<WithinRow>(TEAMS, args![]).await? {
            let organization = OrganizationId::from_uuid(row.organization_id);
            facts.push(Change::Team { id: TeamId::from_uuid(row.id), organization });
        }
        for row in self.all::<TeamMemberRow>(TEAM_MEMBERS, args![]).await? {
            facts.push(Change::TeamMember {
                team: TeamId::from_uuid(row.team_id),
                user: UserId::from_uuid(row.user_id),
                role: parse("team_members.role", &row.role)?,
            });
        }
        for row in self.all::<WithinRow>(PROJECTS, args![]).await? {
            let organization = OrganizationId::from_uuid(row.organization_id);
            facts.push(Change::Project { id: ProjectId::from_uuid(row.id), organization });
        }
        for row in self.all::<ProjectTeamRow>(PROJECT_TEAMS, args![]).await? {
            facts.push(Change::ProjectTeam {
                project: ProjectId::from_uuid(row.project_id),
                team: TeamId::from_uuid(row.team_id),
                role: parse("project_teams.role", &row.role)?,
            });
        }
        Ok(())
    }

    /// What changed after a revision, and the revision that is reached with it.
    ///
    /// # Errors
    /// [`Error::Stale`] when what came after that revision is forgotten, or when the store never was there because it was
    /// restored from a copy: who asks has to build the graph anew.
    pub async fn changes_after(&mut self, revision: i64) -> Result<(i64, Vec<Change>)> {
        let (latest, changes_from): (i64, i64) = self.one(REACH, args![]).await?;
        if revision < changes_from || revision > latest {
            return Err(Error::Stale);
        }
        if revision == latest {
            return Ok((revision, Vec::new()));
        }
        let rows: Vec<ChangeRow> = self.all(CHANGES_AFTER, args![revision]).await?;
        let reached = rows.last().map_or(latest, |row| row.revision.max(latest));
        let changes =
            rows.into_iter().map(|row| from_json("changes.change", row.change)).collect::<Result<_>>()?;
        Ok((reached, changes))
    }

    /// Forgets changes that every replica has long applied; how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn changes_prune(&mut self, up_to: i64) -> Result<u64> {
        let up_to = up_to.min(self.revision().await?);
        self.run(CHANGES_FROM, args![up_to]).await?;
        self.run(CHANGES_PRUNE, args![up_to]).await
    }
}

fn organization(row: &OrganizationRow, parent: Option<Uuid>) -> Change {
    Change::Organization {
        id: OrganizationId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        parent: parent.map(OrganizationId::from_uuid),
    }
}

fn assignment(row: &AssignmentRow) -> Result<Change> {
    let role: Role = parse("assignments.role", &row.role)?;
    let reach: Reach = parse("assignments.reach", &row.reach)?;
    Ok(Change::Assignment {
        id: AssignmentId::from_uuid(row.id),
        user: UserId::from_uuid(row.user_id),
        organization: OrganizationId::from_uuid(row.organization_id),
        role,
        reach,
        expires_at: row.expires_at_ms.map(Timestamp::from_millis),
    })
}
