//! Pages: from the parameters of a list to what a use case takes, and back. Short lists that a use case gives whole are
//! cut here, with the same parameters and the same answers.

use bastide_api::{Page, PageQuery};
use bastide_app::{Listed, PageRequest};
use bastide_model::{Error, Result};

/// What begins the page tokens of lists that are cut here.
const OFFSET: &str = "at-";
/// Longest text to search for, in characters.
const SEARCH_CHARS_MAX: usize = 100;

/// What a use case takes.
///
/// # Errors
/// `invalid`, naming the parameter.
pub(crate) fn request(query: &PageQuery) -> Result<PageRequest> {
    admit_search(query)?;
    PageRequest::new(query.page_size, query.page_token.as_deref(), query.search.as_deref())
}

/// What goes over the wire.
pub(crate) fn page<T, V>(listed: Listed<T>, view: impl FnMut(T) -> V) -> Page<V> {
    let listed = listed.map(view);
    Page { items: listed.items, next_page_token: listed.next }
}

/// One page of a short list that is there whole. `words` are what a search looks at.
///
/// # Errors
/// `invalid`, naming the parameter.
pub(crate) fn cut<V>(items: Vec<V>, query: &PageQuery, words: impl Fn(&V) -> Vec<&str>) -> Result<Page<V>> {
    // The size and the search are checked like those of every other list; the token is of another kind.
    admit_search(query)?;
    let checked = PageRequest::new(query.page_size, None, query.search.as_deref())?;
    let begin = query.page_token.as_deref().map_or(Ok(0), offset)?;
    let size = query.page_size.unwrap_or(bastide_model::limits::PAGE_SIZE_DEFAULT);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let found = |item: &V| {
        checked.search().is_none_or(|text| words(item).iter().any(|word| word.to_lowercase().contains(text)))
    };
    let mut rest = items.into_iter().filter(found).skip(begin);
    let items: Vec<V> = rest.by_ref().take(size).collect();
    let next_page_token = rest.next().map(|_| format!("{OFFSET}{}", begin.saturating_add(items.len())));
    Ok(Page { items, next_page_token })
}

fn admit_search(query: &PageQuery) -> Result<()> {
    match &query.search {
        Some(text) if text.chars().count() > SEARCH_CHARS_MAX => {
            Err(Error::field("search", format!("a search has at most {SEARCH_CHARS_MAX} characters")))
        }
        _ => Ok(()),
    }
}

fn offset(token: &str) -> Result<usize> {
    let number = token.strip_prefix(OFFSET).and_then(|number| number.parse().ok());
    number
        .ok_or_else(|| Error::field("page_token", "give the `next_page_token` of the page before, unchanged"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::ptr_arg, reason = "the items of the list are of this type")]
    fn words(item: &String) -> Vec<&str> {
        vec![item]
    }

    #[test]
    fn short_lists_are_cut_like_long_ones() {
        let all = || ["Acme", "Bolt", "acme-2", "Core"].map(str::to_owned).to_vec();
        let query = |size, token: Option<&str>, search: Option<&str>| PageQuery {
            page_size: size,
            page_token: token.map(str::to_owned),
            search: search.map(str::to_owned),
        };
        let first = cut(all(), &query(Some(3), None, None), words).unwrap();
        assert_eq!(first.items, ["Acme", "Bolt", "acme-2"]);
        let second = cut(all(), &query(Some(3), first.next_page_token.as_deref(), None), words).unwrap();
        assert_eq!((second.items, second.next_page_token), (vec!["Core".to_owned()], None));
        let found = cut(all(), &query(Some(1), None, Some("ACME")), words).unwrap();
        assert_eq!(found.items, ["Acme"]);
        let next =
            cut(all(), &query(Some(1), found.next_page_token.as_deref(), Some("ACME")), words).unwrap();
        assert_eq!((next.items, next.next_page_token), (vec!["acme-2".to_owned()], None));
        let long = "x".repeat(101);
        for bad in [
            query(Some(0), None, None),
            query(Some(201), None, None),
            query(None, Some("x"), None),
            query(None, None, Some(&long)),
        ] {
            assert!(request(&bad).is_err(), "{bad:?}");
            assert!(matches!(cut(all(), &bad, words), Err(Error::Invalid { .. })), "{bad:?}");
        }
    }
}
