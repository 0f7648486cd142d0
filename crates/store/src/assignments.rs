//! Roles that people hold at organizations: given, changed, taken away, and all of them left behind (ROLE-3, ORG-9).

use bastide_authz::action::{
    AssignBilling, AssignRole, LeaveBilling, LeaveOrganization, RemoveMember, UpdateAssignment,
    WithdrawBilling, WithdrawRole,
};
use bastide_authz::{Action, Change, Permit};
use bastide_model::names::{DisplayName, Slug};
use bastide_model::role::{Reach, Role, TeamRole};
use bastide_model::user::User;
use bastide_model::{
    AssignmentId, AuditId, Error, OrganizationId, RealmId, Result, RoleId, TeamId, Timestamp, UserId,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};
use crate::errors::say;

statements! {
    INSERT = "insert into assignments \
        (id, realm_id, organization_id, user_id, role, role_id, reach, expires_at_ms, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ONE = "select a.id, a.organization_id, a.user_id, a.role, r.slug as role_slug, r.name as role_name, a.reach, \
        a.expires_at_ms, a.created_at_ms, a.revision from assignments a left join roles r on r.id = a.role_id \
        where a.organization_id = $1 and a.id = $2";
    OF_USER = "select a.id, a.organization_id, a.user_id, a.role, r.slug as role_slug, r.name as role_name, a.reach, \
        a.expires_at_ms, a.created_at_ms, a.revision from assignments a left join roles r on r.id = a.role_id \
        where a.organization_id = $1 and a.user_id = $2 order by a.role, a.id";
    UPDATE = "update assignments set reach = $3, expires_at_ms = $4, revision = revision + 1 \
        where organization_id = $1 and id = $2 and revision = $5 and role <> 'owner'";
    DELETE = "delete from assignments where organization_id = $1 and id = $2 and role <> 'owner'";
    TEAMS_OF_USER = "select m.team_id, t.slug, m.role from team_members m join teams t on t.id = m.team_id \
        where m.organization_id = $1 and m.user_id = $2 order by t.slug";
    LEAVE_ROLES = "delete from assignments where organization_id = $1 and user_id = $2 and role <> 'owner'";
    LEAVE_TEAMS = "delete from team_members where organization_id = $1 and user_id = $2";
    IS_MEMBER = "select (select count(*) from assignments where organization_id = $1 and user_id = $2 \
        and role <> 'billing_administrator' and (expires_at_ms is null or expires_at_ms > $3)) \
        + (select count(*) from team_members where organization_id = $1 and user_id = $2)";
    MEMBERS_COUNT = "select count(*) from (select user_id from assignments where organization_id = $1 \
        and role <> 'billing_administrator' and (expires_at_ms is null or expires_at_ms > $2) \
        union select user_id from team_members where organization_id = $1) people";
    ROLES_OF_SLUG = "select id, organization_id from roles where realm_id = $1 and slug = $2";
}

rows! {
    AssignmentRow {
        id: Uuid, organization_id: Uuid, user_id: Uuid, role: String, role_slug: Option<String>, role_name: Option<String>,
        reach: String, expires_at_ms: Option<i64>, created_at_ms: i64, revision: i64,
    }
    TeamRow { team_id: Uuid, slug: String, role: String, }
    RoleRow { id: Uuid, organization_id: Uuid, }
}

/// A role that somebody holds at an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Which grant.
    pub id: AssignmentId,
    /// Where.
    pub organization: OrganizationId,
    /// Who.
    pub user: UserId,
    /// Which role.
    pub role: Role,
    /// Slug and name of a custom role.
    pub custom: Option<(Slug, DisplayName)>,
    /// How far down it reaches.
    pub reach: Reach,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// Since when.
    pub created_at: Timestamp,
    /// Which state of it this is, from 1 on.
    pub revision: i64,
}

impl Assignment {
    /// Whether it gives anything at a moment (ROLE-9).
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// Everything that somebody has in an organization itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Their roles, that of a billing administrator included.
    pub assignments: Vec<Assignment>,
    /// Their teams, with slug and role.
    pub teams: Vec<(TeamId, Slug, TeamRole)>,
}

impl Belongings {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.assignments.is_empty() && self.teams.is_empty()
    }

    /// Whether the organization is theirs.
    pub fn owns(&self) -> bool {
        self.assignments.iter().any(|one| one.role == Role::Owner)
    }
}

/// The actions that give a role.
pub trait Assigns: Action {
    /// Whether it is theirs to give: nobody gives ownership, and billing is an axis of its own (ROLE-1, ROLE-7).
    fn gives(role: Role) -> bool;
}
impl Assigns for AssignRole {
    fn gives(role: Role) -> bool {
        matches!(role, Role::Administrator | Role::Custom(_))
    }
}
impl Assigns for AssignBilling {
    fn gives(role: Role) -> bool {
        role == Role::BillingAdministrator
    }
}

/// The actions that take a role away.
pub trait Withdraws: Action {
    /// The actions that give what is taken away.
    type Given: Assigns;
}
impl Withdraws for WithdrawRole {
    type Given = AssignRole;
}
impl Withdraws for WithdrawBilling {
    type Given = AssignBilling;
}

/// The actions that end everything somebody has in an organization.
pub trait Dismisses: Action {}
impl Dismisses for RemoveMember {}
impl Dismisses for LeaveOrganization {}
impl Dismisses for LeaveBilling {}

/// The organization that a permit is for, when the role is one that the action is about.
fn place<A: Action>(permit: &Permit<A>, organization: OrganizationId, fits: bool) -> Result<()> {
    if fits && permit.organization() == Some(organization) {
        return Ok(());
    }
    Err(Error::internal(format!("the permit to {} is for another role or place", permit.operation())))
}

impl Tx {
    /// Gives somebody a role.
    ///
    /// # Errors
    /// [`Error::Conflict`] `role_held`, or `already_deleting` in an organization that is being deleted.
    pub async fn assign<A: Assigns>(
        &mut self,
        permit: &Permit<A>,
        assignment: &Assignment,
        user: &User,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let Assignment { id, organization, role, reach, expires_at, .. } = *assignment;
        place(permit, organization, A::gives(role) && user.id == assignment.user)?;
        if !self.organization_hold_active(organization).await? {
            let detail = "the organization is being deleted; nobody is given anything in it";
            return Err(Error::conflict("already_deleting", detail));
        }
        let custom = if let Role::Custom(role) = role { Some(role.uuid()) } else { None };
        let args = args![
            id.uuid(),
            permit.realm().uuid(),
            organization.uuid(),
            user.id.uuid(),
            role.to_string(),
            custom,
            reach.as_str(),
            expires_at.map(Timestamp::as_millis),
            assignment.created_at.as_millis(),
        ];
        let held =
            || format!("{} has this role already; change that grant, or take it away first", user.email);
        self.run(INSERT, args).await.map_err(say("role_held", held))?;
        self.home_settle(user.id, audit.1).await?;
        self.change(Change::Assignment { id, user: user.id, organization, role, reach, expires_at });
        self.audit(permit, audit, person(user), None, Some(described(assignment))).await
    }

    /// Says anew how far a role reaches and when it ends, if nobody else did in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when it was changed or taken away in between.
    pub async fn assignment_update(
        &mut self,
        permit: &Permit<UpdateAssignment>,
        (before, after): (&Assignment, &Assignment),
        user: &User,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let Assignment { id, organization, role, reach, expires_at, .. } = *after;
        place(permit, organization, AssignRole::gives(role) && before.id == id && before.role == role)?;
        let end = expires_at.map(Timestamp::as_millis);
        let args = args![organization.uuid(), id.uuid(), reach.as_str(), end, before.revision];
        if self.run(UPDATE, args).await? == 0 {
            return Err(Error::Stale);
        }
        self.home_settle(user.id, audit.1).await?;
        self.change(Change::Assignment { id, user: user.id, organization, role, reach, expires_at });
        self.audit(permit, audit, person(user), Some(described(before)), Some(described(after))).await
    }

    /// Takes a role away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it was taken away in between.
    pub async fn withdraw<A: Withdraws>(
        &mut self,
        permit: &Permit<A>,
        assignment: &Assignment,
        user: &User,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let Assignment { id, organization, role, .. } = *assignment;
        place(permit, organization, A::Given::gives(role))?;
        if self.run(DELETE, args![organization.uuid(), id.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        self.home_settle(assignment.user, audit.1).await?;
        self.change(Change::AssignmentGone { id, user: assignment.user });
        self.audit(permit, audit, person(user), Some(described(assignment)), None).await
    }

    /// Ends everything that somebody has in an organization: roles, teams, the billing role; and their home
    /// is elsewhere (ORG-9, INV-5, HIER-5). One record tells what there was.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is nothing; [`Error::Internal`] when the organization is theirs, which is said better
    /// before.
    pub async fn dismiss<A: Dismisses>(
        &mut self,
        permit: &Permit<A>,
        user: &User,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.organization().ok_or_else(|| Error::internal("a permit without an organization"))?;
        let had = self.belongings(id, user.id).await?;
        if had.is_empty() {
            return Err(Error::NotFound);
        }
        if had.owns() {
            return Err(Error::internal("an owner is not dismissed"));
        }
        for sql in [LEAVE_ROLES, LEAVE_TEAMS] {
            self.run(sql, args![id.uuid(), user.id.uuid()]).await?;
        }
        self.home_settle(user.id, audit.1).await?;
        for assignment in &had.assignments {
            self.change(Change::AssignmentGone { id: assignment.id, user: user.id });
        }
        for (team, ..) in &had.teams {
            self.change(Change::TeamMemberGone { team: *team, user: user.id });
        }
        let roles: Vec<_> = had.assignments.iter().map(described).collect();
        let teams: Vec<_> =
            had.teams.iter().map(|(_, slug, role)| json!({"team": slug, "role": role})).collect();
        let before = json!({"assignments": roles, "teams": teams});
        self.audit(permit, audit, person(user), Some(before), None).await
    }

    /// A grant of an organization.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the organization has none with this id (E-17).
    pub async fn assignment(&mut self, organization: OrganizationId, id: AssignmentId) -> Result<Assignment> {
        let row: Option<AssignmentRow> = self.maybe(ONE, args![organization.uuid(), id.uuid()]).await?;
        assignment(row.ok_or(Error::NotFound)?)
    }

    /// Everything that somebody has in an organization itself.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn belongings(&mut self, organization: OrganizationId, user: UserId) -> Result<Belongings> {
        let rows: Vec<AssignmentRow> = self.all(OF_USER, args![organization.uuid(), user.uuid()]).await?;
        let assignments = rows.into_iter().map(assignment).collect::<Result<_>>()?;
        let rows: Vec<TeamRow> = self.all(TEAMS_OF_USER, args![organization.uuid(), user.uuid()]).await?;
        let team = |row: TeamRow| {
            let role = parse("team_members.role", &row.role)?;
            Ok((TeamId::from_uuid(row.team_id), parse("teams.slug", &row.slug)?, role))
        };
        let teams = rows.into_iter().map(team).collect::<Result<_>>()?;
        Ok(Belongings { assignments, teams })
    }

    /// Whether somebody is a member of an organization: by a role that was given there and is in force, or by a team.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_member(
        &mut self,
        organization: OrganizationId,
        user: UserId,
        now: Timestamp,
    ) -> Result<bool> {
        let args = args![organization.uuid(), user.uuid(), now.as_millis()];
        let (found,): (i64,) = self.one(IS_MEMBER, args).await?;
        Ok(found > 0)
    }

    /// How many people are members of an organization, each once (PLAN-1); whose roles there have all ended is none
    /// (ROLE-9). Under the organization's lock it stays true until the end of the transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn members_count(&mut self, organization: OrganizationId, now: Timestamp) -> Result<u64> {
        let args = args![organization.uuid(), now.as_millis()];
        let (count,): (i64,) = self.one(MEMBERS_COUNT, args).await?;
        Ok(count.unsigned_abs())
    }

    /// The custom roles of a realm with a slug, and where each was defined. Which of them can be given where is the policy's
    /// to say.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn roles_of_slug(
        &mut self,
        realm: RealmId,
        slug: &Slug,
    ) -> Result<Vec<(RoleId, OrganizationId)>> {
        let rows: Vec<RoleRow> = self.all(ROLES_OF_SLUG, args![realm.uuid(), slug.as_str()]).await?;
        let role = |row: RoleRow| (RoleId::from_uuid(row.id), OrganizationId::from_uuid(row.organization_id));
        Ok(rows.into_iter().map(role).collect())
    }
}

fn person(user: &User) -> Target {
    Target::new("user", user.id, &user.email)
}

/// A grant as the audit log tells of it.
fn described(assignment: &Assignment) -> Json {
    let role = match &assignment.custom {
        Some((slug, _)) => slug.to_string(),
        None => assignment.role.to_string(),
    };
    json!({
        "assignment": assignment.id, "role": role, "reach": assignment.reach,
        "expires_at": assignment.expires_at.map(|end| end.to_string()),
    })
}

pub(crate) fn assignment(row: AssignmentRow) -> Result<Assignment> {
    let custom = match (row.role_slug, row.role_name) {
        (Some(slug), Some(name)) => Some((parse("roles.slug", &slug)?, parse("roles.name", &name)?)),
        _ => None,
    };
    Ok(Assignment {
        id: AssignmentId::from_uuid(row.id),
        organization: OrganizationId::from_uuid(row.organization_id),
        user: UserId::from_uuid(row.user_id),
        role: parse("assignments.role", &row.role)?,
        custom,
        reach: parse("assignments.reach", &row.reach)?,
        expires_at: row.expires_at_ms.map(Timestamp::from_millis),
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
