//! Clusters: see, accept, deny, withdraw, unregister (FLEET-1, FLEET-2).

use axum::extract::State;
use bastide_api::clusters::{
    AcceptCluster, CleanCluster, ClusterView, ForgetCluster, ForgottenCluster, UnregisterQuery,
};
use bastide_api::{Page, PageQuery};
use bastide_app::clusters;
use bastide_model::error::FieldErrors;
use http::Uri;

use super::answer::{Accepted, Empty, Out};
use super::extract::{At, Body, Name, Search, Who};
use super::hub::Hub;
use super::input::within;
use super::problem::Failure;
use super::{paging, views};

/// Longest text that may be a fingerprint, in characters.
const FINGERPRINT_CHARS_MAX: usize = 200;

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<ClusterView>>, Failure> {
    let listed = clusters::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::cluster), &here))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<ClusterView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::cluster(clusters::view(&hub.app, &caller, id).await?)))
}

pub(crate) async fn accept(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<AcceptCluster>,
) -> Result<Out<ClusterView>, Failure> {
    let mut errors = FieldErrors::default();
    within(&mut errors, "/fingerprint", &input.fingerprint, 1, FINGERPRINT_CHARS_MAX);
    errors.finish()?;
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::cluster(clusters::accept(&hub.app, &caller, id, &input.fingerprint).await?)))
}

pub(crate) async fn deny(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<ClusterView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::cluster(clusters::deny(&hub.app, &caller, id).await?)))
}

pub(crate) async fn withdraw(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<ClusterView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::cluster(clusters::withdraw(&hub.app, &caller, id).await?)))
}

pub(crate) async fn forget(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<ForgetCluster>,
) -> Result<Out<ForgottenCluster>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    let left = clusters::forget(&hub.app, &caller, id, &input.confirm).await?;
    Ok(Out::new(ForgottenCluster { organizations: left }))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<UnregisterQuery>,
) -> Result<Empty, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    clusters::delete(&hub.app, &caller, id, query.leave.as_deref()).await?;
    Ok(Empty)
}

pub(crate) async fn follow(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<ClusterView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::cluster(clusters::follow(&hub.app, &caller, id).await?)))
}

pub(crate) async fn clean(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<CleanCluster>,
) -> Result<Accepted<ClusterView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Accepted::new(views::cluster(clusters::clean(&hub.app, &caller, id, &input.confirm).await?)))
}
