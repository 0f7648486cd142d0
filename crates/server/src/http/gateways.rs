//! Gateway configurations of clusters.

use axum::extract::State;
use bastide_api::clusters::{GatewayConfigurationView, NewGatewayConfiguration};
use bastide_api::{Page, PageQuery};
use bastide_app::clusters;
use bastide_app::gateways::{self, NewGateway};
use bastide_model::GatewayConfigurationId;
use bastide_model::error::FieldErrors;
use bastide_model::gateway::Listener;
use bastide_model::names::{DisplayName, Slug};
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::extract::{At, Body, Name, Search, Who};
use super::hub::Hub;
use super::input::incomplete;
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
    let slug = match (&input.slug, &name) {
        (Some(slug), _) => errors.take("/slug", slug.parse::<Slug>()),
        (None, Some(name)) => Slug::from_name(name).or_else(|| {
            errors.push("/slug", "no slug can be made from the name; give one of a–z, 0–9 and `-`");
            None
        }),
        (None, None) => None,
    };
    errors.finish()?;
    let (Some(name), Some(slug)) = (name, slug) else { return Err(incomplete()) };
    let listeners = input.listeners.into_iter().map(Listener::from).collect();
    Ok(NewGateway { name, slug, class: input.class, listeners })
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(gateway): At<GatewayConfigurationId>,
) -> Result<Empty, Failure> {
    gateways::delete(&hub.app, &caller, gateway).await?;
    Ok(Empty)
}
