//! Who reaches whom (PLAN-4), by the verdicts of cyclonus, an evaluator of network policies that is not ours. Organizations
//! of every isolation, each with projects, against each other and against everything else that there is; the verdicts are
//! a file that changes in review only. No control plane takes part: what is judged is what is rendered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use bastide_kube::object::{NETWORK_POLICY, Object};
use bastide_kube::render::{self, ORGANIZATION_LABEL, PROJECT_LABEL, RenderOptions, to_yaml};
use bastide_model::OrganizationId;
use bastide_model::placement::{DesiredGateway, DesiredOrganization};
use bastide_model::plan::NetworkIsolation;
use bastide_testkit::assets::Assets;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::stage;

/// Set, the file is written instead of compared.
const UPDATE: &str = "BASTIDE_UPDATE";
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reconcile/verdicts.txt");
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";
const PROJECTS: [&str; 2] = ["blog", "shop"];

const HEAD: &str = "\
Who may call whom. What is not named beneath a caller is refused. Written by the test `network` of `reconcile` with
BASTIDE_UPDATE=1, from the verdicts of cyclonus on the network policies that Bastide renders.

Each organization has its own namespaces, `main` and `gateway namespace` (there, a pod that is no gateway's), and two
projects, `blog` and `shop`. Pods are called at TCP port 8080 where nothing else is said. Callers and called that are no
organization's are only asked about together with one that is.
";

/// Every isolation, with either gateway.
const ORGANIZATIONS: [(&str, NetworkIsolation, bool); 6] = [
    ("ash", NetworkIsolation::Shared, false),
    ("birch", NetworkIsolation::Shared, true),
    ("cedar", NetworkIsolation::Namespace, false),
    ("dogwood", NetworkIsolation::Namespace, true),
    ("elm", NetworkIsolation::Dedicated, false),
    ("fir", NetworkIsolation::Dedicated, true),
];

/// Whoever calls or is called.
struct End {
    /// The organization's name, `cluster` or `outside`.
    group: &'static str,
    name: String,
    peer: Value,
    calls: bool,
    /// The protocols and ports at which it is called.
    called_at: Vec<(&'static str, u16)>,
}

impl End {
    fn is_organizations(&self) -> bool {
        !["cluster", "outside"].contains(&self.group)
    }
}

/// The two families of addresses that a pod may have.
#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

/// What there is on a cluster, and the policies for it.
struct Scene {
    family: Family,
    ends: Vec<End>,
    policies: Vec<Object>,
}

impl Scene {
    fn new(family: Family) -> Self {
        let mut scene = Self { family, ends: Vec::new(), policies: Vec::new() };
        for (index, (name, isolation, own_gateway)) in ORGANIZATIONS.into_iter().enumerate() {
            scene.add_organization(name, &desired(index, name, isolation, own_gateway));
        }
        scene.add_cluster();
        scene.add_outside();
        scene
    }

    fn add_organization(&mut self, group: &'static str, desired: &DesiredOrganization) {
        let options = RenderOptions::for_version("v1.36.3");
        let rendered = render::organization(desired, &options);
        self.policies.extend(rendered.into_iter().filter(|object| object.key().is(&NETWORK_POLICY)));
        let own = json!({ ORGANIZATION_LABEL: desired.organization.to_string() });
        let gateway_namespace = desired.namespace_base.gateway();
        self.add_pod(group, "main", group, &own, &json!({}));
        self.add_pod(group, "gateway namespace", &gateway_namespace, &own, &json!({ "app": "any" }));
        if let DesiredGateway::Dedicated { name, .. } = &desired.gateway {
            self.add_pod(group, "own gateway", &gateway_namespace, &own, &json!({ GATEWAY_NAME: name }));
        }
        for project in PROJECTS {
            let namespace = format!("{group}-{project}");
            self.policies.extend(render::project_network(desired, &options, &namespace, project));
            let mut labels = own.clone();
            labels[PROJECT_LABEL] = json!(project);
            self.add_pod(group, project, &namespace, &labels, &json!({ "app": "web" }));
        }
    }

    /// What is on every cluster, and namespaces that are nobody's.
    fn add_cluster(&mut self) {
        let (none, dns) = (json!({}), json!({ "k8s-app": "kube-dns" }));
        let gateway = |name: &str| json!({ GATEWAY_NAME: name });
        self.add_pod("cluster", "shared gateway", "bastide-gateway", &none, &gateway("shared"));
        self.add_pod("cluster", "another gateway", "bastide-gateway", &none, &gateway("another"));
        self.add_pod(
            "cluster",
            "gateway controller",
            "bastide-gateway",
            &none,
            &json!({ "app": "controller" }),
        );
        self.add_pod("cluster", "DNS", "kube-system", &none, &dns);
        self.called_at(&[("UDP", 53), ("TCP", 53), ("TCP", 9153)]);
        self.add_pod("cluster", "rest of kube-system", "kube-system", &none, &json!({ "k8s-app": "proxy" }));
        self.called_at(&[("TCP", 8080), ("UDP", 53)]);
        self.add_pod("cluster", "nobody's pod", "nobodys", &none, &none);
        self.add_pod("cluster", "nobody's DNS", "nobodys", &none, &dns);
        self.called_at(&[("UDP", 53)]);
        self.add_pod("cluster", "nobody's gateway", "nobodys", &none, &gateway("shared"));
        let project = json!({ PROJECT_LABEL: PROJECTS[0] });
        self.add_pod("cluster", "nobody's project", "nobodys-project", &project, &none);
        for (name, address) in [
            ("node-local DNS", "169.254.20.10"),
            ("API server", "10.96.0.1"),
            ("API server over IPv6", "fd00:10:96::1"),
        ] {
            self.add_address("cluster", name, address, false);
        }
        let local = self.ends.len() - 3;
        self.ends[local].called_at = vec![("UDP", 53), ("TCP", 53), ("TCP", 9253)];
    }

    fn add_outside(&mut self) {
        for (name, address, calls) in [
            ("internet over IPv4", "203.0.113.7", true),
            ("internet over IPv6", "2001:db8::7", true),
            ("internet over NAT64", "64:ff9b::cb00:7107", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("172.16.0.0/12", "172.31.255.254", true),
            ("192.168.0.0/16", "192.168.1.1", true),
            ("carrier's network", "100.64.0.9", false),
            ("reserved network", "240.0.0.9", false),
            ("unique local IPv6", "fd12:3456::9", true),
            ("link-local IPv6", "fe80::9", false),
            ("private network over NAT64", "64:ff9b::a01:203", false),
            ("private network over 6to4", "2002:c0a8:101::9", false),
            ("metadata service", "169.254.169.254", false),
            ("metadata service over IPv6", "fd00:ec2::254", false),
            ("metadata service over NAT64", "64:ff9b::a9fe:a9fe", false),
            ("Azure's metadata service", "168.63.129.16", false),
            ("Alibaba's metadata service", "100.100.100.200", false),
        ] {
            self.add_address("outside", name, address, calls);
        }
    }

    fn add_pod(&mut self, group: &'static str, name: &str, namespace: &str, labels: &Value, pod: &Value) {
        let mut labels = labels.clone();
        labels["kubernetes.io/metadata.name"] = json!(namespace);
        let number = self.ends.len() + 1;
        let address = match self.family {
            Family::V4 => format!("10.244.0.{number}"),
            Family::V6 => format!("fd00:10:244::{number}"),
        };
        let internal = json!({ "Namespace": namespace, "NamespaceLabels": labels, "PodLabels": pod });
        let peer = json!({ "Internal": internal, "IP": address });
        self.ends.push(End {
            group,
            name: name.to_owned(),
            peer,
            calls: true,
            called_at: vec![("TCP", 8080)],
        });
    }

    fn add_address(&mut self, group: &'static str, name: &str, address: &str, calls: bool) {
        let peer = json!({ "Internal": null, "IP": address });
        self.ends.push(End { group, name: name.to_owned(), peer, calls, called_at: vec![("TCP", 443)] });
    }

    /// Of the end that was added last.
    fn called_at(&mut self, ports: &[(&'static str, u16)]) {
        self.ends.last_mut().unwrap().called_at = ports.to_vec();
    }

    /// What is asked: caller, called, protocol and port, where one of both is of that organization, or of any.
    fn questions(&self, of: Option<&str>) -> Vec<Question<'_>> {
        let concerns = |end: &End| of.map_or(end.is_organizations(), |name| end.group == name);
        let mut questions = Vec::new();
        for caller in self.ends.iter().filter(|end| end.calls) {
            for called in self.ends.iter().filter(|called| concerns(caller) || concerns(called)) {
                let at = called.called_at.iter();
                questions.extend(at.map(|&(protocol, port)| Question { caller, called, protocol, port }));
            }
        }
        questions
    }

    /// The matrix as a text that people read.
    fn text(&self) -> String {
        let questions = self.questions(None);
        let verdicts = evaluate(&self.policies, &questions);
        let allowed: Vec<_> = questions.iter().zip(verdicts).filter(|(_, is_allowed)| *is_allowed).collect();
        let mut text = HEAD.to_owned();
        let _ = writeln!(text, "\n{} questions, {} times yes.", questions.len(), allowed.len());
        for caller in self.ends.iter().filter(|end| end.calls) {
            let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
            for (question, _) in allowed.iter().filter(|(question, _)| std::ptr::eq(question.caller, caller))
            {
                groups.entry(question.called.group).or_default().push(question.called_as());
            }
            let _ = writeln!(text, "\n{}: {}{}", caller.group, caller.name, kind_of(caller));
            for (group, names) in groups {
                let _ = writeln!(text, "    {group:<8} {}", names.join(", "));
            }
        }
        text
    }
}

fn kind_of(end: &End) -> String {
    let kind = ORGANIZATIONS.iter().find(|(name, ..)| *name == end.group && end.name == "main");
    kind.map_or_else(String::new, |(_, isolation, own_gateway)| {
        format!(" (isolation `{isolation}`, {} gateway)", if *own_gateway { "its own" } else { "the shared" })
    })
}

/// Whether somebody may call somebody.
struct Question<'a> {
    caller: &'a End,
    called: &'a End,
    protocol: &'static str,
    port: u16,
}

impl Question<'_> {
    fn called_as(&self) -> String {
        if self.called.called_at == [("TCP", 8080)] || self.called.called_at == [("TCP", 443)] {
            self.called.name.clone()
        } else {
            format!("{} ({} {})", self.called.name, self.protocol, self.port)
        }
    }
}

fn desired(index: usize, name: &str, isolation: NetworkIsolation, own_gateway: bool) -> DesiredOrganization {
    let mut desired = stage::desired(OrganizationId::from_uuid(Uuid::from_u128(1 + index as u128)), name);
    desired.isolation = isolation;
    if own_gateway {
        let name = desired.namespace_base.gateway();
        desired.gateway = DesiredGateway::Dedicated { name, spec: stage::gateway_spec() };
    }
    desired
}

/// The verdict on each question.
fn evaluate(policies: &[Object], questions: &[Question<'_>]) -> Vec<bool> {
    let folder = tempfile::tempdir().unwrap();
    let policy_folder = folder.path().join("policies");
    fs::create_dir(&policy_folder).unwrap();
    for (number, policy) in policies.iter().enumerate() {
        // Of a file with several, only the first would be read.
        fs::write(policy_folder.join(format!("{number}.yaml")), to_yaml(std::slice::from_ref(policy)))
            .unwrap();
    }
    let traffic: Vec<Value> = questions
        .iter()
        .map(|question| {
            json!({
                "Source": question.caller.peer, "Destination": question.called.peer,
                "ResolvedPort": question.port, "Protocol": question.protocol,
            })
        })
        .collect();
    let traffic_file = folder.path().join("traffic.json");
    fs::write(&traffic_file, serde_json::to_vec(&traffic).unwrap()).unwrap();
    let verdicts = ask(&policy_folder, &traffic_file);
    assert_eq!(verdicts.len(), questions.len(), "a verdict on each question");
    verdicts
}

fn ask(policies: &Path, traffic: &Path) -> Vec<bool> {
    let mut command = Command::new(Assets::find().unwrap().program("cyclonus"));
    command.args(["analyze", "--mode", "query-traffic", "--simplify-policies=false", "--policy-path"]);
    let output = command.arg(policies).arg("--traffic-path").arg(traffic).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let verdicts = text.lines().filter(|line| line.contains("IS ALLOWED?"));
    verdicts
        .map(|line| match (line.contains("TRUE"), line.contains("FALSE")) {
            (true, false) => true,
            (false, true) => false,
            _ => panic!("no verdict: {line}"),
        })
        .collect()
}

/// PLAN-4: every verdict is the one that was reviewed, over IPv4 and over IPv6.
#[test]
fn plan_4_everybody_reaches_exactly_whom_they_may() {
    let found = Scene::new(Family::V4).text();
    assert_eq!(found, Scene::new(Family::V6).text(), "IPv6 is as open as IPv4");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(FILE, &found).unwrap();
    }
    let kept = fs::read_to_string(FILE).unwrap();
    let lines = |text: &str, other: &str| -> Vec<String> {
        text.lines().filter(|line| !other.lines().any(|one| one == *line)).map(str::to_owned).collect()
    };
    assert!(
        kept == found,
        "the verdicts differ from verdicts.txt; before: {:#?}; now: {:#?}",
        lines(&kept, &found),
        lines(&found, &kept)
    );
}

/// PLAN-4: each policy is needed and none is wider than the verdicts say: without it, or opened, they are others. All but
/// `default-deny`, which is what holds when the others are missing.
#[test]
fn plan_4_every_policy_counts() {
    let scene = Scene::new(Family::V4);
    for organization in ORGANIZATIONS {
        let (name, ..) = organization;
        let questions = scene.questions(Some(name));
        let before = evaluate(&scene.policies, &questions);
        for (index, policy) in scene.policies.iter().enumerate() {
            let namespace = policy.key().namespace.as_deref().unwrap();
            // One project is like the other.
            if namespace.split('-').next() != Some(name) || namespace.ends_with(PROJECTS[0]) {
                continue;
            }
            if policy.key().name != "default-deny" && !is_implied(policy, organization) {
                let mut without = scene.policies.clone();
                without.remove(index);
                assert!(evaluate(&without, &questions) != before, "nothing changes without {}", policy.key());
            }
            let mut wider = scene.policies.clone();
            wider[index] = opened(policy);
            assert!(evaluate(&wider, &questions) != before, "nothing changes with {} opened", policy.key());
        }
    }
}

/// Whether the organization's namespaces reach each other anyway: its gateway's, and this one.
fn is_implied(policy: &Object, (name, isolation, own_gateway): (&str, NetworkIsolation, bool)) -> bool {
    let is_own = policy.key().namespace.as_deref() == Some(name);
    policy.key().name == "allow-gateway-ingress"
        && own_gateway
        && (is_own || isolation == NetworkIsolation::Shared)
}

/// PLAN-4: where nothing but `default-deny` is left nobody reaches anybody, and it is needed in each namespace.
#[test]
fn plan_4_without_the_others_default_deny_closes() {
    let scene = Scene::new(Family::V4);
    let is_closing = |policy: &&Object| policy.key().name == "default-deny";
    let closing: Vec<Object> = scene.policies.iter().filter(is_closing).cloned().collect();
    let questions = scene.questions(None);
    assert!(!evaluate(&closing, &questions).contains(&true));
    for index in 0..closing.len() {
        let mut without = closing.clone();
        let gone = without.remove(index);
        assert!(evaluate(&without, &questions).contains(&true), "without {}", gone.key());
    }
}

/// The policy with everything allowed to whom it selects.
fn opened(policy: &Object) -> Object {
    let mut body = policy.body().clone();
    body["spec"]["policyTypes"] = json!(["Ingress", "Egress"]);
    body["spec"]["ingress"] = json!([{}]);
    body["spec"]["egress"] = json!([{}]);
    Object::new(policy.resource(), policy.key().namespace.as_deref(), &policy.key().name, body)
}
