//! Teams of an organization.

use bastide_api::PageQuery;
use bastide_api::teams::{NewTeamMember, TeamDeleteQuery, TeamRoleChoice};
use bastide_model::UserId;

use super::organizations::revision;
use super::visit::{Visit, fields, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name, Search};
use crate::http::problem::Failure;
use crate::http::teams;
use crate::pages::{self, GroupForm, TeamPage, TeamsPage, chosen_role};

async fn all(visit: &mut Visit, slug: &Name) -> Result<TeamsPage, Failure> {
    let organization = visit.enter(slug).await?;
    let query = Search(visit.list_query());
    let listed = teams::list(visit.state(), visit.who(), At(slug.clone()), query, visit.uri.clone()).await;
    let teams = visit.listing(listed)?;
    Ok(TeamsPage { organization, teams, form: GroupForm::default(), problem: None })
}

pub(super) async fn list(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let view = all(&mut visit, &slug).await?;
    Ok(show(pages::teams(&visit.page, &view)))
}

pub(super) async fn create(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let form = GroupForm::parse(&fields(&form));
    let new = Body(form.to_team());
    match teams::create(visit.state(), visit.who(), At(slug.clone()), new).await {
        Ok(made) => {
            let team = made.into_value().slug;
            Ok(go(&format!("/o/{}/teams/{team}", slug.as_str()), Some("created")))
        }
        Err(failure) => {
            let view = all(&mut visit, &slug).await?;
            visit.refused(failure, |page, problem| {
                pages::teams(page, &TeamsPage { form, problem: Some(problem), ..view })
            })
        }
    }
}

async fn one(visit: &mut Visit, slug: &Name, team: &Name) -> Result<TeamPage, Failure> {
    let organization = visit.enter(slug).await?;
    let path = || At((slug.clone(), team.clone()));
    let found = teams::view(visit.state(), visit.who(), path()).await?.into_value();
    let query = Search(visit.list_query());
    let members = teams::members(visit.state(), visit.who(), path(), query, visit.uri.clone()).await;
    let members = visit.listing(members)?;
    let form = GroupForm::of(&found.name, &found.description);
    Ok(TeamPage {
        organization,
        team: found,
        members,
        form,
        user: String::new(),
        role: "viewer".to_owned(),
        confirm: String::new(),
        problem: None,
    })
}

pub(super) async fn view(mut visit: Visit, At((slug, team)): At<(Name, Name)>) -> Result<Html, Failure> {
    let view = one(&mut visit, &slug, &team).await?;
    Ok(show(pages::team(&visit.page, &view)))
}

fn address(slug: &Name, team: &Name) -> String {
    format!("/o/{}/teams/{}", slug.as_str(), team.as_str())
}

/// The page once more, with what was typed and what was wrong.
async fn again(
    mut visit: Visit,
    (slug, team): (&Name, &Name),
    failure: Failure,
    typed: impl FnOnce(&mut TeamPage),
) -> Result<Html, Failure> {
    let mut view = one(&mut visit, slug, team).await?;
    typed(&mut view);
    visit.refused(failure, |page, problem| pages::team(page, &TeamPage { problem: Some(problem), ..view }))
}

pub(super) async fn update(
    visit: Visit,
    At((slug, team)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let seen = IfMatch(revision(form.text("etag")));
    let typed = GroupForm::parse(&fields(&form));
    let (path, change) = (At((slug.clone(), team.clone())), Body(typed.to_team_change()));
    match teams::update(visit.state(), visit.who(), path, seen, change).await {
        Ok(_) => Ok(go(&address(&slug, &team), Some("saved"))),
        Err(failure) => again(visit, (&slug, &team), failure, |view| view.form = typed).await,
    }
}

pub(super) async fn delete(
    visit: Visit,
    At((slug, team)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let path = || At((slug.clone(), team.clone()));
    let present = teams::view(visit.state(), visit.who(), path()).await?.into_value();
    let confirm = form.optional("confirm").map(str::to_owned);
    let (typed, seen) = (form.text("confirm").to_owned(), IfMatch(revision(&present.etag)));
    let query = Search(TeamDeleteQuery { confirm });
    match teams::delete(visit.state(), visit.who(), path(), query, seen).await {
        Ok(_) => Ok(go(&format!("/o/{}/teams", slug.as_str()), Some("deleted"))),
        Err(failure) => again(visit, (&slug, &team), failure, |view| view.confirm = typed).await,
    }
}

pub(super) async fn member_add(
    visit: Visit,
    At((slug, team)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let (user, word) = (form.text("user").to_owned(), form.text("role").to_owned());
    let added = match chosen_role(&word) {
        Ok(role) => {
            let (path, member) =
                (At((slug.clone(), team.clone())), NewTeamMember { user: user.clone(), role });
            teams::member_add(visit.state(), visit.who(), path, Body(member)).await.map(|_| ())
        }
        Err(field) => wrong(vec![field]),
    };
    match added {
        Ok(()) => Ok(go(&address(&slug, &team), Some("saved"))),
        Err(failure) => {
            let typed = |view: &mut TeamPage| (view.user, view.role) = (user, word);
            again(visit, (&slug, &team), failure, typed).await
        }
    }
}

pub(super) async fn member_set(
    visit: Visit,
    At((slug, team, user)): At<(Name, Name, UserId)>,
    form: Form,
) -> Result<Html, Failure> {
    let set = match chosen_role(form.text("role")) {
        Ok(role) => {
            let (path, choice) = (At((slug.clone(), team.clone(), user)), Body(TeamRoleChoice { role }));
            teams::member_set(visit.state(), visit.who(), path, choice).await.map(|_| ())
        }
        Err(field) => wrong(vec![field]),
    };
    match set {
        Ok(()) => Ok(go(&address(&slug, &team), Some("saved"))),
        Err(failure) => again(visit, (&slug, &team), failure, |_| ()).await,
    }
}

pub(super) async fn member_remove(
    visit: Visit,
    At((slug, team, user)): At<(Name, Name, UserId)>,
) -> Result<Html, Failure> {
    let path = At((slug.clone(), team.clone(), user));
    match teams::member_delete(visit.state(), visit.who(), path).await {
        // Whoever left may see neither the team nor the organization any more.
        Ok(_) if user == visit.caller.user => Ok(go("/me/organizations", Some("left-team"))),
        Ok(_) => Ok(go(&address(&slug, &team), Some("saved"))),
        Err(failure) => again(visit, (&slug, &team), failure, |_| ()).await,
    }
}

/// The teams that the caller sees, for a choice: the first page of them.
pub(super) async fn choices(
    visit: &Visit,
    slug: &Name,
) -> Result<Vec<bastide_api::teams::TeamView>, Failure> {
    let first =
        Search(PageQuery { page_size: Some(bastide_model::limits::PAGE_SIZE_MAX), ..PageQuery::default() });
    let listed = teams::list(visit.state(), visit.who(), At(slug.clone()), first, visit.uri.clone()).await?;
    Ok(listed.into_value().items)
}
