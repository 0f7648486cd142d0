//! Made-up people, roles and plans.

use bastide_api::members::{AccessSource, Colleague, MemberView, Named};
use bastide_api::registry::{PermissionView, PlanView};
use bastide_api::roles::RoleView;
use bastide_model::Permission;
use bastide_model::plan::default_plans;
use bastide_model::role::ASSIGNABLE;

use super::data::{MARKUP, RIGHT_TO_LEFT, texts, user};

pub(crate) fn member(email: &str, name: &str, role: &str, reach: &str) -> MemberView {
    let actions = if role == "owner" { Vec::new() } else { texts(&["update", "withdraw"]) };
    let source = AccessSource::Direct {
        assignment: format!("asg_{}", email.replace(['@', '.'], "")),
        role: role.into(),
        custom_role: None,
        reach: reach.into(),
        expires_at: None,
        in_force: true,
        etag: "\"1\"".into(),
        actions: actions.clone(),
    };
    let actions = if actions.is_empty() { actions } else { texts(&["remove"]) };
    MemberView { user: person(email, name), role: role.into(), sources: vec![source], actions }
}

/// Every kind of source that access can have, with texts that try to break the page.
pub(crate) fn every_source() -> Vec<AccessSource> {
    let thing =
        |slug: &str, name: &str| Named { id: format!("id-{slug}"), slug: slug.into(), name: name.into() };
    vec![
        AccessSource::Direct {
            assignment: "asg_ended".into(),
            role: "custom".into(),
            custom_role: Some(thing("auditor", MARKUP)),
            reach: "here".into(),
            expires_at: Some("2026-11-21T00:00:00Z".into()),
            in_force: false,
            etag: "\"2\"".into(),
            actions: texts(&["update", "withdraw"]),
        },
        AccessSource::Inherited {
            organization: thing("holding", "Holding"),
            role: "administrator".into(),
            expires_at: Some("2026-12-31T00:00:00Z".into()),
        },
        AccessSource::Inherited {
            organization: thing("group", RIGHT_TO_LEFT),
            role: "owner".into(),
            expires_at: None,
        },
        AccessSource::Team { team: Some(thing("core", RIGHT_TO_LEFT)), role: "developer".into() },
        AccessSource::Team { team: None, role: "viewer".into() },
    ]
}

pub(crate) fn person(email: &str, name: &str) -> Colleague {
    let user = user(email, name);
    Colleague { id: user.id, email: user.email, name: user.name, access: user.access }
}

pub(crate) fn role(slug: &str, defined_here: bool) -> RoleView {
    RoleView {
        id: "rol_01jd0000000000000000000007".into(),
        slug: slug.into(),
        name: "Auditor".into(),
        description: MARKUP.into(),
        permissions: texts(&["audit.view", "members.view"]),
        built_in: false,
        defined_here,
        created_at: Some("2026-01-12T08:00:00Z".into()),
        etag: Some("\"1\"".into()),
        actions: if defined_here { texts(&["update", "delete"]) } else { Vec::new() },
    }
}

/// Every permission that a custom role can hold.
pub(crate) fn permissions() -> Vec<PermissionView> {
    let view = |permission: Permission| PermissionView {
        key: permission.key().into(),
        meaning: permission.meaning().into(),
    };
    ASSIGNABLE.iter().map(view).collect()
}

/// The plans that every realm starts with.
pub(crate) fn plans() -> Vec<PlanView> {
    let plans = default_plans().into_iter().enumerate().map(|(place, (slug, name, limits))| PlanView {
        id: format!("pln_01jd{place:0>22}"),
        slug: slug.into(),
        name: name.into(),
        is_default: place == 0,
        isolation: limits.isolation.as_str().into(),
        deployments: limits.deployments,
        members: limits.members,
        sub_organizations: limits.sub_organizations,
        cpu_millis: limits.compute.cpu_millis,
        memory_mib: limits.compute.memory_mib,
        storage_gib: limits.compute.storage_gib,
        pods: limits.compute.pods,
    });
    plans.collect()
}
