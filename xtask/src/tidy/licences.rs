//! The rule about the licences of what is linked.

use anyhow::Result;

use super::Finding;
use super::deny::{DENY, Deny, Licences};
use super::graph::Graph;
use super::tree::Tree;

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let (rules, graph) = (Deny::of(tree)?.licenses, Graph::of(&tree.root)?);
    let refused = graph.licences.iter().filter(|(name, licence)| !permits(&rules, name, licence));
    Ok(refused
        .map(|(name, licence)| {
            let stated = if licence.is_empty() { "no licence" } else { licence };
            Finding::new(DENY, 0, format!("{name} has {stated}, which is not allowed"))
        })
        .collect())
}

/// Whether a crate may be linked under what it states, an expression of licences as SPDX has it.
fn permits(rules: &Licences, name: &str, expression: &str) -> bool {
    let exceptions = rules.exceptions.iter().filter(|exception| exception.name == name);
    let allowed: Vec<&str> = rules
        .allow
        .iter()
        .chain(exceptions.flat_map(|exception| &exception.allow))
        .map(String::as_str)
        .collect();
    // Crates of old write `/` for `OR`.
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest = words.as_slice();
    any(&mut rest, &allowed) == Some(true) && rest.is_empty()
}

/// `a OR b`: one of them is allowed. `None` when it is no expression.
fn any(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut result = all(words, allowed)?;
    while let ["OR", rest @ ..] = words {
        *words = rest;
        result |= all(words, allowed)?;
    }
    Some(result)
}

/// `a AND b`: both are allowed.
fn all(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    let mut result = one(words, allowed)?;
    while let ["AND", rest @ ..] = words {
        *words = rest;
        result &= one(words, allowed)?;
    }
    Some(result)
}

/// A licence, perhaps with an exception from it, or an expression in parentheses.
fn one(words: &mut &[&str], allowed: &[&str]) -> Option<bool> {
    match *words {
        ["(", rest @ ..] => {
            *words = rest;
            let result = any(words, allowed)?;
            let [")", rest @ ..] = *words else { return None };
            *words = rest;
            Some(result)
        }
        [licence, "WITH", exception, rest @ ..] => {
            *words = rest;
            Some(allowed.contains(&format!("{licence} WITH {exception}").as_str()))
        }
        [licence, rest @ ..] => {
            *words = rest;
            Some(allowed.contains(licence))
        }
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::deny::Exception;

    #[test]
    fn expressions_of_licences_are_understood() {
        let rules = Licences {
            allow: ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned).into(),
            exceptions: vec![Exception {
                name: "roots".to_owned(),
                allow: vec!["CDLA-Permissive-2.0".to_owned()],
            }],
        };
        for (expression, expected) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("GPL-3.0 OR MIT", true),
            ("MIT/Apache-2.0", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND ISC", true),
            ("MIT OR GPL-3.0 AND GPL-2.0", true),
            ("(MIT OR GPL-3.0) AND GPL-2.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("CDLA-Permissive-2.0", false),
            ("", false),
            ("MIT OR", false),
            ("(MIT", false),
            ("MIT MIT", false),
        ] {
            assert_eq!(permits(&rules, "any", expression), expected, "{expression}");
        }
        assert!(permits(&rules, "roots", "CDLA-Permissive-2.0"));
    }
}
