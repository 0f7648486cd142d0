//! Who belongs to an organization, the roles that are given there, and leaving.

use axum::extract::State;
use bastide_api::members::{
    AccessSource, AssignmentChange, AssignmentView, Colleague, MemberQuery, MemberView, Named, NewAssignment,
    Reach,
};
use bastide_api::{Page, PageQuery};
use bastide_app::assignments::{self, Change, Given};
use bastide_app::members::{self, Details, Filter, Source};
use bastide_app::{billing, organizations};
use bastide_model::error::FieldErrors;
use bastide_model::role::Role;
use bastide_model::{AssignmentId, Error, Timestamp, UserId};
use bastide_store::Assignment;
use http::Uri;

use super::answer::{Empty, Made, Out, etag};
use super::extract::{At, Body, IfMatch, Name, Search, Who};
use super::hub::Hub;
use super::input::{optional, within};
use super::problem::Failure;
use super::{paging, views};

/// Longest name of a person in a request: an e-mail address.
const PERSON_CHARS_MAX: usize = 254;
/// Longest name of a role in a request.
const ROLE_CHARS_MAX: usize = 64;
/// What stands in the place of an end that there is not.
const NEVER: &str = "never";

pub(crate) async fn list(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Search(query): Search<MemberQuery>,
    here: Uri,
) -> Result<Out<Page<MemberView>>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let MemberQuery { page_size, page_token, search, source, role } = query;
    let page = paging::request(&PageQuery { page_size, page_token, search })?;
    let listed = members::list(&hub.app, &caller, id, (&Filter { source, role }, &page)).await?;
    Ok(Out::page(paging::page(listed, member), &here))
}

/// The owner of an organization and the number of its members, for the console's overview.
pub(crate) async fn summary(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<(Option<Colleague>, u64), Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let (owner, members) = members::summary(&hub.app, &caller, id).await?;
    Ok((owner.map(views::colleague), members))
}

pub(crate) async fn remove(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, user)): At<(Name, UserId)>,
) -> Result<Empty, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    assignments::remove(&hub.app, &caller, id, user).await?;
    Ok(Empty)
}

pub(crate) async fn assign(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
    Body(input): Body<NewAssignment>,
) -> Result<Made<AssignmentView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let given = assignments::assign(&hub.app, &caller, id, read(input)?).await?;
    let revision = given.assignment.revision;
    Ok(Made::new(&format!("/v1/organizations/{id}/members"), view(given)).etag(revision))
}

/// The fields of a new grant, read together.
fn read(input: NewAssignment) -> bastide_model::Result<assignments::NewAssignment> {
    let mut errors = FieldErrors::default();
    within(&mut errors, "/user", &input.user, 1, PERSON_CHARS_MAX);
    within(&mut errors, "/role", &input.role, 1, ROLE_CHARS_MAX);
    let end = input.expires_at.as_deref().map(Timestamp::parse);
    let expires_at = optional(&mut errors, "/expires_at", end);
    errors.finish()?;
    let reach = reach(input.reach.unwrap_or_default());
    Ok(assignments::NewAssignment { user: input.user, role: input.role, reach, expires_at })
}

fn reach(reach: Reach) -> bastide_model::role::Reach {
    match reach {
        Reach::Here => bastide_model::role::Reach::Here,
        Reach::Beneath => bastide_model::role::Reach::Beneath,
    }
}

pub(crate) async fn update(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, grant)): At<(Name, AssignmentId)>,
    IfMatch(seen): IfMatch,
    Body(input): Body<AssignmentChange>,
) -> Result<Out<AssignmentView>, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    let expires_at = match input.expires_at.as_deref() {
        None => None,
        Some(NEVER) => Some(None),
        Some(end) => {
            Some(Some(Timestamp::parse(end).map_err(|problem| Error::field("/expires_at", problem))?))
        }
    };
    let change = Change { reach: input.reach.map(reach), expires_at };
    let given = assignments::update(&hub.app, &caller, (id, grant), seen, change).await?;
    let revision = given.assignment.revision;
    Ok(Out::new(view(given)).etag(revision))
}

pub(crate) async fn withdraw(
    State(hub): State<Hub>,
    Who(caller): Who,
    At((name, grant)): At<(Name, AssignmentId)>,
) -> Result<Empty, Failure> {
    let id = organizations::resolve(&hub.app, &caller, name.as_str()).await?;
    assignments::withdraw(&hub.app, &caller, (id, grant)).await?;
    Ok(Empty)
}

pub(crate) async fn leave(
    State(hub): State<Hub>,
    Who(caller): Who,
    At(name): At<Name>,
) -> Result<Empty, Failure> {
    // Who has only the billing role does not see the organization by any other (ROLE-1).
    let id = match organizations::resolve(&hub.app, &caller, name.as_str()).await {
        Err(Error::NotFound) => billing::resolve(&hub.app, &caller, name.as_str()).await?,
        found => found?,
    };
    assignments::leave(&hub.app, &caller, id).await?;
    Ok(Empty)
}

fn member(details: Details) -> MemberView {
    MemberView {
        user: views::colleague(details.user),
        role: details.role.to_owned(),
        sources: details.sources.into_iter().map(source).collect(),
        actions: views::texts(details.actions),
    }
}

fn source(source: Source) -> AccessSource {
    let ends = |grant: &Assignment| grant.expires_at.map(|end| end.to_string());
    match source {
        Source::Direct { grant, in_force, actions } => AccessSource::Direct {
            assignment: grant.id.to_string(),
            role: grant.role.word().to_owned(),
            custom_role: custom(&grant),
            reach: grant.reach.to_string(),
            expires_at: ends(&grant),
            in_force,
            etag: etag(grant.revision),
            actions: views::texts(actions),
        },
        Source::Inherited { from, grant } => AccessSource::Inherited {
            organization: named(from.0, from.1, from.2),
            role: grant.role.word().to_owned(),
            expires_at: ends(&grant),
        },
        Source::Team { team, role } => AccessSource::Team {
            team: team.map(|(id, slug, name)| named(id, slug, name)),
            role: role.to_string(),
        },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "ids are small")]
pub(crate) fn named<I: ToString>(
    id: I,
    slug: bastide_model::names::Slug,
    name: bastide_model::names::DisplayName,
) -> Named {
    Named { id: id.to_string(), slug: slug.into(), name: name.into() }
}

fn custom(grant: &Assignment) -> Option<Named> {
    match (&grant.role, &grant.custom) {
        (Role::Custom(id), Some((slug, name))) => Some(named(*id, slug.clone(), name.clone())),
        _ => None,
    }
}

fn view(given: Given) -> AssignmentView {
    let Given { assignment, user } = given;
    AssignmentView {
        id: assignment.id.to_string(),
        user: views::colleague(user),
        role: assignment.role.word().to_owned(),
        custom_role: custom(&assignment),
        reach: assignment.reach.to_string(),
        expires_at: assignment.expires_at.map(|end| end.to_string()),
        created_at: assignment.created_at.to_string(),
        etag: etag(assignment.revision),
    }
}
