//! Waiting for something to become true on the hub, with progress on standard error.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, printable, say};

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// What a look found.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// It is so.
    Done(T),
    /// Not yet; how it stands, for people.
    NotYet(String),
}

/// Looks again and again until it is so.
///
/// # Errors
/// Exit 8 when the time is over, with how it stood; whatever a look fails with, except that a hub which does not answer
/// is waited for like everything else.
pub(crate) async fn until<T>(
    output: Output,
    what: &str,
    limit: Duration,
    look: impl AsyncFn() -> Result<Look<T>, Failure>,
) -> Result<T, Failure> {
    let progress = Progress::begin(output, what);
    let deadline = Instant::now() + limit;
    let mut ticks = interval(PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = "nothing is known yet".to_owned();
    loop {
        let step = timeout_at(deadline, async {
            ticks.tick().await;
            look().await
        });
        match step.await {
            Ok(Ok(Look::Done(value))) => return Ok(value),
            Ok(Ok(Look::NotYet(state))) => last = state,
            Ok(Err(failure)) if does_not_answer(&failure) => last.clone_from(&failure.problem.detail),
            Ok(Err(failure)) => return Err(failure),
            Err(_) => {
                let detail = format!("{what}: not within {} s; {last}", limit.as_secs());
                return Err(Failure::new(Exit::Timeout, detail)
                    .hint("it may still happen: look with `get`, or give a longer --timeout"));
            }
        }
        progress.show(&last);
    }
}

fn does_not_answer(failure: &Failure) -> bool {
    matches!(failure.problem.code.as_str(), "transport" | "unavailable") || failure.exit == Exit::Timeout
}

/// A spinner on a terminal; elsewhere a line each time that the state changes; nothing when quiet.
struct Progress {
    bar: ProgressBar,
    what: String,
    shown: std::cell::RefCell<String>,
    lines: bool,
}

impl Progress {
    fn begin(output: Output, what: &str) -> Self {
        let terminal = console::user_attended_stderr();
        let bar = if terminal && !output.quiet { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {wide_msg} ({elapsed})") {
            bar.set_style(style);
        }
        let bar = bar.with_prefix(what.to_owned()).with_finish(ProgressFinish::AndClear);
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar, what: what.to_owned(), shown: String::new().into(), lines: !terminal && !output.quiet }
    }

    fn show(&self, state: &str) {
        let state = printable(state);
        self.bar.set_message(state.clone());
        if self.lines && *self.shown.borrow() != state {
            say(&format!("{}: {state}", self.what));
            self.shown.replace(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::output::Format;

    const QUIET: Output = Output { format: Format::Table, headers: true, quiet: true };

    #[tokio::test(start_paused = true)]
    async fn it_looks_until_it_is_so() {
        let looks = Cell::new(0);
        let found = until(QUIET, "thing", Duration::from_mins(1), async || {
            looks.set(looks.get() + 1);
            match looks.get() {
                1 => Ok(Look::NotYet("nothing".into())),
                2 => {
                    let mut failure = Failure::new(Exit::Failure, "no connection");
                    failure.problem.code = "transport".into();
                    Err(failure)
                }
                n => Ok(Look::Done(n)),
            }
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_when_the_time_is_over_or_something_else_is_wrong() {
        let never = until::<()>(QUIET, "thing", Duration::from_secs(5), async || {
            Ok(Look::NotYet("still waiting for nodes".into()))
        });
        let failure = never.await.unwrap_err();
        assert_eq!(failure.exit, Exit::Timeout);
        assert!(failure.problem.detail.contains("still waiting for nodes"), "{failure:?}");
        let gone = until::<()>(QUIET, "thing", Duration::from_secs(5), async || {
            Err(Failure::new(Exit::NotFound, "gone"))
        });
        assert_eq!(gone.await.unwrap_err().exit, Exit::NotFound);
    }
}
