//! The rule about conditions: whoever runs a hub finds every one that can be shown, and every reason, in the guide.

use super::Finding;
use super::text::has_word;
use super::tree::Tree;

/// Where they are explained.
const GUIDE: &str = "docs/operations.md";
/// Where conditions are made.
const MAKERS: [&str; 2] = ["crates/agent/src/", "crates/kube/src/"];
/// What is beneath them and makes none.
const OTHERS: [&str; 6] = [
    "crates/agent/src/trust.rs",
    "crates/kube/src/capabilities.rs",
    "crates/kube/src/compare.rs",
    "crates/kube/src/licence",
    "crates/kube/src/object.rs",
    "crates/kube/src/render",
];
/// Words of Kubernetes and names of products, which are no conditions of ours.
const OF_OTHERS: [&str; 20] = [
    "Accepted",
    "Active",
    "Antrea",
    "Apply",
    "Calico",
    "Canal",
    "Cilium",
    "Conflicted",
    "False",
    "K3s",
    "NamespaceContentRemaining",
    "NamespaceDeletionContentFailure",
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceFinalizersRemaining",
    "Opaque",
    "Programmed",
    "ResolvedRefs",
    "Route",
    "True",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let Some(guide) = tree.file(GUIDE) else { return vec![Finding::new(GUIDE, 0, "is missing")] };
    let mut findings = Vec::new();
    let makes = |path: &str| {
        MAKERS.iter().any(|maker| path.starts_with(maker))
            && !OTHERS.iter().any(|other| path.starts_with(other))
    };
    for file in tree.rust().filter(|file| makes(&file.path)) {
        for line in file.lines().filter(|line| !line.is_test && !line.text.trim_start().starts_with("//")) {
            for word in words(line.text) {
                if !OF_OTHERS.contains(&word) && !has_word(&guide.text, word) {
                    let what = format!("the condition or reason `{word}` is not explained in {GUIDE}");
                    findings.push(Finding::new(&file.path, line.number, what));
                }
            }
        }
    }
    findings
}

/// The texts in a line that are one word in CamelCase, as conditions and their reasons are.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_word = |text: &&str| {
        let mut characters = text.chars();
        characters.next().is_some_and(|first| first.is_ascii_uppercase())
            && text.len() > 2
            && characters.all(|one| one.is_ascii_alphanumeric())
            && text.contains(|one: char| one.is_ascii_lowercase())
    };
    line.split('"').skip(1).step_by(2).filter(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_is_not_explained_is_found() {
        let source = "//! Head.\nlet a = (\"Known\", \"NotKnown\", \"two words\", \"True\", \"POST\");\n";
        let tree = Tree::sample(&[("crates/agent/src/a.rs", source), (GUIDE, "| Known | – |")]);
        let found: Vec<_> = check(&tree).into_iter().map(|finding| (finding.line, finding.what)).collect();
        assert_eq!(found.len(), 1);
        assert!(found[0].0 == 2 && found[0].1.contains("`NotKnown`"), "{found:?}");
        for other in ["crates/agent/src/trust.rs", "crates/kube/src/render/a.rs", "crates/agent/tests/a.rs"] {
            assert_eq!(check(&Tree::sample(&[(other, source), (GUIDE, "")])), [], "{other}");
        }
    }
}
