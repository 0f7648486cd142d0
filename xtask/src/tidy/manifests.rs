//! Rules about manifests and lock files: who of us depends on whom, what is declared, and where it comes from.

use anyhow::{Context as _, Result};

use super::Finding;
use super::deny::Deny;
use super::text::has_word;
use super::tree::Tree;
use crate::layout::{Layout, Package};
use crate::test::TESTKIT;

/// Our crates, and which of ours each may be linked with. Another crate needs a decision record that says what it buys.
const ARROWS: [(&str, &[&str]); 11] = [
    ("bastide-model", &[]),
    ("bastide-authz", &["bastide-model"]),
    ("bastide-store", &["bastide-model", "bastide-authz"]),
    ("bastide-app", &["bastide-model", "bastide-authz", "bastide-store"]),
    ("bastide-api", &["bastide-model"]),
    ("bastide-kube", &["bastide-model"]),
    (
        "bastide-server",
        &["bastide-model", "bastide-authz", "bastide-store", "bastide-app", "bastide-api", "bastide-kube"],
    ),
    ("bastide-agent", &["bastide-model", "bastide-api", "bastide-kube"]),
    ("bastide-cli", &["bastide-model", "bastide-api", "bastide-kube"]),
    ("bastide-testkit", &["bastide-model", "bastide-api", "bastide-kube"]),
    ("xtask", &[]),
];

/// Crates whose library has another name than they have.
const LIBRARIES: [(&str, &str); 1] = [("rustls-webpki", "webpki")];

/// Where packages of other kinds come from. Written in two parts, so that the rule does not find itself.
const INDEXES: [&str; 7] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("pypi", ".org"),
    concat!("files.", "pythonhosted.org"),
    concat!("proxy.", "golang.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
];

pub(super) fn arrows(tree: &Tree) -> Result<Vec<Finding>> {
    Ok(against_arrows(&Layout::of(&tree.root)?.packages))
}

fn against_arrows(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let manifest = format!("{}/Cargo.toml", package.name.replace("bastide-", "crates/"));
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
            findings.push(Finding::new(manifest, 0, "is a crate that the design does not have"));
            continue;
        };
        let ours = package.dependencies.iter().filter(|dependency| dependency.name.starts_with("bastide-"));
        for dependency in ours {
            // Tests may also use what was made for tests.
            let for_tests = dependency.kind.as_deref() == Some("dev") && dependency.name == TESTKIT;
            if !for_tests && !allowed.contains(&dependency.name.as_str()) {
                let what = format!("depends on {}, against the arrows between our crates", dependency.name);
                findings.push(Finding::new(&manifest, 0, what));
            }
        }
    }
    findings
}

pub(super) fn unused(tree: &Tree) -> Result<Vec<Finding>> {
    let layout = Layout::of(&tree.root)?;
    let mut findings = unused_in_workspace(tree, &layout.packages)?;
    for package in &layout.packages {
        let folder =
            package.folder().strip_prefix(&tree.root).unwrap_or(package.folder()).display().to_string();
        findings.extend(unused_in_package(tree, package, &folder));
    }
    Ok(findings)
}

/// Dependencies that the workspace declares and no package takes.
fn unused_in_workspace(tree: &Tree, packages: &[Package]) -> Result<Vec<Finding>> {
    const MANIFEST: &str = "Cargo.toml";
    let file = tree.file(MANIFEST).context("there is no Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&file.text).context("cannot read Cargo.toml")?;
    let declared = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(toml::Value::as_table)
        .context("Cargo.toml declares no dependencies of the workspace")?;
    let taken =
        |name: &str| packages.iter().any(|package| package.dependencies.iter().any(|one| one.name == name));
    let unused = declared.keys().filter(|name| !taken(name));
    Ok(unused
        .map(|name| Finding::new(MANIFEST, 0, format!("declares {name}, which no crate takes")))
        .collect())
}

/// Dependencies of a package whose name is nowhere in its code.
fn unused_in_package(tree: &Tree, package: &Package, folder: &str) -> Vec<Finding> {
    let prefix = format!("{folder}/");
    let code: Vec<&str> =
        tree.rust().filter(|file| file.path.starts_with(&prefix)).map(|file| file.text.as_str()).collect();
    let is_used = |name: &str| {
        let other = LIBRARIES.iter().find(|(package, _)| *package == name).map(|(_, library)| *library);
        let library = other.map_or_else(|| name.replace('-', "_"), str::to_owned);
        code.iter().any(|text| has_word(text, &library))
    };
    let unused = package.dependencies.iter().filter(|dependency| !is_used(&dependency.name));
    unused
        .map(|dependency| {
            Finding::new(
                format!("{prefix}Cargo.toml"),
                0,
                format!("declares {}, which its code does not use", dependency.name),
            )
        })
        .collect()
}

pub(super) fn sources(tree: &Tree) -> Result<Vec<Finding>> {
    let allowed = Deny::of(tree)?.sources.allow_registry;
    let is_allowed = |source: &str| {
        source.strip_prefix("registry+").is_some_and(|registry| allowed.iter().any(|one| one == registry))
    };
    let mut findings = Vec::new();
    for file in &tree.files {
        for line in file.lines() {
            let text = line.text.trim();
            let what = if file.path == "Cargo.lock" {
                let source = text.strip_prefix("source = \"").map(|rest| rest.trim_end_matches('"'));
                source
                    .filter(|source| !is_allowed(source))
                    .map(|source| format!("takes a crate from {source}"))
            } else if file.path.ends_with("package-lock.json") {
                text.starts_with("\"resolved\"").then(|| "names where a package was taken from".to_owned())
            } else if file.path.ends_with("requirements.txt") {
                let elsewhere =
                    text.contains("://") || text.starts_with("--index") || text.starts_with("--extra");
                elsewhere.then(|| "names where packages are taken from".to_owned())
            } else {
                let index = INDEXES.iter().find(|index| text.contains(**index));
                index.map(|index| format!("names the package index {index}; that is the user's to choose"))
            };
            findings.extend(what.map(|what| Finding::new(&file.path, line.number, what)));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies: Vec<_> =
            dependencies.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
        let manifest = format!("/{name}/Cargo.toml");
        let value =
            json!({ "name": name, "manifest_path": manifest, "dependencies": dependencies, "targets": [] });
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_dependency_against_the_arrows_is_found() {
        let fine = package(
            "bastide-store",
            &[("bastide-model", None), ("bastide-testkit", Some("dev")), ("sqlx", None)],
        );
        assert_eq!(against_arrows(&[fine]), []);
        for (wrong, path) in [
            (package("bastide-model", &[("bastide-store", None)]), "crates/model/Cargo.toml"),
            (package("bastide-model", &[("bastide-authz", Some("dev"))]), "crates/model/Cargo.toml"),
            (package("bastide-app", &[("bastide-testkit", None)]), "crates/app/Cargo.toml"),
            (package("bastide-eleventh", &[]), "crates/eleventh/Cargo.toml"),
            (package("xtask", &[("bastide-model", None)]), "xtask/Cargo.toml"),
        ] {
            let found = against_arrows(&[wrong]);
            assert_eq!(found.iter().map(|finding| finding.path.as_str()).collect::<Vec<_>>(), [path]);
        }
    }

    #[test]
    fn the_arrows_have_no_circle() {
        // Each crate may only depend on those above it in the list, except the one for tests and the one for tasks.
        for (index, (name, allowed)) in ARROWS.iter().enumerate() {
            for other in *allowed {
                let position = ARROWS.iter().position(|(name, _)| name == other);
                assert!(position.is_some_and(|position| position < index), "{name} → {other}");
            }
        }
    }

    #[test]
    fn what_is_declared_and_not_used_is_found() {
        let manifest = "[workspace.dependencies]\nserde = \"1\"\nunused = \"1\"\n";
        let code = "use serde::Serialize; use webpki::EndEntityCert; // not_serde_json\n";
        let tree =
            Tree::sample(&[("Cargo.toml", manifest), ("a/src/lib.rs", code), ("b/src/lib.rs", "serde_json")]);
        let package = package("a", &[("serde", None), ("serde_json", None), ("rustls-webpki", None)]);
        let in_package: Vec<String> =
            unused_in_package(&tree, &package, "a").into_iter().map(|finding| finding.what).collect();
        assert_eq!(in_package, ["declares serde_json, which its code does not use"]);
        let in_workspace = unused_in_workspace(&tree, &[package]).unwrap();
        assert_eq!(in_workspace, [Finding::new("Cargo.toml", 0, "declares unused, which no crate takes")]);
    }

    #[test]
    fn a_package_from_elsewhere_is_found() {
        let deny =
            "[bans]\ndeny = []\n[licenses]\nallow = []\n[sources]\nallow-registry = [\"https://a/index\"]\n";
        let lines = |path: &str, text: &str| {
            let tree = Tree::sample(&[("deny.toml", deny), (path, text)]);
            sources(&tree).unwrap().iter().map(|finding| finding.line).collect::<Vec<_>>()
        };
        let lock = "source = \"registry+https://a/index\"\nsource = \"git+https://a/b\"\nname = \"a\"\n";
        assert_eq!(lines("Cargo.lock", lock), [2]);
        let lock = "{\n  \"resolved\": \"https://mirror/a.tgz\",\n  \"integrity\": \"sha512-x\"\n}\n";
        assert_eq!(lines("tools/browser/package-lock.json", lock), [2]);
        assert_eq!(
            lines("tools/python/requirements.txt", "a==1\n--index-url https://mirror\nb @ https://b\n"),
            [2, 3]
        );
        assert_eq!(lines("README.md", &format!("fine\nhttps://{}/a\n", INDEXES[0])), [2]);
    }
}
