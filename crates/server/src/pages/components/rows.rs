//! Rows of fields that may be repeated. A few empty rows are always there; with the script one can add more.

use maud::{Markup, html};

use super::field;
use super::problem::Errors;
use crate::pages::forms::Rows;
use crate::pages::icons::Icon;

/// Empty rows at the end, so that something can be added without the script.
const SPARE: usize = 2;

/// Rows of key and value, which need not be filled in.
pub struct KeyValueRows<'a> {
    /// Id of the group; the elements of row 1 are `id-key-1` and `id-value-1`.
    pub id: &'a str,
    /// What the rows are.
    pub legend: &'a str,
    /// A sentence on what to type.
    pub hint: Markup,
    /// Where errors are looked for.
    pub pointer: &'a str,
    /// Name of the fields with the keys.
    pub key_name: &'a str,
    /// Name of the fields with the values.
    pub value_name: &'a str,
    /// What was typed.
    pub rows: &'a Rows,
}

impl KeyValueRows<'_> {
    /// The group as it is shown.
    pub fn render(&self, errors: Errors<'_>) -> Markup {
        let typed = self.rows.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let rows = typed.chain(std::iter::repeat_n(("", ""), SPARE)).enumerate();
        let content = html! {
            @for (place, (key, value)) in rows {
                div.row data-row {
                    (cell(&format!("{}-key-{}", self.id, place + 1), self.key_name, "Key", place + 1, key))
                    (cell(&format!("{}-value-{}", self.id, place + 1), self.value_name, "Value", place + 1, value))
                }
            }
        };
        let legend = html! { (self.legend) (field::optional()) };
        group(self.id, &legend, &self.hint, &errors.at(self.pointer), &content)
    }
}

/// A group of rows with its legend, hint and errors.
pub fn group(id: &str, legend: &Markup, hint: &Markup, wrong: &[&str], rows: &Markup) -> Markup {
    let hint_id = format!("{id}-hint");
    let described = if wrong.is_empty() { hint_id.clone() } else { format!("{hint_id} {id}-error") };
    html! {
        fieldset.rows.invalid[!wrong.is_empty()] id=(id) tabindex="-1" aria-describedby=(described) data-rows {
            legend { (legend) }
            p.hint id=(hint_id) { (hint) }
            (field::error(id, wrong))
            (rows)
            button.button.small type="button" data-add-row hidden { (Icon::Plus.draw()) span { "Add a row" } }
        }
    }
}

/// Empty rows that a group adds at its end.
pub const fn spare() -> usize {
    SPARE
}

/// One field of a row; its label tells the row, for who does not see it.
pub fn cell(id: &str, name: &str, label: &str, row: usize, value: &str) -> Markup {
    html! {
        div.cell {
            label for=(id) { (label) span.visually-hidden { " of row " (row) } }
            input.mono type="text" id=(id) name=(name) value=(value) autocomplete="off" autocapitalize="none"
                spellcheck="false";
        }
    }
}

/// One box of a row.
pub fn cell_select(
    id: &str,
    name: &str,
    label: &str,
    row: usize,
    choices: &[(&str, &str)],
    chosen: &str,
) -> Markup {
    html! {
        div.cell {
            label for=(id) { (label) span.visually-hidden { " of row " (row) } }
            select id=(id) name=(name) {
                @for (value, words) in choices { option value=(value) selected[*value == chosen] { (words) } }
            }
        }
    }
}
