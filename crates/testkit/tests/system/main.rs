//! The hub as a whole: the real server on SQLite and on PostgreSQL, the real command line, browsers without a window, and
//! agents that only speak the protocol. Each test's name or comment carries the ids of the rules that it proves.

mod bounds;
mod ceilings;
mod cli;
mod database;
mod identity;
mod joining;
mod licences;
mod lists;
mod members;
mod organizations;
mod partition;
mod placements;
mod preconditions;
mod replicas;
mod roles;
mod rotation;
mod scenarios;
mod sign_in;
mod stage;
mod teams;
mod tree;
