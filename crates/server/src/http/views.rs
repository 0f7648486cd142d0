//! From the domain's words to those of the wire. Nothing is decided here; every view shows what a use case gave.

use bastide_api as wire;
use bastide_api::access::{AccessView, GrantView};
use bastide_api::audit::AuditView;
use bastide_api::clusters::{
    CapabilityView, ClusterAdministration, ClusterView, ConditionView, HubView, JoinTokenView, LicenceView,
};
use bastide_api::gateways::{GatewayConfigurationView, Listener};
use bastide_api::identity::{Me, SessionView, TokenView};
use bastide_api::members::Colleague;
use bastide_api::organizations::{
    GatewayChoice, NodePool, ObjectView, OrganizationView, PlacementView, PublicOrganizationView,
    ResourceView,
};
use bastide_api::registry::{PermissionView, PlanView};
use bastide_api::roles::RoleView;
use bastide_api::teams::{ProjectTeamView, ProjectView, TeamMemberView, TeamView};
use bastide_api::users::UserView;
use bastide_app::{access, clusters, licences, organizations, projects, teams};
use bastide_authz::Verdict;
use bastide_model::access::{Caller, Credential};
use bastide_model::audit::AuditRecord;
use bastide_model::cluster::{Capability, Condition, Hub};
use bastide_model::gateway::GatewayConfiguration;
use bastide_model::licence::{Examination, LicenceFacts, LicenceVerdict};
use bastide_model::plan::Plan;
use bastide_model::role::{Administration, Role, TeamRole};
use bastide_model::team::CustomRole;
use bastide_model::user::User;
use bastide_model::{OrganizationId, Permission, Timestamp};
use bastide_store::{JoinToken, PublicOrganization, Session, Token};

use super::answer::etag;

pub(crate) fn texts(items: Vec<&'static str>) -> Vec<String> {
    items.into_iter().map(str::to_owned).collect()
}

/// A role that is there in every organization.
pub(crate) fn built_in_role(role: Role) -> RoleView {
    let (name, description) = match role {
        Role::Owner => ("Owner", "Everything in the organization and beneath it, billing included."),
        Role::Administrator => (
            "Administrator",
            "Everything but editing, deleting and transferring the organization, and billing.",
        ),
        _ => ("Billing administrator", "Billing and nothing else; given by the owner."),
    };
    let permissions = role.permissions().union(role.billing());
    RoleView {
        id: role.word().to_owned(),
        slug: role.word().to_owned(),
        name: name.to_owned(),
        description: description.to_owned(),
        permissions: permissions.iter().map(|permission| permission.key().to_owned()).collect(),
        built_in: true,
        defined_here: false,
        created_at: None,
        etag: None,
        actions: Vec::new(),
    }
}

/// A custom role, seen at an organization. Where else it was defined is not told: that lies above (HIER-4).
pub(crate) fn role(role: &CustomRole, seen_at: OrganizationId, actions: Vec<&'static str>) -> RoleView {
    RoleView {
        id: role.id.to_string(),
        slug: role.slug.to_string(),
        name: role.name.to_string(),
        description: role.description.to_string(),
        permissions: role.permissions.iter().map(|permission| permission.key().to_owned()).collect(),
        built_in: false,
        defined_here: role.organization == seen_at,
        created_at: Some(role.created_at.to_string()),
        etag: Some(etag(role.revision)),
        actions: texts(actions),
    }
}

/// Why somebody may do something.
pub(crate) fn access(answer: access::Answer) -> AccessView {
    AccessView {
        allowed: answer.verdict == Verdict::Allowed,
        verdict: answer.verdict.as_str().to_owned(),
        user: answer.user.id.to_string(),
        email: answer.user.email.to_string(),
        permission: answer.permission.to_string(),
        object: answer.object,
        missing: answer.missing,
        grants: answer
            .grants
            .into_iter()
            .map(|given| GrantView { sentence: given.sentence, gives_it: given.gives_it })
            .collect(),
    }
}

pub(crate) fn organization(details: organizations::Details) -> OrganizationView {
    let organization = details.organization;
    OrganizationView {
        id: organization.id.to_string(),
        slug: organization.slug.to_string(),
        name: organization.name.to_string(),
        description: organization.description.to_string(),
        kind: organization.kind.to_string(),
        visibility: organization.visibility.to_string(),
        parent: organization.parent.filter(|_| details.parent_visible).map(|parent| parent.to_string()),
        annotations: organization.annotations.into(),
        namespace_base: organization.namespace_base.to_string(),
        plan: details.plan.slug.to_string(),
        state: organization.state.to_string(),
        host_names: details.host_names.into_iter().map(String::from).collect(),
        created_at: organization.created_at.to_string(),
        role: details.role.map(str::to_owned),
        actions: texts(details.actions),
        etag: etag(organization.revision),
    }
}

/// Everything that a public organization tells (ORG-4).
pub(crate) fn public_organization(found: PublicOrganization) -> PublicOrganizationView {
    let PublicOrganization { id, slug, name, description } = found;
    PublicOrganizationView {
        id: id.to_string(),
        slug: slug.into(),
        name: name.into(),
        description: description.to_string(),
    }
}

pub(crate) fn team(details: teams::Details) -> TeamView {
    let team = details.team;
    TeamView {
        id: team.id.to_string(),
        organization: team.organization.to_string(),
        slug: team.slug.to_string(),
        name: team.name.to_string(),
        description: team.description.to_string(),
        created_at: team.created_at.to_string(),
        role: details.role.map(|role| role.to_string()),
        actions: texts(details.actions),
        etag: etag(team.revision),
    }
}

pub(crate) fn team_member(details: teams::MemberDetails) -> TeamMemberView {
    TeamMemberView {
        user: colleague(details.user),
        role: details.member.role.to_string(),
        since: details.member.since.to_string(),
        actions: texts(details.actions),
    }
}

pub(crate) fn project(details: projects::Details) -> ProjectView {
    let project = details.project;
    ProjectView {
        id: project.id.to_string(),
        organization: project.organization.to_string(),
        slug: project.slug.to_string(),
        name: project.name.to_string(),
        description: project.description.to_string(),
        created_at: project.created_at.to_string(),
        role: details.role.map(|role| role.to_string()),
        actions: texts(details.actions),
        etag: etag(project.revision),
    }
}

pub(crate) fn project_team(details: projects::TeamDetails) -> ProjectTeamView {
    ProjectTeamView {
        team: details.team.id.to_string(),
        slug: details.team.slug.to_string(),
        name: details.team.name.to_string(),
        role: details.role.to_string(),
        actions: texts(details.actions),
    }
}

pub(crate) fn team_role(role: wire::teams::TeamRole) -> TeamRole {
    match role {
        wire::teams::TeamRole::Viewer => TeamRole::Viewer,
        wire::teams::TeamRole::Developer => TeamRole::Developer,
        wire::teams::TeamRole::Administrator => TeamRole::Administrator,
    }
}

/// An organization on one cluster, as of `now` on the clock of a hub that started at `started_at`.
pub(crate) fn placement(placed: organizations::Placed) -> PlacementView {
    let (status, cluster) = (placed.status, placed.cluster);
    let heartbeat = cluster.heartbeat;
    PlacementView {
        cluster: cluster.id.to_string(),
        cluster_name: cluster.name.to_string(),
        availability: placed.availability.to_string(),
        last_heartbeat_at: heartbeat.map(|beat| beat.at.to_string()),
        node_pool: status.placement.node_pool.as_ref().map(NodePool::from),
        gateway: placed.gateway.map_or(GatewayChoice::Shared {}, |own| GatewayChoice::Dedicated {
            configuration: own.slug.to_string(),
        }),
        removed: status.report.removed && status.report.observed_generation >= status.generation,
        leaving: status.placement.leaving.map(|how| how.to_string()),
        namespaces: placed.namespaces,
        generation: status.generation,
        observed_generation: status.report.observed_generation,
        conditions: placed.unlicensed.into_iter().chain(status.report.conditions).map(condition).collect(),
        objects: status
            .report
            .objects
            .into_iter()
            .map(|object| ObjectView {
                kind: object.kind,
                namespace: object.namespace,
                name: object.name,
                ready: object.ready,
                message: object.message,
            })
            .collect(),
    }
}

pub(crate) fn resource(resource: organizations::Resource) -> ResourceView {
    let object = resource.object;
    ResourceView {
        cluster: resource.cluster.to_string(),
        cluster_name: resource.cluster_name.into(),
        api_version: object.api_version,
        kind: object.kind,
        namespace: object.namespace,
        name: object.name,
        ready: object.ready,
        message: object.message,
        reported_at: resource.reported_at.to_string(),
    }
}

fn condition(condition: Condition) -> ConditionView {
    ConditionView {
        kind: condition.kind,
        status: condition.status.to_string(),
        reason: condition.reason,
        message: condition.message,
        observed_generation: condition.observed_generation,
        last_transition_at: condition.last_transition.to_string(),
    }
}

pub(crate) fn cluster(details: clusters::Details) -> ClusterView {
    let cluster = details.cluster;
    let administration = details.administration.map(|seen| ClusterAdministration {
        uid: cluster.uid.to_string(),
        fingerprint: cluster.fingerprint.clone(),
        licence: licence(seen.licence),
        organizations: u32::try_from(seen.organizations).unwrap_or(u32::MAX),
    });
    let capability =
        |c: Capability| CapabilityView { name: c.name, available: c.available, reason: c.reason };
    ClusterView {
        id: cluster.id.to_string(),
        name: cluster.name.to_string(),
        hub: cluster.hub.to_string(),
        membership: cluster.membership.to_string(),
        availability: details.availability.map(|availability| availability.to_string()),
        last_heartbeat_at: cluster.heartbeat.map(|beat| beat.at.to_string()),
        kubernetes_version: cluster.facts.kubernetes_version,
        agent_version: cluster.facts.agent_version,
        nodes: cluster.facts.nodes,
        nodes_ready: cluster.facts.nodes_ready,
        network_plugin: cluster.facts.network_plugin,
        capabilities: cluster.facts.capabilities.into_iter().map(capability).collect(),
        conditions: cluster.conditions.into_iter().map(condition).collect(),
        requested_at: cluster.requested_at.to_string(),
        cleaning_since: cluster.cleaning_since.map(|at| at.to_string()),
        administration,
        actions: texts(details.actions),
    }
}

pub(crate) fn licence(details: licences::Details) -> LicenceView {
    let LicenceVerdict { state, reason, expected_uid, found_uids } = details.verdict;
    let facts = match details.examination {
        Some(Examination::Certificate(facts)) => Some(*facts),
        Some(Examination::Unreadable { .. }) | None => None,
    };
    let list =
        |look: fn(&LicenceFacts) -> &Vec<String>| facts.as_ref().map(look).cloned().unwrap_or_default();
    LicenceView {
        state: state.to_string(),
        reason,
        expected_uid,
        found_uids,
        features: list(|facts| &facts.features),
        product_line: list(|facts| &facts.product_line),
        tier: list(|facts| &facts.tier),
        plan: list(|facts| &facts.plan),
        flags: list(|facts| &facts.flags),
        id: facts.as_ref().map(|facts| facts.id.clone()),
        issuer: facts.as_ref().map(|facts| facts.issuer.clone()),
        not_before: facts.as_ref().map(|facts| facts.not_before.to_string()),
        not_after: facts.as_ref().map(|facts| facts.not_after.to_string()),
    }
}

pub(crate) fn hub(hub: Hub) -> HubView {
    HubView { id: hub.id.to_string(), slug: hub.slug.into(), name: hub.name.into() }
}

pub(crate) fn join_token(token: &JoinToken, now: Timestamp) -> JoinTokenView {
    JoinTokenView {
        id: token.id.to_string(),
        cluster_name: token.cluster_name.to_string(),
        state: token.state(now).to_owned(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.to_string(),
    }
}

pub(crate) fn gateway(gateway: GatewayConfiguration) -> GatewayConfigurationView {
    GatewayConfigurationView {
        id: gateway.id.to_string(),
        cluster: gateway.cluster.to_string(),
        slug: gateway.slug.into(),
        name: gateway.name.into(),
        class: gateway.spec.class,
        listeners: gateway.spec.listeners.iter().map(Listener::from).collect(),
        addresses: gateway.spec.addresses.into_iter().map(String::from).collect(),
        certificates: gateway.certificates.into(),
        shared: gateway.shared,
        created_at: gateway.created_at.to_string(),
        etag: etag(gateway.revision),
    }
}

pub(crate) fn me(
    caller: &Caller,
    account: User,
    token: Option<Token>,
    administration: Option<Administration>,
) -> Me {
    let credential = match caller.credential {
        Credential::Session(_) => "session",
        Credential::Token(_) => "token",
        Credential::System(_) => "system",
    };
    Me {
        user: user(account),
        credential: credential.to_owned(),
        token_name: token.map(|token| token.name.into()),
        administration: administration.map(|kind| kind.to_string()),
    }
}

pub(crate) fn user(user: User) -> UserView {
    UserView {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        name: user.name.into(),
        access: user.access.to_string(),
        home_organization: user.home.map(|home| home.to_string()),
        created_at: user.created_at.to_string(),
        etag: etag(user.revision),
    }
}

/// An account, for those who share an organization with it: where else it is at home is not theirs to know.
pub(crate) fn colleague(user: User) -> Colleague {
    Colleague {
        id: user.id.to_string(),
        email: user.email.as_str().to_owned(),
        name: user.name.into(),
        access: user.access.to_string(),
    }
}

pub(crate) fn token(token: Token) -> TokenView {
    let permissions = token.permissions.unwrap_or_default();
    TokenView {
        id: token.id.to_string(),
        name: token.name.into(),
        prefix: token.prefix,
        permissions: permissions.into_iter().map(|permission| permission.key().to_owned()).collect(),
        created_at: token.created_at.to_string(),
        expires_at: token.expires_at.to_string(),
        last_used_at: token.last_used_at.map(|at| at.to_string()),
    }
}

pub(crate) fn session(session: Session, caller: &Caller) -> SessionView {
    SessionView {
        id: session.id.to_string(),
        current: caller.credential == Credential::Session(session.id),
        user_agent: session.user_agent,
        address: session.address,
        created_at: session.created_at.to_string(),
        last_used_at: session.last_used_at.to_string(),
        expires_at: session.expires_at.to_string(),
    }
}

pub(crate) fn audit(record: AuditRecord) -> AuditView {
    AuditView {
        id: record.id.to_string(),
        sequence: record.sequence,
        at: record.at.to_string(),
        actor: record.actor_name,
        credential: record.credential,
        operation: record.operation,
        target_kind: record.target_kind,
        target: record.target,
        target_name: record.target_name,
        organization: record.organization.map(|organization| organization.to_string()),
        before: record.before,
        after: record.after,
        address: record.address,
        request_id: record.request,
        hash: record.hash,
    }
}

pub(crate) fn plan(plan: Plan) -> PlanView {
    let limits = plan.limits;
    let compute = limits.compute;
    PlanView {
        id: plan.id.to_string(),
        slug: plan.slug.into(),
        name: plan.name.into(),
        is_default: plan.is_default,
        isolation: limits.isolation.to_string(),
        deployments: limits.deployments,
        members: limits.members,
        sub_organizations: limits.sub_organizations,
        cpu_millis: compute.cpu_millis,
        memory_mib: compute.memory_mib,
        storage_gib: compute.storage_gib,
        pods: compute.pods,
    }
}

pub(crate) fn permission(permission: Permission) -> PermissionView {
    PermissionView { key: permission.key().to_owned(), meaning: permission.meaning().to_owned() }
}

pub(crate) fn visibility(
    visibility: wire::organizations::Visibility,
) -> bastide_model::organization::Visibility {
    match visibility {
        wire::organizations::Visibility::Private => bastide_model::organization::Visibility::Private,
        wire::organizations::Visibility::Public => bastide_model::organization::Visibility::Public,
    }
}
