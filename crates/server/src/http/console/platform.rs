//! Pages of the installation: client organizations, accounts, plans, the log.

use bastide_api::problem::ProblemField;
use bastide_api::users::{AccessLevel, NewAccount, UserChange};
use bastide_model::UserId;

use super::organizations::revision;
use super::visit::{Visit, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Search};
use crate::http::problem::Failure;
use crate::http::{audit, hubs, organizations, plans, users};
use crate::pages::{self, AuditPage, ClientOrganizationsPage, NewUserPage, PlansPage, UsersPage};

/// Whoever sees no hub administers neither the site nor a client, and these pages do not exist for them (HIER-6).
async fn require_administrator(visit: &Visit) -> Result<(), Failure> {
    let first = Search(bastide_api::PageQuery::default());
    hubs::list(visit.state(), visit.who(), first, visit.uri.clone()).await.map(|_| ())
}

pub(super) async fn client_organizations(visit: Visit) -> Result<Html, Failure> {
    require_administrator(&visit).await?;
    let query = Search(visit.list_query());
    let listed = organizations::list(visit.state(), visit.who(), query, visit.uri.clone()).await;
    let mut organizations = visit.listing(listed)?;
    if let Ok(page) = &mut organizations.outcome {
        page.items.retain(|one| one.kind == "work");
    }
    let may = |one: &&bastide_api::organizations::OrganizationView| {
        one.actions.iter().any(|action| action == "create_client_organization")
    };
    let acting_from = visit.page.switcher.iter().filter(may).cloned().collect();
    let view = ClientOrganizationsPage { organizations, acting_from };
    Ok(show(pages::client_organizations(&visit.page, &view)))
}

async fn users_page(visit: &Visit) -> Result<UsersPage, Failure> {
    let query = Search(visit.list_query());
    let users = visit.listing(users::list(visit.state(), visit.who(), query, visit.uri.clone()).await)?;
    let may_create = visit.page.is_site_administrator() || visit.page.is_client_administrator();
    Ok(UsersPage { users, may_create, problem: None })
}

pub(super) async fn users(visit: Visit) -> Result<Html, Failure> {
    let view = users_page(&visit).await?;
    Ok(show(pages::users(&visit.page, &view)))
}

pub(super) async fn user_access(visit: Visit, At(user): At<UserId>, form: Form) -> Result<Html, Failure> {
    // Before the form is looked at: to who may not see the account it does not exist.
    users::view(visit.state(), visit.who(), At(user)).await?;
    let seen = IfMatch(revision(form.text("etag")));
    let changed = match chosen_access(form.text("access")) {
        Ok(access) => {
            let change = Body(UserChange { access });
            users::update(visit.state(), visit.who(), At(user), seen, change).await.map(|_| ())
        }
        Err(field) => wrong(vec![field]),
    };
    match changed {
        Ok(()) => Ok(go("/platform/users", Some("saved"))),
        Err(failure) => {
            let view = users_page(&visit).await?;
            visit.refused(failure, |page, problem| {
                pages::users(page, &UsersPage { problem: Some(problem), ..view })
            })
        }
    }
}

fn chosen_access(word: &str) -> Result<AccessLevel, ProblemField> {
    match word {
        "enabled" => Ok(AccessLevel::Enabled),
        "no_console" => Ok(AccessLevel::NoConsole),
        "disabled" => Ok(AccessLevel::Disabled),
        _ => Err(ProblemField {
            pointer: "/access".to_owned(),
            detail: "choose enabled, no_console or disabled".to_owned(),
        }),
    }
}

pub(super) async fn user_new(visit: Visit) -> Result<Html, Failure> {
    require_administrator(&visit).await?;
    let view = NewUserPage { name: String::new(), email: String::new(), personal: false, problem: None };
    Ok(show(pages::new_user(&visit.page, &view)))
}

pub(super) async fn user_create(visit: Visit, form: Form) -> Result<Html, Failure> {
    // Before the form is looked at: to who may not see the page it does not exist.
    require_administrator(&visit).await?;
    let (name, email) = (form.text("name").to_owned(), form.text("email").to_owned());
    let password = form.verbatim("password").to_owned();
    let personal = !form.text("personal_organization").is_empty();
    let input =
        NewAccount { email: email.clone(), name: name.clone(), password, personal_organization: personal };
    match users::create(visit.state(), visit.who(), Body(input)).await {
        Ok(_) => Ok(go("/platform/users", Some("created"))),
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::new_user(page, &NewUserPage { name, email, personal, problem: Some(problem) })
        }),
    }
}

pub(super) async fn plans(visit: Visit) -> Result<Html, Failure> {
    require_administrator(&visit).await?;
    let query = Search(visit.list_query());
    let plans = visit.listing(plans::list(visit.state(), visit.who(), query, visit.uri.clone()).await)?;
    Ok(show(pages::plans(&visit.page, &PlansPage { plans })))
}

pub(super) async fn audit(visit: Visit) -> Result<Html, Failure> {
    let query = Search(visit.list_query());
    let records = visit.listing(audit::list(visit.state(), visit.who(), query, visit.uri.clone()).await)?;
    Ok(show(pages::audit(&visit.page, &AuditPage { organization: None, records })))
}
