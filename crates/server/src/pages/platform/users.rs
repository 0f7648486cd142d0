//! The accounts of the realm with what each may be used for (ROLE-4), and a new one.

use bastide_api::Problem;
use bastide_api::users::UserView;
use bastide_model::limits::{NAME_CHARS_MAX, PASSWORD_CHARS_MIN};
use maud::{Markup, html};

use crate::pages::components::field::{Field, hidden};
use crate::pages::components::list::{ListText, list};
use crate::pages::components::problem::Errors;
use crate::pages::components::{button, state, status, table, text};
use crate::pages::context::{Context, Listing};
use crate::pages::icons::Icon;
use crate::pages::layout::{self, Crumb, Frame};

/// What the list of accounts shows.
#[derive(Debug, Clone)]
pub struct UsersPage {
    /// The accounts.
    pub users: Listing<UserView>,
    /// Whether the person may create accounts, and say what others' may be used for.
    pub may_create: bool,
    /// Why the page comes back.
    pub problem: Option<Problem>,
}

/// What an account may be used for, as it is chosen.
const ACCESS: [(&str, &str); 3] = [
    ("enabled", "What its roles allow"),
    ("no_console", "Tokens only, no console"),
    ("disabled", "Nothing: deactivated"),
];

/// `GET /platform/users`.
pub fn users(ctx: &Context, view: &UsersPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let create = if view.may_create {
        button::primary_link("/platform/users/new", "Create account", Icon::Plus)
    } else {
        button::refused("create", "Create account", "users.create")
    };
    let words = ListText {
        id: "users",
        path: "/platform/users",
        one: "account",
        many: "accounts",
        nothing_yet: state::empty(Icon::User, "No accounts", "People sign in with an account.", &html! {}),
        searchable: true,
    };
    let body = html! {
        (errors.summary(&[]))
        (list(&words, &view.users, |users| user_table(ctx, users, view.may_create)))
    };
    let frame = Frame::new("Users", body)
        .lead(html! { "Accounts. An account alone sees nothing: organizations give roles." })
        .actions(create)
        .failed(errors.any());
    layout::console(ctx, &frame)
}

fn user_table(ctx: &Context, users: &[UserView], may_change: bool) -> Markup {
    let own = ctx.me.as_ref().map(|me| me.user.id.as_str());
    let rows = users.iter().map(|user| {
        vec![
            html! { span.strong { (text::name(&user.name)) } div.slug { (user.email) } },
            html! {
                (status::access(&user.access))
                @if may_change && own != Some(user.id.as_str()) { (change(user)) }
            },
            home(ctx, user),
            text::time(&user.created_at),
        ]
    });
    table::table("users", "Accounts", &["Person", "Account", "Home organization", "Created"], rows)
}

/// Another use for an account. Nobody's own: one would lock oneself out.
fn change(user: &UserView) -> Markup {
    let id = format!("access-{}", user.id);
    html! {
        details {
            summary { "Change" span.visually-hidden { ": what the account of " bdi { (user.name) } " may be used for" } }
            form.stack method="post" action={ "/platform/users/" (user.id) "/access" } {
                (hidden("etag", &user.etag))
                label for=(id) { "May be used for" }
                select id=(id) name="access" {
                    @for (value, words) in ACCESS { option value=(value) selected[value == user.access] { (words) } }
                }
                p.hint { "In force at once: without the console its sessions end, deactivated it can do nothing." }
                (button::submit("Save"))
            }
        }
    }
}

/// The name of an account's home organization, as far as one sees it.
fn home(ctx: &Context, user: &UserView) -> Markup {
    let Some(id) = &user.home_organization else { return text::muted("None") };
    let known = ctx.switcher.iter().find(|organization| organization.id == *id);
    html! {
        @if let Some(known) = known { a href={ "/o/" (known.slug) } { (text::name(&known.name)) } }
        @else { (text::muted("Another")) }
    }
}

/// What the page for a new account shows.
#[derive(Debug, Clone, Default)]
pub struct NewUserPage {
    /// What was typed as name.
    pub name: String,
    /// What was typed as e-mail address.
    pub email: String,
    /// Whether a personal organization was asked for.
    pub personal: bool,
    /// Why it comes back.
    pub problem: Option<Problem>,
}

/// `GET /platform/users/new`.
pub fn new_user(ctx: &Context, view: &NewUserPage) -> Markup {
    let errors = Errors::of(view.problem.as_ref());
    let body = html! {
        (errors.summary(&[("/name", "name"), ("/email", "email"), ("/password", "password")]))
        form.form.card method="post" action="/platform/users/new" {
            (Field::new("name", "Name", &view.name).longest(NAME_CHARS_MAX).autofocus().render(errors))
            (Field::new("email", "E-mail address", &view.email).email().render(errors))
            (Field::new("password", "First password", "").password().autocomplete("new-password")
                .hint(html! { "At least " (PASSWORD_CHARS_MIN) " characters. Tell it to the person by another way than e-mail." })
                .render(errors))
            div.choice {
                input type="checkbox" id="personal_organization" name="personal_organization" value="yes"
                    checked[view.personal] aria-describedby="personal_organization-hint";
                div.choice-text {
                    label for="personal_organization" { "Personal organization" }
                    div.hint id="personal_organization-hint" { "One for this person alone, on the default plan." }
                }
            }
            div.actions { (button::submit("Create account")) (button::link("/platform/users", "Cancel")) }
        }
    };
    let frame = Frame::new("Create account", body)
        .crumbs(vec![Crumb::new("/platform/users", "Users")])
        .failed(errors.any());
    layout::console(ctx, &frame)
}
