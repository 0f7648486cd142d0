//! The demo: a hub on SQLite with people, a tree of organizations and plans; and, where the Kubernetes servers can be
//! had, two real spokes that join, are accepted and licensed before your eyes. Run it as `cargo xtask demo`.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use bastide_api::client::Client;
use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::gateways::{CertificatePolicy, Listener, ListenerProtocol, NewGatewayConfiguration};
use bastide_api::organizations::{GatewayChoice, NewOrganization, NodePool};
use bastide_api::teams::{NewProject, NewTeam, NewTeamMember, TeamRole};
use bastide_api::users::NewUser;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use bastide_testkit::spoke::Spoke;
use std::io::Write as _;

/// The port that people expect; another one is taken when it is in use.
const PORT: u16 = 8080;
/// Exit code of `xtask assets` when something has to be installed first.
const MISSING_TOOL: i32 = 3;
/// What the demo says of itself.
const HELP: &str = "\
Runs a hub with people and organizations and, where Go or KUBEBUILDER_ASSETS is found, two clusters that join it, all on
this machine and gone when Ctrl-C ends it. It takes no options.";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    if let Some(other) = std::env::args().skip(1).find(|one| one != "--xtask" && !is_program(one)) {
        say(HELP);
        let asked = ["--help", "-h", "help"].contains(&other.as_str());
        return if asked { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::from(2) };
    }
    let ended = tokio::select! {
        ended = run() => ended,
        stopped = stop_signal() => stopped,
    };
    match ended {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("demo: {error:#}"));
            std::process::ExitCode::FAILURE
        }
    }
}

/// Ends when somebody wants the demo to end. Dropping what runs ends every process that it started.
async fn stop_signal() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    say("\nStopping everything …");
    Ok(())
}

async fn run() -> Result<()> {
    let xtask = argument("--xtask").map(PathBuf::from);
    let port = std::net::TcpListener::bind(("127.0.0.1", PORT)).ok().map(|_| PORT);
    let hub = Hub::start(Options { port, ..Options::default() }).await?;
    let admin = hub.set_up().await?;
    seed(&hub, &admin).await?;
    say(&welcome(&hub));
    match assets(xtask).await? {
        Some(()) => spokes(&hub, &admin).await?,
        None => say(
            "No Kubernetes servers: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS, for two real spokes.\n\
             The hub goes on without them; add a cluster of your own under Clusters. Ctrl-C stops it.",
        ),
    }
    std::future::pending().await
}

/// Whether an argument is the path of the program that makes the Kubernetes servers.
fn is_program(path: &str) -> bool {
    argument("--xtask").is_some_and(|given| given == path)
}

fn argument(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

/// People and a tree of organizations, made as their owners would make them.
async fn seed(hub: &Hub, admin: &Client) -> Result<()> {
    for (email, name) in PEOPLE {
        let user = NewUser { email: (*email).into(), name: (*name).into(), password: PASSWORD.into() };
        admin.create_user(&user).await?;
    }
    tree(admin, &[("Northwind Cloud", None), ("Customer Success", Some("northwind-cloud"))]).await?;
    let omar = hub.client_as("omar@contoso.test").await?;
    tree(&omar, &[("Contoso", None), ("Engineering", Some("contoso")), ("Marketing", Some("contoso"))])
        .await?;
    tree(&omar, &[("Payments", Some("engineering"))]).await
}

/// Who has an account in the demo, beside the site administrator.
const PEOPLE: &[(&str, &str)] = &[
    ("omar@contoso.test", "Omar Haddad"),
    ("ada@acme.test", "Ada Lindqvist"),
    ("gus@globex.test", "Gus Moreau"),
    ("lena@initech.test", "Lena Park"),
    ("mia@acme.test", "Mia Costa"),
];

async fn tree(client: &Client, organizations: &[(&str, Option<&str>)]) -> Result<()> {
    for (name, parent) in organizations {
        let parent = parent.map(str::to_owned);
        client
            .create_organization(&NewOrganization {
                name: (*name).into(),
                parent,
                ..NewOrganization::default()
            })
            .await?;
    }
    Ok(())
}

fn welcome(hub: &Hub) -> String {
    let url = hub.url();
    format!(
        "\n  Bastide is at {url}\n\n  Everybody's password is: {PASSWORD}\n\
         \x20   {ADMINISTRATOR:<22} administers the site\n\
         \x20   omar@contoso.test      owns Contoso with Engineering, Payments and Marketing beneath\n\
         \x20   ada@acme.test          will own Acme, a client organization on the spoke eu-1\n\
         \x20   gus@globex.test        will own Globex, a client organization on the spoke us-1\n\
         \x20   lena@initech.test      owns nothing yet\n\
         \x20   mia@acme.test          will be a developer in one team of Acme\n\n  \
         Try:\n\
         \x20   sign in as the site administrator and open Clusters; accept what asks to join\n\
         \x20   open Northwind Cloud and create a client organization for lena@initech.test in three steps\n\
         \x20   sign in as ada in a private window: Acme is all there is; as mia: one team and its project\n\
         \x20   open Access in Acme, and ask why mia@acme.test may or may not do something\n\
         \x20   sign in as omar, open Payments and move it beneath Marketing: first you see who gains and loses what\n\
         \x20   target/debug/bastide login --server {url}\n\n  Ctrl-C stops everything and leaves nothing behind.\n"
    )
}

/// Builds the Kubernetes servers when they are not there yet; nothing when that needs something to be installed.
async fn assets(xtask: Option<PathBuf>) -> Result<Option<()>> {
    if bastide_testkit::assets::Assets::find().is_ok() {
        return Ok(Some(()));
    }
    let Some(xtask) = xtask else { return Ok(None) };
    say(
        "Building the Kubernetes servers for the spokes (once, some minutes); the hub can be used meanwhile …",
    );
    let status = tokio::process::Command::new(xtask)
        .arg("assets")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await
        .context("cannot build the Kubernetes servers")?;
    match status.code() {
        Some(0) => Ok(Some(())),
        Some(MISSING_TOOL) => Ok(None),
        _ => bail!("building the Kubernetes servers ended with {status}"),
    }
}

/// Two spokes, joined and licensed, with a client organization each. They run until the demo ends.
async fn spokes(hub: &Hub, admin: &Client) -> Result<()> {
    say("Starting two spokes: etcd, API server, controllers, scheduler and four simulated nodes each …");
    let (eu, us) = tokio::join!(Spoke::start("eu-1"), Spoke::start("us-1"));
    let (mut eu, mut us) = (eu?, us?);
    for (name, spoke) in [("eu-1", &mut eu), ("us-1", &mut us)] {
        let fingerprint = spoke.join(hub, admin, name).await?;
        say(&format!(
            "{name} has joined with the key {fingerprint}; it was accepted, is available and licensed"
        ));
    }
    let listener = Listener {
        name: "web".into(),
        port: 80,
        protocol: ListenerProtocol::Http,
        host_name: None,
        allowed: Vec::new(),
    };
    let edge = NewGatewayConfiguration {
        name: "Edge".into(),
        slug: None,
        class: "edge".into(),
        listeners: vec![listener],
        addresses: Vec::new(),
        certificates: CertificatePolicy::None,
    };
    admin.create_gateway_configuration("eu-1", &edge).await?;
    let pool = NodePool {
        labels: [("pool".to_owned(), "gold".to_owned())].into(),
        tolerations: vec!["pool=gold:NoSchedule".to_owned()],
    };
    let dedicated = GatewayChoice::Dedicated { configuration: "edge".into() };
    client_organization(admin, ("Acme", "ada@acme.test", "eu-1"), Some(pool), dedicated).await?;
    people_of_acme(admin).await?;
    client_organization(admin, ("Globex", "gus@globex.test", "us-1"), None, GatewayChoice::Shared {}).await?;
    for (name, spoke) in [("eu-1", &eu), ("us-1", &us)] {
        say(&format!(
            "  kubectl --kubeconfig {} get namespaces --show-labels   # {name}",
            spoke.plane().kubeconfig_path().display()
        ));
    }
    say("Both spokes run. Ctrl-C stops everything.");
    std::future::pending().await
}

/// A team with a project, and another project that the team does not see.
async fn people_of_acme(admin: &Client) -> Result<()> {
    admin.create_team("acme", &NewTeam { name: "Core".into(), ..NewTeam::default() }).await?;
    let mia = NewTeamMember { user: "mia@acme.test".into(), role: TeamRole::Developer };
    admin.add_team_member(("acme", "core"), &mia).await?;
    for name in ["Shop", "Vault"] {
        admin.create_project("acme", &NewProject { name: name.into(), ..NewProject::default() }).await?;
    }
    admin.set_project_team(("acme", "shop"), "core", TeamRole::Developer).await?;
    Ok(())
}

async fn client_organization(
    admin: &Client,
    (name, administrator, spoke): (&str, &str, &str),
    node_pool: Option<NodePool>,
    gateway: GatewayChoice,
) -> Result<()> {
    let request = NewClientOrganization {
        acting_from: "northwind-cloud".into(),
        name: name.into(),
        slug: None,
        annotations: None,
        administrator: Administrator::Existing { user: administrator.into() },
        visibility: None,
        plan: Some("business".into()),
        hub: "main".into(),
        spoke: spoke.into(),
        node_pool,
        gateway,
    };
    let organization = admin.create_client_organization(&request).await?;
    say(&format!("{name} was created on {spoke} for {administrator}: /o/{}", organization.slug));
    Ok(())
}

/// A line for whoever runs the demo. A closed terminal is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
