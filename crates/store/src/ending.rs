//! How organizations end: deletion begins, clusters take down what they have, and nothing is left but a tombstone (ORG-8).

use bastide_authz::action::{AdvanceDeletion, DeleteOrganization};
use bastide_authz::{Change, Permit};
use bastide_model::organization::{Organization, OrganizationState};
use bastide_model::{AuditId, Error, OrganizationId, Result, Timestamp, UserId};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, statements};

statements! {
    BEGIN_DELETION = "update organizations set state = 'deleting', revision = revision + 1 \
        where id = $1 and state = 'active' and deleted_at_ms is null";
    SET_STATE = "update organizations set state = $2, revision = revision + 1 \
        where id = $1 and state <> 'active' and deleted_at_ms is null";
    BURY = "update organizations set state = 'deleted', deleted_at_ms = $2, revision = revision + 1 \
        where id = $1 and state <> 'active' and deleted_at_ms is null";
    AT_HOME = "select id from users where home_organization_id = $1 order by id";
    ASSIGNMENTS_DELETE = "delete from assignments where organization_id = $1";
    PROJECT_TEAMS_DELETE = "delete from project_teams where organization_id = $1";
    PROJECTS_DELETE = "delete from projects where organization_id = $1";
    TEAM_MEMBERS_DELETE = "delete from team_members where organization_id = $1";
    TEAMS_DELETE = "delete from teams where organization_id = $1";
    ROLES_DELETE = "delete from roles where organization_id = $1";
    NAMESPACES_DELETE = "delete from namespaces where organization_id = $1";
    DELETING = "select id from organizations where deleted_at_ms is null and state in ('deleting', 'partially_deleted')";
}

/// What goes with an organization, in the order in which rows refer to each other.
const WITH_IT: [&str; 7] = [
    ASSIGNMENTS_DELETE,
    PROJECT_TEAMS_DELETE,
    PROJECTS_DELETE,
    TEAM_MEMBERS_DELETE,
    TEAMS_DELETE,
    ROLES_DELETE,
    NAMESPACES_DELETE,
];

impl Tx {
    /// Begins the deletion of an organization (ORG-8). From then on nothing is made beneath it.
    ///
    /// # Errors
    /// [`Error::Conflict`] `already_deleting`, `has_children` or `has_projects`.
    pub async fn organization_delete(
        &mut self,
        permit: &Permit<DeleteOrganization>,
        before: &Organization,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        if self.run(BEGIN_DELETION, args![id.uuid()]).await? == 0 {
            let detail = format!("{} is being deleted already", before.slug);
            return Err(Error::conflict("already_deleting", detail));
        }
        // The row is held now, and whoever makes a child holds it, too: no child can come in between.
        if !self.organization_children(id).await?.is_empty() {
            let detail = format!("{} has sub-organizations. Delete or move them first.", before.slug);
            return Err(Error::conflict("has_children", detail));
        }
        if !self.organization_projects(id).await?.is_empty() {
            let detail = format!("{} has projects. Delete them first.", before.slug);
            return Err(Error::conflict("has_projects", detail));
        }
        let target = Target::new("organization", permit.target(), &before.slug);
        self.audit(
            permit,
            audit,
            target,
            Some(json!({"state": before.state})),
            Some(json!({"state": "deleting"})),
        )
        .await
    }

    /// The organizations that are being deleted.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organizations_deleting(&mut self) -> Result<Vec<OrganizationId>> {
        let rows: Vec<(Uuid,)> = self.all(DELETING, args![]).await?;
        Ok(rows.into_iter().map(|(id,)| OrganizationId::from_uuid(id)).collect())
    }

    /// Writes down how far a deletion has come; at its end the slug and the namespaces are free again and a tombstone
    /// stays for the audit log (ORG-1, ORG-8).
    ///
    /// # Errors
    /// [`Error::Conflict`] `not_deleting` when nobody has begun to delete it, or it is gone already;
    /// `still_placed` when a cluster is asked to run it.
    pub async fn organization_tear_down(
        &mut self,
        permit: &Permit<AdvanceDeletion>,
        before: &Organization,
        state: OrganizationState,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let advanced = if state == OrganizationState::Deleted {
            for sql in WITH_IT {
                self.run(sql, args![id.uuid()]).await?;
            }
            self.organization_words_set(before.realm, id, "").await?;
            self.placements_forget(id).await?;
            self.host_names_forget(id).await?;
            self.change(Change::OrganizationGone { id });
            let buried = self.run(BURY, args![id.uuid(), audit.1.as_millis()]).await?;
            for (user,) in self.all::<(Uuid,)>(AT_HOME, args![id.uuid()]).await? {
                self.home_settle(UserId::from_uuid(user), audit.1).await?;
            }
            buried
        } else {
            self.run(SET_STATE, args![id.uuid(), state.as_str()]).await?
        };
        if advanced == 0 {
            let detail = format!("{} is not being deleted", before.slug);
            return Err(Error::conflict("not_deleting", detail));
        }
        let target = Target::new("organization", id, &before.slug);
        self.audit(permit, audit, target, Some(json!({"state": before.state})), Some(json!({"state": state})))
            .await
    }
}
