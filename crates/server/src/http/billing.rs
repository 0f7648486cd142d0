//! The billing axis: whose billing one sees, and who administers it.

use axum::extract::State;
use bastide_api::members::{BillingView, Colleague};
use bastide_api::{Page, PageQuery};
use bastide_app::billing::{self, Details};
use bastide_model::UserId;
use http::Uri;

use super::answer::{Empty, Out};
use super::extract::{At, Name, Search, Who};
use super::hub::Hub;
use super::members::named;
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<BillingView>>, Failure> {
    let listed = billing::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, view_of), &here))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<BillingView>, Failure> {
    let id = billing::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(view_of(billing::view(&hub.app, &caller, id).await?)))
}

pub(crate) async fn assign(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, user)): At<(Name, String)>,
) -> Result<Out<Colleague>, Failure> {
    let id = billing::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::colleague(billing::assign(&hub.app, &caller, id, &user).await?)))
}

pub(crate) async fn withdraw(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, user)): At<(Name, UserId)>,
) -> Result<Empty, Failure> {
    let id = billing::resolve(&hub.app, &caller, name.as_str()).await?;
    billing::withdraw(&hub.app, &caller, id, user).await?;
    Ok(Empty)
}

fn view_of(details: Details) -> BillingView {
    let organization = details.organization;
    BillingView {
        organization: named(organization.id, organization.slug, organization.name),
        plan: details.plan.slug.into(),
        role: details.role.to_owned(),
        administrators: details.administrators.into_iter().map(views::colleague).collect(),
        actions: views::texts(details.actions),
    }
}
