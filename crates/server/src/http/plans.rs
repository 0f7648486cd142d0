//! Plans of a realm.

use axum::extract::State;
use bastide_api::registry::PlanView;
use bastide_api::{Page, PageQuery};
use bastide_app::plans;
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
) -> Result<Out<Page<PlanView>>, Failure> {
    let plans = plans::list(&hub.app, &caller).await?;
    let page = paging::cut(plans.into_iter().map(views::plan).collect(), &query, |plan: &PlanView| {
        vec![&plan.slug, &plan.name]
    })?;
    Ok(Out::page(page, &here))
}
