//! Numbers about the process, in the text format of Prometheus (`OpenMetrics` 1.0). Labels are names of operations and
//! states, never of tenants.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Media type of [`Metrics::text`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper ends of the buckets of durations, in seconds.
const SECONDS: [f64; 11] = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// The numbers of one hub. Clones are the same numbers.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<OperationLabel, Histogram, fn() -> Histogram>,
    under_way: Gauge,
}

/// A request that is under way, until it is dropped.
#[derive(Debug)]
pub struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Self {
        let metrics = Self {
            registry: Arc::default(),
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            under_way: Gauge::default(),
        };
        metrics.register(|registry| {
            let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
            registry.register("bastide_build", "Which build this is", build);
            registry.register("http_requests", "Requests that were answered", metrics.requests.clone());
            registry.register(
                "http_requests_under_way",
                "Requests without an answer yet",
                metrics.under_way.clone(),
            );
            registry.register("http_request_seconds", "Time until the answer began", metrics.seconds.clone());
        });
        metrics
    }

    /// Adds further numbers.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Counts a request as long as what this gives is kept.
    pub fn begun(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// Counts one answer. `operation` is the id of a row of the route table, or `none`.
    pub fn answered(&self, operation: &'static str, status: u16, after: Duration) {
        self.requests.get_or_create(&RequestLabels { operation, status }).inc();
        self.seconds.get_or_create(&OperationLabel { operation }).observe(after.as_secs_f64());
    }

    /// All numbers as of now.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = prometheus_client::encoding::text::encode(&mut text, &registry) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn answers_are_counted_by_operation_and_status() {
        let metrics = Metrics::new();
        metrics.answered("organization_create", 201, Duration::from_millis(7));
        metrics.answered("organization_create", 201, Duration::from_millis(7));
        let _one = metrics.begun();
        drop(metrics.begun());
        let depth: Gauge = Gauge::default();
        metrics.register(|registry| registry.register("outbox_depth", "Messages that wait", depth.clone()));
        depth.set(3);
        let text = metrics.text();
        for line in [
            r#"http_requests_total{operation="organization_create",status="201"} 2"#,
            r#"http_request_seconds_bucket{le="0.01",operation="organization_create"} 2"#,
            concat!(r#"bastide_build_info{version=""#, env!("CARGO_PKG_VERSION"), r#""} 1"#),
            "http_requests_under_way 1",
            "outbox_depth 3",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
