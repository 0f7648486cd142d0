//! `bastide organization create-client`: three steps, one command (FLEET-4).

use std::time::Duration;

use bastide_api::PageQuery;
use bastide_api::client::{Client, all_pages};
use bastide_api::client_organizations::{
    Administrator, CheckResult, ClientOrganizationDraft, NewClientOrganization,
};
use bastide_api::organizations::{GatewayChoice, NodePool, OrganizationView, PlacementView};
use bastide_api::users::NewUser;
use clap::Args;

use super::hub;
use super::organization::VisibilityArg;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::hints;
use crate::input;
use crate::output::{Format, Output};
use crate::shell::Shell;
use crate::views::placement_summary;
use crate::wait::{self, Look};

/// Options of `organization create-client`, in the order of the steps.
#[derive(Debug, Args)]
pub(crate) struct CreateClientArgs {
    /// The work organization that you act from, slug or id; it becomes the parent. --organization when not given.
    #[arg(long, value_name = "ORGANIZATION", help_heading = "1. Basic info")]
    from: Option<String>,
    /// What people read.
    #[arg(long, required_unless_present = "dry_run", help_heading = "1. Basic info")]
    name: Option<String>,
    /// Short name; made from the name when not given.
    #[arg(long, help_heading = "1. Basic info")]
    slug: Option<String>,
    /// Carried by its namespaces; again for more.
    #[arg(
        long = "annotation",
        value_name = "KEY=VALUE",
        value_parser = input::key_value,
        help_heading = "1. Basic info"
    )]
    annotations: Vec<(String, String)>,
    /// Who will own it: e-mail address or id of an account.
    #[arg(
        long,
        value_name = "USER",
        required_unless_present_any = ["new_administrator", "dry_run"],
        help_heading = "1. Basic info"
    )]
    administrator: Option<String>,
    /// Who will own it, as an account that is created with it: e-mail address.
    #[arg(long, value_name = "EMAIL", conflicts_with = "administrator", help_heading = "1. Basic info")]
    new_administrator: Option<String>,
    /// What people read of the new account; its e-mail address when not given.
    #[arg(long, value_name = "NAME", requires = "new_administrator", help_heading = "1. Basic info")]
    new_administrator_name: Option<String>,
    /// Read the new account's password from standard input instead of asking for it.
    #[arg(long, requires = "new_administrator", help_heading = "1. Basic info")]
    password_stdin: bool,
    /// Who sees that it exists; private when not given.
    #[arg(long, help_heading = "1. Basic info")]
    visibility: Option<VisibilityArg>,
    /// Short name of its plan; the default plan when not given.
    #[arg(long, help_heading = "1. Basic info")]
    plan: Option<String>,
    /// The hub, slug or id; not needed when there is one only.
    #[arg(long, help_heading = "2. Cluster")]
    hub: Option<String>,
    /// The cluster, name or id.
    #[arg(long, value_name = "CLUSTER", required_unless_present = "dry_run", help_heading = "2. Cluster")]
    spoke: Option<String>,
    /// Bind its pods to nodes with this label; again for more.
    #[arg(
        long = "node-label",
        value_name = "KEY=VALUE",
        value_parser = input::key_value,
        help_heading = "2. Cluster"
    )]
    node_labels: Vec<(String, String)>,
    /// A taint of these nodes that its pods tolerate: key=value:Effect, key:Effect, key=value or key; again for more.
    #[arg(
        long = "toleration",
        value_name = "TOLERATION",
        requires = "node_labels",
        help_heading = "2. Cluster"
    )]
    tolerations: Vec<String>,
    /// `shared`, or slug or id of one of the cluster's gateway configurations.
    #[arg(long, value_name = "GATEWAY", default_value = "shared", help_heading = "3. Gateway")]
    gateway: String,
    /// Only say whether it could be created, precondition by precondition. Exits with 7 when it could not.
    #[arg(long)]
    dry_run: bool,
    /// Wait until the cluster has everything that belongs to it.
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Longest time to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = input::duration)]
    timeout: Duration,
}

pub(crate) async fn create(shell: &Shell, client: &Client, args: CreateClientArgs) -> Result<(), Failure> {
    if args.dry_run {
        return check(shell, client, args).await;
    }
    let (wait, limit) = (args.wait, args.timeout);
    let organization = request(shell, client, args).await?;
    let created = client.create_client_organization(&organization).await?;
    shell.output.one(&created)?;
    if wait {
        wait_until_ready(shell, client, &created, &organization.spoke, limit).await?;
        shell.output.note(&format!("Organization {} is ready on {}.", created.slug, organization.spoke));
    }
    Ok(())
}

async fn request(
    shell: &Shell,
    client: &Client,
    args: CreateClientArgs,
) -> Result<NewClientOrganization, Failure> {
    let missing = |flag: &str| Failure::usage(format!("{flag} is missing"));
    let acting_from = shell.organization(args.from)?;
    let hub = hub::given_or_only(client, args.hub).await?;
    let administrator = match (args.administrator, args.new_administrator) {
        (Some(user), _) => Administrator::Existing { user },
        (None, Some(email)) => {
            let name = args.new_administrator_name.unwrap_or_else(|| email.clone());
            let password = input::new_password(args.password_stdin).await?;
            Administrator::New { account: NewUser { email, name, password } }
        }
        (None, None) => return Err(missing("--administrator or --new-administrator")),
    };
    Ok(NewClientOrganization {
        acting_from,
        name: args.name.ok_or_else(|| missing("--name"))?,
        slug: args.slug,
        annotations: (!args.annotations.is_empty()).then(|| args.annotations.into_iter().collect()),
        administrator,
        visibility: args.visibility.map(Into::into),
        plan: args.plan,
        hub,
        spoke: args.spoke.ok_or_else(|| missing("--spoke"))?,
        node_pool: node_pool(args.node_labels, args.tolerations),
        gateway: gateway(args.gateway),
    })
}

/// Shows every precondition of what is known so far.
async fn check(shell: &Shell, client: &Client, args: CreateClientArgs) -> Result<(), Failure> {
    if let Some(plan) = &args.plan {
        let plans = all_pages(PageQuery::default(), None, async |page| client.plans(page).await).await?;
        if !plans.iter().any(|one| one.slug == *plan) {
            let known: Vec<&str> = plans.iter().map(|one| one.slug.as_str()).collect();
            return Err(Failure::usage(format!("there is no plan `{plan}`: there are {}", known.join(", "))));
        }
    }
    let draft = ClientOrganizationDraft {
        acting_from: shell.organization(args.from).ok(),
        slug: args.slug.or_else(|| args.name.as_deref().and_then(slug_of)),
        administrator: args.administrator,
        new_administrator: args.new_administrator,
        hub: hub::given_or_only(client, args.hub).await.ok(),
        spoke: args.spoke,
        node_pool: node_pool(args.node_labels, args.tolerations),
        gateway: Some(gateway(args.gateway)),
    };
    let result = client.check_client_organization(&draft).await?;
    show(shell.output, &result)?;
    let chosen = result.preconditions.iter().all(|one| one.outcome != "not_chosen");
    if result.possible && chosen { Ok(()) } else { Err(impossible(result)) }
}

fn show(output: Output, result: &CheckResult) -> Result<(), Failure> {
    match output.format {
        Format::Table | Format::Name => output.list(&result.preconditions, "No preconditions."),
        Format::Json | Format::Yaml => output.document(result),
    }
}

/// The preconditions themselves are on standard output already.
fn impossible(result: CheckResult) -> Failure {
    let count = result.preconditions.len();
    let open = result.preconditions.iter().filter(|one| one.outcome == "not_chosen").count();
    let failed: Vec<_> = result.preconditions.into_iter().filter(|one| one.outcome == "failed").collect();
    let detail = match (failed.len(), open) {
        (0, open) => {
            format!("it could not be created yet: {open} of {count} preconditions wait for a choice")
        }
        (failed, _) => format!("it could not be created: {failed} of {count} preconditions do not hold"),
    };
    let mut failure = Failure::new(Exit::Conflict, detail);
    "preconditions_failed".clone_into(&mut failure.problem.code);
    failure.hints = hints::for_preconditions(&failed);
    failure
}

/// What the hub would make of the name.
fn slug_of(name: &str) -> Option<String> {
    let name = name.parse().ok()?;
    bastide_model::names::Slug::from_name(&name).map(String::from)
}

pub(crate) fn node_pool(labels: Vec<(String, String)>, tolerations: Vec<String>) -> Option<NodePool> {
    (!labels.is_empty()).then(|| NodePool { labels: labels.into_iter().collect(), tolerations })
}

pub(crate) fn gateway(text: String) -> GatewayChoice {
    if text == "shared" { GatewayChoice::Shared {} } else { GatewayChoice::Dedicated { configuration: text } }
}

pub(crate) async fn wait_until_ready(
    shell: &Shell,
    client: &Client,
    organization: &OrganizationView,
    spoke: &str,
    limit: Duration,
) -> Result<(), Failure> {
    let what = format!("Waiting for {} on {spoke}", organization.slug);
    wait::until(shell.output, &what, limit, async || {
        let placements = all_pages(PageQuery::default(), None, async |page| {
            client.placements(&organization.id, page).await
        });
        let placements = placements.await?;
        Ok(match placements.iter().find(|one| one.cluster == spoke || one.cluster_name == spoke) {
            Some(placement) if is_ready(placement) => Look::Done(()),
            Some(placement) => Look::NotYet(placement_summary(placement)),
            None => Look::NotYet("it is not placed yet".to_owned()),
        })
    })
    .await
}

/// Whether the cluster says `Ready` of what is wanted now, not of something older.
fn is_ready(placement: &PlacementView) -> bool {
    placement.conditions.iter().any(|condition| {
        condition.kind == "Ready"
            && condition.status == "True"
            && condition.observed_generation >= placement.generation
    })
}

#[cfg(test)]
mod tests {
    use bastide_api::clusters::ConditionView;

    use super::*;

    #[test]
    fn ready_speaks_of_the_present_generation() {
        let placement = |status: &str, observed_generation| PlacementView {
            cluster: "cls_1".into(),
            cluster_name: "eu-1".into(),
            availability: "available".into(),
            last_heartbeat_at: None,
            node_pool: None,
            gateway: GatewayChoice::Shared {},
            leaving: None,
            removed: false,
            namespaces: vec!["acme".into()],
            generation: 3,
            observed_generation,
            conditions: vec![ConditionView {
                kind: "Ready".into(),
                status: status.into(),
                reason: "Reconciled".into(),
                message: "3 of 4 objects".into(),
                observed_generation,
                last_transition_at: String::new(),
            }],
            objects: Vec::new(),
        };
        assert!(is_ready(&placement("True", 3)));
        assert!(!is_ready(&placement("True", 2)));
        assert!(!is_ready(&placement("False", 3)));
        let text = placement_summary(&placement("False", 2));
        assert!(text.contains("generation 2 of 3") && text.contains("3 of 4 objects"), "{text}");
    }

    #[test]
    fn flags_become_choices() {
        assert_eq!(gateway("shared".into()), GatewayChoice::Shared {});
        assert_eq!(gateway("edge".into()), GatewayChoice::Dedicated { configuration: "edge".into() });
        assert_eq!(node_pool(Vec::new(), Vec::new()), None);
        assert_eq!(slug_of("Acme Corp"), Some("acme-corp".into()));
    }
}
