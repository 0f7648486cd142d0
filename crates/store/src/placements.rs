//! Which organization runs on which cluster, and how.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bastide_authz::Change;
use bastide_authz::Permit;
use bastide_authz::action::{
    CreateClientOrganization, CreatePlacement, DeletePlacement, EndPlacement, SetDesired,
};
use bastide_model::gateway::GatewayChoice;
use bastide_model::names::Slug;
use bastide_model::placement::{DesiredOrganization, Leaving, PlacedOrganization, Placement};
use bastide_model::plan::Plan;
use bastide_model::{
    AuditId, ClusterId, Error, GatewayConfigurationId, OrganizationId, RealmId, Result, Timestamp,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;

statements! {
    INSERT = "insert into placements (realm_id, organization_id, cluster_id, node_pool, gateway_configuration_id, \
        created_at_ms) values ($1, $2, $3, $4, $5, $6)";
    BY_CLUSTER = "select organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms, leaving \
        from placements where cluster_id = $1 order by organization_id";
    BY_ORGANIZATION = "select organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms, leaving \
        from placements where organization_id = $1 order by cluster_id";
    FORGET = "delete from placements where organization_id = $1";
    SETS_FORGET = "delete from desired_sets where organization_id = $1";
    REPORTS_FORGET = "delete from reported_sets where organization_id = $1";
    LEAVE = "update placements set leaving = $3, leaving_since_ms = $4 \
        where organization_id = $1 and cluster_id = $2 and leaving is null";
    LEAVING = "select organization_id, cluster_id from placements where leaving is not null \
        order by organization_id, cluster_id";
    END = "delete from placements where organization_id = $1 and cluster_id = $2 and leaving is not null";
    SET_END = "delete from desired_sets where organization_id = $1 and cluster_id = $2";
    REPORT_END = "delete from reported_sets where organization_id = $1 and cluster_id = $2";
    JOINED_LOCK = "update clusters set revision = revision where id = $1 and membership = 'joined' \
        and cleaning_since_ms is null and deleted_at_ms is null";
    CLUSTER_LOCK = "update clusters set revision = revision where id = $1";
    SETS_WANTED = "select content from desired_sets where organization_id = $1 and content is not null";
    CLUSTERS = "select distinct cluster_id from placements";
}

rows! {
    PlacementRow {
        organization_id: Uuid, cluster_id: Uuid, node_pool: Option<Json>, gateway_configuration_id: Option<Uuid>,
        created_at_ms: i64, leaving: Option<String>,
    }
}

impl Tx {
    /// Places a new client organization on a cluster, which stays joined until this is committed (FLEET-4).
    ///
    /// # Errors
    /// [`Error::Conflict`] `cluster_not_joined`, `placed_already`. [`Error::Internal`] when the permit is for another
    /// realm.
    pub async fn placement_create(
        &mut self,
        permit: &Permit<CreateClientOrganization>,
        realm: RealmId,
        placement: &Placement,
    ) -> Result<()> {
        if realm != permit.realm() {
            return Err(Error::internal("the permit to place an organization is for another realm"));
        }
        self.placement_insert(realm, placement).await
    }

    /// Places an organization that is there already on another cluster, which stays joined until this is committed, as the
    /// organization stays active (FLEET-6).
    ///
    /// # Errors
    /// [`Error::Conflict`] `cluster_not_joined`, `placed_already`, `organization_not_active`. [`Error::Internal`] when the
    /// permit is for another organization.
    pub async fn placement_add(
        &mut self,
        permit: &Permit<CreatePlacement>,
        placement: &Placement,
        cluster_name: &Slug,
        audit: AuditId,
    ) -> Result<()> {
        if permit.target() != placement.organization {
            return Err(Error::internal("the permit to place an organization is for another one"));
        }
        if !self.organization_hold_active(placement.organization).await? {
            let detail = "the organization is being deleted; nothing new is made for it";
            return Err(Error::conflict("organization_not_active", detail));
        }
        self.placement_insert(permit.realm(), placement).await?;
        let after = json!({"node_pool": placement.node_pool, "gateway": placement.gateway});
        let target = Target::new("cluster", placement.cluster, cluster_name);
        self.audit(permit, (audit, placement.created_at), target, None, Some(after)).await
    }

    /// Begins to take an organization off a cluster.
    ///
    /// # Errors
    /// [`Error::Conflict`] `leaving_already` when that is under way, [`Error::NotFound`] when it is not there.
    pub async fn placement_leave(
        &mut self,
        permit: &Permit<DeletePlacement>,
        (cluster, cluster_name): (ClusterId, &Slug),
        how: Leaving,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let organization = permit.target();
        let args = args![organization.uuid(), cluster.uuid(), how.as_str(), audit.1.as_millis()];
        if self.run(LEAVE, args).await? == 0 {
            let there = self.placements_of(organization).await?;
            if !there.iter().any(|one| one.cluster == cluster) {
                return Err(Error::NotFound);
            }
            let detail = format!("the organization is leaving `{cluster_name}` already");
            return Err(Error::conflict("leaving_already", detail));
        }
        let target = Target::new("cluster", cluster, cluster_name);
        self.audit(permit, audit, target, None, Some(json!({"leaving": how}))).await
    }

    /// The placements that come to their end, as organization and cluster.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placements_leaving(&mut self) -> Result<Vec<(OrganizationId, ClusterId)>> {
        let rows: Vec<(Uuid, Uuid)> = self.all(LEAVING, args![]).await?;
        let ids = |(organization, cluster)| {
            (OrganizationId::from_uuid(organization), ClusterId::from_uuid(cluster))
        };
        Ok(rows.into_iter().map(ids).collect())
    }

    /// Holds a cluster's row until the end of the transaction: what should be there does not change meanwhile.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placement_end_lock(&mut self, cluster: ClusterId) -> Result<()> {
        self.run(CLUSTER_LOCK, args![cluster.uuid()]).await.map(|_| ())
    }

    /// Ends a placement that the cluster has taken down or let go. Whether there was one that was to end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placement_end(
        &mut self,
        permit: &Permit<EndPlacement>,
        (cluster, cluster_name): (ClusterId, &Slug),
        audit: (AuditId, Timestamp),
    ) -> Result<bool> {
        let organization = permit.target();
        let key = || args![organization.uuid(), cluster.uuid()];
        if self.run(END, key()).await? == 0 {
            return Ok(false);
        }
        self.run(SET_END, key()).await?;
        self.run(REPORT_END, key()).await?;
        self.change(Change::PlacementGone { organization, cluster });
        let target = Target::new("cluster", cluster, cluster_name);
        self.audit(permit, audit, target, Some(json!({"placed": true})), None).await?;
        Ok(true)
    }

    async fn placement_insert(&mut self, realm: RealmId, placement: &Placement) -> Result<()> {
        if self.run(JOINED_LOCK, args![placement.cluster.uuid()]).await? == 0 {
            let detail = "the cluster is not joined any more; choose another";
            return Err(Error::conflict("cluster_not_joined", detail));
        }
        let gateway = match placement.gateway {
            GatewayChoice::Shared => None,
            GatewayChoice::Dedicated { configuration } => Some(configuration.uuid()),
        };
        let args = args![
            realm.uuid(),
            placement.organization.uuid(),
            placement.cluster.uuid(),
            placement.node_pool.as_ref().map(to_json).transpose()?,
            gateway,
            placement.created_at.as_millis(),
        ];
        let there = || "the organization is on that cluster already".to_owned();
        self.run(INSERT, args).await.map_err(say("placed_already", there))?;
        self.change(Change::Placement { organization: placement.organization, cluster: placement.cluster });
        Ok(())
    }

    /// Everything that is known of the organizations on a cluster, whose row is held until the end of the transaction: what
    /// follows from it is still true when it is stored.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placed_on(&mut self, permit: &Permit<SetDesired>) -> Result<Vec<PlacedOrganization>> {
        self.run(CLUSTER_LOCK, args![permit.target().uuid()]).await?;
        self.placed_now(permit).await
    }

    /// The same as it is now, without holding anything: to find out whether there is something to do.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placed_now(&mut self, permit: &Permit<SetDesired>) -> Result<Vec<PlacedOrganization>> {
        let rows: Vec<PlacementRow> = self.all(BY_CLUSTER, args![permit.target().uuid()]).await?;
        let gateways = self.gateways_of(permit.target()).await?;
        let mut organizations = self.organizations_placed_on(permit.target()).await?;
        let mut host_names = self.host_names_placed_on(permit.target()).await?;
        let mut placed = Vec::with_capacity(rows.len());
        let mut plans = HashMap::new();
        for row in rows {
            let placement = placement(row)?;
            let organization = organizations.remove(&placement.organization).ok_or(Error::NotFound)?;
            let plan = match plans.entry((organization.realm, organization.plan)) {
                Entry::Occupied(known) => Plan::clone(known.get()),
                Entry::Vacant(unknown) => {
                    unknown.insert(self.plan(organization.realm, organization.plan).await?).clone()
                }
            };
            let gateway_configuration = gateways.iter().find(|one| match placement.gateway {
                GatewayChoice::Shared => one.shared,
                GatewayChoice::Dedicated { configuration } => one.id == configuration,
            });
            placed.push(PlacedOrganization {
                host_names: host_names.remove(&organization.id).unwrap_or_default(),
                gateway_configuration: gateway_configuration.cloned(),
                organization,
                plan,
                placement,
            });
        }
        Ok(placed)
    }

    /// Where an organization is placed, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn placements_of(&mut self, organization: OrganizationId) -> Result<Vec<Placement>> {
        let rows: Vec<PlacementRow> = self.all(BY_ORGANIZATION, args![organization.uuid()]).await?;
        rows.into_iter().map(placement).collect()
    }

    /// The clusters on which anything is placed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn clusters_placed_on(&mut self) -> Result<Vec<ClusterId>> {
        let rows: Vec<(Uuid,)> = self.all(CLUSTERS, args![]).await?;
        Ok(rows.into_iter().map(|(id,)| ClusterId::from_uuid(id)).collect())
    }

    /// Forgets where an organization was placed, once it is taken down everywhere. A set that says otherwise may have come
    /// while that was found out; then nothing is forgotten.
    pub(crate) async fn placements_forget(&mut self, organization: OrganizationId) -> Result<()> {
        let placements = self.placements_of(organization).await?;
        for placement in &placements {
            self.run(CLUSTER_LOCK, args![placement.cluster.uuid()]).await?;
        }
        let wanted: Vec<(Json,)> = self.all(SETS_WANTED, args![organization.uuid()]).await?;
        let wanted =
            wanted.into_iter().map(|(json,)| from_json::<DesiredOrganization>("desired_sets.content", json));
        // What is let go is asked for no longer than until it is done, which was looked at before.
        if wanted.collect::<Result<Vec<_>>>()?.iter().any(|content| !content.released) {
            let detail = "a cluster is still asked to run the organization; it is taken down there first";
            return Err(Error::conflict("still_placed", detail));
        }
        for placement in placements {
            self.change(Change::PlacementGone { organization, cluster: placement.cluster });
        }
        for sql in [FORGET, SETS_FORGET, REPORTS_FORGET] {
            self.run(sql, args![organization.uuid()]).await?;
        }
        Ok(())
    }
}

fn placement(row: PlacementRow) -> Result<Placement> {
    let gateway = row.gateway_configuration_id.map_or(GatewayChoice::Shared, |id| GatewayChoice::Dedicated {
        configuration: GatewayConfigurationId::from_uuid(id),
    });
    Ok(Placement {
        organization: OrganizationId::from_uuid(row.organization_id),
        cluster: ClusterId::from_uuid(row.cluster_id),
        node_pool: row.node_pool.map(|json| from_json("placements.node_pool", json)).transpose()?,
        gateway,
        created_at: Timestamp::from_millis(row.created_at_ms),
        leaving: row.leaving.map(|word| parse::<Leaving>("placements.leaving", &word)).transpose()?,
    })
}
