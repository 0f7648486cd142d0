//! Accounts, tokens, sessions, plans, permissions, audit records.

use bastide_api::audit::AuditView;
use bastide_api::identity::{IssuedToken, SessionView, TokenView};
use bastide_api::registry::{PermissionView, PlanView};
use bastide_api::users::UserView;

use super::{named, optional, yes};
use crate::output::{Detailed, Details, Listed, Named};

named! {
    UserView = email;
    TokenView = id;
    IssuedToken = token.id;
    SessionView = id;
    PlanView = slug;
    PermissionView = key;
    AuditView = id;
}

impl Listed for UserView {
    const HEADERS: &'static [&'static str] = &["EMAIL", "NAME", "ACCESS", "CREATED", "ID"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.email.clone(),
            self.name.clone(),
            self.access.clone(),
            self.created_at.clone(),
            self.id.clone(),
        ]
    }
}

impl Detailed for UserView {
    fn details(&self) -> Details {
        Details::default()
            .field("E-mail", &self.email)
            .field("Name", &self.name)
            .field("Id", &self.id)
            .field("Access", &self.access)
            .optional("Home organization", self.home_organization.as_ref())
            .field("Created", &self.created_at)
            .field("ETag", &self.etag)
    }
}

impl Listed for TokenView {
    const HEADERS: &'static [&'static str] =
        &["ID", "NAME", "PREFIX", "PERMISSIONS", "CREATED", "EXPIRES", "LAST USED"];
    fn cells(&self) -> Vec<String> {
        let permissions = if self.permissions.is_empty() {
            "all of its owner".to_owned()
        } else {
            self.permissions.join(",")
        };
        vec![
            self.id.clone(),
            self.name.clone(),
            self.prefix.clone(),
            permissions,
            self.created_at.clone(),
            self.expires_at.clone(),
            optional(self.last_used_at.as_ref()),
        ]
    }
}

impl Listed for SessionView {
    const HEADERS: &'static [&'static str] = &["ID", "CURRENT", "ADDRESS", "LAST USED", "EXPIRES", "BROWSER"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.id.clone(),
            yes(self.current),
            self.address.clone(),
            self.last_used_at.clone(),
            self.expires_at.clone(),
            self.user_agent.clone(),
        ]
    }
}

impl Listed for PlanView {
    const HEADERS: &'static [&'static str] = &[
        "SLUG",
        "NAME",
        "DEFAULT",
        "ISOLATION",
        "CPU",
        "MEMORY",
        "STORAGE",
        "PODS",
        "MEMBERS",
        "SUB-ORGANIZATIONS",
    ];
    fn cells(&self) -> Vec<String> {
        let limit = |limit: Option<u64>| limit.map_or_else(|| "unlimited".to_owned(), |n| n.to_string());
        vec![
            self.slug.clone(),
            self.name.clone(),
            yes(self.is_default),
            self.isolation.clone(),
            format!("{}m", self.cpu_millis),
            format!("{}Mi", self.memory_mib),
            format!("{}Gi", self.storage_gib),
            self.pods.to_string(),
            limit(self.members),
            limit(self.sub_organizations),
        ]
    }
}

impl Listed for PermissionView {
    const HEADERS: &'static [&'static str] = &["KEY", "MEANING"];
    fn cells(&self) -> Vec<String> {
        vec![self.key.clone(), self.meaning.clone()]
    }
}

impl Listed for AuditView {
    const HEADERS: &'static [&'static str] =
        &["AT", "ACTOR", "OPERATION", "TARGET", "ADDRESS", "CREDENTIAL", "REQUEST"];
    fn cells(&self) -> Vec<String> {
        vec![
            self.at.clone(),
            self.actor.clone(),
            self.operation.clone(),
            format!("{} {}", self.target_kind, self.target_name),
            self.address.clone(),
            self.credential.clone(),
            self.request_id.clone(),
        ]
    }
}
