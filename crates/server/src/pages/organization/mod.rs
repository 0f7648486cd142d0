//! Pages of one organization, under `/o/{slug}`.

mod access;
mod attention;
mod delete;
mod members;
mod overview;
mod place;
mod placements;
mod relocation;
mod roles;
mod settings;

use bastide_api::organizations::OrganizationView;

use super::layout::Crumb;

pub use access::{AccessPage, access};
pub use delete::{DeletePage, delete_organization};
pub use members::{AssignmentForm, LeaveOrganizationPage, MembersPage, leave_organization, members};
pub use overview::{OverviewPage, Usage, overview};
pub use place::{LeavePage, PlacePage, leave, place, to_placement};
pub use relocation::{MovePage, ROOT, relocation};
pub use roles::{RoleForm, RolePage, RolesPage, role, roles};
pub use settings::{SettingsPage, settings};

pub(super) use overview::compute;
pub(super) use placements::{gateway as gateway_words, node_pool as node_pool_words};

/// The way to a page of an organization.
pub(super) fn crumbs(organization: &OrganizationView) -> Vec<Crumb<'_>> {
    vec![
        Crumb::new("/me/organizations", "Organizations"),
        Crumb::new(format!("/o/{}", organization.slug), &organization.name),
    ]
}
