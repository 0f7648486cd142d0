//! Pages about who belongs to an organization, about leaving it, and about billing.

use bastide_api::PageQuery;
use bastide_api::members::MemberQuery;
use bastide_api::organizations::OrganizationView;
use bastide_api::roles::RoleView;
use bastide_model::limits::PAGE_SIZE_MAX;
use bastide_model::{AssignmentId, Error, UserId};

use super::organizations::revision;
use super::visit::{Visit, fields, go, show};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name, Search};
use crate::http::problem::Failure;
use crate::http::{billing, members as api, roles};
use crate::pages::{self, AssignmentForm, BillingPage, BillingsPage, LeaveOrganizationPage, MembersPage};

async fn members_page(
    visit: &Visit,
    organization: OrganizationView,
    form: AssignmentForm,
) -> Result<MembersPage, Failure> {
    let slug = Name::try_from(organization.slug.clone()).map_err(|_| Failure::NOT_FOUND)?;
    let asked = visit.list_query();
    let (source, role) = (visit.query.filled("source"), visit.query.filled("role"));
    let query = MemberQuery {
        page_size: asked.page_size,
        page_token: asked.page_token,
        search: asked.search,
        source: source.clone(),
        role: role.clone(),
    };
    let listed = api::list(visit.state(), visit.who(), At(slug), Search(query), visit.uri.clone()).await;
    let members = visit.listing(listed)?;
    let (source, role) = (source.unwrap_or_default(), role.unwrap_or_default());
    let roles = custom_roles(visit, &organization).await?;
    Ok(MembersPage { organization, members, source, role, roles, form, problem: None })
}

/// What whoever gives roles here can choose, besides the built-in one: of the custom roles those that they see.
async fn custom_roles(visit: &Visit, organization: &OrganizationView) -> Result<Vec<RoleView>, Failure> {
    let may_give = organization.actions.iter().any(|action| action == "assign");
    let (Ok(slug), true) = (Name::try_from(organization.slug.clone()), may_give) else {
        return Ok(Vec::new());
    };
    let all = Search(PageQuery { page_size: Some(PAGE_SIZE_MAX), ..PageQuery::default() });
    match roles::list(visit.state(), visit.who(), At(slug), all, visit.uri.clone()).await {
        Ok(listed) => Ok(listed.into_value().items.into_iter().filter(|role| !role.built_in).collect()),
        Err(Failure::Domain(Error::Forbidden { .. })) => Ok(Vec::new()),
        Err(other) => Err(other),
    }
}

pub(super) async fn list(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let view = members_page(&visit, organization, AssignmentForm::default()).await?;
    Ok(show(pages::members(&visit.page, &view)))
}

/// Back to the list, or the list again with why it was refused.
async fn done<T>(
    visit: Visit,
    organization: OrganizationView,
    outcome: Result<T, Failure>,
    (form, word): (AssignmentForm, &str),
) -> Result<Html, Failure> {
    match outcome {
        Ok(_) => Ok(go(&format!("/o/{}/members", organization.slug), Some(word))),
        Err(failure) => {
            let view = members_page(&visit, organization, form).await?;
            visit.refused(failure, |page, problem| {
                pages::members(page, &MembersPage { problem: Some(problem), ..view })
            })
        }
    }
}

pub(super) async fn assign(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let form = AssignmentForm::parse(&fields(&form));
    let made = api::assign(visit.state(), visit.who(), At(slug), Body(form.to_new())).await;
    done(visit, organization, made, (form, "saved")).await
}

pub(super) async fn update(
    mut visit: Visit,
    At((slug, grant)): At<(Name, AssignmentId)>,
    form: Form,
) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let change = AssignmentForm::parse(&fields(&form)).to_change();
    let seen = IfMatch(revision(form.text("etag")));
    let changed = api::update(visit.state(), visit.who(), At((slug, grant)), seen, Body(change)).await;
    done(visit, organization, changed, (AssignmentForm::default(), "saved")).await
}

pub(super) async fn withdraw(
    mut visit: Visit,
    At((slug, grant)): At<(Name, AssignmentId)>,
) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let gone = api::withdraw(visit.state(), visit.who(), At((slug, grant))).await;
    done(visit, organization, gone, (AssignmentForm::default(), "withdrawn")).await
}

pub(super) async fn remove(mut visit: Visit, At((slug, user)): At<(Name, UserId)>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let gone = api::remove(visit.state(), visit.who(), At((slug, user))).await;
    done(visit, organization, gone, (AssignmentForm::default(), "removed")).await
}

pub(super) async fn leave(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    Ok(show(pages::leave_organization(&visit.page, &LeaveOrganizationPage { organization, problem: None })))
}

pub(super) async fn leave_post(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    match api::leave(visit.state(), visit.who(), At(slug)).await {
        Ok(_) => Ok(go("/me/organizations", Some("left"))),
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::leave_organization(page, &LeaveOrganizationPage { organization, problem: Some(problem) })
        }),
    }
}

pub(super) async fn billings(visit: Visit) -> Result<Html, Failure> {
    let query = Search(visit.list_query());
    let listed = billing::list(visit.state(), visit.who(), query, visit.uri.clone()).await;
    let billings = visit.listing(listed)?;
    Ok(show(pages::billings(&visit.page, &BillingsPage { billings })))
}

async fn billing_page(visit: &Visit, slug: Name, user: String) -> Result<BillingPage, Failure> {
    let billing = billing::view(visit.state(), visit.who(), At(slug)).await?.into_value();
    Ok(BillingPage { billing, user, problem: None })
}

pub(super) async fn billing(visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let view = billing_page(&visit, slug, String::new()).await?;
    Ok(show(pages::billing(&visit.page, &view)))
}

async fn billing_done<T>(
    visit: Visit,
    slug: Name,
    outcome: Result<T, Failure>,
    (user, word): (String, &str),
) -> Result<Html, Failure> {
    match outcome {
        Ok(_) => Ok(go(&format!("/me/billing/{}", slug.as_str()), Some(word))),
        Err(failure) => {
            let view = billing_page(&visit, slug, user).await?;
            visit.refused(failure, |page, problem| {
                pages::billing(page, &BillingPage { problem: Some(problem), ..view })
            })
        }
    }
}

pub(super) async fn billing_assign(visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let user = form.text("user").to_owned();
    let made = billing::assign(visit.state(), visit.who(), At((slug.clone(), user.clone()))).await;
    billing_done(visit, slug, made, (user, "saved")).await
}

pub(super) async fn billing_withdraw(
    visit: Visit,
    At((slug, user)): At<(Name, UserId)>,
) -> Result<Html, Failure> {
    let gone = billing::withdraw(visit.state(), visit.who(), At((slug.clone(), user))).await;
    billing_done(visit, slug, gone, (String::new(), "withdrawn")).await
}

pub(super) async fn billing_leave(visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    match api::leave(visit.state(), visit.who(), At(slug.clone())).await {
        Ok(_) => Ok(go("/me/billing", Some("left"))),
        Err(failure) => {
            let view = billing_page(&visit, slug, String::new()).await?;
            visit.refused(failure, |page, problem| {
                pages::billing(page, &BillingPage { problem: Some(problem), ..view })
            })
        }
    }
}
