//! The page behind the one-time link of the first start.

use bastide_api::Problem;
use bastide_model::limits::{NAME_CHARS_MAX, PASSWORD_CHARS_MIN};
use maud::{Markup, html};

use crate::pages::components::button;
use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::context::Context;
use crate::pages::layout;

/// What the set-up page shows.
#[derive(Debug, Clone, Default)]
pub struct SetupPage {
    /// The secret of the link.
    pub token: String,
    /// What was typed as e-mail address.
    pub email: String,
    /// What was typed as name.
    pub name: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /setup?token=…`: makes the first site administrator.
pub fn setup(ctx: &Context, view: &SetupPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let card = html! {
        p.lead { "This link works once. The account that you make with it administers the whole installation." }
        (errors.summary(&[("/name", "name"), ("/email", "email"), ("/password", "password")]))
        form.form method="post" action="/setup" {
            (hidden("token", &view.token))
            (Field::new("name", "Your name", &view.name).autocomplete("name").longest(NAME_CHARS_MAX).autofocus().render(errors))
            (Field::new("email", "E-mail address", &view.email).email().autocomplete("username").render(errors))
            (Field::new("password", "Password", "").password().autocomplete("new-password")
                .hint(html! { "At least " (PASSWORD_CHARS_MIN) " characters. A few words are easy to keep in mind." })
                .render(errors))
            (button::submit("Create the administrator"))
        }
    };
    layout::entrance(ctx, "Set up this installation", errors.any(), &card)
}
