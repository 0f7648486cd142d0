//! Pages of one organization.

use bastide_api::PageQuery;
use bastide_api::organizations::{ConfirmQuery, HostNames, OrganizationView, PlacementView};
use bastide_api::registry::PlanView;
use bastide_api::tree::BlockerView;
use bastide_model::Error;

use super::tree;
use super::visit::{Visit, fields, go, show, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, IfMatch, Name, Search};
use crate::http::problem::Failure;
use crate::http::tree as http_tree;
use crate::http::{members, organizations, plans};
use crate::pages::{self, AuditPage, DeletePage, OrganizationForm, OverviewPage, SettingsPage, Usage};

/// Changes that the overview shows of the log.
const LATEST: u32 = 5;

pub(super) async fn overview(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let above = tree::above(&visit, &organization).await?;
    let here = visit.uri.clone();
    let summary = members::summary(visit.state(), visit.who(), At(slug.clone())).await;
    let (owner, people) = if_seen(summary)?.map_or((None, None), |(owner, people)| (owner, Some(people)));
    let beneath = http_tree::children_count(visit.state(), visit.who(), At(slug.clone())).await;
    let beneath = if_seen(beneath)?;
    let plan = plan_of(&visit, &organization).await?;
    let usage = plan.as_ref().map(|plan| usage(plan, people, beneath)).unwrap_or_default();
    let placements = placements(&visit, &slug).await?;
    let few = Search(PageQuery { page_size: Some(LATEST), ..PageQuery::default() });
    let asked = Search(visit.list_query());
    let children =
        http_tree::children(visit.state(), visit.who(), At(slug.clone()), asked, here.clone()).await;
    let children = visit.listing(children)?;
    let latest = organizations::audit_list(visit.state(), visit.who(), At(slug), few, here).await;
    let latest = visit.listing(latest)?;
    let view = OverviewPage { organization, above, plan, owner, usage, placements, children, latest };
    Ok(show(pages::overview(&visit.page, &view)))
}

/// What the caller may see; nothing where a permission is missing.
fn if_seen<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(Failure::Domain(Error::Forbidden { .. })) => Ok(None),
        Err(other) => Err(other),
    }
}

async fn plan_of(visit: &Visit, organization: &OrganizationView) -> Result<Option<PlanView>, Failure> {
    let all = Search(PageQuery::default());
    let plans = plans::list(visit.state(), visit.who(), all, visit.uri.clone()).await?.into_value();
    Ok(plans.items.into_iter().find(|plan| plan.slug == organization.plan))
}

fn usage(plan: &PlanView, members: Option<u64>, beneath: Option<u64>) -> Vec<Usage> {
    let one = |name: &str, used, allowed| Usage { name: name.to_owned(), used, allowed };
    vec![one("Members", members, plan.members), one("Sub-organizations", beneath, plan.sub_organizations)]
}

pub(super) async fn placements(visit: &Visit, slug: &Name) -> Result<Vec<PlacementView>, Failure> {
    let all = Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    let placed =
        organizations::placements(visit.state(), visit.who(), At(slug.clone()), all, visit.uri.clone())
            .await?;
    Ok(placed.into_value().items)
}

pub(super) async fn audit(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let query = Search(visit.list_query());
    let listed =
        organizations::audit_list(visit.state(), visit.who(), At(slug), query, visit.uri.clone()).await;
    let records = visit.listing(listed)?;
    Ok(show(pages::audit(&visit.page, &AuditPage { organization: Some(organization), records })))
}

async fn settings_page(
    visit: &Visit,
    organization: OrganizationView,
    form: OrganizationForm,
) -> Result<SettingsPage, Failure> {
    let clusters = clusters_of(visit, &organization).await?;
    let host_names = organization.host_names.join(" ");
    let (blockers, blockers_unnamed) = blockers_of(visit, &organization).await?;
    Ok(SettingsPage { organization, form, host_names, blockers, blockers_unnamed, clusters, problem: None })
}

async fn blockers_of(
    visit: &Visit,
    organization: &OrganizationView,
) -> Result<(Vec<BlockerView>, u64), Failure> {
    let Ok(name) = Name::try_from(organization.slug.clone()) else { return Ok((Vec::new(), 0)) };
    tree::blockers(visit, &name).await
}

async fn clusters_of(visit: &Visit, organization: &OrganizationView) -> Result<Vec<String>, Failure> {
    let Ok(name) = Name::try_from(organization.slug.clone()) else { return Ok(Vec::new()) };
    Ok(placements(visit, &name).await?.into_iter().map(|placement| placement.cluster_name).collect())
}

/// Whoever may not change it is told so, with the name of the permission, instead of being shown a form that fails.
pub(super) fn require(
    organization: &OrganizationView,
    action: &str,
    permission: bastide_model::Permission,
) -> Result<(), Failure> {
    let offered = organization.actions.iter().any(|one| one == action);
    let active = organization.state == "active";
    if offered || !active { Ok(()) } else { Err(bastide_model::Error::Forbidden { permission }.into()) }
}

pub(super) async fn settings(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "update", bastide_model::Permission::OrganizationsUpdate)?;
    let form = OrganizationForm::of(&organization);
    let view = settings_page(&visit, organization, form).await?;
    Ok(show(pages::settings(&visit.page, &view)))
}

pub(super) async fn settings_post(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let typed = fields(&form);
    let form = OrganizationForm::parse(&typed);
    let done = match wrong(form.check()) {
        Ok(()) => {
            let seen = IfMatch(revision(&typed.text("etag")));
            organizations::update(visit.state(), visit.who(), At(slug.clone()), seen, Body(form.to_change()))
                .await
        }
        Err(failure) => Err(failure),
    };
    match done {
        Ok(_) => Ok(go(&format!("/o/{}/settings", organization.slug), Some("saved"))),
        Err(failure) => {
            let view = settings_page(&visit, organization, form).await?;
            visit.refused(failure, |page, problem| {
                pages::settings(page, &SettingsPage { problem: Some(problem), ..view })
            })
        }
    }
}

pub(super) async fn host_names(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let typed = fields(&form).text("host_names");
    let owned = HostNames { host_names: typed.split_whitespace().map(str::to_owned).collect() };
    let seen = IfMatch(revision(form.text("etag")));
    match organizations::host_names(visit.state(), visit.who(), At(slug.clone()), seen, Body(owned)).await {
        Ok(_) => Ok(go(&format!("/o/{}/settings", organization.slug), Some("saved"))),
        Err(failure) => {
            let form = OrganizationForm::of(&organization);
            let view = settings_page(&visit, organization, form).await?;
            visit.refused(failure, |page, problem| {
                pages::settings(page, &SettingsPage { problem: Some(problem), host_names: typed, ..view })
            })
        }
    }
}

/// The revision in an entity tag; anything else is a revision that no object has.
pub(super) fn revision(etag: &str) -> i64 {
    etag.trim_matches('"').parse().unwrap_or(-1)
}

async fn delete_page(
    visit: &Visit,
    organization: OrganizationView,
    typed: String,
) -> Result<DeletePage, Failure> {
    let clusters = clusters_of(visit, &organization).await?;
    let (blockers, blockers_unnamed) = blockers_of(visit, &organization).await?;
    Ok(DeletePage { organization, typed, blockers, blockers_unnamed, clusters, problem: None })
}

pub(super) async fn delete(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "delete", bastide_model::Permission::OrganizationsDelete)?;
    let view = delete_page(&visit, organization, String::new()).await?;
    Ok(show(pages::delete_organization(&visit.page, &view)))
}

pub(super) async fn delete_post(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let typed = form.text("confirm").to_owned();
    let seen = IfMatch(revision(&organization.etag));
    let confirm = Search(ConfirmQuery { confirm: typed.clone() });
    match organizations::delete(visit.state(), visit.who(), At(slug), confirm, seen).await {
        Ok(_) => Ok(go(&format!("/o/{}", organization.slug), Some("deleting"))),
        Err(failure) => {
            let view = delete_page(&visit, organization, typed).await?;
            visit.refused(failure, |page, problem| {
                pages::delete_organization(page, &DeletePage { problem: Some(problem), ..view })
            })
        }
    }
}
