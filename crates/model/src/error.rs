//! The one error of the domain. Each variant is one answer that a caller can act on; the server maps it to
//! problem+json, the command line to an exit code, each in one place.

use crate::permission::Permission;
use crate::preconditions::PreconditionResult;
use crate::time::Timestamp;

/// What every fallible function of the domain returns.
pub type Result<T> = std::result::Result<T, Error>;

/// One field of the input that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field, such as `/slug`.
    pub pointer: String,
    /// What is wrong and what is allowed, as a sentence.
    pub message: String,
}

impl FieldError {
    /// A message about one field.
    pub fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}

/// Why an operation was not carried out. Nothing was changed when one of these is returned.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The input is not valid; each field is named.
    #[error("the request is not valid: {}", fields.iter().map(|f| format!("{}: {}", f.pointer, f.message)).collect::<Vec<_>>().join("; "))]
    Invalid {
        /// What is wrong, field by field.
        fields: Vec<FieldError>,
    },
    /// Nobody is signed in, or the credential no longer works.
    #[error("authentication is needed: {reason}")]
    Unauthenticated {
        /// What was wrong with the credential, without telling whether an account exists.
        reason: &'static str,
    },
    /// The object does not exist, or does not exist for this caller (HIER-6).
    #[error("not found")]
    NotFound,
    /// The object is visible, the right is missing (HIER-6).
    #[error("this needs the permission {permission}")]
    Forbidden {
        /// The key that is missing.
        permission: Permission,
    },
    /// The account's kind cannot do this anywhere, whatever its permissions (FLEET-4: personal accounts).
    #[error("{detail}")]
    Refused {
        /// Stable code for programs.
        code: &'static str,
        /// What is refused and what to do instead.
        detail: String,
    },
    /// A limit of the plan or of the product (PLAN-2).
    #[error("the limit `{limit}` is reached: {used} of {allowed} in use on the plan {plan}")]
    LimitExceeded {
        /// Name of the limit.
        limit: &'static str,
        /// How much is in use.
        used: u64,
        /// How much is allowed.
        allowed: u64,
        /// The plan's name.
        plan: String,
    },
    /// The state of things does not allow it.
    #[error("{detail}")]
    Conflict {
        /// Stable code for programs, such as `slug_taken`.
        code: &'static str,
        /// What is in the way, with names.
        detail: String,
    },
    /// Preconditions of FLEET-4 that do not hold, all of them, by name.
    #[error("{}", unmet_summary(.results))]
    Preconditions {
        /// Every precondition that was checked.
        results: Vec<PreconditionResult>,
    },
    /// The caller's copy is out of date (`If-Match`).
    #[error("the object was changed in between; read it again")]
    Stale,
    /// `If-Match` is required here and missing (RFC 6585).
    #[error("this change needs If-Match with the object's ETag")]
    MatchRequired,
    /// Too many attempts; try again later.
    #[error("too many attempts; try again after {until}")]
    TooManyAttempts {
        /// When the next attempt is looked at.
        until: Timestamp,
    },
    /// Something that once worked does so no longer: used up, expired, withdrawn.
    #[error("{detail}")]
    Gone {
        /// Stable code for programs, such as `join_token_used`.
        code: &'static str,
        /// What happened to it and what to do instead.
        detail: String,
    },
    /// A part that is needed is out of reach just now; nothing is known to be wrong with the request.
    #[error("temporarily unavailable: {detail}")]
    Unavailable {
        /// What is out of reach.
        detail: String,
    },
    /// A bug or a broken part. The detail is for the log, never for the client.
    #[error("internal error: {detail}")]
    Internal {
        /// For the log only.
        detail: String,
    },
}

fn unmet_summary(results: &[PreconditionResult]) -> String {
    let unmet: Vec<_> = results.iter().filter(|r| r.is_failed()).map(|r| r.message.as_str()).collect();
    if unmet.is_empty() { "preconditions are not met".to_owned() } else { unmet.join(" ") }
}

impl Error {
    /// One field is wrong.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { fields: vec![FieldError::new(pointer, message)] }
    }

    /// A conflict with its stable code.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::Conflict { code, detail: detail.into() }
    }

    /// A bug or a broken part, with what the log should say.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::Internal { detail: detail.into() }
    }

    /// The stable code for programs, used in problem+json.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::NotFound => "not_found",
            Self::Forbidden { .. } => "permission_missing",
            Self::LimitExceeded { .. } => "limit_exceeded",
            Self::Refused { code, .. } | Self::Conflict { code, .. } | Self::Gone { code, .. } => code,
            Self::Preconditions { .. } => "preconditions_failed",
            Self::Stale => "stale",
            Self::MatchRequired => "match_required",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Unavailable { .. } => "unavailable",
            Self::Internal { .. } => "internal",
        }
    }
}

/// Collects field errors so that all of them are reported at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// Keeps the value or remembers what is wrong with the field.
    pub fn take<T, E: std::fmt::Display>(
        &mut self,
        pointer: &str,
        value: std::result::Result<T, E>,
    ) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.push(pointer, error.to_string());
                None
            }
        }
    }

    /// Remembers that a field is wrong.
    pub fn push(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(pointer, message));
    }

    /// The errors found so far, as an error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when any field was wrong.
    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid { fields: self.0 }) }
    }
}
