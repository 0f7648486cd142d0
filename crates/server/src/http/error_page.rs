//! The page for a problem: who looks is found out again, because a failure knows only what failed.

use axum::response::{IntoResponse, Response};
use bastide_api::Problem;
use bastide_app::identity;
use bastide_model::access::Caller;

use super::answer::Html;
use super::context::RequestContext;
use super::hub::Hub;
use super::views;
use crate::pages;

/// The page; the status is set by the caller.
pub(crate) async fn page(
    hub: &Hub,
    context: &RequestContext,
    caller: Option<&Caller>,
    problem: &Problem,
) -> Response {
    let me = match caller {
        // Whoever cannot be looked up any more sees the page of somebody who is not signed in.
        Some(caller) => identity::me(&hub.app, caller).await.ok().map(|(user, token)| {
            views::me(caller, user, token, hub.app.graph(|graph| graph.administration_of(caller.user)))
        }),
        None => None,
    };
    let page = pages::Context {
        me,
        path: context.path.clone(),
        nonce: context.nonce.as_str().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        help_url: hub.settings.help_url.clone(),
        request_id: context.id.to_string(),
        ..pages::Context::default()
    };
    Html::page(pages::error(&page, problem).into_string()).into_response()
}
