//! Conditions as Kubernetes has them: aspect, whether it holds, why.

use bastide_api::clusters::ConditionView;
use maud::{Markup, html};

use super::{status, table, text};

/// A table of conditions; `id` has to be unique on the page.
pub fn conditions(id: &str, caption: &str, conditions: &[ConditionView]) -> Markup {
    if conditions.is_empty() {
        return html! { p.muted { "No conditions have been reported yet." } };
    }
    let rows = conditions.iter().map(|condition| {
        vec![
            html! { (condition.kind) },
            status::condition(&condition.status, is_as_it_should_be(condition)),
            html! { strong { (condition.reason) } @if !condition.message.is_empty() { br; (text::prose(&condition.message)) } },
            text::time(&condition.last_transition_at),
        ]
    });
    table::table(id, caption, &["Condition", "Holds", "Reason", "Since"], rows)
}

/// Those that are not as they should be, or of which it cannot be told.
pub fn unmet(conditions: &[ConditionView]) -> impl Iterator<Item = &ConditionView> {
    conditions.iter().filter(|condition| !is_as_it_should_be(condition))
}

/// Conditions that name something bad: all is well when they do not hold.
const BAD_WHEN_TRUE: &[&str] = &["ClockSkew"];

fn is_as_it_should_be(condition: &ConditionView) -> bool {
    let wanted = if BAD_WHEN_TRUE.contains(&condition.kind.as_str()) { "False" } else { "True" };
    condition.status == wanted
}
