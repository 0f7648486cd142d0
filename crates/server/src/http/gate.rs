//! What happens between the router and a handler, from the handler's row: another site's requests are refused, the
//! caller is found out, a read waits for the revision that it has to have seen, a key is looked up, and a change says
//! which revision it made.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bastide_app::clusters;
use bastide_authz::Graph;
use bastide_model::access::Caller;
use bastide_model::{ClusterId, Error};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use schemars::SchemaGenerator;

use super::answer::Html;
use super::authenticate;
use super::context::RequestContext;
use super::csrf;
use super::describe::Sketch;
use super::hub::Hub;
use super::idempotency::{self, KeyUse};
use super::problem::Failure;
use super::redirect::LocalPath;
use super::registry::{Access, Operation, Surface};
use crate::peer::PeerCertificate;

/// Where one signs in.
const SIGN_IN: &str = "/sign-in";

/// Which operation answered, and to whom; travels with the response to the outermost middleware.
#[derive(Debug, Clone)]
pub(crate) struct Served {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    pub(crate) surface: Surface,
    pub(crate) caller: Option<Caller>,
}

/// The cluster whose agent asks; set for the rows that are for agents.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Authenticated(pub(crate) ClusterId);

/// What is known of an operation before its handler.
#[derive(Clone)]
pub(crate) struct Gate {
    hub: Hub,
    operation: &'static str,
    path: &'static str,
    surface: Surface,
    door: Door,
    takes_query: bool,
    keeps: Keeps,
}

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Everybody,
    Callers,
    Agents,
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
            operation: operation.id,
            path: operation.path,
            surface: operation.surface,
            door: match operation.access {
                Access::Public(_) => Door::Everybody,
                Access::Agent => Door::Agents,
                Access::Needs(_) | Access::SignedIn(_) => Door::Callers,
            },
            takes_query: sketch.takes_query,
            keeps: match (operation.keeps_answers(), operation.secret) {
                (false, _) => Keeps::Nothing,
                (true, true) => Keeps::WithoutBody,
                (true, false) => Keeps::Everything,
            },
        }
    }

    async fn pass(
        &self,
        request: Request,
        next: Next,
        caller: &mut Option<Caller>,
    ) -> Result<Response, Failure> {
        let (mut parts, body) = request.into_parts();
        csrf::check(&parts, self.surface, &self.hub.settings.public_url).await?;
        match self.door {
            Door::Everybody => {}
            Door::Callers => *caller = Some(self.caller(&parts).await?),
            Door::Agents => drop(parts.extensions.insert(self.agent(&parts).await?)),
        }
        let unread = parts.uri.query().is_some_and(|query| !query.is_empty());
        if self.surface == Surface::Api && unread && !self.takes_query {
            return Err(Failure::field("query", "this operation has no parameters in the query string"));
        }
        if let Some(revision) = asked_revision(&parts.headers)? {
            self.hub.app.reach(revision).await?;
        }
        if let Some(caller) = &*caller {
            parts.extensions.insert(caller.clone());
        }
        let key = if self.keeps == Keeps::Nothing { None } else { idempotency::key(&parts.headers)? };
        let changes = !matches!(parts.method, Method::GET | Method::HEAD);
        let request = Request::from_parts(parts, body);
        let mut response = match (key, &*caller) {
            (Some(key), Some(caller)) => {
                let keeps_body = self.keeps == Keeps::Everything;
                let key_use = KeyUse { who: caller.user, operation: self.operation, key, keeps_body };
                idempotency::once(&self.hub, key_use, request, next).await?
            }
            _ => next.run(request).await,
        };
        if changes && !(response.status().is_client_error() || response.status().is_server_error()) {
            let reached = HeaderValue::from(self.hub.app.graph(Graph::revision));
            response.headers_mut().entry(bastide_api::REVISION).or_insert(reached);
        }
        Ok(response)
    }

    async fn caller(&self, parts: &Parts) -> Result<Caller, Failure> {
        let Some(context) = parts.extensions.get::<RequestContext>() else {
            return Err(Error::internal("a request came past the outermost middleware").into());
        };
        let caller = authenticate::caller(&self.hub.app, parts, context).await?;
        caller.ok_or(Failure::unauthenticated("no credential was given"))
    }

    async fn agent(&self, parts: &Parts) -> Result<Authenticated, Failure> {
        let certificate = parts
            .extensions
            .get::<PeerCertificate>()
            .ok_or(Failure::unauthenticated("an agent shows the client certificate that the hub issued"))?;
        let cluster =
            clusters::authenticate_agent(&self.hub.app, certificate.cluster, &certificate.serial).await?;
        Ok(Authenticated(cluster))
    }
}

/// The revision that an answer has to have seen.
fn asked_revision(headers: &HeaderMap) -> Result<Option<i64>, Failure> {
    let Some(value) = headers.get(bastide_api::REVISION) else { return Ok(None) };
    let revision =
        value.to_str().ok().and_then(|text| text.parse::<i64>().ok()).filter(|revision| *revision >= 0);
    let wanted = "a revision is wanted, as an earlier answer of this hub had it";
    revision.map(Some).ok_or_else(|| Failure::field("Bastide-Revision", wanted))
}

/// Lets a request in to its handler, or says why not.
pub(crate) async fn enter(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let back = (request.method() == Method::GET).then(|| request.uri().clone());
    let mut caller = None;
    let mut response = match gate.pass(request, next, &mut caller).await {
        Ok(response) => response,
        Err(Failure::Domain(Error::Unauthenticated { .. })) if gate.surface == Surface::Console => {
            to_sign_in(back.as_ref()).into_response()
        }
        Err(failure) => failure.into_response(),
    };
    let served = Served { operation: gate.operation, path: gate.path, surface: gate.surface, caller };
    response.extensions_mut().insert(served);
    response
}

/// Leads to the sign-in page, and from there back to a page that was asked for.
fn to_sign_in(back: Option<&http::Uri>) -> Html {
    let path = back.and_then(|uri| uri.path_and_query()).map_or("/", |path| path.as_str());
    let target = match LocalPath::parse(path) {
        Some(path) if path.as_str() != "/" => {
            let mut next = url::form_urlencoded::Serializer::new(String::new());
            format!("{SIGN_IN}?{}", next.append_pair("next", path.as_str()).finish())
        }
        _ => SIGN_IN.to_owned(),
    };
    Html::go(&LocalPath::parse(&target).unwrap_or_else(LocalPath::start))
}
