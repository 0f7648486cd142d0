//! Public organizations: what everybody with an account in their realm may know of them (ORG-4). Nothing else of them is
//! read here, whoever asks.

use bastide_authz::Permit;
use bastide_authz::action::{ViewPublicOrganization, ViewPublicOrganizations};
use bastide_model::names::{Description, DisplayName, Slug};
use bastide_model::{Error, OrganizationId, Result};
use uuid::Uuid;

use crate::db::{Tx, args, parse, rows, statements};
use crate::listing::{Listed, PageRequest};

statements! {
    PAGE = "select id, slug, name, description from organizations where realm_id = $1 and visibility = 'public' \
        and state = 'active' and deleted_at_ms is null and search like $2 escape '\\' and (slug, id) > ($3, $4) \
        order by slug, id limit $5";
    BY_ID = "select id, slug, name, description from organizations where realm_id = $1 and visibility = 'public' \
        and state = 'active' and deleted_at_ms is null and id = $2";
    BY_SLUG = "select id, slug, name, description from organizations where realm_id = $1 and visibility = 'public' \
        and state = 'active' and deleted_at_ms is null and slug = $2";
}

rows! {
    PublicRow { id: Uuid, slug: String, name: String, description: String, }
}

/// What a public organization tells everybody in its realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: Slug,
    /// What people read.
    pub name: DisplayName,
    /// A longer text.
    pub description: Description,
}

impl Tx {
    /// The public organizations of the permit's realm, by slug: those that are active.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn public_organization_list(
        &mut self,
        permit: &Permit<ViewPublicOrganizations>,
        page: &PageRequest,
    ) -> Result<Listed<PublicOrganization>> {
        let realm = permit.realm().uuid();
        let args = args![realm, page.pattern(), page.after_key(), page.after_id(), page.fetch()];
        let rows: Vec<PublicRow> = self.all(PAGE, args).await?;
        let items = rows.iter().map(public).collect::<Result<Vec<_>>>()?;
        Ok(page.cut(items, |last| (last.slug.to_string(), last.id.uuid())))
    }

    /// The public organization of the permit's realm that an id or a slug names.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none: it is private, not active, of another realm, or never was.
    pub async fn public_organization(
        &mut self,
        permit: &Permit<ViewPublicOrganization>,
        name: &str,
    ) -> Result<PublicOrganization> {
        let realm = permit.realm().uuid();
        let row: Option<PublicRow> = if let Ok(id) = name.parse::<OrganizationId>() {
            self.maybe(BY_ID, args![realm, id.uuid()]).await?
        } else if let Ok(slug) = name.parse::<Slug>() {
            self.maybe(BY_SLUG, args![realm, slug.as_str()]).await?
        } else {
            None
        };
        public(&row.ok_or(Error::NotFound)?)
    }
}

fn public(row: &PublicRow) -> Result<PublicOrganization> {
    Ok(PublicOrganization {
        id: OrganizationId::from_uuid(row.id),
        slug: parse("organizations.slug", &row.slug)?,
        name: parse("organizations.name", &row.name)?,
        description: parse("organizations.description", &row.description)?,
    })
}
