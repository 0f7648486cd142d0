//! What is one's own: organizations, tokens, sessions.

use bastide_api::identity::IssuedToken;
use bastide_model::{SessionId, TokenId};

use super::visit::{Visit, fields, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, Search};
use crate::http::problem::Failure;
use crate::http::{identity, organizations, permissions, public_organizations as publics};
use crate::pages::{
    self, Listing, NewOrganizationPage, OrganizationForm, OrganizationsPage, PublicOrganizationsPage,
    SessionsPage, TokenForm, TokensPage,
};

pub(super) async fn organizations(visit: Visit) -> Result<Html, Failure> {
    let query = Search(visit.list_query());
    let listed = organizations::list(visit.state(), visit.who(), query, visit.uri.clone()).await;
    let organizations = visit.listing(listed)?;
    Ok(show(pages::organizations(&visit.page, &OrganizationsPage { organizations })))
}

pub(super) async fn public_organizations(visit: Visit) -> Result<Html, Failure> {
    let query = Search(visit.list_query());
    let listed = publics::list(visit.state(), visit.who(), query, visit.uri.clone()).await;
    let organizations = visit.listing(listed)?;
    Ok(show(pages::public_organizations(&visit.page, &PublicOrganizationsPage { organizations })))
}

fn parents(visit: &Visit) -> Vec<bastide_api::organizations::OrganizationView> {
    let may = |one: &&bastide_api::organizations::OrganizationView| {
        one.actions.iter().any(|a| a == "create_beneath")
    };
    visit.page.switcher.iter().filter(may).cloned().collect()
}

pub(super) async fn organization_new(visit: Visit) -> Result<Html, Failure> {
    let form = OrganizationForm { parent: visit.query.text("parent"), ..OrganizationForm::default() };
    let view = NewOrganizationPage { form, parents: parents(&visit), problem: None };
    Ok(show(pages::new_organization(&visit.page, &view)))
}

pub(super) async fn organization_create(visit: Visit, form: Form) -> Result<Html, Failure> {
    let form = OrganizationForm::parse(&fields(&form));
    let made = match wrong(form.check()) {
        Ok(()) => organizations::create(visit.state(), visit.who(), Body(form.to_new())).await,
        Err(failure) => Err(failure),
    };
    match made {
        Ok(made) => Ok(go(&format!("/o/{}", made.into_value().slug), Some("created"))),
        Err(failure) => visit.refused(failure, |page, problem| {
            let view = NewOrganizationPage { form, parents: parents(&visit), problem: Some(problem) };
            pages::new_organization(page, &view)
        }),
    }
}

async fn tokens_page(
    visit: &Visit,
    form: TokenForm,
    issued: Option<IssuedToken>,
) -> Result<TokensPage, Failure> {
    let (query, here) = (Search(visit.list_query()), visit.uri.clone());
    let tokens =
        visit.listing(identity::token_list(visit.state(), visit.who(), query, here.clone()).await)?;
    let all = Search(bastide_api::PageQuery { page_size: Some(200), ..bastide_api::PageQuery::default() });
    let permissions = permissions::list(visit.who(), all, here).await?.into_value().items;
    Ok(TokensPage { tokens, form, permissions, issued, problem: None })
}

pub(super) async fn tokens(visit: Visit) -> Result<Html, Failure> {
    let view = tokens_page(&visit, TokenForm::default(), None).await?;
    Ok(show(pages::tokens(&visit.page, &view)))
}

pub(super) async fn token_create(visit: Visit, form: Form) -> Result<Html, Failure> {
    let form = TokenForm::parse(&fields(&form));
    let made = match wrong(form.check()) {
        Ok(()) => identity::token_create(visit.state(), visit.who(), Body(form.to_new())).await,
        Err(failure) => Err(failure),
    };
    match made {
        Ok(made) => {
            let view = tokens_page(&visit, TokenForm::default(), Some(made.into_value())).await?;
            Ok(show(pages::tokens(&visit.page, &view)))
        }
        Err(failure) => {
            let view = tokens_page(&visit, form, None).await?;
            visit.refused(failure, |page, problem| {
                pages::tokens(page, &TokensPage { problem: Some(problem), ..view })
            })
        }
    }
}

pub(super) async fn token_delete(visit: Visit, At(token): At<TokenId>) -> Result<Html, Failure> {
    identity::token_delete(visit.state(), visit.who(), At(token)).await?;
    Ok(go("/me/tokens", Some("deleted")))
}

pub(super) async fn sessions(visit: Visit) -> Result<Html, Failure> {
    let query = Search(visit.list_query());
    let listed = identity::session_list(visit.state(), visit.who(), query, visit.uri.clone()).await;
    let sessions: Listing<_> = visit.listing(listed)?;
    Ok(show(pages::sessions(&visit.page, &SessionsPage { sessions })))
}

pub(super) async fn session_end(visit: Visit, At(session): At<SessionId>) -> Result<Html, Failure> {
    identity::session_delete(visit.state(), visit.who(), At(session)).await?;
    Ok(go("/me/sessions", Some("ended")))
}
