//! Roles, and why somebody may do something.

use bastide_api::access::AccessView;
use bastide_api::roles::RoleView;

use super::{named, yes};
use crate::output::{Detailed, Details, Listed, Named};

named! {
    RoleView = slug;
    AccessView = verdict;
}

impl Listed for RoleView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "BUILT IN", "DEFINED HERE", "PERMISSIONS"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.slug.clone(),
            self.name.clone(),
            yes(self.built_in),
            yes(self.defined_here),
            self.permissions.len().to_string(),
        ]
    }
}

impl Detailed for RoleView {
    fn details(&self) -> Details {
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .optional("Description", Some(&self.description).filter(|text| !text.is_empty()))
            .field("Id", &self.id)
            .field("Built in", yes(self.built_in))
            .field("Defined here", yes(self.defined_here))
            .several("Permissions", &self.permissions)
            .several("You may", &self.actions)
            .optional("Created", self.created_at.as_ref())
            .optional("ETag", self.etag.as_ref())
    }
}
