//! Lists: search, items, the next page, and the four cases in which there is nothing to show.

use bastide_api::PageQuery;
use maud::{Markup, html};

use super::{state, text};
use crate::pages::context::Listing;
use crate::pages::icons::Icon;

/// What a list says about itself.
pub struct ListText<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// The path of the page: search and pages are its query.
    pub path: &'a str,
    /// One of them.
    pub one: &'a str,
    /// Several of them.
    pub many: &'a str,
    /// What stands there while there is nothing yet.
    pub nothing_yet: Markup,
    /// Whether it can be searched.
    pub searchable: bool,
}

/// A list with all of its cases; `render` draws the items, of which there is at least one.
pub fn list<T>(words: &ListText<'_>, listing: &Listing<T>, render: impl FnOnce(&[T]) -> Markup) -> Markup {
    let search = listing.query.search.as_deref().unwrap_or_default();
    let results = format!("{}-results", words.id);
    let has_items = !listing.items().is_empty();
    let shows_search = words.searchable && (has_items || !search.is_empty());
    html! {
        div.list {
            @if shows_search { (search_form(words, search, &results)) }
            div.results id=(results) {
                @match &listing.outcome {
                    Err(problem) => (state::unavailable(words.many, problem, words.path)),
                    Ok(page) if !page.items.is_empty() => {
                        p.count role="status" data-announce { (counted(words, page.items.len(), listing)) }
                        (render(&page.items))
                        (pages(words, &listing.query, page.next_page_token.as_deref()))
                    }
                    Ok(_) if !search.is_empty() => (state::filtered_out(words.many, search, words.path)),
                    Ok(_) if listing.query.page_token.is_some() => {
                        (state::empty(Icon::Dash, "Nothing more", "The list ended on the page before.",
                            &html! { a.button href=(words.path) { "First page" } }))
                    }
                    Ok(_) => (words.nothing_yet),
                }
            }
        }
    }
}

fn counted<T>(words: &ListText<'_>, number: usize, listing: &Listing<T>) -> String {
    let counted = text::count(number, words.one, words.many);
    let more = listing.outcome.as_ref().is_ok_and(|page| page.next_page_token.is_some());
    if more || listing.query.page_token.is_some() { format!("{counted} on this page") } else { counted }
}

fn search_form(words: &ListText<'_>, search: &str, results: &str) -> Markup {
    let field = format!("{}-search", words.id);
    html! {
        form.search method="get" action=(words.path) role="search" data-live-search=(results) {
            label.visually-hidden for=(field) { "Search " (words.many) }
            span.search-field {
                (Icon::Search.draw())
                input type="search" id=(field) name="search" value=(search) maxlength="100"
                    placeholder={ "Search " (words.many) } autocomplete="off";
            }
            button.button type="submit" { "Search" }
        }
    }
}

fn pages(words: &ListText<'_>, query: &PageQuery, next: Option<&str>) -> Markup {
    if next.is_none() && query.page_token.is_none() {
        return html! {};
    }
    html! {
        nav.pages aria-label={ "Pages of " (words.many) } {
            @if query.page_token.is_some() {
                a.button href=(address(words.path, query, None)) { "First page" }
            }
            @if let Some(next) = next {
                a.button href=(address(words.path, query, Some(next))) { "Next page" (Icon::ArrowRight.draw()) }
            }
        }
    }
}

/// The address of a page of the list.
fn address(path: &str, query: &PageQuery, token: Option<&str>) -> String {
    let size = query.page_size.map(|size| size.to_string());
    let parameters =
        [("search", query.search.as_deref()), ("page_size", size.as_deref()), ("page_token", token)];
    let parts: Vec<_> = parameters
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encode(value.filter(|v| !v.is_empty())?))))
        .collect();
    let joint = if path.contains('?') { '&' } else { '?' };
    if parts.is_empty() { path.to_owned() } else { format!("{path}{joint}{}", parts.join("&")) }
}

/// Percent-encoding for a value in a query: everything but letters, digits, `-`, `.`, `_` and `~` (RFC 3986, 2.3).
pub fn encode(value: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encode = |byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_page_keeps_the_search() {
        let query =
            PageQuery { page_size: Some(20), page_token: Some("old".into()), search: Some("a&b=ü".into()) };
        assert_eq!(address("/x", &query, Some("t")), "/x?search=a%26b%3D%C3%BC&page_size=20&page_token=t");
        assert_eq!(address("/x", &PageQuery::default(), None), "/x");
        assert_eq!(address("/x?a=b", &query, None), "/x?a=b&search=a%26b%3D%C3%BC&page_size=20");
    }
}
