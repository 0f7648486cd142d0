//! How long to wait before the next attempt, and by how much regular calls are spread.

use std::time::Duration;

use crate::random::Random;

/// Bounds of the wait between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The shortest wait.
    pub min: Duration,
    /// The longest wait.
    pub max: Duration,
}

impl Bounds {
    /// The wait after so many failed attempts in a row, with full jitter: anything from the shortest up to a bound that
    /// doubles with each failure. A fixed wait would bring all agents back to a restarted hub in the same second.
    pub(crate) fn wait(self, failures: u32, random: &dyn Random) -> Duration {
        let doubled = self.min.saturating_mul(2u32.saturating_pow(failures.min(16)));
        let span = doubled.min(self.max).saturating_sub(self.min);
        self.min + span.mul_f64(random.unit())
    }
}

/// Counts failures in a row.
#[derive(Debug)]
pub(crate) struct Backoff {
    bounds: Bounds,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, failures: 0 }
    }

    /// One more failure: how long to wait now.
    pub(crate) fn failed(&mut self, random: &dyn Random) -> Duration {
        self.failures = self.failures.saturating_add(1);
        self.bounds.wait(self.failures, random)
    }

    /// It worked: the next failure is the first again.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// A regular wait, longer or shorter by up to the part `spread` of it.
pub(crate) fn spread(wait: Duration, spread: f64, random: &dyn Random) -> Duration {
    wait.mul_f64((random.unit() * 2.0 - 1.0).mul_add(spread, 1.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(f64);

    impl Random for Fixed {
        fn unit(&self) -> f64 {
            self.0
        }
    }

    const BOUNDS: Bounds = Bounds { min: Duration::from_secs(1), max: Duration::from_mins(1) };

    #[test]
    fn waits_lie_between_the_bounds_and_grow() {
        let longest = Fixed(0.999_999);
        let shortest = Fixed(0.0);
        let mut before = Duration::ZERO;
        for failures in 1..40 {
            assert_eq!(BOUNDS.wait(failures, &shortest), BOUNDS.min);
            let wait = BOUNDS.wait(failures, &longest);
            assert!(wait >= before && wait <= BOUNDS.max, "{failures}: {wait:?}");
            before = wait;
        }
        assert!(before > Duration::from_secs(59));
    }

    #[test]
    fn success_starts_over() {
        let random = Fixed(0.5);
        let mut backoff = Backoff::new(BOUNDS);
        let first = backoff.failed(&random);
        assert!(backoff.failed(&random) > first);
        backoff.succeeded();
        assert_eq!(backoff.failed(&random), first);
    }

    #[test]
    fn regular_waits_are_spread_around_their_length() {
        let wait = Duration::from_secs(10);
        assert_eq!(spread(wait, 0.25, &Fixed(0.0)), Duration::from_millis(7500));
        assert_eq!(spread(wait, 0.25, &Fixed(0.5)), wait);
        assert!(spread(wait, 0.25, &Fixed(0.999_999)) > Duration::from_millis(12_499));
    }
}
