//! What handlers give: documents with their status and headers, pages, redirects.

use axum::response::{IntoResponse, Response};
use bastide_api::page::Page;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::describe::{Answer, Sketch};
use super::problem::Failure;
use super::redirect::LocalPath;

const JSON: &str = "application/json";
const ETAG: (&str, &str) = ("ETag", "Entity tag of the object, for If-Match.");
const LOCATION: (&str, &str) = ("Location", "Where the new object is.");
const REVISION: (&str, &str) = (
    "Bastide-Revision",
    "Revision that the change made. Sent back with a read, the read has seen the change.",
);

/// The strong entity tag of an object at a revision.
pub fn etag(revision: i64) -> String {
    format!("\"{revision}\"")
}

/// The headers that answers share.
#[derive(Debug, Clone, Default)]
struct Extra(HeaderMap);

impl Extra {
    fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.insert(name, value);
        } else {
            tracing::error!(header = %name, "a header's value cannot be sent and is left out");
        }
    }
}

/// A document, or a failure in its place when it cannot be written.
pub(crate) fn document<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(JSON))];
            (status, kind, body).into_response()
        }
        Err(error) => {
            Failure::Domain(bastide_model::Error::internal(format!("an answer cannot be written: {error}")))
                .into_response()
        }
    }
}

macro_rules! carries_headers {
    ($($kind:ident),*) => {$(
        impl<T> $kind<T> {
            /// Adds the object's entity tag.
            #[must_use]
            pub fn etag(mut self, revision: i64) -> Self {
                self.extra.set(header::ETAG, &etag(revision));
                self
            }
        }
    )*};
}

carries_headers!(Out, Made, Accepted);

macro_rules! shown_by_pages {
    ($($kind:ident),*) => {$(
        impl<T> $kind<T> {
            /// What is in it, for the page that shows the same.
            pub(crate) fn into_value(self) -> T {
                self.value
            }
        }
    )*};
}

shown_by_pages!(Out, Made);

/// 200 with a document.
#[derive(Debug, Clone)]
pub struct Out<T> {
    value: T,
    extra: Extra,
}

impl<T> Out<T> {
    /// The document.
    pub fn new(value: T) -> Self {
        Self { value, extra: Extra::default() }
    }
}

impl<T> Out<Page<T>> {
    /// One page of a list, with the link to the next (RFC 8288). `here` is the path and query that were asked for.
    pub fn page(page: Page<T>, here: &http::Uri) -> Self {
        let mut out = Self { value: page, extra: Extra::default() };
        if let Some(token) = &out.value.next_page_token {
            let others = url::form_urlencoded::parse(here.query().unwrap_or_default().as_bytes())
                .filter(|(name, _)| name != "page_token");
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let query = query.extend_pairs(others).append_pair("page_token", token).finish();
            out.extra.set(header::LINK, &format!("<{}?{query}>; rel=\"next\"", here.path()));
        }
        out
    }
}

impl<T: Serialize> IntoResponse for Out<T> {
    fn into_response(self) -> Response {
        (self.extra.0, document(StatusCode::OK, &self.value)).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Out<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let content = (JSON, sketch.schema::<T>());
        sketch.answer(StatusCode::OK, "As asked for.", Some(content), &[]);
    }
}

/// 201 with the new object and where it is.
#[derive(Debug, Clone)]
pub struct Made<T> {
    value: T,
    extra: Extra,
}

impl<T> Made<T> {
    /// The new object, at that path.
    pub fn new(location: &str, value: T) -> Self {
        let mut extra = Extra::default();
        extra.set(header::LOCATION, location);
        Self { value, extra }
    }
}

impl<T: Serialize> IntoResponse for Made<T> {
    fn into_response(self) -> Response {
        (self.extra.0, document(StatusCode::CREATED, &self.value)).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Made<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let content = (JSON, sketch.schema::<T>());
        sketch.answer(StatusCode::CREATED, "Made.", Some(content), &[LOCATION, ETAG, REVISION]);
    }
}

/// 202: begun, and not done yet.
#[derive(Debug, Clone)]
pub struct Accepted<T> {
    value: T,
    extra: Extra,
}

impl<T> Accepted<T> {
    /// The object as it is now.
    pub fn new(value: T) -> Self {
        Self { value, extra: Extra::default() }
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (self.extra.0, document(StatusCode::ACCEPTED, &self.value)).into_response()
    }
}

impl<T: Serialize + JsonSchema> Answer for Accepted<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let content = (JSON, sketch.schema::<T>());
        sketch.answer(StatusCode::ACCEPTED, "Begun; it ends by itself.", Some(content), &[ETAG, REVISION]);
    }
}

/// 204: done, nothing to say.
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl IntoResponse for Empty {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Answer for Empty {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answer(StatusCode::NO_CONTENT, "Done.", None, &[REVISION]);
    }
}

/// A page, or part of one, or a redirect to another page of this server, with cookies where they are needed.
#[derive(Debug)]
pub struct Html {
    status: StatusCode,
    body: String,
    headers: HeaderMap,
}

impl Html {
    /// A page.
    pub fn page(body: impl Into<String>) -> Self {
        Self { status: StatusCode::OK, body: body.into(), headers: HeaderMap::new() }
    }

    /// A page with a status other than 200, such as a form that has to be corrected.
    pub fn with_status(status: StatusCode, body: impl Into<String>) -> Self {
        Self { status, body: body.into(), headers: HeaderMap::new() }
    }

    /// Sends the browser to another page of this server, with a GET (303).
    pub fn go(to: &LocalPath) -> Self {
        let mut page = Self::with_status(StatusCode::SEE_OTHER, String::new());
        // A local path is ASCII without control characters, and so a header's value.
        page.headers.extend(HeaderValue::from_str(to.as_str()).ok().map(|value| (header::LOCATION, value)));
        page
    }

    /// Sends the browser to the program on its own machine that began a sign-in: `http://127.0.0.1:PORT/…` and nothing
    /// else (RFC 8252, 7.3). None for any other address.
    pub fn go_to_loopback(address: &url::Url) -> Option<Self> {
        let loopback = address.scheme() == "http"
            && matches!(address.host_str(), Some("127.0.0.1" | "[::1]"))
            && address.username().is_empty()
            && address.password().is_none();
        let mut page = Self::with_status(StatusCode::SEE_OTHER, String::new());
        page.headers.insert(header::LOCATION, HeaderValue::from_str(address.as_str()).ok()?);
        loopback.then_some(page)
    }

    /// Adds headers, such as when to try again.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Adds a `Set-Cookie`.
    #[must_use]
    pub fn cookie(mut self, value: HeaderValue) -> Self {
        self.headers.append(header::SET_COOKIE, value);
        self
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
        (self.status, kind, self.headers, self.body).into_response()
    }
}

impl Answer for Html {
    fn describe(sketch: &mut Sketch<'_>) {
        let content = ("text/html", serde_json::json!({ "type": "string" }));
        sketch.answer(StatusCode::OK, "A page.", Some(content), &[]);
    }
}

/// Text or bytes of another kind, such as metrics or a style sheet.
#[derive(Debug)]
pub struct Plain {
    status: StatusCode,
    kind: &'static str,
    body: axum::body::Bytes,
    headers: HeaderMap,
}

impl Plain {
    /// A body of a media type.
    pub fn new(kind: &'static str, body: impl Into<axum::body::Bytes>) -> Self {
        Self { status: StatusCode::OK, kind, body: body.into(), headers: HeaderMap::new() }
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Never changes under its address, so that browsers need not ask again.
    #[must_use]
    pub fn forever(mut self) -> Self {
        let value = HeaderValue::from_static("public, max-age=31536000, immutable");
        self.headers.insert(header::CACHE_CONTROL, value);
        self
    }
}

impl IntoResponse for Plain {
    fn into_response(self) -> Response {
        let kind = [(header::CONTENT_TYPE, HeaderValue::from_static(self.kind))];
        (self.status, kind, self.headers, self.body).into_response()
    }
}

impl Answer for Plain {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.answer(StatusCode::OK, "As asked for.", None, &[]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_lists_link_to_the_next() {
        let page = |token: Option<&str>| Page { items: vec![1], next_page_token: token.map(str::to_owned) };
        let here = "/v1/users?search=a%26b&page_token=old&page_size=1".parse().unwrap();
        let answer = Out::page(page(Some("n/2=")), &here).into_response();
        assert_eq!(
            answer.headers().get("link").unwrap(),
            "</v1/users?search=a%26b&page_size=1&page_token=n%2F2%3D>; rel=\"next\""
        );
        assert!(Out::page(page(None), &here).into_response().headers().get("link").is_none());
    }

    #[test]
    fn answers_carry_their_headers() {
        let made = Made::new("/v1/users/usr_1", 1).etag(4).into_response();
        assert_eq!(made.status(), 201);
        let header = |name: &str| made.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header("location"), "/v1/users/usr_1");
        assert_eq!(header("etag"), "\"4\"");
        assert_eq!(Accepted::new(1).into_response().status(), 202);
        assert_eq!(Empty.into_response().status(), 204);
    }

    #[test]
    fn programs_are_reached_on_the_own_machine_only() {
        for (address, allowed) in [
            ("http://127.0.0.1:4321/callback?code=x", true),
            ("http://[::1]:4321/", true),
            ("https://127.0.0.1:4321/", false),
            ("http://localhost:4321/", false),
            ("http://127.0.0.1.evil.example/", false),
            ("http://evil@127.0.0.1/", false),
            ("http://evil.example/", false),
            ("javascript:alert(1)", false),
        ] {
            let page = Html::go_to_loopback(&url::Url::parse(address).unwrap());
            assert_eq!(page.is_some(), allowed, "{address}");
        }
    }
}
