//! A made-up installation of a given size, the same for the graph of Bastide and for two other libraries of authorization, and
//! questions about it.

pub mod data;
pub mod in_bastide;
pub mod in_casbin;
pub mod in_cedar;
pub mod questions;
