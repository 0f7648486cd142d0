//! A hub on its way from its first start to one with everything on it, and who uses it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use bastide_api::PageQuery;
use bastide_api::client::Client;
use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::clusters::{AcceptCluster, NewJoinToken, UploadLicence};
use bastide_api::gateways::{CertificatePolicy, Listener, ListenerProtocol, NewGatewayConfiguration};
use bastide_api::organizations::{GatewayChoice, NewOrganization, NodePool, Visibility};
use bastide_api::roles::NewRole;
use bastide_api::teams::{NewProject, NewTeam, NewTeamMember, TeamRole};
use bastide_api::users::NewUser;
use bastide_testkit::browser::Browser;
use bastide_testkit::hub::{ADMINISTRATOR, Hub, PASSWORD};
use bastide_testkit::spoke::Spoke;
use bastide_testkit::wait;

/// How long a request, a sign of life and the objects of an organization may take.
const LIMIT: Duration = Duration::from_mins(1);

/// Owns the client organization Acme.
pub(crate) const TENANT: &str = "ada@acme.test";
/// Has an account and nothing else.
pub(crate) const NEWCOMER: &str = "lena@initech.test";

/// A developer in the only team of Acme.
pub(crate) const MEMBER: &str = "mia@acme.test";

/// How far a hub has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Just started: nobody administers it.
    New,
    /// Somebody administers it, and nothing else is there.
    Bare,
    /// There is one work organization.
    Founded,
    /// There is everything that pages can show.
    Full,
}

impl Stage {
    pub(crate) const ALL: [Self; 4] = [Self::New, Self::Bare, Self::Founded, Self::Full];
}

/// The spokes of a full hub: one that works, and one that asks to join.
#[derive(Debug)]
pub(crate) struct Spokes {
    member: Spoke,
    asking: Spoke,
}

impl Spokes {
    pub(crate) async fn stop(self) -> Result<()> {
        self.member.stop().await?;
        self.asking.stop().await
    }
}

/// Signs in through the form, in a browser in which nobody is.
pub(crate) async fn sign_in(browser: &Browser, email: &str) -> Result<()> {
    browser.forget().await?;
    browser.goto("/sign-in").await?;
    browser.fill("email", email).await?;
    browser.fill("password", PASSWORD).await?;
    browser.follow("Sign in").await
}

/// From a bare hub to a founded one.
pub(crate) async fn found(admin: &Client) -> Result<()> {
    organization(admin, "Northwind Cloud", Some("northwind"), None).await
}

pub(crate) async fn organization(
    client: &Client,
    name: &str,
    slug: Option<&str>,
    parent: Option<&str>,
) -> Result<()> {
    // A root is one that people may look for.
    let organization = NewOrganization {
        name: name.into(),
        slug: slug.map(Into::into),
        visibility: parent.is_none().then_some(Visibility::Public),
        parent: parent.map(Into::into),
        ..NewOrganization::default()
    };
    client.create_organization(&organization).await?;
    Ok(())
}

/// From a founded hub to a full one. Some names are such that they try a page's patience.
pub(crate) async fn fill(hub: &Hub, admin: &Client) -> Result<Spokes> {
    let (member, asking) = tokio::join!(Spoke::start("eu-1"), Spoke::start("us-1"));
    let (mut member, mut asking) = (member?, asking?);
    for (email, name) in [
        (TENANT, "Ada Lindqvist"),
        (MEMBER, "Mia Costa"),
        (NEWCOMER, "Lena Park"),
        ("office@donau.test", "Donaudampfschifffahrtsgesellschaftskapitänswitwenrente"),
        ("maha@example.test", "مها الحربي"),
    ] {
        user(admin, email, name).await?;
    }
    organization(admin, "Customer Success", None, Some("northwind")).await?;
    organization(
        admin,
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        Some("donau"),
        Some("northwind"),
    )
    .await?;
    organization(admin, "شركة المدينة <b>& Co</b>", Some("madina"), Some("northwind")).await?;
    join(hub, admin, "eu-1", &mut member).await?;
    gateway(admin, "eu-1").await?;
    client_organization(admin).await?;
    teams(admin).await?;
    join_token(admin, "ap-1").await?;
    ask(admin, "us-1", &mut asking).await?;
    Ok(Spokes { member, asking })
}

pub(crate) async fn user(admin: &Client, email: &str, name: &str) -> Result<()> {
    let user = NewUser { email: email.into(), name: name.into(), password: PASSWORD.into() };
    admin.create_user(&user).await?;
    Ok(())
}

async fn join_token(admin: &Client, cluster: &str) -> Result<String> {
    let token = NewJoinToken { cluster_name: cluster.to_owned(), minutes: None };
    Ok(admin.create_join_token("main", &token).await?.command)
}

/// Lets a spoke's agent ask to join; the fingerprint that it prints.
pub(crate) async fn ask(admin: &Client, name: &str, spoke: &mut Spoke) -> Result<String> {
    spoke.run_agent(&join_token(admin, name).await?)?;
    let fingerprint = spoke.fingerprint().await?;
    wait::until("the request", LIMIT, async || Ok(admin.cluster(name).await.ok())).await?;
    Ok(fingerprint)
}

/// Lets a spoke join, and licenses it.
pub(crate) async fn join(hub: &Hub, admin: &Client, name: &str, spoke: &mut Spoke) -> Result<()> {
    let fingerprint = ask(admin, name, spoke).await?;
    admin.accept_cluster(name, &AcceptCluster { fingerprint }).await?;
    let cluster = wait::until("the spoke to be available", LIMIT, async || {
        let cluster = admin.cluster(name).await?;
        Ok((cluster.availability.as_deref() == Some("available")).then_some(cluster))
    });
    let uid = cluster.await?.administration.context("the administrator sees no uid")?.uid;
    admin.upload_licence(name, &UploadLicence { pem: hub.licence_for(&uid, 365)?, force: false }).await?;
    Ok(())
}

pub(crate) async fn gateway(admin: &Client, cluster: &str) -> Result<()> {
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
    admin.create_gateway_configuration(cluster, &edge).await?;
    Ok(())
}

/// Acme on eu-1, and its objects there.
async fn client_organization(admin: &Client) -> Result<()> {
    let request = NewClientOrganization {
        acting_from: "northwind".into(),
        name: "Acme Corp".into(),
        slug: Some("acme".into()),
        annotations: Some([("acme.test/cost-centre".to_owned(), "4711".to_owned())].into()),
        administrator: Administrator::Existing { user: TENANT.into() },
        visibility: None,
        plan: Some("business".into()),
        hub: "main".into(),
        spoke: "eu-1".into(),
        node_pool: Some(NodePool {
            labels: [("pool".to_owned(), "gold".to_owned())].into(),
            tolerations: vec!["pool=gold:NoSchedule".to_owned()],
        }),
        gateway: GatewayChoice::Dedicated { configuration: "edge".into() },
    };
    admin.create_client_organization(&request).await?;
    let ready = wait::until("the objects of Acme", LIMIT, async || {
        let placements = admin.placements("acme", PageQuery::default()).await?.items;
        let mut conditions = placements.iter().flat_map(|placement| &placement.conditions);
        Ok(conditions.any(|one| one.kind == "Ready" && one.status == "True").then_some(()))
    });
    ready.await
}

/// A team of Acme with somebody in it, a project of the team's, and a role.
async fn teams(admin: &Client) -> Result<()> {
    let team = NewTeam { name: "Core".into(), ..NewTeam::default() };
    admin.create_team("acme", &team).await?;
    let member = NewTeamMember { user: MEMBER.into(), role: TeamRole::Developer };
    admin.add_team_member(("acme", "core"), &member).await?;
    let project = NewProject { name: "Shop".into(), ..NewProject::default() };
    admin.create_project("acme", &project).await?;
    admin.set_project_team(("acme", "shop"), "core", TeamRole::Developer).await?;
    let permissions = vec!["audit.view".into()];
    let role = NewRole { name: "Auditor".into(), permissions, ..NewRole::default() };
    admin.create_role("acme", &role).await?;
    Ok(())
}

/// Somebody who uses the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    Administrator,
    Tenant,
    Member,
    Newcomer,
}

impl Who {
    pub(crate) const ALL: [Self; 5] =
        [Self::Nobody, Self::Administrator, Self::Tenant, Self::Member, Self::Newcomer];

    /// Begins a session of theirs, and no other.
    pub(crate) async fn enter(self, browser: &Browser) -> Result<()> {
        match self {
            Self::Nobody => browser.forget().await,
            Self::Administrator => sign_in(browser, ADMINISTRATOR).await,
            Self::Tenant => sign_in(browser, TENANT).await,
            Self::Member => sign_in(browser, MEMBER).await,
            Self::Newcomer => sign_in(browser, NEWCOMER).await,
        }
    }
}
