//! Made-up organizations, clusters and people.

use std::collections::BTreeMap;

use bastide_api::audit::AuditView;
use bastide_api::client_organizations::{CheckResult, PreconditionView};
use bastide_api::clusters::{
    CapabilityView, ClusterAdministration, ClusterView, ConditionView, HubView, LicenceView,
};
use bastide_api::gateways::{CertificatePolicy, GatewayConfigurationView, Listener, ListenerProtocol};
use bastide_api::identity::Me;
use bastide_api::organizations::{GatewayChoice, NodePool, ObjectView, OrganizationView, PlacementView};
use bastide_api::problem::{Problem, ProblemField, ProblemLimit};
use bastide_api::users::UserView;
use bastide_api::{Page, PageQuery};
use bastide_model::preconditions::Precondition;
use serde_json::json;

pub(crate) use super::people::{every_source, member, permissions, person, plans, role};
use crate::pages::{
    AdministratorKind, Context, Draft, GatewayKind, Listing, Step, TolerationRow, WizardPage,
};

/// A name that tries to become markup.
pub(crate) const MARKUP: &str = r#"<script>alert("1")</script>"#;
/// A name that runs from right to left.
pub(crate) const RIGHT_TO_LEFT: &str = "بلدية \u{627}\u{644}\u{642}\u{627}\u{647}\u{631}\u{629} (فرع)";
/// The fingerprint of a key.
pub(crate) const FINGERPRINT: &str =
    "7B:0E:11:9A:52:C4:3D:EE:91:60:2F:B8:04:7D:AA:13:5C:E1:88:F0:2B:39:D6:41:9E:70:C5:BD:16:0A:F3:48";
const UID: &str = "0195f3a2-77c1-7b10-9d4e-3f2a81c0d5e7";

/// A name as long as a name may be.
pub(crate) fn longest_name() -> String {
    "Ciudadanosparalaconservacióndelpatrimonio".chars().cycle().take(255).collect()
}

pub(crate) fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

pub(crate) fn organization(slug: &str) -> OrganizationView {
    OrganizationView {
        id: format!("org_01jd{slug:0>22}"),
        slug: slug.into(),
        name: if slug == "acme" { "Acme Works".into() } else { format!("Org {slug}") },
        description: "Builds and runs the booking platform for regional railways.".into(),
        kind: "work".into(),
        visibility: "private".into(),
        parent: None,
        annotations: BTreeMap::from([("example.org/cost-centre".into(), "4711".into())]),
        namespace_base: slug.into(),
        plan: "business".into(),
        state: "active".into(),
        host_names: vec!["acme.example".into()],
        created_at: "2026-03-02T09:15:00Z".into(),
        role: Some("owner".into()),
        actions: texts(&["update", "update_host_names", "move", "move_beneath", "delete", "create_beneath"]),
        etag: "\"12\"".into(),
    }
}

/// The organization of a site administrator, from which client organizations are created.
pub(crate) fn acting() -> OrganizationView {
    let mut organization = organization("acme");
    organization.actions.push("create_client_organization".into());
    organization
}

pub(crate) fn named(slug: &str, name: &str) -> OrganizationView {
    OrganizationView { name: name.into(), ..organization(slug) }
}

pub(crate) fn user(email: &str, name: &str) -> UserView {
    UserView {
        id: format!("usr_01jd{:0>22}", name.len()),
        email: email.into(),
        name: name.into(),
        access: "enabled".into(),
        home_organization: Some("acme".into()),
        created_at: "2026-01-12T08:00:00Z".into(),
        etag: "\"1\"".into(),
    }
}

pub(crate) fn me(administration: Option<&str>) -> Me {
    Me {
        user: user("ada@example.org", "Ada Fontaine"),
        credential: "session".into(),
        token_name: None,
        administration: administration.map(str::to_owned),
    }
}

/// Somebody without administration.
pub(crate) fn context() -> Context {
    Context {
        me: Some(me(None)),
        switcher: vec![organization("acme"), named("rail", "Rail Bookings"), named("cairo", RIGHT_TO_LEFT)],
        version: "0.1.0".into(),
        help_url: "/docs".into(),
        nonce: "c0ffee".into(),
        request_id: "req_01jdq3w8k2m4n6p8r0s2t4v6w8".into(),
        ..Context::default()
    }
}

/// The same at a place.
pub(crate) fn at(path: &str) -> Context {
    Context { path: path.into(), ..context() }
}

/// A site administrator at a place.
pub(crate) fn site(path: &str) -> Context {
    Context { me: Some(me(Some("site"))), ..at(path) }
}

/// Within an organization.
pub(crate) fn within(organization: &OrganizationView, path: &str) -> Context {
    Context { current: Some(organization.clone()), ..at(path) }
}

/// A page of a list with a search.
pub(crate) fn searched<T>(search: &str, items: Vec<T>) -> Listing<T> {
    let query = PageQuery { search: Some(search.into()), ..PageQuery::default() };
    Listing { outcome: Ok(Page { items, next_page_token: None }), query }
}

/// A page in the middle of a long list.
pub(crate) fn in_the_middle<T>(items: Vec<T>) -> Listing<T> {
    let query = PageQuery { page_token: Some("cursor-1".into()), ..PageQuery::default() };
    Listing { outcome: Ok(Page { items, next_page_token: Some("cursor-2".into()) }), query }
}

/// A list that could not be had.
pub(crate) fn refused<T>(problem: Problem) -> Listing<T> {
    Listing { outcome: Err(problem), query: PageQuery::default() }
}

pub(crate) fn problem(status: u16, code: &str, title: &str, detail: &str) -> Problem {
    Problem {
        kind: format!("urn:bastide:problem:{code}"),
        title: title.into(),
        status,
        detail: detail.into(),
        code: code.into(),
        request_id: "req_01jdq3w8k2m4n6p8r0s2t4v6w8".into(),
        ..Problem::default()
    }
}

pub(crate) fn invalid(fields: &[(&str, &str)]) -> Problem {
    let errors = fields.iter().map(|(pointer, detail)| ProblemField {
        pointer: (*pointer).to_owned(),
        detail: (*detail).to_owned(),
    });
    Problem { errors: errors.collect(), ..problem(422, "invalid", "The request is not valid", "") }
}

pub(crate) fn forbidden(permission: &str) -> Problem {
    let detail = format!("this needs the permission {permission}");
    Problem {
        permission: Some(permission.into()),
        ..problem(403, "permission_missing", "A permission is missing", &detail)
    }
}

pub(crate) fn limit() -> Problem {
    let limit =
        ProblemLimit { name: "sub_organizations".into(), used: 20, allowed: 20, plan: "Business".into() };
    let detail = "the limit `sub_organizations` is reached: 20 of 20 in use on the plan Business";
    Problem { limit: Some(limit), ..problem(403, "limit_exceeded", "A limit is reached", detail) }
}

pub(crate) fn broken() -> Problem {
    problem(503, "unavailable", "Out of reach", "temporarily unavailable: the database does not answer")
}

pub(crate) fn condition(kind: &str, status: &str, reason: &str, message: &str) -> ConditionView {
    ConditionView {
        kind: kind.into(),
        status: status.into(),
        reason: reason.into(),
        message: message.into(),
        observed_generation: 7,
        last_transition_at: "2026-11-21T18:30:12Z".into(),
    }
}

fn object(kind: &str, namespace: &str, name: &str) -> ObjectView {
    ObjectView {
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
        ready: true,
        message: String::new(),
    }
}

pub(crate) fn node_pool() -> NodePool {
    NodePool {
        labels: BTreeMap::from([("node-pool".into(), "databases".into())]),
        tolerations: texts(&["tier=databases:NoSchedule"]),
    }
}

pub(crate) fn placement(cluster: &str) -> PlacementView {
    PlacementView {
        cluster: format!("cls_01jd{cluster:0>22}"),
        cluster_name: cluster.into(),
        availability: "available".into(),
        last_heartbeat_at: Some("2026-11-22T04:04:51Z".into()),
        node_pool: Some(node_pool()),
        gateway: GatewayChoice::Dedicated { configuration: "edge".into() },
        leaving: None,
        removed: false,
        namespaces: texts(&["acme", "acme-gw"]),
        generation: 7,
        observed_generation: 7,
        conditions: vec![
            condition("Applied", "True", "AllApplied", "All 14 objects are applied."),
            condition("Ready", "True", "AllReady", ""),
        ],
        objects: vec![
            object("Namespace", "", "acme"),
            object("ResourceQuota", "acme", "organization"),
            object("NetworkPolicy", "acme", "default-deny"),
            object("RoleBinding", "acme", "administrators"),
            object("Gateway", "acme-gw", "acme-gw"),
        ],
    }
}

pub(crate) fn broken_placement(cluster: &str) -> PlacementView {
    let mut placement = placement(cluster);
    placement.generation = 8;
    placement.conditions = vec![
        condition("Applied", "True", "AllApplied", "All 14 objects are applied."),
        condition(
            "Ready",
            "False",
            "GatewayNotProgrammed",
            "The Gateway acme-gw has no address yet: class `nginx` is not installed.",
        ),
        condition("NodePool", "Unknown", "NoNodes", ""),
    ];
    for gateway in placement.objects.iter_mut().filter(|object| object.kind == "Gateway") {
        gateway.ready = false;
        gateway.message = "waiting for an address".into();
    }
    placement
}

pub(crate) fn licence(state: &str, reason: &str) -> LicenceView {
    LicenceView {
        state: state.into(),
        reason: reason.into(),
        expected_uid: UID.into(),
        found_uids: texts(&[UID]),
        id: Some("1f9c23aa07".into()),
        features: texts(&["client-organizations", "databases"]),
        product_line: texts(&["bastide"]),
        tier: texts(&["enterprise"]),
        plan: texts(&["annual"]),
        flags: texts(&["MaxOrganizations=200"]),
        issuer: Some("CN=Licence Authority, O=Example".into()),
        not_before: Some("2026-01-01T00:00:00Z".into()),
        not_after: Some("2027-01-01T00:00:00Z".into()),
    }
}

pub(crate) fn no_licence() -> LicenceView {
    LicenceView {
        state: "none".into(),
        reason: "No licence has been uploaded.".into(),
        expected_uid: UID.into(),
        found_uids: Vec::new(),
        id: None,
        features: Vec::new(),
        product_line: Vec::new(),
        tier: Vec::new(),
        plan: Vec::new(),
        flags: Vec::new(),
        issuer: None,
        not_before: None,
        not_after: None,
    }
}

pub(crate) fn cluster(name: &str) -> ClusterView {
    let capability = |name: &str, available: bool, reason: &str| CapabilityView {
        name: name.into(),
        available,
        reason: reason.into(),
    };
    ClusterView {
        id: format!("cls_01jd{name:0>22}"),
        name: name.into(),
        hub: "hub_01jd0000000000000000000000".into(),
        membership: "joined".into(),
        availability: Some("available".into()),
        last_heartbeat_at: Some("2026-11-22T04:04:51Z".into()),
        kubernetes_version: "v1.36.3".into(),
        agent_version: "0.1.0".into(),
        nodes: 6,
        nodes_ready: 6,
        network_plugin: "Cilium".into(),
        capabilities: vec![
            capability("MutatingAdmissionPolicy", true, "Binds pods to the nodes of an organization."),
            capability(
                "GatewayApi",
                false,
                "Dedicated gateways need the Gateway API, which is not installed.",
            ),
        ],
        conditions: vec![condition("Synced", "True", "UpToDate", "The last 12 changes are applied.")],
        requested_at: "2026-03-01T10:00:00Z".into(),
        cleaning_since: None,
        administration: Some(ClusterAdministration {
            uid: UID.into(),
            fingerprint: FINGERPRINT.into(),
            licence: licence("active", "It is valid until 2027-01-01T00:00:00Z."),
            organizations: 3,
        }),
        actions: texts(&["withdraw", "upload_licence"]),
    }
}

pub(crate) fn unlicensed_cluster(name: &str) -> ClusterView {
    let mut cluster = cluster(name);
    if let Some(administration) = &mut cluster.administration {
        administration.licence = no_licence();
        administration.organizations = 0;
    }
    cluster.actions.push("delete".into());
    cluster
}

pub(crate) fn requesting_cluster(name: &str) -> ClusterView {
    ClusterView {
        membership: "requested".into(),
        availability: None,
        last_heartbeat_at: None,
        conditions: Vec::new(),
        actions: texts(&["accept", "deny"]),
        ..unlicensed_cluster(name)
    }
}

pub(crate) fn hub() -> HubView {
    HubView { id: "hub_01jd0000000000000000000000".into(), slug: "main".into(), name: "Main hub".into() }
}

fn listener(name: &str, port: u16, protocol: ListenerProtocol) -> Listener {
    Listener { name: name.into(), port, protocol, host_name: None, allowed: Vec::new() }
}

pub(crate) fn gateway(slug: &str, name: &str) -> GatewayConfigurationView {
    GatewayConfigurationView {
        id: format!("gwc_01jd{slug:0>22}"),
        cluster: "eu-1".into(),
        slug: slug.into(),
        name: name.into(),
        class: "nginx".into(),
        listeners: vec![
            listener("web", 80, ListenerProtocol::Http),
            listener("secure", 443, ListenerProtocol::Https),
        ],
        addresses: vec!["192.0.2.10".into()],
        certificates: CertificatePolicy::Organization,
        shared: slug == "edge",
        created_at: "2026-04-04T12:00:00Z".into(),
        etag: "\"3\"".into(),
    }
}

pub(crate) fn record(sequence: i64, operation: &str, target: &str) -> AuditView {
    AuditView {
        id: format!("aud_01jd{sequence:0>22}"),
        sequence,
        at: format!("2026-11-{:02}T1{}:20:00Z", 22 - sequence % 9, sequence % 10),
        actor: "ada@example.org".into(),
        credential: "session ses_01jd9".into(),
        operation: operation.into(),
        target_kind: "organization".into(),
        target: "org_01jd0000000000000000000acme".into(),
        target_name: target.into(),
        organization: Some("org_01jd0000000000000000000acme".into()),
        before: Some(json!({"name": "Acme", "visibility": "private", "annotations": {}})),
        after: Some(
            json!({"name": "Acme Works", "visibility": "private", "annotations": {"example.org/cost-centre": "4711"}}),
        ),
        address: "192.0.2.17".into(),
        request_id: "req_01jdq3w8k2m4n6p8r0s2t4v6w8".into(),
        hash: "9f2c51e0a7b4".into(),
    }
}

/// Everything filled in, nothing left to its default.
pub(crate) fn draft() -> Draft {
    Draft {
        name: "Grain & Fils".into(),
        slug: "grain".into(),
        annotations: vec![("example.org/cost-centre".into(), "4 711".into()), ("team".into(), String::new())],
        administrator_kind: AdministratorKind::New,
        administrator_user: "lena@example.org".into(),
        administrator_email: "omar@grain.example".into(),
        administrator_name: "Omar Grain".into(),
        visibility: "public".into(),
        plan: "business".into(),
        hub: "main".into(),
        spoke: "eu-1".into(),
        node_labels: vec![("node-pool".into(), "databases".into())],
        tolerations: vec![
            TolerationRow {
                key: "tier".into(),
                operator: "Equal".into(),
                value: "databases".into(),
                effect: "NoSchedule".into(),
            },
            TolerationRow { key: "spot".into(), operator: "Exists".into(), ..TolerationRow::default() },
        ],
        gateway: GatewayKind::Dedicated,
        gateway_configuration: "edge".into(),
    }
}

/// Preconditions, of which the named ones have failed and those of later steps are not chosen.
pub(crate) fn check(step: Step, failed: &[(&str, &str)]) -> CheckResult {
    let seen = match step {
        Step::Basic => 1,
        Step::Cluster => 2,
        Step::Gateway | Step::Review => 3,
    };
    let preconditions = Precondition::ALL.iter().map(|precondition| {
        let failure = failed.iter().find(|(name, _)| *name == precondition.as_str());
        let (outcome, message) = match failure {
            Some((_, message)) => ("failed", *message),
            None if precondition.step() <= seen => ("met", "It holds."),
            None => ("not_chosen", "Not chosen yet."),
        };
        PreconditionView {
            name: precondition.as_str().into(),
            step: precondition.step(),
            outcome: outcome.into(),
            message: message.into(),
        }
    });
    CheckResult { possible: failed.is_empty(), preconditions: preconditions.collect() }
}

pub(crate) fn wizard(step: Step, draft: Draft) -> WizardPage {
    WizardPage {
        acting_from: acting(),
        step,
        draft,
        hubs: vec![hub()],
        spokes: vec![cluster("eu-1"), unlicensed_cluster("eu-2"), requesting_cluster("us-1")],
        gateways: vec![gateway("edge", "Edge"), gateway("inner", "Inner network")],
        plans: plans(),
        users: vec![user("lena@example.org", "Lena Duval"), user("omar@example.org", RIGHT_TO_LEFT)],
        check: check(step, &[]),
        problem: None,
    }
}
