//! Which organization runs on which cluster, and how.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use bastide_authz::Change;
use bastide_authz::Permit;
use bastide_authz::action::{CreateClientOrganization, SetDesired};
use bastide_model::gateway::GatewayChoice;
use bastide_model::placement::{PlacedOrganization, Placement};
use bastide_model::plan::Plan;
use bastide_model::{ClusterId, Error, GatewayConfigurationId, OrganizationId, RealmId, Result, Timestamp};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::db::{Tx, args, from_json, rows, statements, to_json};

statements! {
    INSERT = "insert into placements (realm_id, organization_id, cluster_id, node_pool, gateway_configuration_id, \
        created_at_ms) values ($1, $2, $3, $4, $5, $6)";
    BY_CLUSTER = "select organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms from placements \
        where cluster_id = $1 order by organization_id";
    BY_ORGANIZATION = "select organization_id, cluster_id, node_pool, gateway_configuration_id, created_at_ms \
        from placements where organization_id = $1 order by cluster_id";
    FORGET = "delete from placements where organization_id = $1";
    SETS_FORGET = "delete from desired_sets where organization_id = $1";
    REPORTS_FORGET = "delete from reported_sets where organization_id = $1";
    JOINED_LOCK = "update clusters set revision = revision where id = $1 and membership = 'joined' and deleted_at_ms is null";
    CLUSTER_LOCK = "update clusters set revision = revision where id = $1";
    SETS_WANTED = "select count(*) from desired_sets where organization_id = $1 and content is not null";
    CLUSTERS = "select distinct cluster_id from placements";
}

rows! {
    PlacementRow {
        organization_id: Uuid, cluster_id: Uuid, node_pool: Option<Json>, gateway_configuration_id: Option<Uuid>,
        created_at_ms: i64,
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
        self.run(INSERT, args).await?;
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
            let wanted = match placement.gateway {
                GatewayChoice::Shared => None,
                GatewayChoice::Dedicated { configuration } => Some(configuration),
            };
            let gateway_configuration = gateways.iter().find(|one| Some(one.id) == wanted).cloned();
            placed.push(PlacedOrganization { organization, plan, placement, gateway_configuration });
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
        if self.one::<(i64,)>(SETS_WANTED, args![organization.uuid()]).await?.0 > 0 {
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
    })
}
