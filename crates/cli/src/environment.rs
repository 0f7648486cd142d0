//! The environment of the process, read once. Everything else takes it as a value.

use std::path::PathBuf;

use bastide_api::client::Secret;

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    /// `BASTIDE_SERVER`.
    pub(crate) server: Option<String>,
    /// `BASTIDE_TOKEN`.
    pub(crate) token: Option<Secret>,
    /// `BASTIDE_CONTEXT`.
    pub(crate) context: Option<String>,
    /// `BASTIDE_ORG`.
    pub(crate) organization: Option<String>,
    /// `BASTIDE_CA_FILE`.
    pub(crate) ca_file: Option<PathBuf>,
    /// Where the file with the contexts is: `BASTIDE_CONFIG`, otherwise by the XDG base directory rules.
    pub(crate) config: Option<PathBuf>,
    /// `BROWSER`: what opens an address.
    pub(crate) browser: Option<String>,
    /// Whether a browser could show a window here.
    pub(crate) has_display: bool,
    /// What this machine is called.
    pub(crate) host_name: Option<String>,
    /// `NO_COLOR` is set, or the terminal says that it has none.
    pub(crate) no_color: bool,
}

impl Environment {
    /// Asks the process.
    pub(crate) fn read() -> Self {
        let directory =
            variable("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(|| {
                std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".config"))
            });
        Self {
            server: variable("BASTIDE_SERVER"),
            token: variable("BASTIDE_TOKEN").map(Secret::new),
            context: variable("BASTIDE_CONTEXT"),
            organization: variable("BASTIDE_ORG"),
            ca_file: variable("BASTIDE_CA_FILE").map(PathBuf::from),
            config: variable("BASTIDE_CONFIG")
                .map(PathBuf::from)
                .or_else(|| directory.map(|directory| directory.join("bastide").join("config.toml"))),
            browser: variable("BROWSER"),
            has_display: cfg!(any(windows, target_os = "macos"))
                || variable("DISPLAY").is_some()
                || variable("WAYLAND_DISPLAY").is_some(),
            host_name: host_name(),
            no_color: variable("NO_COLOR").is_some() || variable("TERM").as_deref() == Some("dumb"),
        }
    }
}

/// For `--help`: what can be set, and what wins.
pub(crate) const HELP: &str = "\
Environment:
  BASTIDE_SERVER   address of the hub
  BASTIDE_TOKEN    token to act with
  BASTIDE_CONTEXT  context to act in
  BASTIDE_ORG      organization to act on
  BASTIDE_CA_FILE  additional authority for the hub's certificate, PEM
  BASTIDE_CONFIG   file with the contexts; $XDG_CONFIG_HOME/bastide/config.toml otherwise
  NO_COLOR         no colours

What is given on the command line wins over the environment, which wins over the context.
A context's token goes to that context's server only.";

/// An empty variable is as good as none.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that reads the environment")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn host_name() -> Option<String> {
    let file = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = variable("HOSTNAME").or_else(|| variable("COMPUTERNAME")).or_else(file)?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}
