//! Pages on which an organization is placed on another cluster, or taken off one.

use bastide_api::PageQuery;
use bastide_api::clusters::ClusterView;
use bastide_api::organizations::{LeaveQuery, OrganizationView};
use bastide_model::Permission;

use super::organizations::{placements, require};
use super::visit::{Visit, fields, go, show};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, Name, Search};
use crate::http::problem::Failure;
use crate::http::{clusters, gateways, placements as api};
use crate::pages::{self, Draft, LeavePage, PlacePage};

async fn place_page(
    visit: &Visit,
    organization: OrganizationView,
    draft: Draft,
) -> Result<PlacePage, Failure> {
    let slug = Name::try_from(organization.slug.clone()).map_err(|_| Failure::NOT_FOUND)?;
    let there = placements(visit, &slug).await?;
    let all = || Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    let listed = clusters::list(visit.state(), visit.who(), all(), visit.uri.clone()).await?.into_value();
    let elsewhere = |spoke: &ClusterView| there.iter().all(|placement| placement.cluster != spoke.id);
    let spokes: Vec<ClusterView> = listed.items.into_iter().filter(elsewhere).collect();
    let mut own = Vec::new();
    for spoke in spokes.iter().filter(|spoke| spoke.membership == "joined") {
        let Ok(name) = Name::try_from(spoke.id.clone()) else { continue };
        let found = gateways::list(visit.state(), visit.who(), At(name), all(), visit.uri.clone()).await?;
        own.extend(found.into_value().items.into_iter().map(|one| (spoke.name.clone(), one)));
    }
    Ok(PlacePage { organization, draft, spokes, gateways: own, problem: None })
}

pub(super) async fn place(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "create_placement", Permission::PlacementsCreate)?;
    let view = place_page(&visit, organization, Draft::default()).await?;
    Ok(show(pages::place(&visit.page, &view)))
}

pub(super) async fn place_post(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let draft = Draft::parse(&fields(&form));
    let order = Body(pages::to_placement(&draft));
    match api::create(visit.state(), visit.who(), At(slug), order).await {
        Ok(_) => Ok(go(&format!("/o/{}", organization.slug), Some("placed"))),
        Err(failure) => {
            require(&organization, "create_placement", Permission::PlacementsCreate)?;
            let view = place_page(&visit, organization, draft).await?;
            visit.refused(failure, |page, problem| {
                pages::place(page, &PlacePage { problem: Some(problem), ..view })
            })
        }
    }
}

async fn leave_page(
    visit: &Visit,
    organization: OrganizationView,
    cluster: &Name,
    (release, typed): (bool, String),
) -> Result<LeavePage, Failure> {
    let slug = Name::try_from(organization.slug.clone()).map_err(|_| Failure::NOT_FOUND)?;
    let there = placements(visit, &slug).await?.into_iter();
    let named = |one: &bastide_api::organizations::PlacementView| {
        one.cluster_name == cluster.as_str() || one.cluster == cluster.as_str()
    };
    let placement = there.into_iter().find(named).ok_or(Failure::NOT_FOUND)?;
    Ok(LeavePage { organization, placement, release, typed, problem: None })
}

pub(super) async fn leave(mut visit: Visit, At((slug, cluster)): At<(Name, Name)>) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    require(&organization, "delete_placement", Permission::PlacementsDelete)?;
    let view = leave_page(&visit, organization, &cluster, (false, String::new())).await?;
    Ok(show(pages::leave(&visit.page, &view)))
}

pub(super) async fn leave_post(
    mut visit: Visit,
    At((slug, cluster)): At<(Name, Name)>,
    form: Form,
) -> Result<Html, Failure> {
    let organization = visit.enter(&slug).await?;
    let (release, typed) = (form.text("release") == "yes", form.text("confirm").to_owned());
    let query = Search(LeaveQuery { confirm: typed.clone(), release });
    match api::delete(visit.state(), visit.who(), At((slug, cluster.clone())), query).await {
        Ok(_) => Ok(go(&format!("/o/{}", organization.slug), Some("leaving"))),
        Err(failure) => {
            require(&organization, "delete_placement", Permission::PlacementsDelete)?;
            let view = leave_page(&visit, organization, &cluster, (release, typed)).await?;
            visit.refused(failure, |page, problem| {
                pages::leave(page, &LeavePage { problem: Some(problem), ..view })
            })
        }
    }
}
