//! Organizations and where they run.

use axum::extract::State;
use bastide_api::audit::AuditView;
use bastide_api::organizations::{
    ConfirmQuery, HostNames, NewOrganization, OrganizationChange, OrganizationView, PlacementView,
    ResourceQuery, ResourceView,
};
use bastide_api::{Page, PageQuery};
use bastide_app::organizations::{self, Change, Details, ResourceFilter};
use bastide_app::{audit, host_names};
use bastide_model::error::FieldErrors;
use bastide_model::names::{Annotations, Description, DisplayName};
use http::Uri;

use super::answer::{Accepted, Made, Out};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::input::optional;
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<OrganizationView>>, Failure> {
    let listed = organizations::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::organization), &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<NewOrganization>,
) -> Result<Made<OrganizationView>, Failure> {
    let visibility = input.visibility.map(views::visibility);
    let (slug, description) = (input.slug.as_deref(), input.description.as_deref());
    let new = organizations::read_new(&input.name, slug, description, visibility, input.annotations)?;
    let parent = match &input.parent {
        Some(name) => Some(organizations::resolve(&hub.app, &caller, name).await?),
        None => None,
    };
    let details = organizations::create(&hub.app, &caller, parent, new).await?;
    Ok(made(details))
}

/// 201 with an organization that was just made.
pub(crate) fn made(details: Details) -> Made<OrganizationView> {
    let (id, revision) = (details.organization.id, details.organization.revision);
    Made::new(&format!("/v1/organizations/{id}"), views::organization(details)).etag(revision)
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<OrganizationView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let details = organizations::view(&hub.app, &caller, id).await?;
    let revision = details.organization.revision;
    Ok(Out::new(views::organization(details)).etag(revision))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    IfMatch(seen): IfMatch,
    Body(input): Body<OrganizationChange>,
) -> Result<Out<OrganizationView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let details = organizations::update(&hub.app, &caller, id, seen, read_change(input)?).await?;
    let revision = details.organization.revision;
    Ok(Out::new(views::organization(details)).etag(revision))
}

/// The fields of a change, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read_change(input: OrganizationChange) -> bastide_model::Result<Change> {
    let mut errors = FieldErrors::default();
    let name = optional(&mut errors, "/name", input.name.map(|text| text.parse::<DisplayName>()));
    let description =
        optional(&mut errors, "/description", input.description.map(|text| text.parse::<Description>()));
    let annotations = optional(&mut errors, "/annotations", input.annotations.map(Annotations::try_from));
    errors.finish()?;
    Ok(Change { name, description, visibility: input.visibility.map(views::visibility), annotations })
}

pub(crate) async fn host_names(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    IfMatch(seen): IfMatch,
    Body(input): Body<HostNames>,
) -> Result<Out<OrganizationView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let details = host_names::update(&hub.app, &caller, id, seen, &input.host_names).await?;
    let revision = details.organization.revision;
    Ok(Out::new(views::organization(details)).etag(revision))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(ConfirmQuery { confirm }): Search<ConfirmQuery>,
    IfMatch(seen): IfMatch,
) -> Result<Accepted<OrganizationView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let details = organizations::delete(&hub.app, &caller, id, seen, &confirm).await?;
    let revision = details.organization.revision;
    Ok(Accepted::new(views::organization(details)).etag(revision))
}

pub(crate) async fn placements(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<PlacementView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let placed = organizations::placements(&hub.app, &caller, id).await?;
    let views = placed.into_iter().map(views::placement).collect();
    let page = paging::cut(views, &query, |placement: &PlacementView| vec![&placement.cluster_name])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn resources(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<ResourceQuery>,
    here: Uri,
) -> Result<Out<Page<ResourceView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let ResourceQuery { page_size, page_token, search, cluster, kind, ready } = query;
    let filter = ResourceFilter::new(cluster, kind, ready)?;
    let found = organizations::resources(&hub.app, &caller, id, &filter).await?;
    let views = found.into_iter().map(views::resource).collect();
    let query = PageQuery { page_size, page_token, search };
    let page = paging::cut(views, &query, |one: &ResourceView| vec![&one.name, &one.namespace, &one.kind])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn audit_list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<AuditView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let listed = audit::organization_list(&hub.app, &caller, id, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::audit), &here))
}
