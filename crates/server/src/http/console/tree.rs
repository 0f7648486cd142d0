//! Where an organization lies in the tree: what is beneath it, moving it, and what is in the way of its end.

use bastide_api::organizations::OrganizationView;
use bastide_api::problem::ProblemField;
use bastide_api::tree::{BlockerView, Move};
use bastide_model::limits::{PAGE_SIZE_MAX, TREE_DEPTH_MAX};
use bastide_model::{Error, Permission};

use super::organizations::{require, revision};
use super::visit::{Visit, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name};
use crate::http::problem::Failure;
use crate::http::{organizations, tree as api};
use crate::pages::{self, MovePage, ROOT, TreePage};

/// What blocks the deletion of an organization, and how much more that the caller does not see; nothing for whoever may not
/// delete it.
pub(super) async fn blockers(visit: &Visit, slug: &Name) -> Result<(Vec<BlockerView>, u64), Failure> {
    match api::deletion(visit.state(), visit.who(), At(slug.clone())).await {
        Ok(found) => {
            let found = found.into_value();
            Ok((found.blockers, found.blockers_unnamed))
        }
        Err(Failure::Domain(Error::Forbidden { .. })) => Ok((Vec::new(), 0)),
        Err(other) => Err(other),
    }
}

pub(super) async fn tree(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let (all, is_cut) = api::beneath(visit.state(), visit.who(), At(slug), PAGE_SIZE_MAX).await?;
    Ok(show(pages::tree(&visit.page, &TreePage { organization, all, is_cut })))
}

/// Everything above an organization that the caller sees, from the top.
pub(super) async fn above(
    visit: &Visit,
    organization: &OrganizationView,
) -> Result<Vec<OrganizationView>, Failure> {
    let mut above: Vec<OrganizationView> = Vec::new();
    let mut next = organization.parent.clone();
    while let Some(id) = next.filter(|_| above.len() < TREE_DEPTH_MAX) {
        let known = visit.page.switcher.iter().find(|one| one.id == id).cloned();
        let one = match (known, Name::try_from(id)) {
            (Some(known), _) => known,
            (None, Ok(name)) => organizations::view(visit.state(), visit.who(), At(name)).await?.into_value(),
            (None, Err(_)) => break,
        };
        above.push(one);
        next = above.last().and_then(|one| one.parent.clone());
    }
    above.reverse();
    Ok(above)
}

fn destination(to: &str) -> Move {
    Move { parent: (to != ROOT).then(|| to.to_owned()) }
}

fn page(visit: &Visit, organization: OrganizationView, to: String) -> MovePage {
    let takes = |one: &&OrganizationView| one.actions.iter().any(|action| action == "move_beneath");
    let places = visit.page.switcher.iter().filter(takes).cloned().collect();
    // The switcher has one page: what is not on it can be typed only.
    let is_cut = visit.page.switcher.len() >= usize::try_from(PAGE_SIZE_MAX).unwrap_or(usize::MAX);
    MovePage { organization, places, is_cut, to, preview: None, typed: String::new(), problem: None }
}

/// What would follow; a place that is not to be seen is a wrong choice and not a page that is missing.
async fn preview(visit: &Visit, slug: &Name, view: &MovePage) -> Result<MovePage, Failure> {
    let to = Body(destination(&view.to));
    match api::preview(visit.state(), visit.who(), At(slug.clone()), to).await {
        Ok(found) => Ok(MovePage { preview: Some(found.into_value()), ..view.clone() }),
        Err(Failure::Domain(Error::NotFound)) => {
            Err(Error::field("/parent", "there is no such organization for you").into())
        }
        Err(other) => Err(other),
    }
}

pub(super) async fn relocation(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "move", Permission::OrganizationsMove)?;
    let to = visit.query.text("to");
    let view = page(&visit, organization, to);
    if view.to.is_empty() {
        return Ok(show(pages::relocation(&visit.page, &view)));
    }
    match preview(&visit, &slug, &view).await {
        Ok(view) => Ok(show(pages::relocation(&visit.page, &view))),
        Err(failure) => visit.refused(failure, |page, problem| {
            pages::relocation(page, &MovePage { problem: Some(problem), ..view })
        }),
    }
}

pub(super) async fn relocation_post(
    mut visit: Visit,
    At(slug): At<Name>,
    form: Form,
) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "move", Permission::OrganizationsMove)?;
    let view = MovePage {
        typed: form.text("confirm").to_owned(),
        ..page(&visit, organization.clone(), form.text("to").to_owned())
    };
    let confirmed = if view.typed == organization.slug {
        Ok(())
    } else {
        let detail = format!("type the slug `{}` to confirm", organization.slug);
        wrong(vec![ProblemField { pointer: "/confirm".into(), detail }])
    };
    let moved = match confirmed {
        Ok(()) => {
            let (seen, to) = (IfMatch(revision(form.text("etag"))), Body(destination(&view.to)));
            api::relocate(visit.state(), visit.who(), At(slug.clone()), seen, to).await
        }
        Err(failure) => Err(failure),
    };
    match moved {
        // Whoever let it go may see it no more where it is now.
        Ok(moved) => match moved.into_value() {
            OrganizationView { role: None, .. } => Ok(go("/me/organizations", Some("moved"))),
            moved => Ok(go(&format!("/o/{}", moved.slug), Some("moved"))),
        },
        Err(failure) => {
            let view = preview(&visit, &slug, &view).await.unwrap_or(view);
            visit.refused(failure, |page, problem| {
                pages::relocation(page, &MovePage { problem: Some(problem), ..view })
            })
        }
    }
}
