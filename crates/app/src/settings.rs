//! What the program that runs the use cases has to say about itself.

use std::sync::Arc;

use bastide_model::licence::Examination;

/// Settings of the use cases.
#[derive(Clone)]
pub struct Settings {
    /// `sqlite:<path>` or `postgres://…`.
    pub database: String,
    /// Where browsers and programs reach the hub, without a slash at the end; links are made from it and from nothing
    /// else (E-40).
    pub public_url: String,
    /// Where agents reach the hub, without a slash at the end; its host is the name in the hub's certificate.
    pub agent_url: String,
    /// Reads a licence and checks its chain against the configured authorities. Parsing X.509 is not a use case, so it
    /// is handed in.
    pub examine_licence: Arc<dyn Fn(&str) -> Examination + Send + Sync>,
}
