//! `Idempotency-Key`: a POST that may come twice is carried out once. The same key with the same payload gets the answer
//! that was kept, with another payload 422, and while the first is under way 409. A key belongs to one account and one
//! operation. Answers that carry a secret are not kept: the second time the answer says that it was done.
//!
//! Only answers that tell of success are kept. Every other one changed nothing, so that doing it again is right.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bastide_model::Error;
use bastide_model::access::Caller;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use super::extract;
use super::hub::Hub;
use super::problem::Failure;

/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 255;
/// The headers that belong to an answer.
const KEPT_HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, HeaderName::from_static(bastide_api::REVISION)];

/// One use of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// Who used it.
    pub caller: Caller,
    /// For which operation: the id of a row of the route table.
    pub operation: &'static str,
    /// The key.
    pub key: String,
    /// SHA-256 of path and body.
    pub payload: [u8; 32],
}

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Its status.
    pub status: u16,
    /// Its headers that belong to it.
    pub headers: Vec<(String, String)>,
    /// Its body; none when it carried a secret.
    pub body: Option<Vec<u8>>,
}

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is taken now, and the request is to be carried out.
    Fresh,
    /// It was carried out, and this was the answer.
    Answered(KeptAnswer),
    /// It is being carried out.
    UnderWay,
    /// It was used for another payload.
    OtherPayload,
}

/// Keeps answers for a day (`limits::IDEMPOTENCY_HOURS`).
pub trait KeptAnswers: Send + Sync + 'static {
    /// Takes the key, or says what is known of it; one of two at the same time takes it.
    fn begin<'a>(&'a self, key_use: &'a KeyUse) -> BoxFuture<'a, Result<Known, Error>>;

    /// Keeps the answer; without one the key is free again.
    fn finish<'a>(
        &'a self,
        key_use: &'a KeyUse,
        answer: Option<KeptAnswer>,
    ) -> BoxFuture<'a, Result<(), Error>>;
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
    caller: Caller,
    operation: &'static str,
    keeps_body: bool,
    key: String,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let body = extract::read(&parts.headers, body).await?;
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let payload = Sha256::new().chain_update(path).chain_update([0]).chain_update(&body).finalize().into();
    let key_use = KeyUse { caller, operation, key, payload };
    match hub.kept.begin(&key_use).await? {
        Known::Fresh => {}
        Known::Answered(answer) => return Ok(replay(answer)?),
        Known::UnderWay => return Err(Error::conflict("request_under_way", UNDER_WAY).into()),
        Known::OtherPayload => return Err(Failure::KeyReused),
    }
    let request = Request::from_parts(parts, Body::from(body));
    let kept = std::sync::Arc::clone(&hub.kept);
    let work = hub.tasks.piece("request with an idempotency key", async move {
        let (response, answer) = keep(next.run(request).await, keeps_body).await;
        if let Err(error) = kept.finish(&key_use, answer).await {
            tracing::error!(%error, operation, "an answer could not be kept for its idempotency key");
        }
        response
    });
    let gone = || Error::Unavailable { detail: "the server is shutting down".to_owned() };
    match work.await {
        Ok(response) => Ok(response.ok_or_else(gone)?),
        Err(_) => Err(Error::internal("the handler panicked").into()),
    }
}

const UNDER_WAY: &str = "A request with this Idempotency-Key is under way; ask again in a moment.";

fn replay(answer: KeptAnswer) -> Result<Response, Error> {
    let Some(body) = answer.body else {
        let detail = "This was done before, and its answer carried a secret that is shown only once. \
                      Make another one with a new key, and withdraw the first if it is lost.";
        return Err(Error::conflict("already_done", detail));
    };
    let broken = || Error::internal("a kept answer cannot be given again");
    let mut response = (StatusCode::from_u16(answer.status).map_err(|_| broken())?, body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| broken())?;
        response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|_| broken())?);
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// The answer, and what is kept of it.
async fn keep(response: Response, keeps_body: bool) -> (Response, Option<KeptAnswer>) {
    if !response.status().is_success() {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await else { return (Response::from_parts(parts, Body::empty()), None) };
    let body = body.to_bytes();
    let header = |name: &HeaderName| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    };
    let answer = KeptAnswer {
        status: parts.status.as_u16(),
        headers: KEPT_HEADERS.iter().filter_map(header).collect(),
        body: keeps_body.then(|| body.to_vec()),
    };
    (Response::from_parts(parts, Body::from(body)), Some(answer))
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
