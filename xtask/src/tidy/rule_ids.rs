//! The rule about the ids of rules and threats, by which code and tests name what they are for: a search for an id finds
//! its proof, so an id must be one that there is.

use super::Finding;
use super::documents::invariant_numbers;
use super::tree::Tree;

/// The rules of the domain: how many there are of each kind.
const DOMAIN: [(&str, u32); 10] = [
    ("HIER", 6),
    ("CLI", 4),
    ("ORG", 10),
    ("ROLE", 11),
    ("INV", 7),
    ("SEC", 5),
    ("PLAN", 5),
    ("FLEET", 9),
    ("WORK", 5),
    ("BILL", 3),
];

/// The threats that tests name, written with two digits.
const THREATS: u32 = 48;

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let invariants = invariant_numbers(tree);
    let mut findings = Vec::new();
    for file in tree.rust().filter(|file| !file.path.starts_with("xtask/src/tidy/")) {
        for line in file.lines() {
            for (kind, number) in ids(line.text) {
                let is_known = match kind.as_str() {
                    "E" => number.len() == 2 && within(number, THREATS),
                    "I" => number.parse().is_ok_and(|number| invariants.contains(&number)),
                    kind => DOMAIN.iter().any(|(known, last)| *known == kind && within(number, *last)),
                };
                if !is_known {
                    findings.push(Finding::new(
                        &file.path,
                        line.number,
                        format!("{kind}-{number} is no rule or threat"),
                    ));
                }
            }
        }
    }
    findings
}

/// Whether a number without a leading zero, or a threat's with one, is one of the first `last`.
fn within(number: &str, last: u32) -> bool {
    number.parse().is_ok_and(|number: u32| (1..=last).contains(&number))
}

/// What reads like an id in a line: `ORG-3`, `E-07`, `I-1`, or the beginning of a test's name, `org_3_…`. Only kinds that
/// there are: `SHA-256` is none.
fn ids(line: &str) -> Vec<(String, &str)> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = Vec::new();
    for kind in DOMAIN.iter().map(|(kind, _)| *kind).chain(["E", "I"]) {
        let in_text = format!("{kind}-");
        for (at, _) in line.match_indices(&in_text) {
            let begins =
                !line.get(..at).is_some_and(|before| before.ends_with(|last| is_part(last) || last == '-'));
            let rest = line.get(at + in_text.len()..).unwrap_or_default();
            let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            if begins && !number.is_empty() && !after.starts_with(is_part) {
                found.push((kind.to_owned(), number));
            }
        }
        let in_name = format!("fn {}_", kind.to_lowercase());
        if let Some((_, rest)) = line.split_once(&in_name)
            && let Some((number, _)) = rest.split_once('_')
            && !number.is_empty()
            && number.chars().all(|character| character.is_ascii_digit())
        {
            found.push((kind.to_owned(), number));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_texts_and_in_names_of_tests() {
        let read =
            |line| ids(line).into_iter().map(|(kind, number)| format!("{kind}-{number}")).collect::<Vec<_>>();
        assert_eq!(read("/// FLEET-6, ORG-10 and E-07: see (I-1)."), ["ORG-10", "FLEET-6", "E-07", "I-1"]);
        assert_eq!(read("async fn org_3_there_is_one_owner() {"), ["ORG-3"]);
        assert_eq!(read("fn e_07_a_link_is_used_once()"), ["E-07"]);
        for other in
            ["SHA-256", "XORG-3", "UTF-8", "ORG-x", "E-07a", "CVE-2026-1", "fn plan_of_one()", "MY-ORG-3"]
        {
            assert_eq!(read(other), [""; 0], "{other}");
        }
    }

    #[test]
    fn an_id_that_is_none_is_found() {
        let text = "// ORG-3\n// ORG-11\n// E-7\n// E-49\n// I-1\n// I-2\nfn hier_7_x() {}\n";
        let architecture = "**I-1** It holds. Held by: `walls`\n";
        let tree = Tree::sample(&[("ARCHITECTURE.md", architecture), ("crates/a/src/b.rs", text)]);
        let lines: Vec<_> = check(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 3, 4, 6, 7]);
    }
}
