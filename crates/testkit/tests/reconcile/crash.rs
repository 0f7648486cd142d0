//! A crash at every write (FLEET-6): whoever brings an organization about may end at any request that changes something,
//! before the API server has seen it or before its answer is seen; then nothing is orphaned, and the next pass goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bastide_kube::apply::api_resource;
use bastide_kube::object::{ObjectKey, RESOURCES};
use bastide_kube::reconcile::bring_about;
use bastide_kube::record::{self, SetName};
use bastide_kube::render::ORGANIZATION_LABEL;
use bastide_model::cluster::ConditionStatus;
use bastide_model::placement::{DesiredSet, ReportedSet};
use bastide_testkit::control_plane::ControlPlane;
use bastide_testkit::wait;
use futures_util::StreamExt as _;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client};
use tokio::sync::Notify;

use crate::stage::{LIMIT, Stage, status_of};

/// Organizations that are worked on at one time.
const AT_ONE_TIME: usize = 6;

/// Where the crash is: at which write, and whether the API server carries that one out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) write: usize,
    pub(crate) is_carried_out: bool,
}

impl Crash {
    /// The crash of that number; nothing when there are fewer with so many writes.
    fn number(number: usize, writes: usize) -> Option<Self> {
        let write = number / 2;
        (write < writes).then_some(Self { write, is_carried_out: number % 2 == 1 })
    }
}

/// FLEET-6: organizations are made, changed and removed; each of the three is cut off once, at another place for each
/// organization, and then taken up by somebody who knows nothing of it. There are as many as places to cut off.
#[tokio::test]
async fn fleet_6_a_crash_at_any_write_loses_nothing() {
    let whole = Stage::new("uncut").await;
    let [create, change, remove] = generations(&whole);
    let mut writes = [0; 3];
    for (count, set) in writes.iter_mut().zip([&create, &change, &remove]) {
        *count = whole.count_writes(set).await;
    }
    let [creating, changing, removing] = writes;
    assert!(creating >= changing && creating >= removing && removing > 3, "{writes:?}");
    futures_util::stream::iter(0..2 * creating)
        .map(|number| async move {
            let stage = Stage::new(format!("cut-{number}")).await;
            let [create, change, remove] = generations(&stage);
            let crash = |writes| Crash::number(number, writes);
            if let Some(crash) = crash(creating) {
                stage.cut_off(&create, crash).await;
                stage.goes_on_with(&create).await;
            }
            if let Some(crash) = crash(changing) {
                stage.cut_off(&change, crash).await;
                stage.goes_on_with(&change).await;
            }
            if let Some(crash) = crash(removing) {
                stage.cut_off(&remove, crash).await;
                stage.until_removed(&remove).await;
                assert_eq!(stage.labelled().await, BTreeMap::new(), "nothing is left of {}", stage.base());
            }
        })
        .buffer_unordered(AT_ONE_TIME)
        .collect::<Vec<()>>()
        .await;
}

/// With everything; with another limit and without an own gateway and nodes; gone.
fn generations(stage: &Stage) -> [DesiredSet; 3] {
    let change = stage.set_with(2, |desired| desired.compute.pods = 7);
    let remove = DesiredSet { generation: 3, content: None, ..change.clone() };
    [stage.set_with_everything(1), change, remove]
}

impl Stage {
    /// How many requests change something until the set is brought about.
    async fn count_writes(&self, set: &DesiredSet) -> usize {
        let gate = Gate::at(Crash { write: usize::MAX, is_carried_out: false });
        self.work_on(&gate.client(self.plane()).await, set).await;
        gate.writes.load(Ordering::SeqCst)
    }

    /// As an agent would, until there is nothing more to do.
    async fn work_on(&self, client: &Client, set: &DesiredSet) -> ReportedSet {
        wait::until("the set to be brought about", LIMIT, async || {
            let report = bring_about(client, set, &self.options).await?;
            let is_done = status_of(&report, "Applied").0 == ConditionStatus::True;
            Ok((is_done && (report.removed || set.content.is_some())).then_some(report))
        })
        .await
        .unwrap()
    }

    /// The same up to a crash. Whatever is there then is in the record.
    async fn cut_off(&self, set: &DesiredSet, crash: Crash) {
        let gate = Gate::at(crash);
        let client = gate.client(self.plane()).await;
        let is_cut = tokio::select! {
            _ = self.work_on(&client, set) => false,
            () = gate.reached.notified() => true,
        };
        assert!(is_cut, "{} ended before {crash:?} at generation {}", self.base(), set.generation);
        let recorded = self.recorded().await;
        for key in self.labelled().await.keys() {
            assert!(recorded.contains_key(key), "{key} is in no record after {crash:?}");
        }
    }

    /// The next pass ends what was begun, with what is there already.
    async fn goes_on_with(&self, set: &DesiredSet) {
        let before = self.labelled().await;
        let report = self.work_on(&self.client, set).await;
        let after = self.labelled().await;
        assert_eq!(report.observed_generation, set.generation);
        let wanted: BTreeSet<ObjectKey> =
            self.rendered(set).iter().map(|object| object.key().clone()).collect();
        assert_eq!(after.keys().cloned().collect::<BTreeSet<_>>(), wanted);
        let known: BTreeMap<_, _> = after.iter().map(|(key, uid)| (key.clone(), Some(uid.clone()))).collect();
        assert_eq!(self.recorded().await, known, "what is there is what is recorded");
        for (key, uid) in before.iter().filter(|(key, _)| wanted.contains(key)) {
            assert_eq!(after.get(key), Some(uid), "{key} was made twice");
        }
    }

    /// Everything with the organization's label, and its uid.
    async fn labelled(&self) -> BTreeMap<ObjectKey, String> {
        let selector = format!("{ORGANIZATION_LABEL}={}", self.organization());
        let mut found = BTreeMap::new();
        for resource in RESOURCES {
            let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &api_resource(resource));
            let list = api.list_metadata(&ListParams::default().labels(&selector)).await.unwrap();
            found.extend(list.items.into_iter().map(|object| {
                let key = ObjectKey {
                    api_version: resource.api_version.to_owned(),
                    kind: resource.kind.to_owned(),
                    namespace: object.metadata.namespace,
                    name: object.metadata.name.unwrap(),
                };
                (key, object.metadata.uid.unwrap())
            }));
        }
        found
    }

    /// Everything that is recorded, and its uid where it is known.
    async fn recorded(&self) -> BTreeMap<ObjectKey, Option<String>> {
        let record = record::load(&self.client, SetName::Organization(self.organization())).await.unwrap();
        let objects = record.map(|record| record.objects).unwrap_or_default();
        objects.into_iter().map(|(key, recorded)| (key, recorded.uid)).collect()
    }
}

/// Never answers a certain write to the API server, nor anything after it.
#[derive(Clone)]
pub(crate) struct Gate {
    crash: Crash,
    writes: Arc<AtomicUsize>,
    pub(crate) reached: Arc<Notify>,
}

impl Gate {
    pub(crate) fn at(crash: Crash) -> Self {
        Self { crash, writes: Arc::default(), reached: Arc::default() }
    }

    pub(crate) async fn client(&self, plane: &ControlPlane) -> Client {
        let inner = plane.client().await.unwrap();
        let gate = self.clone();
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let (inner, gate) = (inner.clone(), gate.clone());
            async move { gate.pass(&inner, request).await }
        });
        Client::new(service, "default")
    }

    async fn pass(
        &self,
        inner: &Client,
        request: http::Request<kube::client::Body>,
    ) -> kube::Result<http::Response<kube::client::Body>> {
        if request.method() == http::Method::GET {
            return inner.send(request).await;
        }
        let before = self.writes.fetch_add(1, Ordering::SeqCst);
        if before < self.crash.write {
            return inner.send(request).await;
        }
        if before == self.crash.write {
            if self.crash.is_carried_out {
                inner.send(request).await?;
            }
            self.reached.notify_one();
        }
        std::future::pending().await
    }
}
