//! Accounts of a realm.

use axum::extract::State;
use bastide_api::users::{self as wire, UserView};
use bastide_api::{Page, PageQuery};
use bastide_app::users::{self, NewUser};
use bastide_model::UserId;
use bastide_model::error::FieldErrors;
use bastide_model::names::{DisplayName, Email};
use bastide_model::user::Password;
use http::Uri;

use super::answer::{Made, Out};
use super::extract::{At, Body, IfMatch, Search, Who};
use super::hub::Hub;
use super::input::{incomplete, take};
use super::problem::Failure;
use super::{paging, views};

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    Search(query): Search<PageQuery>,
    here: Uri,
) -> Result<Out<Page<UserView>>, Failure> {
    let listed = users::list(&hub.app, &caller, &paging::request(&query)?).await?;
    Ok(Out::page(paging::page(listed, views::user), &here))
}

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<wire::NewAccount>,
) -> Result<Made<UserView>, Failure> {
    let wire::NewAccount { email, name, password, personal_organization } = input;
    let account = read(wire::NewUser { email, name, password }, "")?;
    let user = users::create(&hub.app, &caller, account, personal_organization).await?;
    let revision = user.revision;
    Ok(Made::new(&format!("/v1/users/{}", user.id), views::user(user)).etag(revision))
}

pub(crate) async fn view(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(id): At<UserId>,
) -> Result<Out<UserView>, Failure> {
    let user = users::view(&hub.app, &caller, id).await?;
    let revision = user.revision;
    Ok(Out::new(views::user(user)).etag(revision))
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(id): At<UserId>,
    IfMatch(seen): IfMatch,
    Body(input): Body<wire::UserChange>,
) -> Result<Out<UserView>, Failure> {
    let user = users::update(&hub.app, &caller, id, seen, input.access.into()).await?;
    let revision = user.revision;
    Ok(Out::new(views::user(user)).etag(revision))
}

/// The fields of an account beneath `pointer`, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read(input: wire::NewUser, pointer: &str) -> bastide_model::Result<NewUser> {
    let mut errors = FieldErrors::default();
    let email = errors.take(&format!("{pointer}/email"), input.email.parse::<Email>());
    let name = errors.take(&format!("{pointer}/name"), input.name.parse::<DisplayName>());
    let password = take(&mut errors, Password::new(&format!("{pointer}/password"), input.password))?;
    errors.finish()?;
    let (Some(email), Some(name), Some(password)) = (email, name, password) else {
        return Err(incomplete());
    };
    Ok(NewUser { email, name, password })
}
