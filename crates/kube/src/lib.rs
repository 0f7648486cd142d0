//! Everything of Bastide that speaks Kubernetes: from an organization to objects ([`render`]), and with the feature
//! `client` onto a cluster and off it again ([`reconcile`]). Also licences ([`licence`]), which bind to a cluster's uid.
//!
//! [`render`], [`licence`] and [`object`] are pure and need no connection; the command line links only those. This
//! crate knows neither the hub nor its store: it is given a desired set and returns a report.

#[cfg(feature = "client")]
pub mod apply;
#[cfg(feature = "client")]
pub mod capabilities;
#[cfg(feature = "client")]
mod compare;
#[cfg(feature = "client")]
pub mod contest;
#[cfg(feature = "client")]
mod error;
pub mod licence;
#[cfg_attr(not(feature = "client"), expect(dead_code, reason = "without it only the names are needed"))]
pub mod network_plugin;
pub mod object;
#[cfg(feature = "client")]
pub mod prune;
#[cfg(feature = "client")]
pub mod reconcile;
#[cfg(feature = "client")]
pub mod record;
#[cfg(feature = "client")]
mod release;
pub mod render;
#[cfg(feature = "client")]
pub mod status;

#[cfg(feature = "client")]
pub use error::{Error, Result};
