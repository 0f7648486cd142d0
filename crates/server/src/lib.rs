//! The hub: HTTP API, console, controllers, and the door for agents, around the use cases of `bastide_app`.
//!
//! `main` reads the configuration and waits for signals; [`start`] does everything else, so that a hub can run inside
//! another program just as well.

mod agent_listener;
pub mod config;
mod controllers;
pub mod http;
mod licences;
mod listener;
pub mod metrics;
pub mod pages;
mod peer;
mod startup;
pub mod tasks;
pub mod telemetry;
mod tls;

pub use startup::{Running, check, restored, start};
