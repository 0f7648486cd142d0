//! Operations for whoever runs the installation.

use axum::extract::State;
use bastide_model::Error;

use super::answer::Plain;
use super::hub::Hub;
use super::problem::Failure;
use super::{openapi, routes};
use crate::metrics;

const TEXT: &str = "text/plain; charset=utf-8";

/// Whether the process is alive: it answers.
pub(crate) async fn healthz(State(_): State<Hub>) -> Result<Plain, Failure> {
    Ok(Plain::new(TEXT, "ok\n"))
}

/// Whether requests should be sent here: the database is reachable, the graph is loaded, and the end has not begun.
pub(crate) async fn readyz(State(hub): State<Hub>) -> Result<Plain, Failure> {
    if hub.tasks.draining().is_cancelled() {
        return Err(Error::Unavailable { detail: "the server is shutting down".to_owned() }.into());
    }
    hub.app.ready().await?;
    Ok(Plain::new(TEXT, "ready\n"))
}

/// Numbers about the process.
pub(crate) async fn metrics(State(hub): State<Hub>) -> Result<Plain, Failure> {
    Ok(Plain::new(metrics::MEDIA_TYPE, hub.metrics.text()))
}

/// The description of the API.
pub(crate) async fn openapi(State(_): State<Hub>) -> Result<Plain, Failure> {
    static DOCUMENT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let document = DOCUMENT.get_or_init(|| openapi::text(&routes::operations()));
    Ok(Plain::new("application/json", document.as_str()))
}
