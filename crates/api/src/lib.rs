//! What goes over the wire: the hub's HTTP API (version 1), problem documents, pages, the agent protocol (version 1),
//! and, behind the feature `client`, the typed client of both.
//!
//! Wire types are not domain types: they are what others have compiled against, and they change only by addition. Ids
//! are opaque text here. Everything that is parsed into a domain type is parsed by the server, once, at the edge.

pub mod access;
pub mod agent;
pub mod audit;
#[cfg(feature = "client")]
pub mod client;
pub mod client_organizations;
pub mod clusters;
pub mod gateways;
pub mod identity;
pub mod members;
pub mod organizations;
pub mod page;
pub mod problem;
pub mod registry;
pub mod roles;
mod schema;
pub mod teams;
pub mod tree;
pub mod users;

pub use page::{Page, PageQuery};
pub use problem::Problem;

/// Media type of problem documents (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";
/// Header that carries the id of a request, both ways.
pub const REQUEST_ID: &str = "request-id";
/// Header with the revision that a write made, or that a read must have reached.
pub const REVISION: &str = "bastide-revision";
/// Header with the key under which the answer to a POST is kept.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
