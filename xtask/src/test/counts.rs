//! How many tests ran, read from what the test programs print.

/// Tests by how they ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    /// Tests that were ignored.
    pub(super) skipped: u64,
    /// The names of failed tests.
    pub(super) failures: Vec<String>,
}

impl Counts {
    /// Takes a line that a test program printed, if it is about tests.
    ///
    /// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s` ends a program;
    /// `test some::name ... FAILED` is one test.
    pub(super) fn read(&mut self, line: &str) {
        if let Some(numbers) = line.strip_prefix("test result: ") {
            self.passed += number_before(numbers, " passed");
            self.failed += number_before(numbers, " failed");
            self.skipped += number_before(numbers, " ignored");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
    }

    /// How many tests ran.
    pub(super) fn ran(&self) -> u64 {
        self.passed + self.failed
    }

    /// Adds those of another run.
    pub(super) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
    }
}

/// The number that stands right before a word; 0 without one.
fn number_before(text: &str, word: &str) -> u64 {
    let Some((before, _)) = text.split_once(word) else { return 0 };
    before
        .rsplit(|digit: char| !digit.is_ascii_digit())
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_results_of_several_programs_are_summed_up() {
        let output = "\
running 3 tests
test rules::a_slug_is_unique ... ok
test rules::an_owner_stays ... FAILED
test result: FAILED. 10 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s
";
        let mut counts = Counts::default();
        output.lines().for_each(|line| counts.read(line));
        let failures = vec!["rules::an_owner_stays".to_owned()];
        assert_eq!(counts, Counts { passed: 15, failed: 1, skipped: 2, failures });
        assert_eq!(counts.ran(), 16);
    }

    #[test]
    fn other_lines_say_nothing() {
        let mut counts = Counts::default();
        for line in ["", "12 passed", "test result", "test x ... ok", "result: 3 passed; 4 failed"] {
            counts.read(line);
        }
        assert_eq!(counts, Counts::default());
    }
}
