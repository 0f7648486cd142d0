//! Gateway configurations of clusters.

use bastide_authz::action::{CreateGateway, DeleteGateway, ShareGateway, UpdateGateway, ViewGateways};
use bastide_authz::{Action, Permit};
use bastide_model::cluster::Cluster;
use bastide_model::gateway::{GatewayConfiguration, GatewaySpec};
use bastide_model::names::Slug;
use bastide_model::{AuditId, ClusterId, Error, GatewayConfigurationId, OrganizationId, Result, Timestamp};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;

statements! {
    INSERT = "insert into gateway_configurations (id, cluster_id, slug, name, class, listeners, addresses, certificates, \
        shared, created_at_ms, revision) values ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, 1)";
    LIST = "select id, cluster_id, slug, name, class, listeners, addresses, certificates, shared, created_at_ms, revision \
        from gateway_configurations where cluster_id = $1 order by slug";
    ONE = "select id, cluster_id, slug, name, class, listeners, addresses, certificates, shared, created_at_ms, revision \
        from gateway_configurations where id = $1";
    CLUSTER_HELD = "update clusters set revision = revision where id = $1 and deleted_at_ms is null";
    USED_BY = "select o.id, o.slug from placements p join organizations o on o.id = p.organization_id \
        where p.gateway_configuration_id = $1 order by o.slug";
    SHARED_BY = "select o.id, o.slug from placements p join organizations o on o.id = p.organization_id \
        where p.cluster_id = $1 and p.gateway_configuration_id is null order by o.slug";
    UPDATE = "update gateway_configurations set name = $4, class = $5, listeners = $6, addresses = $7, certificates = $8, \
        revision = revision + 1 where id = $1 and cluster_id = $2 and revision = $3";
    UNSHARE = "update gateway_configurations set shared = false, revision = revision + 1 where cluster_id = $1 and shared";
    SHARE = "update gateway_configurations set shared = true, revision = revision + 1 where id = $1 and cluster_id = $2";
    DELETE = "delete from gateway_configurations where id = $1 and cluster_id = $2";
}

rows! {
    GatewayRow {
        id: Uuid, cluster_id: Uuid, slug: String, name: String, class: String, listeners: Json, addresses: Json,
        certificates: String, shared: bool, created_at_ms: i64, revision: i64,
    }
    UserRow { id: Uuid, slug: String, }
}

impl Tx {
    /// Stores a gateway configuration, which nobody shares yet.
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
            gateway.spec.class.as_str(),
            to_json(&gateway.spec.listeners)?,
            to_json(&gateway.spec.addresses)?,
            gateway.certificates.as_str(),
            gateway.created_at.as_millis(),
        ];
        let taken = || format!("the cluster has a gateway configuration `{}` already", gateway.slug);
        self.run(INSERT, args).await.map_err(say("slug_taken", taken))?;
        let target = Target::new("gateway_configuration", gateway.id, &gateway.slug);
        self.audit(permit, (audit, gateway.created_at), target, None, Some(fields(gateway))).await
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

    /// Holds the cluster until the end of the transaction, so that nothing is placed on it meanwhile, and says which
    /// organizations use one of its configurations: for themselves, or together when it is the shared one.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the configuration is another cluster's.
    pub async fn gateway_users<A: Action<Target = ClusterId>>(
        &mut self,
        permit: &Permit<A>,
        gateway: &GatewayConfiguration,
    ) -> Result<Vec<(OrganizationId, Slug)>> {
        if gateway.cluster != permit.target() {
            return Err(Error::NotFound);
        }
        self.run(CLUSTER_HELD, args![gateway.cluster.uuid()]).await?;
        let mut rows: Vec<UserRow> = self.all(USED_BY, args![gateway.id.uuid()]).await?;
        if gateway.shared {
            rows.extend(self.all::<UserRow>(SHARED_BY, args![gateway.cluster.uuid()]).await?);
        }
        rows.into_iter()
            .map(|row| Ok((OrganizationId::from_uuid(row.id), parse("organizations.slug", &row.slug)?)))
            .collect()
    }

    /// Stores a changed gateway configuration, if nobody else changed it in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody did.
    pub async fn gateway_update(
        &mut self,
        permit: &Permit<UpdateGateway>,
        (before, after): (&GatewayConfiguration, &GatewayConfiguration),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let args = args![
            before.id.uuid(),
            permit.target().uuid(),
            before.revision,
            after.name.as_str(),
            after.spec.class.as_str(),
            to_json(&after.spec.listeners)?,
            to_json(&after.spec.addresses)?,
            after.certificates.as_str(),
        ];
        if self.run(UPDATE, args).await? == 0 {
            return Err(Error::Stale);
        }
        let target = Target::new("gateway_configuration", before.id, &before.slug);
        self.audit(permit, audit, target, Some(fields(before)), Some(fields(after))).await
    }

    /// Stores which configuration the organizations of a cluster share from now on: another one, or none.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the configuration is another cluster's, or gone.
    pub async fn gateway_share(
        &mut self,
        permit: &Permit<ShareGateway>,
        cluster: &Cluster,
        (before, after): (Option<&GatewayConfiguration>, Option<&GatewayConfiguration>),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let id = permit.target().uuid();
        self.run(CLUSTER_HELD, args![id]).await?;
        self.run(UNSHARE, args![id]).await?;
        if let Some(after) = after
            && self.run(SHARE, args![after.id.uuid(), id]).await? == 0
        {
            return Err(Error::NotFound);
        }
        let shared =
            |one: Option<&GatewayConfiguration>| json!({ "shared_gateway": one.map(|one| &one.slug) });
        let target = Target::new("cluster", cluster.id, &cluster.name);
        self.audit(permit, audit, target, Some(shared(before)), Some(shared(after))).await
    }

    /// Deletes a gateway configuration that no organization uses. Who names those that do asks before, in this
    /// transaction ([`Tx::gateway_users`]).
    ///
    /// # Errors
    /// [`Error::Conflict`] `gateway_in_use` while one does.
    pub async fn gateway_delete(
        &mut self,
        permit: &Permit<DeleteGateway>,
        gateway: &GatewayConfiguration,
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let users = self.gateway_users(permit, gateway).await?.len();
        if users > 0 {
            let detail = format!("`{}` is used by {users} organizations", gateway.slug);
            return Err(Error::conflict("gateway_in_use", detail));
        }
        if self.run(DELETE, args![gateway.id.uuid(), permit.target().uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        let target = Target::new("gateway_configuration", gateway.id, &gateway.slug);
        self.audit(permit, audit, target, Some(fields(gateway)), None).await
    }
}

/// What is written down of a configuration.
fn fields(gateway: &GatewayConfiguration) -> Json {
    json!({
        "name": gateway.name, "class": gateway.spec.class, "listeners": gateway.spec.listeners,
        "addresses": gateway.spec.addresses, "certificates": gateway.certificates,
    })
}

fn gateway(row: GatewayRow) -> Result<GatewayConfiguration> {
    Ok(GatewayConfiguration {
        id: GatewayConfigurationId::from_uuid(row.id),
        cluster: ClusterId::from_uuid(row.cluster_id),
        slug: parse("gateway_configurations.slug", &row.slug)?,
        name: parse("gateway_configurations.name", &row.name)?,
        spec: GatewaySpec {
            class: row.class,
            listeners: from_json("gateway_configurations.listeners", row.listeners)?,
            addresses: from_json("gateway_configurations.addresses", row.addresses)?,
        },
        certificates: parse("gateway_configurations.certificates", &row.certificates)?,
        shared: row.shared,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
