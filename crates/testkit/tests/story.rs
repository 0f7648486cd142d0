//! The main job on real parts, told once from the beginning to the end: through the real command line, the real agent
//! and two real API servers.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_testkit::cli::Cli;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;
use k8s_openapi::api::core::v1::{LimitRange, Namespace, Pod, ResourceQuota};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::Api;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

const TENANT: &str = "ada@acme.test";

/// FLEET-1, FLEET-3, FLEET-4, FLEET-5, FLEET-6, HIER-6, ORG-8: join, accept, license, three steps, objects on the spoke,
/// the administrator's view, deletion.
#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_from_join_to_deletion() -> Result<()> {
    let (hub, eu, us) =
        tokio::join!(Hub::start(Options::default()), Spoke::start("eu-1"), Spoke::start("us-1"));
    let (hub, mut eu, mut us) = (hub?, eu?, us?);
    let admin = first_administrator(&hub).await?;
    admin.ok(&["organization", "create", "--name", "Northwind", "--slug", "northwind"]).await?;

    join(&admin, "eu-1", &mut eu).await?;
    join(&admin, "us-1", &mut us).await?;
    refused_without_licence(&admin).await?;
    license(&hub, &admin, "eu-1").await?;
    license(&hub, &admin, "us-1").await?;
    create_clients(&admin).await?;

    objects_are_on(&eu).await?;
    pods_go_to_the_pool(&eu).await?;
    nothing_of_acme_is_on(&us).await?;
    a_gateway_is_shared(&admin, &us).await?;
    the_tenant_sees_exactly_theirs(&hub).await?;
    deletion_takes_it_all_down(&hub, &admin, &eu).await?;

    eu.stop().await?;
    us.stop().await?;
    hub.stop().await
}

async fn first_administrator(hub: &Hub) -> Result<Cli> {
    let nobody = Cli::new(&hub.url(), None)?;
    let secret = hub.setup_secret()?;
    let arguments = [
        "setup",
        "--token",
        &secret,
        "--email",
        ADMINISTRATOR,
        "--name",
        "Site Administrator",
        "--password-stdin",
    ];
    let said = nobody.run_with(&arguments, PASSWORD).await?;
    ensure!(said.code == 0, "set-up: {}", said.stderr);
    let again = nobody.run_with(&arguments, PASSWORD).await?;
    ensure!(again.code != 0, "the set-up link worked twice");
    let admin = Cli::new(&hub.url(), Some(hub.token_of(ADMINISTRATOR).await?))?;
    let me = admin.json(&["whoami"]).await?;
    ensure!(me.to_string().contains(ADMINISTRATOR), "{me}");
    Ok(admin)
}

/// FLEET-1: token, one line for the spoke, fingerprint compared, accepted, available.
async fn join(admin: &Cli, name: &str, spoke: &mut Spoke) -> Result<()> {
    let issued = admin.json(&["join-token", "create", name]).await?;
    spoke.run_agent(text(&issued, "command")?)?;
    let fingerprint = spoke.fingerprint().await?;
    let requested = wait::until("the request at the hub", Duration::from_secs(30), async || {
        let said = admin.run(&["cluster", "get", name, "-o", "json"]).await?;
        Ok((said.code == 0).then_some(said.stdout))
    });
    let requested: Value = serde_json::from_str(&requested.await?)?;
    ensure!(text(&requested, "membership")? == "requested", "{requested}");
    let other = fingerprint.chars().rev().collect::<String>();
    let refused = admin.run(&["cluster", "accept", name, "--fingerprint", &other]).await?;
    ensure!(refused.code == 7, "another fingerprint was accepted: {}", refused.stderr);
    admin.ok(&["cluster", "accept", name, "--fingerprint", &fingerprint]).await?;
    admin.ok(&["cluster", "get", name, "--wait", "available", "--timeout", "60s"]).await?;
    let cluster = admin.json(&["cluster", "get", name]).await?;
    ensure!(cluster.get("nodes") == Some(&json!(4)), "{cluster}");
    ensure!(text(&cluster, "kubernetes_version")?.starts_with("v1.36"), "{cluster}");
    Ok(())
}

/// FLEET-4: preconditions by name before anything is created.
async fn refused_without_licence(admin: &Cli) -> Result<()> {
    let said = admin.run(&create_acme(&["--dry-run"])).await?;
    ensure!(said.code == 7, "{}", said.stderr);
    let everything = format!("{}{}", said.stdout, said.stderr);
    ensure!(everything.contains("spoke_licensed"), "{everything}");
    Ok(())
}

/// FLEET-3: an own authority issues the licence, the hub verifies it.
async fn license(hub: &Hub, admin: &Cli, name: &str) -> Result<()> {
    let cluster = admin.json(&["cluster", "get", name]).await?;
    let uid = cluster.pointer("/administration/uid").and_then(Value::as_str).context("no uid")?.to_owned();
    let (certificate, key) = hub.licence_authority();
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    let file = hub.folder().join(format!("{name}.pem")).display().to_string();
    let issue = [
        "licence",
        "issue",
        "--authority-cert",
        &certificate,
        "--authority-key",
        &key,
        "--cluster-uid",
        &uid,
        "--feature",
        "client-organizations",
        "--tier",
        "enterprise",
        "--days",
        "365",
        "--out",
        &file,
    ];
    admin.ok(&issue).await?;
    let inspected = admin
        .json(&["licence", "inspect", &file, "--authority", &certificate, "--cluster-uid", &uid])
        .await?;
    ensure!(inspected.get("state") == Some(&json!("active")), "{inspected}");
    let licence = admin.json(&["licence", "upload", name, &file]).await?;
    ensure!(licence.get("state") == Some(&json!("active")), "{licence}");
    Ok(())
}

fn create_acme<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec![
        "organization",
        "create-client",
        "--from",
        "northwind",
        "--name",
        "Acme Corp",
        "--slug",
        "acme",
        "--annotation",
        "acme.test/cost-centre=4711",
        "--administrator",
        TENANT,
        "--hub",
        "main",
        "--spoke",
        "eu-1",
        "--node-label",
        "pool=gold",
        "--toleration",
        "pool=gold:NoSchedule",
    ];
    words.extend(more);
    words
}

/// FLEET-4: two organizations, one with everything that can be chosen, one with nothing of it.
async fn create_clients(admin: &Cli) -> Result<()> {
    let user = ["user", "create", "--email", TENANT, "--name", "Ada", "--password-stdin"];
    let said = admin.run_with(&user, PASSWORD).await?;
    ensure!(said.code == 0, "{}", said.stderr);
    let gateway =
        ["gateway", "create", "eu-1", "--name", "Edge", "--class", "edge", "--listener", "web:80:HTTP"];
    admin.ok(&gateway).await?;
    let acme = create_acme(&["--gateway", "edge", "--wait", "--timeout", "60s"]);
    let said = admin.run(&acme).await?;
    ensure!(said.code == 0, "{}{}\n{}", said.stdout, said.stderr, placements(admin, "acme").await);
    let globex = [
        "organization",
        "create-client",
        "--from",
        "northwind",
        "--name",
        "Globex",
        "--new-administrator",
        "gus@globex.test",
        "--new-administrator-name",
        "Gus",
        "--password-stdin",
        "--hub",
        "main",
        "--spoke",
        "us-1",
        "--wait",
        "--timeout",
        "60s",
    ];
    let said = admin.run_with(&globex, PASSWORD).await?;
    ensure!(said.code == 0, "{}{}", said.stdout, said.stderr);
    Ok(())
}

async fn placements(admin: &Cli, organization: &str) -> String {
    let said = admin.run(&["organization", "placements", organization, "-o", "json"]).await;
    said.map(|said| said.stdout).unwrap_or_default()
}

/// FLEET-5: namespaces with labels and annotations, bindings to groups, quota, limits, policies, the gateway.
async fn objects_are_on(spoke: &Spoke) -> Result<()> {
    let client = spoke.plane().client().await?;
    let main = Api::<Namespace>::all(client.clone()).get("acme").await?;
    let (labels, annotations) =
        (main.metadata.labels.unwrap_or_default(), main.metadata.annotations.unwrap_or_default());
    ensure!(labels.get("bastide.dev/organization").is_some_and(|id| id.starts_with("org_")), "{labels:?}");
    ensure!(labels.contains_key("pod-security.kubernetes.io/enforce"), "{labels:?}");
    ensure!(annotations.get("acme.test/cost-centre").map(String::as_str) == Some("4711"), "{annotations:?}");
    Api::<Namespace>::all(client.clone()).get("acme-gw").await?;
    let all = ListParams::default();
    let bindings = Api::<RoleBinding>::namespaced(client.clone(), "acme").list(&all).await?.items;
    ensure!(!bindings.is_empty(), "no role bindings");
    for subject in bindings.into_iter().flat_map(|binding| binding.subjects.unwrap_or_default()) {
        ensure!(subject.kind == "Group" && subject.name.starts_with("bastide:"), "{subject:?}");
    }
    ensure!(
        !Api::<ResourceQuota>::namespaced(client.clone(), "acme").list(&all).await?.items.is_empty(),
        "no quota"
    );
    ensure!(
        !Api::<LimitRange>::namespaced(client.clone(), "acme").list(&all).await?.items.is_empty(),
        "no limits"
    );
    let policies = Api::<NetworkPolicy>::namespaced(client.clone(), "acme").list(&all).await?.items;
    let denies = policies.iter().filter_map(|policy| policy.spec.as_ref()).any(|spec| {
        spec.pod_selector == Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector::default())
            && spec.ingress.as_ref().is_none_or(Vec::is_empty)
            && spec.egress.as_ref().is_none_or(Vec::is_empty)
    });
    ensure!(denies, "no policy denies by default: {policies:?}");
    let gateway = ApiResource::from_gvk(&GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", "Gateway"));
    let gateways = Api::<DynamicObject>::namespaced_with(client, "acme-gw", &gateway).list(&all).await?.items;
    ensure!(gateways.len() == 1, "{gateways:?}");
    Ok(())
}

/// FLEET-4, FLEET-5: who has no gateway of their own gets listeners on the one that is shared, for their own host names.
async fn a_gateway_is_shared(admin: &Cli, spoke: &Spoke) -> Result<()> {
    let front = ["gateway", "create", "us-1", "--name", "Front", "--class", "edge"];
    let listeners = ["--listener", "web:80:HTTP", "--listener", "tls:443:HTTPS", "--certificates"];
    admin.ok(&[&front[..], &listeners[..], &["organization"]].concat()).await?;
    admin.ok(&["gateway", "share", "us-1", "front"]).await?;
    admin.ok(&["organization", "host-names", "globex", "globex.test", "globex.example"]).await?;
    let client = spoke.plane().client().await?;
    let api = |kind: &str, namespace: &str| {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("gateway.networking.k8s.io", "v1", kind));
        Api::<DynamicObject>::namespaced_with(client.clone(), namespace, &kind)
    };
    let (gateways, sets) = (api("Gateway", "bastide-gateway"), api("ListenerSet", "globex-gw"));
    wait::until("the shared gateway and its listeners", Duration::from_mins(1), async || {
        let gateway = gateways.get_opt("shared").await?;
        let set = sets.get_opt("globex-gw").await?;
        let listeners =
            set.as_ref().and_then(|set| set.data.pointer("/spec/listeners")?.as_array()).map(Vec::len);
        Ok((gateway.is_some() && listeners == Some(8)).then_some(()))
    })
    .await?;
    wait::until("globex to be ready", Duration::from_mins(1), async || {
        let placed = placements(admin, "globex").await;
        let placed: Value = serde_json::from_str(&placed)?;
        let conditions = placed.pointer("/0/conditions").or_else(|| placed.pointer("/items/0/conditions"));
        let ready =
            conditions.and_then(Value::as_array).into_iter().flatten().any(|one| {
                one.get("type") == Some(&json!("Ready")) && one.get("status") == Some(&json!("True"))
            });
        Ok(ready.then_some(()))
    })
    .await?;
    for refused in
        [vec!["gateway", "unshare", "us-1"], vec!["gateway", "delete", "front", "--cluster", "us-1"]]
    {
        let said = admin.run(&refused).await?;
        ensure!(said.code != 0 && said.stderr.contains("globex"), "{refused:?}: {}", said.stderr);
    }
    let stolen = admin.run(&["organization", "host-names", "acme", "www.globex.test"]).await?;
    ensure!(stolen.code != 0 && stolen.stderr.contains("globex"), "{}", stolen.stderr);
    admin.ok(&["gateway", "update", "front", "--cluster", "us-1", "--class", "another"]).await?;
    wait::until("the gateway to be changed in place", Duration::from_mins(1), async || {
        let class = gateways.get("shared").await?.data.pointer("/spec/gatewayClassName").cloned();
        Ok((class == Some(json!("another"))).then_some(()))
    })
    .await
}

/// FLEET-5: a pod that asks for nothing is bound to the pool, and the real scheduler puts it there.
async fn pods_go_to_the_pool(spoke: &Spoke) -> Result<()> {
    let pods = Api::<Pod>::namespaced(spoke.plane().client().await?, "acme");
    let pod: Pod = serde_json::from_value(json!({
        "metadata": { "name": "probe" },
        "spec": {
            "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
            "containers": [{ "name": "probe", "image": "probe", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } } }],
        },
    }))?;
    pods.create(&PostParams::default(), &pod).await?;
    let node = wait::until("the probe's node", Duration::from_secs(30), async || {
        Ok(pods.get("probe").await?.spec.and_then(|spec| spec.node_name))
    });
    let node = node.await?;
    ensure!(node.contains("gold"), "the pod of acme is on {node}");
    Ok(())
}

async fn nothing_of_acme_is_on(spoke: &Spoke) -> Result<()> {
    let names = spoke.plane().kubectl(&["get", "namespaces", "-o", "name"]).await?;
    ensure!(!names.contains("acme") && names.contains("namespace/globex"), "{names}");
    Ok(())
}

/// HIER-6: their organization, its namespaces and its spoke; everything else does not exist.
async fn the_tenant_sees_exactly_theirs(hub: &Hub) -> Result<()> {
    let ada = Cli::new(&hub.url(), Some(hub.token_of(TENANT).await?))?;
    let organizations = ada.ok(&["organization", "list", "-o", "name"]).await?;
    ensure!(organizations.lines().count() == 1 && organizations.contains("acme"), "{organizations}");
    let clusters = ada.ok(&["cluster", "list", "-o", "name"]).await?;
    ensure!(clusters.lines().count() == 1 && clusters.contains("eu-1"), "{clusters}");
    let placed = ada.json(&["organization", "placements", "acme"]).await?;
    let placed = placed.to_string();
    ensure!(placed.contains("acme-gw") && placed.contains("eu-1") && !placed.contains("globex"), "{placed}");
    let inventory = ada.json(&["resource", "list", "acme"]).await?.to_string();
    for kind in ["Namespace", "NetworkPolicy", "ResourceQuota", "RoleBinding", "Gateway"] {
        ensure!(inventory.contains(&format!("\"kind\":\"{kind}\"")), "no {kind} in {inventory}");
    }
    ensure!(!inventory.contains("globex") && !inventory.contains("\"ready\":false"), "{inventory}");
    for hidden in [
        vec!["resource", "list", "globex"],
        vec!["organization", "get", "globex"],
        vec!["organization", "get", "northwind"],
        vec!["cluster", "get", "us-1"],
        vec!["licence", "get", "us-1"],
        vec!["user", "list"],
        vec!["hub", "list"],
        vec!["audit", "list"],
    ] {
        let said = ada.run(&hidden).await?;
        ensure!(said.code == 3, "{hidden:?} ended with {}: {}{}", said.code, said.stdout, said.stderr);
    }
    let mut browser = hub.visitor()?;
    browser.sign_in(TENANT, PASSWORD).await?;
    let own = browser.get("/o/acme").await?;
    ensure!(own.status.as_u16() == 200 && own.body.contains("eu-1"), "{}", own.status);
    let unknown = browser.get("/o/never-was").await?;
    for hidden in ["/o/globex", "/o/northwind", "/platform/clusters", "/platform/users", "/platform/audit"] {
        let answer = browser.get(hidden).await?;
        ensure!(
            answer.status == unknown.status && unknown.status.as_u16() == 404,
            "{hidden}: {}",
            answer.status
        );
        ensure!(!answer.body.contains("us-1"), "{hidden} tells of another cluster");
    }
    Ok(())
}

/// ORG-8: confirmed by the slug; taken down on the cluster; gone at the hub.
async fn deletion_takes_it_all_down(hub: &Hub, admin: &Cli, spoke: &Spoke) -> Result<()> {
    let ada = Cli::new(&hub.url(), Some(hub.token_of(TENANT).await?))?;
    let wrong = ada.run(&["organization", "delete", "acme", "--confirm", "acne"]).await?;
    ensure!(wrong.code != 0, "another slug was taken for a confirmation");
    let said = admin
        .run(&["organization", "delete", "acme", "--confirm", "acme", "--wait", "--timeout", "90s"])
        .await?;
    ensure!(said.code == 0, "{}{}\n{}", said.stdout, said.stderr, placements(admin, "acme").await);
    let names = spoke.plane().kubectl(&["get", "namespaces", "-o", "name"]).await?;
    ensure!(!names.contains("acme"), "{names}");
    let policies = spoke.plane().kubectl(&["get", "mutatingadmissionpolicies", "-o", "name"]).await?;
    ensure!(!policies.contains("org"), "{policies}");
    let gone = ada.run(&["organization", "get", "acme"]).await?;
    ensure!(gone.code == 3, "{}", gone.stdout);
    let log = admin.ok(&["audit", "list", "-o", "json"]).await?;
    for operation in ["cluster_accept", "licence_update", "client_organization_create", "organization_delete"]
    {
        ensure!(log.contains(operation), "the audit log has no {operation}");
    }
    Ok(())
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("no `{name}` in {value}"))
}
