//! `Idempotency-Key`: a POST that may come twice is carried out once. The same key with the same payload gets the answer
//! that was kept, with another payload 422, and while the first is under way 409. A key belongs to one account and one
//! operation. Answers that carry a secret are not kept: the second time the answer says that it was done.
//!
//! Only answers that tell of success are kept. Every other one changed nothing, so that doing it again is right.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bastide_app::{App, idempotency};
use bastide_model::{Error, UserId};
use bastide_store::Kept;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::extract;
use super::hub::Hub;
use super::problem::Failure;

/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 255;
/// The headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];
/// Under this status nothing is kept and the key is free again.
const NOT_KEPT: u16 = 500;

/// One use of a key.
#[derive(Debug)]
pub(crate) struct KeyUse {
    pub(crate) who: UserId,
    pub(crate) operation: &'static str,
    pub(crate) key: String,
    /// Whether the answer may be kept as it is; it may not when it carries a secret.
    pub(crate) keeps_body: bool,
}

/// An answer as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct KeptAnswer {
    headers: BTreeMap<String, String>,
    /// None when it carried a secret.
    body: Option<String>,
}

/// The key of a request.
///
/// # Errors
/// `invalid` when it is not 1 to 255 visible ASCII characters, or given twice.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(bastide_api::IDEMPOTENCY_KEY).iter();
    let wanted =
        || Failure::field("Idempotency-Key", "one key of 1 to 255 visible ASCII characters is allowed");
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| wanted())?;
            let good =
                (1..=KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
            if good { Ok(Some(text.to_owned())) } else { Err(wanted()) }
        }
        _ => Err(wanted()),
    }
}

/// Carries the request out once for its key. It goes on to its end even when the client goes away, so that the second
/// request finds the answer of the first.
pub(crate) async fn once(
    hub: &Hub,
    key_use: KeyUse,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let body = extract::read(&parts.headers, body).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let payload = [path.as_bytes(), &[0], &body].concat();
    let KeyUse { who, operation, key, .. } = &key_use;
    match idempotency::begin(&hub.app, *who, operation, key, &payload).await? {
        Kept::Fresh => {}
        Kept::Answered { status, response } => return Ok(replay(status, response)?),
        Kept::InFlight => return Err(Error::conflict("request_under_way", UNDER_WAY).into()),
        Kept::OtherPayload => return Err(Failure::KeyReused),
    }
    let request = Request::from_parts(parts, Body::from(body));
    let app = hub.app.clone();
    let work = hub.tasks.piece("request with an idempotency key", async move {
        keep(&app, &key_use, next.run(request).await).await
    });
    match work.await {
        Ok(Some(response)) => Ok(response),
        Ok(None) => Err(Error::Unavailable { detail: "the server is shutting down".to_owned() }.into()),
        Err(_) => Err(Error::internal("a handler panicked").into()),
    }
}

const UNDER_WAY: &str = "A request with this Idempotency-Key is under way; ask again in a moment.";

fn replay(status: u16, kept: Value) -> Result<Response, Error> {
    let broken = || Error::internal("a kept answer cannot be given again");
    let kept: KeptAnswer = serde_json::from_value(kept).map_err(|_| broken())?;
    let Some(body) = kept.body else {
        let detail = "This was done before, and its answer carried a secret that is shown only once. \
                      Make another one with a new key, and withdraw the first if it is lost.";
        return Err(Error::conflict("already_done", detail));
    };
    let mut response = (StatusCode::from_u16(status).map_err(|_| broken())?, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in kept.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
        response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|_| broken())?);
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps an answer that tells of success, and gives the key back after any other.
async fn keep(app: &App, key_use: &KeyUse, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes);
    let whole = body.as_ref().ok().filter(|_| parts.status.is_success());
    let text = whole.and_then(|body| std::str::from_utf8(body).ok());
    let (status, kept) = match text {
        Some(text) => {
            let header = |name: &HeaderName| {
                Some((name.as_str().to_owned(), parts.headers.get(name)?.to_str().ok()?.to_owned()))
            };
            let headers = KEPT_HEADERS.iter().filter_map(header).collect();
            let kept = KeptAnswer { headers, body: key_use.keeps_body.then(|| text.to_owned()) };
            (parts.status.as_u16(), serde_json::to_value(kept).unwrap_or_default())
        }
        None => (NOT_KEPT, Value::Null),
    };
    let KeyUse { who, operation, key, .. } = key_use;
    if let Err(error) = idempotency::finish(app, *who, operation, key, status, kept).await {
        tracing::error!(%error, operation, "an answer could not be kept for its idempotency key");
    }
    Response::from_parts(parts, Body::from(body.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_visible() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers
                    .append(bastide_api::IDEMPOTENCY_KEY, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            key(&headers)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["0b1f-7"]), Ok(Some("0b1f-7".to_owned())));
        for bad in [vec![""], vec!["a b"], vec!["ü"], vec!["a", "b"], vec!["x".repeat(256).as_str()]] {
            assert_eq!(read(&bad).unwrap_err().status(), 400, "{bad:?}");
        }
    }
}
