//! THE route table: every operation that the hub serves to people and programs is a row here, and nowhere else. What
//! agents are served is the table in `http::agent`.

use http::Method;

use super::describe::Endpoint;
use super::registry::Access::Public;
use super::registry::Surface::System;
use super::registry::{Access, Operation, Surface};
use super::system;

/// Every row.
pub fn operations() -> Vec<Operation> {
    let mut rows = Vec::new();
    rows.extend(system_rows());
    rows
}

fn get<M: 'static>(
    path: &'static str,
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    access: Access,
    surface: Surface,
    handler: impl Endpoint<M>,
) -> Operation {
    Operation::new(Method::GET, path, id, tag, summary, access, surface, handler)
}

fn system_rows() -> Vec<Operation> {
    const TAG: &str = "system";
    const PROBE: Access = Public("probes have no credential, and the answer is one word");
    const NUMBERS: Access = Public("numbers and names of operations, nothing of a tenant");
    const DOCUMENT: Access = Public("the description of the API is no secret");
    vec![
        get("/healthz", "health_get", TAG, "Whether the process is alive", PROBE, System, system::healthz),
        get("/readyz", "readiness_get", TAG, "Whether it can serve", PROBE, System, system::readyz),
        get("/metrics", "metrics_get", TAG, "Numbers for Prometheus", NUMBERS, System, system::metrics),
        get("/openapi.json", "openapi_get", TAG, "The API's description", DOCUMENT, System, system::openapi),
    ]
}
