//! What an engine's error means: a broken constraint, something that passes, or a mistake.

use bastide_model::Error;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// Something in the database that cannot have been written by us.
pub(crate) fn broken(column: &str, error: impl std::fmt::Display) -> Error {
    Error::internal(format!("the column {column} holds something unreadable: {error}"))
}

/// What each named constraint means when it is broken: its name on PostgreSQL, its columns as SQLite tells them, the
/// code and the sentence for the caller. The functions that write say it better where they know the value.
const CONSTRAINTS: &[(&str, &str, &str, &str)] = &[
    (
        "organizations_slug_unique",
        "organizations.realm_id, organizations.slug",
        "slug_taken",
        "the slug is taken",
    ),
    ("namespaces_pkey", "namespaces.name", "namespace_taken", "the namespace is taken"),
    ("users_email_unique", "users.realm_id, users.email_key", "email_taken", "the e-mail address is taken"),
    (
        "assignments_one_owner",
        "assignments.organization_id",
        "owner_exists",
        "the organization has an owner already",
    ),
    (
        "assignments_given_once",
        "assignments.organization_id, assignments.user_id, assignments.role",
        "role_held",
        "the role is held already",
    ),
    (
        "clusters_name_unique",
        "clusters.hub_id, clusters.name",
        "cluster_name_taken",
        "the hub has a cluster of that name already",
    ),
    ("clusters_uid_unique", "clusters.uid", "cluster_known", "the cluster is registered already"),
    (
        "gateway_configurations_slug_unique",
        "gateway_configurations.cluster_id, gateway_configurations.slug",
        "slug_taken",
        "the slug is taken on this cluster",
    ),
    (
        "gateway_configurations_shared_unique",
        "gateway_configurations.cluster_id",
        "shared_gateway_exists",
        "the organizations of this cluster share another gateway configuration already",
    ),
    (
        "host_names_pkey",
        "host_names.name",
        "host_name_taken",
        "the host name is owned by another organization",
    ),
    (
        "roles_slug_unique",
        "roles.organization_id, roles.slug",
        "slug_taken",
        "the organization has a role with this slug already",
    ),
    (
        "teams_slug_unique",
        "teams.organization_id, teams.slug",
        "slug_taken",
        "the organization has a team with this slug already",
    ),
    (
        "projects_slug_unique",
        "projects.organization_id, projects.slug",
        "slug_taken",
        "the organization has a project with this slug already",
    ),
    ("hubs_slug_unique", "hubs.slug", "slug_taken", "the slug is taken"),
    (
        "placements_pkey",
        "placements.organization_id, placements.cluster_id",
        "placed_already",
        "the organization is placed on this cluster already",
    ),
    (
        "login_grants_user_code_unique",
        "login_grants.user_code",
        "user_code_taken",
        "another device waits with this code",
    ),
];

/// An engine's error as the domain's.
#[expect(clippy::needless_pass_by_value, reason = "it takes what `map_err` hands over")]
pub(crate) fn fail(error: sqlx::Error) -> Error {
    match &error {
        sqlx::Error::Database(database) => {
            let message = database.message();
            let known = CONSTRAINTS.iter().find(|(name, columns, ..)| {
                database.constraint() == Some(*name)
                    || message.strip_prefix("UNIQUE constraint failed: ") == Some(*columns)
            });
            if let Some((_, _, code, detail)) = known {
                return Error::conflict(code, *detail);
            }
            if database.is_foreign_key_violation() {
                return Error::conflict(
                    "in_use",
                    "something that is still used, or belongs elsewhere, is in the way",
                );
            }
            if passes(&**database) {
                return Error::Unavailable { detail: format!("the database is busy: {error}") };
            }
            Error::internal(format!("database: {error}"))
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => {
            Error::Unavailable { detail: format!("the database does not answer: {error}") }
        }
        _ => Error::internal(format!("database: {error}")),
    }
}

/// Whether somebody else holds a SQLite file (`SQLITE_BUSY`).
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Whether an engine's error is one of the moment, so that the same request may succeed later: on PostgreSQL those of
/// connections, transactions that got in each other's way, resources and shut-down (classes 08, 40, 53 and 57), on SQLite
/// a file that somebody else holds or that cannot be opened (`SQLITE_BUSY`, `SQLITE_LOCKED`, `SQLITE_CANTOPEN`).
fn passes(error: &dyn DatabaseError) -> bool {
    let code = error.code().unwrap_or_default();
    if error.try_downcast_ref::<PgDatabaseError>().is_some() {
        ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
    } else {
        code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 14))
    }
}

/// Says a conflict better where the value is known.
pub(crate) fn say(wanted: &str, detail: impl FnOnce() -> String) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Conflict { code, .. } if code == wanted => Error::Conflict { code, detail: detail() },
        other => other,
    }
}
