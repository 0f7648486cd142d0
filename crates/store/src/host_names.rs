//! The host names that organizations own.

use std::collections::HashMap;

use bastide_authz::Permit;
use bastide_authz::action::UpdateHostNames;
use bastide_model::host_name::HostSuffix;
use bastide_model::organization::Organization;
use bastide_model::{AuditId, ClusterId, Error, OrganizationId, Result, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, Value, args, parse, rows, statements};
use crate::errors::say;

/// Organizations that one statement looks up; shorter lists are filled with the nil UUID, which is no organization's.
const CHUNK: usize = 20;

statements! {
    OF = "select name from host_names where organization_id = $1 order by name";
    OF_EACH = "select organization_id, name from host_names where organization_id in ($1, $2, $3, $4, $5, $6, $7, $8, $9, \
        $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) order by organization_id, name";
    PLACED_ON = "select organization_id, name from host_names \
        where organization_id in (select organization_id from placements where cluster_id = $1) order by organization_id, name";
    // Names have no letter that `like` reads as a pattern.
    OVERLAPPING = "select organization_id, name from host_names where organization_id <> $1 \
        and (name = $2 or name like $3 or $2 like '%.' || name) order by name";
    // One at a time: whether two names overlap is seen by neither of two transactions that write them together.
    LOCK = "update installation set epoch = epoch";
    DELETE = "delete from host_names where organization_id = $1";
    INSERT = "insert into host_names (name, realm_id, organization_id) values ($1, $2, $3)";
    TOUCH = "update organizations set revision = revision + 1 where id = $1 and revision = $2 and deleted_at_ms is null";
}

rows! {
    OwnedRow { organization_id: Uuid, name: String, }
}

impl Tx {
    /// The host names that an organization owns, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn host_names_of(&mut self, organization: OrganizationId) -> Result<Vec<HostSuffix>> {
        let rows: Vec<(String,)> = self.all(OF, args![organization.uuid()]).await?;
        rows.into_iter().map(|(name,)| parse("host_names.name", &name)).collect()
    }

    /// The host names that each of these organizations owns.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn host_names_of_each(
        &mut self,
        organizations: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, Vec<HostSuffix>>> {
        let mut rows = Vec::new();
        for chunk in organizations.chunks(CHUNK) {
            let mut args: Vec<_> = chunk.iter().map(|id| Value::from(id.uuid())).collect();
            args.resize(CHUNK, Value::from(Uuid::nil()));
            rows.extend(self.all(OF_EACH, args).await?);
        }
        Self::host_names_by_owner(rows)
    }

    /// Those of every organization on a cluster.
    pub(crate) async fn host_names_placed_on(
        &mut self,
        cluster: ClusterId,
    ) -> Result<HashMap<OrganizationId, Vec<HostSuffix>>> {
        let rows: Vec<OwnedRow> = self.all(PLACED_ON, args![cluster.uuid()]).await?;
        Self::host_names_by_owner(rows)
    }

    fn host_names_by_owner(rows: Vec<OwnedRow>) -> Result<HashMap<OrganizationId, Vec<HostSuffix>>> {
        let mut owned: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows {
            let name = parse("host_names.name", &row.name)?;
            owned.entry(OrganizationId::from_uuid(row.organization_id)).or_default().push(name);
        }
        Ok(owned)
    }

    /// Which of other organizations' names are this one, or above or beneath it. Nobody else writes names until the end
    /// of the transaction.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn host_names_overlapping(
        &mut self,
        organization: OrganizationId,
        name: &HostSuffix,
    ) -> Result<Vec<(OrganizationId, HostSuffix)>> {
        self.run(LOCK, args![]).await?;
        let args = args![organization.uuid(), name.as_str(), format!("%.{name}")];
        let rows: Vec<OwnedRow> = self.all_anywhere(OVERLAPPING, args).await?;
        rows.into_iter()
            .map(|row| {
                Ok((OrganizationId::from_uuid(row.organization_id), parse("host_names.name", &row.name)?))
            })
            .collect()
    }

    /// Stores all host names that an organization owns from now on, if nobody else changed it in between. Whether others
    /// own what overlaps is asked before, in this transaction ([`Tx::host_names_overlapping`]).
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody changed the organization; [`Error::Conflict`] `host_name_taken`.
    pub async fn host_names_update(
        &mut self,
        permit: &Permit<UpdateHostNames>,
        organization: &Organization,
        names: &[HostSuffix],
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target();
        let before = self.host_names_of(id).await?;
        if self.run(TOUCH, args![id.uuid(), organization.revision]).await? == 0 {
            return Err(Error::Stale);
        }
        self.run(DELETE, args![id.uuid()]).await?;
        for name in names {
            let args = args![name.as_str(), permit.realm().uuid(), id.uuid()];
            let taken = || format!("`{name}` is owned by another organization");
            self.run(INSERT, args).await.map_err(say("host_name_taken", taken))?;
        }
        let target = Target::new("organization", id, &organization.slug);
        let (before, after) = (json!({ "host_names": before }), json!({ "host_names": names }));
        self.audit(permit, audit, target, Some(before), Some(after)).await
    }

    /// Lets go of the names of an organization that is gone.
    pub(crate) async fn host_names_forget(&mut self, organization: OrganizationId) -> Result<()> {
        self.run(DELETE, args![organization.uuid()]).await.map(|_| ())
    }
}
