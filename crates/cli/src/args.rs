//! The command line as a whole: what can be typed before every command, and the nouns.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    audit, billing, cluster, completion, context, gateway, hub, join_token, licence, login, member,
    organization, permission, placement, plan, project, resource, role, session, setup, team, token, user,
    why,
};
use crate::output::Format;
use crate::{environment, exit};

/// The command line of Bastide: organizations and the clusters they run on.
#[derive(Debug, Parser)]
#[command(
    name = "bastide",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = format!("{}\n\n{}", environment::HELP, exit::help()),
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What can be given with every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// Context to act in; see `bastide context list`.
    #[arg(long, global = true, id = "global_context", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// Address of the hub.
    #[arg(long, global = true, id = "global_server", value_name = "URL")]
    pub(crate) server: Option<String>,
    /// Organization to act on when the command names none: slug or id.
    #[arg(
        long,
        visible_alias = "org",
        global = true,
        id = "global_organization",
        value_name = "ORGANIZATION"
    )]
    pub(crate) organization: Option<String>,
    /// Additional authority for the hub's certificate: a file with certificates in PEM.
    #[arg(long, global = true, id = "global_ca_file", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// How data is written.
    #[arg(
        short,
        long,
        global = true,
        id = "global_output",
        value_name = "FORMAT",
        value_enum,
        default_value = "table"
    )]
    pub(crate) output: Format,
    /// Leave the headers of tables out.
    #[arg(long, global = true, id = "global_no_headers")]
    pub(crate) no_headers: bool,
    /// Say nothing but data and errors.
    #[arg(short, long, global = true, id = "global_quiet")]
    pub(crate) quiet: bool,
}

#[cfg(test)]
impl Default for Globals {
    fn default() -> Self {
        Self {
            context: None,
            server: None,
            organization: None,
            ca_file: None,
            output: Format::Table,
            no_headers: false,
            quiet: false,
        }
    }
}

/// The nouns.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sign in to a hub and keep the token in a context.
    Login(login::LoginArgs),
    /// Withdraw the context's token and forget it.
    Logout,
    /// Show who you are, where, and on which organization you act.
    Whoami,
    /// Make the first site administrator of a new installation.
    Setup(setup::SetupArgs),
    /// Contexts: hubs, accounts on them, organizations to act on.
    #[command(subcommand)]
    Context(context::ContextCommand),
    /// Organizations, client organizations, and where they run.
    #[command(subcommand, visible_alias = "org")]
    Organization(organization::OrganizationCommand),
    /// Teams of an organization and who is in them.
    #[command(subcommand)]
    Team(team::TeamCommand),
    /// Projects of an organization and the teams on them.
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Who belongs to an organization, and the roles that are given there.
    #[command(subcommand)]
    Member(member::MemberCommand),
    /// The billing of organizations, and who administers it.
    #[command(subcommand)]
    Billing(billing::BillingCommand),
    /// On which clusters an organization is.
    #[command(subcommand)]
    Placement(placement::PlacementCommand),
    /// Clusters that belong to a hub.
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Tokens with which clusters ask to join.
    #[command(subcommand)]
    JoinToken(join_token::JoinTokenCommand),
    /// Licences of clusters; `authority`, `issue` and `inspect` need no hub.
    #[command(subcommand, alias = "license")]
    Licence(licence::LicenceCommand),
    /// Gateway configurations of clusters.
    #[command(subcommand)]
    Gateway(gateway::GatewayCommand),
    /// Hubs of the installation.
    #[command(subcommand)]
    Hub(hub::HubCommand),
    /// What was put on clusters for an organization.
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    /// User accounts.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Plans and their limits.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Permission keys and what they allow.
    #[command(subcommand)]
    Permission(permission::PermissionCommand),
    /// Roles that can be given at an organization.
    #[command(subcommand)]
    Role(role::RoleCommand),
    /// Why somebody may do something, or what is missing.
    Why(why::WhyArgs),
    /// Your personal tokens.
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Your signed-in browsers.
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// The audit log of the installation.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Write the completion script of a shell.
    Completion(completion::CompletionArgs),
}

#[cfg(test)]
mod tests {
    use clap::{Arg, CommandFactory as _};

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    /// A change of the command line shows in review.
    #[test]
    fn the_whole_command_tree() {
        let mut command = Cli::command();
        command.build();
        let mut lines = Vec::new();
        describe(&command, "bastide", &mut lines);
        insta::assert_snapshot!(lines.join("\n"));
    }

    fn describe(command: &clap::Command, path: &str, lines: &mut Vec<String>) {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        let aliases: Vec<_> = command.get_visible_aliases().collect();
        let aliases =
            if aliases.is_empty() { String::new() } else { format!(" (also: {})", aliases.join(", ")) };
        lines.push(format!("{path}{aliases} — {about}"));
        let own = |arg: &&Arg| path == "bastide" || !arg.is_global_set();
        lines.extend(
            command
                .get_arguments()
                .filter(own)
                .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
                .map(|arg| {
                    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                    let needed = if arg.is_required_set() { " [required]" } else { "" };
                    let values = arg.get_possible_values();
                    let values: Vec<_> = values
                        .iter()
                        .map(clap::builder::PossibleValue::get_name)
                        .filter(|_| takes_value(arg))
                        .collect();
                    let values =
                        if values.is_empty() { String::new() } else { format!(" [{}]", values.join("|")) };
                    format!("    {arg}{values}{needed} — {help}")
                }),
        );
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            describe(sub, &format!("{path} {}", sub.get_name()), lines);
        }
    }

    fn takes_value(arg: &Arg) -> bool {
        arg.get_action().takes_values()
    }

    #[test]
    fn help_documents_exit_codes_and_environment() {
        let help = Cli::command().render_help().to_string();
        assert!(help.contains("Exit codes:") && help.contains("130  interrupted"), "{help}");
        assert!(help.contains("BASTIDE_TOKEN"), "{help}");
    }

    #[test]
    fn global_options_are_taken_before_and_after_the_command() {
        for line in [
            ["bastide", "--org", "acme", "organization", "get", "-o", "json"],
            ["bastide", "org", "get", "-o", "json", "--organization", "acme"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.globals.organization.as_deref(), Some("acme"));
            assert_eq!(cli.globals.output, Format::Json);
            assert!(matches!(
                cli.command,
                Command::Organization(organization::OrganizationCommand::Get {
                    organization: None,
                    public: false
                })
            ));
        }
    }
}
