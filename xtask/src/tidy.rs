//! `cargo xtask tidy`: the project's own rules, those that no compiler, lint or snapshot holds.
//!
//! Owns the list of rules; each is a function from the tree to what it finds. A test runs all of them, so that
//! `cargo test` holds them, too.

mod conditions;
mod deny;
mod documents;
mod graph;
mod licences;
mod manifests;
mod programs;
mod rule_ids;
mod text;
mod tree;
mod walls;

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use self::tree::Tree;
use crate::say;

/// A rule.
struct Rule {
    /// How documents refer to it.
    name: &'static str,
    /// What it demands, in a sentence.
    what: &'static str,
    check: Check,
}

/// How a rule is checked.
enum Check {
    /// By what stands in the files.
    Files(fn(&Tree) -> Vec<Finding>),
    /// By what Cargo says, or by files that have to be understood, either of which may fail.
    Workspace(fn(&Tree) -> Result<Vec<Finding>>),
}

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    /// Relative to the workspace.
    path: String,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    what: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Every rule.
const RULES: [Rule; 20] = [
    Rule {
        name: "walls",
        what: "A crate that deny.toml bans is linked by nobody but its `wrappers`.",
        check: Check::Workspace(walls::bans),
    },
    Rule {
        name: "reach",
        what: "The agent and the command line link no database, no web server and no cluster client that is not theirs.",
        check: Check::Workspace(walls::reach),
    },
    Rule {
        name: "arrows",
        what: "Our crates depend on each other in one direction only.",
        check: Check::Workspace(manifests::arrows),
    },
    Rule {
        name: "dependencies",
        what: "A dependency that is declared is used.",
        check: Check::Workspace(manifests::unused),
    },
    Rule {
        name: "licences",
        what: "Every crate that is linked has a licence that deny.toml allows.",
        check: Check::Workspace(licences::check),
    },
    Rule {
        name: "sources",
        what: "Dependencies come from the public package indices, and lock files name no mirror of them.",
        check: Check::Workspace(manifests::sources),
    },
    Rule {
        name: "file-length",
        what: "A source file has at most 500 lines without its tests.",
        check: Check::Files(text::file_length),
    },
    Rule {
        name: "heads",
        what: "A source file begins with what it owns (`//!`).",
        check: Check::Files(text::heads),
    },
    Rule {
        name: "unfinished",
        what: "Nothing is left for later in the code.",
        check: Check::Files(text::unfinished),
    },
    Rule { name: "skipped-tests", what: "No test is ignored.", check: Check::Files(text::skipped_tests) },
    Rule {
        name: "sleeps",
        what: "Tests wait for conditions (`bastide_testkit::wait`), not for time to pass.",
        check: Check::Files(text::sleeps),
    },
    Rule {
        name: "doc-examples",
        what: "Examples are tests, which run, and not code in comments, which would be run one by one or not at all.",
        check: Check::Files(text::doc_examples),
    },
    Rule {
        name: "routes",
        what: "Routes are rows of the one table; nothing else adds one.",
        check: Check::Files(text::routes),
    },
    Rule {
        name: "places",
        what: "Nothing names a folder of somebody's machine.",
        check: Check::Files(text::places),
    },
    Rule {
        name: "invariants",
        what: "Every invariant of ARCHITECTURE.md names a check that exists.",
        check: Check::Files(documents::invariants),
    },
    Rule {
        name: "changelog",
        what: "CHANGELOG.md has a section for what is not released yet.",
        check: Check::Files(documents::changelog),
    },
    Rule {
        name: "rule-ids",
        what: "An id of a rule or threat that code names is one that there is.",
        check: Check::Files(rule_ids::check),
    },
    Rule {
        name: "conditions",
        what: "Every condition that can be shown, and every reason of one, is explained in docs/operations.md.",
        check: Check::Files(conditions::check),
    },
    Rule {
        name: "test-programs",
        what: "Every test program of the testkit belongs to one step of `cargo xtask test`, and no two in the workspace share a name.",
        check: Check::Workspace(programs::check),
    },
    Rule {
        name: "own-rules",
        what: "docs/STYLE.md names every rule of this list.",
        check: Check::Files(own_rules),
    },
];

/// Checks all rules and says what breaks them.
///
/// # Errors
/// When a rule is broken, or the tree cannot be read.
pub(crate) fn run(workspace: &Path) -> Result<()> {
    let findings = findings(&Tree::read(workspace)?)?;
    for (rule, finding) in &findings {
        say::line(&format!("{finding} [{rule}]"));
    }
    match findings.len() {
        0 => {
            say::line(&format!("{} rules hold", RULES.len()));
            Ok(())
        }
        1 => bail!("one place breaks a rule"),
        count => bail!("{count} places break rules"),
    }
}

/// The rules, a line each.
pub(crate) fn list() -> String {
    RULES.map(|rule| format!("{:<14} {}", rule.name, rule.what)).join("\n")
}

fn findings(tree: &Tree) -> Result<Vec<(&'static str, Finding)>> {
    let mut all = Vec::new();
    for rule in &RULES {
        let found = match rule.check {
            Check::Files(check) => check(tree),
            Check::Workspace(check) => {
                check(tree).with_context(|| format!("cannot check the rule `{}`", rule.name))?
            }
        };
        all.extend(found.into_iter().map(|finding| (rule.name, finding)));
    }
    Ok(all)
}

/// The names of the rules.
fn names() -> [&'static str; RULES.len()] {
    RULES.map(|rule| rule.name)
}

fn own_rules(tree: &Tree) -> Vec<Finding> {
    const STYLE: &str = "docs/STYLE.md";
    let Some(style) = tree.file(STYLE) else {
        return vec![Finding::new(STYLE, 0, "is missing")];
    };
    let missing = names().into_iter().filter(|name| !style.text.contains(&format!("`{name}`")));
    missing
        .map(|name| Finding::new(STYLE, 0, format!("does not say what the tidy rule `{name}` demands")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let tree = Tree::read(crate::workspace()).unwrap();
        let found: Vec<String> =
            findings(&tree).unwrap().iter().map(|(rule, finding)| format!("{finding} [{rule}]")).collect();
        assert!(found.is_empty(), "{}", found.join("\n"));
    }

    #[test]
    fn a_finding_says_where() {
        assert_eq!(Finding::new("a/b.rs", 7, "is wrong").to_string(), "a/b.rs:7: is wrong");
        assert_eq!(Finding::new("a/b.rs", 0, "is wrong").to_string(), "a/b.rs: is wrong");
    }

    #[test]
    fn a_rule_that_the_style_guide_does_not_name_is_found() {
        let tree = Tree::sample(&[("docs/STYLE.md", "`walls` …")]);
        let found = own_rules(&tree);
        assert_eq!(found.len(), RULES.len() - 1);
        assert!(found.iter().all(|finding| !finding.what.contains("`walls`")));
    }
}
