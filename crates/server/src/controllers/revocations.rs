//! Keeps at hand which certificates of agents were revoked, so that handshakes can refuse them and sessions end.

use std::time::Duration;

use bastide_app::{App, clusters};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

/// A commit wakes it, another replica's through the follower; the timer is for a database that was away in between.
const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(2), on_commit: true };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run(
        "revocations",
        app,
        tasks,
        runs,
        RHYTHM,
        |app| async move { clusters::follow_revocations(&app).await },
    );
}
