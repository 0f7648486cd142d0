//! Agreeing that a program gets a token: from a browser on the same machine, or with a code that a device shows.

use bastide_api::Problem;
use maud::{Markup, html};

use crate::pages::components::field::{Field, hidden};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, facts, text};
use crate::pages::context::Context;
use crate::pages::icons::Icon;
use crate::pages::layout;

/// What the page shows on which a person agrees to `bastide login`.
#[derive(Debug, Clone, Default)]
pub struct CliLoginPage {
    /// What the program calls itself, such as `bastide on laptop`; the token will have this name.
    pub name: String,
    /// Where the program waits for the answer: an address on loopback that the handler has checked.
    pub redirect_uri: String,
    /// Comes back to the program unchanged.
    pub state: String,
    /// SHA-256 of the program's verifier (RFC 7636).
    pub code_challenge: String,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /login/cli`: shows which program asks and whose token it will get.
pub fn cli_login(ctx: &Context, view: &CliLoginPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let card = html! {
        (errors.summary(&[]))
        p.lead { "A program on this machine asks for a token of yours." }
        (who(ctx, &view.name))
        p { "It will be able to do whatever you may. You can take it back at any time under “Tokens”." }
        form.actions method="post" action="/login/cli" {
            (hidden("name", &view.name))
            (hidden("redirect_uri", &view.redirect_uri))
            (hidden("state", &view.state))
            (hidden("code_challenge", &view.code_challenge))
            (decision())
        }
        p.hint { "Deny when you have not just typed " code { "bastide login" } " yourself." }
    };
    layout::entrance(ctx, "Let a program in?", errors.any(), &card)
}

/// How far the device page has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DeviceStage {
    /// The code is asked for.
    #[default]
    Enter,
    /// The code is known; the person has to agree.
    Confirm {
        /// What the program calls itself.
        name: String,
    },
    /// Agreed.
    Allowed,
    /// Refused.
    Denied,
}

/// What the device page shows.
#[derive(Debug, Clone, Default)]
pub struct DevicePage {
    /// What was typed, or came with the link.
    pub user_code: String,
    /// How far it has come.
    pub stage: DeviceStage,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /device`: the code that a device shows (RFC 8628), then whether to let it in.
pub fn device(ctx: &Context, view: &DevicePage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let (title, card) = match &view.stage {
        DeviceStage::Enter => ("Connect a device", enter_code(view, errors)),
        DeviceStage::Confirm { name } => ("Let a program in?", confirm_code(ctx, view, name)),
        DeviceStage::Allowed => (
            "The program is in",
            ended(Icon::Check, "You can close this page: the program goes on by itself."),
        ),
        DeviceStage::Denied => {
            ("The program stays out", ended(Icon::Cross, "It got no token. You can close this page."))
        }
    };
    layout::entrance(ctx, title, errors.any(), &card)
}

fn enter_code(view: &DevicePage, errors: Errors<'_>) -> Markup {
    html! {
        p.lead { "Type the code that the program shows." }
        (errors.summary(&[("/user_code", "user_code")]))
        form.form method="post" action="/device" {
            (Field::new("user_code", "Code", &view.user_code).autocomplete("one-time-code").longest(40).code().autofocus()
                .hint(html! { "Letters and digits, such as " code { "BDWP-HQPK" } "." }).render(errors))
            (button::submit("Continue"))
        }
    }
}

fn confirm_code(ctx: &Context, view: &DevicePage, name: &str) -> Markup {
    html! {
        p.lead { "A program on another device asks for a token of yours." }
        (who(ctx, name))
        p { "Allow only when the program shows this very code:" }
        p.user-code { code { (view.user_code) } }
        form.actions method="post" action="/device" {
            (hidden("user_code", &view.user_code))
            (decision())
        }
        p.hint { "Nobody who helps you will ever send you such a code." }
    }
}

fn ended(icon: Icon, sentence: &str) -> Markup {
    html! {
        p.ended { (icon.draw()) span { (sentence) } }
        p { a href="/me/tokens" { "Your tokens" } }
    }
}

fn decision() -> Markup {
    html! {
        button.button.primary type="submit" name="decision" value="allow" { "Allow" }
        button.button type="submit" name="decision" value="deny" { "Deny" }
    }
}

fn who(ctx: &Context, name: &str) -> Markup {
    facts::facts([
        ("Program", text::name(name)),
        (
            "Your account",
            html! { @if let Some(me) = &ctx.me { (text::name(&me.user.name)) br; span.muted { (me.user.email) } } },
        ),
    ])
}
