//! `cargo xtask mutants`: small faults are put into the code that decides who may do what, one at a time, and the tests of the
//! two crates have to notice each.
//!
//! Takes far longer than a step of the tests may, which tries a handful ([`sample`]). So what came out is kept in `crates/authz/mutants.txt`: of every file
//! the checksum that it had, how many faults were tried, and which of them no test noticed, each with the reason why that is
//! right. Tests beside the code belong to the checksum; those in `crates/authz/tests` do not.

mod record;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use self::record::{Looked, Record};
use crate::cache;
use crate::command::{run as run_for_output, summary};
use crate::failure::Misunderstood;
use crate::layout::Layout;
use crate::{limit, say, tools};

/// The folder of which every file is looked at.
const CRATE: &str = "crates/authz/src";
/// What it stands on: which roles there are, what they may, what may be given, and how things are called.
const BESIDES: [&str; 5] = [
    "crates/model/src/access.rs",
    "crates/model/src/names.rs",
    "crates/model/src/permission.rs",
    "crates/model/src/role.rs",
    "crates/model/src/team.rs",
];
/// Whose tests have to notice.
const PACKAGES: [&str; 2] = ["bastide-authz", "bastide-model"];
/// Where it is kept what came out.
const RECORD: &str = "crates/authz/mutants.txt";
/// The tests that take longest: what holds for every graph, over made-up ones.
const SLOW_TESTS: &str = "properties";
/// Seconds that the tests may take, several times what they take on a busy machine: a fault may make them endless.
const TEST_SECONDS: u32 = 240;
/// Faults that a step of the tests tries, more or less.
const SAMPLE: usize = 8;
/// What cargo-mutants ends with when every fault was tried: all were noticed, some were not, some made a test endless.
const TRIED: [i32; 3] = [0, 2, 3];

/// Tries out the files that are not as they were when that was done last, or those that are named, or with `--all` all; keeps
/// what came out.
///
/// # Errors
/// When cargo-mutants cannot be run, the tests fail without a fault, or a fault is noticed by no test and has no reason.
pub(crate) fn run(workspace: &Path, arguments: &[&str]) -> Result<()> {
    let files = files(workspace)?;
    let mut record = read(workspace)?;
    let chosen: Vec<String> = match arguments {
        [] => stale(&files, &record),
        ["--all"] => files.keys().cloned().collect(),
        named => named.iter().map(|name| (*name).to_owned()).collect(),
    };
    if let Some(other) = chosen.iter().find(|name| !files.contains_key(*name)) {
        let all: Vec<_> = files.keys().map(String::as_str).collect();
        let text = format!("`{other}` is not looked at: --all, or some of {}", all.join(", "));
        return Err(Misunderstood(text).into());
    }
    record.retain(|name, _| files.contains_key(name));
    if !chosen.is_empty() {
        say::note(&format!("trying out {} (some seconds for each fault)", chosen.join(", ")));
        let found = try_out(workspace, &chosen)?;
        for name in chosen {
            let checksum = files.get(&name).cloned().unwrap_or_default();
            let (mutants, survivors) = found.of(&name);
            let before = record.remove(&name);
            let looked = Looked { checksum, mutants, survivors: record::with_reasons(survivors, before) };
            record.insert(name, looked);
        }
    }
    let path = workspace.join(RECORD);
    fs::write(&path, record::write(&record)).with_context(|| format!("cannot write {}", path.display()))?;
    check(workspace)
}

/// Whether every file is as it was when it was tried out, and every fault that no test notices has a reason.
///
/// # Errors
/// When not: which, and what to do.
pub(crate) fn check(workspace: &Path) -> Result<()> {
    let (files, record) = (files(workspace)?, read(workspace)?);
    let stale = stale(&files, &record);
    ensure!(
        stale.is_empty(),
        "changed since faults were tried out in them: {}; run `cargo xtask mutants`, and see what {RECORD} says then",
        stale.join(", ")
    );
    explained(&files, &record)
}

/// Whether the record is about files that are there, and every fault in it has a reason.
fn explained(files: &BTreeMap<String, String>, record: &Record) -> Result<()> {
    let gone: Vec<_> = record.keys().filter(|name| !files.contains_key(*name)).cloned().collect();
    ensure!(gone.is_empty(), "{RECORD} is about files that are not there: {}", gone.join(", "));
    let unexplained: Vec<String> = record
        .iter()
        .flat_map(|(name, looked)| looked.unexplained().map(move |fault| format!("\n{name}: {fault}")))
        .collect();
    ensure!(
        unexplained.is_empty(),
        "no test notices these faults: write one, or give the reason in {RECORD}{}",
        unexplained.concat()
    );
    Ok(())
}

/// The files that are looked at, with their checksums.
fn files(workspace: &Path) -> Result<BTreeMap<String, String>> {
    let mut names: Vec<String> = BESIDES.map(str::to_owned).into();
    let mut folders = vec![CRATE.to_owned()];
    while let Some(folder) = folders.pop() {
        let path = workspace.join(&folder);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))? {
            let entry = entry?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() { folders.push(name) } else { names.push(name) }
        }
    }
    let read = |name: String| {
        let path = workspace.join(&name);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((name, cache::digest(&text)))
    };
    names.into_iter().map(read).collect()
}

fn read(workspace: &Path) -> Result<Record> {
    let path = workspace.join(RECORD);
    if !path.exists() {
        return Ok(Record::new());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    record::read(&text).with_context(|| format!("cannot understand {}", path.display()))
}

fn stale(files: &BTreeMap<String, String>, record: &Record) -> Vec<String> {
    let is_stale =
        |name: &String, checksum: &String| record.get(name).is_none_or(|looked| looked.checksum != *checksum);
    files.iter().filter(|(name, checksum)| is_stale(name, checksum)).map(|(name, _)| name.clone()).collect()
}

/// What cargo-mutants says of faults, by file.
#[derive(Debug, Default)]
struct Found {
    tried: BTreeMap<String, usize>,
    missed: BTreeMap<String, Vec<String>>,
}

impl Found {
    fn of(&self, name: &str) -> (usize, Vec<String>) {
        (
            self.tried.get(name).copied().unwrap_or_default(),
            self.missed.get(name).cloned().unwrap_or_default(),
        )
    }

    /// Takes in lines about faults that were tried.
    fn count(&mut self, lines: &str) -> Result<()> {
        for line in lines.lines() {
            *self.tried.entry(parts(line)?.0.to_owned()).or_default() += 1;
        }
        Ok(())
    }

    /// Takes in lines about faults that no test noticed.
    fn miss(&mut self, lines: &str) -> Result<()> {
        for line in lines.lines() {
            let (name, fault) = parts(line)?;
            self.missed.entry(name.to_owned()).or_default().push(fault.to_owned());
        }
        Ok(())
    }
}

/// File and fault of a line such as `src/a.rs:12:5: replace yes -> bool with true`.
fn parts(line: &str) -> Result<(&str, &str)> {
    let (place, fault) = line.split_once(": ").context("a fault without a place")?;
    Ok((place.split(':').next().unwrap_or(place), fault))
}

/// cargo-mutants, and where it leaves what it found.
struct Trial<'a> {
    workspace: &'a Path,
    program: PathBuf,
    folder: PathBuf,
    files: Vec<&'a str>,
}

impl<'a> Trial<'a> {
    fn new(workspace: &'a Path, files: impl IntoIterator<Item = &'a String>) -> Result<Self> {
        let program = tools::ensure_mutants(workspace)?;
        let folder = Layout::of(workspace)?.target_folder.join("mutants");
        cache::remove(&folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { workspace, program, folder, files: files.into_iter().map(String::as_str).collect() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // It works on a copy, which has a `target` of its own; what nobody debugs needs nothing for that.
        command.env_remove("CARGO_TARGET_DIR").env("CARGO_PROFILE_DEV_DEBUG", "0");
        command.env("CARGO_INCREMENTAL", "1");
        // That a property fails is enough; which case is the smallest is of no interest.
        command.env("PROPTEST_MAX_SHRINK_ITERS", "0");
        command.arg("mutants").arg("--dir").arg(self.workspace).args(["--no-shuffle", "--colors=never"]);
        command.args(PACKAGES.iter().flat_map(|name| ["--package", name, "--test-package", name]));
        command.args(self.files.iter().flat_map(|name| ["--file", name]));
        command
    }

    /// How many faults there are to try.
    fn count(&self) -> Result<usize> {
        Ok(run_for_output(self.command().arg("--list"))?.lines().count())
    }

    /// Tries them, with more options, on some tests.
    fn pass(&self, more: &[&str], tests: &[&str]) -> Result<()> {
        let mut command = self.command();
        command.arg("--output").arg(&self.folder).args(["--jobs=2", &format!("--timeout={TEST_SECONDS}")]);
        command.args(more).args(["--", "--lib", "--tests", "--"]).args(tests);
        let status = limit::status(&mut command).context("cannot run cargo-mutants")?;
        let tried = status.code().is_some_and(|code| TRIED.contains(&code));
        ensure!(tried, "`{}` ended with {status}", summary(&command));
        Ok(())
    }

    /// The faults that came out as `caught`, `missed`, `timeout` or `unviable`.
    fn lines(&self, name: &str) -> Result<String> {
        let path = self.folder.join("mutants.out").join(name).with_extension("txt");
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }
}

/// Tries every fault with the quick tests first, and those that these miss with all.
fn try_out(workspace: &Path, files: &[String]) -> Result<Found> {
    let trial = Trial::new(workspace, files)?;
    let mut found = Found::default();
    trial.pass(&[], &["--skip", SLOW_TESTS])?;
    for name in ["caught", "missed", "timeout", "unviable"] {
        found.count(&trial.lines(name)?)?;
    }
    if !trial.lines("missed")?.is_empty() {
        // Only what was not noticed so far.
        trial.pass(&["--iterate", "--baseline=skip"], &[])?;
    }
    found.miss(&trial.lines("missed")?)?;
    Ok(found)
}

/// For a step of the tests: every fault that is known to go unnoticed has its reason, and of all in the files that were tried
/// out before a handful is tried out anew. Which ones follows from what the files say, so that another change tries others,
/// and the same one the same.
///
/// # Errors
/// When a fault is noticed by no test and has no reason.
pub(crate) fn sample(workspace: &Path) -> Result<()> {
    let (files, record) = (files(workspace)?, read(workspace)?);
    explained(&files, &record)?;
    let stale = stale(&files, &record);
    if !stale.is_empty() {
        say::note(&format!(
            "not tried out as they are now: {}; `cargo xtask mutants` does, and takes long",
            stale.join(", ")
        ));
    }
    let tried: BTreeMap<_, _> = files.iter().filter(|(name, _)| record.contains_key(*name)).collect();
    ensure!(!tried.is_empty(), "{RECORD} is about no file: run `cargo xtask mutants`");
    let trial = Trial::new(workspace, tried.keys().copied())?;
    let shards = (trial.count()? / SAMPLE).max(1);
    let texts: String = tried.values().map(|checksum| checksum.as_str()).collect();
    let shard = usize::from_str_radix(&cache::digest(&texts), 16)? % shards;
    trial.pass(&[&format!("--shard={shard}/{shards}")], &[])?;
    let mut found = Found::default();
    found.miss(&trial.lines("missed")?)?;
    ensure_known(&found, &record)
}

/// Whether every fault that went unnoticed is one that has its reason in the record.
fn ensure_known(found: &Found, record: &Record) -> Result<()> {
    let has_reason = |name: &String, fault: &String| {
        let known = record.get(name).into_iter().flat_map(|looked| &looked.survivors);
        known.into_iter().any(|one| one.fault == *fault && one.reason.is_some())
    };
    let missed = found.missed.iter().flat_map(|(name, faults)| faults.iter().map(move |fault| (name, fault)));
    let unknown: Vec<_> = missed.filter(|(name, fault)| !has_reason(name, fault)).collect();
    let listed: Vec<_> = unknown.iter().map(|(name, fault)| format!("\n{name}: {fault}")).collect();
    ensure!(
        unknown.is_empty(),
        "no test notices these faults: write one, or give the reason in {RECORD}{}",
        listed.concat()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::record::Survivor;
    use super::*;
    use crate::scratch::Scratch;

    /// A workspace with one file of each kind, and a record of how they are.
    fn workspace(name: &str) -> Scratch {
        let scratch = Scratch::new(name);
        for file in BESIDES.into_iter().chain(["crates/authz/src/policy.rs"]) {
            let path = scratch.0.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "fn one() {}").unwrap();
        }
        let looked = |(name, checksum): (String, String)| {
            (name, Looked { checksum, mutants: 1, survivors: Vec::new() })
        };
        keep(&scratch, &files(&scratch.0).unwrap().into_iter().map(looked).collect());
        scratch
    }

    fn keep(scratch: &Scratch, record: &Record) {
        fs::write(scratch.0.join(RECORD), record::write(record)).unwrap();
    }

    fn refusal(scratch: &Scratch) -> String {
        check(&scratch.0).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_changed_or_was_never_looked_at_has_to_be_tried_out() {
        let scratch = workspace("mutants-stale");
        check(&scratch.0).unwrap();
        fs::write(scratch.0.join(BESIDES[2]), "fn two() {}").unwrap();
        fs::create_dir(scratch.0.join("crates/authz/src/policy")).unwrap();
        fs::write(scratch.0.join("crates/authz/src/policy/fresh.rs"), "").unwrap();
        let message = refusal(&scratch);
        for part in [BESIDES[2], "crates/authz/src/policy/fresh.rs", "cargo xtask mutants"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(!message.contains("policy.rs"), "{message}");
    }

    #[test]
    fn what_no_test_notices_needs_a_reason_and_a_file_that_is_gone_none() {
        let scratch = workspace("mutants-reasons");
        let mut record = read(&scratch.0).unwrap();
        let survivors = vec![Survivor { fault: "replace one with ()".to_owned(), reason: None }];
        record.get_mut("crates/authz/src/policy.rs").unwrap().survivors = survivors;
        keep(&scratch, &record);
        assert!(refusal(&scratch).contains("crates/authz/src/policy.rs: replace one with ()"));
        record.get_mut("crates/authz/src/policy.rs").unwrap().survivors[0].reason = Some("so".to_owned());
        keep(&scratch, &record);
        check(&scratch.0).unwrap();
        fs::remove_file(scratch.0.join("crates/authz/src/policy.rs")).unwrap();
        assert!(refusal(&scratch).contains("policy.rs"));
    }

    #[test]
    fn only_files_that_decide_are_tried_out() {
        let scratch = workspace("mutants-names");
        let message = run(&scratch.0, &["crates/model/src/labels.rs"]).unwrap_err().to_string();
        assert!(
            message.contains("`crates/model/src/labels.rs`") && message.contains(BESIDES[0]),
            "{message}"
        );
        // Nothing changed: nothing is tried out, and the record stays as it is.
        let before = fs::read_to_string(scratch.0.join(RECORD)).unwrap();
        run(&scratch.0, &[]).unwrap();
        assert_eq!(fs::read_to_string(scratch.0.join(RECORD)).unwrap(), before);
    }

    #[test]
    fn a_fault_that_goes_unnoticed_in_a_sample_has_its_reason_in_the_record() {
        let survivors = vec![
            Survivor { fault: "delete ! in x".to_owned(), reason: Some("it is the same".to_owned()) },
            Survivor { fault: "delete ! in y".to_owned(), reason: None },
        ];
        let looked = Looked { checksum: String::new(), mutants: 2, survivors };
        let record = Record::from([("a.rs".to_owned(), looked)]);
        let missed = |line: &str| {
            let mut found = Found::default();
            found.miss(line).unwrap();
            ensure_known(&found, &record).map_err(|error| error.to_string())
        };
        assert_eq!(missed("a.rs:3:4: delete ! in x\n"), Ok(()));
        for line in ["a.rs:3:4: delete ! in y\n", "b.rs:3:4: delete ! in x\n"] {
            assert!(missed(line).unwrap_err().contains("delete !"), "{line}");
        }
    }

    #[test]
    fn faults_are_counted_by_file() {
        let mut found = Found::default();
        found.count("a.rs:1:2: replace x -> bool with true\na.rs:7:9: replace a::b with ()\n").unwrap();
        found.count("a.rs:3:4: delete ! in y\nb.rs:1:1: delete ! in z\n").unwrap();
        found.miss("a.rs:3:4: delete ! in y\n").unwrap();
        assert_eq!(found.of("a.rs"), (3, vec!["delete ! in y".to_owned()]));
        assert_eq!(found.of("b.rs"), (1, Vec::new()));
        assert_eq!(found.of("c.rs"), (0, Vec::new()));
        assert!(found.count("nonsense").is_err());
    }
}
