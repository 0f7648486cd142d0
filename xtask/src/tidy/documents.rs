//! Rules about documents that speak of the code.

use std::collections::BTreeSet;

use super::Finding;
use super::text::has_word;
use super::tree::Tree;
use crate::test::is_step;

/// Where the invariants are.
pub(super) const ARCHITECTURE: &str = "ARCHITECTURE.md";

const CHANGELOG: &str = "CHANGELOG.md";

/// An invariant: a paragraph that begins with its number, as `**I-7** …`, and says after `Held by:` which checks hold it.
struct Invariant<'a> {
    number: u32,
    /// Where it begins.
    line: usize,
    /// What stands between backticks after `Held by:`.
    held_by: Vec<&'a str>,
}

pub(super) fn invariants(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(ARCHITECTURE) else {
        return vec![Finding::new(ARCHITECTURE, 0, "is missing")];
    };
    let invariants = read(&file.text);
    let mut findings = Vec::new();
    let mut find = |line: usize, what: String| findings.push(Finding::new(ARCHITECTURE, line, what));
    if invariants.is_empty() {
        find(0, "has no invariant (`**I-1** … Held by: …`)".to_owned());
    }
    let mut seen = BTreeSet::new();
    for invariant in &invariants {
        let number = invariant.number;
        if !seen.insert(number) {
            find(invariant.line, format!("I-{number} is there twice"));
        }
        if invariant.held_by.is_empty() {
            find(
                invariant.line,
                format!("I-{number} does not say what holds it (`Held by:` and a name in backticks)"),
            );
        }
        for name in invariant.held_by.iter().filter(|name| !exists(tree, name)) {
            let what = format!(
                "I-{number} is held by `{name}`, which is no test, tidy rule, step, lint, type, constraint or file"
            );
            find(invariant.line, what);
        }
    }
    findings
}

/// The numbers of the invariants.
pub(super) fn invariant_numbers(tree: &Tree) -> BTreeSet<u32> {
    tree.file(ARCHITECTURE).map(|file| read(&file.text)).into_iter().flatten().map(|one| one.number).collect()
}

fn read(text: &str) -> Vec<Invariant<'_>> {
    let mut invariants: Vec<Invariant<'_>> = Vec::new();
    let mut open = false;
    let mut naming = false;
    for (index, line) in text.lines().enumerate() {
        let mut line = line.trim_start_matches([' ', '-', '*']);
        if let Some((number, _)) = line.strip_prefix("I-").and_then(|rest| rest.split_once("**")) {
            if let Ok(number) = number.trim_end_matches('.').parse() {
                invariants.push(Invariant { number, line: index + 1, held_by: Vec::new() });
                (open, naming) = (true, false);
            }
        } else if line.starts_with('#') {
            open = false;
        }
        if let Some((_, names)) = line.split_once("Held by:") {
            (naming, line) = (open, names);
        } else if line.is_empty() {
            naming = false;
        }
        if let Some(invariant) = invariants.last_mut().filter(|_| naming) {
            invariant.held_by.extend(line.split('`').skip(1).step_by(2));
        }
    }
    invariants
}

/// Whether there is such a check.
fn exists(tree: &Tree, name: &str) -> bool {
    let name = name.trim_end_matches("()");
    super::names().contains(&name)
        || is_step(name)
        || tree.files.iter().any(|file| {
            file.path == name || file.path.starts_with(&format!("{}/", name.trim_end_matches('/')))
        })
        || is_lint(tree, name)
        || is_type(tree, name)
        || is_constraint(tree, name)
        || is_test(tree, name.rsplit("::").next().unwrap_or(name))
}

/// A lint of the workspace, as `clippy::unwrap_used` or `unsafe_code`; one that Clippy is given settings for, as
/// `too_many_lines`; or something that it is told to refuse, as `std::env::var`.
fn is_lint(tree: &Tree, name: &str) -> bool {
    let lint = name.trim_start_matches("clippy::");
    let setting = lint.replace('_', "-");
    let has_line = |path: &str, is_meant: &dyn Fn(&str) -> bool| {
        tree.file(path).is_some_and(|file| file.text.lines().any(|line| is_meant(line.trim())))
    };
    has_line("Cargo.toml", &|line| line.split_once(" = ").is_some_and(|(key, _)| key == lint))
        || has_line("clippy.toml", &|line| {
            let key = line.split_once(" = ").map_or("", |(key, _)| key).trim_end_matches("-threshold");
            key == setting || line.contains(&format!("path = \"{name}\""))
        })
}

/// A type of ours, whose privacy the compiler holds.
fn is_type(tree: &Tree, name: &str) -> bool {
    let kinds = ["struct", "enum", "trait"].map(|kind| format!("pub {kind} {name}"));
    tree.rust().any(|file| kinds.iter().any(|kind| has_word(&file.text, kind)))
}

/// A named constraint of the schema.
fn is_constraint(tree: &Tree, name: &str) -> bool {
    let schema = tree.files.iter().filter(|file| file.has_extension("sql"));
    let is_name = !name.is_empty()
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    is_name
        && schema
            .flat_map(|file| file.text.lines())
            .any(|line| line.contains("constraint") && has_word(line, name))
}

/// A test: a function with an attribute that makes it one, or that a macro, which lists it by name on a line of its own,
/// makes one.
fn is_test(tree: &Tree, name: &str) -> bool {
    let heading = format!("fn {name}");
    let listed = format!("{name},");
    tree.rust().filter(|file| file.text.contains(&heading)).any(|file| {
        let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
        let is_function =
            |line: &str| line.split_once(&heading).is_some_and(|(_, rest)| rest.starts_with(['(', '<']));
        let has_attribute = |index: usize| {
            let above = lines
                .iter()
                .take(index)
                .rev()
                .take_while(|line| line.starts_with('#') || line.starts_with("//"));
            above.into_iter().any(|line| line.starts_with("#[") && line.contains("test"))
        };
        let is_listed = || lines.iter().any(|line| *line == listed);
        lines
            .iter()
            .enumerate()
            .any(|(index, line)| is_function(line) && (has_attribute(index) || is_listed()))
    })
}

pub(super) fn changelog(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.file(CHANGELOG) else {
        return vec![Finding::new(CHANGELOG, 0, "is missing")];
    };
    let has_section = file.text.lines().any(|line| {
        line.strip_prefix("## ").is_some_and(|title| title.trim_matches(['[', ']']).starts_with("Unreleased"))
    });
    let what = "has no section `## Unreleased`";
    if has_section { Vec::new() } else { vec![Finding::new(CHANGELOG, 0, what)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "\
#[test]
fn a_rule_holds() {}
fn helper() {}
pub struct Permit;
/// Documented.
#[tokio::test(start_paused = true)]
async fn time_passes() {}
on_each_engine! {
    it_is_listed,
}
async fn it_is_listed(bed: Bed) {}
";

    fn findings(architecture: &str) -> Vec<(usize, String)> {
        let tree = Tree::sample(&[
            (ARCHITECTURE, architecture),
            ("crates/a/src/b.rs", CODE),
            (
                "Cargo.toml",
                "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n[workspace.lints.clippy]\nunwrap_used = \"warn\"\n",
            ),
            (
                "clippy.toml",
                "disallowed-methods = [\n  { path = \"std::env::var\", reason = \"x\" },\n]\ntoo-many-lines-threshold = 60\n",
            ),
            ("crates/store/migrations/0001.sql", "constraint one_owner unique (organization)\n"),
        ]);
        invariants(&tree).into_iter().map(|finding| (finding.line, finding.what)).collect()
    }

    #[test]
    fn every_kind_of_check_is_known() {
        let names = "`a::tests::a_rule_holds`, `time_passes`, `it_is_listed` and `walls`,\n  `clippy::unwrap_used`, `unsafe_code`, `std::env::var`,\n  \
                     `one_owner`, `schemathesis`, `crates/a/src`,\n  `disallowed_methods`, `too_many_lines`, `Permit`";
        assert_eq!(
            findings(&format!("# Invariants\n- **I-1** It holds.\n  Held by: {names}.\n\n`other` text\n")),
            []
        );
        assert_eq!(
            findings(&format!("**I-1** It holds. Held by: {names}\n\n**I-2.** Too. Held by: `walls`\n")),
            []
        );
    }

    #[test]
    fn an_invariant_that_nothing_holds_is_found() {
        for (text, line, named) in [
            ("**I-1** It holds.\n", 1, "does not say"),
            ("x\n**I-1** It holds. Held by: review\n", 2, "does not say"),
            ("**I-1** It holds. Held by: `helper`\n", 1, "`helper`"),
            ("**I-1** It holds. Held by: `gone`\n", 1, "`gone`"),
            ("**I-1** A. Held by: `walls`\n\n**I-1** B. Held by: `walls`\n", 3, "twice"),
            ("# Nothing\n", 0, "has no invariant"),
        ] {
            let found = findings(text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].0 == line && found[0].1.contains(named), "{text}: {found:?}");
        }
    }

    #[test]
    fn the_change_log_says_what_is_not_released() {
        let count = |text: &str| changelog(&Tree::sample(&[(CHANGELOG, text)])).len();
        assert_eq!(count("# Changes\n\n## Unreleased\n"), 0);
        assert_eq!(count("# Changes\n\n## [Unreleased]\n"), 0);
        assert_eq!(count("# Changes\n\n## 0.1.0\n"), 1);
        assert_eq!(changelog(&Tree::sample(&[])).len(), 1);
    }
}
