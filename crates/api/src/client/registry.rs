//! Accounts, plans, permissions, the installation's audit log.

use reqwest::Method;

use super::transport::Call;
use super::{Client, ClientError};
use crate::audit::AuditView;
use crate::registry::{PermissionView, PlanView};
use crate::users::{NewAccount, UserChange, UserView};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/users`: the accounts that the caller sees.
    pub async fn users(&self, page: PageQuery) -> Result<Page<UserView>, ClientError> {
        self.read(Call::get(&["users"]).page(page)).await
    }

    /// `POST /v1/users`: creates an account.
    pub async fn create_user(&self, user: impl Into<NewAccount>) -> Result<UserView, ClientError> {
        self.read(Call::post(&["users"]).json(&user.into())?).await
    }

    /// `GET /v1/users/{user}`: one account.
    pub async fn user(&self, user: &str) -> Result<UserView, ClientError> {
        self.read(Call::get(&["users", user])).await
    }

    /// `PATCH /v1/users/{user}`: says what an account that still has this entity tag may be used for.
    pub async fn update_user(
        &self,
        user: &str,
        etag: &str,
        change: &UserChange,
    ) -> Result<UserView, ClientError> {
        self.read(Call::new(Method::PATCH, &["users", user]).if_match(etag)?.json(change)?).await
    }

    /// `GET /v1/plans`: the plans of the realm.
    pub async fn plans(&self, page: PageQuery) -> Result<Page<PlanView>, ClientError> {
        self.read(Call::get(&["plans"]).page(page)).await
    }

    /// `GET /v1/permissions`: every permission key and what it allows.
    pub async fn permissions(&self, page: PageQuery) -> Result<Page<PermissionView>, ClientError> {
        self.read(Call::get(&["permissions"]).page(page)).await
    }

    /// `GET /v1/audit`: what was changed in the installation.
    pub async fn audit(&self, page: PageQuery) -> Result<Page<AuditView>, ClientError> {
        self.read(Call::get(&["audit"]).page(page)).await
    }
}
