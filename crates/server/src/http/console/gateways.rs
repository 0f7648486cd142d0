//! Gateway configurations of a cluster.

use bastide_api::Problem;
use bastide_api::gateways::{GatewayConfigurationView, SharedGatewayChoice};
use bastide_model::GatewayConfigurationId;

use super::clusters::{address, again, cluster_page};
use super::organizations::revision;
use super::visit::{Visit, fields, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name};
use crate::http::gateways;
use crate::http::problem::Failure;
use crate::pages::{self, GatewayForm, GatewayPage};

pub(super) async fn create(visit: Visit, At(name): At<Name>, form: Form) -> Result<Html, Failure> {
    let form = GatewayForm::parse(&fields(&form));
    let made = match wrong(form.check()) {
        Ok(()) => gateways::create(visit.state(), visit.who(), At(name.clone()), Body(form.to_new())).await,
        Err(failure) => Err(failure),
    };
    match made {
        Ok(_) => Ok(go(&address(&name), Some("created"))),
        Err(failure) => again(&visit, &name, failure, |view| view.gateway_form = form).await,
    }
}

/// A configuration is found among those of the cluster in the address: another cluster's is not found (E-17).
async fn find(
    visit: &Visit,
    cluster: &Name,
    gateway: &Name,
) -> Result<(GatewayConfigurationId, GatewayConfigurationView), Failure> {
    let page = cluster_page(visit, cluster, None).await?;
    let found =
        page.gateways.items().iter().find(|one| one.slug == gateway.as_str() || one.id == gateway.as_str());
    let found = found.ok_or(Failure::NOT_FOUND)?;
    Ok((found.id.parse().map_err(|_| Failure::NOT_FOUND)?, found.clone()))
}

fn page_of(visit: &Visit, cluster: &Name, gateway: GatewayConfigurationView) -> GatewayPage {
    GatewayPage {
        cluster: cluster.as_str().to_owned(),
        may_change: visit.page.is_site_administrator(),
        form: GatewayForm::of(&gateway),
        gateway,
        problem: None,
    }
}

fn refused(visit: &Visit, failure: Failure, view: GatewayPage) -> Result<Html, Failure> {
    visit.refused(failure, |page, problem: Problem| {
        pages::gateway(page, &GatewayPage { problem: Some(problem), ..view })
    })
}

pub(super) async fn view(visit: Visit, At((name, gateway)): At<(Name, Name)>) -> Result<Html, Failure> {
    let (_, found) = find(&visit, &name, &gateway).await?;
    Ok(show(pages::gateway(&visit.page, &page_of(&visit, &name, found))))
}

pub(super) async fn update(
    visit: Visit,
    At((name, gateway)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let (id, found) = find(&visit, &name, &gateway).await?;
    let typed = fields(&form);
    let form = GatewayForm::parse(&typed);
    let done = match wrong(form.check()) {
        Ok(()) => {
            let seen = IfMatch(revision(&typed.text("etag")));
            gateways::update(visit.state(), visit.who(), At(id), seen, Body(form.to_change())).await
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(_) => Ok(go(&format!("{}/gateways/{}", address(&name), found.slug), Some("saved"))),
        Err(failure) => {
            let view = page_of(&visit, &name, found);
            refused(&visit, failure, GatewayPage { form, ..view })
        }
    }
}

pub(super) async fn share(
    visit: Visit,
    At((name, gateway)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let (_, found) = find(&visit, &name, &gateway).await?;
    let configuration = (form.text("shared") == "yes").then(|| found.id.clone());
    let choice = Body(SharedGatewayChoice { configuration });
    match gateways::share(visit.state(), visit.who(), At(name.clone()), choice).await {
        Ok(_) => Ok(go(&format!("{}/gateways/{}", address(&name), found.slug), Some("saved"))),
        Err(failure) => refused(&visit, failure, page_of(&visit, &name, found)),
    }
}

pub(super) async fn delete(visit: Visit, At((name, gateway)): At<(Name, Name)>) -> Result<Html, Failure> {
    let (id, _) = find(&visit, &name, &gateway).await?;
    match gateways::delete(visit.state(), visit.who(), At(id)).await {
        Ok(_) => Ok(go(&address(&name), Some("deleted"))),
        Err(failure) => again(&visit, &name, failure, |_| ()).await,
    }
}
