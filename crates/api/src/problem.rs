//! Errors as documents (RFC 9457).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::client_organizations::PreconditionView;

/// Why a request was not carried out. Nothing was changed when one of these is returned.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A URI that names the kind of problem: `urn:bastide:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The status of the answer.
    pub status: u16,
    /// What happened, as a sentence.
    pub detail: String,
    /// The stable code for programs, such as `slug_taken`.
    pub code: String,
    /// Which request; give it to whoever runs the installation.
    pub request_id: String,
    /// What to do next, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ProblemField>,
    /// The permission that is missing (status 403, code `permission_missing`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// The limit that is reached (status 403, code `limit_exceeded`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<ProblemLimit>,
    /// Every precondition that was checked (status 409, code `preconditions_failed`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preconditions: Vec<PreconditionView>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemField {
    /// JSON Pointer (RFC 6901) into the request's body, or the name of a parameter.
    pub pointer: String,
    /// What is wrong and what is allowed.
    pub detail: String,
}

/// A limit with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProblemLimit {
    /// Name of the limit.
    pub name: String,
    /// How much is in use.
    pub used: u64,
    /// How much is allowed.
    pub allowed: u64,
    /// The plan that says so.
    pub plan: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

impl std::error::Error for Problem {}
