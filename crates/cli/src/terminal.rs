//! The terminal as it was found. Whoever interrupts while a password is asked for wants to see what they type next.

#[cfg(unix)]
pub(crate) use unix::{forget, remember, restore};

#[cfg(unix)]
mod unix {
    use std::sync::{Mutex, PoisonError};

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

    /// Before the echo is turned off.
    pub(crate) fn remember() {
        *FOUND.lock().unwrap_or_else(PoisonError::into_inner) = tcgetattr(std::io::stdin()).ok();
    }

    /// After it was turned on again.
    pub(crate) fn forget() {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// At the end of the program, when nobody came to [`forget`].
    pub(crate) fn restore() {
        if let Some(found) = FOUND.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // A terminal that is gone needs no echo.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Flush, &found);
            crate::output::say("");
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn remember() {}

#[cfg(not(unix))]
pub(crate) fn forget() {}

#[cfg(not(unix))]
pub(crate) fn restore() {}
