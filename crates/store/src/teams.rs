//! Teams of organizations and who is in them (ROLE-2, ROLE-8). Whatever is written holds the organization's row, so that
//! nothing is made in one that is being deleted, and so that limits are counted by one at a time.

use std::collections::BTreeMap;

use bastide_authz::action::{
    AssignTeamMember, CreateTeam, DeleteTeam, LeaveTeam, RemoveTeamMember, UpdateTeam, ViewTeam,
    ViewTeamMembers, ViewTeams,
};
use bastide_authz::visible::{Ids, Scope};
use bastide_authz::{Action, Change, Permit, Visible};
use bastide_model::names::Slug;
use bastide_model::role::TeamRole;
use bastide_model::team::{Team, TeamMember};
use bastide_model::user::User;
use bastide_model::{AuditId, Error, OrganizationId, ProjectId, RealmId, Result, TeamId, Timestamp, UserId};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, Value, args, parse, rows, statements};
use crate::errors::say;
use crate::listing::{Listed, PageRequest};

/// Ids that one statement looks up; shorter lists are filled with the nil UUID, which is nothing's.
pub(crate) const CHUNK: usize = 20;

statements! {
    INSERT = "insert into teams (id, realm_id, organization_id, slug, name, search, description, created_at_ms, revision) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1)";
    ONE = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from teams \
        where organization_id = $1 and id = $2";
    BY_SLUG = "select id from teams where organization_id = $1 and slug = $2";
    LIST = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from teams \
        where organization_id = $1 and search like $2 escape '\\' and (search, id) > ($3, $4) order by search, id limit $5";
    BY_IDS = "select id, realm_id, organization_id, slug, name, description, created_at_ms, revision from teams \
        where organization_id = $1 and id in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, \
        $18, $19, $20, $21)";
    UPDATE = "update teams set name = $3, search = $4, description = $5, revision = revision + 1 \
        where id = $1 and revision = $2";
    DELETE = "delete from teams where id = $1 and revision = $2";
    MEMBERS_DELETE = "delete from team_members where team_id = $1";
    PROJECTS_DELETE = "delete from project_teams where team_id = $1";
    MEMBER = "select user_id, role, created_at_ms from team_members where team_id = $1 and user_id = $2";
    MEMBER_ROLES = "select user_id, role, created_at_ms from team_members where team_id = $1 order by user_id";
    MEMBER_PUT = "insert into team_members (realm_id, organization_id, team_id, user_id, role, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6) on conflict (team_id, user_id) do update set role = excluded.role";
    MEMBER_DELETE = "delete from team_members where team_id = $1 and user_id = $2";
    MEMBERS = "select u.id, u.realm_id, u.email, u.name, u.access, u.home_organization_id, u.created_at_ms, u.revision, \
        m.role, m.created_at_ms as since_ms, u.search from team_members m join users u on u.id = m.user_id \
        where m.team_id = $1 and u.search like $2 escape '\\' and (u.search, u.id) > ($3, $4) order by u.search, u.id limit $5";
    ONLY_TEAM_OF = "select p.id, p.slug from project_teams t join projects p on p.id = t.project_id where t.team_id = $1 \
        and (select count(*) from project_teams every where every.project_id = t.project_id) = 1 order by p.slug";
}

rows! {
    TeamRow {
        id: Uuid, realm_id: Uuid, organization_id: Uuid, slug: String, name: String, description: String,
        created_at_ms: i64, revision: i64,
    }
    RoleRow { user_id: Uuid, role: String, created_at_ms: i64, }
    OrphanRow { id: Uuid, slug: String, }
    MemberRow {
        id: Uuid, realm_id: Uuid, email: String, name: String, access: String, home_organization_id: Option<Uuid>,
        created_at_ms: i64, revision: i64, role: String, since_ms: i64, search: String,
    }
}

/// The actions that take somebody out of a team.
pub trait TakesFromTeam: Action<Target = TeamId> {}
impl TakesFromTeam for RemoveTeamMember {}
impl TakesFromTeam for LeaveTeam {}

impl Tx {
    /// Holds an organization that is not being deleted until the end of the transaction.
    ///
    /// # Errors
    /// [`Error::Conflict`] `already_deleting`.
    pub(crate) async fn organization_hold(&mut self, id: OrganizationId) -> Result<()> {
        if self.organization_hold_active(id).await? {
            return Ok(());
        }
        let detail = "the organization is being deleted; nothing in it is changed any more";
        Err(Error::conflict("already_deleting", detail))
    }

    /// Stores a new team with its audit record.
    ///
    /// # Errors
    /// [`Error::Conflict`] `slug_taken`, `already_deleting`. [`Error::Internal`] when the permit is for another organization.
    pub async fn team_create(
        &mut self,
        permit: &Permit<CreateTeam>,
        team: &Team,
        audit: AuditId,
    ) -> Result<()> {
        if (team.realm, team.organization) != (permit.realm(), permit.target()) {
            return Err(Error::internal("the permit is for another organization than the team"));
        }
        self.organization_hold(team.organization).await?;
        let args = args![
            team.id.uuid(),
            team.realm.uuid(),
            team.organization.uuid(),
            team.slug.as_str(),
            team.name.as_str(),
            search_key(team),
            team.description.as_str(),
            team.created_at.as_millis(),
        ];
        let taken = || format!("the organization has a team `{}` already; choose another slug", team.slug);
        self.run(INSERT, args).await.map_err(say("slug_taken", taken))?;
        self.change(Change::Team { id: team.id, organization: team.organization });
        self.audit(permit, (audit, team.created_at), target(team), None, Some(fields(team))).await
    }

    /// Which team of an organization an id or a slug names; who asks is authorized on it afterwards. One of another
    /// organization is not found (E-17).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_find(&mut self, organization: OrganizationId, name: &str) -> Result<Option<TeamId>> {
        if let Ok(id) = name.parse::<TeamId>() {
            let row: Option<TeamRow> = self.maybe(ONE, args![organization.uuid(), id.uuid()]).await?;
            return Ok(row.map(|row| TeamId::from_uuid(row.id)));
        }
        if name.parse::<Slug>().is_err() {
            return Ok(None);
        }
        let row: Option<(Uuid,)> = self.maybe(BY_SLUG, args![organization.uuid(), name]).await?;
        Ok(row.map(|(id,)| TeamId::from_uuid(id)))
    }

    /// A team, for who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn team_view(&mut self, permit: &Permit<ViewTeam>) -> Result<Team> {
        self.team(permit.organization(), permit.target()).await
    }

    /// A team of an organization, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn team(&mut self, organization: Option<OrganizationId>, id: TeamId) -> Result<Team> {
        let organization = organization.ok_or(Error::NotFound)?;
        let row: Option<TeamRow> = self.maybe(ONE, args![organization.uuid(), id.uuid()]).await?;
        team(&row.ok_or(Error::NotFound)?)
    }

    /// The teams of an organization that a caller sees, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_list(
        &mut self,
        permit: &Permit<ViewTeams>,
        visible: &Visible<TeamId>,
        page: &PageRequest,
    ) -> Result<Listed<Team>> {
        let of = permit.target();
        let items = match visible.scope() {
            Scope::All | Scope::Realm(_) => {
                let args = args![of.uuid(), page.pattern(), page.after_key(), page.after_id(), page.fetch()];
                let rows: Vec<TeamRow> = self.all(LIST, args).await?;
                rows.iter().map(team).collect::<Result<Vec<_>>>()?
            }
            Scope::These(ids) => self.teams_by_ids(of, ids, page).await?,
        };
        Ok(page.cut(items, |last| (search_key(last), last.id.uuid())))
    }

    async fn teams_by_ids(
        &mut self,
        organization: OrganizationId,
        ids: &Ids<TeamId>,
        page: &PageRequest,
    ) -> Result<Vec<Team>> {
        let mut found = Vec::new();
        for args in id_chunks(organization, ids.iter().map(|id| id.uuid())) {
            let rows: Vec<TeamRow> = self.all(BY_IDS, args).await?;
            for row in rows {
                found.push(team(&row)?);
            }
        }
        Ok(page.sorted(found, |team| (search_key(team), team.id.uuid())))
    }

    /// Stores the changed fields of a team, if nobody else changed it in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody did, [`Error::Conflict`] `already_deleting`.
    pub async fn team_update(
        &mut self,
        permit: &Permit<UpdateTeam>,
        (before, after): (&Team, &Team),
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

    /// Deletes a team; its members lose what they had by it (INV-5).
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody changed it in between, [`Error::Conflict`] `already_deleting`.
    pub async fn team_delete(
        &mut self,
        permit: &Permit<DeleteTeam>,
        before: &Team,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(before.organization).await?;
        let members = self.team_roles(id).await?;
        self.run(MEMBERS_DELETE, args![id.uuid()]).await?;
        self.run(PROJECTS_DELETE, args![id.uuid()]).await?;
        if self.run(DELETE, args![id.uuid(), before.revision]).await? == 0 {
            return Err(Error::Stale);
        }
        self.change(Change::TeamGone { id });
        for member in &members {
            self.home_settle(member.user, audit.1).await?;
        }
        let roles: BTreeMap<_, _> = members.iter().map(|one| (one.user.to_string(), one.role)).collect();
        let mut was = fields(before);
        if let Some(was) = was.as_object_mut() {
            was.insert("members".to_owned(), json!(roles));
        }
        self.audit(permit, audit, target(before), Some(was), None).await
    }

    /// The projects that no other team has a role on (INV-5), by slug.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_alone_on(&mut self, id: TeamId) -> Result<Vec<(ProjectId, Slug)>> {
        let rows: Vec<OrphanRow> = self.all(ONLY_TEAM_OF, args![id.uuid()]).await?;
        let project = |row: OrphanRow| Ok((ProjectId::from_uuid(row.id), parse("projects.slug", &row.slug)?));
        rows.into_iter().map(project).collect()
    }

    /// Everybody who is in a team, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_roles(&mut self, id: TeamId) -> Result<Vec<TeamMember>> {
        let rows: Vec<RoleRow> = self.all(MEMBER_ROLES, args![id.uuid()]).await?;
        rows.into_iter().map(|row| member(id, &row)).collect()
    }

    /// Somebody in a team, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_member(&mut self, id: TeamId, user: UserId) -> Result<Option<TeamMember>> {
        let row: Option<RoleRow> = self.maybe(MEMBER, args![id.uuid(), user.uuid()]).await?;
        row.map(|row| member(id, &row)).transpose()
    }

    /// Puts somebody into a team, or changes what they are in it. Who has no home organization gets one by it (HIER-5).
    ///
    /// # Errors
    /// [`Error::Conflict`] `already_deleting`.
    pub async fn team_member_set(
        &mut self,
        permit: &Permit<AssignTeamMember>,
        of: &Team,
        (user, before, role): (&User, Option<TeamRole>, TeamRole),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(of.organization).await?;
        let args = args![
            of.realm.uuid(),
            of.organization.uuid(),
            id.uuid(),
            user.id.uuid(),
            role.as_str(),
            audit.1.as_millis(),
        ];
        self.run(MEMBER_PUT, args).await?;
        self.home_settle(user.id, audit.1).await?;
        self.change(Change::TeamMember { team: id, user: user.id, role });
        let (before, after) = (before.map(|role| place(user.id, role)), place(user.id, role));
        self.audit(permit, audit, target(of), before, Some(after)).await
    }

    /// Takes somebody out of a team.
    ///
    /// # Errors
    /// [`Error::NotFound`] when they are not in it, [`Error::Conflict`] `already_deleting`.
    pub async fn team_member_delete<A: TakesFromTeam>(
        &mut self,
        permit: &Permit<A>,
        of: &Team,
        (user, role): (UserId, TeamRole),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        self.organization_hold(of.organization).await?;
        if self.run(MEMBER_DELETE, args![id.uuid(), user.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        self.change(Change::TeamMemberGone { team: id, user });
        self.home_settle(user, audit.1).await?;
        self.audit(permit, audit, target(of), Some(place(user, role)), None).await
    }

    /// Who is in a team, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn team_member_list(
        &mut self,
        permit: &Permit<ViewTeamMembers>,
        page: &PageRequest,
    ) -> Result<Listed<(User, TeamMember)>> {
        let id = permit.target();
        let args = args![id.uuid(), page.pattern(), page.after_key(), page.after_id(), page.fetch()];
        let rows: Vec<MemberRow> = self.all(MEMBERS, args).await?;
        let item = |row: MemberRow| {
            let role = parse("team_members.role", &row.role)?;
            let since = Timestamp::from_millis(row.since_ms);
            let user = UserId::from_uuid(row.id);
            Ok((row.search.clone(), person(&row)?, TeamMember { team: id, user, role, since }))
        };
        let items = rows.into_iter().map(item).collect::<Result<Vec<_>>>()?;
        let cut = page.cut(items, |(search, user, _)| (search.clone(), user.id.uuid()));
        Ok(cut.map(|(_, user, member)| (user, member)))
    }
}

/// The arguments of statements that look up ids within an organization, a chunk each.
pub(crate) fn id_chunks(organization: OrganizationId, ids: impl Iterator<Item = Uuid>) -> Vec<Vec<Value>> {
    let ids: Vec<Uuid> = ids.collect();
    let args = |chunk: &[Uuid]| {
        let mut args = args![organization.uuid()];
        args.extend(chunk.iter().map(|id| Value::from(*id)));
        args.resize(CHUNK + 1, Value::from(Uuid::nil()));
        args
    };
    ids.chunks(CHUNK).map(args).collect()
}

pub(crate) fn search_key(team: &Team) -> String {
    format!("{} {}", team.name.as_str().to_lowercase(), team.slug)
}

fn target(team: &Team) -> Target {
    Target::new("team", team.id, &team.slug)
}

fn fields(team: &Team) -> Json {
    json!({"name": team.name, "slug": team.slug, "description": team.description})
}

fn place(user: UserId, role: TeamRole) -> Json {
    json!({"user": user, "role": role})
}

fn member(team: TeamId, row: &RoleRow) -> Result<TeamMember> {
    Ok(TeamMember {
        team,
        user: UserId::from_uuid(row.user_id),
        role: parse("team_members.role", &row.role)?,
        since: Timestamp::from_millis(row.created_at_ms),
    })
}

fn team(row: &TeamRow) -> Result<Team> {
    Ok(Team {
        id: TeamId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        organization: OrganizationId::from_uuid(row.organization_id),
        slug: parse("teams.slug", &row.slug)?,
        name: parse("teams.name", &row.name)?,
        description: parse("teams.description", &row.description)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}

fn person(row: &MemberRow) -> Result<User> {
    Ok(User {
        id: UserId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        email: parse("users.email", &row.email)?,
        name: parse("users.name", &row.name)?,
        access: parse("users.access", &row.access)?,
        home: row.home_organization_id.map(OrganizationId::from_uuid),
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
