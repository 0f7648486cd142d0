//! Takes away what is no longer wanted, and nothing else (FLEET-6): an object goes only when it was recorded, has the
//! recorded uid and carries our label.

use std::collections::{BTreeMap, BTreeSet};

use crate::apply::{Applier, Live};
use crate::error::Result;
use crate::object::{
    CLUSTER_ROLE, GATEWAY, LISTENER_SET, MUTATING_ADMISSION_POLICY, MUTATING_ADMISSION_POLICY_BINDING,
    NAMESPACE, ObjectKey, ROLE, ROLE_BINDING, VALIDATING_ADMISSION_POLICY,
    VALIDATING_ADMISSION_POLICY_BINDING,
};
use crate::record::{Recorded, SetName};
use crate::render::{MANAGED_BY, MANAGED_BY_LABEL, ORGANIZATION_LABEL};
use crate::status;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Gone from the cluster.
    pub gone: Vec<ObjectKey>,
    /// Still there, and why. A namespace that is ending counts as still there, and everything in it with it.
    pub remaining: Vec<(ObjectKey, String)>,
    /// Still there, but no longer ours: another object of that name, or one whose label was taken away. Left alone.
    pub no_longer_ours: Vec<ObjectKey>,
}

/// Whether the object carries the labels of the set.
pub(crate) fn carries_label(set: SetName, live: &Live) -> bool {
    let managed = live.label(MANAGED_BY_LABEL) == Some(MANAGED_BY);
    match set {
        SetName::Cluster => managed,
        SetName::Organization(id) => managed && live.label(ORGANIZATION_LABEL) == Some(&id.to_string()),
    }
}

/// Deletes what is surplus, in this order: rights, gateways and listeners, what confines within namespaces that stay,
/// namespaces, and once those are gone the admission policies over them. What else is in a namespace that goes is left to
/// Kubernetes, which ends the pods before the policies that confine them. Rights go first, so that nobody who holds up the
/// end of a namespace goes on working in it.
///
/// # Errors
/// When the API server does not answer. What it refuses is part of the result.
pub async fn prune(
    applier: &Applier,
    set: SetName,
    surplus: &BTreeMap<ObjectKey, Recorded>,
) -> Result<Pruned> {
    let mut pass = Pass { applier, set, surplus, going: BTreeSet::new(), pruned: Pruned::default() };
    pass.find_going().await?;
    let mut stages: Vec<Stage> = surplus.keys().map(stage).collect();
    stages.sort();
    stages.dedup();
    for stage in stages {
        if stage >= Stage::Namespaces && !pass.pruned.remaining.is_empty() {
            pass.postpone(stage);
        } else {
            pass.run(stage).await?;
        }
    }
    Ok(pass.pruned)
}

/// What is deleted together. Nothing from namespaces on is begun while something of an earlier stage is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Rights,
    Gateways,
    Confinement,
    Namespaces,
    Policies,
}

/// Whether the object gives rights.
pub(crate) fn gives_rights(key: &ObjectKey) -> bool {
    stage(key) == Stage::Rights
}

fn stage(key: &ObjectKey) -> Stage {
    let is_any = |kinds: &[&crate::object::Resource]| kinds.iter().any(|kind| key.is(kind));
    if is_any(&[&GATEWAY, &LISTENER_SET]) {
        Stage::Gateways
    } else if is_any(&[&ROLE, &ROLE_BINDING]) {
        Stage::Rights
    } else if is_any(&[&NAMESPACE]) {
        Stage::Namespaces
    } else if is_any(&[
        &MUTATING_ADMISSION_POLICY,
        &MUTATING_ADMISSION_POLICY_BINDING,
        &VALIDATING_ADMISSION_POLICY,
        &VALIDATING_ADMISSION_POLICY_BINDING,
        &CLUSTER_ROLE,
    ]) {
        Stage::Policies
    } else {
        Stage::Confinement
    }
}

struct Pass<'a> {
    applier: &'a Applier,
    set: SetName,
    surplus: &'a BTreeMap<ObjectKey, Recorded>,
    /// Names of the namespaces that go, or are gone, with everything in them.
    going: BTreeSet<String>,
    pruned: Pruned,
}

impl Pass<'_> {
    async fn find_going(&mut self) -> Result<()> {
        for (key, recorded) in self.surplus.iter().filter(|(key, _)| key.is(&NAMESPACE)) {
            let found = self.applier.get(key).await?;
            if found.is_none_or(|live| self.is_ours(recorded, &live)) {
                self.going.insert(key.name.clone());
            }
        }
        Ok(())
    }

    async fn run(&mut self, of: Stage) -> Result<()> {
        for (key, recorded) in self.surplus.iter().filter(|(key, _)| stage(key) == of) {
            if of <= Stage::Gateways || !self.goes_with_its_namespace(key) {
                let fate = self.remove(key, recorded).await?;
                self.note(key, fate);
            }
            if of == Stage::Namespaces {
                self.settle_contents(key);
            }
        }
        Ok(())
    }

    fn goes_with_its_namespace(&self, key: &ObjectKey) -> bool {
        key.namespace.as_ref().is_some_and(|name| self.going.contains(name))
    }

    /// What was left to its namespace shares the namespace's fate.
    fn settle_contents(&mut self, namespace: &ObjectKey) {
        let inside = |key: &&ObjectKey| key.namespace.as_deref() == Some(namespace.name.as_str());
        let contents: Vec<ObjectKey> =
            self.surplus.keys().filter(inside).filter(|key| !self.is_settled(key)).cloned().collect();
        if self.pruned.gone.contains(namespace) {
            self.pruned.gone.extend(contents);
        } else {
            let message = format!("It goes with the namespace {}.", namespace.name);
            self.pruned.remaining.extend(contents.into_iter().map(|key| (key, message.clone())));
        }
    }

    fn is_settled(&self, key: &ObjectKey) -> bool {
        self.pruned.gone.contains(key)
            || self.pruned.no_longer_ours.contains(key)
            || self.pruned.remaining.iter().any(|(one, _)| one == key)
    }

    /// Does nothing with a stage yet.
    fn postpone(&mut self, of: Stage) {
        let waiting: Vec<ObjectKey> =
            self.surplus.keys().filter(|key| stage(key) == of && !self.is_settled(key)).cloned().collect();
        for key in waiting {
            self.note(&key, Fate::Remains("It goes when what depends on it is gone.".to_owned()));
            if of == Stage::Namespaces {
                self.settle_contents(&key);
            }
        }
    }

    fn note(&mut self, key: &ObjectKey, fate: Fate) {
        match fate {
            Fate::Gone => self.pruned.gone.push(key.clone()),
            Fate::NotOurs => self.pruned.no_longer_ours.push(key.clone()),
            Fate::Remains(why) => self.pruned.remaining.push((key.clone(), why)),
        }
    }

    async fn remove(&self, key: &ObjectKey, recorded: &Recorded) -> Result<Fate> {
        let live = match self.applier.get(key).await {
            Ok(Some(live)) => live,
            Ok(None) => return Ok(Fate::Gone),
            Err(error) if error.is_refusal() => return Ok(Fate::Remains(error.to_string())),
            Err(error) => return Err(error),
        };
        if !self.is_ours(recorded, &live) {
            return Ok(Fate::NotOurs);
        }
        if live.is_being_deleted() {
            return Ok(Fate::Remains(status::why_it_stays(key, &live)));
        }
        match self.applier.delete(key, live.uid()).await {
            Ok(true) => {
                tracing::info!(object = %key, "deleted");
                Ok(Fate::Gone)
            }
            Ok(false) => Ok(Fate::Remains("It is being deleted.".to_owned())),
            // Somebody was faster: there is another object of that name now.
            Err(error) if error.code() == Some(409) && !key.is(&NAMESPACE) => Ok(Fate::NotOurs),
            Err(error) if error.is_refusal() => Ok(Fate::Remains(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// A uid that is not known yet is one of a pass that did not end: then the label has to do.
    fn is_ours(&self, recorded: &Recorded, live: &Live) -> bool {
        recorded.uid.as_deref().is_none_or(|uid| uid == live.uid()) && carries_label(self.set, live)
    }
}

enum Fate {
    Gone,
    Remains(String),
    NotOurs,
}
