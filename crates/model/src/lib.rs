//! The words of Bastide: ids, names, roles, permissions, plans and limits, states and their transitions, and the
//! rules over them that need nothing but their arguments.
//!
//! This crate knows no database, no network, no clock and no randomness: time comes in as [`Timestamp`], new ids
//! come from an [`Ids`]. Whatever can be decided by looking at values is decided here, once.

pub mod access;
pub mod audit;
pub mod cluster;
pub mod error;
pub mod gateway;
pub mod host_name;
pub mod ids;
pub mod labels;
pub mod licence;
pub mod limits;
pub mod names;
pub mod organization;
pub mod permission;
pub mod placement;
pub mod plan;
pub mod preconditions;
pub mod role;
pub mod team;
pub mod time;
pub mod user;

pub use error::{Error, FieldError, Result};
pub use ids::*;
pub use permission::Permission;
pub use time::{Clock, Ids, SystemClock, SystemIds, Timestamp};
