//! Custom roles, and why somebody may do something. An `organization` is an id or a slug, and so is a `role`.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::access::{AccessQuery, AccessView};
use crate::roles::{NewRole, RoleChange, RoleView};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/organizations/{organization}/roles`: the roles that can be given at an organization.
    pub async fn roles(&self, organization: &str, page: PageQuery) -> Result<Page<RoleView>, ClientError> {
        self.read(Call::get(&["organizations", organization, "roles"]).page(page)).await
    }

    /// `POST /v1/organizations/{organization}/roles`: defines a custom role.
    pub async fn create_role(&self, organization: &str, role: &NewRole) -> Result<RoleView, ClientError> {
        self.read(Call::post(&["organizations", organization, "roles"]).json(role)?).await
    }

    /// `GET /v1/organizations/{organization}/roles/{role}`: one role.
    pub async fn role(&self, organization: &str, role: &str) -> Result<RoleView, ClientError> {
        self.read(Call::get(&["organizations", organization, "roles", role])).await
    }

    /// `PATCH /v1/organizations/{organization}/roles/{role}`: changes one that still has this entity tag.
    pub async fn update_role(
        &self,
        organization: &str,
        role: &str,
        etag: &str,
        change: &RoleChange,
    ) -> Result<RoleView, ClientError> {
        let path = ["organizations", organization, "roles", role];
        self.read(Call::new(Method::PATCH, &path).if_match(etag)?.json(change)?).await
    }

    /// `DELETE /v1/organizations/{organization}/roles/{role}`: deletes a custom role that nobody has.
    pub async fn delete_role(&self, organization: &str, role: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["organizations", organization, "roles", role])).await
    }

    /// `GET /v1/access`: why somebody may do something, or what is missing.
    pub async fn access(&self, query: &AccessQuery) -> Result<AccessView, ClientError> {
        let AccessQuery { action, user, organization, team, project, cluster } = query.clone();
        let mut call = Call::get(&["access"]).query("action", action);
        let given = [
            ("user", user),
            ("organization", organization),
            ("team", team),
            ("project", project),
            ("cluster", cluster),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        self.read(call).await
    }
}
