//! Samples of the wizard.

use bastide_api::Problem;
use maud::Markup;

use super::data;
use crate::pages::{AdministratorKind, Context, Draft, GatewayKind, Step, WizardPage, client_organization};

fn page(view: &WizardPage) -> Markup {
    let ctx = Context { current: Some(data::acting()), ..data::site("/o/acme/client-organizations/new") };
    client_organization(&ctx, view)
}

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let empty = |step| data::wizard(step, Draft::default());
    let full = |step| data::wizard(step, data::draft());
    vec![
        ("wizard-1-empty", page(&empty(Step::Basic))),
        ("wizard-1-errors", page(&basic_errors())),
        (
            "wizard-2-empty",
            page(&WizardPage { spokes: Vec::new(), hubs: Vec::new(), ..empty(Step::Cluster) }),
        ),
        ("wizard-2", page(&full(Step::Cluster))),
        ("wizard-2-blocked", page(&blocked(Step::Cluster))),
        ("wizard-3", page(&full(Step::Gateway))),
        ("wizard-3-empty", page(&WizardPage { gateways: Vec::new(), ..empty(Step::Gateway) })),
        ("wizard-review", page(&full(Step::Review))),
        ("wizard-review-blocked", page(&blocked(Step::Review))),
    ]
}

fn basic_errors() -> WizardPage {
    let mut draft = data::draft();
    draft.administrator_kind = AdministratorKind::Existing;
    draft.name = data::longest_name() + data::MARKUP;
    draft.annotations.push(("team".into(), "again".into()));
    let mut problem = data::invalid(&[
        ("/name", "a name has 1 to 255 characters and no control or invisible characters"),
        ("/administrator/user", "there is no account with that address"),
    ]);
    problem.errors.extend(draft.check(Step::Basic));
    let check = data::check(
        Step::Basic,
        &[(
            "administrator_active",
            "There is no account with that address; create it together with the organization.",
        )],
    );
    WizardPage { problem: Some(problem), check, ..data::wizard(Step::Basic, draft) }
}

fn blocked(step: Step) -> WizardPage {
    let draft = Draft {
        spoke: "eu-2".into(),
        name: data::MARKUP.into(),
        administrator_kind: AdministratorKind::Existing,
        gateway: GatewayKind::Shared,
        ..data::draft()
    };
    let failed = [
        ("spoke_licensed", "`eu-2` has no active licence (none): No licence has been uploaded."),
        ("slug_free", "The slug `grain` is taken; choose another."),
    ];
    let detail = "The slug `grain` is taken; choose another. `eu-2` has no active licence (none): No licence has been uploaded.";
    let problem = Problem {
        hint: Some("See the preconditions.".into()),
        ..data::problem(409, "preconditions_failed", "Preconditions are not met", detail)
    };
    WizardPage { check: data::check(step, &failed), problem: Some(problem), ..data::wizard(step, draft) }
}
