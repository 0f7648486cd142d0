//! The command line of `bastide-server`.

use std::path::PathBuf;

/// The hub: HTTP API, console, controllers, and the door for agents.
#[derive(Debug, Default, clap::Parser)]
#[command(name = "bastide-server", version, about)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    /// File with the configuration (TOML); `--print-config` shows what can stand in it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Prints a configuration file with every key, its meaning and its default, and ends.
    #[arg(long)]
    pub print_config: bool,

    /// Reads the configuration, prints what is in force (without passwords), and ends.
    #[arg(long, conflicts_with = "print_config")]
    pub check_config: bool,

    /// Prints the description of the HTTP API (OpenAPI 3.1), and ends.
    #[arg(long, conflicts_with_all = ["print_config", "check_config"])]
    pub print_openapi: bool,

    /// Prints every operation, of people's address and of agents', and ends.
    #[arg(long, conflicts_with_all = ["print_config", "check_config", "print_openapi"])]
    pub print_routes: bool,

    /// To be given once after the database was restored from a backup, before the hub is started: agents of clusters then
    /// keep what they have instead of going back to it, until somebody lets them follow. Changes the database and ends.
    #[arg(long, conflicts_with_all = ["print_config", "check_config", "print_openapi", "print_routes"])]
    pub restored: bool,

    /// Keys of the configuration.
    #[command(flatten)]
    pub flags: Flags,
}

/// Keys of the configuration as flags; they win over the environment and the file.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Flags {
    /// `sqlite:PATH` or `postgres://…`. Prefer the environment for a password: others can see flags.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,

    /// Address and port for people and programs.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,

    /// How browsers reach that address.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,

    /// Address and port for the agents of clusters.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub agent_listen: Option<String>,

    /// How agents reach that address.
    #[arg(long, value_name = "URL")]
    pub agent_url: Option<String>,

    /// A proxy whose `X-Forwarded-For` is believed; may be repeated.
    #[arg(long, value_name = "NETWORK")]
    pub trusted_proxy: Vec<String>,

    /// Container image of the agent, for manifests.
    #[arg(long, value_name = "IMAGE")]
    pub agent_image: Option<String>,

    /// Where people find help.
    #[arg(long, value_name = "URL")]
    pub help_url: Option<String>,

    /// Seconds that requests under way have to end in.
    #[arg(long, value_name = "SECONDS")]
    pub shutdown_seconds: Option<u64>,

    /// File with the certificate for `--listen`.
    #[arg(long, value_name = "FILE")]
    pub tls_certificate: Option<String>,

    /// File with its private key.
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<String>,

    /// File with an authority whose licences count; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub licence_authority: Vec<String>,

    /// `text` or `json`.
    #[arg(long, value_name = "FORMAT")]
    pub log_format: Option<String>,

    /// How much is logged, such as `info,bastide_app=debug`.
    #[arg(long, value_name = "FILTER")]
    pub log_filter: Option<String>,
}
