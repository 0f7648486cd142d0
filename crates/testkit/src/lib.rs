//! What the whole-system tests and the demo stand on: real Kubernetes control planes, a real PostgreSQL, the real
//! programs, and child processes that never outlive their owner.

pub mod assets;
pub mod benchmark;
pub mod browser;
pub mod cast;
pub mod cli;
pub mod control_plane;
pub mod fake_agent;
mod gateways;
pub mod hub;
pub mod line;
pub mod measure;
pub mod pki;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod routes;
pub mod spoke;
pub mod stories;
pub mod wait;
pub mod web;
