//! The file with the contexts: which hubs one talks to, as whom. It holds tokens, so only its owner may read it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::failure::Failure;

/// What the file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The context that is used when nobody says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) current: Option<String>,
    /// By name.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// A hub, an account on it, and what one acts on.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// Address of the hub.
    pub(crate) server: String,
    /// E-mail address of the account, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// Organization to act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<String>,
    /// Additional authority for the hub's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The token; absent when signed out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Id of the token, to withdraw it at sign-out; absent when it was made elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_id: Option<String>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("server", &self.server)
            .field("account", &self.account)
            .field("organization", &self.organization)
            .field("signed_in", &self.token.is_some())
            .finish_non_exhaustive()
    }
}

impl Config {
    /// A context by name.
    pub(crate) fn context(&self, name: &str) -> Result<&Context, Failure> {
        self.contexts.get(name).ok_or_else(|| unknown(name))
    }

    /// A context by name, to change it.
    pub(crate) fn context_mut(&mut self, name: &str) -> Result<&mut Context, Failure> {
        self.contexts.get_mut(name).ok_or_else(|| unknown(name))
    }

    /// Reads the file; nothing there is an empty configuration.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Failure::file("cannot read the contexts in", path, &error)),
        };
        // The parser's own message would quote the line, and the line may hold a token.
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(0, |span| text.get(..span.start).map_or(0, |t| t.lines().count()));
            let detail = format!(
                "the contexts in `{}` cannot be read: {} (near line {})",
                path.display(),
                error.message(),
                line.max(1)
            );
            Failure::new(Exit::Failure, detail).hint("correct the file, or move it away and sign in again")
        })
    }

    /// Replaces the file in one step: readers see the old or the new one, and nobody but its owner sees either.
    pub(crate) fn save(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::file("cannot write the contexts to", path, &error);
        let text = toml::to_string_pretty(self).map_err(|error| {
            Failure::new(Exit::Failure, format!("the contexts cannot be written: {error}"))
        })?;
        // Where the file is a link, what it leads to is replaced, not the link.
        let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        make_private_directory(directory).map_err(failed)?;
        // A temporary file is made with mode 0600.
        let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Whether others than the owner may read the file.
#[cfg(unix)]
pub(crate) fn is_exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Elsewhere the profile's directory is its owner's.
#[cfg(not(unix))]
pub(crate) fn is_exposed(_: &Path) -> bool {
    false
}

#[cfg(unix)]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

#[cfg(not(unix))]
fn make_private_directory(directory: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(directory)
}

fn unknown(name: &str) -> Failure {
    Failure::new(Exit::NotFound, format!("there is no context `{name}`")).hint("bastide context list")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let context = Context {
            server: "https://hub.example.org/".into(),
            token: Some("hidden".into()),
            ..Context::default()
        };
        Config { current: Some("work".into()), contexts: BTreeMap::from([("work".into(), context)]) }
    }

    #[test]
    fn what_is_saved_is_loaded_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/config.toml");
        assert_eq!(Config::load(&path).unwrap(), Config::default());
        config().save(&path).unwrap();
        assert_eq!(Config::load(&path).unwrap(), config());
        assert!(!is_exposed(&path));
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_an_open_file_is_closed() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real.toml"), directory.path().join("link.toml"));
        std::fs::write(&real, "").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(is_exposed(&link));
        config().save(&link).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(!is_exposed(&real));
    }

    #[test]
    fn a_broken_file_is_named_without_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "[contexts.a]\nserver = \"s\"\ntoken = \"hidden\" x\n").unwrap();
        let failure = Config::load(&path).unwrap_err();
        let text = failure.render(crate::output::Format::Table, false);
        assert!(text.contains("config.toml") && text.contains("line 3"), "{text}");
        assert!(!text.contains("hidden"), "{text}");
        std::fs::write(&path, "[contexts.a]\nserver = \"s\"\ntokn = \"hidden\"\n").unwrap();
        let text = Config::load(&path).unwrap_err().problem.detail;
        assert!(text.contains("tokn") && !text.contains("hidden"), "{text}");
        assert!(!format!("{:?}", config()).contains("hidden"));
    }
}
