//! The use cases of Bastide, one function each, in the order *authorize, load, decide, write, commit, publish*.
//!
//! This crate decides nothing that [`bastide_model`] or [`bastide_authz`] can decide, holds no SQL, and cannot see HTTP:
//! what comes in are domain types and a [`bastide_model::access::Caller`], what goes out are domain types and
//! [`bastide_model::Error`].

pub mod access;
pub mod assignments;
mod attempts;
pub mod audit;
pub mod authority;
pub mod billing;
pub mod client_organizations;
pub mod clusters;
pub mod gateways;
pub mod generations;
pub mod host_names;
pub mod hubs;
pub mod idempotency;
pub mod identity;
pub mod joining;
pub mod licences;
pub mod logins;
pub mod members;
mod organization_lists;
pub mod organizations;
pub mod outbox;
mod passwords;
mod people;
mod personal;
pub mod placement;
pub mod placements;
pub mod plans;
pub mod projects;
pub mod public_organizations;
mod restored;
pub mod roles;
pub mod rotation;
mod secrets;
mod settings;
mod state;
pub mod sweep;
pub mod teams;
pub mod tree;
pub mod users;

pub use bastide_store::{Listed, PageRequest};
pub use restored::restored;
pub use settings::Settings;
pub use state::App;
