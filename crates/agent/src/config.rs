//! What the agent is told: the command line and its environment variables, checked and turned into [`Options`]. The one
//! place that reads the environment.

use std::fs;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bastide_kube::contest::Pace;
use bastide_model::limits::AGENT_POLL_SECONDS;
use clap::{Args, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::backoff::Bounds;
use crate::hidden::Hidden;
use crate::trust::Pin;

/// Joins this Kubernetes cluster to a Bastide hub and brings about what the hub asks for.
#[derive(Debug, Parser)]
#[command(name = "bastide-agent", version)]
pub struct Cli {
    #[command(subcommand)]
    command: CliCommand,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Subcommand)]
enum CliCommand {
    /// Ask a hub to take this cluster in, wait for its administrator's decision, then go on running.
    ///
    /// On a cluster that has joined that hub already it just runs; a request that still waits is taken up again.
    Join(JoinArguments),
    /// Go on with what is stored on the cluster: run, or wait for the decision on an earlier request.
    Run,
}

#[derive(Debug, Args)]
struct JoinArguments {
    /// The hub's address for agents, such as `https://hub.example.org:8443`.
    #[arg(value_name = "HUB_AGENT_URL", env = "BASTIDE_HUB", value_parser = parse_hub)]
    hub: Url,
    /// The join token's secret. Others on this machine can see it: prefer --token-file or the variable.
    #[arg(long, value_name = "SECRET", env = "BASTIDE_JOIN_TOKEN", hide_env_values = true)]
    token: Option<Hidden>,
    /// A file that holds the join token's secret. It may be gone once the cluster has asked: the token works once.
    #[arg(long, value_name = "FILE", env = "BASTIDE_JOIN_TOKEN_FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// SHA-256 of the certificate of the hub's authority, as given with the join token.
    #[arg(long, value_name = "HEX", env = "BASTIDE_HUB_CA_SHA256")]
    hub_ca_sha256: Pin,
    /// Stop once the hub's certificate is stored.
    #[arg(long)]
    once: bool,
    /// Give up the credential that is stored, for this hub or another, and ask anew.
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
struct Common {
    /// The kubeconfig of the cluster. Without it: the files in KUBECONFIG, then the service account of the pod that this
    /// is, then ~/.kube/config.
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; its current one if absent.
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// The namespace in which the agent keeps its credential.
    #[arg(long, value_name = "NAME", global = true, env = "BASTIDE_NAMESPACE", default_value = DEFAULT_NAMESPACE,
          value_parser = parse_namespace)]
    namespace: String,
    /// Serve /healthz, /readyz and /metrics at this address.
    #[arg(long, value_name = "ADDRESS", global = true, env = "BASTIDE_HEALTH_LISTEN")]
    health_listen: Option<SocketAddr>,
    /// How logs are written, to standard error.
    #[arg(long, value_name = "FORMAT", global = true, env = "BASTIDE_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// What is logged: a level, or targets with levels such as `info,bastide_agent=debug`.
    #[arg(long, value_name = "FILTER", global = true, env = "BASTIDE_LOG", default_value = "info")]
    log: String,
    /// Set in every pod by Kubernetes: then this is the cluster's own agent, and nobody sits before it.
    #[arg(long, hide = true, global = true, env = "KUBERNETES_SERVICE_HOST")]
    service_host: Option<String>,
}

/// Where the agent keeps its credential when nobody says otherwise.
pub const DEFAULT_NAMESPACE: &str = bastide_kube::render::SYSTEM_NAMESPACE;

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object per line.
    Json,
}

/// What a log should hold and look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogOptions {
    /// How it is written.
    pub format: LogFormat,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter`.
    pub filter: String,
}

/// Everything that the agent is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// What to do.
    pub command: Command,
    /// Whether this is a pod of the cluster: then it keeps enforcing what is recorded, whatever a hub answers to a request
    /// to join. A person who gave a command is told instead, and the command ends.
    pub in_pod: bool,
    /// Its cluster.
    pub spoke: SpokeOptions,
    /// Where to serve health and metrics, if anywhere.
    pub health_listen: Option<SocketAddr>,
    /// How often and how long.
    pub timings: Timings,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// Join a hub, then run.
    Join(JoinOptions),
    /// Go on with what is stored.
    Run,
}

/// How to join.
#[derive(Debug, Clone)]
pub struct JoinOptions {
    /// The hub's address for agents: `https`, a host and perhaps a port.
    pub hub: Url,
    /// The join token's secret; needed unless this cluster has joined or asked already.
    pub token: Option<Hidden>,
    /// SHA-256 of the certificate of the hub's authority.
    pub hub_ca_sha256: Pin,
    /// Stop once the credential is stored.
    pub once: bool,
    /// Give up a credential that is stored, and ask anew.
    pub replace: bool,
}

/// Which cluster, and where on it the credential is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpokeOptions {
    /// The kubeconfig file, if one is named.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context, if not the current one.
    pub context: Option<String>,
    /// Namespace of the credential.
    pub namespace: String,
}

/// How often and how long. [`Timings::default`] is for production; tests take shorter ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timings {
    /// Wait between attempts to reach the hub.
    pub hub_retry: Bounds,
    /// Wait between questions how a request to join stands.
    pub join_poll: Bounds,
    /// Wait before a hub is asked again that did not accept this agent.
    pub refused_retry: Duration,
    /// Seconds that the hub may hold back its answer to a poll while nothing is new.
    pub poll_seconds: u64,
    /// Time between two full passes over all sets; up to a quarter more or less.
    pub full_pass: Duration,
    /// Wait before a set is applied again after something of it was changed: many changes come together.
    pub drift_pause: Duration,
    /// Wait before a set is tried again after it failed.
    pub set_retry: Bounds,
    /// Wait before a set is looked at again that the cluster is still at, when nothing of it changed meanwhile.
    pub set_pending: Bounds,
    /// How much is put up with from whoever changes an object again and again.
    pub contest: Pace,
    /// How long one pass over a set may take.
    pub set_limit: Duration,
    /// Time between two looks at the cluster's version, nodes and capabilities.
    pub facts: Duration,
    /// Wait before a change is reported, so that several are reported together.
    pub report_pause: Duration,
    /// How long work that has begun may take to end when the agent stops.
    pub grace: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            hub_retry: Bounds { min: seconds(1), max: seconds(60) },
            join_poll: Bounds { min: seconds(1), max: seconds(15) },
            refused_retry: seconds(60),
            poll_seconds: AGENT_POLL_SECONDS,
            full_pass: seconds(5 * 60),
            drift_pause: Duration::from_millis(300),
            set_retry: Bounds { min: seconds(1), max: seconds(60) },
            set_pending: Bounds { min: seconds(2), max: seconds(120) },
            contest: Pace::default(),
            set_limit: seconds(120),
            facts: seconds(60),
            report_pause: Duration::from_millis(500),
            grace: seconds(10),
        }
    }
}

/// What the command line says that cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file with the token cannot be read.
    #[error("--token-file {}: {error}", path.display())]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// The token is empty.
    #[error("the join token is empty; give the secret that came with the token")]
    EmptyToken,
}

impl Cli {
    /// What the log should hold and look like.
    pub fn log(&self) -> LogOptions {
        LogOptions { format: self.common.log_format, filter: self.common.log.clone() }
    }

    /// What to do, with secrets read from their files.
    ///
    /// # Errors
    /// When the token's file cannot be read or holds nothing.
    pub fn options(self) -> Result<Options, ConfigError> {
        let command = match self.command {
            CliCommand::Run => Command::Run,
            CliCommand::Join(arguments) => Command::Join(arguments.options()?),
        };
        let Common { kubeconfig, context, namespace, health_listen, service_host, .. } = self.common;
        Ok(Options {
            command,
            in_pod: service_host.is_some() && kubeconfig.is_none(),
            spoke: SpokeOptions { kubeconfig, context, namespace },
            health_listen,
            timings: Timings::default(),
        })
    }
}

impl JoinArguments {
    fn options(self) -> Result<JoinOptions, ConfigError> {
        let token = match (self.token, self.token_file) {
            (Some(token), _) => Some(token.reveal().to_owned()),
            (None, Some(path)) => match fs::read_to_string(&path) {
                Ok(text) => Some(text),
                // Whether a token is needed shows when it is known what is stored on the cluster.
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) => return Err(ConfigError::TokenFile { path, error }),
            },
            (None, None) => None,
        };
        let token = token.map(|token| token.trim().to_owned());
        if token.as_ref().is_some_and(String::is_empty) {
            return Err(ConfigError::EmptyToken);
        }
        Ok(JoinOptions {
            hub: self.hub,
            token: token.map(Hidden::new),
            hub_ca_sha256: self.hub_ca_sha256,
            once: self.once,
            replace: self.replace,
        })
    }
}

fn parse_hub(text: &str) -> Result<Url, String> {
    let wrong = || {
        format!(
            "`{text}` is not the address of a hub: `https://`, a host and perhaps a port, and nothing after it"
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none();
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if url.scheme() == "https" && url.has_host() && plain && bare { Ok(url) } else { Err(wrong()) }
}

fn parse_namespace(text: &str) -> Result<String, String> {
    if bastide_model::labels::is_dns_label(text) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is not the name of a namespace: 1 to 63 of a–z, 0–9 and `-`, a letter or digit at both ends"
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use rstest::rstest;

    use super::*;

    const PIN: &str = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff";

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["bastide-agent"], arguments].concat())
    }

    fn join(arguments: &[&str]) -> JoinOptions {
        let all = [&["join", "https://hub.example.org:8443", "--hub-ca-sha256", PIN], arguments].concat();
        match parse(&all).unwrap().options().unwrap().command {
            Command::Join(options) => options,
            Command::Run => panic!("it is join"),
        }
    }

    #[test]
    fn the_one_line_for_a_spoke_is_understood() {
        let options = join(&["--token", "s3cret"]);
        assert_eq!(options.hub.as_str(), "https://hub.example.org:8443/");
        assert_eq!(options.token.as_ref().map(Hidden::reveal), Some("s3cret"));
        assert_eq!(options.hub_ca_sha256.to_string().replace(':', "").to_lowercase(), PIN.to_lowercase());
        assert!(!options.once && !options.replace);
        assert!(!format!("{options:?}").contains("s3cret"));
    }

    #[test]
    fn the_token_may_come_from_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "  from-file ").unwrap();
        let path = file.path().to_str().unwrap();
        assert_eq!(join(&["--token-file", path]).token.as_ref().map(Hidden::reveal), Some("from-file"));
        assert!(
            parse(&["join", "https://h", "--hub-ca-sha256", PIN, "--token", "a", "--token-file", path])
                .is_err()
        );
        assert_eq!(join(&["--token-file", "/nowhere/token"]).token, None);
        let folder = file.path().parent().unwrap().to_str().unwrap().to_owned();
        let all = ["join", "https://h", "--hub-ca-sha256", PIN, "--token-file", &folder];
        let error = parse(&all).unwrap().options().unwrap_err().to_string();
        assert!(error.contains("--token-file") && error.contains(&folder), "{error}");
    }

    #[rstest]
    #[case("http://hub.example.org")]
    #[case("https://hub.example.org/console")]
    #[case("https://ada:secret@hub.example.org")]
    #[case("https://hub.example.org?x=1")]
    #[case("hub.example.org")]
    fn what_is_no_hub_is_refused_and_says_what_is_allowed(#[case] hub: &str) {
        let error = parse(&["join", hub, "--hub-ca-sha256", PIN]).unwrap_err().to_string();
        assert!(error.contains("https://"), "{error}");
    }

    #[test]
    fn other_bad_values_name_the_field_and_what_is_allowed() {
        let error = parse(&["join", "https://h", "--hub-ca-sha256", "abc"]).unwrap_err().to_string();
        assert!(error.contains("--hub-ca-sha256") && error.contains("64 hex digits"), "{error}");
        let error = parse(&["run", "--namespace", "No"]).unwrap_err().to_string();
        assert!(error.contains("--namespace") && error.contains("a–z"), "{error}");
    }

    #[test]
    fn common_arguments_may_follow_the_command() {
        let cli = parse(&["run", "--context", "spoke", "--log-format", "json"]).unwrap();
        assert_eq!(cli.log().format, LogFormat::Json);
        let options = cli.options().unwrap();
        assert_eq!(options.spoke.context.as_deref(), Some("spoke"));
        assert_eq!(options.spoke.namespace, DEFAULT_NAMESPACE);
    }
}
