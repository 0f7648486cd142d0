//! Buttons, and links that look like one. What leads somewhere is a link, what does something is a button in a form.

use maud::{Markup, html};

use crate::pages::icons::Icon;

/// A link that looks like the main action of a page.
pub fn primary_link(href: &str, label: &str, icon: Icon) -> Markup {
    html! { a.button.primary href=(href) { (icon.draw()) span { (label) } } }
}

/// A link that looks like a button.
pub fn link(href: &str, label: &str) -> Markup {
    html! { a.button href=(href) { (label) } }
}

/// The button that submits a form.
pub fn submit(label: &str) -> Markup {
    html! { button.button.primary type="submit" { (label) } }
}

/// A lesser button that submits a form with a value of its own, without the browser's checks of the fields.
pub fn submit_value(name: &str, value: &str, label: &str) -> Markup {
    html! { button.button type="submit" name=(name) value=(value) formnovalidate { (label) } }
}

/// An action that the person may see but not do: it can be reached and read, and says what is missing.
///
/// `id` has to be unique on the page.
pub fn refused(id: &str, label: &str, permission: &str) -> Markup {
    let reason = format!("{id}-reason");
    html! {
        span.refused {
            button.button type="button" id=(id) aria-disabled="true" aria-describedby=(reason) { (label) }
            span.hint id=(reason) { "You need the permission " code { (permission) } "." }
        }
    }
}
