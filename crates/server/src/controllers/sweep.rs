//! Forgets what has ended.

use std::time::Duration;

use bastide_app::{App, sweep};

use super::{Rhythm, Runs, run};
use crate::tasks::Tasks;

const RHYTHM: Rhythm = Rhythm { every: Duration::from_mins(5), on_commit: false };

pub(super) fn start(app: &App, tasks: &Tasks, runs: &Runs) {
    run("sweep", app, tasks, runs, RHYTHM, |app| async move { sweep::run(&app).await });
}
