//! What tasks say: their results on standard output, their progress on standard error.
//!
//! Nothing can be done when nobody listens any more, so the results of writing are not looked at.

use std::io::{self, Write as _};

/// A line of a task's result.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A line of progress.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// The beginning of a line of progress, shown at once.
pub(crate) fn begin(text: &str) {
    let mut out = io::stderr();
    let _ = write!(out, "{text}");
    let _ = out.flush();
}
