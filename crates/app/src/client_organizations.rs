//! Client organizations: three steps, every precondition checked together, again at commit (FLEET-4).

use bastide_authz::action::{CreateClientOrganization, ViewCluster, ViewOrganization};
use bastide_authz::{Permit, Realm};
use bastide_model::access::Caller;
use bastide_model::cluster::Cluster;
use bastide_model::gateway::GatewayChoice;
use bastide_model::labels::NodePool;
use bastide_model::names::{Email, Slug};
use bastide_model::organization::{NewOrganization, Organization};
use bastide_model::placement::Placement;
use bastide_model::preconditions::{
    AdministratorFacts, Facts, GatewayFacts, PreconditionResult, SpokeFacts, evaluate,
};
use bastide_model::user::{Access, User};
use bastide_model::{
    AssignmentId, AuditId, ClusterId, Error, GatewayConfigurationId, HubId, OrganizationId, RealmId, Result,
    UserId,
};
use bastide_store::Tx;
use serde_json::json;

use crate::organizations::{self, Details};
use crate::state::App;
use crate::users::NewUser;
use crate::{clusters, identity, licences};

/// What is known so far of a client organization; what is absent was not chosen yet.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The organization that the caller acts from, id or slug.
    pub acting_from: Option<String>,
    /// Short name.
    pub slug: Option<Slug>,
    /// The administrator.
    pub administrator: Option<AdministratorChoice>,
    /// The hub, id or slug.
    pub hub: Option<String>,
    /// The spoke, id or name.
    pub spoke: Option<String>,
    /// The node pool, when one is wanted.
    pub node_pool: Option<NodePool>,
    /// The gateway.
    pub gateway: Option<GatewayWish>,
}

/// Who will own the organization.
#[derive(Debug, Clone)]
pub enum AdministratorChoice {
    /// Somebody with an account: address or id.
    Existing(String),
    /// Somebody whose account is created together with the organization, by address.
    New(Email),
}

/// Which gateway is wanted.
#[derive(Debug, Clone)]
pub enum GatewayWish {
    /// The spoke's own.
    Shared,
    /// One of the spoke's configurations: id or slug.
    Dedicated(String),
}

/// A client organization to be created; checked already.
#[derive(Debug, Clone)]
pub struct NewClientOrganization {
    /// Basic info.
    pub organization: NewOrganization,
    /// Slug of its plan.
    pub plan: Option<String>,
    /// The account of the administrator, when it is to be created.
    pub new_administrator: Option<NewUser>,
    /// Everything that preconditions are about.
    pub draft: Draft,
}

/// What was found of a draft.
#[derive(Default)]
pub(crate) struct Found {
    acting: Option<Organization>,
    administrator: Option<User>,
    pub(crate) spoke: Option<Cluster>,
    pub(crate) gateway: Option<GatewayConfigurationId>,
}

/// Whether a client organization could be created, precondition by precondition.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn check(app: &App, caller: &Caller, draft: &Draft) -> Result<Vec<PreconditionResult>> {
    app.authorize::<CreateClientOrganization>(caller, Realm(caller.realm))?;
    let mut tx = app.read(caller).await?;
    let (facts, _) = gather(app, &mut tx, caller, draft).await?;
    Ok(evaluate(&facts))
}

/// Creates a client organization on a spoke, with its administrator as owner (FLEET-4).
///
/// # Errors
/// Those of [`App::authorize`]; [`Error::Preconditions`] with every precondition when any does not hold.
pub async fn create(app: &App, caller: &Caller, input: NewClientOrganization) -> Result<Details> {
    app.authorize::<CreateClientOrganization>(caller, Realm(caller.realm))?;
    let password = match &input.new_administrator {
        Some(account) => Some(app.passwords().hash(account.password.clone()).await?),
        None => None,
    };
    let mut tx = app.write(caller).await?;
    let (facts, found) = gather(app, &mut tx, caller, &input.draft).await?;
    let results = evaluate(&facts);
    if results.iter().any(PreconditionResult::is_failed) {
        return Err(Error::Preconditions { results });
    }
    let (Some(acting), Some(spoke)) = (found.acting.as_ref(), found.spoke.as_ref()) else {
        return Err(Error::Preconditions { results });
    };
    let permit = app.authorize::<CreateClientOrganization>(caller, Realm(acting.realm))?;
    tx.tree_hold(acting.realm).await?;
    tx.tree_admit(None, Some(acting.id)).await?;
    let owner = administrator(app, &mut tx, &permit, &input, &found, password).await?;
    let placement = (spoke.id, found.gateway);
    let id = store(app, &mut tx, &permit, &input, acting, owner, placement).await?;
    app.publish(tx.commit().await?).await?;
    organizations::view(app, caller, id).await
}

async fn administrator(
    app: &App,
    tx: &mut Tx,
    permit: &Permit<CreateClientOrganization>,
    input: &NewClientOrganization,
    found: &Found,
    password_hash: Option<String>,
) -> Result<UserId> {
    match (&input.new_administrator, password_hash, &found.administrator) {
        (Some(account), Some(hash), _) => {
            let (audit, now) = app.audit();
            let user =
                identity::new_user(app, permit.realm(), account.email.clone(), account.name.clone(), now);
            tx.user_create(permit, &user, &hash, audit).await?;
            Ok(user.id)
        }
        (None, _, Some(user)) => Ok(user.id),
        _ => Err(Error::field("/administrator", "choose an existing account or give a new one")),
    }
}

async fn store(
    app: &App,
    tx: &mut Tx,
    permit: &Permit<CreateClientOrganization>,
    input: &NewClientOrganization,
    acting: &Organization,
    owner: UserId,
    (cluster, gateway): (ClusterId, Option<GatewayConfigurationId>),
) -> Result<OrganizationId> {
    let now = app.now();
    let realm = permit.realm();
    let plan = organizations::plan_for(tx, realm, input.plan.as_deref()).await?;
    let organization =
        organizations::prepare(app, tx, &input.organization, (realm, Some(acting.id)), plan.id, now).await?;
    let ids = (AssignmentId::fresh(app.ids()), AuditId::fresh(app.ids()));
    tx.create_organization(permit, &organization, owner, ids).await?;
    tx.user_home_default(owner, organization.id).await?;
    let gateway =
        gateway.map_or(GatewayChoice::Shared, |configuration| GatewayChoice::Dedicated { configuration });
    let node_pool = input.draft.node_pool.clone();
    let placement = Placement {
        organization: organization.id,
        cluster,
        node_pool,
        gateway,
        created_at: now,
        leaving: None,
    };
    tx.placement_create(permit, realm, &placement).await?;
    let payload = json!({"organization": organization.id, "cluster": cluster});
    tx.outbox_put(app.ids(), "organization.created", payload, now).await?;
    Ok(organization.id)
}

/// Looks up everything that the preconditions are about.
pub(crate) async fn gather(app: &App, tx: &mut Tx, caller: &Caller, draft: &Draft) -> Result<(Facts, Found)> {
    let mut found = Found::default();
    let acting = match &draft.acting_from {
        None => None,
        Some(name) => {
            found.acting = acting_organization(app, tx, caller, name).await?;
            Some(found.acting.as_ref().map(|one| (one.kind, one.state)))
        }
    };
    let realm = found.acting.as_ref().map_or(caller.realm, |one| one.realm);
    let administrator = match &draft.administrator {
        None => None,
        Some(choice) => Some(administrator_facts(tx, realm, choice, &mut found).await?),
    };
    let slug = match &draft.slug {
        None => None,
        Some(slug) => Some((slug.to_string(), tx.slug_free(realm, slug).await?)),
    };
    let hub = find_hub(tx, draft.hub.as_deref()).await?;
    let spoke = match &draft.spoke {
        None => None,
        Some(name) => {
            found.spoke = find_spoke(app, tx, caller, name).await?;
            let chosen = hub.flatten();
            Some(match &found.spoke {
                Some(cluster) => Some(spoke_facts(app, tx, cluster, chosen).await?),
                None => None,
            })
        }
    };
    let gateway = match &draft.gateway {
        None => None,
        Some(GatewayWish::Shared) => Some(GatewayFacts::Shared),
        // Whose it would have to be is known once there is a spoke.
        Some(GatewayWish::Dedicated(_)) if draft.spoke.is_none() => None,
        Some(GatewayWish::Dedicated(name)) => Some(dedicated_facts(tx, name, &mut found).await?),
    };
    let node_pool = draft.spoke.is_some().then(|| draft.node_pool.clone());
    let hub = hub.map(|hub| hub.is_some());
    Ok((Facts { acting, administrator, slug, hub, spoke, node_pool, gateway, placed: None }, found))
}

async fn acting_organization(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    name: &str,
) -> Result<Option<Organization>> {
    let candidates = match name.parse::<OrganizationId>() {
        Ok(id) => vec![id],
        Err(_) => tx.organizations_by_slug(name).await?.into_iter().map(|(_, id)| id).collect(),
    };
    for id in candidates {
        if app.authorize::<ViewOrganization>(caller, id).is_ok() {
            return Ok(Some(tx.organization(id).await?));
        }
    }
    Ok(None)
}

async fn administrator_facts(
    tx: &mut Tx,
    realm: RealmId,
    choice: &AdministratorChoice,
    found: &mut Found,
) -> Result<AdministratorFacts> {
    match choice {
        AdministratorChoice::New(email) => Ok(match tx.user_by_email(realm, email).await? {
            Some(holder) => AdministratorFacts::AddressTaken { active: holder.access != Access::Disabled },
            None => AdministratorFacts::CreatedInPlace,
        }),
        AdministratorChoice::Existing(name) => {
            let user = match (name.parse::<UserId>(), name.parse::<Email>()) {
                (Ok(id), _) => tx.user(id).await.ok().filter(|user| user.realm == realm),
                (_, Ok(email)) => tx.user_by_email(realm, &email).await?,
                _ => None,
            };
            let facts = user
                .as_ref()
                .map_or(AdministratorFacts::Missing, |user| AdministratorFacts::Exists(user.access));
            found.administrator = user;
            Ok(facts)
        }
    }
}

/// The outer `Option`: whether a hub was named; the inner one: whether it is one.
async fn find_hub(tx: &mut Tx, name: Option<&str>) -> Result<Option<Option<HubId>>> {
    let Some(name) = name else { return Ok(None) };
    let id = name.parse::<HubId>().ok();
    let hubs = tx.hubs().await?;
    Ok(Some(hubs.into_iter().find(|hub| Some(hub.id) == id || hub.slug.as_str() == name).map(|hub| hub.id)))
}

async fn find_spoke(app: &App, tx: &mut Tx, caller: &Caller, name: &str) -> Result<Option<Cluster>> {
    let candidates = match name.parse::<ClusterId>() {
        Ok(id) => vec![id],
        Err(_) => tx.clusters_by_name(name).await?,
    };
    match candidates.into_iter().find(|id| app.authorize::<ViewCluster>(caller, *id).is_ok()) {
        Some(id) => tx.cluster(id).await.map(Some),
        None => Ok(None),
    }
}

async fn spoke_facts(app: &App, tx: &mut Tx, cluster: &Cluster, hub: Option<HubId>) -> Result<SpokeFacts> {
    let licence = licences::verdict(app, tx, cluster).await?;
    Ok(SpokeFacts {
        name: cluster.name.to_string(),
        of_chosen_hub: hub.is_none_or(|hub| hub == cluster.hub),
        membership: cluster.membership,
        availability: clusters::availability(app, cluster),
        licence,
        cleaning: cluster.cleaning_since.is_some(),
        confinement: cluster.facts.can("ValidatingAdmissionPolicy"),
        node_pools: cluster.facts.can("MutatingAdmissionPolicy"),
    })
}

async fn dedicated_facts(tx: &mut Tx, name: &str, found: &mut Found) -> Result<GatewayFacts> {
    let Some(spoke) = &found.spoke else { return Ok(GatewayFacts::Configuration { available: false }) };
    let id = name.parse::<GatewayConfigurationId>().ok();
    let all = tx.gateways_of(spoke.id).await?;
    found.gateway =
        all.into_iter().find(|one| Some(one.id) == id || one.slug.as_str() == name).map(|one| one.id);
    Ok(GatewayFacts::Configuration { available: found.gateway.is_some() })
}
