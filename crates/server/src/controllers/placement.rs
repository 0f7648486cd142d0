//! From placements to what should be on each cluster, and deletions to their end (FLEET-6, ORG-8).

use std::time::Duration;

use bastide_app::{App, placement};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(5), on_commit: true };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("placement", app, tasks, runs, RHYTHM, |app| async move {
        let pass = placement::reconcile(&app).await?;
        if pass != placement::Pass::default() {
            tracing::info!(
                sets_changed = pass.sets_changed,
                deletions_advanced = pass.deletions_advanced,
                "placed"
            );
        }
        Ok(())
    });
}
