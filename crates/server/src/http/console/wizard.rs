//! The wizard for client organizations (FLEET-4): what was typed travels from step to step in the form; every step checks
//! the preconditions that it can; nothing is created before the review.

use bastide_api::client_organizations::{CheckResult, ClientOrganizationDraft};
use bastide_api::clusters::{ClusterView, GatewayConfigurationView};
use bastide_api::organizations::OrganizationView;
use bastide_api::{PageQuery, Problem};

use super::visit::{Visit, fields, go, wrong};
use crate::http::answer::Html;
use crate::http::extract::{At, Body, Form, Name, Search};
use crate::http::problem::Failure;
use crate::http::{client_organizations, clusters, gateways, hubs, plans, users};
use crate::pages::{self, Draft, Step, WizardAction, WizardPage, WizardPost};

pub(super) async fn show_step(
    visit: &Visit,
    acting_from: OrganizationView,
    step: Step,
    draft: Draft,
    problem: Option<Problem>,
) -> Result<WizardPage, Failure> {
    let all = || Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    let here = || visit.uri.clone();
    let hubs = hubs::list(visit.state(), visit.who(), all(), here()).await?.into_value().items;
    let spokes: Vec<ClusterView> =
        clusters::list(visit.state(), visit.who(), all(), here()).await?.into_value().items;
    let gateways = gateways_of(visit, &draft.spoke).await?;
    let plans = plans::list(visit.state(), visit.who(), all(), here()).await?.into_value().items;
    let users = users::list(visit.state(), visit.who(), all(), here()).await?.into_value().items;
    let check = check(visit, draft.to_check(&acting_from.slug)).await?;
    Ok(WizardPage { acting_from, step, draft, hubs, spokes, gateways, plans, users, check, problem })
}

async fn gateways_of(visit: &Visit, spoke: &str) -> Result<Vec<GatewayConfigurationView>, Failure> {
    let Ok(name) = Name::try_from(spoke.to_owned()) else { return Ok(Vec::new()) };
    let all = Search(PageQuery { page_size: Some(200), ..PageQuery::default() });
    match gateways::list(visit.state(), visit.who(), At(name), all, visit.uri.clone()).await {
        Ok(page) => Ok(page.into_value().items),
        // A spoke that is not there any more is said by the preconditions, by name.
        Err(Failure::NOT_FOUND) => Ok(Vec::new()),
        Err(other) => Err(other),
    }
}

/// The preconditions as they stand. What cannot be read as a draft yet is said by the step's own check.
async fn check(visit: &Visit, draft: ClientOrganizationDraft) -> Result<CheckResult, Failure> {
    match client_organizations::check(visit.state(), visit.who(), Body(draft.clone())).await {
        Ok(answer) => Ok(answer.into_value()),
        Err(Failure::Domain(bastide_model::Error::Invalid { .. })) => {
            let plain = ClientOrganizationDraft {
                acting_from: draft.acting_from,
                ..ClientOrganizationDraft::default()
            };
            Ok(client_organizations::check(visit.state(), visit.who(), Body(plain)).await?.into_value())
        }
        Err(other) => Err(other),
    }
}

/// Only the preconditions of the steps that were done keep from going on.
fn blocked(check: &CheckResult, done: Step) -> bool {
    let up_to = match done {
        Step::Basic => 1,
        Step::Cluster => 2,
        Step::Gateway | Step::Review => 3,
    };
    check.preconditions.iter().any(|one| one.step <= up_to && one.outcome == "failed")
}

pub(super) async fn show(mut visit: Visit, At(slug): At<Name>) -> Result<Html, Failure> {
    let acting_from = visit.enter(&slug).await?;
    let step = Step::from_word(&visit.query.text("step"));
    // A step that is opened by its address begins with nothing typed, and so at the first.
    let step = if step > Step::Basic { Step::Basic } else { step };
    let view = show_step(&visit, acting_from, step, Draft::default(), None).await?;
    Ok(super::visit::show(pages::client_organization(&visit.page, &view)))
}

pub(super) async fn post(mut visit: Visit, At(slug): At<Name>, form: Form) -> Result<Html, Failure> {
    let acting_from = visit.enter(&slug).await?;
    let post = WizardPost::parse(&fields(&form));
    let outcome = match post.action {
        WizardAction::Back | WizardAction::Go(_) => Ok(()),
        WizardAction::Next | WizardAction::Create => checked(&acting_from, &post),
    };
    if let Err(failure) = outcome {
        return again(&visit, acting_from, post, failure).await;
    }
    if post.action == WizardAction::Create {
        let request = post.draft.to_request(&acting_from.slug, &post.password);
        return match client_organizations::create(visit.state(), visit.who(), Body(request)).await {
            Ok(made) => Ok(go(&format!("/o/{}", made.into_value().slug), Some("client-created"))),
            Err(failure) => again(&visit, acting_from, post, failure).await,
        };
    }
    let mut view = show_step(&visit, acting_from, post.target(), post.draft, None).await?;
    if post.action == WizardAction::Next && blocked(&view.check, post.step) {
        view.step = post.step;
        let failed = Failure::Domain(bastide_model::Error::conflict(
            "preconditions_failed",
            "Something has to be settled before the next step; it is marked beside the form.",
        ));
        return visit.refused(failed, |page, problem| {
            pages::client_organization(page, &WizardPage { problem: Some(problem), ..view })
        });
    }
    Ok(super::visit::show(pages::client_organization(&visit.page, &view)))
}

/// What can be said of the form without looking anything up: all of it is read as the request would be.
fn checked(acting_from: &OrganizationView, post: &WizardPost) -> Result<(), Failure> {
    wrong(post.draft.check(post.step))?;
    let draft = post.draft.to_check(&acting_from.slug);
    client_organizations::read_draft(draft).map_err(Failure::from)?;
    Ok(())
}

/// The step that a failure is about, with what was typed and what is wrong.
async fn again(
    visit: &Visit,
    acting_from: OrganizationView,
    post: WizardPost,
    failure: Failure,
) -> Result<Html, Failure> {
    let problem = failure.document(visit.context.id);
    let step = problem.errors.iter().map(|error| Step::of_pointer(&error.pointer)).min().unwrap_or(post.step);
    let view = show_step(visit, acting_from, step, post.draft, None).await?;
    visit.refused(failure, |page, problem| {
        pages::client_organization(page, &WizardPage { problem: Some(problem), ..view })
    })
}
