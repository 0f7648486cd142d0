//! What the agent takes from outside besides its options: time, chance, and where it speaks to people.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use bastide_model::{Clock, SystemClock};

use crate::random::{Random, SystemRandom};

/// Time, chance, and where the agent speaks to people.
#[derive(Clone)]
pub struct Surroundings {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The spread of timers.
    pub random: Arc<dyn Random>,
    /// Where it says what a person has to know or do; logs go elsewhere.
    pub console: Console,
}

impl Surroundings {
    /// The machine's clock and randomness, and standard output.
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            console: Console::new(std::io::stdout()),
        }
    }
}

/// Where the agent speaks to people.
#[derive(Clone)]
pub struct Console(Arc<Mutex<dyn Write + Send>>);

impl Console {
    /// Speaks into `out`.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(out)))
    }

    /// Says why the program ends, on standard error.
    pub fn complain(&self, error: &str) {
        Self::new(std::io::stderr()).say(&format!("bastide-agent: {error}"));
    }

    /// Says a line or several.
    pub(crate) fn say(&self, text: &str) {
        let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody may be listening any more; the log has it, too.
        if let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) {
            tracing::debug!(%error, "the console is gone");
        }
    }
}
