//! A small reader of the HTML that pages are made of, for tests: tags, attributes and text in order.

use std::collections::BTreeMap;

use super::forms::Fields;

/// A piece of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A tag that opens.
    Open(Tag),
    /// A tag that closes.
    Close(String),
    /// Text between tags.
    Text(String),
}

/// A tag with its attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: BTreeMap<String, String>,
}

impl Tag {
    pub(super) fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    pub(super) fn is_void(&self) -> bool {
        matches!(self.name.as_str(), "meta" | "link" | "input" | "br" | "hr" | "img")
    }
}

/// Reads a page. Attributes have to be quoted, as they are here.
pub(super) fn read(page: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        if start > 0 {
            tokens.push(Token::Text(unescape(&rest[..start])));
        }
        let end = tag_end(&rest[start..]) + start;
        let inside = &rest[start + 1..end];
        if let Some(name) = inside.strip_prefix('/') {
            tokens.push(Token::Close(name.to_owned()));
        } else if !inside.starts_with('!') {
            let tag = tag(inside);
            let closed = inside.ends_with('/').then(|| Token::Close(tag.name.clone()));
            tokens.push(Token::Open(tag));
            tokens.extend(closed);
        }
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        tokens.push(Token::Text(unescape(rest)));
    }
    tokens
}

fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    text.char_indices()
        .find(|(_, character)| {
            quoted ^= *character == '"';
            *character == '>' && !quoted
        })
        .map_or_else(|| panic!("a tag does not end: {text}"), |(place, _)| place)
}

fn tag(inside: &str) -> Tag {
    let inside = inside.trim_end_matches('/');
    let (name, mut rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let mut attributes = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return Tag { name: name.to_owned(), attributes };
        }
        let key_end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let key = rest[..key_end].to_owned();
        rest = &rest[key_end..];
        let mut value = String::new();
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let (inner, after) = quoted.split_once('"').unwrap_or_else(|| panic!("unquoted: {inside}"));
            value = unescape(inner);
            rest = after;
        }
        assert!(attributes.insert(key.clone(), value).is_none(), "{key} is there twice: {inside}");
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

/// What a browser would send for the form with this class, pressing no button.
pub(super) fn fields_of(page: &str, form_class: &str) -> Fields {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut inside = false;
    let mut select: Option<(String, Option<String>, Option<String>)> = None;
    for token in read(page) {
        match token {
            Token::Open(tag) if tag.name == "form" => {
                inside = tag.get("class").is_some_and(|class| class.split(' ').any(|one| one == form_class));
            }
            Token::Close(name) if name == "form" => inside = false,
            Token::Open(tag) if inside && tag.name == "input" => pairs.extend(input(&tag)),
            Token::Open(tag) if inside && tag.name == "select" => {
                select = Some((tag.get("name").unwrap_or_default().to_owned(), None, None));
            }
            Token::Open(tag) if tag.name == "option" => {
                if let Some((_, first, chosen)) = &mut select {
                    let value = tag.get("value").unwrap_or_default().to_owned();
                    first.get_or_insert_with(|| value.clone());
                    if tag.get("selected").is_some() {
                        *chosen = Some(value);
                    }
                }
            }
            Token::Close(name) if name == "select" => {
                pairs.extend(select.take().and_then(|(name, first, chosen)| Some((name, chosen.or(first)?))));
            }
            _ => {}
        }
    }
    pairs.into()
}

fn input(tag: &Tag) -> Option<(String, String)> {
    let kind = tag.get("type").unwrap_or("text");
    if matches!(kind, "radio" | "checkbox") && tag.get("checked").is_none() {
        return None;
    }
    Some((tag.get("name")?.to_owned(), tag.get("value").unwrap_or_default().to_owned()))
}
