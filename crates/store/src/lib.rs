//! All SQL of Bastide: migrations, transactions, what is read and written of each noun, the audit log, the outbox and the
//! change feed.
//!
//! One SQL text serves SQLite and PostgreSQL; only `bounds`, `db`, `errors` and `migrate` know that there are two. Every function
//! that writes takes a [`bastide_authz::Permit`] where the target's id would be, and writes the audit record from it in the
//! same transaction (SEC-4). Every listing takes a [`bastide_authz::Visible`]. Every transaction has
//! [`bastide_authz::Bounds`], which PostgreSQL holds (HIER-2). Nothing here decides who may do what, and
//! nothing here knows HTTP.

mod assignments;
mod audit;
mod bounds;
mod certificates;
mod clusters;
mod db;
mod ending;
mod errors;
mod feed;
mod gateways;
mod host_names;
mod idempotency;
mod installation;
mod join_tokens;
mod licences;
mod listing;
mod logins;
mod members;
mod migrate;
mod organizations;
mod outbox;
mod parting;
mod placements;
mod plans;
mod projects;
mod public_organizations;
mod roles;
mod sessions;
mod sets;
mod teams;
mod tokens;
mod tree;
mod users;
mod words;

pub use assignments::{Assignment, Assigns, Belongings, Dismisses, Withdraws};
pub use audit::Target;
pub use certificates::IssuedCertificate;
pub use clusters::{ClusterCredentials, Decides, JoinRequest};
pub use db::{Committed, Store, Tx};
pub use idempotency::Kept;
pub use installation::{Authorities, Installation, KeptAuthority};
pub use join_tokens::JoinToken;
pub use licences::Licence;
pub use listing::{Listed, PageRequest};
pub use logins::{LoginGrant, LoginGrantKind, LoginGrantState};
pub use members::{Member, MemberFilter, MemberTeam};
pub use organizations::Creates;
pub use outbox::OutboxMessage;
pub use parting::Ends;
pub use public_organizations::PublicOrganization;
pub use sessions::Session;
pub use sets::{PlacementStatus, StoredReport};
pub use teams::TakesFromTeam;
pub use tokens::Token;
pub use tree::{Arrival, Departure};

/// Every statement of the crate by name, so that one test can prepare each of them on both engines.
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        assignments::STATEMENTS,
        audit::STATEMENTS,
        certificates::STATEMENTS,
        clusters::STATEMENTS,
        parting::STATEMENTS,
        db::STATEMENTS,
        ending::STATEMENTS,
        feed::STATEMENTS,
        gateways::STATEMENTS,
        host_names::STATEMENTS,
        idempotency::STATEMENTS,
        installation::STATEMENTS,
        join_tokens::STATEMENTS,
        licences::STATEMENTS,
        logins::STATEMENTS,
        members::STATEMENTS,
        organizations::STATEMENTS,
        outbox::STATEMENTS,
        placements::STATEMENTS,
        plans::STATEMENTS,
        projects::STATEMENTS,
        public_organizations::STATEMENTS,
        roles::STATEMENTS,
        sessions::STATEMENTS,
        sets::STATEMENTS,
        teams::STATEMENTS,
        tokens::STATEMENTS,
        tree::STATEMENTS,
        users::STATEMENTS,
        words::STATEMENTS,
    ]
    .concat()
}
