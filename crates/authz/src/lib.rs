//! Who may do what: the relationship graph, the policy over it, and the proof that a check was made.
//!
//! Three words carry the crate. An [`Action`] is a type that names what is done to which kind of target and which
//! permission it needs. The [`Graph`] decides. A [`Permit`] is what a decision leaves behind: only this crate makes
//! one, every writing function of the store takes one, and the target comes out of it.
//!
//! This crate knows no database, no transport, no clock and no randomness; the graph is an index over facts that the
//! store keeps, and it is built from them alone.

pub mod action;
mod beneath;
pub mod bounds;
pub mod change;
pub mod explain;
mod giving;
pub mod graph;
mod lists;
mod map;
pub mod moving;
mod people;
pub mod permit;
pub mod policy;
pub mod target;
mod teams;
pub mod visible;

pub use action::Action;
pub use bounds::{Bounded, Bounds, Unbounded, WholeTree};
pub use change::Change;
pub use explain::{Explanation, Grant, Source, Verdict};
pub use graph::Graph;
pub use moving::{Moving, Shift};
pub use permit::{Actor, Controller, Permit};
pub use target::{Billing, Commons, Own, Realm, Site, Target};
pub use visible::Visible;
