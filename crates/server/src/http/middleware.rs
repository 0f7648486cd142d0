//! Around everything: which request it is, its span and its numbers, a limit of time, panics, and the one place where a
//! failure becomes a document or a page.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bastide_model::Error;
use futures_util::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use tracing::Instrument as _;

use super::context::RequestContext;
use super::error_page;
use super::gate::Served;
use super::hub::Hub;
use super::problem::Failure;
use super::registry::Surface;
use super::security;

/// How long an answer may take to begin. Longer than an agent's long poll.
const ANSWER_TIME: Duration = Duration::from_mins(1);

/// The router with everything around it.
pub(crate) fn around(hub: &Hub, router: Router) -> Router {
    router
        .layer(axum::middleware::from_fn_with_state(hub.clone(), outermost))
        .layer(tower_http::compression::CompressionLayer::new())
}

async fn outermost(State(hub): State<Hub>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let _counted = hub.metrics.begun();
    let (mut parts, body) = request.into_parts();
    let context = RequestContext::of(&parts, &hub.settings.trusted_proxies, hub.app.ids());
    parts.extensions.insert(context.clone());
    let span = tracing::info_span!("request", id = %context.id, method = %parts.method);
    let request = Request::from_parts(parts, body);
    async {
        let answer = guarded(request, next).await;
        finish(&hub, &context, answer, began).await
    }
    .instrument(span)
    .await
}

/// The answer, or why there is none in time or at all.
async fn guarded(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match tokio::time::timeout(ANSWER_TIME, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("nothing");
            Failure::Domain(Error::internal(format!("a handler panicked: {said}"))).into_response()
        }
        Err(_) => Failure::TooSlow.into_response(),
    }
}

async fn finish(hub: &Hub, context: &RequestContext, mut answer: Response, began: Instant) -> Response {
    let served = answer.extensions_mut().remove::<Served>();
    let (operation, path) = served.as_ref().map_or(("none", ""), |served| (served.operation, served.path));
    let mut answer = tell(hub, context, served.as_ref(), answer).await;
    let (status, took) = (answer.status().as_u16(), began.elapsed());
    hub.metrics.answered(operation, status, took);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(operation, path, status, milliseconds, "answered");
    if let Ok(id) = HeaderValue::from_str(&context.id.to_string()) {
        answer.headers_mut().insert(bastide_api::REQUEST_ID, id);
    }
    security::apply(answer.headers_mut(), &context.nonce, hub.settings.is_secure());
    answer
}

/// Writes the document or the page of a failure. An answer that is an error without having said so, from a layer of
/// somebody else's, becomes one of ours.
async fn tell(
    hub: &Hub,
    context: &RequestContext,
    served: Option<&Served>,
    mut answer: Response,
) -> Response {
    let failure = match answer.extensions_mut().remove::<Failure>() {
        Some(failure) => failure,
        None if is_bare_error(&answer) => from_status(answer.status()),
        None => return answer,
    };
    if let Failure::Domain(Error::Internal { detail }) = &failure {
        tracing::error!(%detail, "internal error");
    }
    let problem = failure.document(context.id);
    let page = served.map_or(context.wants_page, |served| served.surface == Surface::Console);
    let mut told = if page {
        let caller = served.and_then(|served| served.caller.as_ref());
        error_page::page(hub, context, caller, &problem).await
    } else {
        document(&problem)
    };
    *told.status_mut() = failure.status();
    told.headers_mut().extend(failure.headers(hub.app.now()));
    if let Some(allow) = answer.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allow.clone());
    }
    told
}

fn is_bare_error(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let error = answer.status().is_client_error() || answer.status().is_server_error();
    error && kind.is_none_or(|kind| kind.starts_with("text/plain"))
}

fn from_status(status: StatusCode) -> Failure {
    match status {
        StatusCode::NOT_FOUND => Failure::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED => Failure::MethodNotAllowed,
        _ => Error::internal(format!("a layer answered {status} without a reason")).into(),
    }
}

fn document(problem: &bastide_api::Problem) -> Response {
    // A problem is text and numbers; writing it cannot fail.
    let body = serde_json::to_vec(problem).unwrap_or_default();
    let kind = HeaderValue::from_static(bastide_api::PROBLEM_JSON);
    ([(header::CONTENT_TYPE, kind)], Body::from(body)).into_response()
}
