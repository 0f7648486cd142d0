//! Why something could not be done on a cluster.

use bastide_model::OrganizationId;

/// What every fallible function that talks to a cluster returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a pass ended early. What it had done stays, and the next pass goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is wanted is older than what was wanted before; nothing was done (FLEET-6).
    #[error(
        "generation {offered} of {organization} is older than {recorded}, which this cluster has; refused"
    )]
    OlderGeneration {
        /// Whose set it is.
        organization: OrganizationId,
        /// The generation that this cluster was brought to.
        recorded: i64,
        /// The one that was asked for.
        offered: i64,
    },
    /// The API server did not do what it was asked to, or did not answer.
    #[error("{subject}: {}", in_words(source))]
    Api {
        /// The object, or what was asked for.
        subject: String,
        /// What the API server, or the way to it, said.
        source: kube::Error,
    },
    /// The record of a set cannot be read.
    #[error(
        "the record {name} cannot be read ({problem}); delete that ConfigMap to have it made anew: what is no longer wanted then stays"
    )]
    DamagedRecord {
        /// Name of the `ConfigMap`.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An object of a kind that this version does not know was recorded by a newer one.
    #[error("{object}: this version does not know the kind")]
    UnknownKind {
        /// The object.
        object: String,
    },
    /// The API server answered with something else than it should.
    #[error("{subject}: the API server's answer cannot be read: {problem}")]
    Answer {
        /// The object, or what was asked for.
        subject: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    pub(crate) fn api(subject: impl ToString) -> impl FnOnce(kube::Error) -> Self {
        move |source| Self::Api { subject: subject.to_string(), source }
    }

    /// The API server's answer, when it is there and refuses this one object: to try others still makes sense. Not so
    /// when it does not answer, does not know us, or has too much to do.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Api { source: kube::Error::Api(status), .. } => {
                (400..500).contains(&status.code) && ![401, 408, 429].contains(&status.code)
            }
            Self::UnknownKind { .. } => true,
            _ => false,
        }
    }

    /// The HTTP status with which the API server answered.
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Api { source: kube::Error::Api(status), .. } => Some(status.code),
            _ => None,
        }
    }
}

/// The message of the API server alone: its own type repeats it with all fields.
fn in_words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 404 && status.details.is_none() => {
            "the cluster does not have this kind; its API is not installed or not enabled".to_owned()
        }
        kube::Error::Api(status) if !status.message.is_empty() => {
            format!("{} ({})", status.message.trim(), status.code)
        }
        kube::Error::Api(status) => format!("the API server answered with {}", status.code),
        other => other.to_string(),
    }
}
