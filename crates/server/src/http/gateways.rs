//! Gateway configurations of clusters.

use axum::extract::State;
use bastide_api::gateways::{
    self as wire, GatewayConfigurationChange, GatewayConfigurationView, NewGatewayConfiguration,
    SharedGatewayChoice, SharedGatewayView,
};
use bastide_api::{Page, PageQuery};
use bastide_app::clusters;
use bastide_app::gateways::{self, Change, NewGateway};
use bastide_model::GatewayConfigurationId;
use bastide_model::error::FieldErrors;
use bastide_model::gateway::{GatewayAddress, GatewaySpec, Listener};
use bastide_model::names::DisplayName;
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::input::{incomplete, optional, slug_or_made};
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<GatewayConfigurationView>>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    let all = gateways::list(&hub.app, &caller, id).await?.into_iter().map(views::gateway).collect();
    let page =
        paging::cut(all, &query, |gateway: &GatewayConfigurationView| vec![&gateway.slug, &gateway.name])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewGatewayConfiguration>,
) -> Result<Made<GatewayConfigurationView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    let gateway = gateways::create(&hub.app, &caller, id, read(input)?).await?;
    let location = format!("/v1/gateway-configurations/{}", gateway.id);
    Ok(Made::new(&location, views::gateway(gateway)))
}

/// The fields of a gateway configuration, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read(input: NewGatewayConfiguration) -> bastide_model::Result<NewGateway> {
    let mut errors = FieldErrors::default();
    let name = errors.take("/name", input.name.parse::<DisplayName>());
    let slug = slug_or_made(&mut errors, input.slug.as_deref(), name.as_ref());
    let listeners = listeners(&mut errors, input.listeners);
    let addresses = addresses(&mut errors, &input.addresses);
    errors.finish()?;
    let (Some(name), Some(slug)) = (name, slug) else { return Err(incomplete()) };
    let spec = GatewaySpec { class: input.class, listeners, addresses };
    Ok(NewGateway { name, slug, spec, certificates: input.certificates.into() })
}

fn listeners(errors: &mut FieldErrors, listeners: Vec<wire::Listener>) -> Vec<Listener> {
    let parsed = listeners.into_iter().map(wire::Listener::parse).enumerate();
    parsed.filter_map(|(index, one)| errors.take(&format!("/listeners/{index}/host_name"), one)).collect()
}

fn addresses(errors: &mut FieldErrors, addresses: &[String]) -> Vec<GatewayAddress> {
    let parsed = addresses.iter().map(|one| one.parse()).enumerate();
    parsed.filter_map(|(index, one)| errors.take(&format!("/addresses/{index}"), one)).collect()
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(gateway): At<GatewayConfigurationId>,
) -> Result<Out<GatewayConfigurationView>, Failure> {
    let gateway = gateways::view(&hub.app, &caller, gateway).await?;
    let revision = gateway.revision;
    Ok(Out::new(views::gateway(gateway)).etag(revision))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(gateway): At<GatewayConfigurationId>,
    IfMatch(seen): IfMatch,
    Body(input): Body<GatewayConfigurationChange>,
) -> Result<Out<GatewayConfigurationView>, Failure> {
    let gateway = gateways::update(&hub.app, &caller, gateway, seen, read_change(input)?).await?;
    let revision = gateway.revision;
    Ok(Out::new(views::gateway(gateway)).etag(revision))
}

/// The fields of a change, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read_change(input: GatewayConfigurationChange) -> bastide_model::Result<Change> {
    let mut errors = FieldErrors::default();
    let name = optional(&mut errors, "/name", input.name.map(|text| text.parse::<DisplayName>()));
    let listeners = input.listeners.map(|all| listeners(&mut errors, all));
    let addresses = input.addresses.map(|all| addresses(&mut errors, &all));
    errors.finish()?;
    let certificates = input.certificates.map(Into::into);
    Ok(Change { name, class: input.class, listeners, addresses, certificates })
}

pub(crate) async fn share(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<SharedGatewayChoice>,
) -> Result<Out<SharedGatewayView>, Failure> {
    let id = clusters::resolve(&hub.app, &caller, name.as_str()).await?;
    let shared = gateways::share(&hub.app, &caller, id, input.configuration.as_deref()).await?;
    Ok(Out::new(SharedGatewayView { configuration: shared.map(views::gateway) }))
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(gateway): At<GatewayConfigurationId>,
) -> Result<Empty, Failure> {
    gateways::delete(&hub.app, &caller, gateway).await?;
    Ok(Empty)
}
