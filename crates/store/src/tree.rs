//! The tree of organizations: what lies above and beneath, and moves (HIER-1, HIER-4).

use bastide_authz::action::{
    ChangeChildren, CreateOrganization, CreateRootOrganization, DeleteOrganization, MoveOrganization,
};
use bastide_authz::{Change, Permit};
use bastide_model::limits::TREE_DEPTH_MAX;
use bastide_model::names::{DisplayName, Slug};
use bastide_model::organization::{Organization, OrganizationState};
use bastide_model::{AuditId, Error, OrganizationId, RealmId, Result, Timestamp};
use serde_json::json;
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, parse, rows, statements};

// A circle, which must not be there, costs 64 rounds and no more (E-29).
statements! {
    HOLD = "update realms set created_at_ms = created_at_ms where id = $1";
    LINEAGE = "with recursive line (id, parent_id, depth) as ( \
        select id, parent_id, 1 from organizations where id = $1 and deleted_at_ms is null union all \
        select o.id, o.parent_id, line.depth + 1 from organizations o join line on o.id = line.parent_id \
        where line.depth < 64) select id from line order by depth";
    HEIGHT = "with recursive beneath (id, depth) as ( \
        select id, 1 from organizations where id = $1 and deleted_at_ms is null union all \
        select o.id, beneath.depth + 1 from organizations o join beneath on o.parent_id = beneath.id \
        where o.deleted_at_ms is null and beneath.depth < 64) select cast(max(depth) as bigint) from beneath";
    CHILDREN = "select id, slug, name from organizations where parent_id = $1 and deleted_at_ms is null order by slug";
    CHILDREN_COUNT = "select count(*) from organizations where parent_id = $1 and deleted_at_ms is null";
    MOVE = "update organizations set parent_id = $3, revision = revision + 1 \
        where id = $1 and revision = $2 and state = 'active' and deleted_at_ms is null";
}

rows! {
    ChildRow { id: Uuid, slug: String, name: String, }
}

/// Where a move begins, with the proof that it may.
#[derive(Debug, Clone, Copy)]
pub enum Departure<'a> {
    /// Beneath another organization, which lets it go.
    Parent(&'a Permit<ChangeChildren>),
    /// The root of its realm: who moves it might as well delete it.
    Root(&'a Permit<DeleteOrganization>),
}

/// Where a move ends, with the proof that it may.
#[derive(Debug, Clone, Copy)]
pub enum Arrival<'a> {
    /// Beneath another organization, which takes it in.
    Parent(&'a Permit<ChangeChildren>),
    /// The root of its realm.
    Root(&'a Permit<CreateRootOrganization>),
}

impl Arrival<'_> {
    /// The organization above the new place.
    pub fn parent(self) -> Option<OrganizationId> {
        match self {
            Self::Parent(permit) => Some(permit.target()),
            Self::Root(_) => None,
        }
    }

    fn realm(self) -> RealmId {
        match self {
            Self::Parent(permit) => permit.realm(),
            Self::Root(permit) => permit.realm(),
        }
    }
}

impl Departure<'_> {
    fn is_of(self, organization: &Organization) -> bool {
        match self {
            Self::Parent(permit) => organization.parent == Some(permit.target()),
            Self::Root(permit) => organization.parent.is_none() && permit.target() == organization.id,
        }
    }
}

impl Tx {
    /// Holds the tree of a realm until the end of the transaction: what makes or moves organizations in it takes turns, so
    /// that nobody counts its depth while somebody else makes it deeper (E-29). Comes before the rows of organizations.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn tree_hold(&mut self, realm: RealmId) -> Result<()> {
        self.run(HOLD, args![realm.uuid()]).await.map(|_| ())
    }

    /// The organization and everything above it, nearest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn lineage(&mut self, id: OrganizationId) -> Result<Vec<OrganizationId>> {
        let rows: Vec<(Uuid,)> = self.all(LINEAGE, args![id.uuid()]).await?;
        Ok(rows.into_iter().map(|(id,)| OrganizationId::from_uuid(id)).collect())
    }

    /// The organizations directly beneath, by slug.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organization_children(
        &mut self,
        id: OrganizationId,
    ) -> Result<Vec<(OrganizationId, Slug, DisplayName)>> {
        let rows: Vec<ChildRow> = self.all(CHILDREN, args![id.uuid()]).await?;
        let child = |row: ChildRow| {
            let slug = parse("organizations.slug", &row.slug)?;
            Ok((OrganizationId::from_uuid(row.id), slug, parse("organizations.name", &row.name)?))
        };
        rows.into_iter().map(child).collect()
    }

    /// How many organizations lie directly beneath (PLAN-1): for whoever may make another, whom the limit tells as much.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn children_count(&mut self, permit: &Permit<CreateOrganization>) -> Result<u64> {
        let (count,): (i64,) = self.one(CHILDREN_COUNT, args![permit.target().uuid()]).await?;
        Ok(count.unsigned_abs())
    }

    /// Whether an organization may lie beneath another with everything that is beneath it, as far as the tree is concerned:
    /// no circle, not too deep, in one realm, beneath one that stays. `None` is one that is not there yet. How deep the
    /// deepest of it lies then. Only a hint, unless the tree is held.
    ///
    /// # Errors
    /// [`Error::Conflict`] `parent_not_active`, `move_cycle` or `already_there`, [`Error::Invalid`] for another realm,
    /// [`Error::LimitExceeded`] `tree_depth`.
    pub async fn tree_admit(
        &mut self,
        organization: Option<&Organization>,
        parent: Option<OrganizationId>,
    ) -> Result<usize> {
        let mut height = 1;
        if let Some(organization) = organization {
            if organization.parent == parent {
                let detail = format!("{} is there already", organization.slug);
                return Err(Error::conflict("already_there", detail));
            }
            let (rows,): (Option<i64>,) = self.one(HEIGHT, args![organization.id.uuid()]).await?;
            height = rows.and_then(|rows| usize::try_from(rows).ok()).unwrap_or(height);
        }
        let Some(parent) = parent else { return Ok(height) };
        let above = self.organization(parent).await?;
        if above.state != OrganizationState::Active {
            return Err(Error::conflict("parent_not_active", format!("{} is {}", above.slug, above.state)));
        }
        let line = self.lineage(parent).await?;
        if let Some(organization) = organization {
            if above.realm != organization.realm {
                return Err(Error::field(
                    "/parent",
                    "it belongs to another client; nothing moves between clients",
                ));
            }
            if line.contains(&organization.id) {
                let detail = format!("{} is {} itself or lies beneath it", above.slug, organization.slug);
                return Err(Error::conflict("move_cycle", detail));
            }
        }
        let depth = line.len() + height;
        if depth > TREE_DEPTH_MAX {
            // What a new one, or the move, would be beneath of: a place that nothing can be beneath is used up.
            let (used, allowed) = ((depth - 1) as u64, TREE_DEPTH_MAX as u64);
            return Err(Error::LimitExceeded {
                limit: "tree_depth",
                used,
                allowed,
                plan: "every plan".into(),
            });
        }
        Ok(depth)
    }

    /// Moves an organization with everything beneath it, if nobody changed it in between (HIER-4). Nobody is told where it
    /// goes or where it comes from who does not see that.
    ///
    /// # Errors
    /// [`Error::Stale`] when it was changed or moved, those of [`Tx::tree_admit`], [`Error::Conflict`] `already_deleting`.
    pub async fn organization_move(
        &mut self,
        permit: &Permit<MoveOrganization>,
        seen: &Organization,
        (from, to): (Departure<'_>, Arrival<'_>),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let (id, parent) = (permit.target(), to.parent());
        if seen.id != id || to.realm() != seen.realm {
            return Err(Error::internal("the permits to move are for other places"));
        }
        self.tree_hold(seen.realm).await?;
        let mut rows: Vec<_> = [Some(id), parent].into_iter().flatten().collect();
        rows.sort_unstable();
        for row in rows {
            self.organization_lock(row).await?;
        }
        let before = self.organization(id).await?;
        if before.state != OrganizationState::Active {
            let detail = format!("{} is {} and cannot be moved any more", before.slug, before.state);
            return Err(Error::conflict("already_deleting", detail));
        }
        if before.revision != seen.revision || !from.is_of(&before) {
            return Err(Error::Stale);
        }
        self.tree_admit(Some(&before), parent).await?;
        let args = args![id.uuid(), seen.revision, parent.map(OrganizationId::uuid)];
        if self.run(MOVE, args).await? == 0 {
            return Err(Error::Stale);
        }
        self.change(Change::Organization { id, realm: before.realm, parent });
        let target = Target::new("organization", id, &before.slug);
        let places = (json!({"from": before.parent}), json!({"to": parent}));
        self.audit_across(permit, audit, target, places).await?;
        self.audit_also_in(id, &["from", "to"]);
        if let Some(left) = before.parent {
            self.audit_also_in(left, &["to"]);
        }
        if let Some(reached) = parent {
            self.audit_also_in(reached, &["from"]);
        }
        Ok(())
    }
}
