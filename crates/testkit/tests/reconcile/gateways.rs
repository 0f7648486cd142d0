//! The way in: the gateway that organizations share, each one's listeners on it, and which host names its routes may serve
//! (FLEET-5).

use bastide_kube::object::{GATEWAY, LISTENER_SET};
use bastide_kube::reconcile::{bring_about, cluster_objects};
use bastide_kube::render::RenderOptions;
use bastide_model::placement::{DesiredGateway, DesiredOrganization, DesiredSet};
use bastide_testkit::control_plane::{ControlPlane, Options};
use bastide_testkit::wait;
use kube::Client;
use serde_json::{Value, json};

use crate::intruder::{self, WAYS, is_refused, post, write};
use crate::stage::{LIMIT, Stage, gateway_spec};

const API: &str = "/apis/gateway.networking.k8s.io/v1";
const SHARED: &str = "/apis/gateway.networking.k8s.io/v1/namespaces/bastide-gateway/gateways/shared";

fn owning(desired: &mut DesiredOrganization, names: &[&str]) {
    desired.host_names = names.iter().map(|name| name.parse().unwrap()).collect();
}

fn sharing(stage: &Stage, generation: i64, names: &[&str]) -> DesiredSet {
    stage.set_with(generation, |desired| {
        desired.gateway = DesiredGateway::Common(gateway_spec());
        owning(desired, names);
    })
}

/// A route of a kind with host names, at a parent (kind, namespace, name).
fn route(kind: &str, name: &str, hosts: &Value, (of, namespace, parent): (&str, &str, &str)) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": kind, "metadata": { "name": name },
        "spec": {
            "hostnames": hosts,
            "parentRefs": [{ "kind": of, "namespace": namespace, "name": parent }],
            "rules": [{ "backendRefs": [{ "name": "web", "port": 80 }] }],
        },
    })
}

/// Host names, and the code that they are refused with; none where they are let through. What the Gateway API itself
/// refuses has its own words.
fn host_names() -> Vec<(Value, Option<&'static str>)> {
    let not = Some("HostNameNotAllowed");
    let invalid = Some("should match");
    vec![
        (json!(["acme.example"]), None),
        (json!(["www.acme.example"]), None),
        (json!(["a.b.acme.example"]), None),
        (json!(["*.acme.example"]), None),
        (json!(["*.b.acme.example"]), None),
        (json!(["other.example"]), None),
        (json!(["acme.example", "www.other.example"]), None),
        (json!([]), Some("HostNameMissing")),
        (Value::Null, Some("HostNameMissing")),
        (json!(["evilacme.example"]), not),
        (json!(["*.evilacme.example"]), not),
        (json!(["sibling.example"]), not),
        (json!(["www.sibling.example"]), not),
        (json!(["acme.example", "sibling.example"]), not),
        (json!(["example"]), not),
        (json!(["*.example"]), not),
        (json!(["acme.example.org"]), not),
        (json!(["acme.examples"]), not),
        (json!(["acme-example"]), not),
        (json!(["ACME.example"]), invalid),
        (json!(["www.Acme.Example"]), invalid),
        (json!(["acme.example."]), invalid),
        (json!(["sibling.example."]), invalid),
        (json!([".acme.example"]), invalid),
        (json!(["*"]), invalid),
        (json!(["*acme.example"]), invalid),
        (json!(["*.*.acme.example"]), invalid),
        (json!(["sibling.example,acme.example"]), invalid),
        (json!([""]), invalid),
        (json!(["sibling.example/.acme.example"]), invalid),
    ]
}

fn judge(what: &str, expected: Option<&str>, result: &Result<Value, (u16, String)>) {
    match (expected, result) {
        (None, Ok(_)) => {}
        (Some(code), Err((status, message))) => {
            let said = message.contains(code) || (code == "should match" && message.contains("at least 1"));
            assert!([403, 422].contains(status) && said, "{what}: {result:?}");
        }
        _ => panic!("{what}: expected {expected:?}, got {result:?}"),
    }
}

/// Takes the quota away: kinds that were installed after the controllers started are counted minutes later only.
async fn uncounted(stage: &Stage) {
    for namespace in [stage.base(), format!("{}-gw", stage.base())] {
        let path = format!("/api/v1/namespaces/{namespace}/resourcequotas/bastide-limits");
        intruder::delete(&stage.client, &path).await.unwrap();
    }
}

/// As `post`, once the API server has seen that there is no quota.
async fn counted(client: &Client, path: &str, body: &Value) -> Result<Value, (u16, String)> {
    wait::until("the quota to be gone", LIMIT, async || {
        let result = post(client, path, body).await;
        let is_unknown =
            result.as_ref().is_err_and(|(_, message)| message.contains("status unknown for quota"));
        Ok((!is_unknown).then_some(result))
    })
    .await
    .unwrap()
}

/// FLEET-5: on a shared gateway a route serves host names that its organization owns, or names beneath them, and no others,
/// whoever writes it and however.
#[tokio::test]
async fn fleet_5_routes_serve_their_organizations_host_names_only() {
    let stage = Stage::new("hosts").await;
    stage.until_settled(&sharing(&stage, 1, &["acme.example", "other.example"])).await;
    let sibling = Stage::new("hosts-sibling").await;
    sibling.until_settled(&sharing(&sibling, 1, &["sibling.example"])).await;
    uncounted(&stage).await;
    let intruder = intruder::client(stage.plane()).await;
    let parent = ("ListenerSet", "hosts-gw", "hosts-gw");
    for (client, who) in [(&intruder, "intruder"), (&stage.client, "administrator")] {
        for (kind, plural) in
            [("HTTPRoute", "httproutes"), ("GRPCRoute", "grpcroutes"), ("TLSRoute", "tlsroutes")]
        {
            let path = format!("{API}/namespaces/hosts/{plural}?dryRun=All");
            for (hosts, expected) in host_names() {
                let mut expected = expected;
                if kind == "TLSRoute" && (hosts == json!([]) || hosts.is_null()) {
                    // Here the API demands a host name itself.
                    expected = Some("hostnames");
                }
                let result = counted(client, &path, &route(kind, "tried", &hosts, parent)).await;
                judge(&format!("{kind} {hosts} by {who}"), expected, &result);
            }
        }
    }
    // A route that is there is not changed into another, by whatever way, and may be changed otherwise.
    let path = format!("{API}/namespaces/hosts/httproutes");
    counted(&intruder, &path, &route("HTTPRoute", "web", &json!(["www.acme.example"]), parent))
        .await
        .unwrap();
    let web = format!("{path}/web");
    for (hosts, expected) in host_names() {
        // What is left out is not taken away by a patch, and kinds of others know no strategic one.
        for way in WAYS.into_iter().filter(|way| *way != "strategic" && (*way == "put" || !hosts.is_null())) {
            let change = json!({ "spec": { "hostnames": hosts } });
            let dry = if way == "apply" { "" } else { "?dryRun=All" };
            let result = write(&intruder, way, &web, dry, &change).await;
            judge(&format!("{hosts} by {way}"), expected, &result);
        }
    }
    write(&intruder, "merge", &web, "", &json!({ "metadata": { "labels": { "a": "b" } } })).await.unwrap();
    // What is no longer owned is no longer listened for; the route may still be taken care of, and go.
    stage.until_settled(&sharing(&stage, 2, &["other.example"])).await;
    write(&intruder, "merge", &web, "", &json!({ "metadata": { "labels": { "a": "c" } } })).await.unwrap();
    let hosts = json!({ "spec": { "hostnames": ["new.acme.example"] } });
    judge("no longer owned", Some("HostNameNotAllowed"), &write(&intruder, "merge", &web, "", &hosts).await);
    intruder::delete(&intruder, &web).await.unwrap();
}

/// FLEET-5, ORG-8: a route attaches to its organization's own way in only: never to another's gateway or listeners, nor to
/// the shared gateway itself.
#[tokio::test]
async fn fleet_5_routes_attach_to_their_organizations_way_in_only() {
    let shared = Stage::new("attached").await;
    shared.until_settled(&sharing(&shared, 1, &["attached.example"])).await;
    let alone = Stage::new("alone").await;
    let own = alone.set_with(1, |desired| {
        desired.gateway = alone.own_gateway();
        owning(desired, &["alone.example"]);
    });
    alone.until_settled(&own).await;
    let plain = Stage::new("plainly").await;
    plain.until_settled(&plain.set_with(1, |desired| owning(desired, &["plainly.example"]))).await;
    for stage in [&shared, &alone, &plain] {
        uncounted(stage).await;
    }
    let client = &shared.client;
    let parents = [
        ("ListenerSet", "attached-gw", "attached-gw"),
        ("Gateway", "alone-gw", "alone-gw"),
        ("Gateway", "bastide-gateway", "shared"),
        ("Gateway", "attached-gw", "attached-gw"),
        ("ListenerSet", "alone-gw", "alone-gw"),
        ("Gateway", "alone", "alone-gw"),
        ("Gateway", "alone-gw", "other"),
        ("Gateway", "default", "shared"),
        ("Service", "attached-gw", "attached-gw"),
    ];
    for (base, allowed) in [("attached", 0), ("alone", 1), ("plainly", 2)] {
        for (number, parent) in parents.iter().enumerate() {
            let host = json!([format!("www.{base}.example")]);
            let path = format!("{API}/namespaces/{base}/httproutes?dryRun=All");
            let result = counted(client, &path, &route("HTTPRoute", "tried", &host, *parent)).await;
            let expected = (number != allowed).then_some("ParentNotAllowed");
            judge(&format!("{base} at {parent:?}"), expected, &result);
        }
    }
    parents_are_judged_one_by_one(client, parents[1]).await;
    // Whoever owns no name serves none on what is shared.
    let nameless = Stage::new("nameless").await;
    nameless.until_settled(&sharing(&nameless, 1, &[])).await;
    uncounted(&nameless).await;
    let path = format!("{API}/namespaces/nameless/httproutes?dryRun=All");
    let own = ("ListenerSet", "nameless-gw", "nameless-gw");
    let any = route("HTTPRoute", "tried", &json!(["www.acme.example"]), own);
    judge("nothing owned", Some("HostNameNotAllowed"), &counted(client, &path, &any).await);
}

/// What the organization `alone` may do with its own gateway.
async fn parents_are_judged_one_by_one(client: &Client, own: (&str, &str, &str)) {
    // Two parents are as good as the worse one; a namespace that is not named is the route's own.
    let mut two = route("HTTPRoute", "tried", &json!(["www.alone.example"]), own);
    two["spec"]["parentRefs"] = json!([
        { "name": "alone-gw", "namespace": "alone-gw" },
        { "name": "shared", "namespace": "bastide-gateway" },
    ]);
    let path = format!("{API}/namespaces/alone/httproutes?dryRun=All");
    judge("two parents", Some("ParentNotAllowed"), &counted(client, &path, &two).await);
    two["spec"]["parentRefs"] = json!([{ "name": "alone-gw" }]);
    judge("in its own namespace", Some("ParentNotAllowed"), &counted(client, &path, &two).await);
    let within = format!("{API}/namespaces/alone-gw/httproutes?dryRun=All");
    judge("in the gateway's namespace", None, &counted(client, &within, &two).await);
    two["spec"]["parentRefs"] = json!([{ "group": "", "kind": "Service", "name": "web" }]);
    judge("a service", Some("ParentNotAllowed"), &counted(client, &path, &two).await);
    // Whoever has a gateway alone may serve all that comes there; other names stay others'.
    let all = route("HTTPRoute", "tried", &json!([]), own);
    judge("all of one's own gateway", None, &counted(client, &path, &all).await);
    let foreign = route("HTTPRoute", "tried", &json!(["www.attached.example"]), own);
    judge("another's name", Some("HostNameNotAllowed"), &counted(client, &path, &foreign).await);
}

/// FLEET-5: gateways and listeners that somebody other than Bastide makes in an organization's namespaces name hosts that
/// the organization owns, each of them, and listen on no gateway elsewhere.
#[tokio::test]
async fn fleet_5_listeners_of_tenants_name_their_hosts() {
    let stage = Stage::new("listening").await;
    stage.until_settled(&sharing(&stage, 1, &["acme.example", "other.example"])).await;
    let intruder = intruder::client(stage.plane()).await;
    let listener = |name: &str, port: u16, host: &Value| json!({ "name": name, "port": port, "protocol": "HTTP", "hostname": host });
    let gateway = |listeners: Value| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": { "name": "tried" },
            "spec": { "gatewayClassName": "any", "listeners": listeners },
        })
    };
    let set = |parent: Value, listeners: Value| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "ListenerSet", "metadata": { "name": "tried" },
            "spec": { "parentRef": parent, "listeners": listeners },
        })
    };
    let gateways = format!("{API}/namespaces/listening-gw/gateways?dryRun=All");
    let sets = format!("{API}/namespaces/listening-gw/listenersets?dryRun=All");
    let (here, there) =
        (json!({ "name": "tried" }), json!({ "name": "shared", "namespace": "bastide-gateway" }));
    for (hosts, expected) in host_names() {
        let Some(hosts) = hosts.as_array().filter(|hosts| !hosts.is_empty()) else { continue };
        let listeners: Vec<Value> =
            hosts.iter().zip(80..).map(|(host, port)| listener(&format!("l{port}"), port, host)).collect();
        let result = counted(&intruder, &gateways, &gateway(json!(listeners))).await;
        let expected = if *hosts == [json!("")] { Some("HostNameMissing") } else { expected };
        if result
            .as_ref()
            .is_err_and(|(_, said)| said.contains("should match") || said.contains("at least 1"))
            && expected.is_some()
        {
            continue;
        }
        judge(&format!("gateway for {hosts:?}"), expected, &result);
        judge(
            &format!("set for {hosts:?}"),
            expected,
            &counted(&intruder, &sets, &set(here.clone(), json!(listeners))).await,
        );
    }
    let open = json!([listener("a", 80, &json!("www.acme.example")), { "name": "b", "port": 81, "protocol": "HTTP" }]);
    judge(
        "for all hosts",
        Some("HostNameMissing"),
        &counted(&intruder, &gateways, &gateway(open.clone())).await,
    );
    judge("for all hosts", Some("HostNameMissing"), &counted(&intruder, &sets, &set(here, open)).await);
    let good = json!([listener("a", 80, &json!("www.acme.example"))]);
    judge("elsewhere", Some("ParentNotAllowed"), &counted(&intruder, &sets, &set(there, good)).await);
    // Bastide's own are changed by nobody.
    let own = format!("{API}/namespaces/listening-gw/listenersets/listening-gw");
    let change = json!({ "metadata": { "labels": { "bastide.dev/organization": "org_other" } } });
    judge("Bastide's", Some("ObjectLocked"), &write(&intruder, "merge", &own, "", &change).await);
    judge("Bastide's", Some("ObjectLocked"), &intruder::delete(&intruder, &own).await);
}

async fn found(client: &Client, path: &str) -> Option<Value> {
    intruder::get(client, path).await.ok()
}

/// FLEET-5: where a configuration is shared, Bastide makes one gateway for all who use it and a listener set for each; it
/// changes in place, and goes when nobody listens on it any more, not before.
#[tokio::test]
async fn fleet_5_organizations_share_one_gateway() {
    // A control plane of its own: other tests' organizations would be listening, too.
    let plane = ControlPlane::start(Options::new("sharing")).await.unwrap();
    plane.apply_gateway_api_crds().await.unwrap();
    let client = plane.client().await.unwrap();
    let none = RenderOptions::for_version("v1.36.3");
    let mut options = RenderOptions { shared_gateway: Some(gateway_spec()), ..none.clone() };
    cluster_objects(&client, &none).await.unwrap();
    assert_eq!(found(&client, SHARED).await, None, "nothing is made where nothing is shared");
    let objects = cluster_objects(&client, &options).await.unwrap();
    let told = objects.iter().find(|object| object.kind == GATEWAY.kind).unwrap();
    assert!(!told.ready && told.message.contains("No gateway controller"), "{told:?}");
    let made = found(&client, SHARED).await.unwrap();
    let namespace = found(&client, "/api/v1/namespaces/bastide-gateway").await.unwrap();

    let (one, two) = (Stage::new("share-one").await, Stage::new("share-two").await);
    let sets = [sharing(&one, 1, &["one.example"]), sharing(&two, 2, &["two.example"])];
    for set in &sets {
        let report = bring_about(&client, set, &options).await.unwrap();
        let listening = report.objects.iter().find(|object| object.kind == LISTENER_SET.kind).unwrap();
        assert!(listening.message.contains("No gateway controller"), "{listening:?}");
    }
    let path = format!("{API}/namespaces/share-one-gw/listenersets/share-one-gw");
    let hosts: Vec<Value> = found(&client, &path).await.unwrap()["spec"]["listeners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|listener| listener["hostname"].clone())
        .collect();
    assert_eq!(json!(hosts), json!(["one.example", "*.one.example", "one.example", "*.one.example"]));
    cluster_objects(&client, &options).await.unwrap();
    assert_eq!(found(&client, SHARED).await.unwrap(), made, "a second pass writes nothing");

    // Another configuration takes its place: the same gateway, changed.
    if let Some(spec) = &mut options.shared_gateway {
        spec.class = "another".to_owned();
    }
    cluster_objects(&client, &options).await.unwrap();
    let changed = found(&client, SHARED).await.unwrap();
    assert_eq!(changed["spec"]["gatewayClassName"], "another");
    assert_eq!(changed["metadata"]["uid"], made["metadata"]["uid"]);

    it_goes_when_nobody_listens(&client, &none, &two, &sets).await;
    let left = found(&client, "/api/v1/namespaces/bastide-gateway").await.unwrap();
    assert_eq!(left["metadata"]["uid"], namespace["metadata"]["uid"], "others may have moved in");
    one_that_was_there_is_left_alone(&client, &none, &options).await;
    plane.stop().await.unwrap();
}

async fn it_goes_when_nobody_listens(
    client: &Client,
    none: &RenderOptions,
    two: &Stage,
    sets: &[DesiredSet; 2],
) {
    // While anybody listens it stays, whatever is wanted.
    cluster_objects(client, none).await.unwrap();
    assert!(found(client, SHARED).await.is_some());
    let gone = DesiredSet { generation: 3, content: None, ..sets[0].clone() };
    bring_about(client, &gone, none).await.unwrap();
    cluster_objects(client, none).await.unwrap();
    assert!(found(client, SHARED).await.is_some(), "the other one still listens");
    // Whoever turns to a gateway of their own stops listening.
    let alone = two.set_with(4, |desired| {
        desired.gateway = two.own_gateway();
        owning(desired, &["two.example"]);
    });
    bring_about(client, &alone, none).await.unwrap();
    let path = format!("{API}/namespaces/share-two-gw/listenersets/share-two-gw");
    assert_eq!(found(client, &path).await, None);
    wait::until("the first organization's listeners to go", LIMIT, async || {
        cluster_objects(client, none).await?;
        Ok(found(client, SHARED).await.is_none().then_some(()))
    })
    .await
    .unwrap();
}

/// A gateway of that name that somebody else made is not taken over, and told.
async fn one_that_was_there_is_left_alone(client: &Client, none: &RenderOptions, options: &RenderOptions) {
    let foreign = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": { "name": "shared" },
        "spec": { "gatewayClassName": "theirs", "listeners": [{ "name": "a", "port": 80, "protocol": "HTTP" }] },
    });
    post(client, &format!("{API}/namespaces/bastide-gateway/gateways"), &foreign).await.unwrap();
    let objects = cluster_objects(client, options).await.unwrap();
    let told = objects.iter().find(|object| object.kind == GATEWAY.kind).unwrap();
    assert!(told.message.contains("belongs to somebody else"), "{told:?}");
    assert_eq!(found(client, SHARED).await.unwrap()["spec"]["gatewayClassName"], "theirs");
    cluster_objects(client, none).await.unwrap();
    assert!(found(client, SHARED).await.is_some());
}

/// FLEET-5: without the Gateway API nothing else is missing, and it is told.
#[tokio::test]
async fn fleet_5_without_the_gateway_api_only_the_shared_gateway_is_missing() {
    let plane = ControlPlane::start(Options::new("no-sharing")).await.unwrap();
    let client = plane.client().await.unwrap();
    let none = RenderOptions::for_version("v1.36.3");
    let options = RenderOptions { shared_gateway: Some(gateway_spec()), ..none.clone() };
    let objects = cluster_objects(&client, &options).await.unwrap();
    let (gateways, others): (Vec<_>, Vec<_>) = objects.iter().partition(|object| object.kind == GATEWAY.kind);
    assert!(others.iter().all(|object| object.ready), "{others:#?}");
    assert!(
        gateways.iter().all(|gateway| gateway.message.contains("does not have this kind")),
        "{gateways:?}"
    );
    assert_eq!(gateways.len(), 1);
    cluster_objects(&client, &none).await.unwrap();
    plane.stop().await.unwrap();
}

/// FLEET-5: what holds on an organization's namespaces for its routes is changed by nobody else.
#[tokio::test]
async fn fleet_5_nobody_gives_himself_a_host_name() {
    let stage = Stage::new("owning").await;
    stage.until_settled(&sharing(&stage, 1, &["owning.example"])).await;
    let intruder = intruder::client(stage.plane()).await;
    for base in ["owning", "owning-gw"] {
        let path = format!("/api/v1/namespaces/{base}");
        for (key, value) in [
            ("bastide.dev/host-names", json!("owning.example,sibling.example")),
            ("bastide.dev/host-names", Value::Null),
            ("bastide.dev/route-parent", json!("Gateway/bastide-gateway/shared")),
            ("bastide.dev/gateway", json!("dedicated")),
        ] {
            for way in ["put", "merge", "strategic", "json"] {
                let change = json!({ "metadata": { "annotations": { key: value } } });
                for subresource in ["", "/status"] {
                    let result = write(&intruder, way, &path, subresource, &change).await;
                    assert!(
                        is_refused(&result, "NamespaceLocked"),
                        "{key} by {way} of {subresource}: {result:?}"
                    );
                }
            }
        }
    }
}
