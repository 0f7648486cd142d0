//! The configuration: a file, then the environment, then flags. This is the only place of the program that reads the
//! environment. Whatever comes out of here is checked; every error names its key and says what is allowed.

mod flags;
mod keys;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use confique::{Config as _, Layer as _};
use url::Url;

pub use self::flags::{Arguments, Flags};
use crate::http::address::Network;
use keys::{Keys, Layer};

/// Most seconds that requests under way are waited for.
const SHUTDOWN_SECONDS_MAX: u64 = 600;

/// What a hub runs with.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Where everything is kept: `sqlite:` or `postgres:`.
    pub database: String,
    /// Where people and programs are served.
    pub listen: SocketAddr,
    /// How browsers reach that; from the bound port when absent.
    pub public_url: Option<Url>,
    /// Where agents are served.
    pub agent_listen: SocketAddr,
    /// How agents reach that; from the bound port when absent.
    pub agent_url: Option<Url>,
    /// Who may say for whom a request is made.
    pub trusted_proxies: Vec<Network>,
    /// Container image of the agent, for manifests.
    pub agent_image: String,
    /// Where people find help.
    pub help_url: Url,
    /// How long requests under way are waited for at the end.
    pub shutdown: Duration,
    /// TLS of the public listener.
    pub tls: Option<TlsFiles>,
    /// Certificates of the authorities whose licences count.
    pub licence_authorities: Vec<PathBuf>,
    /// What is logged and how.
    pub log: Log,
}

/// Where the certificate of the public listener is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and its intermediates, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// What is logged and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// For whom.
    pub format: LogFormat,
    /// Directives of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// For whom the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object per line.
    Json,
}

/// What is wrong with a configuration, all of it at once.
#[derive(Debug, PartialEq, Eq)]
pub struct ConfigurationError(Vec<String>);

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid:")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}", problem.replace('\n', "\n  ")))
    }
}

impl std::error::Error for ConfigurationError {}

impl Configuration {
    /// Reads the file when there is one, the environment, and the flags; the latter wins.
    ///
    /// # Errors
    /// A file that cannot be read, a key that is not known, a value that is not allowed: all of them by name.
    pub fn load(file: Option<&Path>, flags: Flags) -> Result<Self, ConfigurationError> {
        let file = file.map_or(Ok(Layer::empty()), read_file)?;
        let environment = Layer::from_env().map_err(|error| ConfigurationError(vec![chain(&error)]))?;
        Self::from_layers(file, environment, keys::from_flags(flags))
    }

    fn from_layers(file: Layer, environment: Layer, flags: Layer) -> Result<Self, ConfigurationError> {
        let layer =
            flags.with_fallback(environment).with_fallback(file).with_fallback(Layer::default_values());
        let keys = Keys::from_layer(layer).map_err(|error| ConfigurationError(vec![chain(&error)]))?;
        Self::check(keys)
    }

    fn check(keys: Keys) -> Result<Self, ConfigurationError> {
        let mut problems = Problems(Vec::new());
        let database = problems.take("database", check_database(keys.database));
        let listen = problems.take("listen", parse_address(&keys.listen));
        let public_url = problems.take("public_url", optional_url(keys.public_url, &["http", "https"]));
        let agent_listen = problems.take("agent_listen", parse_address(&keys.agent_listen));
        let agent_url = problems.take("agent_url", optional_url(keys.agent_url, &["https"]));
        let trusted_proxies = problems.take(
            "trusted_proxies",
            keys.trusted_proxies.iter().map(|text| text.parse::<Network>()).collect::<Result<Vec<_>, _>>(),
        );
        let agent_image = problems.take("agent_image", check_image(keys.agent_image));
        let help_url = problems.take("help_url", parse_help_url(&keys.help_url));
        let shutdown = problems.take("shutdown_seconds", parse_shutdown(keys.shutdown_seconds));
        let tls = problems.take("tls", check_tls(keys.tls.certificate, keys.tls.key));
        let format = problems.take("log.format", parse_log_format(&keys.log.format));
        let filter = problems.take("log.filter", check_filter(keys.log.filter));
        let checked = || {
            Some(Self {
                database: database?,
                listen: listen?,
                public_url: public_url?,
                agent_listen: agent_listen?,
                agent_url: agent_url?,
                trusted_proxies: trusted_proxies?,
                agent_image: agent_image?,
                help_url: help_url?,
                shutdown: shutdown?,
                tls: tls?,
                licence_authorities: keys.licence.authorities.into_iter().map(PathBuf::from).collect(),
                log: Log { format: format?, filter: filter? },
            })
        };
        checked().ok_or(ConfigurationError(problems.0))
    }

    /// A configuration file with every key, its meaning and its default, all of them commented out.
    pub fn template() -> String {
        confique::toml::template::<Keys>(confique::toml::FormatOptions::default())
    }
}

/// What is in force, as a configuration file; without the database's password.
impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &dyn fmt::Display| toml::Value::String(text.to_string());
        let path = |path: &Path| text(&path.display());
        let list = |items: Vec<toml::Value>| toml::Value::Array(items);
        writeln!(f, "database = {}", text(&without_password(&self.database)))?;
        writeln!(f, "listen = {}", text(&self.listen))?;
        if let Some(url) = &self.public_url {
            writeln!(f, "public_url = {}", text(url))?;
        }
        writeln!(f, "agent_listen = {}", text(&self.agent_listen))?;
        if let Some(url) = &self.agent_url {
            writeln!(f, "agent_url = {}", text(url))?;
        }
        let proxies = self.trusted_proxies.iter().map(|network| text(network)).collect();
        writeln!(f, "trusted_proxies = {}", list(proxies))?;
        writeln!(f, "agent_image = {}\nhelp_url = {}", text(&self.agent_image), text(&self.help_url))?;
        writeln!(f, "shutdown_seconds = {}", self.shutdown.as_secs())?;
        if let Some(tls) = &self.tls {
            writeln!(f, "\n[tls]\ncertificate = {}\nkey = {}", path(&tls.certificate), path(&tls.key))?;
        }
        let authorities = self.licence_authorities.iter().map(|file| path(file)).collect();
        writeln!(f, "\n[licence]\nauthorities = {}", list(authorities))?;
        let format = match self.log.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        writeln!(f, "\n[log]\nformat = {}\nfilter = {}", text(&format), text(&self.log.filter))
    }
}

struct Problems(Vec<String>);

impl Problems {
    fn take<T>(&mut self, key: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|problem| self.0.push(format!("{key}: {problem}"))).ok()
    }
}

fn read_file(path: &Path) -> Result<Layer, ConfigurationError> {
    let problem = |what: String| ConfigurationError(vec![format!("{}: {what}", path.display())]);
    let text = std::fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
    toml::from_str(&text).map_err(|error| problem(error.to_string().trim_end().to_owned()))
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn check_database(text: String) -> Result<String, String> {
    let path = text.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty());
    let server = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
    if path || server {
        return Ok(text);
    }
    Err(format!("`{}` is neither `sqlite:PATH` nor `postgres://…`", without_password(&text)))
}

/// A database's address as it may be shown.
pub(crate) fn without_password(database: &str) -> String {
    let Ok(mut url) = Url::parse(database) else { return database.to_owned() };
    if url.password().is_some() && url.set_password(Some("…")).is_err() {
        return format!("{}:…", url.scheme());
    }
    url.to_string()
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not an address and port such as 127.0.0.1:8080 or [::]:8080"))
}

fn optional_url(text: Option<String>, schemes: &[&str]) -> Result<Option<Url>, String> {
    let Some(text) = text else { return Ok(None) };
    let wanted = || {
        format!("`{text}` is not a URL such as {}://hub.example.org, without a path", schemes.join(":// or "))
    };
    let url = Url::parse(&text).map_err(|_| wanted())?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if bare && url.has_host() && schemes.contains(&url.scheme()) { Ok(Some(url)) } else { Err(wanted()) }
}

fn check_image(text: Option<String>) -> Result<String, String> {
    let text = text.unwrap_or_else(|| concat!("bastide-agent:", env!("CARGO_PKG_VERSION")).to_owned());
    let plain = !text.is_empty() && text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    if plain {
        Ok(text)
    } else {
        Err(format!("`{text}` is not an image such as registry.example.org/agent:1"))
    }
}

fn parse_help_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| format!("`{text}` is not a URL such as https://example.org/help"))
}

fn parse_shutdown(seconds: u64) -> Result<Duration, String> {
    if seconds > SHUTDOWN_SECONDS_MAX {
        return Err(format!("{seconds} is not a number of seconds from 0 to {SHUTDOWN_SECONDS_MAX}"));
    }
    Ok(Duration::from_secs(seconds))
}

fn check_tls(certificate: Option<String>, key: Option<String>) -> Result<Option<TlsFiles>, String> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsFiles { certificate: certificate.into(), key: key.into() }))
        }
        _ => Err("`certificate` and `key` belong together: give both or neither".to_owned()),
    }
}

fn parse_log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("`{text}` is not a format: text, json")),
    }
}

fn check_filter(text: String) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(&text) {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("`{text}` is not a filter such as `info,bastide_app=debug`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str) -> Layer {
        toml::from_str(text).unwrap()
    }

    fn configured(text: &str) -> Result<Configuration, String> {
        Configuration::from_layers(layer(text), Layer::empty(), Layer::empty()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_environment_wins_over_the_file_and_flags_over_both() {
        let file = "listen = '127.0.0.1:1'\nagent_listen = '127.0.0.1:1'\nshutdown_seconds = 1";
        let environment = "listen = '127.0.0.1:2'\nagent_listen = '127.0.0.1:2'";
        let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let all =
            Configuration::from_layers(layer(file), layer(environment), keys::from_flags(flags)).unwrap();
        assert_eq!((all.listen.port(), all.agent_listen.port(), all.shutdown.as_secs()), (3, 2, 1));
        assert_eq!(all.database, "sqlite:bastide.db");
    }

    #[test]
    fn the_printed_default_is_the_default() {
        let template = Configuration::template();
        // Keys without a default stay commented out; all the others are said with their value.
        let lines = template.lines().map(|line| match line.strip_prefix('#') {
            Some(key) if !key.starts_with(' ') && key.contains(" = ") => key,
            _ => line,
        });
        let spelled: String = lines.collect::<Vec<_>>().join("\n");
        assert!(spelled.contains("\ndatabase = "), "{spelled}");
        assert!(spelled.contains("\nfilter = "), "{spelled}");
        let (spelled, bare) = (configured(&spelled).unwrap(), configured("").unwrap());
        assert_eq!(spelled.to_string(), bare.to_string());
        assert_eq!(configured(&template).unwrap().to_string(), bare.to_string());
    }

    #[test]
    fn what_is_in_force_reads_back_as_the_same() {
        let text = "database = 'postgres://u@h/d'\npublic_url = 'https://hub.example.org'\n\
                    trusted_proxies = ['10.0.0.0/8', '::1']\n[tls]\ncertificate = 'a'\nkey = 'b'\n\
                    [licence]\nauthorities = ['c']\n[log]\nformat = 'json'";
        let once = configured(text).unwrap().to_string();
        assert_eq!(configured(&once).unwrap().to_string(), once);
    }

    #[test]
    fn errors_name_the_key_and_what_is_allowed() {
        for (text, wanted) in [
            ("database = 'mysql://x'", "database: `mysql://x` is neither `sqlite:PATH`"),
            ("database = 'sqlite:'", "database: "),
            ("listen = 'localhost'", "listen: `localhost` is not an address and port"),
            ("agent_listen = '1'", "agent_listen: "),
            ("public_url = 'https://h/path'", "public_url: `https://h/path` is not a URL"),
            ("public_url = 'ftp://h'", "http:// or https://"),
            ("agent_url = 'http://h'", "agent_url: `http://h` is not a URL such as https://"),
            ("trusted_proxies = ['10.0.0.0/33']", "trusted_proxies: `10.0.0.0/33`"),
            ("shutdown_seconds = 601", "shutdown_seconds: 601 is not a number of seconds from 0 to 600"),
            ("agent_image = ''", "agent_image: "),
            ("help_url = 'javascript:alert(1)'", "help_url: "),
            ("[tls]\nkey = 'x'", "tls: `certificate` and `key` belong together"),
            ("[log]\nformat = 'xml'", "log.format: `xml` is not a format: text, json"),
            ("[log]\nfilter = 'a=b=c'", "log.filter: "),
        ] {
            let error = configured(text).unwrap_err();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        let all = configured("listen = 'x'\nagent_listen = 'y'").unwrap_err();
        assert!(all.contains("\n  listen: ") && all.contains("\n  agent_listen: "), "{all}");
    }

    #[test]
    fn a_key_that_is_not_known_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, key) in [("databse = 'sqlite:x'", "databse"), ("[log]\nfromat = 'text'", "fromat")] {
            std::fs::write(file.path(), text).unwrap();
            let error = Configuration::load(Some(file.path()), Flags::default()).unwrap_err().to_string();
            assert!(error.contains(key) && error.contains("unknown field"), "{error}");
        }
        let missing = Configuration::load(Some(Path::new("no/such.toml")), Flags::default());
        assert!(missing.unwrap_err().to_string().contains("no/such.toml"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let shown = configured("database = 'postgres://bastide:hunter2@db/bastide'").unwrap().to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        let error = configured("database = 'mysql://bastide:hunter2@db/bastide'").unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
