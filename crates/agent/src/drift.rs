//! Notices when somebody changes or deletes what Bastide put on the cluster, and has it looked at (FLEET-6). Watches
//! only the metadata of objects with our label, of those kinds that there are objects of.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use bastide_kube::apply::api_resource;
use bastide_kube::contest::Contests;
use bastide_kube::object::{ObjectKey, Resource};
use bastide_kube::render::{MANAGED_BY, MANAGED_BY_LABEL, ORGANIZATION_LABEL};
use bastide_model::OrganizationId;
use futures_util::StreamExt as _;
use kube::core::{DynamicObject, ObjectMeta, PartialObjectMeta};
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt as _, watcher as watch_objects};
use kube::{Api, Client};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::config::Timings;
use crate::own_objects::OwnObjects;
use crate::reconcile::{Change, Sets};

type Object = PartialObjectMeta<DynamicObject>;

/// Watches for drift.
pub(crate) struct Drift {
    pub(crate) client: Client,
    pub(crate) sets: Arc<Sets>,
    pub(crate) contests: Arc<Contests>,
    pub(crate) own_objects: Arc<OwnObjects>,
    pub(crate) timings: Timings,
}

impl Drift {
    /// Watches every kind that there are objects of, until the agent stops.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        let drift = Arc::new(self);
        let mut kinds = drift.sets.kinds();
        let mut known: Vec<&'static Resource> = Vec::new();
        // Dropped at the end, and every watch with it.
        let mut watches = JoinSet::new();
        loop {
            let present = kinds.borrow_and_update().clone();
            for kind in present {
                if !known.contains(&kind) {
                    known.push(kind);
                    watches.spawn(drift.clone().watch(kind));
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                changed = kinds.changed() => if changed.is_err() { return },
            }
        }
    }

    async fn watch(self: Arc<Self>, kind: &'static Resource) {
        let api: Api<Object> = Api::all_with(self.client.clone(), &api_resource(kind));
        let selector = format!("{MANAGED_BY_LABEL}={MANAGED_BY}");
        let events = watch_objects(api, watcher::Config::default().labels(&selector)).default_backoff();
        let mut events = pin!(events);
        let mut seen = Seen::default();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => {
                    let key = key_of(kind, &event);
                    let touched = seen.take(event);
                    // Whoever fights over an object sets no pace: it is looked at when its time has come.
                    if !key.is_some_and(|key| self.contests.is_resting(&key, Instant::now())) {
                        for one in touched {
                            self.touch(one);
                        }
                    }
                }
                // The watch goes on by itself; a kind that was uninstalled has no objects to drift.
                Err(error) => tracing::debug!(kind = kind.kind, %error, "the watch broke and begins again"),
            }
        }
    }

    fn touch(&self, (owner, change): (Owner, Change)) {
        match owner {
            Owner::Organization(organization) => {
                self.sets.touch(organization, change, self.timings.drift_pause);
            }
            Owner::Bastide if change == Change::Content => self.own_objects.touch(),
            Owner::Bastide => {}
        }
    }
}

/// The object that an event is about, if it is about one that is there or was.
fn key_of(kind: &Resource, event: &Event<Object>) -> Option<ObjectKey> {
    let (Event::Apply(object) | Event::Delete(object)) = event else { return None };
    Some(ObjectKey {
        api_version: kind.api_version.to_owned(),
        kind: kind.kind.to_owned(),
        namespace: object.metadata.namespace.clone(),
        name: object.metadata.name.clone()?,
    })
}

/// Whose object it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Organization(OrganizationId),
    Bastide,
}

impl Owner {
    /// By its label. A label that is no id is somebody's experiment.
    fn of(meta: &ObjectMeta) -> Option<Self> {
        match meta.labels.as_ref().and_then(|labels| labels.get(ORGANIZATION_LABEL)) {
            None => Some(Self::Bastide),
            Some(id) => id.parse().ok().map(Self::Organization),
        }
    }
}

/// What is remembered of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    owner: Option<Owner>,
    content: u64,
}

/// The objects of one kind, as they were seen last.
#[derive(Debug, Default)]
struct Seen {
    objects: HashMap<String, Known>,
    /// The objects of a list that is not complete yet.
    listing: Option<HashMap<String, Known>>,
}

impl Seen {
    /// Whose objects an event is about, and what happened to them.
    fn take(&mut self, event: Event<Object>) -> Vec<(Owner, Change)> {
        match event {
            Event::Init => {
                self.listing = Some(HashMap::new());
                Vec::new()
            }
            Event::InitApply(object) => {
                let (uid, known) = describe(&object.metadata);
                let touched = compare(self.objects.get(&uid), known);
                if let Some(listing) = &mut self.listing {
                    listing.insert(uid, known);
                }
                touched
            }
            Event::InitDone => {
                let before = std::mem::replace(&mut self.objects, self.listing.take().unwrap_or_default());
                let gone = before.into_iter().filter(|(uid, _)| !self.objects.contains_key(uid));
                gone.filter_map(|(_, known)| Some((known.owner?, Change::Content))).collect()
            }
            Event::Apply(object) => {
                let (uid, known) = describe(&object.metadata);
                let before = self.objects.insert(uid, known);
                compare(before.as_ref(), known)
            }
            Event::Delete(object) => {
                let (uid, known) = describe(&object.metadata);
                let before = self.objects.remove(&uid);
                let owner = before.and_then(|before| before.owner).or(known.owner);
                owner.map(|owner| (owner, Change::Content)).into_iter().collect()
            }
        }
    }
}

/// Both the old owner and the new one have to look, if the owner changed.
fn compare(before: Option<&Known>, now: Known) -> Vec<(Owner, Change)> {
    let change = match before {
        Some(before) if before.content == now.content => Change::Status,
        _ => Change::Content,
    };
    let old = before.and_then(|before| before.owner).filter(|old| Some(*old) != now.owner);
    now.owner.into_iter().chain(old).map(|owner| (owner, change)).collect()
}

/// Uid and what is remembered. The metadata tells of every change of content: labels and the like by themselves, all
/// else by who manages which fields since when. What is written to the status is managed apart.
fn describe(meta: &ObjectMeta) -> (String, Known) {
    let mut hasher = DefaultHasher::new();
    meta.labels.hash(&mut hasher);
    meta.annotations.hash(&mut hasher);
    meta.finalizers.hash(&mut hasher);
    meta.generation.hash(&mut hasher);
    meta.deletion_timestamp.is_some().hash(&mut hasher);
    let managers = meta.managed_fields.iter().flatten();
    for entry in managers.filter(|entry| entry.subresource.as_deref() != Some("status")) {
        entry.manager.hash(&mut hasher);
        entry.operation.hash(&mut hasher);
        entry.time.as_ref().map(|time| time.0.as_nanosecond()).hash(&mut hasher);
        entry.fields_v1.as_ref().map(|fields| fields.0.to_string()).hash(&mut hasher);
    }
    let known = Known { owner: Owner::of(meta), content: hasher.finish() };
    (meta.uid.clone().unwrap_or_default(), known)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "org_00000000000000000000000001";
    const TWO: &str = "org_00000000000000000000000002";

    fn object(uid: &str, organization: Option<&str>, managers: &serde_json::Value) -> Object {
        let mut labels = json!({ MANAGED_BY_LABEL: MANAGED_BY });
        if let Some(organization) = organization {
            labels[ORGANIZATION_LABEL] = json!(organization);
        }
        serde_json::from_value(json!({
            "metadata": { "name": "x", "uid": uid, "labels": labels, "managedFields": managers },
        }))
        .unwrap()
    }

    fn managers(spec: &str, status: &str) -> serde_json::Value {
        json!([
            { "manager": "bastide-agent", "operation": "Apply", "time": spec },
            { "manager": "controller", "operation": "Update", "subresource": "status", "time": status },
        ])
    }

    fn at(second: u32) -> String {
        format!("2026-01-01T00:00:{second:02}Z")
    }

    fn organization(id: &str) -> Owner {
        Owner::Organization(id.parse().unwrap())
    }

    #[test]
    fn a_change_of_content_is_told_from_a_change_of_status() {
        let mut seen = Seen::default();
        let first = object("a", Some(ONE), &managers(&at(1), &at(1)));
        assert_eq!(seen.take(Event::Apply(first.clone())), [(organization(ONE), Change::Content)]);
        let status = object("a", Some(ONE), &managers(&at(1), &at(2)));
        assert_eq!(seen.take(Event::Apply(status)), [(organization(ONE), Change::Status)]);
        let edited = object("a", Some(ONE), &managers(&at(3), &at(2)));
        assert_eq!(seen.take(Event::Apply(edited)), [(organization(ONE), Change::Content)]);
        assert_eq!(seen.take(Event::Delete(first)), [(organization(ONE), Change::Content)]);
    }

    #[test]
    fn an_object_that_is_given_to_another_organization_is_looked_at_by_both() {
        let mut seen = Seen::default();
        seen.take(Event::Apply(object("a", Some(ONE), &managers(&at(1), &at(1)))));
        let touched = seen.take(Event::Apply(object("a", Some(TWO), &managers(&at(1), &at(1)))));
        assert_eq!(touched, [(organization(TWO), Change::Content), (organization(ONE), Change::Content)]);
        let touched = seen.take(Event::Apply(object("a", None, &managers(&at(1), &at(1)))));
        assert_eq!(touched, [(Owner::Bastide, Change::Content), (organization(TWO), Change::Content)]);
        let touched = seen.take(Event::Apply(object("a", Some("mine"), &managers(&at(1), &at(1)))));
        assert_eq!(touched, [(Owner::Bastide, Change::Content)]);
    }

    #[test]
    fn what_went_while_nobody_known_is_noticed_when_the_watch_begins_again() {
        let mut seen = Seen::default();
        let kept = || object("a", Some(ONE), &managers(&at(1), &at(1)));
        seen.take(Event::Apply(kept()));
        seen.take(Event::Apply(object("b", Some(TWO), &managers(&at(1), &at(1)))));
        assert_eq!(seen.take(Event::Init), []);
        assert_eq!(seen.take(Event::InitApply(kept())), [(organization(ONE), Change::Status)]);
        assert_eq!(seen.take(Event::InitDone), [(organization(TWO), Change::Content)]);
    }
}
