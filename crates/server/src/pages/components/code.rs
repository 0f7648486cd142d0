//! Text to copy: commands, manifests, secrets.

use maud::{Markup, html};

use crate::pages::icons::Icon;

/// A block of code with a button that copies it. The button appears with the script; without it the text can be
/// selected. `id` has to be unique on the page; `label` says what the text is.
pub fn block(id: &str, label: &str, text: &str) -> Markup {
    html! {
        div.code {
            pre id=(id) tabindex="0" role="group" aria-label=(label) { code { (text) } }
            button.button.small type="button" data-copy=(id) hidden {
                (Icon::Copy.draw()) span { "Copy" } (super::text::hidden(&format!(": {label}")))
            }
        }
    }
}
