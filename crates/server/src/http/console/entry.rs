//! Pages before and around sign-in: set-up, sign-in, sign-out, and programs that sign in through the browser.

use axum::extract::State;
use bastide_api::Problem;
use bastide_api::identity::SetupRequest;
use bastide_app::{identity as use_case, logins};
use bastide_model::access::Credential;
use bastide_model::limits::SESSION_SECONDS;
use bastide_model::names::DisplayName;
use bastide_model::organization::Kind;
use http::HeaderValue;

use super::visit::{Entrance, Visit, fields, go, show};
use crate::http::answer::{Html, Plain};
use crate::http::extract::{At, Body, Form};
use crate::http::problem::Failure;
use crate::http::redirect::LocalPath;
use crate::http::{cookies, identity};
use crate::pages::{self, CliLoginPage, DevicePage, DeviceStage, SetupPage, SignInPage, Theme};

/// HIER-5: the default view after sign-in is the home organization; ORG-2: without one for work the list, which
/// invites to make one.
pub(super) async fn start(entrance: Entrance) -> Result<Html, Failure> {
    let Some(caller) = &entrance.caller else { return Ok(go("/sign-in", None)) };
    let (user, _) = use_case::me(&entrance.hub.app, caller).await?;
    if let Some(home) = user.home
        && let Ok(home) = bastide_app::organizations::view(&entrance.hub.app, caller, home).await
        && home.organization.kind == Kind::Work
    {
        return Ok(go(&format!("/o/{}", home.organization.slug), None));
    }
    Ok(go("/me/organizations", None))
}

pub(super) async fn setup(entrance: Entrance) -> Result<Html, Failure> {
    let token = entrance.query.text("token");
    if !use_case::setup_link_open(&entrance.hub.app, &token).await? {
        return Err(Failure::NOT_FOUND);
    }
    Ok(show(pages::setup(&entrance.page, &SetupPage { token, ..SetupPage::default() })))
}

pub(super) async fn setup_post(entrance: Entrance, form: Form) -> Result<Html, Failure> {
    let request = SetupRequest {
        token: form.text("token").to_owned(),
        email: form.text("email").to_owned(),
        name: form.text("name").to_owned(),
        password: form.verbatim("password").to_owned(),
    };
    let view = SetupPage {
        token: request.token.clone(),
        email: request.email.clone(),
        name: request.name.clone(),
        problem: None,
    };
    match identity::setup(State(entrance.hub.clone()), Body(request)).await {
        Ok(_) => Ok(go("/sign-in", Some("set-up"))),
        Err(failure) => entrance.refused(failure, |page, problem| {
            pages::setup(page, &SetupPage { problem: Some(problem), ..view })
        }),
    }
}

pub(super) async fn sign_in(entrance: Entrance) -> Result<Html, Failure> {
    if entrance.caller.is_some() {
        return Ok(go("/", None));
    }
    let next = entrance.query.text("next");
    Ok(show(pages::sign_in(&entrance.page, &SignInPage { next, ..SignInPage::default() })))
}

pub(super) async fn sign_in_post(entrance: Entrance, form: Form) -> Result<Html, Failure> {
    let (email, next) = (form.text("email").to_owned(), form.text("next").to_owned());
    let password = form.verbatim("password").to_owned();
    match use_case::sign_in(&entrance.hub.app, &email, password, &entrance.context.origin()).await {
        Ok(signed_in) => {
            let target = LocalPath::parse(&next).unwrap_or_else(LocalPath::start);
            let cookie = cookies::sign_in(&signed_in.secret, SESSION_SECONDS);
            let cookie =
                cookie.ok_or_else(|| bastide_model::Error::internal("a session's secret fits no cookie"))?;
            Ok(Html::go(&target).cookie(cookie))
        }
        Err(error) => {
            let view = |problem| SignInPage { email, next, problem: Some(problem) };
            match Failure::from(error) {
                // The form itself is the place to try again; its status says why nothing happened.
                failure @ Failure::Domain(bastide_model::Error::Unauthenticated { .. }) => {
                    let problem = not_signed_in(failure.document(entrance.context.id));
                    let page = pages::sign_in(&entrance.page, &view(problem));
                    Ok(Html::with_status(failure.status(), page.into_string()))
                }
                other => entrance.refused(other, |page, problem| pages::sign_in(page, &view(problem))),
            }
        }
    }
}

/// In the words of a person at the form: titles and hints of the status are for programs.
fn not_signed_in(problem: Problem) -> Problem {
    Problem {
        title: "That did not work".to_owned(),
        detail: "The e-mail address or the password is wrong.".to_owned(),
        hint: None,
        ..problem
    }
}

pub(super) async fn sign_out(visit: Visit, form: Form) -> Result<Html, Failure> {
    let app = &visit.hub.app;
    match (form.text("scope"), visit.caller.credential) {
        ("everywhere", _) => use_case::session_delete_all(app, &visit.caller).await?,
        (_, Credential::Session(id)) => use_case::session_delete(app, &visit.caller, id).await?,
        _ => {}
    }
    Ok(go("/sign-in", Some("signed-out")).cookie(cookies::sign_out()))
}

pub(super) async fn theme(form: Form) -> Result<Html, Failure> {
    let theme = Theme::from_word(form.text("theme"));
    let next = LocalPath::parse(form.text("next")).unwrap_or_else(LocalPath::start);
    let cookie =
        format!("{}={}; Path=/; SameSite=Lax; Secure; Max-Age=31536000", pages::THEME_COOKIE, theme.as_str());
    let cookie =
        HeaderValue::from_str(&cookie).map_err(|error| bastide_model::Error::internal(error.to_string()))?;
    Ok(Html::go(&next).cookie(cookie))
}

pub(super) async fn asset(At(name): At<String>) -> Result<Plain, Failure> {
    let path = format!("{}{name}", pages::assets::PREFIX);
    let (kind, content) = pages::assets::lookup(&path).ok_or(Failure::NOT_FOUND)?;
    Ok(Plain::new(kind, content).forever())
}

pub(super) async fn cli(visit: Visit) -> Result<Html, Failure> {
    let port: u16 =
        visit.query.text("port").parse().map_err(|_| Failure::field("port", "a port of 1 to 65535"))?;
    let view = CliLoginPage {
        name: visit.query.filled("name").unwrap_or_else(|| "bastide".to_owned()),
        redirect_uri: format!("http://127.0.0.1:{port}/callback"),
        state: visit.query.text("state"),
        code_challenge: visit.query.text("challenge"),
        problem: None,
    };
    Ok(show(pages::cli_login(&visit.page, &view)))
}

pub(super) async fn cli_post(visit: Visit, form: Form) -> Result<Html, Failure> {
    let wrong = || Failure::field("/redirect_uri", "a program waits at http://127.0.0.1 and nowhere else");
    let mut address: url::Url = form.text("redirect_uri").parse().map_err(|_| wrong())?;
    let answer = if form.text("decision") == "allow" {
        let name: DisplayName =
            form.text("name").parse().map_err(|text: String| Failure::field("/name", text))?;
        ("code", logins::code_create(&visit.hub.app, &visit.caller, name, form.text("code_challenge")).await?)
    } else {
        ("error", "access_denied".to_owned())
    };
    address
        .query_pairs_mut()
        .clear()
        .append_pair(answer.0, &answer.1)
        .append_pair("state", form.text("state"));
    Html::go_to_loopback(&address).ok_or_else(wrong)
}

pub(super) async fn device(visit: Visit) -> Result<Html, Failure> {
    let user_code = visit.query.text("user_code");
    if user_code.is_empty() {
        return Ok(show(pages::device(&visit.page, &DevicePage::default())));
    }
    confirm_device(&visit, user_code).await
}

async fn confirm_device(visit: &Visit, user_code: String) -> Result<Html, Failure> {
    match logins::device_view(&visit.hub.app, &visit.caller, &user_code).await {
        Ok(name) => {
            let stage = DeviceStage::Confirm { name: name.to_string() };
            Ok(show(pages::device(&visit.page, &DevicePage { user_code, stage, problem: None })))
        }
        Err(bastide_model::Error::NotFound) => {
            let unknown =
                Failure::field("/user_code", "no program waits with this code; ask it for a new one");
            visit.refused(unknown, |page, problem| {
                pages::device(
                    page,
                    &DevicePage { user_code, stage: DeviceStage::Enter, problem: Some(problem) },
                )
            })
        }
        Err(other) => Err(other.into()),
    }
}

pub(super) async fn device_post(visit: Visit, form: Form) -> Result<Html, Failure> {
    let typed = fields(&form);
    let user_code = typed.text("user_code");
    let agreed = match typed.text("decision").as_str() {
        "allow" => true,
        "deny" => false,
        _ => return confirm_device(&visit, user_code).await,
    };
    logins::device_decide(&visit.hub.app, &visit.caller, &user_code, agreed).await?;
    let stage = if agreed { DeviceStage::Allowed } else { DeviceStage::Denied };
    Ok(show(pages::device(&visit.page, &DevicePage { user_code, stage, problem: None })))
}
