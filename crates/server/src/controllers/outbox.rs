//! Delivers what committed changes have to tell others.

use std::time::Duration;

use bastide_app::{App, outbox};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(5), on_commit: true };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("outbox", app, tasks, runs, RHYTHM, |app| async move {
        while outbox::deliver(&app).await? > 0 {}
        Ok(())
    });
}
