//! What every page is told, gathered once per request; and how a form that is refused comes back.

use axum::extract::{FromRequestParts, State};
use bastide_api::organizations::OrganizationView;
use bastide_api::{Page, PageQuery, Problem};
use bastide_model::access::Caller;
use bastide_model::error::FieldError;
use bastide_model::{Error, limits};
use http::request::Parts;
use http::{StatusCode, Uri};
use maud::Markup;

use crate::http::answer::{Html, Out};
use crate::http::context::RequestContext;
use crate::http::describe::{Argument, Sketch};
use crate::http::extract::{Form, MaybeWho, Name, Search, Who};
use crate::http::hub::Hub;
use crate::http::problem::Failure;
use crate::http::redirect::LocalPath;
use crate::http::{identity, organizations};
use crate::pages::forms::Fields;
use crate::pages::{Context, Flash, Listing};

/// A request of somebody who is signed in.
pub(super) struct Visit {
    pub(super) hub: Hub,
    pub(super) caller: Caller,
    pub(super) context: RequestContext,
    pub(super) page: Context,
    pub(super) query: Fields,
    pub(super) uri: Uri,
}

/// A request of anybody.
pub(super) struct Entrance {
    pub(super) hub: Hub,
    pub(super) caller: Option<Caller>,
    pub(super) context: RequestContext,
    pub(super) page: Context,
    pub(super) query: Fields,
}

impl FromRequestParts<Hub> for Entrance {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Failure> {
        let Ok(context) = RequestContext::from_request_parts(parts, hub).await;
        let MaybeWho(caller) = MaybeWho::from_request_parts(parts, hub).await?;
        let query = query(&parts.uri);
        let page = Context {
            path: context.path.clone(),
            nonce: context.nonce.as_str().to_owned(),
            theme: context.theme,
            flash: flash(&query),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            help_url: hub.settings.help_url.clone(),
            request_id: context.id.to_string(),
            ..Context::default()
        };
        Ok(Self { hub: hub.clone(), caller, context, page, query })
    }
}

impl Argument for Entrance {}

impl FromRequestParts<Hub> for Visit {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Parts, hub: &Hub) -> Result<Self, Failure> {
        let Who(caller) = Who::from_request_parts(parts, hub).await?;
        let Entrance { hub, context, mut page, query, .. } = Entrance::from_request_parts(parts, hub).await?;
        let me = identity::me(State(hub.clone()), Who(caller.clone())).await?;
        page.me = Some(me.into_value());
        let mut visit = Self { hub, caller, context, page, query, uri: parts.uri.clone() };
        visit.page.switcher = visit.organizations().await?;
        Ok(visit)
    }
}

impl Argument for Visit {
    fn describe(sketch: &mut Sketch<'_>) {
        sketch.takes_caller = true;
    }
}

impl Visit {
    pub(super) fn state(&self) -> State<Hub> {
        State(self.hub.clone())
    }

    pub(super) fn who(&self) -> Who {
        Who(self.caller.clone())
    }

    /// The first page of the organizations that the caller sees.
    async fn organizations(&self) -> Result<Vec<OrganizationView>, Failure> {
        let all = PageQuery { page_size: Some(limits::PAGE_SIZE_MAX), ..PageQuery::default() };
        let page = organizations::list(self.state(), self.who(), Search(all), self.uri.clone()).await?;
        Ok(page.into_value().items)
    }

    /// The organization that the page is about.
    pub(super) async fn enter(&mut self, slug: &Name) -> Result<OrganizationView, Failure> {
        let found =
            organizations::view(self.state(), self.who(), crate::http::extract::At(slug.clone())).await?;
        let organization = found.into_value();
        self.page.current = Some(organization.clone());
        Ok(organization)
    }

    /// What the address asks of a list.
    pub(super) fn list_query(&self) -> PageQuery {
        list_query(&self.query)
    }

    /// A list, or why there is none, for a page that shows either.
    pub(super) fn listing<T>(&self, answer: Result<Out<Page<T>>, Failure>) -> Result<Listing<T>, Failure> {
        let query = self.list_query();
        match answer {
            Ok(page) => Ok(Listing { outcome: Ok(page.into_value()), query }),
            Err(
                failure @ Failure::Domain(
                    Error::Forbidden { .. } | Error::Unavailable { .. } | Error::Invalid { .. },
                ),
            ) => Ok(Listing { outcome: Err(failure.document(self.context.id)), query }),
            Err(other) => Err(other),
        }
    }

    pub(super) fn refused(
        &self,
        failure: Failure,
        show: impl FnOnce(&Context, Problem) -> Markup,
    ) -> Result<Html, Failure> {
        refused(&self.hub, (&self.page, &self.context), failure, show)
    }
}

impl Entrance {
    pub(super) fn refused(
        &self,
        failure: Failure,
        show: impl FnOnce(&Context, Problem) -> Markup,
    ) -> Result<Html, Failure> {
        refused(&self.hub, (&self.page, &self.context), failure, show)
    }
}

/// Shows a form again with what was wrong, when that is something that the person at the form can mend; anything else
/// goes to the page for problems.
fn refused(
    hub: &Hub,
    (page, context): (&Context, &RequestContext),
    failure: Failure,
    show: impl FnOnce(&Context, Problem) -> Markup,
) -> Result<Html, Failure> {
    let status = match &failure {
        Failure::Domain(Error::Invalid { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
        Failure::Domain(
            Error::Conflict { .. }
            | Error::LimitExceeded { .. }
            | Error::Preconditions { .. }
            | Error::Refused { .. }
            | Error::Gone { .. }
            | Error::Stale
            | Error::TooManyAttempts { .. },
        ) => failure.status(),
        _ => return Err(failure),
    };
    let shown = show(page, failure.document(context.id)).into_string();
    Ok(Html::with_status(status, shown).with_headers(failure.headers(hub.app.now())))
}

/// What a form's own check found, as a failure; nothing when it found nothing.
pub(super) fn wrong(found: Vec<bastide_api::problem::ProblemField>) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    let fields = found.into_iter().map(|field| FieldError::new(field.pointer, field.detail)).collect();
    Err(Error::Invalid { fields }.into())
}

/// A posted form as the pages read it.
pub(super) fn fields(form: &Form) -> Fields {
    form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>().into()
}

/// A page.
pub(super) fn show(markup: Markup) -> Html {
    Html::page(markup.into_string())
}

/// To another page of this server, with a word about what was done ([`flash`]).
pub(super) fn go(path: &str, done: Option<&str>) -> Html {
    let path = done.map_or_else(|| path.to_owned(), |done| format!("{path}?done={done}"));
    Html::go(&LocalPath::parse(&path).unwrap_or_else(LocalPath::start))
}

/// What a list is asked for.
fn list_query(query: &Fields) -> PageQuery {
    PageQuery {
        page_size: query.filled("page_size").and_then(|text| text.parse().ok()),
        page_token: query.filled("page_token"),
        search: query.filled("search"),
    }
}

fn query(uri: &Uri) -> Fields {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.map(|(name, value)| (name.replace('\0', ""), value.replace('\0', ""))).collect::<Vec<_>>().into()
}

/// What the last action came to. The address carries one word of this list, so that nobody can put sentences of their
/// own on a page by a link.
fn flash(query: &Fields) -> Option<Flash> {
    let text = match query.text("done").as_str() {
        "set-up" => "You administer this installation. Sign in to begin.",
        "signed-out" => "You are signed out.",
        "created" => "Created.",
        "saved" => "Saved.",
        "moved" => "Moved, with everything beneath it.",
        "deleting" => "The deletion has begun; it goes on by itself.",
        "client-created" => "The client organization is created; its spoke takes it in now.",
        "accepted" => "The cluster is accepted. Its agent fetches its certificate now.",
        "denied" => "The request is denied.",
        "withdrawn" => "Withdrawn.",
        "removed" => "Removed: every role and every team that they had here has ended.",
        "left" => "You have left; what you had there has ended.",
        "unregistered" => "The cluster is unregistered; what runs on it goes on running.",
        "placed" => "The organization is placed; its cluster takes it in now.",
        "leaving" => "It is being taken off the cluster; that goes on by itself.",
        "cleaning" => {
            "The organizations are being taken off it; when nothing is left, it is unregistered by itself."
        }
        "forgotten" => "The cluster is forgotten; what was on it was left there.",
        "followed" => "The cluster may follow the hub; it does so within a minute.",
        "prepared" => "The next authority is made; agents are handed it with their next sign of life.",
        "switched" => "The next authority has taken over.",
        "licensed" => "The licence is stored.",
        "licence-fails" => "The licence is stored, but it does not hold: its state says why.",
        "deleted" => "Deleted.",
        "ended" => "The session has ended.",
        "left-team" => "You are in the team no more.",
        _ => return None,
    };
    let went_well = query.text("done") != "licence-fails";
    Some(Flash { went_well, text: text.to_owned() })
}
