//! The HTTP layer: from requests to use cases and back. It parses, calls inward once, and converts; it decides nothing.

pub mod address;
pub mod answer;
pub mod authenticate;
pub mod context;
pub mod cookies;
mod csrf;
pub mod describe;
mod error_page;
pub mod extract;
mod gate;
pub mod hub;
pub mod idempotency;
mod json;
mod middleware;
pub mod openapi;
pub mod problem;
pub mod redirect;
pub mod registry;
pub mod routes;
mod security;
mod system;
#[cfg(test)]
mod tests;
