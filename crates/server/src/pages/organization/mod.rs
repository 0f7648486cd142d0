//! Pages of one organization, under `/o/{slug}`.

mod access;
mod attention;
mod delete;
mod groups;
mod members;
mod overview;
mod place;
mod placements;
mod projects;
mod relocation;
mod roles;
mod settings;
mod teams;
mod tree;

use bastide_api::organizations::OrganizationView;

use super::layout::Crumb;

pub use access::{AccessPage, access};
pub use delete::{DeletePage, delete_organization};
pub use groups::{GroupForm, chosen_role};
pub use members::{AssignmentForm, LeaveOrganizationPage, MembersPage, leave_organization, members};
pub use overview::{OverviewPage, Usage, overview};
pub use place::{LeavePage, PlacePage, leave, place, to_placement};
pub use projects::{ProjectPage, ProjectsPage, project, projects};
pub use relocation::{MovePage, ROOT, relocation};
pub use roles::{RoleForm, RolePage, RolesPage, role, roles};
pub use settings::{SettingsPage, settings};
pub use teams::{TeamPage, TeamsPage, team, teams};
pub use tree::{TreePage, tree};

pub(super) use overview::compute;
pub(super) use placements::{gateway as gateway_words, node_pool as node_pool_words};

/// The way to a page of an organization.
pub(super) fn crumbs(organization: &OrganizationView) -> Vec<Crumb<'_>> {
    vec![
        Crumb::new("/me/organizations", "Organizations"),
        Crumb::new(format!("/o/{}", organization.slug), &organization.name),
    ]
}
