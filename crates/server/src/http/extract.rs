//! What handlers take. Parsing is validation: whatever is malformed ends here, as a problem that names the place and
//! says what is allowed, and never reaches a use case.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Path, Request, State};
use bastide_model::access::Caller;
use bastide_model::{Error, limits};
use http::request::Parts;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, Limited};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::context::RequestContext;
use super::describe::{Argument, Sketch};
use super::hub::Hub;
use super::json;
use super::problem::Failure;
use super::shape;

/// How long the body of a request may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What stands in the path: one value, or a tuple of them in the order of the path. Text that is no such value is
/// the name of nothing, and so not found (HIER-6).
#[derive(Debug, Clone, Copy)]
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Hub> for At<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Failure> {
        let Path(value) = Path::from_request_parts(parts, hub).await.map_err(|_| Failure::NOT_FOUND)?;
        Ok(Self(value))
    }
}

impl<T> Argument for At<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes_path = true;
        sketch.problems.push(404);
    }
}

/// The name of one thing in a path: an id, or the short name that is accepted in its place. What cannot be one is the
/// name of nothing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        let good = (1..=64).contains(&text.len()) && text.bytes().all(plain);
        if good { Ok(Self(text)) } else { Err("it is neither an id nor a short name") }
    }
}

/// The query string as a type that refuses fields it does not know.
#[derive(Debug, Clone, Copy)]
pub struct Search<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Hub> for Search<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Hub) -> Result<Self, Failure> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

impl<T: JsonSchema> Argument for Search<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.query::<T>();
        sketch.problems.push(400);
    }
}

/// The parameters of a query string as a type.
pub(crate) fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Failure> {
    let mut names = BTreeSet::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name.contains('\0') || value.contains('\0') {
            return Err(Failure::field(
                name.replace('\0', ""),
                "a parameter cannot contain the NUL character",
            ));
        }
        if !names.insert(name.clone()) {
            return Err(Failure::field(name, "a parameter can be given once"));
        }
    }
    let parts = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(parts).map_err(|error| {
        let name = error.path().to_string();
        Failure::field(if name == "." { "query" } else { &name }, error.inner().to_string())
    })
}

/// The body as JSON of a wire type.
#[derive(Debug, Clone, Copy)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned + JsonSchema> FromRequest<Hub> for Body<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &Hub) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        let value = json::value(&read(&parts.headers, body).await?)?;
        shape::check::<T>(&value)?;
        json::typed(value).map(Self)
    }
}

impl<T: JsonSchema> Argument for Body<T> {
    fn describe(sketch: &mut Sketch<'_>) {
        let schema = sketch.schema::<T>();
        sketch.body =
            Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }));
        sketch.problems.extend([400, 408, 413, 415]);
    }
}

/// The body has to be JSON.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), Failure> {
    const KIND: &str = "application/json";
    if has_media_type(headers, KIND) { Ok(()) } else { Err(Failure::UnsupportedMediaType(KIND)) }
}

/// The fields of a page's form, in their order; a name may stand there more than once.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The first value of a field, without spaces around it; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// The first value of a field as it was typed; empty when there is none. For passwords.
    pub fn verbatim(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The first value of a field that has one.
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// All values of a field, without spaces around them.
    pub fn all<'form, 'name>(
        &'form self,
        name: &'name str,
    ) -> impl Iterator<Item = &'form str> + use<'form, 'name> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

impl FromRequest<Hub> for Form {
    type Rejection = Failure;
    async fn from_request(request: Request, _: &Hub) -> Result<Self, Failure> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let (parts, body) = request.into_parts();
        if !has_media_type(&parts.headers, KIND) {
            return Err(Failure::UnsupportedMediaType(KIND));
        }
        let body = read(&parts.headers, body).await?;
        let fields: Self = url::form_urlencoded::parse(&body).into_owned().collect();
        match fields.0.iter().find(|(name, value)| name.contains('\0') || value.contains('\0')) {
            Some((name, _)) => Err(Failure::field(
                format!("/{}", name.replace('\0', "")),
                "this cannot contain the NUL character",
            )),
            None => Ok(fields),
        }
    }
}

impl Argument for Form {}

fn has_media_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let utf8 = |part: &str| match part.split_once('=') {
        Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
            value.trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    essence.eq_ignore_ascii_case(wanted) && parts.all(utf8)
}

/// The whole body, within its limits of size and time.
pub(crate) async fn read(headers: &HeaderMap, body: HttpBody) -> Result<Bytes, Failure> {
    read_up_to(limits::BODY_BYTES_MAX, headers, body).await
}

/// The whole body, of at most that many bytes.
pub(crate) async fn read_up_to(most: usize, headers: &HeaderMap, body: HttpBody) -> Result<Bytes, Failure> {
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(Failure::BodyTooLarge(most));
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Err(_) => Err(Failure::BodyTooSlow),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(Failure::BodyTooLarge(most)),
        Ok(Err(_)) => Err(Failure::field("", "the body broke off before its end")),
    }
}

/// Who asks. Only rows that need a caller have one; the route table checks that.
#[derive(Debug, Clone)]
pub struct Who(pub Caller);

impl FromRequestParts<Hub> for Who {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Hub) -> Result<Self, Failure> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.map(Self).ok_or(Failure::unauthenticated("no credential was given"))
    }
}

impl Argument for Who {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes_caller = true;
    }
}

/// Who asks, if anybody is signed in; for pages that everybody may see.
#[derive(Debug, Clone)]
pub struct MaybeWho(pub Option<Caller>);

impl FromRequestParts<Hub> for MaybeWho {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Failure> {
        if let Some(caller) = parts.extensions.get::<Caller>() {
            return Ok(Self(Some(caller.clone())));
        }
        let Ok(context) = RequestContext::from_request_parts(parts, hub).await;
        match super::authenticate::caller(&hub.app, parts, &context).await {
            Ok(caller) => Ok(Self(caller)),
            Err(Error::Unauthenticated { .. }) => Ok(Self(None)),
            Err(other) => Err(other.into()),
        }
    }
}

impl Argument for MaybeWho {}

/// The revision of the object that a change was made from: `If-Match` with one strong entity tag (RFC 9110, 13.1.1).
/// Without it the answer is 428. A weak one, or one that is none of ours, is one that no object has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl FromRequestParts<Hub> for IfMatch {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, _: &Hub) -> Result<Self, Failure> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        match (values.next(), values.next()) {
            (None, _) => Err(Error::MatchRequired.into()),
            (Some(tag), None) => parse_tag(tag.to_str().unwrap_or_default()).map(Self),
            _ => Err(Failure::field("If-Match", "one entity tag is allowed")),
        }
    }
}

/// A revision that no object has.
const NO_REVISION: i64 = -1;

fn parse_tag(text: &str) -> Result<i64, Failure> {
    let text = text.trim();
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let inner = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        None if text == "*" => Err(Error::MatchRequired.into()),
        Some(inner) if !inner.contains('"') => {
            // A tag that we never gave out, or a weak one, matches nothing. Whether there is anything to match, and for
            // whom, is not known here, and so it is the use case that says that it is stale.
            let ours = inner.parse().ok().filter(|_| !text.starts_with("W/"));
            Ok(ours.unwrap_or(NO_REVISION))
        }
        _ => {
            Err(Failure::field("If-Match", "one entity tag in quotes is wanted, as the object's ETag has it"))
        }
    }
}

impl Argument for IfMatch {
    fn describe(sketch: &mut Sketch<'_>) {
        let description = "The object's ETag, as it was when the change was made.";
        let schema = json!({ "type": "string", "pattern": "^(W/)?\"[^\"]*\"$" });
        sketch.header("If-Match", true, description, &schema);
        sketch.problems.extend([400, 412, 428]);
    }
}

impl Argument for RequestContext {}

impl Argument for http::Uri {}

impl<T: Send + Sync> Argument for State<T> where T: FromRef<Hub> {}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_api::PageQuery;
    use bastide_api::organizations::ConfirmQuery;

    fn pointer(failure: Failure) -> String {
        match failure {
            Failure::Domain(Error::Invalid { fields }) => fields[0].pointer.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn query_strings_are_checked() {
        let good: PageQuery = parse_query("page_size=7&search=a%20b+c").unwrap();
        assert_eq!((good.page_size, good.search.as_deref()), (Some(7), Some("a b c")));
        for (query, name) in [
            ("page_size=x", "page_size"),
            ("page_size=-1", "page_size"),
            ("page_size=7.5", "page_size"),
            ("page_size=1&page_size=2", "page_size"),
            ("pagesize=1", "pagesize"),
            ("search=%00", "search"),
        ] {
            assert_eq!(pointer(parse_query::<PageQuery>(query).unwrap_err()), name, "{query}");
        }
        let missing = parse_query::<ConfirmQuery>("").unwrap_err();
        assert!(
            missing
                .document(bastide_model::RequestId::from_uuid(uuid::Uuid::nil()))
                .detail
                .contains("confirm")
        );
    }

    #[test]
    fn entity_tags_are_strong_and_ours() {
        assert_eq!(parse_tag("\"17\""), Ok(17));
        assert_eq!(parse_tag(" \"17\" "), Ok(17));
        for foreign in ["W/\"17\"", "\"x\"", "\"\""] {
            assert_eq!(parse_tag(foreign), Ok(NO_REVISION), "{foreign}");
        }
        for (tag, status) in [("*", 428), ("17", 400), ("\"1\", \"2\"", 400), ("\"17", 400)] {
            assert_eq!(parse_tag(tag).unwrap_err().status(), status, "{tag}");
        }
    }

    #[test]
    fn media_types_are_compared_without_their_parameters() {
        for (given, is_json) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json; charset=\"utf-8\"", true),
            ("application/json; charset=latin1", false),
            ("application/jsonp", false),
            ("text/json", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, given.parse().unwrap());
            assert_eq!(has_media_type(&headers, "application/json"), is_json, "{given}");
        }
        assert!(!has_media_type(&HeaderMap::new(), "application/json"));
    }
}
