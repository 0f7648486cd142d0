//! Gateway configurations. A `cluster` is an id or a name, a `configuration` an id.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::gateways::{
    GatewayConfigurationChange, GatewayConfigurationView, NewGatewayConfiguration, SharedGatewayChoice,
    SharedGatewayView,
};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/clusters/{cluster}/gateway-configurations`: what organizations can choose from.
    pub async fn gateway_configurations(
        &self,
        cluster: &str,
        page: PageQuery,
    ) -> Result<Page<GatewayConfigurationView>, ClientError> {
        self.read(Call::get(&["clusters", cluster, "gateway-configurations"]).page(page)).await
    }

    /// `POST /v1/clusters/{cluster}/gateway-configurations`: makes a gateway configuration.
    pub async fn create_gateway_configuration(
        &self,
        cluster: &str,
        configuration: &NewGatewayConfiguration,
    ) -> Result<GatewayConfigurationView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "gateway-configurations"]).json(configuration)?).await
    }

    /// `PUT /v1/clusters/{cluster}/shared-gateway`: says which gateway the organizations of a cluster share.
    pub async fn share_gateway(
        &self,
        cluster: &str,
        choice: &SharedGatewayChoice,
    ) -> Result<SharedGatewayView, ClientError> {
        self.read(Call::new(Method::PUT, &["clusters", cluster, "shared-gateway"]).json(choice)?).await
    }

    /// `GET /v1/gateway-configurations/{gateway_configuration}`: one gateway configuration.
    pub async fn gateway_configuration(
        &self,
        configuration: &str,
    ) -> Result<GatewayConfigurationView, ClientError> {
        self.read(Call::get(&["gateway-configurations", configuration])).await
    }

    /// `PATCH /v1/gateway-configurations/{gateway_configuration}`: changes one that still has this entity tag.
    pub async fn update_gateway_configuration(
        &self,
        configuration: &str,
        etag: &str,
        change: &GatewayConfigurationChange,
    ) -> Result<GatewayConfigurationView, ClientError> {
        let path = ["gateway-configurations", configuration];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `DELETE /v1/gateway-configurations/{gateway_configuration}`: deletes a gateway configuration that nobody uses.
    pub async fn delete_gateway_configuration(&self, configuration: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["gateway-configurations", configuration])).await
    }
}
