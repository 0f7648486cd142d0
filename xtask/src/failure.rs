//! Failures that have an exit code of their own.

use std::fmt;

/// Exit code: the command line was not understood.
pub(crate) const EXIT_USAGE: u8 = 2;
/// Exit code: something has to be installed first; the message says what.
pub(crate) const EXIT_MISSING_TOOL: u8 = 3;

/// The exit code for an error.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<MissingTool>() {
        EXIT_MISSING_TOOL
    } else if error.is::<Misunderstood>() {
        EXIT_USAGE
    } else {
        1
    }
}

/// A program that a task needs and this machine lacks.
#[derive(Debug)]
pub(crate) struct MissingTool {
    /// What was found instead.
    pub(crate) found: String,
    /// What to install, and from where.
    pub(crate) remedy: &'static str,
}

impl fmt::Display for MissingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.remedy, self.found)
    }
}

impl std::error::Error for MissingTool {}

/// Arguments that mean nothing: what is wrong, and what is allowed.
#[derive(Debug)]
pub(crate) struct Misunderstood(pub(crate) String);

impl fmt::Display for Misunderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misunderstood {}
