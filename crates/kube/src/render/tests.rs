//! What is rendered, as snapshots to read in review, and rules over all of it.

use std::collections::BTreeSet;

use bastide_model::gateway::{GatewayAddress, Listener, ListenerProtocol, RouteKind};
use bastide_model::labels::{NodePool, NodePoolParts, is_dns_label};
use bastide_model::names::{Annotations, NamespaceBase};
use bastide_model::plan::{ComputeLimits, NetworkIsolation};
use bastide_model::{OrganizationId, RealmId};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::object::{GATEWAY, NETWORK_POLICY, RESOURCE_QUOTA, ROLE_BINDING};

fn acme(change: impl FnOnce(&mut DesiredOrganization)) -> DesiredOrganization {
    let annotation = ("example.org/cost-center".to_owned(), "4711".to_owned());
    let mut desired = DesiredOrganization {
        organization: OrganizationId::from_uuid(Uuid::from_u128(0x0195_f3a2_0000_7000_8000_0000_0000_0001)),
        realm: RealmId::PLATFORM,
        slug: "acme".parse().unwrap(),
        name: "Acme Corp".parse().unwrap(),
        namespace_base: NamespaceBase::from_stored("acme".to_owned()),
        annotations: Annotations::try_from(
            [annotation].into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        )
        .unwrap(),
        isolation: NetworkIsolation::Shared,
        compute: ComputeLimits {
            cpu_millis: 2_000,
            memory_mib: 4_096,
            storage_gib: 20,
            pods: 20,
            services: 10,
        },
        node_pool: None,
        gateway: DesiredGateway::Shared,
        released: false,
        host_names: Vec::new(),
    };
    change(&mut desired);
    desired
}

fn pool(labels: &[(&str, &str)], tolerations: &[&str]) -> NodePool {
    let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let tolerations = tolerations.iter().map(|text| text.parse().unwrap()).collect();
    NodePool::try_from(NodePoolParts { labels, tolerations }).unwrap()
}

fn web() -> GatewaySpec {
    let listener = |name: &str, port, protocol| Listener {
        name: name.to_owned(),
        port,
        protocol,
        host_name: None,
        allowed: Vec::new(),
    };
    GatewaySpec {
        class: "envoy".to_owned(),
        listeners: vec![
            listener("http", 80, ListenerProtocol::Http),
            listener("https", 443, ListenerProtocol::Https),
        ],
        addresses: Vec::new(),
    }
}

fn dedicated(name: String) -> DesiredGateway {
    DesiredGateway::Dedicated { name, spec: web() }
}

fn common(desired: &mut DesiredOrganization, host_names: &[&str]) {
    desired.gateway = DesiredGateway::Common(web());
    desired.host_names = host_names.iter().map(|name| name.parse().unwrap()).collect();
}

fn options() -> RenderOptions {
    RenderOptions::for_version("v1.36.3")
}

fn rendered(desired: &DesiredOrganization) -> Vec<Object> {
    organization(desired, &options())
}

/// Those objects of the second that the first does not have in the same form: what a choice changes.
fn changed(from: &[Object], to: &[Object]) -> Vec<Object> {
    to.iter().filter(|object| !from.contains(object)).cloned().collect()
}

fn keys(objects: &[Object]) -> BTreeSet<String> {
    objects.iter().map(|object| object.key().to_string()).collect()
}

/// FLEET-5: all that an organization gets.
#[test]
fn fleet_5_an_organization_with_the_shared_gateway() {
    insta::assert_snapshot!(to_yaml(&rendered(&acme(|_| ()))));
}

/// FLEET-4, FLEET-5: what an own gateway changes.
#[test]
fn fleet_5_an_own_gateway() {
    let shared = rendered(&acme(|_| ()));
    let own = rendered(&acme(|desired| desired.gateway = dedicated("acme-gw".to_owned())));
    insta::assert_snapshot!(to_yaml(&changed(&shared, &own)));
    assert!(!shared.iter().any(|object| object.key().is(&GATEWAY)));
}

/// FLEET-4, FLEET-5: addresses, host names and kinds of routes of a configuration reach the gateway.
#[test]
fn fleet_5_everything_of_a_configuration_is_in_the_gateway() {
    let mut spec = web();
    spec.addresses = vec![
        GatewayAddress::Ip("2001:db8::7".parse().unwrap()),
        GatewayAddress::HostName("edge.example.org".parse().unwrap()),
    ];
    spec.listeners.truncate(1);
    for listener in &mut spec.listeners {
        listener.host_name = Some("*.acme.example".parse().unwrap());
        listener.allowed = vec![RouteKind::Grpc];
    }
    let gateway = DesiredGateway::Dedicated { name: "acme-gw".to_owned(), spec };
    let rendered = gateway::render(&acme(|desired| desired.gateway = gateway), &options());
    insta::assert_snapshot!(to_yaml(&Vec::from_iter(rendered)));
}

/// FLEET-5: on the gateway that organizations share, one has listeners for its own host names and no other.
#[test]
fn fleet_5_listeners_on_the_shared_gateway() {
    let without = rendered(&acme(|_| ()));
    let with = rendered(&acme(|desired| common(desired, &["acme.example", "www.acme.org"])));
    insta::assert_snapshot!(to_yaml(&changed(&without, &with)));
    let nameless = rendered(&acme(|desired| common(desired, &[])));
    assert_eq!(keys(&nameless), keys(&without), "without a host name there is nothing to listen for");
    let most = rendered(&acme(|desired| {
        let names: Vec<String> =
            (0..bastide_model::limits::HOST_NAMES_MAX).map(|n| format!("n{n}.example")).collect();
        common(desired, &names.iter().map(String::as_str).collect::<Vec<_>>());
        if let DesiredGateway::Common(spec) = &mut desired.gateway {
            let first = spec.listeners[0].clone();
            spec.listeners.resize(bastide_model::limits::SHARED_LISTENERS_MAX, first);
        }
    }));
    let set = most.iter().find(|object| object.key().is(&crate::object::LISTENER_SET)).unwrap();
    assert_eq!(set.body().pointer("/spec/listeners").and_then(Value::as_array).unwrap().len(), 64);
}

/// FLEET-5: the gateway that organizations share is made once, beside everything else of Bastide's.
#[test]
fn fleet_5_the_shared_gateway() {
    let shared = RenderOptions { shared_gateway: Some(web()), ..options() };
    insta::assert_snapshot!(to_yaml(&changed(&cluster(&options()), &cluster(&shared))));
}

/// ORG-8: no organization ever uses another's gateway, so that none can keep another from going: what is made of one
/// configuration is one gateway for each organization, in its own namespace, and only its own namespaces attach to it.
#[test]
fn org_8_no_organization_uses_anothers_gateway() {
    let one = |name: &str, id| {
        acme(|desired| {
            desired.organization = OrganizationId::from_uuid(Uuid::from_u128(id));
            desired.namespace_base = NamespaceBase::from_stored(name.to_owned());
            desired.gateway = dedicated(desired.namespace_base.gateway());
        })
    };
    let (acme, other) = (one("acme", 1), one("other", 2));
    assert!(keys(&rendered(&acme)).is_disjoint(&keys(&rendered(&other))));
    for (own, foreign) in [(&acme, &other), (&other, &acme)] {
        let gateway = gateway::render(own, &options()).unwrap();
        assert_eq!(gateway.key().namespace, Some(own.namespace_base.gateway()));
        let written = gateway.body().to_string();
        assert!(written.contains(&own.organization.to_string()));
        assert!(!written.contains(&foreign.organization.to_string()));
        assert!(!to_yaml(&rendered(own)).contains(&gateway::route_parent(foreign, &options())));
    }
}

/// FLEET-5: what a node pool adds.
#[test]
fn fleet_5_a_node_pool() {
    let without = rendered(&acme(|_| ()));
    let with = rendered(&acme(|desired| {
        desired.node_pool = Some(pool(
            &[("example.org/pool", "gold"), ("zone", "a")],
            &["example.org/pool=gold:NoSchedule", "spot"],
        ));
    }));
    insta::assert_snapshot!(to_yaml(&changed(&without, &with)));
    let untainted = rendered(&acme(|desired| desired.node_pool = Some(pool(&[("pool", "gold")], &[]))));
    assert!(!to_yaml(&untainted).contains("tolerations"));
}

/// PLAN-4: what each isolation changes from `shared`.
#[test]
fn plan_4_each_isolation() {
    let shared = rendered(&acme(|_| ()));
    let namespace = rendered(&acme(|desired| desired.isolation = NetworkIsolation::Namespace));
    insta::assert_snapshot!("plan_4_namespace", to_yaml(&changed(&shared, &namespace)));
    assert_eq!(keys(&shared), keys(&namespace));
    let own = rendered(&acme(|desired| desired.isolation = NetworkIsolation::Dedicated));
    insta::assert_snapshot!("plan_4_dedicated", to_yaml(&changed(&shared, &own)));
    let gone: Vec<_> = keys(&shared).difference(&keys(&own)).cloned().collect();
    assert_eq!(gone, ["NetworkPolicy acme/allow-internet-egress"]);
}

/// FLEET-5: Bastide's own objects on a cluster.
#[test]
fn fleet_5_the_cluster_s_own_objects() {
    insta::assert_snapshot!(to_yaml(&cluster(&options())));
}

/// FLEET-1: what `kubectl apply` installs.
#[test]
fn fleet_1_the_agent_s_manifest() {
    let install = AgentInstall {
        hub_url: "https://hub.example.org".to_owned(),
        join_token: "bjt_0123456789".to_owned(),
        hub_ca_sha256: "ab".repeat(32),
        cluster_name: "frankfurt".to_owned(),
        image: "registry.example.org/bastide-agent:0.1.0".to_owned(),
        namespace: SYSTEM_NAMESPACE.to_owned(),
    };
    insta::assert_snapshot!(to_yaml(&agent_manifest(&install)));
    let elsewhere = agent_manifest(&AgentInstall { namespace: "elsewhere".to_owned(), ..install });
    let names = keys(&elsewhere);
    for name in
        ["Namespace elsewhere", "Namespace bastide-system", "Role bastide-system/bastide-agent-records"]
    {
        assert!(names.contains(name), "{name} is missing");
    }
}

/// ORG-1: with the longest slug, every name is still one, and its namespaces are two.
#[test]
fn org_1_names_never_exceed_63_characters() {
    let slug: bastide_model::names::Slug = "a".repeat(40).parse().unwrap();
    let desired = acme(|desired| {
        desired.namespace_base = NamespaceBase::with_suffix(&slug, desired.organization);
        desired.slug = slug;
        desired.gateway = dedicated(desired.namespace_base.gateway());
        desired.node_pool = Some(pool(&[("pool", "gold")], &["pool=gold"]));
    });
    let objects = rendered(&desired);
    for object in &objects {
        let key = object.key();
        assert!(is_dns_label(&key.name), "{key}");
        assert!(key.namespace.as_deref().is_none_or(is_dns_label), "{key}");
    }
    assert_eq!(keys(&objects).len(), objects.len(), "no two objects have one key");
}

/// FLEET-5: everything carries the organization, so that nothing of it is nobody's.
#[test]
fn fleet_5_every_object_is_labelled() {
    let desired = acme(|desired| {
        desired.gateway = dedicated("acme-gw".to_owned());
        desired.node_pool = Some(pool(&[("pool", "gold")], &[]));
    });
    for object in rendered(&desired) {
        let labels = object.body().pointer("/metadata/labels").unwrap();
        assert_eq!(labels.get(ORGANIZATION_LABEL).unwrap(), &serde_json::json!(desired.organization));
        assert_eq!(labels.get(REALM_LABEL).unwrap(), &serde_json::json!(desired.realm));
        assert_eq!(labels.get(MANAGED_BY_LABEL).unwrap(), MANAGED_BY);
    }
}

/// FLEET-5: rights come after every limit, and the namespaces before everything.
#[test]
fn fleet_5_nobody_may_act_before_the_limits_are_there() {
    let objects = rendered(&acme(|desired| {
        desired.gateway = dedicated("acme-gw".to_owned());
        desired.node_pool = Some(pool(&[("pool", "gold")], &[]));
    }));
    let places = |kind: &Resource| -> Vec<usize> {
        (0..objects.len()).filter(|&place| objects[place].key().is(kind)).collect()
    };
    assert_eq!(places(&crate::object::NAMESPACE), [0, 1]);
    let first_right = places(&ROLE_BINDING)[0];
    for confining in [&NETWORK_POLICY, &RESOURCE_QUOTA, &crate::object::MUTATING_ADMISSION_POLICY] {
        assert!(places(confining).iter().all(|&place| place < first_right), "{}", confining.kind);
    }
}

/// ROLE-7 on the cluster: no role of ours lets a tenant widen its rights, act as another, or change what confines it.
#[test]
fn role_7_tenants_cannot_widen_their_rights() {
    for role in rbac::cluster_roles() {
        for rule in role.body().pointer("/rules").and_then(Value::as_array).unwrap() {
            let list = |field: &str| -> Vec<String> { serde_json::from_value(rule[field].clone()).unwrap() };
            let (resources, verbs) = (list("resources"), list("verbs"));
            for forbidden in ["*", "escalate", "bind", "impersonate"] {
                assert!(!verbs.iter().any(|verb| verb == forbidden), "{forbidden} in {}", role.key());
            }
            for forbidden in ["serviceaccounts/token", "services/proxy", "pods/proxy", "nodes/proxy", "*"] {
                assert!(!resources.iter().any(|one| one == forbidden), "{forbidden} in {}", role.key());
            }
            let writes = verbs.iter().any(|verb| !["get", "list", "watch"].contains(&verb.as_str()));
            for confining in [
                "networkpolicies",
                "resourcequotas",
                "limitranges",
                "roles",
                "rolebindings",
                "namespaces",
                "gateways",
                "listenersets",
            ] {
                assert!(
                    !(writes && resources.iter().any(|one| one == confining)),
                    "{confining} in {}",
                    role.key()
                );
            }
        }
    }
    for binding in rbac::bindings(&acme(|_| ())) {
        let subjects = binding.body().pointer("/subjects").and_then(Value::as_array).unwrap();
        assert!(subjects.iter().all(|subject| subject["kind"] == "Group"), "{}", binding.key());
    }
}

#[test]
fn pod_security_is_pinned_to_the_minor_version() {
    let pinned = |version: &str| RenderOptions::for_version(version).pod_security_version;
    for version in ["v1.36.3", "v1.36", "v1.36+", "v1.36.3-eks-5", "v1.36.3+k3s1"] {
        assert_eq!(pinned(version), "v1.36", "{version}");
    }
    for version in ["", "1.36", "v1", "v1.x", "v.36", "vv1.36"] {
        assert_eq!(pinned(version), "latest", "{version}");
    }
}

proptest! {
    /// Whatever an organization asks for, rendering it twice gives the same, and every object has a key of its own.
    #[test]
    fn rendering_is_a_function(
        base in "[a-z][a-z0-9]{0,46}",
        cpu in 0u64..1_000_000, memory in 0u64..10_000_000, pods in 0u64..10_000,
        value in "[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,20}[a-zA-Z0-9])?",
    ) {
        let desired = acme(|desired| {
            desired.namespace_base = NamespaceBase::from_stored(base);
            desired.compute =
                ComputeLimits { cpu_millis: cpu, memory_mib: memory, storage_gib: pods, pods, services: pods };
            desired.node_pool = Some(pool(&[("example.org/pool", &value)], &[&format!("pool={value}")]));
        });
        let objects = rendered(&desired);
        prop_assert_eq!(&objects, &rendered(&desired));
        prop_assert_eq!(keys(&objects).len(), objects.len());
    }
}
