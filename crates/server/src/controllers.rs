//! What the hub does on its own: named loops that take no input, look at everything, and are woken by a commit or by
//! their timer. What fails is logged, counted and done again the next time.

mod follower;
mod generations;
mod numbers;
mod outbox;
mod placement;
mod revocations;
mod sweep;

use std::future::Future;
use std::time::{Duration, Instant};

use bastide_app::App;
use bastide_model::Result;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::tasks::Tasks;

/// Passes of controllers, by name and outcome.
#[derive(Debug, Clone, Default)]
pub(crate) struct Runs(Family<RunLabels, Counter>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RunLabels {
    controller: &'static str,
    outcome: &'static str,
}

impl Runs {
    fn count(&self, controller: &'static str, went_well: bool) {
        let outcome = if went_well { "done" } else { "failed" };
        self.0.get_or_create(&RunLabels { controller, outcome }).inc();
    }
}

/// When a controller looks.
#[derive(Debug, Clone, Copy)]
struct Rhythm {
    /// At the latest after this time.
    every: Duration,
    /// And after every commit that reaches this replica.
    on_commit: bool,
}

/// Starts every controller.
pub(crate) fn start(app: &App, tasks: &Tasks, metrics: &Metrics) {
    let runs = Runs::default();
    metrics.register(|registry| {
        registry.register("bastide_controller_runs", "Passes of controllers", runs.0.clone());
    });
    follower::start(app, tasks, &runs);
    revocations::start(app, tasks, &runs);
    placement::start(app, tasks, &runs);
    generations::start(app, tasks, &runs);
    outbox::start(app, tasks, &runs);
    sweep::start(app, tasks, &runs);
    numbers::start(app, tasks, &runs, metrics);
}

/// Starts a controller: a first pass at once, then by its rhythm.
fn run<F, T>(name: &'static str, app: &App, tasks: &Tasks, runs: &Runs, rhythm: Rhythm, pass: F)
where
    F: Fn(App) -> T + Send + 'static,
    T: Future<Output = Result<()>> + Send + 'static,
{
    let (app, runs) = (app.clone(), runs.clone());
    tasks.background(name, move |stop| async move {
        let mut revisions = app.revisions();
        loop {
            revisions.borrow_and_update();
            let began = Instant::now();
            let outcome = pass(app.clone()).await;
            let took = began.elapsed();
            if let Err(error) = &outcome {
                tracing::warn!(controller = name, %error, "a pass failed and is done again");
            }
            runs.count(name, outcome.is_ok());
            if !wait(&mut revisions, rhythm, took, &stop).await {
                return;
            }
        }
    });
}

/// Waits for the next pass; false when there is none any more. A pass is followed by a pause as long as it took: commits
/// that come quickly are looked at together, and however much there is to look at, half of the time is left to others.
async fn wait(
    revisions: &mut tokio::sync::watch::Receiver<i64>,
    rhythm: Rhythm,
    took: Duration,
    stop: &CancellationToken,
) -> bool {
    let next = async {
        tokio::time::sleep(took.min(rhythm.every)).await;
        tokio::select! {
            () = tokio::time::sleep(rhythm.every) => true,
            changed = revisions.changed(), if rhythm.on_commit => changed.is_ok(),
        }
    };
    tokio::select! {
        () = stop.cancelled() => false,
        goes_on = next => goes_on,
    }
}
