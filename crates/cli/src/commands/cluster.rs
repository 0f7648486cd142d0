//! `bastide cluster`: clusters that dial out to a hub (FLEET-1, FLEET-2).

use std::time::Duration;

use bastide_api::client::Client;
use bastide_api::clusters::{AcceptCluster, CleanCluster, ClusterView, ForgetCluster};
use clap::{Args, Subcommand, ValueEnum};

use super::ListArgs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shell::Shell;
use crate::wait::{self, Look};

/// Verbs of `cluster`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// List the clusters.
    List(ListArgs),
    /// Show one cluster; with --wait, once it has come so far.
    Get(GetArgs),
    /// Accept a cluster that asks to join, after comparing its fingerprint.
    Accept {
        /// The cluster, name or id.
        cluster: String,
        /// The fingerprint that the agent printed at the cluster.
        #[arg(long)]
        fingerprint: String,
    },
    /// Refuse a cluster that asks to join.
    Deny {
        /// The cluster, name or id.
        cluster: String,
    },
    /// Take the acceptance of a cluster back; what runs on it goes on.
    Withdraw {
        /// The cluster, name or id.
        cluster: String,
    },
    /// Let a cluster follow the hub again, which was restored from a backup: what the hub wants counts from now on.
    Follow {
        /// The cluster, name or id.
        cluster: String,
    },
    /// Unregister a cluster; what runs on it goes on. Refused while organizations are on it, unless it is said what becomes
    /// of them there.
    Delete {
        /// The cluster, name or id.
        cluster: String,
        /// The cluster's name once more, to confirm.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// Leave everything of the organizations there as it is.
        #[arg(long, conflicts_with = "clean")]
        leave: bool,
        /// Remove everything of the organizations there first.
        #[arg(long)]
        clean: bool,
    },
    /// Forget a cluster that is lost for ever, and that anything is on it. Nothing is removed there.
    Forget {
        /// The cluster, name or id.
        cluster: String,
        /// The cluster's name once more, to confirm.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}

/// Options of `cluster get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The cluster, name or id.
    cluster: String,
    /// Wait until it has come so far.
    #[arg(long, value_name = "STATE")]
    wait: Option<Stage>,
    /// Longest time to wait.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = input::duration)]
    timeout: Duration,
}

/// How far a cluster can have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// It has asked to join.
    Requested,
    /// It was accepted.
    Joined,
    /// It was accepted and answers.
    Available,
}

pub(crate) async fn run(shell: &Shell, command: ClusterCommand) -> Result<(), Failure> {
    let client = shell.client()?;
    let output = shell.output;
    match command {
        ClusterCommand::List(args) => {
            let nothing = "No clusters yet: bastide join-token create <name of the cluster>";
            shell.list(args, nothing, async |page| client.clusters(page).await).await
        }
        ClusterCommand::Get(args) => {
            let cluster = match args.wait {
                None => client.cluster(&args.cluster).await?,
                Some(stage) => wait_for(shell, &client, &args, stage).await?,
            };
            output.one(&cluster)
        }
        ClusterCommand::Accept { cluster, fingerprint } => {
            output.one(&client.accept_cluster(&cluster, &AcceptCluster { fingerprint }).await?)
        }
        ClusterCommand::Deny { cluster } => output.one(&client.deny_cluster(&cluster).await?),
        ClusterCommand::Withdraw { cluster } => output.one(&client.withdraw_cluster(&cluster).await?),
        ClusterCommand::Follow { cluster } => output.one(&client.follow_cluster(&cluster).await?),
        ClusterCommand::Delete { cluster, confirm, leave, clean } => {
            let found = client.cluster(&cluster).await?;
            let flag = if leave {
                " --leave"
            } else if clean {
                " --clean"
            } else {
                ""
            };
            let command = format!("bastide cluster delete {cluster}{flag}");
            confirmed(&command, &found.name, confirm.as_deref())?;
            if clean {
                let wish = CleanCluster { confirm: found.name };
                return output.one(&client.clean_cluster(&found.id, &wish).await?);
            }
            if leave {
                client.delete_cluster_and_leave(&found.id, &found.name).await?;
            } else {
                client.delete_cluster(&found.id).await?;
            }
            output.note(&format!("Cluster {} is unregistered. What runs on it goes on.", found.name));
            Ok(())
        }
        ClusterCommand::Forget { cluster, confirm } => {
            let found = client.cluster(&cluster).await?;
            confirmed(&format!("bastide cluster forget {cluster}"), &found.name, confirm.as_deref())?;
            let wish = ForgetCluster { confirm: found.name.clone() };
            let left = client.forget_cluster(&found.id, &wish).await?.organizations;
            let left = if left.is_empty() { "nothing".to_owned() } else { left.join(", ") };
            output.note(&format!("Cluster {} is forgotten. On it were: {left}.", found.name));
            Ok(())
        }
    }
}

/// What destroys has to be confirmed by typing the name once more.
pub(crate) fn confirmed(command: &str, name: &str, typed: Option<&str>) -> Result<(), Failure> {
    match typed {
        Some(typed) if typed == name => Ok(()),
        Some(typed) => Err(Failure::usage(format!("--confirm is `{typed}`, but this is `{name}`"))),
        None => Err(Failure::usage("this has to be confirmed by typing the name once more")
            .hint(format!("{command} --confirm {name}"))),
    }
}

async fn wait_for(
    shell: &Shell,
    client: &Client,
    args: &GetArgs,
    stage: Stage,
) -> Result<ClusterView, Failure> {
    let what = format!("Waiting for cluster {}", args.cluster);
    wait::until(shell.output, &what, args.timeout, async || {
        match client.cluster(&args.cluster).await.map_err(Failure::from) {
            Ok(cluster) => judge(cluster, stage),
            Err(failure) if failure.exit == Exit::NotFound => {
                Ok(Look::NotYet("it has not asked to join yet".to_owned()))
            }
            Err(failure) => Err(failure),
        }
    })
    .await
}

fn judge(cluster: ClusterView, stage: Stage) -> Result<Look<ClusterView>, Failure> {
    let joined = cluster.membership == "joined";
    let availability = cluster.availability.as_deref().unwrap_or("unknown");
    let there = match stage {
        Stage::Requested => true,
        Stage::Joined => joined,
        Stage::Available => joined && availability == "available",
    };
    if there {
        Ok(Look::Done(cluster))
    } else if matches!(cluster.membership.as_str(), "denied" | "withdrawn") {
        let detail = format!("cluster {} is {}: it will not come further", cluster.name, cluster.membership);
        Err(Failure::new(Exit::Conflict, detail))
    } else if joined {
        Ok(Look::NotYet(format!("it is accepted and {availability}")))
    } else {
        Ok(Look::NotYet("it asks to join and has to be accepted".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(membership: &str, availability: Option<&str>) -> ClusterView {
        ClusterView {
            id: "cls_1".into(),
            name: "eu-1".into(),
            hub: "hub_1".into(),
            membership: membership.into(),
            availability: availability.map(Into::into),
            last_heartbeat_at: None,
            kubernetes_version: String::new(),
            agent_version: String::new(),
            nodes: 0,
            nodes_ready: 0,
            network_plugin: String::new(),
            capabilities: Vec::new(),
            conditions: Vec::new(),
            requested_at: String::new(),
            cleaning_since: None,
            administration: None,
            actions: Vec::new(),
        }
    }

    #[test]
    fn stages_of_joining() {
        let done = |membership, availability, stage| {
            judge(cluster(membership, availability), stage).map(|look| matches!(look, Look::Done(_)))
        };
        assert!(done("requested", None, Stage::Requested).unwrap());
        assert!(!done("requested", None, Stage::Joined).unwrap());
        assert!(!done("requested", Some("available"), Stage::Available).unwrap());
        assert!(done("joined", Some("unknown"), Stage::Joined).unwrap());
        assert!(!done("joined", Some("unknown"), Stage::Available).unwrap());
        assert!(done("joined", Some("available"), Stage::Available).unwrap());
        assert_eq!(done("denied", None, Stage::Joined).unwrap_err().exit, Exit::Conflict);
    }

    #[test]
    fn a_confirmation_is_the_name_itself() {
        assert!(confirmed("x", "acme", Some("acme")).is_ok());
        for wrong in [None, Some(""), Some("Acme"), Some("yes")] {
            assert_eq!(confirmed("x", "acme", wrong).unwrap_err().exit, Exit::Usage);
        }
    }
}
