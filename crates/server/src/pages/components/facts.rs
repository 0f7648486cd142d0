//! Facts about something: words and what they stand for.

use maud::{Markup, html};

/// A list of facts, in order; what is absent is left out by the caller.
pub fn facts<'a>(rows: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        dl.facts {
            @for (word, meaning) in rows { div { dt { (word) } dd { (meaning) } } }
        }
    }
}

/// Several short texts, such as namespaces, each set as code; a word when there are none.
pub fn codes(texts: &[String], otherwise: &str) -> Markup {
    html! {
        @if texts.is_empty() {
            span.muted { (otherwise) }
        } @else {
            ul.codes { @for text in texts { li { code { (text) } } } }
        }
    }
}
