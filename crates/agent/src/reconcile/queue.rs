//! Which set is to be looked at, and when. One entry per organization with the newest generation only, so that what came
//! in between while the agent was busy or cut off is never worked on. Pure: time is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bastide_model::OrganizationId;
use bastide_model::gateway::GatewaySpec;
use bastide_model::placement::{DesiredGateway, DesiredSet};
use tokio::time::Instant;

/// What is to be done next for a set.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Work {
    /// The set, newest generation.
    pub(crate) set: Arc<DesiredSet>,
    /// Its generation counts although the cluster has a greater one, from an earlier membership.
    pub(crate) adopt: bool,
    /// How many passes in a row have not settled it until now.
    pub(crate) attempts: u32,
}

/// What became of a set that was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is new, or newer than what was known.
    Taken,
    /// It is known already.
    Known,
    /// A newer generation is known; nothing was changed.
    Older,
    /// This generation is known with another content; nothing was changed.
    Contradicting,
}

/// How the work on a set ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is as it should be.
    Settled,
    /// It was to go and is gone.
    Removed,
    /// The cluster is still at it: to be looked at when something of it changes, and after this time in any case.
    Pending(Duration),
    /// It failed: to be tried again after this time and not before, whatever changes. Whoever fights back would
    /// otherwise set the pace.
    Failed(Duration),
}

/// What happened to an object of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Somebody changed or deleted it.
    Content,
    /// The cluster wrote its state into it. That matters only while a set is pending.
    Status,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Settled,
    Pending,
    Failed,
}

#[derive(Debug)]
struct Entry {
    set: Arc<DesiredSet>,
    adopt: bool,
    due: Option<Instant>,
    /// What is being worked on.
    running: Option<Arc<DesiredSet>>,
    condition: Condition,
    attempts: u32,
}

/// Sets in the order in which they are due.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    entries: BTreeMap<OrganizationId, Entry>,
    due: BTreeSet<(Instant, OrganizationId)>,
}

impl Queue {
    /// Takes in what should be. A newer generation is due at once, whatever happened to the one before.
    pub(crate) fn offer(&mut self, set: DesiredSet, now: Instant) -> Offered {
        if let Some(entry) = self.entries.get(&set.organization) {
            if set.generation < entry.set.generation {
                return Offered::Older;
            }
            if set.generation == entry.set.generation {
                return if set == *entry.set { Offered::Known } else { Offered::Contradicting };
            }
        }
        self.put(set, false, now);
        Offered::Taken
    }

    /// Takes in what should be, whatever generation is known: that is from an earlier membership. `removed` is the
    /// generation with which the set was removed then. Whether the cluster still has to be told.
    pub(crate) fn adopt(&mut self, set: DesiredSet, removed: Option<i64>, now: Instant) -> bool {
        let known = self.entries.get(&set.organization);
        if let Some(same) = known.filter(|entry| *entry.set == set) {
            return same.adopt;
        }
        let newer = |generation: i64| generation >= set.generation;
        let adopt = known.is_some_and(|entry| entry.adopt || newer(entry.set.generation))
            || removed.is_some_and(newer);
        self.put(set, adopt, now);
        adopt
    }

    /// The cluster has been told that this generation counts.
    pub(crate) fn adopted(&mut self, set: &DesiredSet) {
        if let Some(entry) = self.entries.get_mut(&set.organization)
            && *entry.set == *set
        {
            entry.adopt = false;
        }
    }

    fn put(&mut self, set: DesiredSet, adopt: bool, now: Instant) {
        let organization = set.organization;
        let set = Arc::new(set);
        let entry = self.entries.entry(organization).or_insert_with(|| Entry {
            set: set.clone(),
            adopt,
            due: None,
            running: None,
            condition: Condition::Pending,
            attempts: 0,
        });
        entry.set = set;
        entry.adopt = adopt;
        entry.condition = Condition::Pending;
        entry.attempts = 0;
        self.schedule(organization, now);
    }

    /// Something happened to an object of the set: it is due at that time, if not before.
    pub(crate) fn touch(&mut self, organization: OrganizationId, change: Change, at: Instant) {
        let Some(entry) = self.entries.get(&organization) else { return };
        let matters = match entry.condition {
            Condition::Settled => change == Change::Content,
            Condition::Pending => true,
            Condition::Failed => false,
        };
        // What happens during the work may have happened to what was looked at already.
        if (matters || entry.running.is_some()) && entry.due.is_none_or(|due| at < due) {
            self.schedule(organization, at);
        }
    }

    /// Every set is due, but those that have a pause because they fail.
    pub(crate) fn touch_all(&mut self, now: Instant) {
        let all: Vec<_> = self.entries.keys().copied().collect();
        for organization in all {
            self.touch(organization, Change::Content, now);
        }
    }

    /// The next set that is due and that nobody works on.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Work> {
        let ready = |id: &OrganizationId| self.entries.get(id).is_some_and(|entry| entry.running.is_none());
        let (_, organization) =
            *self.due.iter().take_while(|(due, _)| *due <= now).find(|(_, id)| ready(id))?;
        self.unschedule(organization);
        let entry = self.entries.get_mut(&organization)?;
        entry.running = Some(entry.set.clone());
        Some(Work { set: entry.set.clone(), adopt: entry.adopt, attempts: entry.attempts })
    }

    /// When the next set is due that nobody works on.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        let ready = |id: &OrganizationId| self.entries.get(id).is_some_and(|entry| entry.running.is_none());
        self.due.iter().find(|(_, id)| ready(id)).map(|(due, _)| *due)
    }

    /// The work on a set has ended.
    pub(crate) fn finish(&mut self, organization: OrganizationId, outcome: Outcome, now: Instant) {
        let Some(entry) = self.entries.get_mut(&organization) else { return };
        let worked_on = entry.running.take();
        if !worked_on.is_some_and(|set| Arc::ptr_eq(&set, &entry.set)) {
            // Something newer came meanwhile and is due already.
            return;
        }
        let again = match outcome {
            Outcome::Settled => {
                entry.attempts = 0;
                entry.condition = Condition::Settled;
                return;
            }
            Outcome::Removed => {
                self.unschedule(organization);
                self.entries.remove(&organization);
                return;
            }
            Outcome::Pending(pause) => {
                entry.condition = Condition::Pending;
                entry.due.map_or(now + pause, |due| due.min(now + pause))
            }
            Outcome::Failed(pause) => {
                entry.condition = Condition::Failed;
                now + pause
            }
        };
        entry.attempts = entry.attempts.saturating_add(1);
        self.schedule(organization, again);
    }

    /// The greatest generation that is known; 0 when there is none.
    pub(crate) fn greatest(&self) -> i64 {
        self.entries.values().map(|entry| entry.set.generation).max().unwrap_or(0)
    }

    /// What the gateway that organizations share is made of, as the newest set says that wants it; nothing when none does.
    pub(crate) fn shared_gateway(&self) -> Option<&GatewaySpec> {
        let wanting =
            self.entries.values().filter_map(|entry| Some((entry.set.generation, wanted_of(&entry.set)?)));
        wanting.max_by_key(|(generation, _)| *generation).map(|(_, spec)| spec)
    }

    /// How many sets there are, and how many of them failed last time.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let failing = self.entries.values().filter(|entry| entry.condition == Condition::Failed).count();
        (self.entries.len(), failing)
    }

    fn schedule(&mut self, organization: OrganizationId, at: Instant) {
        self.unschedule(organization);
        if let Some(entry) = self.entries.get_mut(&organization) {
            entry.due = Some(at);
            self.due.insert((at, organization));
        }
    }

    fn unschedule(&mut self, organization: OrganizationId) {
        if let Some(due) = self.entries.get_mut(&organization).and_then(|entry| entry.due.take()) {
            self.due.remove(&(due, organization));
        }
    }
}

/// What a set wants the shared gateway to be.
fn wanted_of(set: &DesiredSet) -> Option<&GatewaySpec> {
    match &set.content.as_ref()?.gateway {
        DesiredGateway::Common(spec) => Some(spec),
        DesiredGateway::Shared | DesiredGateway::Dedicated { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> OrganizationId {
        OrganizationId::from_uuid(Uuid::from_u128(number))
    }

    fn set(number: u128, generation: i64) -> DesiredSet {
        DesiredSet { organization: id(number), generation, content: None }
    }

    fn second(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    /// What is taken at a time, as (organization, generation).
    fn taken(queue: &mut Queue, now: Instant) -> Vec<(u128, i64)> {
        std::iter::from_fn(|| queue.take(now))
            .map(|work| (work.set.organization.uuid().as_u128(), work.set.generation))
            .collect()
    }

    /// FLEET-6: newest generation only; an older one never replaces a newer one.
    #[test]
    fn fleet_6_only_the_newest_generation_is_worked_on() {
        let now = Instant::now();
        let mut queue = Queue::default();
        assert_eq!(queue.offer(set(1, 4), now), Offered::Taken);
        assert_eq!(queue.offer(set(1, 9), now), Offered::Taken);
        assert_eq!(queue.offer(set(1, 6), now), Offered::Older);
        assert_eq!(queue.offer(set(2, 5), now), Offered::Taken);
        assert_eq!(queue.offer(set(2, 5), now), Offered::Known);
        assert_eq!(taken(&mut queue, now), [(1, 9), (2, 5)]);
        assert_eq!(queue.greatest(), 9);
    }

    #[test]
    fn one_generation_has_one_content() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 4), now);
        assert_eq!(queue.offer(with_content(1, 4), now), Offered::Contradicting);
        assert!(queue.take(now).unwrap().set.content.is_none());
    }

    /// A set with some content.
    fn with_content(number: u128, generation: i64) -> DesiredSet {
        let text = r#"{"realm":"rlm_00000000000000000000000000","slug":"acme","name":"Acme","namespace_base":"acme",
            "isolation":"shared","cpu_millis":1,"memory_mib":1,"storage_gib":1,"pods":1,"services":1}"#;
        let wire = bastide_api::agent::Set {
            organization: id(number).to_string(),
            generation,
            content: Some(serde_json::from_str(text).unwrap()),
        };
        wire.try_into().unwrap()
    }

    /// FLEET-5: the shared gateway is what the newest set says, whichever organization's, and stays while any wants it.
    #[test]
    fn fleet_5_the_shared_gateway_is_what_the_newest_set_says() {
        let now = Instant::now();
        let mut queue = Queue::default();
        let sharing = |number, generation, class: &str| {
            let mut set = with_content(number, generation);
            if let Some(content) = &mut set.content {
                let (class, listeners) = (class.to_owned(), Vec::new());
                content.gateway =
                    DesiredGateway::Common(GatewaySpec { class, listeners, addresses: Vec::new() });
            }
            set
        };
        let class = |queue: &Queue| queue.shared_gateway().map(|spec| spec.class.clone());
        queue.offer(with_content(1, 1), now);
        assert_eq!(class(&queue), None);
        queue.offer(sharing(1, 3, "new"), now);
        queue.offer(sharing(2, 2, "old"), now);
        assert_eq!(class(&queue).as_deref(), Some("new"));
        queue.offer(set(1, 4), now);
        assert_eq!(class(&queue).as_deref(), Some("old"));
        queue.offer(with_content(2, 5), now);
        assert_eq!(class(&queue), None);
    }

    #[test]
    fn a_set_is_worked_on_by_one_at_a_time() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 1), now);
        assert_eq!(taken(&mut queue, now), [(1, 1)]);
        queue.touch(id(1), Change::Content, now);
        queue.offer(set(1, 2), now);
        assert_eq!((queue.take(now), queue.next_due()), (None, None));
        queue.finish(id(1), Outcome::Failed(second(60)), now);
        assert_eq!(taken(&mut queue, now), [(1, 2)], "the newer one does not wait for the older one's pause");
    }

    #[test]
    fn a_change_during_the_work_is_looked_at_afterwards() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 1), now);
        assert_eq!(taken(&mut queue, now), [(1, 1)]);
        queue.touch(id(1), Change::Status, now + second(1));
        queue.finish(id(1), Outcome::Settled, now);
        assert_eq!(queue.next_due(), Some(now + second(1)));
        assert_eq!(taken(&mut queue, now), []);
        assert_eq!(taken(&mut queue, now + second(1)), [(1, 1)]);
    }

    #[test]
    fn a_failing_set_keeps_its_pause_and_counts() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 1), now);
        for attempts in 0..3 {
            let later = now + second(10 * attempts);
            assert_eq!(u64::from(queue.take(later).unwrap().attempts), attempts);
            queue.finish(id(1), Outcome::Failed(second(10)), later);
        }
        assert_eq!(queue.counts(), (1, 1));
        queue.touch(id(1), Change::Content, now + second(21));
        queue.touch_all(now + second(21));
        assert_eq!(queue.next_due(), Some(now + second(30)));
        queue.take(now + second(30)).unwrap();
        queue.finish(id(1), Outcome::Settled, now + second(30));
        assert_eq!((queue.counts(), queue.next_due()), ((1, 0), None));
    }

    #[test]
    fn a_pending_set_is_looked_at_when_its_state_changes_and_a_settled_one_is_not() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 1), now);
        queue.take(now).unwrap();
        queue.finish(id(1), Outcome::Pending(second(60)), now);
        assert_eq!(queue.next_due(), Some(now + second(60)));
        queue.touch(id(1), Change::Status, now + second(1));
        assert_eq!(queue.take(now + second(1)).unwrap().attempts, 1);
        queue.finish(id(1), Outcome::Settled, now + second(1));
        queue.touch(id(1), Change::Status, now + second(2));
        assert_eq!(queue.next_due(), None);
        queue.touch(id(1), Change::Content, now + second(2));
        assert_eq!(queue.next_due(), Some(now + second(2)));
    }

    #[test]
    fn changes_come_together_in_one_pass() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 1), now);
        queue.take(now).unwrap();
        queue.finish(id(1), Outcome::Settled, now);
        queue.touch(id(1), Change::Content, now + second(1));
        queue.touch(id(1), Change::Content, now + second(2));
        queue.touch(id(7), Change::Content, now);
        assert_eq!(taken(&mut queue, now + second(5)), [(1, 1)]);
        queue.finish(id(1), Outcome::Removed, now);
        queue.touch_all(now);
        assert_eq!((queue.next_due(), queue.counts()), (None, (0, 0)));
    }

    /// A cluster that joined anew follows the hub, although the cluster has greater generations from before.
    #[test]
    fn an_older_generation_is_adopted_after_joining_anew() {
        let now = Instant::now();
        let mut queue = Queue::default();
        queue.offer(set(1, 9), now);
        queue.offer(set(2, 1), now);
        assert!(queue.adopt(set(1, 3), None, now), "the cluster has to be told");
        assert!(!queue.adopt(set(2, 4), None, now), "newer anyway");
        assert!(!queue.adopt(set(3, 4), None, now), "unknown before");
        assert!(queue.adopt(set(4, 4), Some(6), now), "removed before");
        let work = queue.take(now).unwrap();
        assert_eq!((work.set.generation, work.adopt), (3, true));
        queue.finish(id(1), Outcome::Failed(second(1)), now);
        assert!(queue.adopt(set(1, 3), None, now), "not done yet");
        queue.adopted(&set(1, 9));
        assert!(queue.adopt(set(1, 3), None, now), "that was another one");
        queue.adopted(&set(1, 3));
        queue.adopted(&set(4, 4));
        assert!(!queue.adopt(set(1, 3), None, now) && !queue.adopt(set(4, 4), Some(6), now));
        assert_eq!(queue.greatest(), 4);
    }
}
