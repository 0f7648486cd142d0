//! What the tests of this file stand on: one control plane, and an organization for each.

use std::collections::BTreeMap;
use std::time::Duration;

use bastide_kube::object::{Object, ObjectKey};
use bastide_kube::reconcile::{bring_about, cluster_objects};
use bastide_kube::render::{self, RenderOptions};
use bastide_model::cluster::ConditionStatus;
use bastide_model::gateway::{GatewaySpec, Listener, ListenerProtocol};
use bastide_model::labels::{NodePool, NodePoolParts};
use bastide_model::names::{Annotations, NamespaceBase};
use bastide_model::placement::{DesiredGateway, DesiredOrganization, DesiredSet, ReportedSet};
use bastide_model::plan::{ComputeLimits, NetworkIsolation};
use bastide_model::{OrganizationId, RealmId, SystemIds};
use bastide_testkit::control_plane::{ControlPlane, NodeSpec, Options};
use bastide_testkit::wait;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, ServiceAccount};
use kube::api::{DynamicObject, PostParams};
use kube::{Api, Client};
use tokio::sync::OnceCell;

use crate::intruder::{is_refused, post};

pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// Never dropped: the testkit ends its processes with this program.
static PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

async fn plane() -> &'static ControlPlane {
    PLANE
        .get_or_init(|| async {
            let node = |name| NodeSpec::new(name).label("pool", name).taint("pool", name, "NoSchedule");
            let nodes = vec![NodeSpec::new("plain"), node("gold"), node("silver")];
            let options = Options::new("reconcile").with_nodes(nodes);
            let plane = ControlPlane::start(options).await.unwrap();
            plane.apply_gateway_api_crds().await.unwrap();
            let client = plane.client().await.unwrap();
            cluster_objects(&client, &options_of_plane()).await.unwrap();
            until_in_force(&client).await;
            plane
        })
        .await
}

/// A policy is in force a moment after it was made; the one that was made last is in force after all others.
async fn until_in_force(client: &Client) {
    let labels = serde_json::json!({ "bastide.dev/organization": "org_probe" });
    let namespace = serde_json::json!({ "metadata": { "name": "probe", "labels": labels } });
    post(client, "/api/v1/namespaces", &namespace).await.unwrap();
    let claim = serde_json::json!({
        "metadata": { "name": "probe" },
        "spec": {
            "volumeName": "probe", "accessModes": ["ReadWriteOnce"],
            "resources": { "requests": { "storage": "1Gi" } },
        },
    });
    wait::until("the policies to be in force", LIMIT, async || {
        let path = "/api/v1/namespaces/probe/persistentvolumeclaims?dryRun=All";
        let result = post(client, path, &claim).await;
        Ok(is_refused(&result, "VolumeNameNotAllowed").then_some(()))
    })
    .await
    .unwrap();
}

fn options_of_plane() -> RenderOptions {
    RenderOptions::for_version("v1.36.3")
}

/// One organization on the control plane.
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) options: RenderOptions,
    organization: OrganizationId,
    name: String,
}

impl Stage {
    pub(crate) async fn new(name: impl Into<String>) -> Self {
        let client = plane().await.client().await.unwrap();
        Self {
            client,
            options: options_of_plane(),
            organization: OrganizationId::fresh(&SystemIds),
            name: name.into(),
        }
    }

    #[expect(clippy::unused_self, reason = "who has a stage has the control plane")]
    pub(crate) fn plane(&self) -> &'static ControlPlane {
        PLANE.get().unwrap()
    }

    /// Name of the organization's namespace.
    pub(crate) fn base(&self) -> String {
        self.name.clone()
    }

    pub(crate) fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// A plain organization.
    pub(crate) fn set(&self, generation: i64) -> DesiredSet {
        self.set_with(generation, |_| ())
    }

    /// The same with something changed.
    pub(crate) fn set_with(
        &self,
        generation: i64,
        change: impl FnOnce(&mut DesiredOrganization),
    ) -> DesiredSet {
        let mut desired = desired(self.organization, &self.name);
        change(&mut desired);
        DesiredSet { organization: self.organization, generation, content: Some(desired) }
    }

    /// An organization with every kind of object.
    pub(crate) fn set_with_everything(&self, generation: i64) -> DesiredSet {
        self.set_with(generation, |desired| {
            desired.gateway = self.own_gateway();
            desired.node_pool = Some(gold());
        })
    }

    pub(crate) fn own_gateway(&self) -> DesiredGateway {
        DesiredGateway::Dedicated { name: format!("{}-gw", self.base()), spec: gateway_spec() }
    }

    pub(crate) fn rendered(&self, set: &DesiredSet) -> Vec<Object> {
        set.content.as_ref().map(|desired| render::organization(desired, &self.options)).unwrap_or_default()
    }

    /// Passes until a report satisfies, as an agent would.
    pub(crate) async fn until(
        &self,
        what: &str,
        set: &DesiredSet,
        satisfies: impl Fn(&ReportedSet) -> bool,
    ) -> ReportedSet {
        let mut last = None;
        let ended = wait::until(what, LIMIT, async || {
            let report = bring_about(&self.client, set, &self.options).await?;
            let found = satisfies(&report).then(|| report.clone());
            last = Some(report);
            Ok(found)
        })
        .await;
        ended.unwrap_or_else(|error| panic!("{error}; the last report: {last:#?}"))
    }

    pub(crate) async fn until_ready(&self, set: &DesiredSet) -> ReportedSet {
        self.until("the organization to be ready", set, |report| {
            status_of(report, "Ready").0 == ConditionStatus::True
        })
        .await
    }

    /// Until everything is applied and the controllers have written what they write: but for gateways, which nobody
    /// serves here, everything is ready.
    pub(crate) async fn until_settled(&self, set: &DesiredSet) -> ReportedSet {
        self.until("the organization to settle", set, |report| {
            status_of(report, "Applied").0 == ConditionStatus::True
                && report
                    .objects
                    .iter()
                    .all(|object| object.ready || ["Gateway", "ListenerSet"].contains(&object.kind.as_str()))
        })
        .await
    }

    pub(crate) async fn until_removed(&self, set: &DesiredSet) -> ReportedSet {
        assert_eq!(set.content, None);
        self.until("the organization to be gone", set, |report| report.removed).await
    }

    /// An object as it is.
    pub(crate) async fn live(&self, key: &ObjectKey) -> Option<DynamicObject> {
        self.api(key).get_opt(&key.name).await.unwrap()
    }

    pub(crate) fn api(&self, key: &ObjectKey) -> Api<DynamicObject> {
        let kind = bastide_kube::apply::api_resource(key.resource().unwrap());
        match &key.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
        }
    }

    pub(crate) async fn namespace(&self, name: &str) -> Option<Namespace> {
        Api::<Namespace>::all(self.client.clone()).get_opt(name).await.unwrap()
    }

    /// A namespace that is nobody's, as it is once its controller has seen it.
    pub(crate) async fn create_namespace(&self, name: &str) -> Namespace {
        let api: Api<Namespace> = Api::all(self.client.clone());
        let namespace = Namespace {
            metadata: kube::core::ObjectMeta { name: Some(name.to_owned()), ..Default::default() },
            ..Namespace::default()
        };
        api.create(&PostParams::default(), &namespace).await.unwrap()
    }

    /// The resource version of everything of a set and of its record.
    pub(crate) async fn versions(&self, set: &DesiredSet) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for object in self.rendered(set) {
            if let Some(live) = self.live(object.key()).await {
                versions.insert(object.key().to_string(), live.metadata.resource_version.unwrap());
            }
        }
        let records: Api<ConfigMap> = Api::namespaced(self.client.clone(), render::SYSTEM_NAMESPACE);
        let name = format!("set-{}", set.organization.to_string().replace('_', "-"));
        if let Some(record) = records.get_opt(&name).await.unwrap() {
            versions.insert("record".to_owned(), record.metadata.resource_version.unwrap());
        }
        versions
    }

    /// Until pods can be made in the organization's namespace: they need a service account, which a controller makes.
    pub(crate) async fn until_pods_are_possible(&self) {
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), &self.base());
        wait::until("the service account", LIMIT, async || Ok(api.get_opt("default").await?)).await.unwrap();
    }
}

/// A plain organization with this slug.
pub(crate) fn desired(organization: OrganizationId, name: &str) -> DesiredOrganization {
    DesiredOrganization {
        organization,
        realm: RealmId::PLATFORM,
        slug: name.parse().unwrap(),
        name: "An organization".parse().unwrap(),
        namespace_base: NamespaceBase::from_stored(name.to_owned()),
        annotations: Annotations::default(),
        isolation: NetworkIsolation::Shared,
        compute: ComputeLimits {
            cpu_millis: 2_500,
            memory_mib: 4_096,
            storage_gib: 20,
            pods: 20,
            services: 10,
        },
        node_pool: None,
        gateway: DesiredGateway::Shared,
        released: false,
        host_names: Vec::new(),
    }
}

/// A gateway for HTTP and HTTPS.
pub(crate) fn gateway_spec() -> GatewaySpec {
    let listener = |name: &str, port, protocol| Listener {
        name: name.to_owned(),
        port,
        protocol,
        host_name: None,
        allowed: Vec::new(),
    };
    GatewaySpec {
        class: "nobody-serves-it".to_owned(),
        listeners: vec![
            listener("http", 80, ListenerProtocol::Http),
            listener("https", 443, ListenerProtocol::Https),
        ],
        addresses: Vec::new(),
    }
}

/// A pool of one label and one toleration, of which the control plane has a node.
pub(crate) fn gold() -> NodePool {
    let labels = BTreeMap::from([("pool".to_owned(), "gold".to_owned())]);
    NodePool::try_from(NodePoolParts { labels, tolerations: vec!["pool=gold:NoSchedule".parse().unwrap()] })
        .unwrap()
}

/// Status and reason of a condition.
pub(crate) fn status_of(report: &ReportedSet, kind: &str) -> (ConditionStatus, String) {
    let found = report.conditions.iter().find(|condition| condition.kind == kind).unwrap();
    assert_eq!(found.observed_generation, report.observed_generation);
    (found.status, found.reason.clone())
}
