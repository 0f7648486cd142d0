//! Teams and projects.

use bastide_api::teams::{ProjectTeamView, ProjectView, TeamMemberView, TeamView};

use super::{named, optional};
use crate::output::{Detailed, Details, Listed, Named};

named! {
    TeamView = slug;
    ProjectView = slug;
    TeamMemberView = user.email;
    ProjectTeamView = slug;
}

impl Listed for TeamView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "ROLE", "CREATED"];
    fn cells(&self) -> Vec<String> {
        vec![self.slug.clone(), self.name.clone(), optional(self.role.as_ref()), self.created_at.clone()]
    }
}

impl Detailed for TeamView {
    fn details(&self) -> Details {
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .optional("Description", Some(&self.description).filter(|text| !text.is_empty()))
            .field("Id", &self.id)
            .field("Organization", &self.organization)
            .optional("Your role", self.role.as_ref())
            .several("You may", &self.actions)
            .field("Created", &self.created_at)
            .field("ETag", &self.etag)
    }
}

impl Listed for ProjectView {
    const HEADERS: &'static [&'static str] = &["SLUG", "NAME", "ROLE", "CREATED"];
    fn cells(&self) -> Vec<String> {
        vec![self.slug.clone(), self.name.clone(), optional(self.role.as_ref()), self.created_at.clone()]
    }
}

impl Detailed for ProjectView {
    fn details(&self) -> Details {
        Details::default()
            .field("Slug", &self.slug)
            .field("Name", &self.name)
            .optional("Description", Some(&self.description).filter(|text| !text.is_empty()))
            .field("Id", &self.id)
            .field("Organization", &self.organization)
            .optional("Your role", self.role.as_ref())
            .several("You may", &self.actions)
            .field("Created", &self.created_at)
            .field("ETag", &self.etag)
    }
}

impl Listed for TeamMemberView {
    const HEADERS: &'static [&'static str] = &["EMAIL", "NAME", "ROLE", "SINCE"];
    fn cells(&self) -> Vec<String> {
        vec![self.user.email.clone(), self.user.name.clone(), self.role.clone(), self.since.clone()]
    }
}

impl Detailed for TeamMemberView {
    fn details(&self) -> Details {
        Details::default()
            .field("E-mail", &self.user.email)
            .field("Name", &self.user.name)
            .field("Id", &self.user.id)
            .field("Role", &self.role)
            .field("Since", &self.since)
            .several("You may", &self.actions)
    }
}

impl Listed for ProjectTeamView {
    const HEADERS: &'static [&'static str] = &["TEAM", "NAME", "ROLE"];
    fn cells(&self) -> Vec<String> {
        vec![self.slug.clone(), self.name.clone(), self.role.clone()]
    }
}

impl Detailed for ProjectTeamView {
    fn details(&self) -> Details {
        Details::default()
            .field("Team", &self.slug)
            .field("Name", &self.name)
            .field("Id", &self.team)
            .field("Role", &self.role)
            .several("You may", &self.actions)
    }
}
