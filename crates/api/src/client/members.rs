//! Members of organizations, their roles, and billing. Every `organization` is an id or a slug.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::members::{
    AssignmentChange, AssignmentView, BillingView, Colleague, MemberQuery, MemberView, NewAssignment,
};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/organizations/{organization}/members`: who belongs to it, and by what.
    pub async fn members(
        &self,
        organization: &str,
        query: &MemberQuery,
    ) -> Result<Page<MemberView>, ClientError> {
        let path = ["organizations", organization, "members"];
        let mut call = Call::get(&path).page(PageQuery {
            page_size: query.page_size,
            page_token: query.page_token.clone(),
            search: query.search.clone(),
        });
        for (name, value) in [("source", &query.source), ("role", &query.role)] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        self.read(call).await
    }

    /// `DELETE /v1/organizations/{organization}/members/{user}`: ends everything that somebody has in it.
    pub async fn remove_member(&self, organization: &str, user: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["organizations", organization, "members", user])).await
    }

    /// `POST /v1/organizations/{organization}/assignments`: gives somebody a role.
    pub async fn create_assignment(
        &self,
        organization: &str,
        assignment: &NewAssignment,
    ) -> Result<AssignmentView, ClientError> {
        self.read(Call::post(&["organizations", organization, "assignments"]).json(assignment)?).await
    }

    /// `PATCH /v1/organizations/{organization}/assignments/{assignment}`: how far a role that still has this entity tag
    /// reaches, and when it ends.
    pub async fn update_assignment(
        &self,
        organization: &str,
        assignment: &str,
        etag: &str,
        change: &AssignmentChange,
    ) -> Result<AssignmentView, ClientError> {
        let path = ["organizations", organization, "assignments", assignment];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `DELETE /v1/organizations/{organization}/assignments/{assignment}`: takes a role away.
    pub async fn delete_assignment(&self, organization: &str, assignment: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["organizations", organization, "assignments", assignment])).await
    }

    /// `POST /v1/organizations/{organization}/leave`: leaves it.
    pub async fn leave_organization(&self, organization: &str) -> Result<(), ClientError> {
        self.done(Call::post(&["organizations", organization, "leave"])).await
    }

    /// `GET /v1/me/billing`: the organizations whose billing one sees.
    pub async fn my_billing(&self, page: PageQuery) -> Result<Page<BillingView>, ClientError> {
        self.read(Call::get(&["me", "billing"]).page(page)).await
    }

    /// `GET /v1/organizations/{organization}/billing`: its billing.
    pub async fn billing(&self, organization: &str) -> Result<BillingView, ClientError> {
        self.read(Call::get(&["organizations", organization, "billing"])).await
    }

    /// `PUT /v1/organizations/{organization}/billing/administrators/{user}`: makes somebody a billing administrator.
    pub async fn assign_billing(&self, organization: &str, user: &str) -> Result<Colleague, ClientError> {
        let path = ["organizations", organization, "billing", "administrators", user];
        self.read(Call::new(Method::PUT, &path)).await
    }

    /// `DELETE /v1/organizations/{organization}/billing/administrators/{user}`: takes that away.
    pub async fn withdraw_billing(&self, organization: &str, user: &str) -> Result<(), ClientError> {
        let path = ["organizations", organization, "billing", "administrators", user];
        self.done(Call::delete(&path)).await
    }
}
