//! Licences of clusters (FLEET-3).

use axum::extract::State;
use bastide_api::clusters::{LicenceView, UploadLicence};
use bastide_app::{clusters, licences};

use super::answer::Out;
use super::extract::{At, Body, Name, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::views;

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Out<LicenceView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    Ok(Out::new(views::licence(licences::view(&hub.app, &caller, id).await?)))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<UploadLicence>,
) -> Result<Out<LicenceView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    let stored = licences::upload(&hub.app, &caller, id, input.pem, input.force).await?;
    Ok(Out::new(views::licence(stored)))
}
