//! Takes in what other replicas changed: the graph follows the change feed (rule 2 of the design).

use std::time::Duration;

use bastide_app::App;

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

/// Half of the second within which a removal has to be known everywhere (INV-5).
const RHYTHM: Rhythm = Rhythm { every: Duration::from_millis(500), on_commit: false };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("follower", app, tasks, runs, RHYTHM, |app| async move { app.follow().await });
}
