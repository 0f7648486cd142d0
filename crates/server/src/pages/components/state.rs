//! What stands in the place of something that is not there: one sentence on what it is, and what to do next.

use bastide_api::Problem;
use maud::{Markup, html};

use crate::pages::icons::Icon;

/// A place that is empty, with what it is and what to do about it.
pub fn empty(icon: Icon, title: &str, sentence: &str, action: &Markup) -> Markup {
    html! {
        div.empty {
            span.empty-icon { (icon.draw()) }
            p.empty-title { (title) }
            p { (sentence) }
            div.empty-action { (action) }
        }
    }
}

/// There are items, but none that matches.
pub fn filtered_out(what: &str, search: &str, all: &str) -> Markup {
    let title = format!("No {what} match your search");
    html! {
        div.empty {
            span.empty-icon { (Icon::Search.draw()) }
            p.empty-title { (title) }
            p { "Nothing contains “" bdi { (search) } "”." }
            div.empty-action { a.button href=(all) { "Show all " (what) } }
        }
    }
}

/// A list that could not be had: what is missing, or that it failed and may be tried again.
pub fn unavailable(what: &str, problem: &Problem, again: &str) -> Markup {
    if let Some(permission) = &problem.permission {
        return html! {
            div.empty {
                span.empty-icon { (Icon::Gate.draw()) }
                p.empty-title { "You may not see these " (what) }
                p { "This needs the permission " code { (permission) } ". Ask the owner or an administrator." }
            }
        };
    }
    html! {
        div.empty.failed role="alert" {
            span.empty-icon { (Icon::Alert.draw()) }
            p.empty-title { "The " (what) " could not be loaded" }
            @if problem.errors.is_empty() { p { (super::text::sentence(&problem.detail)) } }
            @for field in &problem.errors { p { code { (field.pointer) } ": " (super::text::prose(&field.detail)) } }
            @if !problem.request_id.is_empty() { p.hint { "Request " code { (problem.request_id) } } }
            div.empty-action { a.button href=(again) { "Try again" } }
        }
    }
}
