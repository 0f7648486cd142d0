//! Tables. Wide ones scroll within themselves; on a narrow screen each row becomes a card, and the roles are spelled
//! out because a browser forgets them when rows are laid out as blocks.

use maud::{Markup, html};

/// A table whose first column names the row. `id` has to be unique on the page.
pub fn table(
    id: &str,
    caption: &str,
    columns: &[&str],
    rows: impl IntoIterator<Item = Vec<Markup>>,
) -> Markup {
    let caption_id = format!("{id}-caption");
    html! {
        div.table-wrap role="group" aria-labelledby=(caption_id) tabindex="0" {
            table id=(id) role="table" aria-labelledby=(caption_id) {
                caption id=(caption_id) { (caption) }
                thead role="rowgroup" {
                    tr role="row" { @for column in columns { th scope="col" role="columnheader" { (column) } } }
                }
                tbody role="rowgroup" { @for cells in rows { (row(columns, cells)) } }
            }
        }
    }
}

fn row(columns: &[&str], cells: Vec<Markup>) -> Markup {
    html! {
        tr role="row" {
            @for (place, (column, cell)) in columns.iter().zip(cells).enumerate() {
                @if place == 0 {
                    th scope="row" role="rowheader" data-label=(column) { div.value { (cell) } }
                } @else {
                    td role="cell" data-label=(column) { div.value { (cell) } }
                }
            }
        }
    }
}
