//! The wizard for client organizations (FLEET-4): what was typed travels from step to step in the form; every step checks
//! the preconditions that it can; nothing is created before the review.

use bastide_api::client_organizations::{CheckResult, ClientOrganizationDraft};
use bastide_api::clusters::ClusterView;
use bastide_api::gateways::GatewayConfigurationView;
use bastide_api::organizations::OrganizationView;
use bastide_api::problem::ProblemField;
use bastide_api::{PageQuery, Problem};
use bastide_model::Error;
use bastide_model::error::FieldError;

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

/// The preconditions as they stand. What cannot be read yet counts as not chosen: the step's own check says what is
/// wrong with it.
async fn check(visit: &Visit, mut draft: ClientOrganizationDraft) -> Result<CheckResult, Failure> {
    if let Err(Error::Invalid { fields }) = client_organizations::read_draft(draft.clone()) {
        for field in &fields {
            forget(&mut draft, &field.pointer);
        }
    }
    Ok(client_organizations::check(visit.state(), visit.who(), Body(draft)).await?.into_value())
}

/// Takes out of a draft what is at a JSON Pointer, or around it.
fn forget(draft: &mut ClientOrganizationDraft, pointer: &str) {
    match pointer.split('/').nth(1).unwrap_or_default() {
        "slug" => draft.slug = None,
        "administrator" => draft.administrator = None,
        "new_administrator" => draft.new_administrator = None,
        "hub" => draft.hub = None,
        "spoke" => draft.spoke = None,
        "node_pool" => draft.node_pool = None,
        "gateway" => draft.gateway = None,
        _ => {}
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
        let failed = Failure::Domain(Error::conflict(
            "preconditions_failed",
            "Something has to be settled before the next step; it is marked beside the form.",
        ));
        return visit.refused(failed, |page, problem| {
            pages::client_organization(page, &WizardPage { problem: Some(problem), ..view })
        });
    }
    Ok(super::visit::show(pages::client_organization(&visit.page, &view)))
}

/// What can be said of the form without looking anything up, all of it together: what the steps ask for, and what the
/// request would be refused for.
fn checked(acting_from: &OrganizationView, post: &WizardPost) -> Result<(), Failure> {
    let mut found = post.draft.check(post.step);
    match client_organizations::read_draft(post.draft.to_check(&acting_from.slug)) {
        Ok(_) => {}
        Err(Error::Invalid { fields }) => {
            let more: Vec<_> = fields.into_iter().map(of_request).collect();
            let said = |one: &ProblemField| found.iter().any(|other| other.pointer == one.pointer);
            let more: Vec<_> = more.into_iter().filter(|one| !said(one)).collect();
            found.extend(more);
        }
        Err(other) => return Err(other.into()),
    }
    wrong(found)
}

/// A field of the draft under the name that it has in the request, by which the form knows it.
fn of_request(field: FieldError) -> ProblemField {
    let pointer = match field.pointer.as_str() {
        "/new_administrator" => "/administrator/account/email".to_owned(),
        "/administrator" => "/administrator/user".to_owned(),
        _ => field.pointer,
    };
    ProblemField { pointer, detail: field.message }
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
