//! The agent of a spoke: it joins a hub, learns what should be on its cluster, brings that about and keeps it so, and
//! says how far it has come (FLEET-1, FLEET-5, FLEET-6). It dials out only. It goes on without its hub, and starts
//! without it, from what it has recorded on the cluster itself.
//!
//! It knows Kubernetes through `bastide_kube` and its hub through the agent protocol of `bastide_api`, and nothing of
//! databases, users or the hub's API.

mod backoff;
mod config;
mod drift;
mod facts;
mod health;
mod heartbeat;
mod hidden;
mod hub;
mod identity;
mod join;
mod keys;
mod link;
mod metrics;
mod own_objects;
mod random;
mod reconcile;
mod renew;
mod report;
mod spoke;
mod start;
mod state;
mod surroundings;
mod sync;
mod tasks;
mod trust;

pub use self::backoff::Bounds;
pub use self::config::{
    Cli, Command, ConfigError, DEFAULT_NAMESPACE, JoinOptions, LogFormat, LogOptions, Options, SpokeOptions,
    Timings,
};
pub use self::hidden::Hidden;
pub use self::hub::HubError;
pub use self::identity::{IDENTITY_SECRET, IdentityError};
pub use self::join::JoinError;
pub use self::keys::KeyError;
pub use self::random::{Random, SystemRandom};
pub use self::spoke::SpokeError;
pub use self::start::{Error, run};
pub use self::surroundings::{Console, Surroundings};
pub use self::tasks::TaskEnded;
pub use self::trust::Pin;
