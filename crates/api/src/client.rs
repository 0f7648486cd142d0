//! The typed client of the hub's API: one method per operation, errors as [`Problem`](crate::Problem).
//!
//! It knows HTTP and the wire types and nothing of contexts, files or terminals. It sends a token only over TLS or to
//! this very machine, follows no redirects, and gives every authenticated POST an idempotency key so that a request
//! whose answer was lost can be sent once more.

mod clusters;
mod error;
mod gateways;
mod identity;
mod members;
mod organizations;
mod paging;
mod registry;
mod roles;
mod secret;
mod teams;
mod transport;

pub use error::{ClientError, TransportKind};
pub use paging::all_pages;
pub use secret::Secret;
pub use transport::Client;
