//! Licences (FLEET-3): X.509 client certificates in PEM that name the clusters they are for. Here they are read, their
//! signatures are checked, and they are issued; what follows from what they say is `bastide_model::licence::judge`.
//!
//! Knows no clock: a licence that has ended is examined like any other, and its dates are reported.

mod examine;
mod issue;
#[cfg(test)]
mod tests;

pub use self::examine::examine;
pub use self::issue::{Authority, IssueError, LicenceRequest, authority, issue};
