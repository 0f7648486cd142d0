//! Public organizations, as everybody in their realm sees them.

use axum::extract::State;
use bastide_api::organizations::PublicOrganizationView;
use bastide_api::{Page, PageQuery};
use bastide_app::public_organizations;
use http::Uri;

use super::answer::Out;
use super::extract::{At, Name, Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<PublicOrganizationView>>, Failure> {
    let listed = public_organizations::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::public_organization), &here))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<PublicOrganizationView>, Failure> {
    let found = public_organizations::view(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::public_organization(found)))
}
