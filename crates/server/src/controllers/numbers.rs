//! Numbers that are read from the database: clusters by availability and licence, messages that wait, and whether it
//! holds transactions to their bounds.

use std::time::Duration;

use bastide_app::App;
use bastide_authz::Unbounded;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use super::{Rhythm, Runs, run};
use crate::metrics::Metrics;
use crate::tasks::Tasks;

const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(15), on_commit: false };

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AvailabilityLabel {
    availability: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LicenceLabel {
    licence: &'static str,
}

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs, metrics: &Metrics) {
    let clusters: Family<AvailabilityLabel, Gauge> = Family::default();
    let licences: Family<LicenceLabel, Gauge> = Family::default();
    let waiting: Gauge = Gauge::default();
    let boundless: Gauge = Gauge::default();
    metrics.register(|registry| {
        registry.register("bastide_clusters", "Joined clusters", clusters.clone());
        registry.register(
            "bastide_licences",
            "Joined clusters by the state of their licence",
            licences.clone(),
        );
        registry.register("bastide_outbox_messages", "Messages that wait for delivery", waiting.clone());
        registry.register(
            "bastide_database_role_bypasses_row_security",
            "Whether the role of the hub on PostgreSQL is held by no bounds",
            boundless.clone(),
        );
    });
    run("numbers", app, tasks, runs, RHYTHM, move |app| {
        let (clusters, licences) = (clusters.clone(), licences.clone());
        let (waiting, boundless) = (waiting.clone(), boundless.clone());
        async move {
            for (availability, count) in bastide_app::clusters::count_by_availability(&app).await? {
                let label = AvailabilityLabel { availability: availability.as_str() };
                clusters.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
            for (state, count) in bastide_app::licences::count_by_state(&app).await? {
                let label = LicenceLabel { licence: state.as_str() };
                licences.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
            let depth = app.read(&Unbounded::Itself).await?.outbox_depth().await?;
            waiting.set(i64::try_from(depth).unwrap_or(i64::MAX));
            boundless.set(i64::from(app.ignores_bounds().await?));
            Ok(())
        }
    });
}
