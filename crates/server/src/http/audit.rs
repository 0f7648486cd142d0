//! The installation's audit log.

use axum::extract::State;
use bastide_api::audit::AuditView;
use bastide_api::{Page, PageQuery};
use bastide_app::audit;
use http::Uri;

use super::answer::Out;
use super::extract::{Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<AuditView>>, Failure> {
    let listed = audit::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::audit), &here))
}
