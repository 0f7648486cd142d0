//! Members, roles, billing.

use bastide_api::members::{AccessSource, AssignmentView, BillingView, MemberView, Named as Thing};

use super::named;
use crate::output::{Detailed, Details, Listed, Named};

named! {
    MemberView = user.email;
    AssignmentView = id;
    BillingView = organization.slug;
}

impl Listed for MemberView {
    const HEADERS: &'static [&'static str] = &["EMAIL", "NAME", "ROLE", "SOURCES", "ACCESS"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.user.email.clone(),
            self.user.name.clone(),
            self.role.clone(),
            self.sources.iter().map(source).collect::<Vec<_>>().join("; "),
            self.user.access.clone(),
        ]
    }
}

/// What gives somebody access, in a few words.
fn source(source: &AccessSource) -> String {
    let until = |end: &Option<String>| end.as_ref().map(|end| format!(" until {end}")).unwrap_or_default();
    match source {
        AccessSource::Direct { role, custom_role, reach, expires_at, in_force, .. } => {
            let ended = if *in_force { "" } else { " (ended)" };
            format!("{} {reach}{}{ended}", role_word(role, custom_role.as_ref()), until(expires_at))
        }
        AccessSource::Inherited { organization, role, expires_at } => {
            format!("{role} of {}{}", organization.slug, until(expires_at))
        }
        AccessSource::Team { team, role } => {
            format!("{role} in {}", team.as_ref().map_or("a team", |team| &team.slug))
        }
    }
}

fn role_word(role: &str, custom: Option<&Thing>) -> String {
    custom.map_or_else(|| role.to_owned(), |custom| custom.slug.clone())
}

impl Detailed for AssignmentView {
    fn details(&self) -> Details {
        Details::default()
            .field("Id", &self.id)
            .field("Person", format!("{} ({})", self.user.email, self.user.id))
            .field("Role", role_word(&self.role, self.custom_role.as_ref()))
            .field("Reaches", &self.reach)
            .field("Ends", self.expires_at.as_deref().unwrap_or("never"))
            .field("Since", &self.created_at)
    }
}

impl Listed for BillingView {
    const HEADERS: &'static [&'static str] = &["ORGANIZATION", "NAME", "PLAN", "ROLE", "ADMINISTRATORS"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.organization.slug.clone(),
            self.organization.name.clone(),
            self.plan.clone(),
            self.role.clone(),
            emails(self).join(", "),
        ]
    }
}

impl Detailed for BillingView {
    fn details(&self) -> Details {
        Details::default()
            .field("Organization", format!("{} ({})", self.organization.slug, self.organization.id))
            .field("Name", &self.organization.name)
            .field("Plan", &self.plan)
            .field("Your role", &self.role)
            .several("Billing administrators", &emails(self))
            .several("You may", &self.actions)
    }
}

fn emails(billing: &BillingView) -> Vec<String> {
    billing.administrators.iter().map(|one| one.email.clone()).collect()
}
