//! Custom roles (ROLE-6).

use bastide_authz::action::{CreateRole, DeleteRole, UpdateRole, ViewRoles};
use bastide_authz::{Change, Permit};
use bastide_model::role::Reach;
use bastide_model::team::CustomRole;
use bastide_model::{AuditId, Error, OrganizationId, RealmId, Result, RoleId, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;

statements! {
    INSERT = "insert into roles (id, realm_id, organization_id, slug, name, description, permissions, created_at_ms, revision) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, 1)";
    OF = "select id, realm_id, organization_id, slug, name, description, permissions, created_at_ms, revision \
        from roles where realm_id = $1 and organization_id = $2 order by slug";
    ONE = "select id, realm_id, organization_id, slug, name, description, permissions, created_at_ms, revision \
        from roles where id = $1";
    HOLD = "update roles set revision = revision where id = $1";
    UPDATE = "update roles set name = $3, description = $4, permissions = $5, revision = revision + 1 \
        where id = $1 and revision = $2";
    DELETE = "delete from roles where id = $1 and revision = $2";
    GIVEN = "select distinct organization_id, reach from assignments where role_id = $1";
}

rows! {
    RoleRow {
        id: Uuid, realm_id: Uuid, organization_id: Uuid, slug: String, name: String, description: String,
        permissions: Json, created_at_ms: i64, revision: i64,
    }
    GivenRow { organization_id: Uuid, reach: String, }
}

impl Tx {
    /// Stores a new custom role.
    ///
    /// # Errors
    /// [`Error::Conflict`] `slug_taken` naming the slug, `organization_not_active` when the organization is being deleted.
    pub async fn role_create(
        &mut self,
        permit: &Permit<CreateRole>,
        role: &CustomRole,
        audit: AuditId,
    ) -> Result<()> {
        let organization = permit.target();
        if !self.organization_hold_active(organization).await? {
            let detail = "the organization is being deleted; nothing new is made in it";
            return Err(Error::conflict("organization_not_active", detail));
        }
        let args = args![
            role.id.uuid(),
            permit.realm().uuid(),
            organization.uuid(),
            role.slug.as_str(),
            role.name.as_str(),
            role.description.as_str(),
            to_json(&role.permissions)?,
            role.created_at.as_millis(),
        ];
        let taken = || format!("the organization has a role `{}` already", role.slug);
        self.run(INSERT, args).await.map_err(say("slug_taken", taken))?;
        self.change(Change::Role { id: role.id, organization, permissions: role.permissions });
        let target = Target::new("role", role.id, &role.slug);
        self.audit(permit, (audit, role.created_at), target, None, Some(fields(role))).await
    }

    /// The custom roles that were defined at an organization or at one above it, nearest first. `lineage` is the
    /// organization and what lies above it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn role_list(
        &mut self,
        permit: &Permit<ViewRoles>,
        lineage: &[OrganizationId],
    ) -> Result<Vec<CustomRole>> {
        self.roles_at(permit.realm(), lineage).await
    }

    /// The same for the rules: which roles can be given at an organization.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn roles_at(&mut self, realm: RealmId, lineage: &[OrganizationId]) -> Result<Vec<CustomRole>> {
        let mut all = Vec::new();
        for organization in lineage {
            let rows: Vec<RoleRow> = self.all(OF, args![realm.uuid(), organization.uuid()]).await?;
            for row in rows {
                all.push(role(row)?);
            }
        }
        Ok(all)
    }

    /// A custom role, held until the end of the transaction: nobody changes what it allows meanwhile. Whoever gives it to
    /// somebody looks at what it allows after this call.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn role_hold(&mut self, id: RoleId) -> Result<CustomRole> {
        self.run(HOLD, args![id.uuid()]).await?;
        self.role(id).await
    }

    /// A custom role, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn role(&mut self, id: RoleId) -> Result<CustomRole> {
        role(self.maybe::<RoleRow>(ONE, args![id.uuid()]).await?.ok_or(Error::NotFound)?)
    }

    /// Where a custom role was given to somebody, and how far down.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn role_given_at(&mut self, id: RoleId) -> Result<Vec<(OrganizationId, Reach)>> {
        let rows: Vec<GivenRow> = self.all(GIVEN, args![id.uuid()]).await?;
        rows.into_iter()
            .map(|row| {
                Ok((OrganizationId::from_uuid(row.organization_id), parse("assignments.reach", &row.reach)?))
            })
            .collect()
    }

    /// Stores a changed custom role, if nobody else changed it in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody did.
    pub async fn role_update(
        &mut self,
        permit: &Permit<UpdateRole>,
        (before, after): (&CustomRole, &CustomRole),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let args = args![
            id.uuid(),
            before.revision,
            after.name.as_str(),
            after.description.as_str(),
            to_json(&after.permissions)?,
        ];
        if self.run(UPDATE, args).await? == 0 {
            return Err(Error::Stale);
        }
        self.change(Change::Role { id, organization: before.organization, permissions: after.permissions });
        let target = Target::new("role", id, &before.slug);
        self.audit(permit, audit, target, Some(fields(before)), Some(fields(after))).await
    }

    /// Deletes a custom role that nobody has.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody changed it in between; [`Error::Conflict`] `role_in_use`.
    pub async fn role_delete(
        &mut self,
        permit: &Permit<DeleteRole>,
        before: &CustomRole,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let given = self.role_given_at(id).await?.len();
        if given > 0 {
            let detail = format!("{} is given to people; take it away from everybody first", before.slug);
            return Err(Error::conflict("role_in_use", detail));
        }
        if self.run(DELETE, args![id.uuid(), before.revision]).await? == 0 {
            return Err(Error::Stale);
        }
        self.change(Change::RoleGone { id });
        let target = Target::new("role", id, &before.slug);
        self.audit(permit, audit, target, Some(fields(before)), None).await
    }
}

fn fields(role: &CustomRole) -> Json {
    json!({
        "slug": role.slug, "name": role.name, "description": role.description, "permissions": role.permissions,
    })
}

fn role(row: RoleRow) -> Result<CustomRole> {
    Ok(CustomRole {
        id: RoleId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        organization: OrganizationId::from_uuid(row.organization_id),
        slug: parse("roles.slug", &row.slug)?,
        name: parse("roles.name", &row.name)?,
        description: parse("roles.description", &row.description)?,
        permissions: from_json("roles.permissions", row.permissions)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
