//! The keys of the configuration as they are written: in the file, in the environment, as flags. All of them are text
//! here; what they mean is decided in the parent module.

use confique::Config;

/// Configuration of a Bastide hub. Every key can stand in this file, in the environment and on the command line; the
/// latter wins.
#[derive(Debug, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct Keys {
    /// Where everything is kept: `sqlite:PATH` for a file on this machine, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    /// Several replicas need PostgreSQL.
    #[config(env = "BASTIDE_DATABASE", default = "sqlite:bastide.db")]
    pub(super) database: String,

    /// Address and port on which people, the command line and other programs are served. Port 0 takes a free one.
    #[config(env = "BASTIDE_LISTEN", default = "127.0.0.1:8080")]
    pub(super) listen: String,

    /// How browsers reach the address above, without a path. It is the base of every link; with `https` browsers are
    /// told to never come without. When absent: `http://localhost` (or `https`, with `tls`) and the port of `listen`.
    #[config(env = "BASTIDE_PUBLIC_URL")]
    pub(super) public_url: Option<String>,

    /// Address and port on which the agents of clusters are served, over TLS with the hub's own authority.
    #[config(env = "BASTIDE_AGENT_LISTEN", default = "127.0.0.1:8443")]
    pub(super) agent_listen: String,

    /// How agents reach the address above, without a path. The host is in the certificate that agents are shown.
    /// When absent: `https://localhost` and the port of `agent_listen`.
    #[config(env = "BASTIDE_AGENT_URL")]
    pub(super) agent_url: Option<String>,

    /// Proxies before this server, as addresses or networks (`10.0.0.0/8`). What they say in `X-Forwarded-For` is
    /// believed, and nobody else's word is.
    #[config(env = "BASTIDE_TRUSTED_PROXIES", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub(super) trusted_proxies: Vec<String>,

    /// Container image of the agent in the manifests with which clusters join. When absent: `bastide-agent`, tagged with
    /// this server's version.
    #[config(env = "BASTIDE_AGENT_IMAGE")]
    pub(super) agent_image: Option<String>,

    /// Where the users of this installation find help: a link on every page.
    #[config(env = "BASTIDE_HELP_URL", default = "https://bastide.dev/docs")]
    pub(super) help_url: String,

    /// Seconds that requests under way have to end in after a signal to stop, 0 to 600.
    #[config(env = "BASTIDE_SHUTDOWN_SECONDS", default = 20)]
    pub(super) shutdown_seconds: u64,

    /// TLS for `listen`, where no proxy does it.
    #[config(nested)]
    pub(super) tls: TlsKeys,

    /// Who may license clusters.
    #[config(nested)]
    pub(super) licence: LicenceKeys,

    /// What is logged, on standard error.
    #[config(nested)]
    pub(super) log: LogKeys,
}

#[derive(Debug, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct TlsKeys {
    /// File with the certificate and its intermediates, in PEM. Needs `key`.
    #[config(env = "BASTIDE_TLS_CERTIFICATE")]
    pub(super) certificate: Option<String>,

    /// File with the certificate's private key, in PEM. Needs `certificate`.
    #[config(env = "BASTIDE_TLS_KEY")]
    pub(super) key: Option<String>,
}

#[derive(Debug, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct LicenceKeys {
    /// Files with the certificates of the authorities whose licences count, in PEM. Without any, no licence is valid.
    #[config(env = "BASTIDE_LICENCE_AUTHORITIES", parse_env = confique::env::parse::list_by_comma, default = [])]
    pub(super) authorities: Vec<String>,
}

#[derive(Debug, Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(super) struct LogKeys {
    /// `text` for people, `json` for programs.
    #[config(env = "BASTIDE_LOG_FORMAT", default = "text")]
    pub(super) format: String,

    /// How much: `error`, `warn`, `info`, `debug` or `trace`, for all or by module, such as `info,bastide_app=debug`.
    #[config(env = "BASTIDE_LOG_FILTER", default = "info")]
    pub(super) filter: String,
}

/// The keys, each of them given or not.
pub(super) type Layer = <Keys as Config>::Layer;
type TlsLayer = <TlsKeys as Config>::Layer;
type LicenceLayer = <LicenceKeys as Config>::Layer;
type LogLayer = <LogKeys as Config>::Layer;

/// What the flags say.
pub(super) fn from_flags(flags: super::Flags) -> Layer {
    Layer {
        database: flags.database,
        listen: flags.listen,
        public_url: flags.public_url,
        agent_listen: flags.agent_listen,
        agent_url: flags.agent_url,
        trusted_proxies: given(flags.trusted_proxy),
        agent_image: flags.agent_image,
        help_url: flags.help_url,
        shutdown_seconds: flags.shutdown_seconds,
        tls: TlsLayer { certificate: flags.tls_certificate, key: flags.tls_key },
        licence: LicenceLayer { authorities: given(flags.licence_authority) },
        log: LogLayer { format: flags.log_format, filter: flags.log_filter },
    }
}

fn given(list: Vec<String>) -> Option<Vec<String>> {
    if list.is_empty() { None } else { Some(list) }
}
