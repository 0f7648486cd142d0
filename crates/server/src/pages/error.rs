//! Pages for what went wrong: what happened, what is missing, and where to go from there.

use bastide_api::Problem;
use maud::{Markup, html};

use super::components::{code, facts, text};
use super::context::Context;
use super::icons::Icon;
use super::layout::{self, Frame};

/// The page for a problem, whoever looks. What one may not see looks as if it did not exist (HIER-6): the page for
/// 404 says nothing of the object.
pub fn error(ctx: &Context, problem: &Problem) -> Markup {
    let Words { title, sentence, icon } = words(problem);
    let body = html! {
        div.error-page {
            span.empty-icon { (icon.draw()) }
            div {
                p.error-status { "Error " (problem.status) }
                p.lead { (sentence) }
                @if shows_detail(problem) { p { (text::sentence(&problem.detail)) } }
                @if let Some(hint) = &problem.hint { p { (text::prose(hint)) } }
                (missing(problem))
                p.actions { (next(ctx, problem)) }
                (facts::facts([
                    ("Code", html! { code { (problem.code) } }),
                    ("Request", html! { code { (request(ctx, problem)) } }),
                ]))
            }
        }
    };
    if ctx.me.is_some() {
        return layout::console(ctx, &Frame::new(title, body));
    }
    layout::entrance(ctx, title, false, &body)
}

struct Words {
    title: &'static str,
    sentence: &'static str,
    icon: Icon,
}

fn words(problem: &Problem) -> Words {
    let (title, sentence, icon) = match problem.status {
        400 | 422 => ("That request cannot be read", "Something in it is not as it must be.", Icon::Alert),
        401 => ("Sign in to go on", "Nobody is signed in, or the session has ended.", Icon::Key),
        403 if problem.limit.is_some() => ("A limit is reached", "The plan does not allow more.", Icon::Gate),
        403 => ("You may not do this", "You can see it, but a permission is missing.", Icon::Gate),
        404 => {
            ("Nothing here", "There is nothing at this address, or nothing that you may see.", Icon::Search)
        }
        409 => (
            "That is not possible now",
            "The state of things is in the way. Nothing was changed.",
            Icon::Alert,
        ),
        410 => ("That is over", "It worked once and does so no longer.", Icon::Clock),
        412 => ("Somebody was faster", "It was changed in between. Nothing was overwritten.", Icon::Clock),
        429 => ("Too many attempts", "Wait a little, then try again.", Icon::Clock),
        503 => ("Back in a moment", "A part that is needed is out of reach just now.", Icon::Clock),
        _ => (
            "Something broke",
            "It is our fault, and it has been written down. Nothing was changed.",
            Icon::Alert,
        ),
    };
    Words { title, sentence, icon }
}

/// The detail of a 404 or 500 says nothing that the sentence does not; a missing permission has a place of its own.
fn shows_detail(problem: &Problem) -> bool {
    !problem.detail.is_empty()
        && problem.errors.is_empty()
        && problem.permission.is_none()
        && problem.status < 500
        && problem.status != 404
}

fn missing(problem: &Problem) -> Markup {
    html! {
        @if let Some(permission) = &problem.permission {
            p { "The missing permission:" }
            (code::block("permission", "Missing permission", permission))
            p { "The owner of the organization can give you a role that has it." }
        }
        @if let Some(limit) = &problem.limit {
            (facts::facts([
                ("Limit", html! { code { (limit.name) } }),
                ("In use", html! { (limit.used) " of " (limit.allowed) }),
                ("Plan", html! { bdi { (limit.plan) } }),
            ]))
        }
        @if !problem.errors.is_empty() {
            ul { @for field in &problem.errors { li { code { (field.pointer) } ": " (text::prose(&field.detail)) } } }
        }
    }
}

fn next(ctx: &Context, problem: &Problem) -> Markup {
    html! {
        @if ctx.me.is_none() {
            a.button.primary href="/sign-in" { "Sign in" }
        } @else {
            @if matches!(problem.status, 409 | 412 | 503) { a.button href=(ctx.path) { "Look again" } }
            a.button.primary href="/me/organizations" { "Your organizations" }
        }
    }
}

fn request<'a>(ctx: &'a Context, problem: &'a Problem) -> &'a str {
    if problem.request_id.is_empty() { &ctx.request_id } else { &problem.request_id }
}
