//! The page of the hub's authority for agents.

use bastide_api::Problem;
use bastide_api::clusters::{RotateAuthority, RotationStep};

use super::visit::{Visit, go, show};
use crate::http::answer::Html;
use crate::http::authorities;
use crate::http::extract::{Body, Form};
use crate::http::problem::Failure;
use crate::pages::{self, AuthorityPage};

async fn page(visit: &Visit, problem: Option<Problem>) -> Result<AuthorityPage, Failure> {
    let state = authorities::view(visit.state(), visit.who()).await?.into_value();
    Ok(AuthorityPage { state, problem })
}

pub(super) async fn view(visit: Visit) -> Result<Html, Failure> {
    let view = page(&visit, None).await?;
    Ok(show(pages::authority(&visit.page, &view)))
}

pub(super) async fn post(visit: Visit, form: Form) -> Result<Html, Failure> {
    let step = if form.text("step") == "switch" { RotationStep::Switch } else { RotationStep::Prepare };
    let order = Body(RotateAuthority { step, force: form.text("force") == "yes" });
    match authorities::rotate(visit.state(), visit.who(), order).await {
        Ok(_) => {
            let done = if step == RotationStep::Switch { "switched" } else { "prepared" };
            Ok(go("/platform/authority", Some(done)))
        }
        Err(failure) => {
            let view = page(&visit, None).await?;
            visit.refused(failure, |page, problem| {
                pages::authority(page, &AuthorityPage { problem: Some(problem), ..view })
            })
        }
    }
}
