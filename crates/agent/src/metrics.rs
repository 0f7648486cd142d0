//! What the agent counts, in the text format of `OpenMetrics`.

use bastide_model::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// What the agent counts.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    heartbeats: Family<Label, Counter>,
    passes: Family<Label, Counter>,
    sets: Gauge,
    failing: Gauge,
    connected: Gauge,
    certificate: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix("bastide_agent"),
            heartbeats: Family::default(),
            passes: Family::default(),
            sets: Gauge::default(),
            failing: Gauge::default(),
            connected: Gauge::default(),
            certificate: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register("heartbeats", "Signs of life to the hub, by result", self.heartbeats.clone());
        registry.register("set_passes", "Passes over sets, by result", self.passes.clone());
        registry.register("sets", "Sets that should be on the cluster", self.sets.clone());
        registry.register("sets_failing", "Sets whose last pass failed", self.failing.clone());
        registry.register(
            "hub_connected",
            "Whether the hub answers and accepts this agent",
            self.connected.clone(),
        );
        registry.register(
            "certificate_end_timestamp_seconds",
            "When the newest certificate ends",
            self.certificate.clone(),
        );
        self
    }

    pub(crate) fn heartbeats(&self, result: &'static str) {
        self.heartbeats.get_or_create(&[("result", result)]).inc();
    }

    pub(crate) fn passes(&self, result: &'static str) {
        self.passes.get_or_create(&[("result", result)]).inc();
    }

    pub(crate) fn sets(&self, all: usize, failing: usize) {
        self.sets.set(i64::try_from(all).unwrap_or(i64::MAX));
        self.failing.set(i64::try_from(failing).unwrap_or(i64::MAX));
    }

    pub(crate) fn connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
    }

    pub(crate) fn certificate_ends(&self, at: Timestamp) {
        self.certificate.set(at.as_millis() / 1000);
    }

    /// Everything as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_written_as_text() {
        let metrics = Metrics::new();
        metrics.heartbeats("taken");
        metrics.heartbeats("taken");
        metrics.passes("failed");
        metrics.sets(3, 1);
        metrics.connected(true);
        metrics.certificate_ends(Timestamp::from_millis(1_800_000_000_000));
        let text = metrics.text();
        for line in [
            "bastide_agent_heartbeats_total{result=\"taken\"} 2",
            "bastide_agent_set_passes_total{result=\"failed\"} 1",
            "bastide_agent_sets 3",
            "bastide_agent_sets_failing 1",
            "bastide_agent_hub_connected 1",
            "bastide_agent_certificate_end_timestamp_seconds 1800000000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
