//! The page for a problem: who looks is found out again, because a failure knows only what failed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bastide_api::organizations::OrganizationView;
use bastide_api::{PageQuery, Problem};
use bastide_app::identity;
use bastide_model::access::Caller;
use bastide_model::limits;
use http::Uri;

use super::answer::Html;
use super::context::RequestContext;
use super::extract::{Search, Who};
use super::hub::Hub;
use super::{organizations, views};
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
    let switcher = match caller.filter(|_| me.is_some()) {
        Some(caller) => seen_by(hub, caller).await,
        None => Vec::new(),
    };
    let page = pages::Context {
        me,
        switcher,
        theme: context.theme,
        path: context.path.clone(),
        nonce: context.nonce.as_str().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        help_url: hub.settings.help_url.clone(),
        request_id: context.id.to_string(),
        ..pages::Context::default()
    };
    Html::page(pages::error(&page, problem).into_string()).into_response()
}

/// Where one can go from here. Without it the page says no less of what went wrong.
async fn seen_by(hub: &Hub, caller: &Caller) -> Vec<OrganizationView> {
    let all = PageQuery { page_size: Some(limits::PAGE_SIZE_MAX), ..PageQuery::default() };
    let listed =
        organizations::list(State(hub.clone()), Who(caller.clone()), Search(all), Uri::default()).await;
    listed.map(|page| page.into_value().items).unwrap_or_default()
}
