//! Brings what one organization should be on a cluster about (FLEET-5, FLEET-6): record, apply, prune, report.
//!
//! Each step can be done again and each may be the last: whoever stops in between, the next pass goes on. A pass over
//! what is already so only reads.

mod shared_gateway;

use std::collections::BTreeMap;
use std::time::Instant;

use bastide_model::placement::{DesiredSet, ReportedObject, ReportedSet};
use kube::Client;

use crate::apply::{Applied, Applier, Live};
use crate::compare;
use crate::contest::{Contests, Opponent};
use crate::error::{Error, Result};
use crate::object::{GATEWAY, NAMESPACE, Object, ObjectKey};
use crate::prune::{self, Pruned};
use crate::record::{self, Record, Recorded, SetName};
use crate::release;
use crate::render::{self, RenderOptions};
use crate::status::{self, Outcome, reported};

/// Makes the cluster be as the set says, and reports how far it has come. Can be called again at any time, and dropped
/// at any time. Bastide's own objects must be there ([`cluster_objects`]).
///
/// A namespace that somebody else made is never taken over: then nothing is applied, and the report says so.
///
/// # Errors
/// [`Error::OlderGeneration`], and whatever keeps the API server from answering; the error names the object. What the
/// API server refuses is no error but part of the report.
pub async fn bring_about(client: &Client, set: &DesiredSet, options: &RenderOptions) -> Result<ReportedSet> {
    bring_about_against(client, set, options, &Contests::default()).await
}

/// The same, with the fights in mind that there were in earlier passes.
///
/// # Errors
/// The same.
pub async fn bring_about_against(
    client: &Client,
    set: &DesiredSet,
    options: &RenderOptions,
    contests: &Contests,
) -> Result<ReportedSet> {
    let name = SetName::Organization(set.organization);
    let mut record = record::load(client, name).await?.unwrap_or_else(|| Record::new(name));
    if record.generation > set.generation {
        return Err(Error::OlderGeneration {
            organization: set.organization,
            recorded: record.generation,
            offered: set.generation,
        });
    }
    let kept = set.content.as_ref().filter(|desired| !desired.released);
    let wanted: Vec<Object> = kept.map(|desired| render::organization(desired, options)).unwrap_or_default();
    let before = record.objects.clone();
    record.intend(set.generation, set.content.clone(), &wanted);
    record::save(client, &mut record).await?;

    let mut pass = Pass::new(client, record, &wanted, before, contests);
    let releasing = set.content.is_some() && kept.is_none();
    let pruned = if releasing {
        pass.release().await?
    } else {
        pass.apply().await?;
        pass.prune().await?
    };
    record::save(client, &mut pass.record).await?;

    let outcome = pass.outcome(kept.is_some(), releasing, &pruned);
    pass.objects.extend(pruned.remaining.iter().map(|(key, why)| reported(key, why.clone())));
    pass.objects.extend(pruned.no_longer_ours.iter().map(|key| reported(key, no_longer_ours(key))));
    Ok(ReportedSet {
        organization: set.organization,
        observed_generation: set.generation,
        removed: pass.record.is_removed(),
        conditions: status::conditions(set.generation, &outcome, &pass.objects),
        objects: pass.objects,
    })
}

/// Makes Bastide's own objects on the cluster be there: its namespace, the roles that organizations' bindings refer to, and
/// the gateway that organizations share. To be called before anything else, and again from time to time.
///
/// What keeps that gateway from being made keeps nothing else from it, and is part of the result. Nor does it go while an
/// organization has listeners on it.
///
/// # Errors
/// Whatever keeps one of the others from being as it should; the error names the object.
pub async fn cluster_objects(client: &Client, options: &RenderOptions) -> Result<Vec<ReportedObject>> {
    cluster_objects_against(client, options, &Contests::default()).await
}

/// The same, with the fights in mind that there were in earlier passes.
///
/// # Errors
/// The same.
pub async fn cluster_objects_against(
    client: &Client,
    options: &RenderOptions,
    contests: &Contests,
) -> Result<Vec<ReportedObject>> {
    let wanted = render::cluster(options);
    let applier = Applier::new(client.clone());
    // The record is in this namespace, so that it comes before the record.
    for namespace in wanted.iter().filter(|object| object.key().is(&NAMESPACE)) {
        if applier.get(namespace.key()).await?.is_none() {
            applier.apply(namespace).await?;
        }
    }
    let name = SetName::Cluster;
    let mut record = record::load(client, name).await?.unwrap_or_else(|| Record::new(name));
    let foreign = shared_gateway::foreign(&applier, &record, &wanted).await?;
    let ours: Vec<Object> =
        wanted.iter().filter(|object| Some(object.key()) != foreign.as_ref()).cloned().collect();
    let before = record.objects.clone();
    record.intend(0, None, &ours);
    record::save(client, &mut record).await?;

    let mut pass = Pass::new(client, record, &ours, before, contests);
    for object in &ours {
        let is_gateway = object.key().is(&GATEWAY);
        let namespace =
            if is_gateway { shared_gateway::make_namespace(&pass.applier, options).await } else { Ok(()) };
        let found = pass.applier.get(object.key()).await?;
        let put = match namespace {
            Ok(()) => pass.put(object, found).await,
            Err(error) => Err(error),
        };
        match put {
            Err(error) if is_gateway && error.is_refusal() => {
                pass.objects.push(reported(object.key(), format!("{error}.")));
            }
            done => done?,
        }
    }
    pass.objects.extend(foreign.iter().map(|key| reported(key, belongs_to_somebody_else(key))));
    let in_use = shared_gateway::kept(&pass.applier, &pass.record, &ours).await?;
    let pruned = pass.prune_but(&in_use).await?;
    record::save(client, &mut pass.record).await?;
    let mut objects = pass.objects;
    objects.extend(pruned.remaining.iter().map(|(key, why)| reported(key, why.clone())));
    Ok(objects)
}

fn belongs_to_somebody_else(key: &ObjectKey) -> String {
    format!("{key} was there before and belongs to somebody else: it is not touched. Rename or delete it.")
}

fn no_longer_ours(key: &ObjectKey) -> String {
    format!(
        "{key} is no longer ours, because it was made anew or its labels were taken away: it is left alone."
    )
}

/// One pass over one set.
struct Pass<'a> {
    applier: Applier,
    record: Record,
    wanted: &'a [Object],
    /// What was recorded before this pass.
    before: BTreeMap<ObjectKey, Recorded>,
    contests: &'a Contests,
    objects: Vec<ReportedObject>,
    stopped: Option<Stop>,
    /// What is to be said of objects over which there is a fight.
    contested: Vec<String>,
}

/// Why nothing further was applied.
struct Stop {
    reason: &'static str,
    message: String,
}

impl<'a> Pass<'a> {
    fn new(
        client: &Client,
        record: Record,
        wanted: &'a [Object],
        before: BTreeMap<ObjectKey, Recorded>,
        contests: &'a Contests,
    ) -> Self {
        Self {
            applier: Applier::new(client.clone()),
            record,
            wanted,
            before,
            contests,
            objects: Vec::new(),
            stopped: None,
            contested: Vec::new(),
        }
    }

    /// Applies what is wanted, in order, up to the first that cannot be: what comes later gives rights that only make
    /// sense within the limits that come before.
    async fn apply(&mut self) -> Result<()> {
        let mut found = Vec::new();
        for object in self.wanted.iter().filter(|object| !object.resource().namespaced) {
            let live = self.applier.get(object.key()).await?;
            if let Some(live) = &live {
                self.stopped = self.stopped.take().or_else(|| self.obstacle(object.key(), live));
            }
            found.push((object.key(), live));
        }
        for object in self.wanted {
            if self.stopped.is_some() {
                self.objects.push(reported(object.key(), "It has not been applied yet.".to_owned()));
                continue;
            }
            let known = found.iter_mut().find(|(key, _)| *key == object.key());
            let live = match known {
                Some((_, live)) => Ok(live.take()),
                None => self.applier.get(object.key()).await,
            };
            let put = match live {
                Ok(live) => self.put(object, live).await,
                Err(error) => Err(error),
            };
            match put {
                Ok(()) => {}
                Err(error) if error.is_refusal() => {
                    let message = format!("{error}.");
                    self.objects.push(reported(object.key(), message.clone()));
                    self.stopped = Some(Stop { reason: "Refused", message });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes an object be as it should, given how it was found, unless somebody fights over it.
    async fn put(&mut self, object: &Object, found: Option<Live>) -> Result<()> {
        let key = object.key();
        let now = Instant::now();
        let is_right = found.as_ref().is_some_and(|live| compare::is_as_wanted(object, live.value()));
        let was_changed = !is_right && self.was_right(object);
        if was_changed && let Some(message) = self.contests.rest(key, now) {
            self.tell_contested(key, message);
            return Ok(());
        }
        let opponent = Opponent::of(found.as_ref());
        let Applied { uid, live, .. } = self.applier.apply_over(object, found).await?;
        self.record.objects.insert(key.clone(), Recorded { uid: Some(uid), intent: object.intent() });
        if was_changed {
            self.contests.set_right(key, opponent, now);
        }
        match self.contests.look(key, now) {
            Some(message) => self.tell_contested(key, message),
            None => self.objects.push(reported(key, status::problem(key, &live))),
        }
        Ok(())
    }

    /// Whether an earlier pass made it be as it should be now.
    fn was_right(&self, object: &Object) -> bool {
        let recorded = self.before.get(object.key());
        recorded.is_some_and(|recorded| recorded.uid.is_some() && recorded.intent == object.intent())
    }

    fn tell_contested(&mut self, key: &ObjectKey, message: String) {
        self.contested.push(format!("{key}: {message}"));
        self.objects.push(reported(key, message));
    }

    /// Why an object outside of namespaces that is there already cannot be applied over.
    fn obstacle(&self, key: &ObjectKey, live: &Live) -> Option<Stop> {
        let recorded = self.record.objects.get(key).and_then(|recorded| recorded.uid.as_deref());
        let is_namespace = key.is(&NAMESPACE);
        if recorded != Some(live.uid()) && !prune::carries_label(self.record.set, live) {
            let reason = if is_namespace { "NamespaceNotOurs" } else { "ObjectNotOurs" };
            return Some(Stop { reason, message: belongs_to_somebody_else(key) });
        }
        if is_namespace && live.is_being_deleted() {
            let message =
                format!("{key}: {} It is made anew when it is gone.", status::why_it_stays(key, live));
            return Some(Stop { reason: "NamespaceTerminating", message });
        }
        None
    }

    /// Takes away what is recorded and not wanted.
    async fn prune(&mut self) -> Result<Pruned> {
        self.prune_but(&[]).await
    }

    /// The same, but for what has to stay.
    async fn prune_but(&mut self, staying: &[ObjectKey]) -> Result<Pruned> {
        let surplus = self
            .record
            .objects
            .iter()
            .filter(|(key, _)| {
                !staying.contains(key) && !self.wanted.iter().any(|object| object.key() == *key)
            })
            .map(|(key, recorded)| (key.clone(), recorded.clone()))
            .collect();
        let pruned = prune::prune(&self.applier, self.record.set, &surplus).await?;
        for key in pruned.gone.iter().chain(&pruned.no_longer_ours) {
            self.record.objects.remove(key);
        }
        Ok(pruned)
    }

    /// Takes the rights away that were given, lets go of what stays, then takes away what means nothing without it. Rights
    /// go first: what keeps their holders within bounds goes by our labels.
    async fn release(&mut self) -> Result<Pruned> {
        let recorded = self.record.objects.iter().filter(|(key, _)| prune::gives_rights(key));
        let rights = recorded.map(|(key, recorded)| (key.clone(), recorded.clone())).collect();
        let pruned = prune::prune(&self.applier, self.record.set, &rights).await?;
        for key in pruned.gone.iter().chain(&pruned.no_longer_ours) {
            self.record.objects.remove(key);
        }
        if !pruned.remaining.is_empty() {
            return Ok(pruned);
        }
        let released = release::release(&self.applier, self.record.set, &self.record.objects).await?;
        for key in &released.released {
            self.record.objects.remove(key);
        }
        if released.remaining.is_empty() {
            return self.prune().await;
        }
        Ok(Pruned { remaining: released.remaining, ..Pruned::default() })
    }

    fn outcome(&mut self, something_is_wanted: bool, releasing: bool, pruned: &Pruned) -> Outcome {
        let left: Vec<String> = pruned.remaining.iter().map(|(key, why)| format!("{key}: {why}")).collect();
        if let Some(stop) = self.stopped.take() {
            Outcome::Stopped { reason: stop.reason, message: stop.message }
        } else if !self.contested.is_empty() {
            Outcome::Contested { message: status::summary(&self.contested) }
        } else if something_is_wanted {
            if left.is_empty() {
                Outcome::Applied
            } else {
                Outcome::Pruning { message: status::summary(&left) }
            }
        } else if releasing {
            if left.is_empty() {
                Outcome::Released
            } else {
                Outcome::Releasing { message: status::summary(&left) }
            }
        } else if left.is_empty() {
            let foreign: Vec<String> = pruned.no_longer_ours.iter().map(no_longer_ours).collect();
            Outcome::Removed { message: status::summary(&foreign) }
        } else {
            Outcome::Removing { message: status::summary(&left) }
        }
    }
}
