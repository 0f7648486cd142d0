//! What happens between the router and a handler, from the handler's row: another site's requests are refused, the
//! caller is found out, a read waits for the revision that it has to have seen, and a key is looked up.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bastide_model::Error;
use http::Method;
use http::request::Parts;
use schemars::SchemaGenerator;

use super::answer::Html;
use super::authenticate;
use super::context::RequestContext;
use super::csrf;
use super::describe::Sketch;
use super::hub::Hub;
use super::idempotency;
use super::problem::Failure;
use super::redirect::LocalPath;
use super::registry::{Access, Operation, Surface};

/// Where one signs in.
const SIGN_IN: &str = "/sign-in";

/// Which operation answered; travels with the response to the outermost middleware.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) operation: &'static str,
    pub(crate) surface: Surface,
}

/// What is known of an operation before its handler.
#[derive(Clone)]
pub(crate) struct Gate {
    hub: Hub,
    served: Served,
    public: bool,
    takes_query: bool,
    keeps: Keeps,
}

/// What is kept of an operation's answers for an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Nothing,
    WithoutBody,
    Everything,
}

impl Gate {
    pub(crate) fn new(hub: Hub, operation: &Operation) -> Self {
        let mut generator = SchemaGenerator::default();
        let mut sketch = Sketch::new(&mut generator);
        (operation.describe)(&mut sketch);
        Self {
            hub,
            served: Served { operation: operation.id, surface: operation.surface },
            public: matches!(operation.access, Access::Public(_)),
            takes_query: sketch.takes_query,
            keeps: match (operation.keeps_answers(), operation.secret) {
                (false, _) => Keeps::Nothing,
                (true, true) => Keeps::WithoutBody,
                (true, false) => Keeps::Everything,
            },
        }
    }

    async fn pass(&self, request: Request, next: Next) -> Result<Response, Failure> {
        let (mut parts, body) = request.into_parts();
        csrf::check(&parts, self.served.surface, &self.hub.settings.public_url).await?;
        let caller = if self.public { None } else { Some(self.caller(&parts).await?) };
        let unread = parts.uri.query().is_some_and(|query| !query.is_empty());
        if self.served.surface == Surface::Api && unread && !self.takes_query {
            return Err(Failure::field("query", "this operation has no parameters in the query string"));
        }
        if let Some(caller) = &caller {
            parts.extensions.insert(caller.clone());
        }
        let key = if self.keeps == Keeps::Nothing { None } else { idempotency::key(&parts.headers)? };
        let request = Request::from_parts(parts, body);
        match (key, caller) {
            (Some(key), Some(caller)) => {
                let keeps_body = self.keeps == Keeps::Everything;
                idempotency::once(&self.hub, caller, self.served.operation, keeps_body, key, request, next)
                    .await
            }
            _ => Ok(next.run(request).await),
        }
    }

    async fn caller(&self, parts: &Parts) -> Result<bastide_model::access::Caller, Failure> {
        let Some(context) = parts.extensions.get::<RequestContext>() else {
            return Err(Error::internal("a request came past the outermost middleware").into());
        };
        let caller = authenticate::caller(self.hub.door.as_ref(), parts, context).await?;
        caller.ok_or(Failure::unauthenticated("no credential was given"))
    }
}

/// Lets a request in to its handler, or says why not.
pub(crate) async fn enter(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let back = (request.method() == Method::GET).then(|| request.uri().clone());
    let mut response = match gate.pass(request, next).await {
        Ok(response) => response,
        Err(Failure::Domain(Error::Unauthenticated { .. })) if gate.served.surface == Surface::Console => {
            to_sign_in(back.as_ref()).into_response()
        }
        Err(failure) => failure.into_response(),
    };
    response.extensions_mut().insert(gate.served);
    response
}

/// Leads to the sign-in page, and from there back to a page that was asked for.
fn to_sign_in(back: Option<&http::Uri>) -> Html {
    let path = back.and_then(|uri| uri.path_and_query()).map_or("/", |path| path.as_str());
    let target = match LocalPath::parse(path) {
        Some(path) if path.as_str() != "/" => {
            let next = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("next", path.as_str())
                .finish();
            format!("{SIGN_IN}?{next}")
        }
        _ => SIGN_IN.to_owned(),
    };
    Html::go(&LocalPath::parse(&target).unwrap_or_else(LocalPath::start))
}
