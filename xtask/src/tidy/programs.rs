//! The rule about test programs: each runs in one step of `cargo xtask test`.

use anyhow::Result;

use super::Finding;
use super::tree::Tree;
use crate::layout::Layout;
use crate::test::{TEST_PROGRAMS, TESTKIT};

/// Where the steps are.
const STEPS: &str = "xtask/src/test/steps.rs";

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let layout = Layout::of(&tree.root)?;
    let programs: Vec<(&str, &str)> = layout
        .packages
        .iter()
        .flat_map(|package| package.test_targets().map(|name| (package.name.as_str(), name)))
        .collect();
    Ok(wrong(&programs, &TEST_PROGRAMS))
}

/// What is wrong with test programs, given with their packages, and the steps that run those of the testkit.
fn wrong(programs: &[(&str, &str)], steps: &[(&str, &[&str])]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |what: String| findings.push(Finding::new(STEPS, 0, what));
    for (package, name) in programs {
        let times = steps.iter().flat_map(|(_, names)| *names).filter(|listed| *listed == name).count();
        if *package == TESTKIT && times != 1 {
            find(format!("the testkit's test program `{name}` is in {times} steps, not in one"));
        }
        // Steps choose programs by name.
        let others = programs.iter().filter(|(other, same)| same == name && other < package);
        for (other, _) in others {
            find(format!("two test programs are called `{name}`, one of {other} and one of {package}"));
        }
    }
    for (step, names) in steps {
        for name in *names {
            if !programs.contains(&(TESTKIT, *name)) {
                find(format!("the step `{step}` runs `{name}`, which is no test program of the testkit"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_in_no_step_in_two_or_under_a_name_that_is_taken_is_found() {
        let programs = [
            (TESTKIT, "story"),
            (TESTKIT, "browser"),
            (TESTKIT, "forgotten"),
            ("bastide-cli", "browser"),
            ("bastide-store", "conformance"),
        ];
        let steps: [(&str, &[&str]); 2] =
            [("system", &["story", "browser", "gone"]), ("browser", &["browser"])];
        let found: Vec<String> = wrong(&programs, &steps).into_iter().map(|finding| finding.what).collect();
        assert_eq!(found.len(), 4, "{found:?}");
        for (finding, named) in
            found.iter().zip(["`browser` is in 2", "called `browser`", "`forgotten` is in 0", "`gone`"])
        {
            assert!(finding.contains(named), "{finding}");
        }
        assert_eq!(wrong(&programs[..1], &[("system", &["story"])]), []);
    }
}
