//! Gateway configurations of clusters.

use bastide_authz::action::{CreateGateway, DeleteGateway, ViewGateways};
use bastide_model::access::Caller;
use bastide_model::error::FieldErrors;
use bastide_model::gateway::{GatewayConfiguration, Listener};
use bastide_model::labels::is_dns_label;
use bastide_model::names::{DisplayName, Slug};
use bastide_model::{AuditId, ClusterId, GatewayConfigurationId, Result};

use crate::state::{App, unseen};

/// Most listeners of one gateway.
const LISTENERS_MAX: usize = 16;

/// A gateway configuration to be made.
#[derive(Debug, Clone)]
pub struct NewGateway {
    /// What people read.
    pub name: DisplayName,
    /// Short name.
    pub slug: Slug,
    /// Name of the `GatewayClass`.
    pub class: String,
    /// Its listeners.
    pub listeners: Vec<Listener>,
}

impl NewGateway {
    fn check(&self) -> Result<()> {
        let mut errors = FieldErrors::default();
        if !is_dns_label(&self.class) {
            errors.push("/class", "the name of a GatewayClass: 1 to 63 of a–z, 0–9 and `-`");
        }
        if self.listeners.is_empty() || self.listeners.len() > LISTENERS_MAX {
            errors.push("/listeners", format!("a gateway has 1 to {LISTENERS_MAX} listeners"));
        }
        for (index, listener) in self.listeners.iter().enumerate() {
            let earlier = self.listeners.iter().take(index);
            if !is_dns_label(&listener.name) || earlier.clone().any(|other| other.name == listener.name) {
                errors.push(
                    format!("/listeners/{index}/name"),
                    "a name of 1 to 63 of a–z, 0–9 and `-`, each once",
                );
            }
            if listener.port == 0 || earlier.clone().any(|other| other.port == listener.port) {
                errors.push(format!("/listeners/{index}/port"), "a port of 1 to 65535, each once");
            }
        }
        errors.finish()
    }
}

/// The gateway configurations of a cluster.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn list(app: &App, caller: &Caller, cluster: ClusterId) -> Result<Vec<GatewayConfiguration>> {
    let permit = app.authorize::<ViewGateways>(caller, cluster)?;
    app.store().read().await?.gateway_list(&permit).await
}

/// Makes a gateway configuration.
///
/// # Errors
/// [`bastide_model::Error::Invalid`], [`bastide_model::Error::Conflict`] `slug_taken`.
pub async fn create(
    app: &App,
    caller: &Caller,
    cluster: ClusterId,
    input: NewGateway,
) -> Result<GatewayConfiguration> {
    let permit = app.authorize::<CreateGateway>(caller, cluster)?;
    input.check()?;
    let gateway = GatewayConfiguration {
        id: GatewayConfigurationId::fresh(app.ids()),
        cluster,
        slug: input.slug,
        name: input.name,
        class: input.class,
        listeners: input.listeners,
        created_at: app.now(),
    };
    let mut tx = app.store().write().await?;
    tx.gateway_create(&permit, &gateway, AuditId::fresh(app.ids())).await?;
    app.publish(tx.commit().await?).await?;
    Ok(gateway)
}

/// Deletes a gateway configuration that no organization uses.
///
/// # Errors
/// [`bastide_model::Error::NotFound`], [`bastide_model::Error::Conflict`] `gateway_in_use`.
pub async fn delete(app: &App, caller: &Caller, id: GatewayConfigurationId) -> Result<()> {
    let gateway = app.store().read().await?.gateway(id).await?;
    app.authorize::<ViewGateways>(caller, gateway.cluster).map_err(unseen)?;
    let permit = app.authorize::<DeleteGateway>(caller, gateway.cluster)?;
    let mut tx = app.store().write().await?;
    tx.gateway_delete(&permit, &gateway, app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    Ok(())
}
