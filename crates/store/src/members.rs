//! Who belongs to an organization, and by what: roles that were given there or above, and teams (INV-7, ROLE-2). The billing
//! axis is not in it (ROLE-1).

use std::collections::HashMap;

use bastide_authz::Permit;
use bastide_authz::action::{ViewBilling, ViewMembers};
use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::names::{DisplayName, Slug};
use bastide_model::role::TeamRole;
use bastide_model::user::User;
use bastide_model::{Error, OrganizationId, Result, TeamId, Timestamp, UserId};
use uuid::Uuid;

use crate::assignments::{Assignment, AssignmentRow, assignment};
use crate::db::{Tx, Value, args, parse, rows, statements};
use crate::listing::{Listed, PageRequest};
use crate::users::{UserRow, user};

/// People whose roles and teams one statement looks up.
const CHUNK: usize = 50;

statements! {
    PAGE = "select u.id, u.realm_id, u.email, u.name, u.access, u.home_organization_id, u.created_at_ms, u.revision, \
        u.search from users u join (select user_id from assignments where organization_id = $1 and role <> \
        'billing_administrator' and $7 in ('', 'direct') and ($8 in ('', 'none') or (expires_at_ms is null or \
        expires_at_ms > $6) and (role = $8 or ($8 = 'custom' and role_id is not null))) union select user_id from \
        assignments where organization_id in ($9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
        $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39) and reach = 'beneath' \
        and role <> 'billing_administrator' and (expires_at_ms is null or expires_at_ms > $6) and $7 in ('', \
        'inherited') and ($8 = '' or role = $8 or ($8 = 'custom' and role_id is not null)) union select user_id \
        from team_members where organization_id = $1 and $7 in ('', 'team') and $8 in ('', 'member')) found on \
        found.user_id = u.id where u.search like $2 escape '\\' and (u.search, u.id) > ($3, $4) and ($8 <> 'none' \
        or not exists (select 1 from assignments f where f.user_id = u.id and f.role <> 'billing_administrator' \
        and (f.expires_at_ms is null or f.expires_at_ms > $6) and (f.organization_id = $1 or f.reach = 'beneath' \
        and f.organization_id in ($9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
        $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39))) and not exists (select 1 from \
        team_members m where m.user_id = u.id and m.organization_id = $1)) order by u.search, u.id limit $5";
    GRANTS = "select a.id, a.organization_id, a.user_id, a.role, r.slug as role_slug, r.name as role_name, a.reach, \
        a.expires_at_ms, a.created_at_ms, a.revision from assignments a left join roles r on r.id = a.role_id where \
        a.user_id in ($34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, \
        $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, \
        $73, $74, $75, $76, $77, $78, $79, $80, $81, $82, $83) and (a.organization_id = $1 or (a.reach = \
        'beneath' and a.organization_id in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
        $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33))) and a.role <> \
        'billing_administrator' order by a.created_at_ms, a.id";
    TEAMS = "select m.user_id, m.team_id, t.slug, t.name, m.role from team_members m join teams t on t.id = m.team_id \
        where m.organization_id = $1 and m.user_id in ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
        $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, \
        $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51) order by t.slug, t.id";
    OWNER = "select u.id, u.realm_id, u.email, u.name, u.access, u.home_organization_id, u.created_at_ms, u.revision \
        from users u join assignments a on a.user_id = u.id where a.organization_id = $1 and a.role = 'owner'";
    BILLING = "select u.id, u.realm_id, u.email, u.name, u.access, u.home_organization_id, u.created_at_ms, u.revision \
        from users u join assignments a on a.user_id = u.id \
        where a.organization_id = $1 and a.role = 'billing_administrator' order by u.search, u.id";
}

rows! {
    PersonRow {
        id: Uuid, realm_id: Uuid, email: String, name: String, access: String, home_organization_id: Option<Uuid>,
        created_at_ms: i64, revision: i64, search: String,
    }
    TeamRow { user_id: Uuid, team_id: Uuid, slug: String, name: String, role: String, }
}

/// Somebody in a list of members, with everything that gives them access.
#[derive(Debug, Clone)]
pub struct Member {
    /// The account.
    pub user: User,
    /// Roles that were given at the organization, ended ones included, and roles from above that reach down to it.
    pub grants: Vec<Assignment>,
    /// Teams of the organization.
    pub teams: Vec<MemberTeam>,
}

/// A team that somebody is in.
#[derive(Debug, Clone)]
pub struct MemberTeam {
    /// Which.
    pub id: TeamId,
    /// Its slug.
    pub slug: Slug,
    /// Its name.
    pub name: DisplayName,
    /// As what.
    pub role: TeamRole,
}

/// Which members are asked for.
#[derive(Debug, Clone, Default)]
pub struct MemberFilter {
    /// What gives them access: `direct`, `inherited` or `team`; everything when there is nothing.
    pub source: &'static str,
    /// Their role by that, in force: the word of a role, `custom`, the text of a custom role's id, `member`, or
    /// `none` for those whose every role has ended.
    pub role: String,
}

impl Tx {
    /// Who belongs to an organization, by name: each person once. `above` are the organizations above it whose members the one
    /// who asks may see: what was given at others is not in it (HIER-4).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn member_list(
        &mut self,
        permit: &Permit<ViewMembers>,
        page: &PageRequest,
        (filter, above): (&MemberFilter, &[OrganizationId]),
        now: Timestamp,
    ) -> Result<Listed<Member>> {
        let id = permit.target().uuid();
        let mut args = args![
            id,
            page.pattern(),
            page.after_key(),
            page.after_id(),
            page.fetch(),
            now.as_millis(),
            filter.source,
            filter.role.as_str(),
        ];
        args.extend(slots(above, TREE_DEPTH_MAX - 1)?);
        let rows: Vec<PersonRow> = self.all(PAGE, args).await?;
        let found = page.cut(rows, |last| (last.search.clone(), last.id));
        let people: Vec<_> = found.items.iter().map(|row| row.id).collect();
        let mut grants: HashMap<_, Vec<_>> = HashMap::new();
        let mut teams: HashMap<_, Vec<_>> = HashMap::new();
        for some in people.chunks(CHUNK) {
            let mut args = args![id];
            args.extend(slots(above, TREE_DEPTH_MAX)?);
            args.extend(places(some.iter().copied(), CHUNK));
            for row in self.all::<AssignmentRow>(GRANTS, args).await? {
                let grant = assignment(row)?;
                grants.entry(grant.user).or_default().push(grant);
            }
            let mut args = args![id];
            args.extend(places(some.iter().copied(), CHUNK));
            for row in self.all::<TeamRow>(TEAMS, args).await? {
                teams.entry(UserId::from_uuid(row.user_id)).or_default().push(MemberTeam {
                    id: TeamId::from_uuid(row.team_id),
                    slug: parse("teams.slug", &row.slug)?,
                    name: parse("teams.name", &row.name)?,
                    role: parse("team_members.role", &row.role)?,
                });
            }
        }
        let member = |row: PersonRow| {
            let user = user(&row.into())?;
            let (grants, teams) = (grants.remove(&user.id), teams.remove(&user.id));
            Ok(Member { user, grants: grants.unwrap_or_default(), teams: teams.unwrap_or_default() })
        };
        let items = found.items.into_iter().map(member).collect::<Result<_>>()?;
        Ok(Listed { items, next: found.next })
    }

    /// Who owns an organization, and how many people are members of it (ORG-3, PLAN-1).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn members_summary(
        &mut self,
        permit: &Permit<ViewMembers>,
        now: Timestamp,
    ) -> Result<(Option<User>, u64)> {
        let id = permit.target();
        let owner: Option<UserRow> = self.maybe(OWNER, args![id.uuid()]).await?;
        Ok((owner.as_ref().map(user).transpose()?, self.members_count(id, now).await?))
    }

    /// Who administers the billing of an organization, by name (BILL-1).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn billing_administrators(&mut self, permit: &Permit<ViewBilling>) -> Result<Vec<User>> {
        let rows: Vec<UserRow> = self.all(BILLING, args![permit.target().0.uuid()]).await?;
        rows.iter().map(user).collect()
    }
}

/// Ids in all places that a statement has for them; the rest is the nil UUID, which is no organization's.
fn slots(ids: &[OrganizationId], places: usize) -> Result<Vec<Value>> {
    if ids.len() > places {
        return Err(Error::internal("an organization lies deeper than any can"));
    }
    Ok(self::places(ids.iter().map(|id| id.uuid()), places).collect())
}

fn places(ids: impl Iterator<Item = Uuid>, places: usize) -> impl Iterator<Item = Value> {
    ids.chain(std::iter::repeat(Uuid::nil())).take(places).map(Value::from)
}

impl From<PersonRow> for UserRow {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id,
            realm_id: row.realm_id,
            email: row.email,
            name: row.name,
            access: row.access,
            home_organization_id: row.home_organization_id,
            created_at_ms: row.created_at_ms,
            revision: row.revision,
        }
    }
}
