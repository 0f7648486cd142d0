//! Why somebody may do something, or what is missing (ROLE-10).

use axum::extract::State;
use bastide_api::access::{AccessQuery, AccessView};
use bastide_app::access::{self, Question};

use super::answer::Out;
use super::extract::{Search, Who};
use super::hub::Hub;
use super::problem::Failure;
use super::views;

pub(crate) async fn explain(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<AccessQuery>,
) -> Result<Out<AccessView>, Failure> {
    let answer = access::explain(&hub.app, &caller, &question(query)).await?;
    Ok(Out::new(views::access(answer)))
}

pub(crate) fn question(query: AccessQuery) -> Question {
    let AccessQuery { action, user, organization, team, project, cluster } = query;
    Question { user, action, organization, team, project, cluster }
}
