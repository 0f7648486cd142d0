//! Exit codes: one enum, one mapping from what went wrong. They are part of the interface and never change meaning.

use bastide_api::Problem;
use bastide_api::client::{ClientError, TransportKind};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Failure,
    Usage,
    NotFound,
    Unauthenticated,
    Forbidden,
    LimitExceeded,
    Conflict,
    Timeout,
    Interrupted,
}

impl Exit {
    pub(crate) const ALL: [Self; 10] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::NotFound,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::LimitExceeded,
        Self::Conflict,
        Self::Timeout,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Unauthenticated => 4,
            Self::Forbidden => 5,
            Self::LimitExceeded => 6,
            Self::Conflict => 7,
            Self::Timeout => 8,
            Self::Interrupted => 130,
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "it is done",
            Self::Failure => "something failed that has no code of its own",
            Self::Usage => "the command line, or a value in it, is not valid",
            Self::NotFound => "there is no such thing, or none that you may see",
            Self::Unauthenticated => "signing in is needed",
            Self::Forbidden => "you see it, but may not do this",
            Self::LimitExceeded => "a limit of the plan or of the product is reached",
            Self::Conflict => "the state of things does not allow it; a precondition does not hold",
            Self::Timeout => "it did not happen in time; it may still happen",
            Self::Interrupted => "interrupted",
        }
    }

    /// For a problem document. The code decides where one status has several meanings.
    pub(crate) fn of_problem(problem: &Problem) -> Self {
        match problem.code.as_str() {
            "limit_exceeded" => Self::LimitExceeded,
            "access_denied" => Self::Unauthenticated,
            "authorization_pending" | "slow_down" | "expired_token" => Self::Timeout,
            _ => Self::of_status(problem.status),
        }
    }

    const fn of_status(status: u16) -> Self {
        match status {
            400 | 413 | 422 => Self::Usage,
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 | 410 | 412 | 428 => Self::Conflict,
            408 | 429 | 504 => Self::Timeout,
            _ => Self::Failure,
        }
    }

    /// For a call that gave no result.
    pub(crate) fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Problem(problem) => Self::of_problem(problem),
            ClientError::Transport { kind: TransportKind::TimedOut, .. } => Self::Timeout,
            ClientError::Transport { .. } | ClientError::Unexpected { .. } => Self::Failure,
            ClientError::NotSent { .. } => Self::Usage,
        }
    }
}

/// The table for `--help`.
pub(crate) fn help() -> String {
    let lines = Exit::ALL.map(|exit| format!("  {:>3}  {}", exit.code(), exit.meaning()));
    format!("Exit codes:\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_map_to_exit_codes() {
        let exit = |status, code: &str| {
            Exit::of_problem(&Problem { status, code: code.into(), ..Problem::default() }).code()
        };
        for (status, code, expected) in [
            (400, "invalid", 2),
            (401, "unauthenticated", 4),
            (403, "permission_missing", 5),
            (403, "limit_exceeded", 6),
            (404, "not_found", 3),
            (409, "preconditions_failed", 7),
            (409, "slug_taken", 7),
            (410, "join_token_used", 7),
            (412, "stale", 7),
            (428, "match_required", 7),
            (429, "too_many_attempts", 8),
            (400, "authorization_pending", 8),
            (400, "access_denied", 4),
            (500, "internal", 1),
            (503, "unavailable", 1),
        ] {
            assert_eq!(exit(status, code), expected, "{status} {code}");
        }
    }

    #[test]
    fn every_code_is_documented_once() {
        let help = help();
        for exit in Exit::ALL {
            let start = format!("  {:>3}  ", exit.code());
            assert_eq!(help.lines().filter(|line| line.starts_with(&start)).count(), 1, "{exit:?}");
        }
    }
}
