//! What a change did: field by field, before and after.

use std::collections::BTreeSet;

use maud::{Markup, html};
use serde_json::Value;

use super::table;

/// One field that a change touched; absent on the side where it was not there.
#[derive(Debug, PartialEq, Eq)]
pub struct Changed {
    /// Name of the field.
    pub field: String,
    /// What it was.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
}

/// The fields whose value is not the same on both sides, by name.
pub fn changed(before: Option<&Value>, after: Option<&Value>) -> Vec<Changed> {
    let names: BTreeSet<&str> = [before, after].into_iter().flatten().flat_map(names).collect();
    let sides = names.into_iter().map(|name| Changed {
        field: name.to_owned(),
        before: before.and_then(|value| text(value, name)),
        after: after.and_then(|value| text(value, name)),
    });
    sides.filter(|changed| changed.before != changed.after).collect()
}

/// The name under which something that is no object is compared.
const WHOLE: &str = "value";

fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(fields) => fields.keys().map(String::as_str).collect(),
        Value::Null => Vec::new(),
        _ => vec![WHOLE],
    }
}

fn text(value: &Value, name: &str) -> Option<String> {
    let found = match value {
        Value::Object(fields) => fields.get(name)?,
        Value::Null => return None,
        whole => whole,
    };
    Some(match found {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    })
}

/// A table of what changed; `id` and `caption` have to be unique on the page.
pub fn diff(id: &str, caption: &str, before: Option<&Value>, after: Option<&Value>) -> Markup {
    let changed = changed(before, after);
    if changed.is_empty() {
        return html! { p.muted { "No field changed." } };
    }
    let side = |text: Option<&String>, mark: &str| match text {
        None => html! { span.muted { "—" } },
        Some(text) => html! { pre class={ "side " (mark) } { (text) } },
    };
    let rows = changed.iter().map(|changed| {
        vec![
            html! { code { (changed.field) } },
            side(changed.before.as_ref(), "before"),
            side(changed.after.as_ref(), "after"),
        ]
    });
    table::table(id, caption, &["Field", "Before", "After"], rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_fields_that_differ_are_shown() {
        let before = json!({"name": "A", "plan": "free", "gone": 1});
        let after = json!({"name": "B", "plan": "free", "new": {"x": true}});
        let changed = changed(Some(&before), Some(&after));
        let names: Vec<_> = changed.iter().map(|changed| changed.field.as_str()).collect();
        assert_eq!(names, ["gone", "name", "new"]);
        assert_eq!((changed[1].before.as_deref(), changed[1].after.as_deref()), (Some("A"), Some("B")));
        assert_eq!(changed[0].after, None);
    }

    #[test]
    fn markup_in_values_stays_text() {
        let shown = diff("d", "What changed", None, Some(&json!("<script>alert(1)</script>"))).into_string();
        assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script>"));
    }
}
