//! Samples of the pages before sign-in, and of errors.

use bastide_api::Problem;
use maud::Markup;

use super::data;
use crate::pages::{
    CliLoginPage, Context, DevicePage, DeviceStage, Flash, SetupPage, SignInPage, cli_login, device, error,
    setup, sign_in,
};

fn nobody(path: &str) -> Context {
    Context { me: None, switcher: Vec::new(), ..data::at(path) }
}

pub(super) fn samples() -> Vec<(&'static str, Markup)> {
    let mut samples = before();
    samples.extend(programs());
    samples.extend(errors());
    samples
}

fn before() -> Vec<(&'static str, Markup)> {
    let refused =
        data::problem(401, "unauthenticated", "Not signed in", "The address or the password is not right.");
    let wrong = data::invalid(&[
        ("/email", "`ada` is not an e-mail address"),
        ("/password", "a password has at least 12 characters"),
    ]);
    let flashed = Context {
        flash: Some(Flash { went_well: true, text: "You are signed out.".into() }),
        ..nobody("/sign-in")
    };
    vec![
        ("setup", setup(&nobody("/setup"), &SetupPage { token: "s3cr3t".into(), ..SetupPage::default() })),
        (
            "setup-errors",
            setup(
                &nobody("/setup"),
                &SetupPage {
                    email: "ada".into(),
                    name: data::MARKUP.into(),
                    problem: Some(wrong),
                    ..SetupPage::default()
                },
            ),
        ),
        ("sign-in", sign_in(&flashed, &SignInPage { next: "/o/acme".into(), ..SignInPage::default() })),
        (
            "sign-in-refused",
            sign_in(
                &nobody("/sign-in"),
                &SignInPage {
                    email: "ada@example.org".into(),
                    problem: Some(refused),
                    ..SignInPage::default()
                },
            ),
        ),
    ]
}

fn programs() -> Vec<(&'static str, Markup)> {
    let login = CliLoginPage {
        name: "bastide on workbench".into(),
        redirect_uri: "http://127.0.0.1:49152/done".into(),
        state: "xyz".into(),
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM".into(),
        problem: None,
    };
    let stage = |stage: DeviceStage| DevicePage { user_code: "BDWP-HQPK".into(), stage, problem: None };
    let unknown =
        data::invalid(&[("/user_code", "there is no such code, or it has ended; start again at the device")]);
    let page = |view: &DevicePage| device(&data::at("/device"), view);
    vec![
        ("login-cli", cli_login(&data::at("/login/cli"), &login)),
        ("device", page(&DevicePage::default())),
        ("device-errors", page(&DevicePage { problem: Some(unknown), ..stage(DeviceStage::Enter) })),
        ("device-confirm", page(&stage(DeviceStage::Confirm { name: data::MARKUP.into() }))),
        ("device-allowed", page(&stage(DeviceStage::Allowed))),
        ("device-denied", page(&stage(DeviceStage::Denied))),
    ]
}

fn errors() -> Vec<(&'static str, Markup)> {
    let page = |problem: &Problem| error(&data::at("/o/acme"), problem);
    let conflict = data::problem(
        409,
        "has_children",
        "Conflict",
        "acme has sub-organizations: rail, cairo. Delete or move them first.",
    );
    let attempts = data::problem(
        429,
        "too_many_attempts",
        "Too many attempts",
        "too many attempts; try again after 2026-11-22T04:20:00Z",
    );
    let hinted = Problem {
        hint: Some("Read it again, then change it.".into()),
        ..data::problem(412, "stale", "Stale", "the object was changed in between; read it again")
    };
    vec![
        ("error-403", page(&data::forbidden("organizations.update"))),
        ("error-403-limit", page(&data::limit())),
        ("error-404", page(&data::problem(404, "not_found", "Not found", "not found"))),
        (
            "error-404-nobody",
            error(&nobody("/o/acme"), &data::problem(404, "not_found", "Not found", "not found")),
        ),
        ("error-409", page(&conflict)),
        ("error-412", page(&hinted)),
        ("error-422", page(&data::invalid(&[("page_size", "1 to 200 items are on a page")]))),
        ("error-429", page(&attempts)),
        ("error-500", page(&data::problem(500, "internal", "Internal error", "must not be shown"))),
    ]
}
