//! Who one is: set-up, sign-in of programs, sessions, tokens.

use axum::extract::State;
use bastide_api::identity::{
    DeviceAuthorization, IssuedToken, LoginRequest, Me, NewToken, SessionView, SetupRequest, TokenView,
};
use bastide_api::users::UserView;
use bastide_api::{Page, PageQuery};
use bastide_app::identity::{self, Origin};
use bastide_app::logins::{self, Exchange};
use bastide_model::error::FieldErrors;
use bastide_model::names::{DisplayName, Email};
use bastide_model::user::Password;
use bastide_model::{Error, Permission, SessionId, TokenId};
use http::Uri;

use super::answer::{Empty, Made, Out};
use super::context::RequestContext;
use super::extract::{At, Body, Search, Who};
use super::hub::Hub;
use super::input::incomplete;
use super::problem::Failure;
use super::{paging, views};

const DAY: i64 = 24 * 60 * 60;
/// Longest secret that is looked up, in characters.
const SECRET_CHARS_MAX: usize = 200;
/// Most permission keys of one token.
const PERMISSIONS_MAX: usize = 200;

pub(crate) async fn me(State(hub): State<Hub>, Who(caller): Who) -> Result<Out<Me>, Failure> {
    let (user, token) = identity::me(&hub.app, &caller).await?;
    let administration = hub.app.graph(|graph| graph.administration_of(caller.user));
    Ok(Out::new(views::me(&caller, user, token, administration)))
}

pub(crate) async fn setup(
    State(hub): State<Hub>,
    Body(input): Body<SetupRequest>,
) -> Result<Made<UserView>, Failure> {
    let mut errors = FieldErrors::default();
    super::input::within(&mut errors, "/token", &input.token, 1, SECRET_CHARS_MAX);
    let email = errors.take("/email", input.email.parse::<Email>());
    let name = errors.take("/name", input.name.parse::<DisplayName>());
    let password = super::input::take(&mut errors, Password::new("/password", input.password))?;
    errors.finish()?;
    let (Some(email), Some(name), Some(password)) = (email, name, password) else {
        return Err(incomplete().into());
    };
    let user = identity::setup_complete(&hub.app, &input.token, email, name, password).await?;
    let revision = user.revision;
    Ok(Made::new(&format!("/v1/users/{}", user.id), views::user(user)).etag(revision))
}

pub(crate) async fn device_create(
    State(hub): State<Hub>,
    context: RequestContext,
) -> Result<Out<DeviceAuthorization>, Failure> {
    let origin = context.origin();
    let device = logins::device_begin(&hub.app, &origin, device_name(&origin)?).await?;
    let verification_uri = hub.settings.link("/device");
    let complete = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("user_code", &device.user_code)
        .finish();
    Ok(Out::new(DeviceAuthorization {
        verification_uri_complete: format!("{verification_uri}?{complete}"),
        verification_uri,
        device_code: device.device_code,
        user_code: device.user_code,
        expires_in: device.expires_in,
        interval: device.interval,
    }))
}

/// What the user reads before they agree, and what the token will be called: the program and where it asked from.
fn device_name(origin: &Origin) -> Result<DisplayName, Failure> {
    let program = origin.user_agent.split([' ', '/']).next().filter(|name| !name.is_empty());
    let name = format!("{} at {}", program.unwrap_or("a program"), origin.address);
    name.parse().map_err(|message: String| Failure::field("User-Agent", message))
}

pub(crate) async fn login(
    State(hub): State<Hub>,
    context: RequestContext,
    Body(input): Body<LoginRequest>,
) -> Result<Made<IssuedToken>, Failure> {
    let exchange = match input {
        LoginRequest::DeviceCode { device_code } => Exchange::Device(device_code),
        LoginRequest::AuthorizationCode { code, verifier } => Exchange::Code { code, verifier },
    };
    let (secret, token) = logins::exchange(&hub.app, exchange, &context.origin()).await.map_err(|error| {
        match error {
            // RFC 6749, 5.2 and RFC 8628, 3.5: what a program is told while it has no token yet is a 400.
            Error::Conflict { code, detail } => Failure::Early { code, detail },
            other => other.into(),
        }
    })?;
    Ok(issued(secret, token))
}

fn issued(secret: String, token: bastide_store::Token) -> Made<IssuedToken> {
    let location = format!("/v1/me/tokens/{}", token.id);
    Made::new(&location, IssuedToken { secret, token: views::token(token) })
}

pub(crate) async fn session_list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<SessionView>>, Failure> {
    let sessions = identity::session_list(&hub.app, &caller).await?;
    let sessions = sessions.into_iter().map(|session| views::session(session, &caller)).collect();
    let page = paging::cut(sessions, &query, |session| vec![&session.user_agent, &session.address])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn session_delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(session): At<SessionId>,
) -> Result<Empty, Failure> {
    identity::session_delete(&hub.app, &caller, session).await?;
    Ok(Empty)
}

pub(crate) async fn session_delete_all(State(hub): State<Hub>, Who(caller): Who) -> Result<Empty, Failure> {
    identity::session_delete_all(&hub.app, &caller).await?;
    Ok(Empty)
}

pub(crate) async fn token_list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<TokenView>>, Failure> {
    let tokens = identity::token_list(&hub.app, &caller).await?;
    let page =
        paging::cut(tokens.into_iter().map(views::token).collect(), &query, |token| vec![&token.name])?;
    Ok(Out::page(page, &here))
}

pub(crate) async fn token_create(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<NewToken>,
) -> Result<Made<IssuedToken>, Failure> {
    let mut errors = FieldErrors::default();
    let name = errors.take("/name", input.name.parse::<DisplayName>());
    if input.permissions.as_ref().is_some_and(|keys| keys.len() > PERMISSIONS_MAX) {
        errors.push("/permissions", format!("at most {PERMISSIONS_MAX} keys are allowed"));
    }
    let mut permissions = input.permissions.as_ref().map(|keys| Vec::with_capacity(keys.len()));
    for (index, key) in input.permissions.iter().flatten().enumerate() {
        let permission = errors.take(&format!("/permissions/{index}"), key.parse::<Permission>());
        if let (Some(list), Some(permission)) = (&mut permissions, permission) {
            list.push(permission);
        }
    }
    errors.finish()?;
    let name = name.ok_or_else(incomplete)?;
    let seconds = input.days.map(|days| i64::from(days) * DAY);
    let (secret, token) = identity::token_create(&hub.app, &caller, name, seconds, permissions).await?;
    Ok(issued(secret, token))
}

pub(crate) async fn token_delete(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(token): At<TokenId>,
) -> Result<Empty, Failure> {
    identity::token_delete(&hub.app, &caller, token).await?;
    Ok(Empty)
}
