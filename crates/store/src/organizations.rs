//! Organizations, their namespaces, and who owns them.

use std::collections::HashMap;

use bastide_authz::action::{
    CreateClientOrganization, CreateOrganization, CreateRootOrganization, CreateUser, UpdateOrganization,
    ViewOrganization,
};
use bastide_authz::visible::{Ids, Scope};
use bastide_authz::{Action, Change, Permit, Visible};
use bastide_model::names::{NamespaceBase, Slug};
use bastide_model::organization::{Kind, Organization};
use bastide_model::role::{Reach, Role};
use bastide_model::{
    AssignmentId, AuditId, ClusterId, Error, OrganizationId, PlanId, RealmId, Result, Timestamp, UserId,
};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::audit::Target;
use crate::db::{Tx, args, from_json, parse, rows, statements, to_json};
use crate::errors::say;
use crate::listing::{Listed, PageRequest};
use crate::words::Beginning;

/// Ids that one statement looks up; shorter lists are filled with the nil UUID, which is no organization's.
const CHUNK: usize = 20;
/// Up to so many visible organizations are looked up by id; more are filtered from a scan.
const BY_ID_MAX: usize = 2_000;
/// So many are read at a time in such a scan.
const STEP: i64 = 500;

statements! {
    INSERT = "insert into organizations (id, realm_id, parent_id, slug, name, search, description, kind, visibility, \
        annotations, namespace_base, plan_id, state, created_at_ms, revision) \
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1)";
    NAMESPACE_INSERT = "insert into namespaces (name, realm_id, organization_id, purpose) values ($1, $2, $3, $4)";
    NAMESPACE_TAKEN = "select name from namespaces where name = $1 or name = $2";
    NAMESPACES = "select name from namespaces where organization_id = $1 order by name";
    ASSIGNMENT_INSERT = "insert into assignments (id, realm_id, organization_id, user_id, role, reach, created_at_ms) \
        values ($1, $2, $3, $4, $5, $6, $7)";
    ONE = "select id, realm_id, parent_id, slug, name, description, kind, visibility, annotations, namespace_base, plan_id, \
        state, created_at_ms, revision from organizations where id = $1 and deleted_at_ms is null";
    LOCK = "update organizations set revision = revision where id = $1 and deleted_at_ms is null";
    BY_SLUG = "select id, realm_id from organizations where slug = $1 and deleted_at_ms is null";
    LOCK_ACTIVE = "update organizations set revision = revision where id = $1 and state = 'active' and deleted_at_ms is null";
    SLUG_TAKEN = "select count(*) from organizations where realm_id = $1 and slug = $2 and deleted_at_ms is null";
    BY_IDS = "select id, realm_id, parent_id, slug, name, description, kind, visibility, annotations, namespace_base, \
        plan_id, state, created_at_ms, revision from organizations where deleted_at_ms is null and id in ($1, $2, $3, $4, $5, \
        $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    SCAN = "select id, realm_id, parent_id, slug, name, description, kind, visibility, annotations, namespace_base, plan_id, \
        state, created_at_ms, revision from organizations where deleted_at_ms is null and search like $1 escape '\\' \
        and (slug, id) > ($2, $3) order by slug, id limit $4";
    SCAN_REALM = "select id, realm_id, parent_id, slug, name, description, kind, visibility, annotations, namespace_base, \
        plan_id, state, created_at_ms, revision from organizations where deleted_at_ms is null and search like $1 escape '\\' \
        and (slug, id) > ($2, $3) and realm_id = $5 order by slug, id limit $4";
    FOUND = "select o.id, o.realm_id, o.parent_id, o.slug, o.name, o.description, o.kind, o.visibility, o.annotations, \
        o.namespace_base, o.plan_id, o.state, o.created_at_ms, o.revision \
        from (select w.word, w.organization_id from organization_words w where w.word < $5 \
        and (w.word, w.organization_id) > ($1, $2) and not exists (select 1 from organization_words f \
        where f.organization_id = w.organization_id and f.word >= $4 and f.word < w.word) \
        order by w.word, w.organization_id limit $3) found join organizations o on o.id = found.organization_id \
        where o.deleted_at_ms is null order by found.word, found.organization_id";
    FOUND_REALM = "select o.id, o.realm_id, o.parent_id, o.slug, o.name, o.description, o.kind, o.visibility, o.annotations, \
        o.namespace_base, o.plan_id, o.state, o.created_at_ms, o.revision \
        from (select w.word, w.organization_id from organization_words w where w.word < $5 \
        and (w.word, w.organization_id) > ($1, $2) and not exists (select 1 from organization_words f \
        where f.organization_id = w.organization_id and f.word >= $4 and f.word < w.word) and w.realm_id = $6 \
        order by w.word, w.organization_id limit $3) found join organizations o on o.id = found.organization_id \
        where o.deleted_at_ms is null order by found.word, found.organization_id";
    PLACED = "select id, realm_id, parent_id, slug, name, description, kind, visibility, annotations, namespace_base, plan_id, \
        state, created_at_ms, revision from organizations where deleted_at_ms is null \
        and id in (select organization_id from placements where cluster_id = $1)";
    UPDATE = "update organizations set name = $3, search = $4, description = $5, visibility = $6, annotations = $7, \
        revision = revision + 1 where id = $1 and revision = $2 and deleted_at_ms is null";
}

rows! {
    OrganizationRow {
        id: Uuid, realm_id: Uuid, parent_id: Option<Uuid>, slug: String, name: String, description: String, kind: String,
        visibility: String, annotations: Json, namespace_base: String, plan_id: Uuid, state: String, created_at_ms: i64,
        revision: i64,
    }
    KeyRow { id: Uuid, realm_id: Uuid, }
}

/// The actions that make an organization.
pub trait Creates: Action + Sized {
    /// Whether the permit is for the place where the organization would be.
    ///
    /// # Errors
    /// [`Error::Internal`] when it is for another: a mistake in the program.
    fn admit(permit: &Permit<Self>, organization: &Organization) -> Result<()> {
        let parent = permit.organization();
        admit_place(permit, organization, organization.parent == parent)
    }
}
impl Creates for CreateOrganization {}
impl Creates for CreateRootOrganization {}
/// A personal one comes with the account (ORG-2).
impl Creates for CreateUser {
    fn admit(permit: &Permit<Self>, organization: &Organization) -> Result<()> {
        let personal = organization.kind == Kind::Personal && organization.parent.is_none();
        admit_place(permit, organization, personal)
    }
}
impl Creates for CreateClientOrganization {
    /// Its parent is the organization that the caller acts from, which is authorized apart from this.
    fn admit(permit: &Permit<Self>, organization: &Organization) -> Result<()> {
        admit_place(permit, organization, true)
    }
}

fn admit_place<A: Action>(permit: &Permit<A>, organization: &Organization, fits: bool) -> Result<()> {
    if fits && organization.realm == permit.realm() {
        return Ok(());
    }
    Err(Error::internal(format!("the permit to {} is for another place", permit.operation())))
}

impl Tx {
    /// Stores a new organization with its namespaces, its owner and its audit record.
    ///
    /// # Errors
    /// [`Error::Conflict`] `slug_taken` naming the slug, `namespace_taken` when another was faster, `parent_not_active`
    /// when the organization above is being deleted. [`Error::Internal`] when the permit is for another place.
    pub async fn create_organization<A: Creates>(
        &mut self,
        permit: &Permit<A>,
        organization: &Organization,
        owner: UserId,
        ids: (AssignmentId, AuditId),
    ) -> Result<()> {
        A::admit(permit, organization)?;
        if let Some(parent) = organization.parent
            && !self.organization_hold_active(parent).await?
        {
            let detail = "the organization above is being deleted; nothing new is made beneath it";
            return Err(Error::conflict("parent_not_active", detail));
        }
        let slug = organization.slug.as_str();
        self.run(INSERT, insert_args(organization)?)
            .await
            .map_err(say("slug_taken", || format!("the slug `{slug}` is taken; choose another")))?;
        let text = search_key(organization.name.as_str(), slug);
        self.organization_words_set(organization.realm, organization.id, &text).await?;
        self.change(Change::Organization {
            id: organization.id,
            realm: organization.realm,
            parent: organization.parent,
        });
        let base = &organization.namespace_base;
        for (name, purpose) in [(base.to_string(), "main"), (base.gateway(), "gateway")] {
            let args = args![name, organization.realm.uuid(), organization.id.uuid(), purpose];
            self.run(NAMESPACE_INSERT, args).await?;
        }
        self.owner_insert(organization, owner, ids.0).await?;
        let target = Target::new("organization", organization.id, &organization.slug);
        let after = json!({
            "name": organization.name, "slug": organization.slug, "kind": organization.kind,
            "parent": organization.parent, "owner": owner, "visibility": organization.visibility,
        });
        self.audit(permit, (ids.1, organization.created_at), target, None, Some(after)).await?;
        // Its own log begins with its creation, whoever's log that is written in besides. Its people do not see what lies
        // above it (HIER-4).
        self.audit_also_in(organization.id, &["parent"]);
        Ok(())
    }

    async fn owner_insert(
        &mut self,
        organization: &Organization,
        owner: UserId,
        id: AssignmentId,
    ) -> Result<()> {
        let (role, reach) = (Role::Owner, Reach::Beneath);
        let args = args![
            id.uuid(),
            organization.realm.uuid(),
            organization.id.uuid(),
            owner.uuid(),
            role.to_string(),
            reach.as_str(),
            organization.created_at.as_millis(),
        ];
        self.run(ASSIGNMENT_INSERT, args).await?;
        let organization = organization.id;
        self.change(Change::Assignment { id, user: owner, organization, role, reach, expires_at: None });
        Ok(())
    }

    /// The base for the namespaces of a new organization: the slug where no realm has it, else with a suffix (ORG-1).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn namespace_base_choose(
        &mut self,
        slug: &Slug,
        organization: OrganizationId,
    ) -> Result<NamespaceBase> {
        if let Some(base) = NamespaceBase::plain(slug) {
            let names = args![base.as_str(), base.gateway()];
            if self.all_anywhere::<(String,)>(NAMESPACE_TAKEN, names).await?.is_empty() {
                return Ok(base);
            }
        }
        Ok(NamespaceBase::with_suffix(slug, organization))
    }

    /// Whether a slug is free in a realm. Only a hint: the constraint decides.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn slug_free(&mut self, realm: RealmId, slug: &Slug) -> Result<bool> {
        Ok(self.one::<(i64,)>(SLUG_TAKEN, args![realm.uuid(), slug.as_str()]).await?.0 == 0)
    }

    /// Which organizations a slug names, one per realm; who asks is authorized on the id afterwards.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organizations_by_slug(&mut self, slug: &str) -> Result<Vec<(RealmId, OrganizationId)>> {
        if slug.parse::<Slug>().is_err() {
            return Ok(Vec::new());
        }
        let rows: Vec<KeyRow> = self.all(BY_SLUG, args![slug]).await?;
        Ok(rows
            .into_iter()
            .map(|row| (RealmId::from_uuid(row.realm_id), OrganizationId::from_uuid(row.id)))
            .collect())
    }

    /// An organization, for who may see it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn organization_view(&mut self, permit: &Permit<ViewOrganization>) -> Result<Organization> {
        self.organization(permit.target()).await
    }

    /// An organization, for the rules.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn organization(&mut self, id: OrganizationId) -> Result<Organization> {
        let row: Option<OrganizationRow> = self.maybe(ONE, args![id.uuid()]).await?;
        organization(row.ok_or(Error::NotFound)?)
    }

    /// The organizations that are placed on a cluster, by id.
    pub(crate) async fn organizations_placed_on(
        &mut self,
        cluster: ClusterId,
    ) -> Result<HashMap<OrganizationId, Organization>> {
        let rows: Vec<OrganizationRow> = self.all(PLACED, args![cluster.uuid()]).await?;
        rows.into_iter().map(|row| organization(row).map(|one| (one.id, one))).collect()
    }

    /// Holds the organization's row until the end of the transaction, so that limits are counted by one at a time.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is gone.
    pub async fn organization_lock(&mut self, id: OrganizationId) -> Result<Organization> {
        if self.run(LOCK, args![id.uuid()]).await? == 0 {
            return Err(Error::NotFound);
        }
        self.organization(id).await
    }

    /// Holds the organization's row until the end of the transaction, if it is active. Whether it is.
    pub(crate) async fn organization_hold_active(&mut self, id: OrganizationId) -> Result<bool> {
        Ok(self.run(LOCK_ACTIVE, args![id.uuid()]).await? > 0)
    }

    /// Names of an organization's namespaces.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organization_namespaces(
        &mut self,
        permit: &Permit<ViewOrganization>,
    ) -> Result<Vec<String>> {
        let rows: Vec<(String,)> = self.all(NAMESPACES, args![permit.target().uuid()]).await?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }

    /// The organizations that a caller sees, by slug: that never changes, so whoever turns the pages while others rename sees
    /// each of them once (ORG-6). Those that are searched for are in the order of the word that they are found by.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn organization_list(
        &mut self,
        visible: &Visible<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Listed<Organization>> {
        let rows = match visible.scope() {
            Scope::All => self.organizations_walk(page, None, page.fetch(), |_| true).await?,
            Scope::Realm(realm) => {
                self.organizations_walk(page, Some(*realm), page.fetch(), |_| true).await?
            }
            Scope::These(ids) if ids.len() <= BY_ID_MAX => self.organizations_by_ids(ids, page).await?,
            Scope::These(ids) => {
                let sees = |row: &OrganizationRow| ids.contains(&OrganizationId::from_uuid(row.id));
                self.organizations_walk(page, None, STEP, sees).await?
            }
        };
        let items = rows.into_iter().map(organization).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(items, |last| {
            (
                page.key(&search_key(last.name.as_str(), last.slug.as_str()), last.slug.as_str()),
                last.id.uuid(),
            )
        }))
    }

    /// The page's organizations of a realm, or of all, of those that are to be kept.
    async fn organizations_walk(
        &mut self,
        page: &PageRequest,
        realm: Option<RealmId>,
        step: i64,
        keep: impl Fn(&OrganizationRow) -> bool,
    ) -> Result<Vec<OrganizationRow>> {
        let sought = page.beginning();
        let mut after = match &sought {
            None => (page.after_key().to_owned(), page.after_id()),
            Some(sought) => page.after_word(sought),
        };
        let mut found = Vec::new();
        loop {
            let rows = self.organizations_after(page, (sought.as_ref(), realm), &after, step).await?;
            let read = rows.len();
            let last =
                rows.last().map(|last| (page.key(&search_key(&last.name, &last.slug), &last.slug), last.id));
            let kept = |row: &OrganizationRow| keep(row) && page.matches(&search_key(&row.name, &row.slug));
            found.extend(rows.into_iter().filter(kept));
            match last {
                Some(last)
                    if i64::try_from(read) == Ok(step) && last > after && !page.is_full(found.len()) =>
                {
                    after = last;
                }
                _ => break,
            }
        }
        found.truncate(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// A step of them, behind one.
    async fn organizations_after(
        &mut self,
        page: &PageRequest,
        (sought, realm): (Option<&Beginning>, Option<RealmId>),
        (key, id): &(String, Uuid),
        most: i64,
    ) -> Result<Vec<OrganizationRow>> {
        let (statement, mut args) = match (sought, realm) {
            (None, None) => (SCAN, args![page.pattern(), key.as_str(), *id, most]),
            (None, Some(_)) => (SCAN_REALM, args![page.pattern(), key.as_str(), *id, most]),
            (Some(sought), realm) => {
                let statement = if realm.is_some() { FOUND_REALM } else { FOUND };
                (statement, args![key.as_str(), *id, most, sought.from.as_str(), sought.to.as_str()])
            }
        };
        args.extend(realm.map(|realm| crate::db::Value::from(realm.uuid())));
        self.all(statement, args).await
    }

    async fn organizations_by_ids(
        &mut self,
        ids: &Ids<OrganizationId>,
        page: &PageRequest,
    ) -> Result<Vec<OrganizationRow>> {
        let ids: Vec<_> = ids.iter().copied().collect();
        let mut found = Vec::new();
        for chunk in ids.chunks(CHUNK) {
            let mut args: Vec<_> = chunk.iter().map(|id| crate::db::Value::from(id.uuid())).collect();
            args.resize(CHUNK, crate::db::Value::from(Uuid::nil()));
            found.extend(self.all::<OrganizationRow>(BY_IDS, args).await?);
        }
        let after = (page.after_key().to_owned(), page.after_id());
        let (sought, mut keyed) = (page.beginning(), Vec::new());
        for row in found {
            let text = search_key(&row.name, &row.slug);
            let key = match &sought {
                None => Some(row.slug.clone()),
                Some(sought) => sought.found_in(&text),
            };
            keyed.extend(key.filter(|_| page.matches(&text)).map(|key| ((key, row.id), row)));
        }
        keyed.retain(|(key, _)| *key > after);
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        keyed.truncate(usize::try_from(page.fetch()).unwrap_or(usize::MAX));
        Ok(keyed.into_iter().map(|(_, row)| row).collect())
    }

    /// Stores the changed fields of an organization, if nobody else changed it in between.
    ///
    /// # Errors
    /// [`Error::Stale`] when somebody did.
    pub async fn organization_update(
        &mut self,
        permit: &Permit<UpdateOrganization>,
        (before, after): (&Organization, &Organization),
        audit: (AuditId, Timestamp),
    ) -> Result<()> {
        let args = args![
            permit.target().uuid(),
            before.revision,
            after.name.as_str(),
            search_key(after.name.as_str(), after.slug.as_str()),
            after.description.as_str(),
            after.visibility.as_str(),
            to_json(&after.annotations)?,
        ];
        if self.run(UPDATE, args).await? == 0 {
            return Err(Error::Stale);
        }
        if before.name != after.name {
            let text = search_key(after.name.as_str(), after.slug.as_str());
            self.organization_words_set(after.realm, after.id, &text).await?;
        }
        let target = Target::new("organization", permit.target(), &before.slug);
        let fields = |o: &Organization| json!({"name": o.name, "description": o.description, "visibility": o.visibility, "annotations": o.annotations});
        self.audit(permit, audit, target, Some(fields(before)), Some(fields(after))).await
    }
}

fn insert_args(organization: &Organization) -> Result<Vec<crate::db::Value>> {
    Ok(args![
        organization.id.uuid(),
        organization.realm.uuid(),
        organization.parent.map(OrganizationId::uuid),
        organization.slug.as_str(),
        organization.name.as_str(),
        search_key(organization.name.as_str(), organization.slug.as_str()),
        organization.description.as_str(),
        organization.kind.as_str(),
        organization.visibility.as_str(),
        to_json(&organization.annotations)?,
        organization.namespace_base.as_str(),
        organization.plan.uuid(),
        organization.state.as_str(),
        organization.created_at.as_millis(),
    ])
}

/// What an organization is found by, in lower case.
pub(crate) fn search_key(name: &str, slug: &str) -> String {
    format!("{} {slug}", name.to_lowercase())
}

fn organization(row: OrganizationRow) -> Result<Organization> {
    Ok(Organization {
        id: OrganizationId::from_uuid(row.id),
        realm: RealmId::from_uuid(row.realm_id),
        parent: row.parent_id.map(OrganizationId::from_uuid),
        slug: parse("organizations.slug", &row.slug)?,
        name: parse("organizations.name", &row.name)?,
        description: parse("organizations.description", &row.description)?,
        kind: parse("organizations.kind", &row.kind)?,
        visibility: parse("organizations.visibility", &row.visibility)?,
        annotations: from_json("organizations.annotations", row.annotations)?,
        namespace_base: NamespaceBase::from_stored(row.namespace_base),
        plan: PlanId::from_uuid(row.plan_id),
        state: parse("organizations.state", &row.state)?,
        created_at: Timestamp::from_millis(row.created_at_ms),
        revision: row.revision,
    })
}
