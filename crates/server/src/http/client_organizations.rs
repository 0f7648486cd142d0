//! Client organizations: the three steps in one request, and their check beforehand (FLEET-4).

use axum::extract::State;
use bastide_api::client_organizations::{
    Administrator, CheckResult, ClientOrganizationDraft, NewClientOrganization,
};
use bastide_api::organizations::{GatewayChoice, OrganizationView};
use bastide_app::client_organizations::{self as use_case, AdministratorChoice, Draft, GatewayWish};
use bastide_app::organizations;
use bastide_app::users::NewUser;
use bastide_model::Result;
use bastide_model::error::FieldErrors;
use bastide_model::limits::EMAIL_BYTES_MAX;
use bastide_model::names::{Email, Slug};
use bastide_model::preconditions::PreconditionResult;

use super::answer::{Made, Out};
use super::extract::{Body, Who};
use super::hub::Hub;
use super::input::{incomplete, optional, take, within};
use super::problem::{Failure, precondition};
use super::{users, views};

/// Longest id or short name, in characters.
pub(crate) const NAME_CHARS_MAX: usize = 40;

pub(crate) async fn create(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<NewClientOrganization>,
) -> std::result::Result<Made<OrganizationView>, Failure> {
    let new = read(input)?;
    let details = use_case::create(&hub.app, &caller, new).await?;
    Ok(super::organizations::made(details))
}

pub(crate) async fn check(
    State(hub): State<Hub>,
    Who(caller): Who,
    Body(input): Body<ClientOrganizationDraft>,
) -> std::result::Result<Out<CheckResult>, Failure> {
    let results = use_case::check(&hub.app, &caller, &read_draft(input)?).await?;
    Ok(Out::new(checked(&results)))
}

/// What a check came to.
pub(crate) fn checked(results: &[PreconditionResult]) -> CheckResult {
    CheckResult {
        possible: !results.iter().any(PreconditionResult::is_failed),
        preconditions: results.iter().map(precondition).collect(),
    }
}

/// The fields of a new client organization, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read(input: NewClientOrganization) -> Result<use_case::NewClientOrganization> {
    let mut errors = FieldErrors::default();
    let visibility = input.visibility.map(views::visibility);
    let new =
        organizations::read_new(&input.name, input.slug.as_deref(), None, visibility, input.annotations);
    let organization = take(&mut errors, new)?;
    let (administrator, new_administrator) = match input.administrator {
        Administrator::Existing { user } => {
            within(&mut errors, "/administrator/user", &user, 3, EMAIL_BYTES_MAX);
            (Some(AdministratorChoice::Existing(user)), None)
        }
        Administrator::New { account } => {
            let account = take(&mut errors, users::read(account, "/administrator/account"))?;
            let choice =
                account.as_ref().map(|account: &NewUser| AdministratorChoice::New(account.email.clone()));
            (choice, account)
        }
    };
    let node_pool = match input.node_pool {
        Some(pool) => take(&mut errors, pool.parse("/node_pool"))?,
        None => None,
    };
    let names = [("/acting_from", &input.acting_from), ("/hub", &input.hub), ("/spoke", &input.spoke)];
    for (pointer, name) in names.into_iter().chain(input.plan.iter().map(|plan| ("/plan", plan))) {
        within(&mut errors, pointer, name, 1, NAME_CHARS_MAX);
    }
    errors.finish()?;
    let organization = organization.ok_or_else(incomplete)?;
    Ok(use_case::NewClientOrganization {
        plan: input.plan,
        new_administrator,
        draft: Draft {
            acting_from: Some(input.acting_from),
            slug: Some(organization.slug.clone()),
            administrator,
            hub: Some(input.hub),
            spoke: Some(input.spoke),
            node_pool,
            gateway: Some(wish(input.gateway)),
        },
        organization,
    })
}

/// What is known so far, read together.
///
/// # Errors
/// `invalid`, naming each field.
pub(crate) fn read_draft(input: ClientOrganizationDraft) -> Result<Draft> {
    let mut errors = FieldErrors::default();
    let slug = optional(&mut errors, "/slug", input.slug.map(|text| text.parse::<Slug>()));
    let new = optional(
        &mut errors,
        "/new_administrator",
        input.new_administrator.as_ref().map(|text| text.parse::<Email>()),
    );
    if input.new_administrator.is_some() && input.administrator.is_some() {
        errors.push("/new_administrator", "give either an existing administrator or a new one");
    }
    let node_pool = match input.node_pool {
        Some(pool) => take(&mut errors, pool.parse("/node_pool"))?,
        None => None,
    };
    for (pointer, name, most) in [
        ("/acting_from", &input.acting_from, NAME_CHARS_MAX),
        ("/hub", &input.hub, NAME_CHARS_MAX),
        ("/spoke", &input.spoke, NAME_CHARS_MAX),
        ("/administrator", &input.administrator, EMAIL_BYTES_MAX),
    ] {
        within(&mut errors, pointer, name.as_deref().unwrap_or_default(), 0, most);
    }
    errors.finish()?;
    Ok(Draft {
        acting_from: input.acting_from,
        slug,
        administrator: new
            .map(AdministratorChoice::New)
            .or(input.administrator.map(AdministratorChoice::Existing)),
        hub: input.hub,
        spoke: input.spoke,
        node_pool,
        gateway: input.gateway.map(wish),
    })
}

pub(crate) fn wish(choice: GatewayChoice) -> GatewayWish {
    match choice {
        GatewayChoice::Shared {} => GatewayWish::Shared,
        GatewayChoice::Dedicated { configuration } => GatewayWish::Dedicated(configuration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_model::Error;

    /// FLEET-4: every mistake of all three steps is told at once, each with its place.
    #[test]
    fn fleet_4_all_mistakes_at_once() {
        let input = serde_json::json!({
            "acting_from": "acme", "name": " ", "slug": "-x", "annotations": {"kubernetes.io/a": "b"},
            "administrator": {"kind": "new", "account": {"email": "nobody", "name": "", "password": "short"}},
            "hub": "main", "spoke": "eu-1", "node_pool": {"labels": {}, "tolerations": ["=:"]},
            "gateway": {"kind": "shared"}
        });
        let Err(Error::Invalid { fields }) = read(serde_json::from_value(input).unwrap()) else {
            panic!("it is not valid");
        };
        let places: Vec<_> = fields.iter().map(|field| field.pointer.as_str()).collect();
        assert_eq!(
            places,
            [
                "/name",
                "/slug",
                "/annotations",
                "/administrator/account/email",
                "/administrator/account/name",
                "/administrator/account/password",
                "/node_pool/tolerations/0",
            ]
        );
    }

    #[test]
    fn a_draft_has_one_administrator() {
        let both = ClientOrganizationDraft {
            administrator: Some("a@example.org".to_owned()),
            new_administrator: Some("b@example.org".to_owned()),
            ..ClientOrganizationDraft::default()
        };
        assert!(matches!(read_draft(both), Err(Error::Invalid { .. })));
        assert!(read_draft(ClientOrganizationDraft::default()).unwrap().administrator.is_none());
    }
}
