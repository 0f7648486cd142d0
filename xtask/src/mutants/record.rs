//! The text that is kept of what came out: written by the task, but for the reasons, which people give.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};

/// What came out, by file.
pub(super) type Record = BTreeMap<String, Looked>;

/// What came out for a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Looked {
    /// Of the file as it was then.
    pub(super) checksum: String,
    /// How many faults were tried.
    pub(super) mutants: usize,
    /// Those that no test noticed.
    pub(super) survivors: Vec<Survivor>,
}

/// A fault that no test notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Survivor {
    /// In the words of cargo-mutants, without the line.
    pub(super) fault: String,
    /// Why that is right.
    pub(super) reason: Option<String>,
}

impl Looked {
    /// The faults that nobody gave a reason for.
    pub(super) fn unexplained(&self) -> impl Iterator<Item = &str> {
        self.survivors.iter().filter(|one| one.reason.is_none()).map(|one| one.fault.as_str())
    }
}

const HEAD: &str = "\
# Faults that were put into the code, and that no test notices: written by `cargo xtask mutants`, with reasons by people (see
# docs/TESTING.md). Of each file: its checksum, how many faults were tried, and those that are left, with `because`.
";
const BECAUSE: &str = "because";
/// In the place of a reason.
const NONE: &str = "?";

/// The faults with the reasons that were given for the same ones before.
pub(super) fn with_reasons(faults: Vec<String>, before: Option<Looked>) -> Vec<Survivor> {
    let mut known = before.map(|looked| looked.survivors).unwrap_or_default();
    let mut explain = |fault: String| {
        let place = known.iter().position(|one| one.fault == fault);
        let reason = place.and_then(|place| known.remove(place).reason);
        Survivor { fault, reason }
    };
    faults.into_iter().map(&mut explain).collect()
}

/// The text.
pub(super) fn write(record: &Record) -> String {
    let mut text = HEAD.to_owned();
    for (name, looked) in record {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n{name} {} {}", looked.checksum, looked.mutants);
        for Survivor { fault, reason } in &looked.survivors {
            let _ = writeln!(text, "  {fault}\n    {BECAUSE} {}", reason.as_deref().unwrap_or(NONE));
        }
    }
    text
}

/// The same backwards.
///
/// # Errors
/// When it is another text: with the line.
pub(super) fn read(text: &str) -> Result<Record> {
    let mut record = Record::new();
    let mut last: Option<(String, Looked)> = None;
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            record.extend(last.replace(head(line).with_context(|| format!("line {number}"))?));
            continue;
        }
        let Some((_, looked)) = &mut last else { bail!("line {number}: a fault without a file") };
        match line.strip_prefix("    ").and_then(|rest| rest.strip_prefix(BECAUSE)) {
            Some(reason) => {
                let survivor = looked.survivors.last_mut();
                let survivor =
                    survivor.with_context(|| format!("line {number}: a reason without a fault"))?;
                let reason = reason.trim();
                survivor.reason = (!reason.is_empty() && reason != NONE).then(|| reason.to_owned());
            }
            None => looked.survivors.push(Survivor { fault: line.trim().to_owned(), reason: None }),
        }
    }
    record.extend(last);
    Ok(record)
}

fn head(line: &str) -> Result<(String, Looked)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [name, checksum, mutants] = *words.as_slice() else { bail!("not a file, a checksum and a number") };
    let mutants = mutants.parse().context("not a number of faults")?;
    Ok((name.to_owned(), Looked { checksum: checksum.to_owned(), mutants, survivors: Vec::new() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survivor(fault: &str, reason: Option<&str>) -> Survivor {
        Survivor { fault: fault.to_owned(), reason: reason.map(str::to_owned) }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let survivors =
            vec![survivor("replace a with b", Some("it is the same")), survivor("delete !", None)];
        let record = Record::from([
            ("a.rs".to_owned(), Looked { checksum: "12ab".to_owned(), mutants: 7, survivors }),
            ("b.rs".to_owned(), Looked { checksum: "34cd".to_owned(), mutants: 0, survivors: Vec::new() }),
        ]);
        let text = write(&record);
        assert!(text.contains("\na.rs 12ab 7\n  replace a with b\n    because it is the same\n"), "{text}");
        assert_eq!(read(&text).unwrap(), record);
    }

    #[test]
    fn another_text_is_refused_with_its_line() {
        for (text, named) in [
            ("a.rs 12ab\n", "line 1"),
            ("a.rs 12ab many\n", "line 1"),
            ("# head\n  delete !\n", "line 2: a fault without a file"),
            ("a.rs 12ab 3\n    because so\n", "line 2: a reason without a fault"),
        ] {
            let message = format!("{:#}", read(text).unwrap_err());
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn reasons_stay_with_their_faults_one_each() {
        let survivors = vec![survivor("delete !", Some("first")), survivor("gone", Some("old"))];
        let before = Looked { checksum: String::new(), mutants: 2, survivors };
        let faults = ["delete !", "delete !", "new"].map(str::to_owned).to_vec();
        let after = with_reasons(faults, Some(before));
        let expected =
            [survivor("delete !", Some("first")), survivor("delete !", None), survivor("new", None)];
        assert_eq!(after, expected);
    }
}
