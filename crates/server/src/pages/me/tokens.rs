//! One's personal tokens (SEC-3).

use bastide_api::Problem;
use bastide_api::identity::{IssuedToken, NewToken, TokenView};
use bastide_api::problem::ProblemField;
use bastide_api::registry::PermissionView;
use bastide_model::limits::{NAME_CHARS_MAX, TOKEN_SECONDS_DEFAULT, TOKEN_SECONDS_MAX};
use maud::{Markup, html};

use crate::pages::components::confirm::{Confirm, confirm};
use crate::pages::components::field::{Choice, Field, Radios, permission_tick};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::status::{Tone, callout};
use crate::pages::components::{button, code, state, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::forms::Fields;
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Frame};

const DAY: i64 = 24 * 60 * 60;

/// What was typed about a new token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenForm {
    /// Its name.
    pub name: String,
    /// Days that it works; empty for the default.
    pub days: String,
    /// Whether it can do only some of what its owner may.
    pub limited: bool,
    /// The permissions that were ticked.
    pub permissions: Vec<String>,
}

impl TokenForm {
    /// Reads the fields `name`, `days`, `scope` (`all` or `some`) and `permission` (repeated).
    pub fn parse(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            days: fields.text("days"),
            limited: fields.text("scope") == "some",
            permissions: fields.all("permission"),
        }
    }

    /// What the request cannot say about the form: a limited token without any permission.
    pub fn check(&self) -> Vec<ProblemField> {
        let nothing = self.limited && self.permissions.is_empty();
        let detail = "tick at least one permission, or choose “Whatever I may”".to_owned();
        nothing.then(|| ProblemField { pointer: "/permissions".to_owned(), detail }).into_iter().collect()
    }

    /// The request. Days that are no number become 0, which is refused with the name of the field.
    pub fn to_new(&self) -> NewToken {
        NewToken {
            name: self.name.clone(),
            days: (!self.days.is_empty()).then(|| self.days.parse().unwrap_or(0)),
            permissions: self.limited.then(|| self.permissions.clone()),
        }
    }
}

/// What the page of tokens shows.
#[derive(Debug, Clone)]
pub struct TokensPage {
    /// The tokens.
    pub tokens: Listing<TokenView>,
    /// What was typed about a new one.
    pub form: TokenForm,
    /// Every permission that a token can be limited to.
    pub permissions: Vec<PermissionView>,
    /// A token that was just made: its secret is shown this once.
    pub issued: Option<IssuedToken>,
    /// Why the form comes back.
    pub problem: Option<Problem>,
}

/// `GET /me/tokens`: the list, the form for a new one, and once the secret of a new one.
pub fn tokens(ctx: &Context, view: &TokensPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let words = ListText {
        id: "tokens",
        path: "/me/tokens",
        one: "token",
        many: "tokens",
        nothing_yet: state::empty(
            Icon::Key,
            "No tokens yet",
            "A token lets a program act for you: a pipeline, a script. The command line makes its own when you sign in \
             with it; make one here for everything else.",
            &html! {},
        ),
        searchable: false,
    };
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/days", "days"), ("/permissions", "scope")]))
        @if let Some(issued) = &view.issued { (issued_once(issued)) }
        (list(&words, &view.tokens, token_table))
        (new_token(view, errors))
    };
    let frame = Frame::new("Tokens", body)
        .lead(html! { "What programs of yours sign in with. A token never does more than you may." })
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn issued_once(issued: &IssuedToken) -> Markup {
    html! {
        section.card.once aria-labelledby="issued-title" {
            h2 id="issued-title" { "Your new token “" bdi { (issued.token.name) } "”" }
            (callout(Tone::Warn, "Copy it now", &html! { p { "It is shown this once and stored only as a hash." } }))
            (code::block("secret", "The token", &issued.secret))
            p { "Give it to the command line with " code { "bastide login --token-stdin" } ", or to the API as "
                code { "Authorization: Bearer …" } "." }
        }
    }
}

fn token_table(tokens: &[TokenView]) -> Markup {
    let rows = tokens.iter().map(|token| {
        vec![
            html! { span.strong { (text::name(&token.name)) } div.slug { (token.prefix) "…" } },
            html! {
                @if token.permissions.is_empty() { "Whatever you may" }
                @else { (text::count(token.permissions.len(), "permission", "permissions"))
                    details.inline { summary { "Show" (text::hidden(&format!(" the permissions of {}", token.name))) }
                        ul.codes { @for key in &token.permissions { li { code { (key) } } } } } }
            },
            text::time_or(token.last_used_at.as_deref(), "Never"),
            text::time(&token.expires_at),
            delete_one(token),
        ]
    });
    table::table("tokens", "Your tokens", &["Token", "Can do", "Last used", "Ends", "Actions"], rows)
}

fn delete_one(token: &TokenView) -> Markup {
    confirm(&Confirm {
        id: &format!("delete-{}", token.id),
        trigger: "Delete",
        about: &token.name,
        title: "Delete this token?",
        consequences: html! { p { "Programs that use “" bdi { (token.name) } "” are refused from now on." } },
        action: &format!("/me/tokens/{}/delete", token.id),
        fields: html! {},
        verb: "Delete token",
    })
}

fn new_token(view: &TokensPage, errors: Errors<'_>) -> Markup {
    let form = &view.form;
    let longest = u32::try_from(TOKEN_SECONDS_MAX / DAY).unwrap_or(u32::MAX);
    html! {
        section.section aria-labelledby="new-token" {
            h2 id="new-token" { "Make a token" }
            form.form.card method="post" action="/me/tokens" {
                (Field::new("name", "Name", &form.name).longest(NAME_CHARS_MAX)
                    .hint(html! { "What it is for, such as “deploys from CI”." }).render(errors))
                (Field::new("days", "Days that it works", &form.days).optional().number(1, longest)
                    .hint(html! { "1 to " (longest) "; " (TOKEN_SECONDS_DEFAULT / DAY) " when you leave it empty." })
                    .render(errors))
                (scope(view, errors))
                div.actions { (button::submit("Make token")) }
            }
        }
    }
}

fn scope(view: &TokensPage, errors: Errors<'_>) -> Markup {
    let choices = html! {
        (Radios {
            name: "scope",
            legend: "What it can do",
            pointer: "/permissions",
            choices: vec![
                Choice { value: "all", label: html! { "Whatever I may" }, hint: html! {} },
                Choice { value: "some", label: html! { "Only what I tick" }, hint: html! {} },
            ],
            chosen: if view.form.limited { "some" } else { "all" },
        }.render(errors))
    };
    html! {
        div.scope {
            (choices)
            fieldset.ticks {
                legend { "Permissions" }
                @for permission in &view.permissions { (permission_tick(permission, &view.form.permissions)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limited_token_without_permissions_stays_limited() {
        let fields = Fields::from(vec![("name".into(), "ci".into()), ("scope".into(), "some".into())]);
        let form = TokenForm::parse(&fields);
        assert_eq!(form.check().len(), 1);
        let new = form.to_new();
        assert_eq!((new.days, new.permissions), (None, Some(Vec::new())));
    }

    #[test]
    fn days_that_are_no_number_are_refused_by_the_api() {
        let fields = Fields::from(vec![("days".into(), "ten".into())]);
        assert_eq!(TokenForm::parse(&fields).to_new().days, Some(0));
    }
}
