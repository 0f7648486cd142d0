//! The program as people run it, against a hub that says what a test wants it to say.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod errors;
mod licences;
mod lists;
mod organizations;
mod sign_in;
mod support;
