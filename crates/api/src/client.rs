//! The typed client of the hub's API: one method per operation, errors as [`Problem`].
