//! Who asks: the caller of a request after authentication, as values.

use crate::permission::PermissionSet;
use crate::{RealmId, RequestId, SessionId, TokenId, UserId};

/// How the caller proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Credential {
    /// A browser's session.
    Session(SessionId),
    /// A personal token.
    Token(TokenId),
    /// The installation itself: a named controller, or the set-up of an empty installation.
    System(&'static str),
}

/// Who asks, and from where. Made by authentication only; what the caller may do is decided by `bastide_authz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: UserId,
    /// The realm whose door the caller came through (CLI-2).
    pub realm: RealmId,
    /// How they proved who they are.
    pub credential: Credential,
    /// The most that the credential can do, whatever the account may (SEC-3).
    pub ceiling: PermissionSet,
    /// Address that the request came from; empty for the installation itself.
    pub address: String,
    /// Which request, for logs and audit.
    pub request: RequestId,
}
