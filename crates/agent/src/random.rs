//! Chance as an argument, for the spread of timers: many agents must not all call at once. Never used for secrets.

/// Gives numbers that nobody can foresee.
pub trait Random: Send + Sync + 'static {
    /// A number from 0 up to, not including, 1.
    fn unit(&self) -> f64;
}

/// The system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn unit(&self) -> f64 {
        // Without randomness everything still works; only the spread is lost.
        let bits = getrandom::u64().map_or(1 << 31, |bits| bits >> 32);
        u32::try_from(bits).map_or(0.5, |bits| f64::from(bits) / (f64::from(u32::MAX) + 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_from_0_to_1_and_differ() {
        let numbers: Vec<_> = (0..100).map(|_| SystemRandom.unit()).collect();
        assert!(numbers.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(numbers.iter().any(|number| *number < 0.5) && numbers.iter().any(|number| *number >= 0.5));
    }
}
