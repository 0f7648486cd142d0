//! Rules about the lines of files.

use super::Finding;
use super::tree::{TextFile, Tree};

/// Lines of a source file without its tests.
const MAXIMUM_LINES: usize = 500;

/// Where the rows of the table become routes.
const ROUTER: &str = "crates/server/src/http/registry.rs";

/// Where the testkit waits for conditions, in between which time passes, and where it plays a controller or an agent, who
/// look again and again.
const WAITING: [&str; 5] = [
    "crates/testkit/src/wait.rs",
    "crates/testkit/src/process.rs",
    "crates/testkit/src/gateways.rs",
    "crates/testkit/src/fake_agent.rs",
    "crates/testkit/src/bin/bench-agents.rs",
];

// The words below are written in two parts, so that the rules do not find themselves.

/// Marks of what is not finished.
const UNFINISHED: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("dbg", "!("),
];

/// The beginnings of paths that are those of somebody's machine.
const PLACES: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/Us", "ers/"),
    concat!("/tm", "p/"),
    concat!("C:", "\\Users\\"),
];

pub(super) fn file_length(tree: &Tree) -> Vec<Finding> {
    let size = |file: &TextFile| file.lines().filter(|line| !line.is_test).count();
    let too_long = tree.rust().filter_map(|file| {
        let lines = size(file);
        let what =
            format!("has {lines} lines without its tests; {MAXIMUM_LINES} are allowed: split it by nouns");
        (lines > MAXIMUM_LINES).then(|| Finding::new(&file.path, 0, what))
    });
    too_long.collect()
}

pub(super) fn heads(tree: &Tree) -> Vec<Finding> {
    let headless = tree.rust().filter(|file| !file.text.starts_with("//!"));
    headless
        .map(|file| Finding::new(&file.path, 1, "does not begin with `//!` and what the file owns"))
        .collect()
}

pub(super) fn unfinished(tree: &Tree) -> Vec<Finding> {
    find(tree, |_, _| true, &UNFINISHED, "is for finished code")
}

pub(super) fn skipped_tests(tree: &Tree) -> Vec<Finding> {
    let attributes = [concat!("#[ig", "nore"), concat!(", ig", "nore)]")];
    find(tree, |file, _| file.has_extension("rs"), &attributes, "skips a test")
}

pub(super) fn sleeps(tree: &Tree) -> Vec<Finding> {
    let in_tests = |file: &TextFile, is_test: bool| {
        let testkit = file.path.starts_with("crates/testkit/") && !WAITING.contains(&file.path.as_str());
        file.has_extension("rs") && (is_test || testkit)
    };
    let words = [concat!("sle", "ep("), concat!("sle", "ep_until(")];
    find(tree, in_tests, &words, "waits for time to pass, not for a condition")
}

pub(super) fn doc_examples(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.rust() {
        let mut open = false;
        for line in file.lines() {
            let comment = ["///", "//!"].iter().find_map(|mark| line.text.trim_start().strip_prefix(mark));
            let Some(fence) = comment.and_then(|text| text.trim_start().strip_prefix("```")) else {
                continue;
            };
            if !open && fence.trim() != "text" {
                let what = "an example in a comment is run by nobody: write a test, or mark it as `text`";
                findings.push(Finding::new(&file.path, line.number, what));
            }
            open = !open;
        }
    }
    findings
}

pub(super) fn routes(tree: &Tree) -> Vec<Finding> {
    let elsewhere = |file: &TextFile, is_test: bool| {
        file.has_extension("rs") && file.path.starts_with("crates/server/") && file.path != ROUTER && !is_test
    };
    let calls = [".route(", ".route_service(", ".nest(", ".nest_service("];
    find(tree, elsewhere, &calls, "adds a route beside the table of operations")
}

pub(super) fn places(tree: &Tree) -> Vec<Finding> {
    find(tree, |_, _| true, &PLACES, "names a folder of somebody's machine")
}

/// Every line of the files that `applies` chooses, by file and by whether the line is part of a test, with a word in it.
fn find(tree: &Tree, applies: fn(&TextFile, bool) -> bool, words: &[&str], what: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for line in file.lines().filter(|line| applies(file, line.is_test)) {
            if let Some(word) = words.iter().find(|word| has_word(line.text, word)) {
                findings.push(Finding::new(&file.path, line.number, format!("`{word}` {what}")));
            }
        }
    }
    findings
}

/// Whether a text has a word in it that is not only the end of another one, nor, where it ends in a letter, the beginning
/// of one.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let begins = word.starts_with(is_part);
    let ends = word.ends_with(is_part);
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        // A path that goes on from another folder, as in `target/x/` or `https://host/x/`, is not meant.
        let path = word.starts_with('/')
            && before.is_some_and(|before| is_part(before) || ".}*~>-".contains(before));
        !(path || begins && before.is_some_and(is_part) || ends && after.is_some_and(is_part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
        rule(&Tree::sample(&[(path, text)])).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_long_file_is_found_and_its_tests_do_not_count() {
        let code = |lines: usize| "line\n".repeat(lines);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", code(300));
        assert_eq!(lines(file_length, "a/src/b.rs", &code(501)), [0]);
        assert_eq!(lines(file_length, "a/src/b.rs", &format!("{}{tests}", code(500))), [0; 0]);
        assert_eq!(lines(file_length, "a/tests/b.rs", &code(501)), [0; 0]);
    }

    #[test]
    fn a_file_without_a_head_is_found() {
        assert_eq!(lines(heads, "a/src/b.rs", "use std::fs;\n"), [1]);
        assert_eq!(lines(heads, "a/src/b.rs", "//! Owns b.\n"), [0; 0]);
        assert_eq!(lines(heads, "a/src/b.css", "a {}\n"), [0; 0]);
    }

    #[test]
    fn what_is_left_for_later_is_found() {
        let text = format!("fine\n// {} later\n{}x)\nTODOS\n", UNFINISHED[0], UNFINISHED[5]);
        assert_eq!(lines(unfinished, "a/src/b.rs", &text), [2, 3]);
    }

    #[test]
    fn a_skipped_test_is_found() {
        let text =
            concat!("#[ig", "nore]\n#[ig", "nore = \"slow\"]\n#[cfg_attr(unix, ig", "nore)]\nignore\n");
        assert_eq!(lines(skipped_tests, "a/tests/b.rs", text), [1, 2, 3]);
    }

    #[test]
    fn sleeping_is_found_in_tests_only() {
        let text = concat!("tokio::time::sle", "ep(x);\nsle", "ep(x)\npg_sle", "ep(600)\n");
        assert_eq!(lines(sleeps, "crates/a/tests/b.rs", text), [1, 2]);
        assert_eq!(lines(sleeps, "crates/testkit/src/b.rs", text), [1, 2]);
        assert_eq!(lines(sleeps, WAITING[0], text), [0; 0]);
        assert_eq!(lines(sleeps, "crates/a/src/b.rs", text), [0; 0]);
    }

    #[test]
    fn an_example_that_nobody_runs_is_found() {
        let text =
            "/// A thing:\n/// ```text\n/// x\n/// ```\n/// ```\n/// f();\n/// ```\nfn f() {}\n// ```\n";
        assert_eq!(lines(doc_examples, "a/src/b.rs", text), [5]);
        assert_eq!(lines(doc_examples, "a/b.md", text), [0; 0]);
    }

    #[test]
    fn a_route_beside_the_table_is_found() {
        let text = "router.route(\"/x\", get(x))\n";
        assert_eq!(lines(routes, "crates/server/src/pages.rs", text), [1]);
        assert_eq!(lines(routes, ROUTER, text), [0; 0]);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{text}}}\n");
        assert_eq!(lines(routes, "crates/server/src/listener.rs", &tests), [0; 0]);
    }

    #[test]
    fn a_folder_of_a_machine_is_found_and_one_of_the_project_is_not() {
        for place in PLACES {
            assert_eq!(lines(places, "a.md", &format!("in `{place}x`\n")), [1], "{place}");
        }
        for fine in PLACES.map(|place| format!("target{place}x")) {
            assert_eq!(lines(places, "a.md", &fine), [0; 0], "{fine}");
        }
    }
}
