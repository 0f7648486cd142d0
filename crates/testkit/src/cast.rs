//! A cast of actors on a real hub, for tests that ask who may see and do what: two tenants that are each other's twin,
//! with everything that the API can make today, and people who have nothing or no longer have it.
//!
//! Every text of a tenant says whose it is and where it stands (`canary-b-child-name`), so that one that turns up in
//! front of somebody else is found by its beginning and names its field. Client administrators, and administrators of an
//! organization here or beneath, are not in the cast: the API cannot make them yet.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use bastide_api::agent::{self, Condition, ObjectStatus, SetStatus, Status};
use bastide_api::client::Client;
use bastide_api::client_organizations::{Administrator, NewClientOrganization};
use bastide_api::clusters::{AcceptCluster, ClusterView, NewJoinToken, UploadLicence};
use bastide_api::gateways::{
    CertificatePolicy, GatewayConfigurationView, Listener, ListenerProtocol, NewGatewayConfiguration,
};
use bastide_api::identity::NewToken;
use bastide_api::organizations::{
    GatewayChoice, NewOrganization, NodePool, OrganizationChange, OrganizationView, Visibility,
};
use bastide_api::teams::{NewProject, NewTeam, NewTeamMember, TeamRole};
use bastide_api::users::NewUser;
use bastide_kube::licence::{Authority, LicenceRequest};
use bastide_model::{Clock as _, SystemClock};

use crate::fake_agent::{Alive, FakeAgent};
use crate::hub::{ADMINISTRATOR, Hub, Options, PASSWORD};
use crate::postgres::Postgres;
use crate::wait;

/// The organization that the site administrator acts from. It is public: everybody may read its name and description.
pub const SITE_ORGANIZATION: &str = "operator";
/// The spoke on which both tenants have an organization.
pub const SHARED_SPOKE: &str = "spoke-shared";
/// The cluster that waits for a decision.
pub const ASKING_CLUSTER: &str = "spoke-asking";
/// The hub of every cluster.
pub const HUB: &str = "main";
/// How long an organization may take to be wanted on its spoke.
const WANTED_LIMIT: Duration = Duration::from_secs(30);

/// Everybody and everything.
#[derive(Debug)]
pub struct Cast {
    /// The hub that they are on.
    pub hub: Hub,
    /// The site administrator.
    pub administrator: Person,
    /// The site administrator as a client of the API.
    pub site: Client,
    /// Somebody with an account and no role.
    pub nobody: Person,
    /// One tenant.
    pub a: Side,
    /// The other.
    pub b: Side,
    /// The spoke on which both have an organization.
    pub shared: Spoke,
    /// A cluster that waits for a decision.
    pub asking: ClusterView,
    /// A cluster that had joined, and whose acceptance was taken back.
    pub withdrawn: Spoke,
}

/// Somebody with an account.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// The cookie of a session, `name=value`.
    pub cookie: String,
    /// A personal token that can do whatever they may.
    pub token: String,
}

/// One tenant: an organization, two client organizations beneath it, and a spoke of its own.
#[derive(Debug)]
pub struct Side {
    /// `a` or `b`.
    pub letter: char,
    /// Who owns the organization.
    pub owner: Person,
    /// Who owns the client organization beneath it.
    pub child_owner: Person,
    /// A developer in the only team of the client organization.
    pub member: Person,
    /// The organization: a root.
    pub root: OrganizationView,
    /// A client organization beneath it on the spoke of its own, with a node pool and a gateway.
    pub child: OrganizationView,
    /// A client organization beneath it on the spoke of both, with nothing of its own; somebody else owns it.
    pub annex: OrganizationView,
    /// The spoke of its own.
    pub spoke: Spoke,
    /// The gateway configuration that the client organization uses.
    pub gateway: GatewayConfigurationView,
}

/// A cluster that has joined, with its agent.
#[derive(Debug)]
pub struct Spoke {
    /// As the site administrator saw it when it had joined.
    pub cluster: ClusterView,
    /// Its agent.
    pub agent: FakeAgent,
    /// The secret of the join token that it used.
    pub join_token: String,
    _alive: Option<Alive>,
}

/// The text of a tenant in a field.
pub fn canary(letter: char, field: &str) -> String {
    format!("canary-{letter}-{field}")
}

impl Cast {
    /// Starts a hub and puts everybody on it.
    ///
    /// # Errors
    /// When the hub refuses something.
    pub async fn start() -> Result<Self> {
        Self::on(Options::default()).await
    }

    /// The same on PostgreSQL, which holds transactions to their bounds (HIER-2).
    ///
    /// # Errors
    /// When the hub refuses something, or there is no PostgreSQL.
    pub async fn on_postgres() -> Result<Self> {
        let database = Postgres::shared().await?.create_database().await?;
        Self::on(Options { database: Some(database), ..Options::default() }).await
    }

    async fn on(options: Options) -> Result<Self> {
        let hub = Hub::start(options).await?;
        let site = hub.set_up().await?;
        let administrator = Person::enter(&hub, ADMINISTRATOR, "browser of the site").await?;
        make_public(&site).await?;
        account(&site, "nobody@cast.test", "Nobody").await?;
        let nobody = Person::enter(&hub, "nobody@cast.test", "browser of nobody").await?;
        let shared = Spoke::join(&hub, &site, SHARED_SPOKE, 's').await?;
        let a = Side::make(&hub, &site, 'a').await?;
        let b = Side::make(&hub, &site, 'b').await?;
        for side in [&a, &b] {
            side.spoke.settle(&side.child.id, &canary(side.letter, "child-object")).await?;
            shared.settle(&side.annex.id, &canary(side.letter, "annex-object")).await?;
        }
        let withdrawn = Spoke::join(&hub, &site, "spoke-withdrawn", 's').await?;
        site.withdraw_cluster(&withdrawn.cluster.id).await?;
        let asking = ask(&site, ASKING_CLUSTER).await?;
        Ok(Self { hub, administrator, site, nobody, a, b, shared, asking, withdrawn })
    }
}

impl Person {
    /// Signs somebody in whose account exists, in a browser that calls itself so, and makes them a token.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn enter(hub: &Hub, email: &str, browser: &str) -> Result<Self> {
        let mut visitor = crate::web::Visitor::named(&hub.url(), browser)?;
        visitor.sign_in(email, PASSWORD).await?;
        let token = visitor.new_token(browser).await?;
        let cookie = visitor.cookie().context("a sign-in without a cookie")?.to_owned();
        let me = hub.client(Some(token.clone()))?.me().await?;
        Ok(Self { id: me.user.id, email: email.to_owned(), cookie, token })
    }

    /// A token of theirs that can do only this.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn narrowed(&self, hub: &Hub, permission: &str) -> Result<String> {
        let permissions = Some(vec![permission.to_owned()]);
        let wish = NewToken { name: format!("only {permission}"), days: None, permissions };
        Ok(hub.client(Some(self.token.clone()))?.create_token(&wish).await?.secret)
    }
}

impl Side {
    async fn make(hub: &Hub, site: &Client, letter: char) -> Result<Self> {
        let text = |field: &str| canary(letter, field);
        let address = |who: &str| format!("{}@{letter}.test", text(who));
        for who in ["root-owner", "child-owner", "annex-owner"] {
            account(site, &address(who), &text(&format!("{who}-name"))).await?;
        }
        let owner = Person::enter(hub, &address("root-owner"), &text("root-browser")).await?;
        let child_owner = Person::enter(hub, &address("child-owner"), &text("child-browser")).await?;
        let root = make_root(&hub.client(Some(owner.token.clone()))?, letter).await?;
        let spoke = Spoke::join(hub, site, &text("spoke"), letter).await?;
        let gateway = make_gateway(site, letter).await?;
        let own = (text("spoke"), address("child-owner"), Some(gateway.slug.clone()));
        let child = make_client(site, letter, "child", own).await?;
        let both = (SHARED_SPOKE.to_owned(), address("annex-owner"), None);
        let annex = make_client(site, letter, "annex", both).await?;
        let member = make_team(hub, site, letter, &child.id).await?;
        Ok(Self { letter, owner, child_owner, member, root, child, annex, spoke, gateway })
    }

    /// The organizations, each with its name in what tests say.
    pub fn organizations(&self) -> [(&'static str, &OrganizationView); 3] {
        [("root", &self.root), ("child", &self.child), ("annex", &self.annex)]
    }
}

impl Spoke {
    /// A cluster that joins, is accepted and licensed, and gives signs of life for as long as this is kept.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn join(hub: &Hub, site: &Client, name: &str, letter: char) -> Result<Self> {
        let issued = join_token(site, name).await?;
        let mut agent = FakeAgent::new(&issued.1)?;
        let text = |field: &str| canary(letter, field);
        agent.facts.kubernetes_version = format!("v1.36.0+{}", text("spoke-version"));
        agent.facts.agent_version = text("spoke-agent");
        for capability in &mut agent.facts.capabilities {
            capability.reason = text("spoke-capability");
        }
        let fingerprint = agent.request(&issued.0).await?;
        site.accept_cluster(name, &AcceptCluster { fingerprint }).await?;
        agent.enter().await?;
        let answered = agent.beat(true).await?;
        ensure!(answered.status.is_success(), "a sign of life was refused: {}", answered.body);
        let pem = licence(hub, &agent.uid().to_string(), letter)?;
        site.upload_licence(name, &UploadLicence { pem, force: false }).await?;
        let alive = Some(agent.keep_alive());
        Ok(Self { cluster: site.cluster(name).await?, agent, join_token: issued.0, _alive: alive })
    }

    /// Waits until an organization is wanted here, and says that it is there, with an object of that name.
    async fn settle(&self, organization: &str, object: &str) -> Result<()> {
        let set = wait::until("the organization to be wanted on its spoke", WANTED_LIMIT, async || {
            let sets = self.agent.desired(0).await?.sets;
            Ok(sets.into_iter().find(|set| set.organization == organization && set.content.is_some()))
        });
        let generation = set.await?.generation;
        let there = ObjectStatus {
            api_version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            namespace: String::new(),
            name: object.to_owned(),
            ready: true,
            message: format!("{object}-message"),
        };
        let set = SetStatus {
            organization: organization.to_owned(),
            observed_generation: generation,
            removed: false,
            conditions: vec![condition(&format!("{object}-condition"), generation)],
            objects: vec![there],
        };
        let answered = self.agent.send(agent::STATUS, &Status { sets: vec![set] }).await?;
        ensure!(answered.status.is_success(), "a report was refused: {}", answered.body);
        Ok(())
    }
}

fn condition(message: &str, generation: i64) -> Condition {
    Condition {
        kind: "Ready".to_owned(),
        status: "True".to_owned(),
        reason: "Reconciled".to_owned(),
        message: message.to_owned(),
        observed_generation: generation,
    }
}

async fn account(site: &Client, email: &str, name: &str) -> Result<()> {
    let user = NewUser { email: email.to_owned(), name: name.to_owned(), password: PASSWORD.to_owned() };
    site.create_user(&user).await?;
    Ok(())
}

/// What is public of it is its name and description; its annotations are not.
async fn make_public(site: &Client) -> Result<()> {
    let kept = canary('s', "annotation");
    let new = NewOrganization {
        name: "Operator".into(),
        slug: Some(SITE_ORGANIZATION.into()),
        description: Some("It runs the platform.".into()),
        visibility: Some(Visibility::Public),
        annotations: Some(BTreeMap::from([(kept.clone(), kept)])),
        ..NewOrganization::default()
    };
    site.create_organization(&new).await?;
    Ok(())
}

async fn make_root(owner: &Client, letter: char) -> Result<OrganizationView> {
    let text = |field: &str| canary(letter, field);
    let made = owner
        .create_organization(&NewOrganization {
            name: text("root-name"),
            slug: Some(text("root")),
            description: Some(text("root-description")),
            visibility: Some(Visibility::Private),
            annotations: Some(BTreeMap::from([(text("root-key"), text("root-value"))])),
            parent: None,
        })
        .await?;
    // A change, so that the log has something from before and from after.
    let change =
        OrganizationChange { description: Some(text("root-changed")), ..OrganizationChange::default() };
    Ok(owner.update_organization(&made.id, &made.etag, &change).await?)
}

/// A team of an organization with somebody in it, and a project that it has a role on; both are called by the short name of
/// the client organization that they are in, so that whoever tries names finds them.
async fn make_team(hub: &Hub, site: &Client, letter: char, organization: &str) -> Result<Person> {
    let text = |field: &str| canary(letter, field);
    let slug = Some(text("child"));
    let team =
        NewTeam { name: text("team-name"), slug: slug.clone(), description: Some(text("team-description")) };
    let team = site.create_team(organization, &team).await?.id;
    let project =
        NewProject { name: text("project-name"), slug, description: Some(text("project-description")) };
    let project = site.create_project(organization, &project).await?.id;
    site.set_project_team((organization, &project), &team, TeamRole::Developer).await?;
    let address = format!("{}@{letter}.test", text("team-member"));
    account(site, &address, &text("team-member-name")).await?;
    let member = NewTeamMember { user: address.clone(), role: TeamRole::Developer };
    site.add_team_member((organization, &team), &member).await?;
    Person::enter(hub, &address, &text("team-browser")).await
}

async fn make_gateway(site: &Client, letter: char) -> Result<GatewayConfigurationView> {
    let text = |field: &str| canary(letter, field);
    let listener = Listener {
        name: text("listener"),
        port: 80,
        protocol: ListenerProtocol::Http,
        host_name: None,
        allowed: Vec::new(),
    };
    let new = NewGatewayConfiguration {
        name: text("gateway-name"),
        slug: Some(text("gateway")),
        class: text("gateway-class"),
        listeners: vec![listener],
        addresses: Vec::new(),
        certificates: CertificatePolicy::None,
    };
    Ok(site.create_gateway_configuration(&text("spoke"), &new).await?)
}

/// A client organization on a spoke for somebody, with a node pool and a gateway of its own when there is one.
async fn make_client(
    site: &Client,
    letter: char,
    which: &str,
    (spoke, owner, gateway): (String, String, Option<String>),
) -> Result<OrganizationView> {
    let text = |field: &str| canary(letter, &format!("{which}{field}"));
    let node_pool = gateway.as_ref().map(|_| NodePool {
        labels: BTreeMap::from([(text("-pool"), text("-pool-value"))]),
        tolerations: vec![format!("{}={}:NoSchedule", text("-taint"), text("-taint-value"))],
    });
    let gateway = match gateway {
        Some(configuration) => GatewayChoice::Dedicated { configuration },
        None => GatewayChoice::Shared {},
    };
    let new = NewClientOrganization {
        acting_from: canary(letter, "root"),
        name: text("-name"),
        slug: Some(text("")),
        annotations: Some(BTreeMap::from([(text("-key"), text("-value"))])),
        administrator: Administrator::Existing { user: owner },
        visibility: None,
        plan: Some("business".to_owned()),
        hub: HUB.to_owned(),
        spoke,
        node_pool,
        gateway,
    };
    Ok(site.create_client_organization(&new).await?)
}

/// The secret of a new join token, and the line for the spoke.
async fn join_token(site: &Client, name: &str) -> Result<(String, String)> {
    let wish = NewJoinToken { cluster_name: name.to_owned(), minutes: None };
    let issued = site.create_join_token(HUB, &wish).await?;
    Ok((issued.secret, issued.command))
}

/// A cluster that asks to join, and that nobody decides about.
///
/// # Errors
/// When the hub refuses.
pub async fn ask(site: &Client, name: &str) -> Result<ClusterView> {
    let issued = join_token(site, name).await?;
    FakeAgent::new(&issued.1)?.request(&issued.0).await?;
    Ok(site.cluster(name).await?)
}

/// A licence of the authority that the hub trusts, with the tenant's texts where there is room for them.
fn licence(hub: &Hub, cluster_uid: &str, letter: char) -> Result<String> {
    let now = SystemClock.now();
    let (certificate, key) = hub.licence_authority();
    let authority =
        Authority { certificate_pem: fs::read_to_string(certificate)?, key_pem: fs::read_to_string(key)? };
    let request = LicenceRequest {
        cluster_uids: vec![cluster_uid.to_owned()],
        features: vec!["client-organizations".to_owned(), "databases".to_owned()],
        product_line: canary(letter, "licence-product"),
        tier: canary(letter, "licence-tier"),
        plan: canary(letter, "licence-plan"),
        flags: vec![format!("owner={}", canary(letter, "licence-flag"))],
        not_before: now.plus_seconds(-3600),
        not_after: now.plus_seconds(365 * 86_400),
    };
    bastide_kube::licence::issue(&authority, &request).context("cannot issue a licence")
}
