//! From what went wrong to what the client is told: one error type of the HTTP layer, one mapping to problem documents
//! (RFC 9457). Handlers return a [`Failure`]; the outermost middleware turns it into a document or a page, because only
//! there it is known for whom.

use axum::response::{IntoResponse, Response};
use bastide_api::client_organizations::PreconditionView;
use bastide_api::problem::{Problem, ProblemField, ProblemLimit};
use bastide_model::error::FieldError;
use bastide_model::preconditions::PreconditionResult;
use bastide_model::{Error, RequestId, Timestamp};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// Seconds after which a client may try again when a part is out of reach.
const RETRY_SECONDS: i64 = 5;

/// Why a request was not carried out: what the domain says, or what the protocol says before the domain is asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Failure {
    /// What a use case said.
    Domain(Error),
    /// The path is known, the method is not one of it.
    MethodNotAllowed,
    /// The body is not of the media type that is named.
    UnsupportedMediaType(&'static str),
    /// The body is larger than that many bytes.
    BodyTooLarge(usize),
    /// The body did not come in time.
    BodyTooSlow,
    /// The answer was not there in time.
    TooSlow,
    /// Another site's page sent the request (SEC-2).
    CrossSite,
    /// The `Idempotency-Key` stands for another payload.
    KeyReused,
    /// A request that is well-formed and asked for too early or in the wrong way, with its stable code (RFC 8628, 3.5).
    Early {
        /// Stable code for programs.
        code: &'static str,
        /// What to do.
        detail: String,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Domain(error)
    }
}

impl From<FieldError> for Failure {
    fn from(field: FieldError) -> Self {
        Self::Domain(Error::Invalid { fields: vec![field] })
    }
}

impl Failure {
    /// The answer to whatever the caller may not see or does not exist (HIER-6).
    pub const NOT_FOUND: Self = Self::Domain(Error::NotFound);

    /// One field or parameter is wrong.
    pub fn field(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        FieldError::new(pointer, message).into()
    }

    /// Nobody is signed in, or the credential no longer works.
    pub const fn unauthenticated(reason: &'static str) -> Self {
        Self::Domain(Error::Unauthenticated { reason })
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Domain(error) => domain_status(error),
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Early { .. } => StatusCode::BAD_REQUEST,
        }
    }

    /// The stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Domain(error) => error.code(),
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UnsupportedMediaType(_) => "unsupported_media_type",
            Self::BodyTooLarge(_) => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::TooSlow => "too_slow",
            Self::CrossSite => "cross_site_request",
            Self::KeyReused => "idempotency_key_reused",
            Self::Early { code, .. } => code,
        }
    }

    /// The document for the client. Details of bugs stay out of it.
    pub fn document(&self, request: RequestId) -> Problem {
        let status = self.status();
        let mut problem = Problem {
            kind: format!("urn:bastide:problem:{}", self.code()),
            title: title(status).to_owned(),
            status: status.as_u16(),
            detail: self.detail(),
            code: self.code().to_owned(),
            request_id: request.to_string(),
            hint: self.hint().map(str::to_owned),
            ..Problem::default()
        };
        match self {
            Self::Domain(Error::Invalid { fields }) => {
                let field =
                    |f: &FieldError| ProblemField { pointer: f.pointer.clone(), detail: f.message.clone() };
                problem.errors = fields.iter().map(field).collect();
            }
            Self::Domain(Error::Forbidden { permission }) => {
                problem.permission = Some(permission.key().to_owned());
            }
            Self::Domain(Error::LimitExceeded { limit, used, allowed, plan }) => {
                let name = (*limit).to_owned();
                problem.limit =
                    Some(ProblemLimit { name, used: *used, allowed: *allowed, plan: plan.clone() });
            }
            Self::Domain(Error::Preconditions { results }) => {
                problem.preconditions = results.iter().map(precondition).collect();
            }
            _ => {}
        }
        problem
    }

    /// What the answer says in its headers: how to authenticate, when to try again.
    pub fn headers(&self, now: Timestamp) -> HeaderMap {
        let mut headers = HeaderMap::new();
        match self {
            Self::Domain(Error::Unauthenticated { .. }) => {
                let scheme = HeaderValue::from_static("Bearer realm=\"bastide\"");
                headers.insert(header::WWW_AUTHENTICATE, scheme);
            }
            Self::Domain(Error::TooManyAttempts { until }) => {
                headers.insert(header::RETRY_AFTER, until.seconds_since(now).max(1).into());
            }
            Self::Domain(Error::Unavailable { .. }) | Self::TooSlow => {
                headers.insert(header::RETRY_AFTER, RETRY_SECONDS.into());
            }
            _ => {}
        }
        headers
    }

    fn detail(&self) -> String {
        match self {
            Self::Domain(Error::NotFound) => "There is nothing here that you may see.".to_owned(),
            Self::Domain(Error::Internal { .. }) => {
                "Something went wrong on our side; nothing was changed.".to_owned()
            }
            Self::Domain(error) => error.to_string(),
            Self::MethodNotAllowed => "This path has other methods; the header Allow names them.".to_owned(),
            Self::UnsupportedMediaType(wanted) => format!("The body has to be of the type {wanted}."),
            Self::BodyTooLarge(most) => format!("The body is larger than {most} bytes."),
            Self::BodyTooSlow => "The body did not come in time.".to_owned(),
            Self::TooSlow => {
                "The answer took too long. It is not known whether the request was carried out.".to_owned()
            }
            Self::CrossSite => "The request came from a page of another site and was refused.".to_owned(),
            Self::KeyReused => {
                "The Idempotency-Key was used before for a request with another payload; make a new key."
                    .to_owned()
            }
            Self::Early { detail, .. } => detail.clone(),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Domain(Error::Unauthenticated { .. }) => {
                Some("Sign in with `bastide login`, or send `Authorization: Bearer` with a personal token.")
            }
            Self::Domain(Error::Stale | Error::MatchRequired) => {
                Some("Read the object, and send its ETag as If-Match together with the change.")
            }
            Self::Domain(Error::Internal { .. }) => {
                Some("Give the request_id to whoever runs this installation; it is in their log.")
            }
            _ => None,
        }
    }
}

/// The failure without a body: the middleware in `http::middleware` writes the document or the page.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

fn domain_status(error: &Error) -> StatusCode {
    match error {
        Error::Invalid { .. } => StatusCode::BAD_REQUEST,
        Error::Unauthenticated { .. } => StatusCode::UNAUTHORIZED,
        Error::NotFound => StatusCode::NOT_FOUND,
        Error::Forbidden { .. } | Error::Refused { .. } | Error::LimitExceeded { .. } => {
            StatusCode::FORBIDDEN
        }
        Error::Conflict { .. } | Error::Preconditions { .. } => StatusCode::CONFLICT,
        Error::Stale => StatusCode::PRECONDITION_FAILED,
        Error::MatchRequired => StatusCode::PRECONDITION_REQUIRED,
        Error::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::Gone { .. } => StatusCode::GONE,
        Error::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        Error::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "The request is not valid",
        401 => "Authentication is needed",
        403 => "Not allowed",
        404 => "Not found",
        405 => "Method not allowed",
        408 => "The request was too slow",
        409 => "In conflict with the state of things",
        410 => "Gone",
        412 => "Out of date",
        413 => "Too large",
        415 => "Unsupported media type",
        422 => "The key was used before",
        428 => "If-Match is needed",
        429 => "Too many attempts",
        503 => "Temporarily unavailable",
        _ => "Internal error",
    }
}

/// One precondition as it goes over the wire.
pub fn precondition(result: &PreconditionResult) -> PreconditionView {
    use bastide_model::preconditions::Outcome;
    let outcome = match result.outcome {
        Outcome::Met => "met",
        Outcome::Failed => "failed",
        Outcome::NotChosen => "not_chosen",
    };
    PreconditionView {
        name: result.name.as_str().to_owned(),
        step: result.name.step(),
        outcome: outcome.to_owned(),
        message: result.message.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_model::preconditions::{Outcome, Precondition};
    use bastide_model::{Permission, SystemIds};

    fn document(failure: impl Into<Failure>) -> Problem {
        failure.into().document(RequestId::fresh(&SystemIds))
    }

    #[test]
    fn every_failure_has_its_status_and_code() {
        let (code, detail) = ("some_code", "why".to_owned());
        let until = Timestamp::from_millis(90_000);
        for (failure, status, named) in [
            (Failure::field("/slug", "bad"), 400, "invalid"),
            (Failure::unauthenticated("no credential"), 401, "unauthenticated"),
            (Failure::NOT_FOUND, 404, "not_found"),
            (Error::Forbidden { permission: Permission::AuditView }.into(), 403, "permission_missing"),
            (Error::Refused { code, detail: detail.clone() }.into(), 403, code),
            (
                Error::LimitExceeded { limit: "members", used: 1, allowed: 1, plan: "Free".into() }.into(),
                403,
                "limit_exceeded",
            ),
            (Error::conflict(code, "why").into(), 409, code),
            (Error::Preconditions { results: vec![] }.into(), 409, "preconditions_failed"),
            (Error::Stale.into(), 412, "stale"),
            (Error::MatchRequired.into(), 428, "match_required"),
            (Error::TooManyAttempts { until }.into(), 429, "too_many_attempts"),
            (Error::Gone { code, detail: detail.clone() }.into(), 410, code),
            (Error::Unavailable { detail: detail.clone() }.into(), 503, "unavailable"),
            (Error::internal("secret detail").into(), 500, "internal"),
            (Failure::MethodNotAllowed, 405, "method_not_allowed"),
            (Failure::UnsupportedMediaType("application/json"), 415, "unsupported_media_type"),
            (Failure::BodyTooLarge(5), 413, "body_too_large"),
            (Failure::BodyTooSlow, 408, "body_too_slow"),
            (Failure::TooSlow, 503, "too_slow"),
            (Failure::CrossSite, 403, "cross_site_request"),
            (Failure::KeyReused, 422, "idempotency_key_reused"),
            (Failure::Early { code, detail }, 400, code),
        ] {
            let problem = document(failure.clone());
            assert_eq!((problem.status, problem.code.as_str()), (status, named), "{failure:?}");
            assert_eq!(problem.kind, format!("urn:bastide:problem:{named}"));
            assert_eq!(failure.status().as_u16(), status);
            assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{failure:?}");
            assert_eq!(problem.title == "Internal error", status == 500, "{failure:?}");
        }
    }

    #[test]
    fn bugs_tell_nothing_to_the_client() {
        let text = serde_json::to_string(&document(Error::internal("table secrets is missing"))).unwrap();
        assert!(!text.contains("secrets"), "{text}");
    }

    /// HIER-6: one body for everything that is not there or not to be seen; only the request differs.
    #[test]
    fn hier_6_all_not_found_are_alike() {
        let ids = [RequestId::fresh(&SystemIds), RequestId::fresh(&SystemIds)];
        let [one, mut other] = ids.map(|id| Failure::from(Error::NotFound).document(id));
        assert_ne!(one.request_id, other.request_id);
        other.request_id.clone_from(&one.request_id);
        assert_eq!(one, other);
    }

    #[test]
    fn structured_parts_are_filled_in() {
        let fields = vec![FieldError::new("/slug", "is taken"), FieldError::new("/name", "is empty")];
        let errors = document(Error::Invalid { fields }).errors;
        assert_eq!(errors.iter().map(|e| e.pointer.as_str()).collect::<Vec<_>>(), ["/slug", "/name"]);
        let permission = document(Error::Forbidden { permission: Permission::AuditView }).permission;
        assert_eq!(permission.as_deref(), Some("audit.view"));
        let limit =
            document(Error::LimitExceeded { limit: "members", used: 2, allowed: 1, plan: "Free".into() })
                .limit;
        assert_eq!(limit.map(|l| (l.used, l.allowed)), Some((2, 1)));
        let message = "`eu-1` has no active licence".to_owned();
        let results =
            vec![PreconditionResult { name: Precondition::SpokeLicensed, outcome: Outcome::Failed, message }];
        let preconditions = document(Error::Preconditions { results }).preconditions;
        assert_eq!(preconditions.first().map(|p| (p.name.as_str(), p.step)), Some(("spoke_licensed", 2)));
    }

    #[test]
    fn headers_say_how_and_when() {
        let now = Timestamp::from_millis(30_000);
        let until = Timestamp::from_millis(90_000);
        let after = |failure: Failure| failure.headers(now).get("retry-after").cloned();
        assert_eq!(after(Error::TooManyAttempts { until }.into()).unwrap(), "60");
        assert_eq!(after(Error::TooManyAttempts { until: now }.into()).unwrap(), "1");
        assert!(after(Error::Unavailable { detail: String::new() }.into()).is_some());
        assert!(after(Failure::NOT_FOUND).is_none());
        let challenge = Failure::unauthenticated("no credential").headers(now);
        assert_eq!(challenge.get("www-authenticate").unwrap(), "Bearer realm=\"bastide\"");
    }
}
