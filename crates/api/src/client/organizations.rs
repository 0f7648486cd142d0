//! Organizations, client organizations, and where they run. Every `organization` is an id or a slug.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::audit::AuditView;
use crate::client_organizations::{CheckResult, ClientOrganizationDraft, NewClientOrganization};
use crate::organizations::{
    HostNames, NewOrganization, NewPlacement, OrganizationChange, OrganizationView, PlacementView,
    PublicOrganizationView, ResourceQuery, ResourceView,
};
use crate::tree::{DeletionView, Move, MovePreview};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/organizations`: the organizations that the caller sees.
    pub async fn organizations(&self, page: PageQuery) -> Result<Page<OrganizationView>, ClientError> {
        self.read(Call::get(&["organizations"]).page(page)).await
    }

    /// `GET /v1/public-organizations`: the public organizations of the caller's realm.
    pub async fn public_organizations(
        &self,
        page: PageQuery,
    ) -> Result<Page<PublicOrganizationView>, ClientError> {
        self.read(Call::get(&["public-organizations"]).page(page)).await
    }

    /// `GET /v1/public-organizations/{organization}`: what a public organization tells everybody in its realm.
    pub async fn public_organization(
        &self,
        organization: &str,
    ) -> Result<PublicOrganizationView, ClientError> {
        self.read(Call::get(&["public-organizations", organization])).await
    }

    /// `POST /v1/organizations`: creates an organization.
    pub async fn create_organization(
        &self,
        organization: &NewOrganization,
    ) -> Result<OrganizationView, ClientError> {
        self.read(Call::post(&["organizations"]).json(organization)?).await
    }

    /// `GET /v1/organizations/{organization}`: one organization.
    pub async fn organization(&self, organization: &str) -> Result<OrganizationView, ClientError> {
        self.read(Call::get(&["organizations", organization])).await
    }

    /// `PATCH /v1/organizations/{organization}`: changes an organization that still has this entity tag.
    pub async fn update_organization(
        &self,
        organization: &str,
        etag: &str,
        change: &OrganizationChange,
    ) -> Result<OrganizationView, ClientError> {
        let path = ["organizations", organization];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `PUT /v1/organizations/{organization}/host-names`: says which host names an organization owns.
    pub async fn update_host_names(
        &self,
        organization: &str,
        etag: &str,
        owned: &HostNames,
    ) -> Result<OrganizationView, ClientError> {
        let path = ["organizations", organization, "host-names"];
        self.read(Call::new(Method::PUT, &path).if_match(etag)?.json(owned)?).await
    }

    /// `POST /v1/organizations/{organization}/move`: moves it, with everything beneath it.
    pub async fn move_organization(
        &self,
        organization: &str,
        etag: &str,
        to: &Move,
    ) -> Result<OrganizationView, ClientError> {
        let path = ["organizations", organization, "move"];
        self.read(Call::post(&path).if_match(etag)?.json(to)?).await
    }

    /// `POST /v1/organizations/{organization}/move/preview`: what a move would do; changes nothing.
    pub async fn preview_move(&self, organization: &str, to: &Move) -> Result<MovePreview, ClientError> {
        self.read(Call::post(&["organizations", organization, "move", "preview"]).json(to)?).await
    }

    /// `GET /v1/organizations/{organization}/children`: the organizations directly beneath it that the caller sees.
    pub async fn children(
        &self,
        organization: &str,
        page: PageQuery,
    ) -> Result<Page<OrganizationView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "children"]).page(page)).await
    }

    /// `GET /v1/organizations/{organization}/deletion`: what blocks its deletion.
    pub async fn deletion(&self, organization: &str) -> Result<DeletionView, ClientError> {
        self.read(Call::get(&["organizations", organization, "deletion"])).await
    }

    /// `DELETE /v1/organizations/{organization}`: begins to take an organization down. `confirm` is its slug.
    pub async fn delete_organization(
        &self,
        organization: &str,
        etag: &str,
        confirm: &str,
    ) -> Result<OrganizationView, ClientError> {
        let path = ["organizations", organization];
        self.read(Call::delete(&path).if_match(etag)?.query("confirm", confirm)).await
    }

    /// `GET /v1/organizations/{organization}/placements`: where it runs.
    pub async fn placements(
        &self,
        organization: &str,
        page: PageQuery,
    ) -> Result<Page<PlacementView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "placements"]).page(page)).await
    }

    /// `GET /v1/organizations/{organization}/resources`: what was put on clusters for it.
    pub async fn resources(
        &self,
        organization: &str,
        query: &ResourceQuery,
    ) -> Result<Page<ResourceView>, ClientError> {
        let path = ["organizations", organization, "resources"];
        let mut call = Call::get(&path).page(PageQuery {
            page_size: query.page_size,
            page_token: query.page_token.clone(),
            search: query.search.clone(),
        });
        let ready = query.ready.map(|ready| ready.to_string());
        for (name, value) in [("cluster", &query.cluster), ("kind", &query.kind), ("ready", &ready)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        self.read(call).await
    }

    /// `POST /v1/organizations/{organization}/placements`: places it on another cluster.
    ///
    /// # Errors
    /// [`ClientError::Problem`] with the code `preconditions_failed` and every precondition, besides the others.
    pub async fn create_placement(
        &self,
        organization: &str,
        placement: &NewPlacement,
    ) -> Result<PlacementView, ClientError> {
        self.read(Call::post(&["organizations", organization, "placements"]).json(placement)?).await
    }

    /// `DELETE /v1/organizations/{organization}/placements/{cluster}`: begins to take it off a cluster. `confirm` is the
    /// cluster's name; with `release` everything stays there.
    pub async fn delete_placement(
        &self,
        organization: &str,
        cluster: &str,
        (confirm, release): (&str, bool),
    ) -> Result<PlacementView, ClientError> {
        let path = ["organizations", organization, "placements", cluster];
        let call = Call::delete(&path).query("confirm", confirm);
        self.read(if release { call.query("release", "true") } else { call }).await
    }

    /// `GET /v1/organizations/{organization}/audit`: what was changed in it.
    pub async fn organization_audit(
        &self,
        organization: &str,
        page: PageQuery,
    ) -> Result<Page<AuditView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "audit"]).page(page)).await
    }

    /// `POST /v1/client-organizations`: creates a client organization (FLEET-4).
    ///
    /// # Errors
    /// [`ClientError::Problem`] with the code `preconditions_failed` and every precondition, besides the others.
    pub async fn create_client_organization(
        &self,
        organization: &NewClientOrganization,
    ) -> Result<OrganizationView, ClientError> {
        self.read(Call::post(&["client-organizations"]).json(organization)?).await
    }

    /// `POST /v1/client-organizations/check`: whether it could be created; changes nothing.
    pub async fn check_client_organization(
        &self,
        draft: &ClientOrganizationDraft,
    ) -> Result<CheckResult, ClientError> {
        self.read(Call::post(&["client-organizations", "check"]).json(draft)?).await
    }
}
