//! Asking before something is done that cannot be undone. Without the script it is a disclosure with the form inside;
//! the script opens the same form in a dialog, with the focus on Cancel.

use maud::{Markup, html};

/// What is asked.
pub struct Confirm<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// The words on the button that asks, such as `End session`.
    pub trigger: &'a str,
    /// What comes after the trigger for who does not see the row, such as the name of the thing; may be empty.
    pub about: &'a str,
    /// The question, as the dialog's title.
    pub title: &'a str,
    /// What follows from it.
    pub consequences: Markup,
    /// Where the form goes.
    pub action: &'a str,
    /// The fields of the form; often none.
    pub fields: Markup,
    /// The words on the button that does it: a verb and a noun.
    pub verb: &'a str,
}

/// The button that asks, and the form behind it.
pub fn confirm(ask: &Confirm<'_>) -> Markup {
    let title = format!("{}-title", ask.id);
    html! {
        details.confirm id=(ask.id) data-confirm=(title) {
            summary.button.danger {
                (ask.trigger)
                @if !ask.about.is_empty() { span.visually-hidden { ": " bdi { (ask.about) } } }
            }
            div.confirm-panel {
                p.confirm-title id=(title) { (ask.title) }
                (ask.consequences)
                form.stack method="post" action=(ask.action) {
                    (ask.fields)
                    div.actions {
                        button.button type="button" data-cancel hidden { "Cancel" }
                        button.button.danger.solid type="submit" { (ask.verb) }
                    }
                }
            }
        }
    }
}
