//! The personal organization that an account begins with (ORG-2).

use bastide_authz::Permit;
use bastide_model::names::{Annotations, Description, DisplayName, Slug};
use bastide_model::organization::{Kind, NewOrganization, Visibility};
use bastide_model::user::User;
use bastide_model::{Error, OrganizationId, Result, Timestamp};
use bastide_store::{Creates, Tx};

use crate::organizations;
use crate::state::App;

/// How many letters of an account's id tell two people of one name apart.
const SUFFIX_CHARS: usize = 6;

/// Makes a user's personal organization on the default plan of their realm, in the transaction that makes the account: they
/// own it, and it is their home.
///
/// # Errors
/// [`Error::Conflict`] `slug_taken` when somebody takes its slug in the same moment.
pub(crate) async fn found<A: Creates>(
    app: &App,
    tx: &mut Tx,
    permit: &Permit<A>,
    user: &User,
    now: Timestamp,
) -> Result<OrganizationId> {
    let input = NewOrganization {
        name: user.name.clone(),
        slug: free_slug(tx, user).await?,
        description: "".parse::<Description>().map_err(Error::internal)?,
        kind: Kind::Personal,
        visibility: Visibility::Private,
        annotations: Annotations::default(),
    };
    organizations::found(app, tx, permit, user.id, (&input, now)).await
}

/// `ada-personal`: what stands before the `@` of the address, so that nobody takes a company's name by calling themselves so;
/// with some letters of the account's id when it is taken.
async fn free_slug(tx: &mut Tx, user: &User) -> Result<Slug> {
    let local = user.email.as_str().split('@').next().unwrap_or_default();
    let name = |text: &str| text.parse::<DisplayName>().ok().as_ref().and_then(Slug::from_name);
    let short: String = local.chars().take(20).collect();
    let plain = name(&format!("{short} personal"));
    if let Some(slug) = plain
        && tx.slug_free(user.realm, &slug).await?
    {
        return Ok(slug);
    }
    let id = user.id.uuid().simple().to_string();
    let suffix = id.get(id.len() - SUFFIX_CHARS..).unwrap_or_default();
    name(&format!("{short} personal {suffix}"))
        .or_else(|| name(&format!("personal {suffix}")))
        .ok_or_else(|| Error::internal("no slug for a personal organization"))
}
