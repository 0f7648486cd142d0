//! The page for a problem.

use axum::response::{IntoResponse, Response};
use bastide_api::Problem;
use http::{HeaderValue, header};
use maud::{DOCTYPE, html};

use super::context::RequestContext;

/// The page; the status is set by the caller.
pub(crate) fn page(problem: &Problem, _context: &RequestContext) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (problem.title) " · Bastide" } }
            body { main { h1 { (problem.title) } p { (problem.detail) } p { code { (problem.request_id) } } } }
        }
    };
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (kind, page.into_string()).into_response()
}
