//! The hub: HTTP API, console, and the door for agents, around the use cases of `bastide_app`.

pub mod config;
pub mod http;
pub mod metrics;
pub mod tasks;
pub mod telemetry;
mod tls;
