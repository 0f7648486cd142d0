//! Gateway configurations of clusters.

use bastide_authz::Permit;
use bastide_authz::action::{CreateGateway, DeleteGateway, ViewGateways};
use bastide_model::gateway::GatewayConfiguration;
use bastide_model::{AuditId, ClusterId, Error, GatewayConfigurationId, Result, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;

statements! {
    INSERT = "insert into gateway_configurations (id, cluster_id, slug, name, class, listeners, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    LIST = "select id, cluster_id, slug, name, class, listeners, created_at_ms from gateway_configurations \
        where cluster_id = $1 order by slug";
    ONE = "select id, cluster_id, slug, name, class, listeners, created_at_ms from gateway_configurations where id = $1";
    USED_BY = "select o.slug from placements p join organizations o on o.id = p.organization_id \
        where p.gateway_configuration_id = $1 order by o.slug limit 5";
    DELETE = "delete from gateway_configurations where id = $1 and cluster_id = $2";
}

rows! {
    GatewayRow {
        id: Uuid, cluster_id: Uuid, slug: String, name: String, class: String, listeners: Json, created_at_ms: i64,
    }
}

impl Tx {
    /// Stores a gateway configuration.
    ///
    /// # Errors
    /// [`Error::Conflict`] `slug_taken` naming the slug.
    pub async fn gateway_create(
        &mut self,
        permit: &Permit<CreateGateway>,
        gateway: &GatewayConfiguration,
        audit: AuditId,
    ) -> Result<()> {
        let args = args![
            gateway.id.uuid(),
            permit.target().uuid(),
            gateway.slug.as_str(),
            gateway.name.as_str(),
            gateway.class.as_str(),
            to_json(&gateway.listeners)?,
            gateway.created_at.as_millis(),
        ];
        let taken = || format!("the cluster has a gateway configuration `{}` already", gateway.slug);
        self.run(INSERT, args).await.map_err(say("slug_taken", taken))?;
        let target = Target::new("gateway_configuration", gateway.id, &gateway.slug);
        let after = json!({"name": gateway.name, "class": gateway.class, "listeners": gateway.listeners});
        self.audit(permit, (audit, gateway.created_at), target, None, Some(after)).await
    }

    /// The gateway configurations of a cluster, for who may see them.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn gateway_list(&mut self, permit: &Permit<ViewGateways>) -> Result<Vec<GatewayConfiguration>> {
        self.gateways_of(permit.target()).await
    }

    /// The gateway configurations of a cluster, for the rules.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn gateways_of(&mut self, cluster: ClusterId) -> Result<Vec<GatewayConfiguration>> {
        let rows: Vec<GatewayRow> = self.all(LIST, args![cluster.uuid()]).await?;
        rows.into_iter().map(gateway).collect()
    }

    /// One gateway configuration, to learn its cluster; who asks is authorized on the cluster afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none.
    pub async fn gateway(&mut self, id: GatewayConfigurationId) -> Result<GatewayConfiguration> {
        gateway(self.maybe::<GatewayRow>(ONE, args![id.uuid()]).await?.ok_or(Error::NotFound)?)
    }

    /// Deletes a gateway configuration that no organization uses.
    ///
    /// # Errors
    /// [`Error::Conflict`] `gateway_in_use` naming who uses it.
    pub async fn gateway_delete(
        &mut self,
        permit: &Permit<DeleteGateway>,
        gateway: &GatewayConfiguration,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let users: Vec<(String,)> = self.all(USED_BY, args![gateway.id.uuid()]).await?;
        if !users.is_empty() {
            let names = users.into_iter().map(|(slug,)| slug).collect::<Vec<_>>().join(", ");
            return Err(Error::conflict("gateway_in_use", format!("`{}` is used by {names}", gateway.slug)));
        }
        if self.run(DELETE, args![gateway.id.uuid(), permit.target().uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        let target = Target::new("gateway_configuration", gateway.id, &gateway.slug);
        self.audit(permit, audit, target, Some(json!({"name": gateway.name, "class": gateway.class})), None)
            .await
    }
}

fn gateway(row: GatewayRow) -> Result<GatewayConfiguration> {
    Ok(GatewayConfiguration {
        id: GatewayConfigurationId::from_uuid(row.id),
        cluster: ClusterId::from_uuid(row.cluster_id),
        slug: parse("gateway_configurations.slug", &row.slug)?,
        name: parse("gateway_configurations.name", &row.name)?,
        class: row.class,
        listeners: from_json("gateway_configurations.listeners", row.listeners)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
    })
}
