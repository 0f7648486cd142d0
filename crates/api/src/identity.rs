//! Who one is: set-up, sign-in of programs, sessions, personal tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{NAME, TEXT, permissions};
use crate::users::UserView;

/// Makes the first site administrator, with the one-time link that the first start printed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupRequest {
    /// The secret of the link.
    #[schemars(length(min = 1, max = 200), regex(pattern = TEXT))]
    pub token: String,
    /// E-mail address to sign in with.
    #[schemars(email, length(min = 3, max = 254))]
    pub email: String,
    /// What people read.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// At least 12 characters.
    #[schemars(length(min = 12, max = 1024), regex(pattern = TEXT))]
    pub password: String,
}

/// The caller.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Me {
    /// The account.
    pub user: UserView,
    /// `session` or `token`.
    pub credential: String,
    /// Name of the token, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_name: Option<String>,
    /// `site` or `client` for an administrator of one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub administration: Option<String>,
}

/// What a device that cannot open a browser shows to its user (RFC 8628, 3.2).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DeviceAuthorization {
    /// The device's secret.
    pub device_code: String,
    /// What the user types.
    pub user_code: String,
    /// Where the user types it.
    pub verification_uri: String,
    /// The same with the code filled in.
    pub verification_uri_complete: String,
    /// Seconds until both end.
    pub expires_in: i64,
    /// Least seconds between two questions.
    pub interval: i64,
}

/// What a program exchanges for a token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "grant", deny_unknown_fields)]
pub enum LoginRequest {
    /// A device's secret, once its user has agreed (RFC 8628). Until then the answer is 400 with the code
    /// `authorization_pending` or `slow_down`.
    DeviceCode {
        /// The device's secret.
        #[schemars(length(min = 1, max = 200))]
        device_code: String,
    },
    /// The code that the browser brought back to the program, with the verifier of PKCE (RFC 7636).
    AuthorizationCode {
        /// The code.
        #[schemars(length(min = 1, max = 200))]
        code: String,
        /// The verifier whose SHA-256 was the challenge.
        #[schemars(length(min = 43, max = 128))]
        verifier: String,
    },
}

/// A token, shown this once.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct IssuedToken {
    /// The secret: give it as `Authorization: Bearer …`.
    pub secret: String,
    /// What is kept of it.
    pub token: TokenView,
}

/// A personal token, without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The first characters of the secret, to recognise it.
    pub prefix: String,
    /// What it can do at most; empty means whatever its owner may.
    pub permissions: Vec<String>,
    /// When it was made (RFC 3339).
    pub created_at: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
    /// When it was last used (RFC 3339).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

/// Asks for a personal token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Its name.
    #[schemars(length(min = 1, max = 255), regex(pattern = NAME))]
    pub name: String,
    /// Days that it works, 1 to 366; 90 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 366))]
    pub days: Option<u32>,
    /// What it can do at most; absent means whatever its owner may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200), extend("items" = permissions()))]
    pub permissions: Option<Vec<String>>,
}

/// A signed-in browser.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The browser, as it calls itself.
    pub user_agent: String,
    /// The address that it signed in from.
    pub address: String,
    /// When it signed in (RFC 3339).
    pub created_at: String,
    /// When it was last used (RFC 3339).
    pub last_used_at: String,
    /// When it ends at the latest (RFC 3339).
    pub expires_at: String,
}
