//! Signing in.

use bastide_api::Problem;
use maud::{Markup, html};

use crate::pages::components::button;
use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::context::Context;
use crate::pages::layout;

/// What the sign-in page shows.
#[derive(Debug, Clone, Default)]
pub struct SignInPage {
    /// What was typed as e-mail address.
    pub email: String,
    /// Where to go afterwards: a local path that the handler has checked (SEC-2).
    pub next: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /sign-in`: e-mail address and password.
pub fn sign_in(ctx: &Context, view: &SignInPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let card = html! {
        (errors.summary(&[("/email", "email"), ("/password", "password")]))
        form.form method="post" action="/sign-in" {
            (hidden("next", &view.next))
            (Field::new("email", "E-mail address", &view.email).email().autocomplete("username").autofocus().render(errors))
            (Field::new("password", "Password", "").password().autocomplete("current-password").render(errors))
            (button::submit("Sign in"))
        }
        p.hint { "No account yet, or the password lost? Ask an administrator of your organization." }
    };
    layout::entrance(ctx, "Sign in", errors.any(), &card)
}
