//! Wakes the agents for which something new is wanted, by this replica or another (FLEET-6).

use std::time::Duration;

use bastide_app::{App, generations};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

/// A commit wakes it, another replica's through the follower; the timer is for a database that was away in between.
const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(2), on_commit: true };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("generations", app, tasks, runs, RHYTHM, |app| async move { generations::follow(&app).await });
}
