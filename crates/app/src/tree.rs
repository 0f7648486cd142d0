//! The tree of organizations: what may be beneath what, moves with their preview (HIER-4), and what blocks a deletion
//! (ORG-8).

use std::collections::{BTreeMap, BTreeSet};

use bastide_authz::action::{
    ChangeChildren, CreateRootOrganization, DeleteOrganization, MoveOrganization, ViewMembers,
    ViewOrganization, ViewProject,
};
use bastide_authz::{Commons, Moving, Permit, Shift, WholeTree};
use bastide_model::access::Caller;
use bastide_model::organization::{Blocker, BlockerKind, Blockers, Organization};
use bastide_model::permission::PermissionSet;
use bastide_model::user::User;
use bastide_model::{Error, OrganizationId, Permission, RealmId, Result, plan};
use bastide_store::{Arrival, Departure, Tx};
use serde_json::json;

use crate::organizations::{Details, detail, refuse_deleting};
use crate::people;
use crate::state::App;

/// Rows of a preview that name somebody; more are counted.
const ROWS_MAX: usize = 200;
/// Organizations that one row of a preview names; more are counted.
const ORGANIZATIONS_MAX: usize = 20;

/// What a move would do, before it happens (HIER-4).
#[derive(Debug, Clone)]
pub struct Preview {
    /// What would move, with everything beneath it.
    pub organization: Organization,
    /// What it is beneath now, when the caller sees that.
    pub from: Option<Organization>,
    /// What it would be beneath; none for the root.
    pub to: Option<Organization>,
    /// How many organizations would move that the caller sees.
    pub organizations: usize,
    /// How deep the deepest of them would lie, counted from the topmost organization above that the caller sees.
    pub depth: usize,
    /// Who would gain and lose what, where the caller may see why.
    pub rows: Vec<Row>,
    /// How many rows there are besides.
    pub rows_left_out: usize,
}

/// What one person would gain and lose, at organizations where it is the same.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who.
    pub user: User,
    /// Their role before.
    pub role_before: Option<&'static str>,
    /// Their role afterwards.
    pub role_after: Option<&'static str>,
    /// What they could do only afterwards.
    pub gained: PermissionSet,
    /// What they could do only before.
    pub lost: PermissionSet,
    /// Where, as far as the caller sees it; at most a handful.
    pub organizations: Vec<Organization>,
    /// At how many organizations.
    pub total: usize,
}

/// The proofs that a move is allowed.
struct Permits {
    moving: Permit<MoveOrganization>,
    from: From,
    to: To,
}

enum From {
    Parent(Permit<ChangeChildren>),
    Root(Permit<DeleteOrganization>),
}

enum To {
    Parent(Permit<ChangeChildren>),
    Root(Permit<CreateRootOrganization>),
}

impl Permits {
    fn places(&self) -> (Departure<'_>, Arrival<'_>) {
        let from = match &self.from {
            From::Parent(permit) => Departure::Parent(permit),
            From::Root(permit) => Departure::Root(permit),
        };
        let to = match &self.to {
            To::Parent(permit) => Arrival::Parent(permit),
            To::Root(permit) => Arrival::Root(permit),
        };
        (from, to)
    }
}

/// May the caller take the organization away from where it is? Its parent's say when it has one, its owner's otherwise.
pub(crate) fn may_leave(app: &App, caller: &Caller, organization: &Organization) -> bool {
    leaving(app, caller, organization.id, organization.parent).is_ok()
}

fn leaving(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    parent: Option<OrganizationId>,
) -> Result<(Permit<MoveOrganization>, From)> {
    let moving = app.authorize::<MoveOrganization>(caller, id)?;
    let from = match parent {
        // A parent that the caller does not see is not named; that the move is not theirs to make is all they learn.
        Some(parent) => From::Parent(app.authorize(caller, parent).map_err(|error| match error {
            Error::NotFound => Error::Forbidden { permission: Permission::OrganizationsMove },
            other => other,
        })?),
        // A role with every permission in it is not its owner's: whoever takes a tree away gets it for good (E-19).
        None if !disposes_of(app, caller, id)? => {
            return Err(Error::Forbidden { permission: Permission::OrganizationsMove });
        }
        None => From::Root(app.authorize(caller, id)?),
    };
    Ok((moving, from))
}

fn disposes_of(app: &App, caller: &Caller, id: OrganizationId) -> Result<bool> {
    let now = app.now();
    app.graph(|graph| graph.disposes_of(caller, id, now))
}

fn permits(
    app: &App,
    caller: &Caller,
    organization: &Organization,
    to: Option<OrganizationId>,
) -> Result<Permits> {
    let (moving, from) = leaving(app, caller, organization.id, organization.parent)?;
    let to = match to {
        Some(to) => To::Parent(app.authorize(caller, to)?),
        None => To::Root(app.authorize(caller, Commons(organization.realm))?),
    };
    Ok(Permits { moving, from, to })
}

/// Whoever moves an organization gains nothing by it (E-28): what they would hold of it afterwards they hold before. And they
/// give nobody and take from nobody what they do not hold themselves, wherever it moves (HIER-4, ROLE-7), unless they
/// administer the realm.
fn refuse_gain(
    app: &App,
    caller: &Caller,
    organization: &Organization,
    to: Option<OrganizationId>,
) -> Result<()> {
    let now = app.now();
    let administers = app.graph(|graph| graph.administers_realm(caller, organization.id))?;
    let own = app.graph(|graph| graph.moving(organization.id, to, Some(caller.user), now)).shifts();
    let gained = own.iter().map(Shift::gained).fold(PermissionSet::EMPTY, PermissionSet::union);
    people::refuse_lacking(gained)?;
    if administers {
        return Ok(());
    }
    let changed = app.graph(|graph| graph.moving(organization.id, to, None, now)).changed();
    people::refuse_lacking(app.graph(|graph| graph.lacks_to_move(caller, &changed, now))?)
}

/// One more child, under the parent's lock (PLAN-2, HIER-1).
pub(crate) async fn admit_child(tx: &mut Tx, realm: RealmId, parent: OrganizationId) -> Result<()> {
    tx.tree_hold(realm).await?;
    tx.organization_lock(parent).await?;
    tx.tree_admit(None, Some(parent)).await?;
    admit_by_plan(tx, parent).await
}

/// Whether the parent's plan lets one more be beneath it.
async fn admit_by_plan(tx: &mut Tx, parent: OrganizationId) -> Result<()> {
    let above = tx.organization(parent).await?;
    let plan = tx.plan(above.realm, above.plan).await?;
    let used = tx.organization_children(parent).await?.len() as u64;
    plan::admit_one_more("sub_organizations", used, plan.limits.sub_organizations, &plan)
}

/// Moves an organization with everything beneath it under another, or to the root of its realm (HIER-4), if it is still as
/// the caller last saw it.
///
/// # Errors
/// Those of [`App::authorize`], also where the caller would gain by it; [`Error::Stale`]; those of
/// [`Tx::organization_move`]; [`Error::LimitExceeded`] by the plan of the new parent.
pub async fn relocate(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    seen: i64,
    to: Option<OrganizationId>,
) -> Result<Details> {
    let permit = app.authorize::<MoveOrganization>(caller, id)?;
    let audit = app.audit();
    let mut tx = app.write(&WholeTree(&permit)).await?;
    tx.tree_hold(permit.realm()).await?;
    let rows: BTreeSet<_> = [Some(id), to].into_iter().flatten().collect();
    for row in rows {
        tx.organization_lock(row).await?;
    }
    // What was decided until now counts (E-30).
    app.follow_in(&mut tx).await?;
    let before = tx.organization(id).await?;
    let permits = permits(app, caller, &before, to)?;
    refuse_deleting(&before)?;
    if before.revision != seen {
        return Err(Error::Stale);
    }
    admit(app, &mut tx, caller, &before, to).await?;
    tx.organization_move(&permits.moving, &before, permits.places(), audit).await?;
    tx.outbox_put(app.ids(), "organization.moved", json!({"organization": id}), audit.1).await?;
    let revision = app.publish(tx.commit().await?).await?;
    // The caller may see it no more where it is now, but has a right to know what became of it.
    let mut tx = app.read(&WholeTree(&permit)).await?;
    let after = tx.organization(id).await?;
    let details = detail(app, &mut tx, caller, after).await?;
    Ok(Details { revision, ..details })
}

/// What the tree, the new parent's plan and what changes for people say of a move.
async fn admit(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    organization: &Organization,
    to: Option<OrganizationId>,
) -> Result<()> {
    tx.tree_admit(Some(organization), to).await?;
    refuse_gain(app, caller, organization, to)?;
    if let Some(to) = to {
        admit_by_plan(tx, to).await?;
    }
    Ok(())
}

/// What a move would do: who gains and who loses what (HIER-4). Refused as the move itself would be.
///
/// # Errors
/// Those of [`relocate`].
pub async fn preview(
    app: &App,
    caller: &Caller,
    id: OrganizationId,
    to: Option<OrganizationId>,
) -> Result<Preview> {
    let permit = app.authorize::<MoveOrganization>(caller, id)?;
    let mut tx = app.read(&WholeTree(&permit)).await?;
    let organization = tx.organization(id).await?;
    permits(app, caller, &organization, to)?;
    refuse_deleting(&organization)?;
    admit(app, &mut tx, caller, &organization, to).await?;
    let now = app.now();
    let moving = app.graph(|graph| graph.moving(id, to, None, now));
    let (organizations, depth) = seen_of(app, caller, &moving, (id, to));
    let shifts = moving.shifts().into_iter();
    let named: Vec<_> = shifts.filter(|shift| may_be_named(app, caller, shift)).collect();
    let rows_left_out = named.len().saturating_sub(ROWS_MAX);
    let mut known = BTreeMap::new();
    let mut rows = Vec::new();
    for shift in named.into_iter().take(ROWS_MAX) {
        rows.push(row(app, &mut tx, caller, shift, &mut known).await?);
    }
    let from = match organization.parent.filter(|id| app.authorize::<ViewOrganization>(caller, *id).is_ok()) {
        Some(parent) => Some(tx.organization(parent).await?),
        None => None,
    };
    let to = match to {
        Some(to) => Some(tx.organization(to).await?),
        None => None,
    };
    Ok(Preview { organization, from, to, organizations, depth, rows, rows_left_out })
}

/// How many organizations the caller sees move, and how deep the deepest of them would lie beneath the topmost that they see
/// there: what is not seen is not counted (HIER-4, ROLE-3).
fn seen_of(
    app: &App,
    caller: &Caller,
    moving: &Moving,
    (id, to): (OrganizationId, Option<OrganizationId>),
) -> (usize, usize) {
    let sees = |id: &OrganizationId| app.authorize::<ViewOrganization>(caller, *id).is_ok();
    let (above, own) = app.graph(|graph| {
        (to.into_iter().flat_map(|to| graph.lineage(to)).collect::<Vec<_>>(), graph.depth(id))
    });
    let moved: Vec<_> = moving.each().filter(sees).collect();
    let deepest = moved.iter().map(|one| app.graph(|graph| graph.depth(*one))).max().unwrap_or(own);
    (moved.len(), above.into_iter().filter(sees).count() + deepest.saturating_sub(own) + 1)
}

/// Whether the caller sees everything that was given to the person and plays a part. Of the others not even the number is
/// told: from below there is nothing above (HIER-4).
fn may_be_named(app: &App, caller: &Caller, shift: &Shift) -> bool {
    shift.given_at.iter().all(|id| app.authorize::<ViewMembers>(caller, *id).is_ok())
}

async fn row(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    shift: Shift,
    known: &mut BTreeMap<OrganizationId, Organization>,
) -> Result<Row> {
    let user = tx.user(shift.user).await?;
    let (gained, lost, total) = (shift.gained(), shift.lost(), shift.organizations.len());
    let mut organizations = Vec::new();
    let seen =
        shift.organizations.iter().filter(|id| app.authorize::<ViewOrganization>(caller, **id).is_ok());
    for id in seen.take(ORGANIZATIONS_MAX) {
        if !known.contains_key(id) {
            known.insert(*id, tx.organization(*id).await?);
        }
        organizations.extend(known.get(id).cloned());
    }
    let (role_before, role_after) = (shift.before.role, shift.after.role);
    Ok(Row { user, role_before, role_after, gained, lost, organizations, total })
}

/// What blocks the deletion of an organization (ORG-8), before anything is typed.
///
/// # Errors
/// Those of [`App::authorize`].
pub async fn deletion(app: &App, caller: &Caller, id: OrganizationId) -> Result<(Organization, Blockers)> {
    let permit = app.authorize::<DeleteOrganization>(caller, id)?;
    let mut tx = app.read(&permit).await?;
    let organization = tx.organization(permit.target()).await?;
    let blockers = blockers(app, &mut tx, caller, id).await?;
    Ok((organization, blockers))
}

/// The same within a transaction: every kind of thing that blocks is looked for here, and nowhere else.
pub(crate) async fn blockers(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    id: OrganizationId,
) -> Result<Blockers> {
    let mut blockers = Blockers::default();
    for (child, slug, name) in tx.organization_children(id).await? {
        if app.authorize::<ViewOrganization>(caller, child).is_ok() {
            let kind = BlockerKind::Organization;
            blockers.named.push(Blocker { kind, id: child.to_string(), slug, name });
        } else {
            blockers.unnamed += 1;
        }
    }
    for (project, slug, name) in tx.organization_projects(id).await? {
        if app.authorize::<ViewProject>(caller, project).is_ok() {
            let kind = BlockerKind::Project;
            blockers.named.push(Blocker { kind, id: project.to_string(), slug, name });
        } else {
            blockers.unnamed += 1;
        }
    }
    Ok(blockers)
}
