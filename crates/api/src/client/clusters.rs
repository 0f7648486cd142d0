//! Hubs, join tokens, clusters, licences. A `hub` is an id or a slug, a `cluster` an id or a
//! name.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::clusters::{
    AcceptCluster, AuthorityState, CleanCluster, ClusterView, ForgetCluster, ForgottenCluster, HubView,
    IssuedJoinToken, JoinTokenView, LicenceView, NewJoinToken, RotateAuthority, UploadLicence,
};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/hubs`: the hubs of the installation.
    pub async fn hubs(&self, page: PageQuery) -> Result<Page<HubView>, ClientError> {
        self.read(Call::get(&["hubs"]).page(page)).await
    }

    /// `GET /v1/hubs/{hub}/join-tokens`: the join tokens of a hub.
    pub async fn join_tokens(&self, hub: &str, page: PageQuery) -> Result<Page<JoinTokenView>, ClientError> {
        self.read(Call::get(&["hubs", hub, "join-tokens"]).page(page)).await
    }

    /// `POST /v1/hubs/{hub}/join-tokens`: makes a join token.
    pub async fn create_join_token(
        &self,
        hub: &str,
        token: &NewJoinToken,
    ) -> Result<IssuedJoinToken, ClientError> {
        self.read(Call::post(&["hubs", hub, "join-tokens"]).json(token)?).await
    }

    /// `DELETE /v1/join-tokens/{join_token}`: withdraws a join token.
    pub async fn delete_join_token(&self, join_token: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["join-tokens", join_token])).await
    }

    /// `GET /v1/agent-authority`: the hub's authority for agents.
    pub async fn authority(&self) -> Result<AuthorityState, ClientError> {
        self.read(Call::get(&["agent-authority"])).await
    }

    /// `POST /v1/agent-authority/rotation`: a step of its exchange.
    pub async fn rotate_authority(&self, step: &RotateAuthority) -> Result<AuthorityState, ClientError> {
        self.read(Call::post(&["agent-authority", "rotation"]).json(step)?).await
    }

    /// `GET /v1/clusters`: the clusters that the caller sees.
    pub async fn clusters(&self, page: PageQuery) -> Result<Page<ClusterView>, ClientError> {
        self.read(Call::get(&["clusters"]).page(page)).await
    }

    /// `GET /v1/clusters/{cluster}`: one cluster.
    pub async fn cluster(&self, cluster: &str) -> Result<ClusterView, ClientError> {
        self.read(Call::get(&["clusters", cluster])).await
    }

    /// `DELETE /v1/clusters/{cluster}`: unregisters a cluster; what runs on it is left alone (FLEET-2).
    pub async fn delete_cluster(&self, cluster: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["clusters", cluster])).await
    }

    /// The same while organizations are on it, which stay there as they are. `confirm` is its name.
    pub async fn delete_cluster_and_leave(&self, cluster: &str, confirm: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["clusters", cluster]).query("leave", confirm)).await
    }

    /// `POST /v1/clusters/{cluster}/clean`: takes everything off a cluster, then unregisters it.
    pub async fn clean_cluster(
        &self,
        cluster: &str,
        confirm: &CleanCluster,
    ) -> Result<ClusterView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "clean"]).json(confirm)?).await
    }

    /// `POST /v1/clusters/{cluster}/forget`: forgets a cluster that is lost for ever, and that anything is on it.
    pub async fn forget_cluster(
        &self,
        cluster: &str,
        confirm: &ForgetCluster,
    ) -> Result<ForgottenCluster, ClientError> {
        self.read(Call::post(&["clusters", cluster, "forget"]).json(confirm)?).await
    }

    /// `POST /v1/clusters/{cluster}/accept`: accepts a cluster whose agent has this key.
    pub async fn accept_cluster(
        &self,
        cluster: &str,
        decision: &AcceptCluster,
    ) -> Result<ClusterView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "accept"]).json(decision)?).await
    }

    /// `POST /v1/clusters/{cluster}/deny`: refuses a cluster.
    pub async fn deny_cluster(&self, cluster: &str) -> Result<ClusterView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "deny"])).await
    }

    /// `POST /v1/clusters/{cluster}/withdraw`: takes the acceptance of a cluster back.
    pub async fn withdraw_cluster(&self, cluster: &str) -> Result<ClusterView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "withdraw"])).await
    }

    /// `POST /v1/clusters/{cluster}/follow`: lets its agent follow a hub that was restored from a backup.
    pub async fn follow_cluster(&self, cluster: &str) -> Result<ClusterView, ClientError> {
        self.read(Call::post(&["clusters", cluster, "follow"])).await
    }

    /// `GET /v1/clusters/{cluster}/licence`: its licence and what is to be said of it (FLEET-3).
    pub async fn licence(&self, cluster: &str) -> Result<LicenceView, ClientError> {
        self.read(Call::get(&["clusters", cluster, "licence"])).await
    }

    /// `PUT /v1/clusters/{cluster}/licence`: replaces its licence.
    pub async fn upload_licence(
        &self,
        cluster: &str,
        licence: &UploadLicence,
    ) -> Result<LicenceView, ClientError> {
        self.read(Call::new(Method::PUT, &["clusters", cluster, "licence"]).json(licence)?).await
    }
}
