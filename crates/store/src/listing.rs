//! Pages of lists: a size, an opaque cursor, a search.

use bastide_model::limits::{NAME_CHARS_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX};
use bastide_model::{Error, Result};
use uuid::Uuid;

use crate::words::Beginning;

/// One page, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; none on the last.
    pub next: Option<String>,
}

impl<T> Listed<T> {
    /// The same page with each item made into another.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Listed<U> {
        Listed { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// Which page is asked for.
#[derive(Debug, Clone)]
pub struct PageRequest {
    size: u32,
    after: Option<(String, Uuid)>,
    search: Option<String>,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { size: PAGE_SIZE_DEFAULT, after: None, search: None }
    }
}

impl PageRequest {
    /// Checks what a caller asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `page_size`, `page_token` or `search`.
    pub fn new(size: Option<u32>, token: Option<&str>, search: Option<&str>) -> Result<Self> {
        let size = size.unwrap_or(PAGE_SIZE_DEFAULT);
        if size == 0 || size > PAGE_SIZE_MAX {
            return Err(Error::field("page_size", format!("a page has 1 to {PAGE_SIZE_MAX} items")));
        }
        if search.is_some_and(|text| text.contains('\0') || text.chars().count() > NAME_CHARS_MAX) {
            let message = format!("a search has at most {NAME_CHARS_MAX} characters, none of them NUL");
            return Err(Error::field("search", message));
        }
        let after = token.map(decode).transpose()?;
        let search = search.map(str::trim).filter(|text| !text.is_empty()).map(str::to_lowercase);
        Ok(Self { size, after, search })
    }

    /// The text to search for, in lower case.
    pub fn search(&self) -> Option<&str> {
        self.search.as_deref()
    }

    /// As a pattern for `like … escape '\'`; everything when nothing is searched for.
    pub(crate) fn pattern(&self) -> String {
        let text = self.search.as_deref().unwrap_or_default();
        format!("%{}%", text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_"))
    }

    /// The words that are searched for in a long list; none when everything is shown, or nothing that is searched for is
    /// part of a word.
    pub(crate) fn beginning(&self) -> Option<Beginning> {
        self.search.as_deref().and_then(Beginning::of)
    }

    /// The place in a search behind which the page begins. Only one lower end is given to an index, because it uses one.
    pub(crate) fn after_word(&self, sought: &Beginning) -> (String, Uuid) {
        let after = (self.after_key(), self.after_id());
        let (word, id) = after.max((sought.from.as_str(), Uuid::nil()));
        (word.to_owned(), id)
    }

    /// Whether so many are a whole page, and the one more that says that there is another.
    pub(crate) fn is_full(&self, found: usize) -> bool {
        i64::try_from(found).is_ok_and(|found| found >= self.fetch())
    }

    /// Where something stands in a long list: by the word that it is found by, or by its own key.
    pub(crate) fn key(&self, text: &str, own: &str) -> String {
        let found = self.beginning().and_then(|beginning| beginning.found_in(text));
        found.unwrap_or_else(|| own.to_owned())
    }

    /// Whether a lower-case text is searched for.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.search.as_ref().is_none_or(|search| text.contains(search.as_str()))
    }

    /// The sort key of the last item of the page before; before everything when there is none.
    pub(crate) fn after_key(&self) -> &str {
        self.after.as_ref().map_or("", |(key, _)| key)
    }

    /// The same key as a number, for lists that are sorted by one; nothing on the first page.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `page_token` when the cursor is another list's.
    pub(crate) fn after_number(&self) -> Result<Option<i64>> {
        self.after.as_ref().map(|(key, _)| key.parse().map_err(|_| wrong_token())).transpose()
    }

    /// The id of the last item of the page before.
    pub(crate) fn after_id(&self) -> Uuid {
        self.after.as_ref().map_or(Uuid::nil(), |(_, id)| *id)
    }

    /// What comes after the page before, in order, of items that are there whole: as many as a statement would fetch.
    pub(crate) fn sorted<T>(&self, items: Vec<T>, key: impl Fn(&T) -> (String, Uuid)) -> Vec<T> {
        let after = (self.after_key().to_owned(), self.after_id());
        let mut keyed: Vec<_> = items.into_iter().map(|item| (key(&item), item)).collect();
        keyed.retain(|(key, _)| *key > after && self.matches(&key.0));
        keyed.sort_by(|(left, _), (right, _)| left.cmp(right));
        keyed.truncate(usize::try_from(self.fetch()).unwrap_or(usize::MAX));
        keyed.into_iter().map(|(_, item)| item).collect()
    }

    /// How many rows to fetch: one more than the page has, to know whether there is a next one.
    pub(crate) fn fetch(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// Cuts what was fetched to a page.
    pub(crate) fn cut<T>(&self, mut items: Vec<T>, cursor: impl Fn(&T) -> (String, Uuid)) -> Listed<T> {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|last| {
            let (key, id) = cursor(last);
            encode(&key, id)
        });
        Listed { items, next }
    }
}

fn encode(key: &str, id: Uuid) -> String {
    format!("{}{}", id.simple(), hex::encode(key))
}

fn decode(token: &str) -> Result<(String, Uuid)> {
    let (id, key) = token.split_at_checked(32).ok_or_else(wrong_token)?;
    let id = Uuid::try_parse(id).map_err(|_| wrong_token())?;
    let key = String::from_utf8(hex::decode(key).map_err(|_| wrong_token())?).map_err(|_| wrong_token())?;
    if key.contains('\0') { Err(wrong_token()) } else { Ok((key, id)) }
}

fn wrong_token() -> Error {
    Error::field("page_token", "give the `next_page_token` of the page before, unchanged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_unchanged_and_nothing_else_is_one() {
        let id = Uuid::from_u128(77);
        assert_eq!(decode(&encode("über 100%", id)), Ok(("über 100%".into(), id)));
        for wrong in ["", "x", "zz", &"0".repeat(31), &format!("{}zz", "0".repeat(32)), "ü"] {
            assert!(decode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn patterns_take_text_literally() {
        let page = PageRequest::new(None, None, Some(" 50%_A\\ ")).unwrap();
        assert_eq!(page.pattern(), r"%50\%\_a\\%");
        assert!(PageRequest::new(Some(0), None, None).is_err());
        assert!(PageRequest::new(Some(201), None, None).is_err());
        assert!(PageRequest::new(None, None, Some(&"ü".repeat(255))).is_ok());
        assert!(PageRequest::new(None, None, Some(&"ü".repeat(256))).is_err());
        assert!(PageRequest::new(None, None, Some("a\0")).is_err());
    }
}
