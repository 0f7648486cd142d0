//! What the whole-system tests and the demo stand on: real Kubernetes control planes, a real PostgreSQL, and child
//! processes that never outlive their owner.

pub mod assets;
pub mod control_plane;
pub mod pki;
pub mod postgres;
pub mod process;
pub mod wait;
