//! Organizations: create, list, see, change, delete (ORG-1 to ORG-8).

use bastide_authz::action::{
    AssignRole, ChangeChildren, CreateClientOrganization, CreateOrganization, CreatePlacement, CreateProject,
    CreateRole, CreateRootOrganization, CreateTeam, DeleteOrganization, DeletePlacement, LeaveOrganization,
    UpdateHostNames, UpdateOrganization, ViewOrganization,
};
use bastide_authz::{Commons, Permit, WholeTree};
use bastide_model::access::Caller;
use bastide_model::cluster::{Availability, Condition};
use bastide_model::error::FieldErrors;
use bastide_model::gateway::{GatewayChoice, GatewayConfiguration};
use bastide_model::host_name::HostSuffix;
use bastide_model::names::{Annotations, Description, DisplayName, Slug};
use bastide_model::organization::{self, NewOrganization, Organization, OrganizationState, Visibility};
use bastide_model::placement::ReportedObject;
use bastide_model::plan::Plan;
use bastide_model::{
    AssignmentId, AuditId, ClusterId, Error, OrganizationId, PlanId, RealmId, Result, Timestamp, UserId,
};
use bastide_store::{PlacementStatus, Tx};
use serde_json::json;

pub use crate::organization_lists::{beneath, children, list};
use crate::state::App;
use crate::{clusters, licences, people, tree};

/// An organization as one caller sees it.
#[derive(Debug, Clone)]
pub struct Details {
    /// The organization.
    pub organization: Organization,
    /// Its plan.
    pub plan: Plan,
    /// The host names that it owns.
    pub host_names: Vec<HostSuffix>,
    /// Whether the caller sees the organization above it.
    pub parent_visible: bool,
    /// The caller's role in it.
    pub role: Option<&'static str>,
    /// What the caller may do with it.
    pub actions: Vec<&'static str>,
    /// The revision that the answer comes from.
    pub revision: i64,
}

/// Changes to an organization; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// What people read.
    pub name: Option<DisplayName>,
    /// A longer text.
    pub description: Option<Description>,
    /// Who sees that it exists.
    pub visibility: Option<Visibility>,
    /// All annotations that it should have.
    pub annotations: Option<Annotations>,
}

/// An organization on one cluster, with what is known of the cluster.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where, what should be, what is.
    pub status: PlacementStatus,
    /// The cluster.
    pub cluster: bastide_model::cluster::Cluster,
    /// Whether it answers; unknown of one that does not belong to the hub now.
    pub availability: Availability,
    /// That its licence does not hold, in words for tenants.
    pub unlicensed: Option<Condition>,
    /// The configuration of its own gateway, when it has one.
    pub gateway: Option<GatewayConfiguration>,
    /// Names of the organization's namespaces.
    pub namespaces: Vec<String>,
}

/// The organization that an id or a slug names. A slug is looked for in the caller's realm, then in the others that the
/// caller sees.
///
/// # Errors
/// [`Error::NotFound`] when there is none for the caller.
pub async fn resolve(app: &App, caller: &Caller, name: &str) -> Result<OrganizationId> {
    let candidates = if let Ok(id) = name.parse::<OrganizationId>() {
        vec![id]
    } else {
        let mut found = app.read(caller).await?.organizations_by_slug(name).await?;
        found.sort_by_key(|(realm, id)| (*realm != caller.realm, *id));
        found.into_iter().map(|(_, id)| id).collect()
    };
    candidates
        .into_iter()
        .find(|id| app.authorize::<ViewOrganization>(caller, *id).is_ok())
        .ok_or(Error::NotFound)
}

/// Creates an organization, beneath a parent or at the root; the creator owns it (ORG-3).
///
/// # Errors
/// Those of [`App::authorize`], [`Error::LimitExceeded`], [`Error::Conflict`] `slug_taken`.
pub async fn create(
    app: &App,
    caller: &Caller,
    parent: Option<OrganizationId>,
    input: NewOrganization,
) -> Result<Details> {
    let id = match parent {
        None => {
            let authorize = || app.authorize::<CreateRootOrganization>(caller, Commons(caller.realm));
            store_new(app, authorize, caller.user, None, &input).await?
        }
        Some(parent) => {
            let authorize = || app.authorize::<CreateOrganization>(caller, parent);
            store_new(app, authorize, caller.user, Some(parent), &input).await?
        }
    };
    view(app, caller, id).await
}

async fn store_new<A: bastide_store::Creates>(
    app: &App,
    authorize: impl Fn() -> Result<Permit<A>>,
    owner: UserId,
    parent: Option<OrganizationId>,
    input: &NewOrganization,
) -> Result<OrganizationId> {
    let within = authorize()?;
    let (now, realm) = (app.now(), within.realm());
    let mut tx = app.write(&WholeTree(&within)).await?;
    if let Some(parent) = parent {
        tree::admit_child(&mut tx, realm, parent).await?;
        app.follow_in(&mut tx).await?;
    }
    // What was decided while others held the parent counts (E-30).
    let permit = authorize()?;
    let id = found(app, &mut tx, &permit, owner, (input, now)).await?;
    app.publish(tx.commit().await?).await?;
    Ok(id)
}

/// Makes an organization on the realm's default plan where the permit is for, in a transaction that may do more: its owner
/// has a home in it when they have none yet.
pub(crate) async fn found<A: bastide_store::Creates>(
    app: &App,
    tx: &mut Tx,
    permit: &Permit<A>,
    owner: UserId,
    (input, now): (&NewOrganization, Timestamp),
) -> Result<OrganizationId> {
    let (realm, parent) = (permit.realm(), permit.organization());
    let plan = plan_for(tx, realm, None).await?;
    let organization = prepare(app, tx, input, (realm, parent), plan.id, now).await?;
    let ids = (AssignmentId::fresh(app.ids()), AuditId::fresh(app.ids()));
    tx.create_organization(permit, &organization, owner, ids).await?;
    tx.user_home_default(owner, organization.id).await?;
    tx.outbox_put(app.ids(), "organization.created", json!({"organization": organization.id}), now).await?;
    Ok(organization.id)
}

/// The realm's plan with a slug, or its default plan.
pub(crate) async fn plan_for(tx: &mut Tx, realm: RealmId, slug: Option<&str>) -> Result<Plan> {
    let plans = tx.plans_of(realm).await?;
    let found = plans.iter().find(|plan| slug.map_or(plan.is_default, |slug| plan.slug.as_str() == slug));
    found.cloned().ok_or_else(|| {
        let known = plans.iter().map(|plan| plan.slug.as_str()).collect::<Vec<_>>().join(", ");
        Error::field("/plan", format!("it is not a plan of this realm: {known}"))
    })
}

/// A new organization with its id and the base of its namespaces.
pub(crate) async fn prepare(
    app: &App,
    tx: &mut Tx,
    input: &NewOrganization,
    (realm, parent): (RealmId, Option<OrganizationId>),
    plan: PlanId,
    now: Timestamp,
) -> Result<Organization> {
    let id = OrganizationId::fresh(app.ids());
    let namespace_base = tx.namespace_base_choose(&input.slug, id).await?;
    Ok(Organization {
        id,
        realm,
        parent,
        slug: input.slug.clone(),
        name: input.name.clone(),
        description: input.description.clone(),
        kind: input.kind,
        visibility: input.visibility,
        annotations: input.annotations.clone(),
        namespace_base,
        plan,
        state: OrganizationState::Active,
        created_at: now,
        revision: 1,
    })
}

/// One organization.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn view(app: &App, caller: &Caller, id: OrganizationId) -> Result<Details> {
    let permit = app.authorize::<ViewOrganization>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let organization = tx.organization_view(&permit).await?;
    detail(app, &mut tx, caller, organization).await
}

/// An organization as the caller sees it, whether they still do or not.
pub(crate) async fn detail(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    organization: Organization,
) -> Result<Details> {
    let plan = tx.plan(organization.realm, organization.plan).await?;
    let host_names = tx.host_names_of(organization.id).await?;
    Ok(described(app, caller, organization, plan, host_names))
}

pub(crate) fn described(
    app: &App,
    caller: &Caller,
    organization: Organization,
    plan: Plan,
    host_names: Vec<HostSuffix>,
) -> Details {
    let (id, now) = (organization.id, app.now());
    let parent_visible =
        organization.parent.is_some_and(|parent| app.authorize::<ViewOrganization>(caller, parent).is_ok());
    let (role, revision) = app.graph(|graph| (graph.role_at(caller.user, id, now), graph.revision()));
    let actions = offered(app, caller, &organization);
    Details { organization, plan, host_names, parent_visible, role, actions, revision }
}

/// What the caller may do with an organization, asked of the same code that decides when they do it.
fn offered(app: &App, caller: &Caller, organization: &Organization) -> Vec<&'static str> {
    if organization.state != OrganizationState::Active {
        return Vec::new();
    }
    let id = organization.id;
    let realm = bastide_authz::Realm(organization.realm);
    let work = organization.kind == organization::Kind::Work;
    [
        ("update", app.authorize::<UpdateOrganization>(caller, id).is_ok()),
        ("update_host_names", app.authorize::<UpdateHostNames>(caller, id).is_ok()),
        ("move", tree::may_leave(app, caller, organization)),
        ("move_beneath", app.authorize::<ChangeChildren>(caller, id).is_ok()),
        ("delete", app.authorize::<DeleteOrganization>(caller, id).is_ok()),
        ("create_role", app.authorize::<CreateRole>(caller, id).is_ok()),
        ("create_team", app.authorize::<CreateTeam>(caller, id).is_ok()),
        ("create_project", app.authorize::<CreateProject>(caller, id).is_ok()),
        ("assign", app.authorize::<AssignRole>(caller, id).is_ok()),
        (
            "leave",
            app.graph(|graph| graph.can_leave(caller.user, id))
                && app.authorize::<LeaveOrganization>(caller, id).is_ok(),
        ),
        ("create_beneath", app.authorize::<CreateOrganization>(caller, id).is_ok()),
        (
            "create_client_organization",
            work && app.authorize::<CreateClientOrganization>(caller, realm).is_ok(),
        ),
        ("create_placement", work && app.authorize::<CreatePlacement>(caller, id).is_ok()),
        ("delete_placement", app.authorize::<DeletePlacement>(caller, id).is_ok()),
    ]
    .into_iter()
    .filter_map(|(name, may)| may.then_some(name))
    .collect()
}

/// Changes an organization, if it is still as the caller last saw it (ORG-7).
///
/// # Errors
/// Those of [`App::authorize`], [`Error::Stale`], [`Error::Conflict`] while it is being deleted.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    seen: i64,
    change: Change,
) -> Result<Details> {
    let within = app.authorize::<UpdateOrganization>(caller, id)?;
    let mut tx = app.write(&within).await?;
    let before = people::hold(app, &mut tx, id).await?;
    let permit = app.authorize::<UpdateOrganization>(caller, id)?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    let mut after = before.clone();
    after.name = change.name.unwrap_or(after.name);
    after.description = change.description.unwrap_or(after.description);
    after.visibility = change.visibility.unwrap_or(after.visibility);
    after.annotations = change.annotations.unwrap_or(after.annotations);
    tx.organization_update(&permit, (&before, &after), app.audit()).await?;
    app.publish(tx.commit().await?).await?;
    view(app, caller, id).await
}

pub(crate) fn refuse_deleting(organization: &Organization) -> Result<()> {
    if organization.state == OrganizationState::Active {
        return Ok(());
    }
    let detail = format!("{} is {} and cannot be changed any more.", organization.slug, organization.state);
    Err(Error::conflict("already_deleting", detail))
}

/// Begins the deletion of an organization (ORG-8): refused with the list of blockers, confirmed by the typed slug.
///
/// # Errors
/// Those of [`App::authorize`] and of [`organization::admit_deletion`], [`Error::Stale`].
pub async fn delete(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    seen: i64,
    typed: &str,
) -> Result<Details> {
    let within = app.authorize::<DeleteOrganization>(caller, id)?;
    let (audit, now) = app.audit();
    let mut tx = app.write(&within).await?;
    let before = tx.organization_lock(id).await?;
    app.follow_in(&mut tx).await?;
    let permit = app.authorize::<DeleteOrganization>(caller, id)?;
    let blockers = tree::blockers(app, &mut tx, caller, id).await?;
    organization::admit_deletion(&before, typed, &blockers)?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    tx.organization_delete(&permit, &before, (audit, now)).await?;
    tx.outbox_put(app.ids(), "organization.deleting", json!({"organization": id}), now).await?;
    // What runs nowhere is taken down at once, so that after the commit there may be nothing left to look at.
    let after = tx.organization(id).await?;
    let mut details = detail(app, &mut tx, caller, after).await?;
    details.revision = app.publish(tx.commit().await?).await?;
    Ok(details)
}

/// Where an organization runs and how far that has come.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn placements(app: &App, caller: &Caller, id: OrganizationId) -> Result<Vec<Placed>> {
    let permit = app.authorize::<ViewOrganization>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    placed(app, &mut tx, &permit).await
}

/// The same within a transaction.
pub(crate) async fn placed(app: &App, tx: &mut Tx, permit: &Permit<ViewOrganization>) -> Result<Vec<Placed>> {
    let namespaces = tx.organization_namespaces(permit).await?;
    let mut placed = Vec::new();
    for status in tx.placement_list(permit).await? {
        let cluster = tx.cluster(status.placement.cluster).await?;
        let gateway = match &status.placement.gateway {
            GatewayChoice::Shared => None,
            GatewayChoice::Dedicated { configuration } => Some(tx.gateway(*configuration).await?),
        };
        let availability = clusters::shown_availability(app, &cluster);
        let (unlicensed, namespaces) = (licences::unlicensed(app, tx, &cluster).await?, namespaces.clone());
        placed.push(Placed { status, cluster, availability, unlicensed, gateway, namespaces });
    }
    Ok(placed)
}

/// Which of an organization's objects are asked for; what is absent asks for all.
#[derive(Debug, Clone, Default)]
pub struct ResourceFilter {
    /// Id or name of the cluster.
    cluster: Option<String>,
    /// Their kind, in whatever case.
    kind: Option<String>,
    /// Whether they are as they should be.
    ready: Option<bool>,
}

/// Longest word that objects are chosen by, in characters.
const FILTER_CHARS_MAX: usize = 100;

/// An object of an organization on a cluster.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The cluster.
    pub cluster: ClusterId,
    /// The cluster's name.
    pub cluster_name: Slug,
    /// The object.
    pub object: ReportedObject,
    /// When the cluster spoke of it.
    pub reported_at: Timestamp,
}

/// Everything that Bastide put on clusters for an organization, as the clusters said last (FLEET-9), by cluster, kind and
/// name. Nothing of any other organization.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn resources(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    filter: &ResourceFilter,
) -> Result<Vec<Resource>> {
    let permit = app.authorize::<ViewOrganization>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let mut resources = Vec::new();
    for status in tx.placement_list(&permit).await? {
        let cluster = tx.cluster(status.placement.cluster).await?;
        let is_meant = |named: &String| named == cluster.name.as_str() || *named == cluster.id.to_string();
        if !filter.cluster.as_ref().is_none_or(is_meant) {
            continue;
        }
        let Some(reported_at) = status.report.reported_at else { continue };
        resources.extend(status.report.objects.into_iter().filter(|object| filter.admits(object)).map(
            |object| Resource {
                cluster: cluster.id,
                cluster_name: cluster.name.clone(),
                object,
                reported_at,
            },
        ));
    }
    resources.sort_by(|one, other| one.place().cmp(&other.place()));
    Ok(resources)
}

impl ResourceFilter {
    /// Checks what a caller asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `cluster` or `kind`.
    pub fn new(cluster: Option<String>, kind: Option<String>, ready: Option<bool>) -> Result<Self> {
        for (name, word) in [("cluster", &cluster), ("kind", &kind)] {
            let is_word = |word: &String| {
                (1..=FILTER_CHARS_MAX).contains(&word.chars().count()) && !word.contains('\0')
            };
            if !word.as_ref().is_none_or(is_word) {
                let problem = format!("it has 1 to {FILTER_CHARS_MAX} characters, none of them NUL");
                return Err(Error::field(name, problem));
            }
        }
        Ok(Self { cluster, kind, ready })
    }

    fn admits(&self, object: &ReportedObject) -> bool {
        self.kind.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case(&object.kind))
            && self.ready.is_none_or(|ready| ready == object.ready)
    }
}

impl Resource {
    /// Where it is in a list.
    fn place(&self) -> (&str, &str, &str, &str) {
        (self.cluster_name.as_str(), &self.object.kind, &self.object.namespace, &self.object.name)
    }
}

/// The fields of a new organization, read together so that all mistakes are told at once.
///
/// # Errors
/// [`Error::Invalid`] naming each field.
pub fn read_new(
    name: &str,
    slug: Option<&str>,
    description: Option<&str>,
    visibility: Option<Visibility>,
    annotations: Option<std::collections::BTreeMap<String, String>>,
) -> Result<NewOrganization> {
    let mut errors = FieldErrors::default();
    let name = errors.take("/name", name.parse::<DisplayName>());
    let slug = match (slug, &name) {
        (Some(slug), _) => errors.take("/slug", slug.parse()),
        (None, None) => None,
        (None, Some(name)) => bastide_model::names::Slug::from_name(name).or_else(|| {
            errors.push(
                "/slug",
                "no slug can be made from the name, or that one is reserved; give one of a–z, 0–9 and `-`",
            );
            None
        }),
    };
    let description = errors.take("/description", description.unwrap_or_default().parse::<Description>());
    let annotations = errors.take("/annotations", Annotations::try_from(annotations.unwrap_or_default()));
    errors.finish()?;
    let (Some(name), Some(slug), Some(description), Some(annotations)) =
        (name, slug, description, annotations)
    else {
        return Err(Error::internal("a field is missing without an error"));
    };
    let visibility = visibility.unwrap_or(Visibility::Private);
    Ok(NewOrganization { name, slug, description, kind: organization::Kind::Work, visibility, annotations })
}
