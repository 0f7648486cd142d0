//! Who one is: set-up, sign-in of programs, sessions, personal tokens.

use super::transport::Call;
use super::{Client, ClientError};
use crate::identity::{
    DeviceAuthorization, IssuedToken, LoginRequest, Me, NewToken, SessionView, SetupRequest, TokenView,
};
use crate::{Page, PageQuery};

impl Client {
    /// `GET /v1/me`: the caller.
    pub async fn me(&self) -> Result<Me, ClientError> {
        self.read(Call::get(&["me"])).await
    }

    /// `POST /v1/setup`: makes the first site administrator.
    pub async fn set_up(&self, request: &SetupRequest) -> Result<(), ClientError> {
        self.done(Call::post(&["setup"]).json(request)?).await
    }

    /// `POST /v1/device-authorizations`: begins the sign-in of a device without a browser (RFC 8628).
    pub async fn authorize_device(&self) -> Result<DeviceAuthorization, ClientError> {
        self.read(Call::post(&["device-authorizations"])).await
    }

    /// `POST /v1/login-tokens`: exchanges a code for a token.
    ///
    /// # Errors
    /// [`ClientError::Problem`] with the code `authorization_pending`, `slow_down`, `expired_token` or `access_denied`
    /// (RFC 8628, 3.5), besides the others.
    pub async fn exchange_code(&self, request: &LoginRequest) -> Result<IssuedToken, ClientError> {
        self.read(Call::post(&["login-tokens"]).json(request)?).await
    }

    /// `GET /v1/me/sessions`: the caller's signed-in browsers.
    pub async fn sessions(&self, page: PageQuery) -> Result<Page<SessionView>, ClientError> {
        self.read(Call::get(&["me", "sessions"]).page(page)).await
    }

    /// `DELETE /v1/me/sessions/{session}`: signs one browser out.
    pub async fn end_session(&self, session: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["me", "sessions", session])).await
    }

    /// `DELETE /v1/me/sessions`: signs out everywhere.
    pub async fn end_sessions(&self) -> Result<(), ClientError> {
        self.done(Call::delete(&["me", "sessions"])).await
    }

    /// `GET /v1/me/tokens`: the caller's personal tokens.
    pub async fn tokens(&self, page: PageQuery) -> Result<Page<TokenView>, ClientError> {
        self.read(Call::get(&["me", "tokens"]).page(page)).await
    }

    /// `POST /v1/me/tokens`: makes a personal token.
    pub async fn create_token(&self, token: &NewToken) -> Result<IssuedToken, ClientError> {
        self.read(Call::post(&["me", "tokens"]).json(token)?).await
    }

    /// `DELETE /v1/me/tokens/{token}`: withdraws a personal token.
    pub async fn delete_token(&self, token: &str) -> Result<(), ClientError> {
        self.done(Call::delete(&["me", "tokens", token])).await
    }
}
