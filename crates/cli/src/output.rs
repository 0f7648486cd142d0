//! Data to standard output, everything else to standard error. Tables for people; JSON, YAML and names for programs.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::ValueEnum;
use comfy_table::Table;
use comfy_table::presets;
use serde::Serialize;

use crate::exit::Exit;
use crate::failure::Failure;

/// How data is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Columns for people.
    Table,
    /// JSON, with the names of the API.
    Json,
    /// YAML, with the names of the API.
    Yaml,
    /// One name a line: what other commands take.
    Name,
}

/// Something that can be written with `-o name`.
pub(crate) trait Named: Serialize {
    /// What other commands take.
    fn name(&self) -> String;
}

/// Something that is a row of a table.
pub(crate) trait Listed: Named {
    const HEADERS: &'static [&'static str];
    fn cells(&self) -> Vec<String>;
}

/// Something that has a page of its own.
pub(crate) trait Detailed: Named {
    fn details(&self) -> Details;
}

/// What a page shows: fields, then tables.
#[derive(Debug, Default)]
pub(crate) struct Details {
    fields: Vec<(&'static str, String)>,
    tables: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    title: &'static str,
    headers: &'static [&'static str],
    rows: Vec<Vec<String>>,
}

impl Details {
    /// Adds a field.
    pub(crate) fn field(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((label, value.into()));
        self
    }

    /// Adds a field when there is a value.
    pub(crate) fn optional(self, label: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.field(label, value),
            None => self,
        }
    }

    /// Adds a field with all values, when there is one.
    pub(crate) fn several(self, label: &'static str, values: &[String]) -> Self {
        if values.is_empty() { self } else { self.field(label, values.join(", ")) }
    }

    /// Adds a table when it has rows.
    pub(crate) fn table(
        mut self,
        title: &'static str,
        headers: &'static [&'static str],
        rows: impl IntoIterator<Item = Vec<String>>,
    ) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        if !rows.is_empty() {
            self.tables.push(Section { title, headers, rows });
        }
        self
    }

    fn render(self, with_headers: bool) -> String {
        let fields = self.fields.into_iter().map(|(label, value)| vec![format!("{label}:"), value]);
        let mut text = grid(None, fields);
        for Section { title, headers, rows } in self.tables {
            let table = grid(with_headers.then_some(headers), rows);
            text.extend(["\n", title, ":\n"]);
            text.extend(table.lines().map(|line| format!("  {line}\n")));
        }
        text
    }
}

/// Where a command writes to, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) format: Format,
    pub(crate) headers: bool,
    pub(crate) quiet: bool,
}

impl Output {
    /// A whole list.
    pub(crate) fn list<T: Listed>(self, items: &[T], when_empty: &str) -> Result<(), Failure> {
        match self.format {
            Format::Table if items.is_empty() => {
                self.note(when_empty);
                Ok(())
            }
            Format::Table => {
                write(&grid(self.headers.then_some(T::HEADERS), items.iter().map(Listed::cells)))
            }
            Format::Name => write(&items.iter().map(|item| item.name() + "\n").collect::<String>()),
            Format::Json | Format::Yaml => self.document(&items),
        }
    }

    /// One thing.
    pub(crate) fn one<T: Detailed>(self, item: &T) -> Result<(), Failure> {
        match self.format {
            Format::Table => write(&item.details().render(self.headers)),
            Format::Name => write(&(item.name() + "\n")),
            Format::Json | Format::Yaml => self.document(item),
        }
    }

    /// One thing of which people want one text only, such as a secret or a command to copy.
    pub(crate) fn one_as(self, item: &impl Named, text: &str) -> Result<(), Failure> {
        match self.format {
            Format::Table => write(&(text.trim_end().to_owned() + "\n")),
            Format::Name => write(&(item.name() + "\n")),
            Format::Json | Format::Yaml => self.document(item),
        }
    }

    /// Something for people besides the data, unless they asked for quiet.
    pub(crate) fn note(self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// A value as a document, in JSON unless YAML is asked for.
    pub(crate) fn document(self, value: &impl Serialize) -> Result<(), Failure> {
        let text = if self.format == Format::Yaml {
            serde_saphyr::to_string(value).map_err(|error| error.to_string())
        } else {
            serde_json::to_string_pretty(value).map_err(|error| error.to_string())
        };
        let text = text
            .map_err(|error| Failure::new(Exit::Failure, format!("the answer cannot be written: {error}")))?;
        let text = if self.format == Format::Yaml { in_order(&text) } else { escaped(&text) };
        write(&(text.trim_end().to_owned() + "\n"))
    }
}

/// Text as it is. A reader that has gone away is no failure: it had enough.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Failure, format!("standard output cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Something that people have to know, quiet or not.
pub(crate) fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// Writes a line to standard error. There is nowhere to report that nobody reads it.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Text from outside without what would control the terminal or reorder what is read.
pub(crate) fn printable(text: &str) -> String {
    let harmless = |c: char| if c.is_control() || reorders(c) { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(harmless).collect()
}

/// Whether a character changes the order in which a terminal shows others.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A document without what reorders what is read; control characters are escaped by its format.
fn in_order(document: &str) -> String {
    document.chars().map(|c| if reorders(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// A JSON document in which such characters, which only strings can hold, are escaped: a program reads what was there.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if reorders(c) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

fn grid(headers: Option<&[&str]>, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if let Some(headers) = headers {
        table.set_header(headers.to_vec());
    }
    for row in rows {
        // An empty cell would make the columns hard to count, for people and for `awk`.
        table.add_row(row.iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { printable(cell) }));
    }
    for index in 0..table.column_count() {
        if let Some(column) = table.column_mut(index) {
            column.set_padding((0, 2));
        }
    }
    table.trim_fmt() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_plain_columns() {
        let rows = [vec!["acme".into(), "Acme".into()], vec!["b".into(), String::new()]];
        assert_eq!(grid(Some(&["SLUG", "NAME"]), rows.clone()), "SLUG  NAME\nacme  Acme\nb     -\n");
        assert_eq!(grid(None, rows), "acme  Acme\nb     -\n");
    }

    #[test]
    fn cells_cannot_control_the_terminal() {
        assert_eq!(grid(None, [vec!["a\u{1b}[2J\nb\u{202e}".into()]]), "a�[2J�b�\n");
    }

    #[test]
    fn documents_cannot_reorder_what_is_read() {
        let json = escaped("{\"a\": \"x\u{202e}y\"}");
        assert_eq!(json, "{\"a\": \"x\\u202ey\"}");
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read.get("a"), Some(&"x\u{202e}y".into()));
        assert_eq!(in_order("a: x\u{2066}y"), "a: x\u{fffd}y");
    }

    #[test]
    fn details_have_fields_then_tables() {
        let details = Details::default()
            .field("Name", "eu-1")
            .optional("Missing", None::<String>)
            .several("Uids", &["a".into(), "b".into()])
            .table("Conditions", &["TYPE"], [vec!["Ready".to_owned()]])
            .table("Nothing", &["TYPE"], []);
        assert_eq!(details.render(true), "Name:  eu-1\nUids:  a, b\n\nConditions:\n  TYPE\n  Ready\n");
    }
}
