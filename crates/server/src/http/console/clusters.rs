//! Clusters: join, accept, license. Their gateway configurations are next door.

use bastide_api::clusters::{
    AcceptCluster, CleanCluster, ForgetCluster, HubView, NewJoinToken, UnregisterQuery, UploadLicence,
};
use bastide_api::problem::ProblemField;
use bastide_api::{PageQuery, Problem};
use bastide_model::{Error, JoinTokenId};

use super::visit::{Visit, fields, go, show};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, Name, Search};
use crate::http::problem::Failure;
use crate::http::{clusters, gateways, hubs, licences};
use crate::pages::{self, AcceptForm, ClusterPage, ClustersPage, GatewayForm, JoinPage, Listing, Refusal};

/// Whoever sees no hub sees no page about one (HIER-6).
async fn hub_of(visit: &Visit) -> Result<HubView, Failure> {
    let hubs =
        hubs::list(visit.state(), visit.who(), Search(PageQuery::default()), visit.uri.clone()).await?;
    hubs.into_value().items.into_iter().next().ok_or(Failure::NOT_FOUND)
}

fn name_of(hub: &HubView) -> Result<At<Name>, Failure> {
    Name::try_from(hub.slug.clone()).map(At).map_err(|_| Failure::NOT_FOUND)
}

async fn clusters_page(visit: &Visit, refusal: Option<Refusal>) -> Result<ClustersPage, Failure> {
    let hub = hub_of(visit).await?;
    let query = Search(visit.list_query());
    let mut listed =
        visit.listing(clusters::list(visit.state(), visit.who(), query, visit.uri.clone()).await)?;
    let mut requests = Vec::new();
    if let Ok(page) = &mut listed.outcome {
        let (asking, others) = std::mem::take(&mut page.items)
            .into_iter()
            .partition(|cluster| cluster.membership == "requested");
        (requests, page.items) = (asking, others);
    }
    let all = Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    let tokens =
        hubs::join_token_list(visit.state(), visit.who(), name_of(&hub)?, all, visit.uri.clone()).await;
    let (tokens, may_add) = match tokens {
        Ok(page) => (page.into_value().items, true),
        Err(Failure::Domain(Error::Forbidden { .. })) => (Vec::new(), false),
        Err(other) => return Err(other),
    };
    Ok(ClustersPage { hub, requests, clusters: listed, tokens, may_add, refusal })
}

pub(super) async fn list(visit: Visit) -> Result<Html, Failure> {
    let view = clusters_page(&visit, None).await?;
    Ok(show(pages::clusters(&visit.page, &view)))
}

pub(super) async fn accept(visit: Visit, At(name): At<Name>, form: Form) -> Result<Html, Failure> {
    let AcceptForm { fingerprint } = AcceptForm::parse(&fields(&form));
    let input = Body(AcceptCluster { fingerprint: fingerprint.clone() });
    match clusters::accept(visit.state(), visit.who(), At(name.clone()), input).await {
        Ok(_) => Ok(go(&format!("/platform/clusters/{}", name.as_str()), Some("accepted"))),
        Err(failure) => {
            let mut problem = failure.document(visit.context.id);
            if problem.code == "fingerprint_mismatch" {
                // For a program it is a conflict with the cluster; for a person, something to look at in a field.
                let (pointer, detail) = ("/fingerprint".to_owned(), problem.detail.clone());
                problem.errors.push(ProblemField { pointer, detail });
            }
            let refusal = Refusal { cluster: name.as_str().to_owned(), typed: fingerprint, problem };
            match &failure {
                Failure::Domain(Error::Conflict { .. } | Error::Invalid { .. }) => {
                    let view = clusters_page(&visit, Some(refusal)).await?;
                    visit.refused(failure, |page, _| pages::clusters(page, &view))
                }
                _ => Err(failure),
            }
        }
    }
}

pub(super) async fn deny(visit: Visit, At(name): At<Name>) -> Result<Html, Failure> {
    clusters::deny(visit.state(), visit.who(), At(name)).await?;
    Ok(go("/platform/clusters", Some("denied")))
}

pub(super) async fn token_withdraw(visit: Visit, At(token): At<JoinTokenId>) -> Result<Html, Failure> {
    hubs::join_token_delete(visit.state(), visit.who(), At(token)).await?;
    Ok(go("/platform/clusters", Some("withdrawn")))
}

pub(super) async fn join(visit: Visit) -> Result<Html, Failure> {
    let hub = hub_of(&visit).await?;
    let view =
        JoinPage { hub, cluster_name: String::new(), minutes: String::new(), issued: None, problem: None };
    Ok(show(pages::join(&visit.page, &view)))
}

pub(super) async fn join_post(visit: Visit, form: Form) -> Result<Html, Failure> {
    let hub = hub_of(&visit).await?;
    let (cluster_name, minutes) = (form.text("cluster_name").to_owned(), form.text("minutes").to_owned());
    let input = NewJoinToken {
        cluster_name: cluster_name.clone(),
        // What is no number is no life that a token may have, and is refused with the name of the field.
        minutes: (!minutes.is_empty()).then(|| minutes.parse().unwrap_or(0)),
    };
    let made = hubs::join_token_create(visit.state(), visit.who(), name_of(&hub)?, Body(input)).await;
    let view = |issued, problem| JoinPage { hub, cluster_name, minutes, issued, problem };
    match made {
        Ok(made) => Ok(show(pages::join(&visit.page, &view(Some(made.into_value()), None)))),
        Err(failure) => visit.refused(failure, |page, problem| pages::join(page, &view(None, Some(problem)))),
    }
}

pub(super) async fn cluster_page(
    visit: &Visit,
    name: &Name,
    problem: Option<Problem>,
) -> Result<ClusterPage, Failure> {
    let cluster = clusters::view(visit.state(), visit.who(), At(name.clone())).await?.into_value();
    let hub = match hub_of(visit).await {
        Ok(hub) => Some(hub),
        Err(Failure::NOT_FOUND) => None,
        Err(other) => return Err(other),
    };
    let all = Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    let listed = gateways::list(visit.state(), visit.who(), At(name.clone()), all, visit.uri.clone()).await;
    let gateways: Listing<_> = visit.listing(listed)?;
    let may_change_gateways = visit.page.is_site_administrator();
    let (gateway_form, licence_pem, typed) = (GatewayForm::default(), String::new(), String::new());
    let placed = String::new();
    Ok(ClusterPage {
        cluster,
        hub,
        gateways,
        may_change_gateways,
        gateway_form,
        licence_pem,
        typed,
        placed,
        problem,
    })
}

pub(super) async fn view(visit: Visit, At(name): At<Name>) -> Result<Html, Failure> {
    let view = cluster_page(&visit, &name, None).await?;
    Ok(show(pages::cluster(&visit.page, &view)))
}

pub(super) fn address(name: &Name) -> String {
    format!("/platform/clusters/{}", name.as_str())
}

/// The cluster's page with the form that was refused.
pub(super) async fn again(
    visit: &Visit,
    name: &Name,
    failure: Failure,
    typed: impl FnOnce(&mut ClusterPage),
) -> Result<Html, Failure> {
    let mut view = cluster_page(visit, name, None).await?;
    typed(&mut view);
    visit.refused(failure, |page, problem| {
        pages::cluster(page, &ClusterPage { problem: Some(problem), ..view })
    })
}

pub(super) async fn licence(visit: Visit, At(name): At<Name>, form: Form) -> Result<Html, Failure> {
    let pem = form.text("pem").to_owned();
    let input = Body(UploadLicence { pem: pem.clone(), force: form.text("force") == "yes" });
    match licences::update(visit.state(), visit.who(), At(name.clone()), input).await {
        Ok(stored) => {
            let holds = stored.into_value().permits_placement();
            Ok(go(&address(&name), Some(if holds { "licensed" } else { "licence-fails" })))
        }
        Err(failure) => again(&visit, &name, failure, |view| view.licence_pem = pem).await,
    }
}

pub(super) async fn withdraw(visit: Visit, At(name): At<Name>) -> Result<Html, Failure> {
    clusters::withdraw(visit.state(), visit.who(), At(name.clone())).await?;
    Ok(go(&address(&name), Some("withdrawn")))
}

pub(super) async fn delete(visit: Visit, At(name): At<Name>, form: Form) -> Result<Html, Failure> {
    let typed = form.text("confirm").to_owned();
    let cluster = clusters::view(visit.state(), visit.who(), At(name.clone())).await?.into_value();
    let placed = form.text("placed").to_owned();
    let query = UnregisterQuery { leave: (placed == "leave").then(|| typed.clone()) };
    let done = if typed != cluster.name {
        Err(Failure::field("/confirm", format!("type the name `{}` to confirm", cluster.name)))
    } else if placed == "clean" {
        let order = Body(CleanCluster { confirm: typed.clone() });
        clusters::clean(visit.state(), visit.who(), At(name.clone()), order).await.map(|_| "cleaning")
    } else {
        let asked = clusters::delete(visit.state(), visit.who(), At(name.clone()), Search(query)).await;
        asked.map(|_| "unregistered")
    };
    match done {
        Ok("cleaning") => Ok(go(&address(&name), Some("cleaning"))),
        Ok(done) => Ok(go("/platform/clusters", Some(done))),
        Err(failure) => {
            again(&visit, &name, failure, |view| (view.typed, view.placed) = (typed, placed)).await
        }
    }
}

pub(super) async fn forget(visit: Visit, At(name): At<Name>, form: Form) -> Result<Html, Failure> {
    let order = Body(ForgetCluster { confirm: form.text("forget_confirm").to_owned() });
    match clusters::forget(visit.state(), visit.who(), At(name.clone()), order).await {
        Ok(_) => Ok(go("/platform/clusters", Some("forgotten"))),
        Err(failure) => again(&visit, &name, failure, |_| ()).await,
    }
}

pub(super) async fn follow(visit: Visit, At(name): At<Name>) -> Result<Html, Failure> {
    match clusters::follow(visit.state(), visit.who(), At(name.clone())).await {
        Ok(_) => Ok(go(&address(&name), Some("followed"))),
        Err(failure) => again(&visit, &name, failure, |_| ()).await,
    }
}
