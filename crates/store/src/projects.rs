//! Projects of organizations and the teams that have a role on them (WORK-1). Whatever is written holds the organization's
//! row, as with teams.

use std::collections::BTreeMap;

use bastide_authz::action::{
    AssignProjectTeam, CreateProject, DeleteProject, RemoveProjectTeam, UpdateProject, ViewProject,
    ViewProjects,
};
use bastide_authz::visible::{Ids, Scope};
use bastide_authz::{Change, Permit, Visible};
use bastide_model::names::{DisplayName, Slug};
use bastide_model::role::TeamRole;
use bastide_model::team::{Project, Team};
use bastide_model::{AuditId, Error, OrganizationId, ProjectId, RealmId, Result, TeamId, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};
use crate::errors::say;
use crate::listing::{Listed, PageRequest};
use crate::teams::id_chunks;

statements! {
    INSERT = "insert into projects (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1)";
    ONE = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from projects \
        where organization_id = $1 and id = $2";
    BY_SLUG = "select id from projects where organization_id = $1 and slug = $2";
    LIST = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from projects \
        where organization_id = $1 and search like $2 escape '\\' and (search, id) > ($3, $4) order by search, id limit $5";
    BY_IDS = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from projects \
        where organization_id = $1 and id in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
        $18, $19, $20, $21)";
    OF_ORGANIZATION = "select id, slug, name from projects where organization_id = $1 order by slug";
    UPDATE = "update projects set name = $3, search = $4, description = $5, revision = revision + 1 \
        where id = $1 and revision = $2";
    DELETE = "delete from projects where id = $1 and revision = $2";
    TEAMS_DELETE = "delete from project_teams where project_id = $1";
    TEAM = "select team_id, role from project_teams where project_id = $1 and team_id = $2";
    TEAM_ROLES = "select team_id, role from project_teams where project_id = $1 order by team_id";
    TEAM_PUT = "insert into project_teams (realm_id, organization_id, project_id, team_id, role, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6) on conflict (project_id, team_id) do update set role = excluded.role";
    TEAM_DELETE = "delete from project_teams where project_id = $1 and team_id = $2";
    TEAMS = "select t.id, t.realm_id, t.organization_id, t.slug, t.name, t.description, t.created_at_ms, t.revision, p.role \
        from project_teams p join teams t on t.id = p.team_id where p.project_id = $1";
}

rows! {
    ProjectRow {
        id: Uuid, realm_id: Uuid, organization_id: Uuid, slug: String, name: String, description: String,
        created_at_ms: i64, revision: i64,
    }
    NameRow { id: Uuid, slug: String, name: String, }
    RoleRow { team_id: Uuid, role: String, }
    TeamRow {
        id: Uuid, realm_id: Uuid, organization_id: Uuid, slug: String, name: String, description: String,
        created_at_ms: i64, revision: i64, role: String,
    }
}

impl Tx {
    /// Stores a new project with its audit record.
    ///
    /// # Errors
    /// [`Error::Conflict`] `slug_taken`, `already_deleting`. [`Error::Internal`] when the permit is for another organization.
    pub async fn project_create(
        &mut self,
        permit: &Permit<CreateProject>,
        project: &Project,
        audit: AuditId,
    ) -> Result<()> {
        if (project.realm, project.organization) != (permit.realm(), permit.target()) {
            return Err(Error::internal("the permit is for another organization than the project"));
        }
        self.organization_hold(project.organization).await?;
        let args = args![
            project.id.uuid(),
            project.realm.uuid(),
            project.organization.uuid(),
            project.slug.as_str(),
            project.name.as_str(),
            search_key(project),
            project.description.as_str(),
            project.created_at.as_millis(),
        ];
        let taken =
            || format!("the organization has a project `{}` already; choose another slug", project.slug);
        self.run(INSERT, args).await.map_err(say("slug_taken", taken))?;
        self.change(Change::Project { id: project.id, organization: project.organization });
        self.audit(permit, (audit, project.created_at), target(project), None, Some(fields(project))).await
    }

    /// Which project of an organization an id or a slug names; who asks is authorized on it afterwards. One of another
    /// organization is not found (E-17).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_find(
        &mut self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<ProjectId>> {
        if let Ok(id) = name.parse::<ProjectId>() {
            let row: Option<ProjectRow> = self.maybe(ONE, args![organization.uuid(), id.uuid()]).await?;
            return Ok(row.map(|row| ProjectId::from_uuid(row.id)));
        }
        if name.parse::<Slug>().is_err() {
            return Ok(None);
        }
        let row: Option<(Uuid,)> = self.maybe(BY_SLUG, args![organization.uuid(), name]).await?;
        Ok(row.map(|(id,)| ProjectId::from_uuid(id)))
    }

    /// A project, for who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn project_view(&mut self, permit: &Permit<ViewProject>) -> Result<Project> {
        self.project(permit.organization(), permit.target()).await
    }

    /// A project of an organization, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn project(&mut self, organization: Option<OrganizationId>, id: ProjectId) -> Result<Project> {
        let organization = organization.ok_or(Error::NotFound)?;
        let row: Option<ProjectRow> = self.maybe(ONE, args![organization.uuid(), id.uuid()]).await?;
        project(&row.ok_or(Error::NotFound)?)
    }

    /// The projects of an organization, for the rules, by slug.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organization_projects(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Vec<(ProjectId, Slug, DisplayName)>> {
        let rows: Vec<NameRow> = self.all(OF_ORGANIZATION, args![organization.uuid()]).await?;
        let one = |row: NameRow| {
            let slug = parse("projects.slug", &row.slug)?;
            Ok((ProjectId::from_uuid(row.id), slug, parse("projects.name", &row.name)?))
        };
        rows.into_iter().map(one).collect()
    }

    /// The projects of an organization that a caller sees, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_list(
        &mut self,
        permit: &Permit<ViewProjects>,
        visible: &Visible<ProjectId>,
        page: &PageRequest,
    ) -> Result<Listed<Project>> {
        let of = permit.target();
        let items = match visible.scope() {
            Scope::All | Scope::Realm(_) => {
                let args = args![of.uuid(), page.pattern(), page.after_key(), page.after_id(), page.fetch()];
                let rows: Vec<ProjectRow> = self.all(LIST, args).await?;
                rows.iter().map(project).collect::<Result<Vec<_>>>()?
            }
            Scope::These(ids) => self.projects_by_ids(of, ids, page).await?,
        };
        Ok(page.cut(items, |last| (search_key(last), last.id.uuid())))
    }

    async fn projects_by_ids(
        &mut self,
        organization: OrganizationId,
        ids: &Ids<ProjectId>,
        page: &PageRequest,
    ) -> Result<Vec<Project>> {
        let mut found = Vec::new();
        for args in id_chunks(organization, ids.iter().map(|id| id.uuid())) {
            let rows: Vec<ProjectRow> = self.all(BY_IDS, args).await?;
            for row in rows {
                found.push(project(&row)?);
            }
        }
        Ok(page.sorted(found, |project| (search_key(project), project.id.uuid())))
    }

    /// Stores the changed fields of a project, if nobody else changed it in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody did, [`Error::Conflict`] `already_deleting`.
    pub async fn project_update(
        &mut self,
        permit: &Permit<UpdateProject>,
        (before, after): (&Project, &Project),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        self.organization_hold(before.organization).await?;
        let args = args![
            permit.target().uuid(),
            before.revision,
            after.name.as_str(),
            search_key(after),
            after.description.as_str(),
        ];
        if self.run(UPDATE, args).await? == 0 {
            return Err(Error::Stale);
        }
        self.audit(permit, audit, target(before), Some(fields(before)), Some(fields(after))).await
    }

    /// Deletes a project with what teams had on it.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody changed it in between, [`Error::Conflict`] `already_deleting`.
    pub async fn project_delete(
        &mut self,
        permit: &Permit<DeleteProject>,
        before: &Project,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(before.organization).await?;
        let rows: Vec<RoleRow> = self.all(TEAM_ROLES, args![id.uuid()]).await?;
        self.run(TEAMS_DELETE, args![id.uuid()]).await?;
        if self.run(DELETE, args![id.uuid(), before.revision]).await? == 0 {
            return Err(Error::Stale);
        }
        self.change(Change::ProjectGone { id });
        let teams: BTreeMap<_, _> =
            rows.into_iter().map(|row| (TeamId::from_uuid(row.team_id).to_string(), row.role)).collect();
        let mut was = fields(before);
        if let Some(was) = was.as_object_mut() {
            was.insert("teams".to_owned(), json!(teams));
        }
        self.audit(permit, audit, target(before), Some(was), None).await
    }

    /// What a team has on a project, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_team(&mut self, id: ProjectId, team: TeamId) -> Result<Option<TeamRole>> {
        let row: Option<RoleRow> = self.maybe(TEAM, args![id.uuid(), team.uuid()]).await?;
        row.map(|row| parse("project_teams.role", &row.role)).transpose()
    }

    /// Gives a team of the same organization a role on a project, or another one than before.
    ///
    /// # Errors
    /// [`Error::Conflict`] `already_deleting`, or `in_use` when the team is another organization's.
    pub async fn project_team_set(
        &mut self,
        permit: &Permit<AssignProjectTeam>,
        of: &Project,
        (team, before, role): (&Team, Option<TeamRole>, TeamRole),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(of.organization).await?;
        let args = args![
            of.realm.uuid(),
            of.organization.uuid(),
            id.uuid(),
            team.id.uuid(),
            role.as_str(),
            audit.1.as_millis(),
        ];
        self.run(TEAM_PUT, args).await?;
        self.change(Change::ProjectTeam { project: id, team: team.id, role });
        let (before, after) = (before.map(|role| place(team, role)), place(team, role));
        self.audit(permit, audit, target(of), before, Some(after)).await
    }

    /// Takes a team's role on a project away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it has none, [`Error::Conflict`] `already_deleting`.
    pub async fn project_team_delete(
        &mut self,
        permit: &Permit<RemoveProjectTeam>,
        of: &Project,
        (team, role): (&Team, TeamRole),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(of.organization).await?;
        if self.run(TEAM_DELETE, args![id.uuid(), team.id.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        self.change(Change::ProjectTeamGone { project: id, team: team.id });
        self.audit(permit, audit, target(of), Some(place(team, role)), None).await
    }

    /// The teams with a role on a project that a caller sees, by name. They are few enough to be looked at one by one.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn project_team_list(
        &mut self,
        permit: &Permit<ViewProject>,
        visible: &Visible<TeamId>,
        page: &PageRequest,
    ) -> Result<Listed<(Team, TeamRole)>> {
        let rows: Vec<TeamRow> = self.all(TEAMS, args![permit.target().uuid()]).await?;
        let mut items = rows.iter().map(team).collect::<Result<Vec<_>>>()?;
        if let Scope::These(ids) = visible.scope() {
            items.retain(|(team, _)| ids.contains(&team.id));
        }
        let key = |(team, _): &(Team, TeamRole)| (crate::teams::search_key(team), team.id.uuid());
        Ok(page.cut(page.sorted(items, key), key))
    }
}

fn search_key(project: &Project) -> String {
    format!("{} {}", project.name.as_str().to_lowercase(), project.slug)
}

fn target(project: &Project) -> Target {
    Target::new("project", project.id, &project.slug)
}

fn fields(project: &Project) -> Json {
    json!({"name": project.name, "slug": project.slug, "description": project.description})
}

fn place(team: &Team, role: TeamRole) -> Json {
    json!({"team": team.id, "slug": team.slug, "role": role})
}

fn project(row: &ProjectRow) -> Result<Project> {
    Ok(Project {
        id: ProjectId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        organization: OrganizationId::from_uuid(row.organization_id),
        slug: parse("projects.slug", &row.slug)?,
        name: parse("projects.name", &row.name)?,
        description: parse("projects.description", &row.description)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}

fn team(row: &TeamRow) -> Result<(Team, TeamRole)> {
    let role = parse("project_teams.role", &row.role)?;
    let team = Team {
        id: TeamId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        organization: OrganizationId::from_uuid(row.organization_id),
        slug: parse("teams.slug", &row.slug)?,
        name: parse("teams.name", &row.name)?,
        description: parse("teams.description", &row.description)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    };
    Ok((team, role))
}
