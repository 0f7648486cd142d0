//! Somebody who fights back: an object that is changed again and again is set right less and less often, and who changes
//! it is named (FLEET-6, kubernetes B.3). Other objects are not concerned. Knows what happened since the program started
//! and no longer: a restart gives everybody another chance.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bastide_model::placement::ReportedObject;
use serde_json::Value;

use crate::apply::{FIELD_MANAGER, Live};
use crate::object::ObjectKey;

/// How much is put up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// So many times in a row an object is set right at once.
    pub at_once: u32,
    /// How long it is left alone then; twice as long each time.
    pub rest_min: Duration,
    /// Longest time that it is left alone.
    pub rest_max: Duration,
    /// Who leaves an object alone for so long has stopped.
    pub calm: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 5,
            rest_min: Duration::from_secs(5),
            rest_max: Duration::from_mins(5),
            calm: Duration::from_secs(30),
        }
    }
}

/// Who changed an object, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opponent {
    manager: String,
    operation: String,
    at: String,
}

impl Opponent {
    /// The last who wrote to it and is not Bastide. Nobody when it is gone: the object tells no more then.
    pub(crate) fn of(live: Option<&Live>) -> Option<Self> {
        let managers = live?.value().pointer("/metadata/managedFields")?.as_array()?;
        let text = |entry: &Value, field: &str| {
            entry.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let is_ours =
            |entry: &&Value| text(entry, "manager") == FIELD_MANAGER && text(entry, "operation") == "Apply";
        let writers = managers.iter().filter(|entry| text(entry, "subresource").is_empty());
        // Somebody who applies in Bastide's name is told from it by nothing else.
        let last = writers.clone().filter(|entry| !is_ours(entry)).max_by_key(|entry| text(entry, "time"));
        last.or_else(|| writers.max_by_key(|entry| text(entry, "time"))).map(|entry| Self {
            manager: text(entry, "manager"),
            operation: text(entry, "operation"),
            at: text(entry, "time"),
        })
    }
}

impl fmt::Display for Opponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field manager `{}` changed it ({}, {})", self.manager, self.operation, self.at)
    }
}

#[derive(Debug)]
struct Contest {
    repairs: u32,
    last: Instant,
    opponent: Option<Opponent>,
}

impl Contest {
    fn is_on(&self, pace: Pace) -> bool {
        self.repairs >= pace.at_once
    }

    fn is_resting(&self, pace: Pace, now: Instant) -> bool {
        self.is_on(pace) && now < self.next(pace)
    }

    /// When it may be set right again.
    fn next(&self, pace: Pace) -> Instant {
        let doublings = self.repairs.saturating_sub(pace.at_once).min(16);
        let rest = pace.rest_min.saturating_mul(2u32.saturating_pow(doublings)).min(pace.rest_max);
        if self.is_on(pace) { self.last + rest } else { self.last }
    }

    fn message(&self) -> String {
        let who = self.opponent.as_ref().map_or_else(
            || "somebody deleted it, and who is in the cluster's audit log only".to_owned(),
            Opponent::to_string,
        );
        format!(
            "It was set right {} times and is changed again each time; last, {who}. It is set right less and less often until that ends.",
            self.repairs
        )
    }
}

/// Objects over which there is a fight, or may be.
#[derive(Debug, Default)]
pub struct Contests {
    pace: Pace,
    known: Mutex<BTreeMap<ObjectKey, Contest>>,
}

impl Contests {
    /// None yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, known: Mutex::default() }
    }

    /// Whether the object is left alone now, however it is.
    pub fn is_resting(&self, key: &ObjectKey, now: Instant) -> bool {
        self.lock().get(key).is_some_and(|contest| contest.is_resting(self.pace, now))
    }

    /// How long until one of these objects has to be looked at again; nothing when there is no fight over them.
    pub fn pause(&self, objects: &[ReportedObject], now: Instant) -> Option<Duration> {
        let known = self.lock();
        let contests = known.iter().filter(|(key, contest)| {
            contest.is_on(self.pace) && objects.iter().any(|object| is_the_same(key, object))
        });
        // First whether it has to be set right again, then whether it stayed as it was.
        let due = |contest: &Contest| {
            let next = contest.next(self.pace);
            if now < next { next } else { contest.last + self.pace.calm }
        };
        contests.map(|(_, contest)| due(contest).saturating_duration_since(now)).min()
    }

    /// What is to be said of the object while it is left alone, however it is.
    pub(crate) fn rest(&self, key: &ObjectKey, now: Instant) -> Option<String> {
        let known = self.lock();
        known.get(key).filter(|contest| contest.is_resting(self.pace, now)).map(Contest::message)
    }

    /// The object was not as it should be although it had been, and was set right.
    pub(crate) fn set_right(&self, key: &ObjectKey, opponent: Option<Opponent>, now: Instant) {
        let mut known = self.lock();
        // What nobody looks at any more, because it is not wanted any more.
        let forgotten = self.pace.rest_max.max(self.pace.calm).saturating_mul(2);
        known.retain(|_, contest| now.saturating_duration_since(contest.last) <= forgotten);
        let contest = known.entry(key.clone()).or_insert(Contest { repairs: 0, last: now, opponent: None });
        if !contest.is_on(self.pace) && now.saturating_duration_since(contest.last) > self.pace.calm {
            contest.repairs = 0;
        }
        contest.repairs = contest.repairs.saturating_add(1);
        contest.last = now;
        contest.opponent = opponent;
        if contest.is_on(self.pace) {
            tracing::warn!(object = %key, repairs = contest.repairs, message = contest.message(), "contested");
        }
    }

    /// The object is as it should be. What is to be said of it as long as whoever fought may have paused only.
    pub(crate) fn look(&self, key: &ObjectKey, now: Instant) -> Option<String> {
        let mut known = self.lock();
        let contest = known.get(key)?;
        if now.saturating_duration_since(contest.last) >= self.pace.calm {
            known.remove(key);
            return None;
        }
        contest.is_on(self.pace).then(|| contest.message())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Contest>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_the_same(key: &ObjectKey, object: &ReportedObject) -> bool {
    key.kind == object.kind
        && key.name == object.name
        && key.namespace.as_deref().unwrap_or_default() == object.namespace
        && key.api_version == object.api_version
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::object::{NETWORK_POLICY, Object};

    const PACE: Pace = Pace {
        at_once: 2,
        rest_min: Duration::from_secs(10),
        rest_max: Duration::from_secs(30),
        calm: Duration::from_secs(5),
    };

    fn key() -> ObjectKey {
        Object::new(&NETWORK_POLICY, Some("acme"), "default-deny", json!({})).key().clone()
    }

    /// Finds it wrong. Why it is left alone, unless it was set right.
    fn claim(contests: &Contests, live: Option<&Live>, now: Instant) -> Option<String> {
        let rest = contests.rest(&key(), now);
        if rest.is_none() {
            contests.set_right(&key(), Opponent::of(live), now);
        }
        rest
    }

    fn changed_by(managers: &Value) -> Live {
        Live::from_value(json!({ "metadata": { "managedFields": managers } }))
    }

    fn entry(manager: &str, operation: &str, time: &str) -> Value {
        json!({ "manager": manager, "operation": operation, "time": time })
    }

    /// FLEET-6: the first times at once, then less and less often, and at once again when it has ended.
    #[test]
    fn fleet_6_who_fights_back_sets_no_pace() {
        let contests = Contests::new(PACE);
        let start = Instant::now();
        let second = |count| start + Duration::from_secs(count);
        let live = changed_by(&json!([entry("meddler", "Update", "2026-01-01T00:00:01Z")]));
        let mut set_right = Vec::new();
        for at in 0..100 {
            if claim(&contests, Some(&live), second(at)).is_none() {
                set_right.push(at);
            }
            assert_eq!(contests.is_resting(&key(), second(at)), at > 0);
        }
        assert_eq!(set_right, [0, 1, 11, 31, 61, 91]);
        let object = |name: &str| {
            crate::status::reported(&ObjectKey { name: name.to_owned(), ..key() }, String::new())
        };
        let pause = |name: &str, at| contests.pause(&[object(name)], second(at));
        assert_eq!(pause("default-deny", 92), Some(Duration::from_secs(29)), "until it is set right again");
        assert_eq!(pause("allow-dns", 92), None, "nobody fights over that one");
        let told = contests.look(&key(), second(95)).unwrap();
        assert!(
            told.contains("6 times") && told.contains("`meddler`") && told.contains("00:00:01Z"),
            "{told}"
        );
        assert_eq!(contests.look(&key(), second(96)), None, "calm");
        assert_eq!(claim(&contests, Some(&live), second(97)), None, "and at once again");
        assert!(!contests.is_resting(&key(), second(97)));
    }

    #[test]
    fn who_comes_back_now_and_then_is_no_fight() {
        let contests = Contests::new(PACE);
        let start = Instant::now();
        for round in 0..20 {
            let at = start + Duration::from_secs(6 * round);
            assert_eq!(claim(&contests, None, at), None, "{round}");
        }
    }

    #[test]
    fn who_it_was_is_read_from_the_object() {
        let ours = entry(FIELD_MANAGER, "Apply", "2026-01-01T00:00:09Z");
        let status = json!({ "manager": "controller", "operation": "Update", "time": "2026-01-01T00:00:08Z", "subresource": "status" });
        let named = |managers: &Value| Opponent::of(Some(&changed_by(managers))).map(|one| one.manager);
        let (old, new) =
            (entry("a", "Update", "2026-01-01T00:00:01Z"), entry("b", "Apply", "2026-01-01T00:00:02Z"));
        assert_eq!(named(&json!([new, ours, status, old])).as_deref(), Some("b"));
        assert_eq!(named(&json!([ours, status])).as_deref(), Some(FIELD_MANAGER), "another one in our name");
        assert_eq!(named(&json!([])), None);
        assert_eq!(Opponent::of(None), None);
    }
}
