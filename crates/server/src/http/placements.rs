//! Placing an organization on another cluster, and taking it off one (FLEET-6).

use axum::extract::State;
use bastide_api::organizations::{LeaveQuery, NewPlacement, PlacementView};
use bastide_app::organizations;
use bastide_app::placements;
use bastide_model::Result;
use bastide_model::error::FieldErrors;
use bastide_model::placement::Leaving;

use super::answer::{Accepted, Made};
use super::client_organizations::{NAME_CHARS_MAX, wish};
use super::extract::{At, Body, Name, Search, Who};
use super::hub::Hub;
use super::input::{take, within};
use super::problem::Failure;
use super::views;

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewPlacement>,
) -> std::result::Result<Made<PlacementView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let placed = placements::add(&hub.app, &caller, id, read(input)?).await?;
    let view = views::placement(placed);
    Ok(Made::new(&format!("/v1/organizations/{id}/placements"), view))
}

/// The fields of a new placement, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read(input: NewPlacement) -> Result<placements::NewPlacement> {
    let mut errors = FieldErrors::default();
    let node_pool = match input.node_pool {
        Some(pool) => take(&mut errors, pool.parse("/node_pool"))?,
        None => None,
    };
    if let Some(hub) = &input.hub {
        within(&mut errors, "/hub", hub, 1, NAME_CHARS_MAX);
    }
    within(&mut errors, "/spoke", &input.spoke, 1, NAME_CHARS_MAX);
    errors.finish()?;
    Ok(placements::NewPlacement {
        hub: input.hub,
        spoke: input.spoke,
        node_pool,
        gateway: wish(input.gateway),
    })
}

pub(crate) async fn delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, cluster)): At<(Name, Name)>,
    Search(query): Search<LeaveQuery>,
) -> std::result::Result<Accepted<PlacementView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let how = if query.release { Leaving::Release } else { Leaving::Remove };
    let placed = placements::remove(&hub.app, &caller, (id, cluster.as_str()), how, &query.confirm).await?;
    Ok(Accepted::new(views::placement(placed)))
}
