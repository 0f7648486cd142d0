//! Rules about what is linked into what: the walls between our crates and the crates of others.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Finding;
use super::deny::{Ban, DENY, Deny};
use super::graph::{Graph, linked_into};
use super::tree::Tree;

/// What must not be linked into a program, however many crates are in between.
const OUT_OF_REACH: [(&str, &[&str]); 2] = [
    ("bastide-agent", &["sqlx", "axum", "bastide-authz", "bastide-store", "bastide-app", "bastide-server"]),
    (
        "bastide-cli",
        &["sqlx", "axum", "kube", "bastide-authz", "bastide-store", "bastide-app", "bastide-server"],
    ),
];

pub(super) fn bans(tree: &Tree) -> Result<Vec<Finding>> {
    Ok(breaches(&Deny::of(tree)?.bans.deny, &Graph::of(&tree.root)?))
}

fn breaches(bans: &[Ban], graph: &Graph) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ban in bans {
        for dependent in
            graph.dependents(&ban.name).filter(|name| !ban.wrappers.iter().any(|own| own == name))
        {
            let allowed = match ban.wrappers.as_slice() {
                [] => "nobody may".to_owned(),
                wrappers => format!("only {} may", wrappers.join(", ")),
            };
            findings.push(Finding::new(DENY, 0, format!("{dependent} depends on {}; {allowed}", ban.name)));
        }
    }
    findings
}

pub(super) fn reach(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (program, forbidden) in OUT_OF_REACH {
        findings.extend(reached(program, forbidden, &linked_into(&tree.root, program)?));
    }
    Ok(findings)
}

fn reached(program: &str, forbidden: &[&str], linked: &BTreeSet<String>) -> Vec<Finding> {
    let manifest = format!("crates/{}/Cargo.toml", program.trim_start_matches("bastide-"));
    let command = |name: &str| format!("`cargo tree -p {program} -e normal -i {name}` shows how");
    let found = forbidden.iter().filter(|name| linked.contains(**name));
    found.map(|name| Finding::new(&manifest, 0, format!("links {name}; {}", command(name)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependent_that_is_no_wrapper_is_found() {
        let mut graph = Graph::default();
        graph.insert("sqlx", "bastide-store");
        graph.insert("sqlx", "bastide-agent");
        graph.insert("ring", "rustls");
        let ban = |name: &str, wrappers: &[&str]| Ban {
            name: name.to_owned(),
            wrappers: wrappers.iter().map(|name| (*name).to_owned()).collect(),
        };
        let bans = [ban("sqlx", &["bastide-store"]), ban("ring", &[]), ban("openssl", &[])];
        let found: Vec<String> = breaches(&bans, &graph).into_iter().map(|finding| finding.what).collect();
        assert_eq!(
            found,
            ["bastide-agent depends on sqlx; only bastide-store may", "rustls depends on ring; nobody may"]
        );
    }

    #[test]
    fn what_a_program_links_and_must_not_is_found() {
        let linked = ["serde", "axum"].map(str::to_owned).into();
        let found = reached("bastide-cli", &["sqlx", "axum"], &linked);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "crates/cli/Cargo.toml");
        assert!(found[0].what.starts_with("links axum"), "{}", found[0].what);
    }
}
