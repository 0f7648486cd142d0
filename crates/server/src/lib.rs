//! The hub: HTTP API, console, and the door for agents, around the use cases of `bastide_app`.

mod agent_listener;
pub mod config;
pub mod http;
mod listener;
pub mod metrics;
mod peer;
pub mod tasks;
pub mod telemetry;
mod tls;
