//! Roles of an organization, and why somebody may do something in it.

use bastide_api::access::AccessQuery;
use bastide_api::organizations::OrganizationView;
use bastide_api::registry::PermissionView;
use bastide_api::roles::RoleView;
use bastide_model::permission::PermissionSet;
use bastide_model::role::{ASSIGNABLE, BILLING};
use bastide_model::{Error, Permission};

use super::organizations::revision;
use super::visit::{Visit, fields, go, show};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name, Search, parse_query};
use crate::http::problem::Failure;
use crate::http::{access, roles, views};
use crate::pages::{self, AccessPage, RoleForm, RolePage, RolesPage};

fn permissions(of: PermissionSet) -> Vec<PermissionView> {
    of.iter().map(views::permission).collect()
}

async fn page(
    visit: &Visit,
    slug: &Name,
    organization: OrganizationView,
    form: RoleForm,
) -> Result<RolesPage, Failure> {
    let query = Search(visit.list_query());
    let listed = roles::list(visit.state(), visit.who(), At(slug.clone()), query, visit.uri.clone()).await;
    let roles = visit.listing(listed)?;
    Ok(RolesPage { organization, roles, permissions: permissions(ASSIGNABLE), form, problem: None })
}

pub(super) async fn list(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let view = page(&visit, &slug, organization, RoleForm::default()).await?;
    Ok(show(pages::roles(&visit.page, &view)))
}

pub(super) async fn create(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let form = RoleForm::parse(&fields(&form));
    match roles::create(visit.state(), visit.who(), At(slug.clone()), Body(form.to_new())).await {
        Ok(_) => Ok(go(&format!("/o/{}/roles", organization.slug), Some("created"))),
        Err(failure) => {
            let view = page(&visit, &slug, organization, form).await?;
            visit.refused(failure, |page, problem| {
                pages::roles(page, &RolesPage { problem: Some(problem), ..view })
            })
        }
    }
}

async fn role_page(visit: &mut Visit, slug: &Name, role: &Name) -> Result<RolePage, Failure> {
    let organization = visit.enter(slug).await?;
    let found = roles::view(visit.state(), visit.who(), At((slug.clone(), role.clone()))).await?;
    let role: RoleView = found.into_value();
    let form = RoleForm::of(&role);
    Ok(RolePage { organization, role, permissions: permissions(ASSIGNABLE), form, problem: None })
}

pub(super) async fn view(mut visit: Visit, At((slug, role)): At<(Name, Name)>) -> Result<Html, Failure> {
    let view = role_page(&mut visit, &slug, &role).await?;
    Ok(show(pages::role(&visit.page, &view)))
}

pub(super) async fn update(
    mut visit: Visit,
    At((slug, role)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let view = role_page(&mut visit, &slug, &role).await?;
    let seen = IfMatch(revision(form.text("etag")));
    let form = RoleForm::parse(&fields(&form));
    let change = Body(form.to_change());
    match roles::update(visit.state(), visit.who(), At((slug.clone(), role.clone())), seen, change).await {
        Ok(_) => Ok(go(&format!("/o/{}/roles/{}", view.organization.slug, view.role.slug), Some("saved"))),
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::role(page, &RolePage { form, problem: Some(problem), ..view })
        }),
    }
}

pub(super) async fn delete(mut visit: Visit, At((slug, role)): At<(Name, Name)>) -> Result<Html, Failure> {
    let view = role_page(&mut visit, &slug, &role).await?;
    match roles::delete(visit.state(), visit.who(), At((slug, role))).await {
        Ok(_) => Ok(go(&format!("/o/{}/roles", view.organization.slug), Some("deleted"))),
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::role(page, &RolePage { problem: Some(problem), ..view })
        }),
    }
}

/// What was asked on the page; nothing at first.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    user: String,
    #[serde(default)]
    action: String,
    #[serde(default)]
    team: String,
    #[serde(default)]
    project: String,
}

/// A page without an answer yet: what was asked, and what can be chosen.
async fn access_page(
    visit: &Visit,
    slug: &Name,
    organization: OrganizationView,
    asked: &Asked,
) -> Result<AccessPage, Failure> {
    let of = ASSIGNABLE.union(BILLING).union(PermissionSet::of(&[
        Permission::PlacementsCreate,
        Permission::PlacementsDelete,
        Permission::HostNamesUpdate,
    ]));
    Ok(AccessPage {
        permissions: permissions(of),
        user: asked.user.trim().to_owned(),
        action: asked.action.clone(),
        team: asked.team.trim().to_owned(),
        project: asked.project.trim().to_owned(),
        teams: super::teams::choices(visit, slug).await?,
        projects: super::projects::choices(visit, slug).await?,
        answer: None,
        problem: None,
        organization,
    })
}

/// The question that the page asks.
fn query(view: &AccessPage) -> Result<AccessQuery, Failure> {
    if !view.team.is_empty() && !view.project.is_empty() {
        return Err(Error::field(
            "project",
            "leave one of the two empty: it is about a team or about a project",
        )
        .into());
    }
    let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    Ok(AccessQuery {
        action: view.action.clone(),
        user: filled(&view.user),
        organization: Some(view.organization.slug.clone()),
        team: filled(&view.team),
        project: filled(&view.project),
        cluster: None,
    })
}

pub(super) async fn explain(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let asked: Asked = parse_query(visit.uri.query().unwrap_or_default())?;
    let mut view = access_page(&visit, &slug, organization, &asked).await?;
    if asked.action.is_empty() {
        return Ok(show(pages::access(&visit.page, &view)));
    }
    let answer = match query(&view) {
        Ok(query) => access::explain(visit.state(), visit.who(), Search(query)).await,
        Err(failure) => Err(failure),
    };
    // The organization is there: what is not is the team or the project, and that is a wrong choice, no missing page.
    let answer = answer.map_err(|failure| match failure {
        Failure::Domain(Error::NotFound) => {
            let field = if view.team.is_empty() { "project" } else { "team" };
            Error::field(field, "there is none of this name here for you").into()
        }
        other => other,
    });
    match answer {
        Ok(answer) => {
            view.answer = Some(answer.into_value());
            Ok(show(pages::access(&visit.page, &view)))
        }
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::access(page, &AccessPage { problem: Some(problem), ..view })
        }),
    }
}
