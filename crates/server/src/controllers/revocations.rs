//! Keeps at hand what handshakes with agents go by: which certificates were revoked, which authorities are believed.

use std::time::Duration;

use bastide_app::{App, clusters, rotation};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

/// A commit wakes it, another replica's through the follower; the timer is for a database that was away in between.
const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(2), on_commit: true };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("revocations", app, tasks, runs, RHYTHM, |app| async move {
        clusters::follow_revocations(&app).await?;
        rotation::follow(&app).await
    });
}
