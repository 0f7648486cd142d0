//! The hub's authority for agents, and its exchange (FLEET-1).

use axum::extract::State;
use bastide_api::clusters::{AuthorityState, AuthorityView, RotateAuthority, RotationStep};
use bastide_app::authority::Anchor;
use bastide_app::rotation::{self, Progress};

use super::answer::Out;
use super::extract::{Body, Who};
use super::hub::Hub;
use super::problem::Failure;

pub(crate) async fn view(State(hub): State<Hub>, Who(caller): Who) -> Result<Out<AuthorityState>, Failure> {
    Ok(Out::new(state(rotation::view(&hub.app, &caller).await?)))
}

pub(crate) async fn rotate(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<RotateAuthority>,
) -> Result<Out<AuthorityState>, Failure> {
    let progress = match input.step {
        RotationStep::Prepare => rotation::prepare(&hub.app, &caller).await?,
        RotationStep::Switch => rotation::switch(&hub.app, &caller, input.force).await?,
    };
    Ok(Out::new(state(progress)))
}

fn state(progress: Progress) -> AuthorityState {
    let one =
        |anchor: Anchor| AuthorityView { fingerprint: anchor.fingerprint, since: anchor.since.to_string() };
    AuthorityState {
        present: one(progress.present),
        next: progress.next.map(one),
        previous: progress.previous.into_iter().map(one).collect(),
        clusters_ready: progress.ready,
        clusters_waiting: progress.waiting,
    }
}
