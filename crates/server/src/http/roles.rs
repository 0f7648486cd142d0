//! Custom roles of organizations, with the built-in ones beside them.

use axum::extract::State;
use bastide_api::roles::{self as wire, RoleView};
use bastide_api::{Page, PageQuery};
use bastide_app::organizations;
use bastide_app::roles::{self, NewRole, RoleChange};
use bastide_model::access::Caller;
use bastide_model::error::FieldErrors;
use bastide_model::names::{Description, DisplayName};
use bastide_model::permission::PermissionSet;
use bastide_model::role::Role;
use bastide_model::team::CustomRole;
use bastide_model::{OrganizationId, Permission};
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::input::{incomplete, optional, slug_or_made};
use super::problem::Failure;
use super::{paging, views};

fn shown(hub: &Hub, caller: &Caller, role: &CustomRole, seen_at: OrganizationId) -> RoleView {
    views::role(role, seen_at, roles::offered(&hub.app, caller, role))
}

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<RoleView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let custom = roles::list(&hub.app, &caller, id).await?;
    let mut all: Vec<_> = Role::BUILT_IN.iter().map(|role| views::built_in_role(*role)).collect();
    all.extend(custom.into_iter().map(|role| shown(&hub, &caller, &role, id)));
    let page = paging::cut(all, &query, |role: &RoleView| vec![&role.slug, &role.name])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<wire::NewRole>,
) -> Result<Made<RoleView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let role = roles::create(&hub.app, &caller, id, read(input)?).await?;
    let (location, revision) = (format!("/v1/organizations/{id}/roles/{}", role.id), role.revision);
    Ok(Made::new(&location, shown(&hub, &caller, &role, id)).etag(revision))
}

/// The fields of a role, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read(input: wire::NewRole) -> bastide_model::Result<NewRole> {
    let mut errors = FieldErrors::default();
    let name = errors.take("/name", input.name.parse::<DisplayName>());
    let slug = slug_or_made(&mut errors, input.slug.as_deref(), name.as_ref());
    let built_in =
        slug.as_ref().is_some_and(|slug| Role::BUILT_IN.iter().any(|role| role.word() == slug.as_str()));
    if built_in {
        errors.push("/slug", "that is the word of a built-in role; choose another");
    }
    let description =
        errors.take("/description", input.description.unwrap_or_default().parse::<Description>());
    let permissions = permissions(&mut errors, &input.permissions);
    errors.finish()?;
    let (Some(name), Some(slug), Some(description)) = (name, slug, description) else {
        return Err(incomplete());
    };
    Ok(NewRole { name, slug, description, permissions })
}

fn permissions(errors: &mut FieldErrors, keys: &[String]) -> PermissionSet {
    let mut set = PermissionSet::EMPTY;
    for (index, key) in keys.iter().enumerate() {
        let pointer = format!("/permissions/{index}");
        let Some(permission) = errors.take(&pointer, key.parse::<Permission>()) else { continue };
        if set.contains(permission) {
            errors.push(pointer, "each permission once");
        }
        set = set.union(PermissionSet::of(&[permission]));
    }
    set
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, name)): At<(Name, Name)>,
) -> Result<Out<RoleView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, organization.as_str()).await?;
    if let Some(built_in) = Role::BUILT_IN.iter().find(|role| role.word() == name.as_str()) {
        // Whoever may not see the roles sees none of them.
        roles::list(&hub.app, &caller, id).await?;
        return Ok(Out::new(views::built_in_role(*built_in)));
    }
    let role = roles::view(&hub.app, &caller, id, name.as_str()).await?;
    let revision = role.revision;
    Ok(Out::new(shown(&hub, &caller, &role, id)).etag(revision))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, name)): At<(Name, Name)>,
    IfMatch(seen): IfMatch,
    Body(input): Body<wire::RoleChange>,
) -> Result<Out<RoleView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, organization.as_str()).await?;
    let change = read_change(input)?;
    let role = roles::update(&hub.app, &caller, (id, name.as_str()), seen, change).await?;
    let revision = role.revision;
    Ok(Out::new(shown(&hub, &caller, &role, id)).etag(revision))
}

/// The fields of a change, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read_change(input: wire::RoleChange) -> bastide_model::Result<RoleChange> {
    let mut errors = FieldErrors::default();
    let name = optional(&mut errors, "/name", input.name.map(|text| text.parse::<DisplayName>()));
    let description =
        optional(&mut errors, "/description", input.description.map(|text| text.parse::<Description>()));
    let permissions = input.permissions.map(|keys| permissions(&mut errors, &keys));
    errors.finish()?;
    Ok(RoleChange { name, description, permissions })
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((organization, name)): At<(Name, Name)>,
) -> Result<Empty, Failure> {
    let id = organizations::resolve(&hub.app, &caller, organization.as_str()).await?;
    roles::delete(&hub.app, &caller, id, name.as_str()).await?;
    Ok(Empty)
}
