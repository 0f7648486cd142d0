//! The words by which long lists are searched: a text is found by the beginning of any of its words, and by all that follows
//! from there. So one range of an index has everything that is found, however long the list is; `like` would read all
//! of it, because PostgreSQL uses no index for that beneath a policy.

use std::collections::BTreeSet;

use bastide_model::{OrganizationId, RealmId, Result, UserId};

use crate::db::{Tx, args, statements};

statements! {
    ORGANIZATION_INSERT = "insert into organization_words (realm_id, organization_id, word) values ($1, $2, $3)";
    ORGANIZATION_DELETE = "delete from organization_words where organization_id = $1";
    USER_INSERT = "insert into user_words (realm_id, user_id, word) values ($1, $2, $3)";
}

/// Characters that are kept from the beginning of each word on.
const KEPT: usize = 32;
/// Words of a text that it is found by.
const MOST: usize = 64;
/// Scripts that put nothing between words come from here on; each of their characters begins one.
const WITHOUT_SPACES: char = '\u{3040}';

/// A search for what has a word that begins with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beginning {
    /// The first word, if there were one, that begins with it.
    pub(crate) from: String,
    /// Behind every word that begins with it.
    pub(crate) to: String,
}

impl Beginning {
    /// Nothing when the text, in lower case, has no word.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let from: String = text.trim_start_matches(separates).chars().take(KEPT).collect();
        let to = format!("{from}{}", char::MAX);
        (!from.is_empty()).then_some(Self { from, to })
    }

    /// The word of a text that is found first.
    pub(crate) fn found_in(&self, text: &str) -> Option<String> {
        words(text).range(self.from.clone()..self.to.clone()).next().cloned()
    }
}

fn separates(c: char) -> bool {
    c.is_ascii() && !c.is_ascii_alphanumeric()
}

/// A text in lower case from the beginning of each of its words on.
fn words(text: &str) -> BTreeSet<String> {
    let mut before = ' ';
    let mut found = BTreeSet::new();
    for (at, c) in text.char_indices() {
        let begins = !separates(c) && (separates(before) || c >= WITHOUT_SPACES);
        if begins && found.len() < MOST {
            found.insert(text.get(at..).unwrap_or_default().chars().take(KEPT).collect());
        }
        before = c;
    }
    found
}

impl Tx {
    /// An organization is found by this text from now on.
    pub(crate) async fn organization_words_set(
        &mut self,
        realm: RealmId,
        id: OrganizationId,
        text: &str,
    ) -> Result<()> {
        self.run(ORGANIZATION_DELETE, args![id.uuid()]).await?;
        for word in words(text) {
            self.run(ORGANIZATION_INSERT, args![realm.uuid(), id.uuid(), word]).await?;
        }
        Ok(())
    }

    /// A new account is found by this text.
    pub(crate) async fn user_words_insert(&mut self, realm: RealmId, id: UserId, text: &str) -> Result<()> {
        for word in words(text) {
            self.run(USER_INSERT, args![realm.uuid(), id.uuid(), word]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_the_beginning_of_each_word() {
        let text = "retail bank 東京 retail-bank a@b.example";
        for (search, found) in [
            ("retail", true),
            ("bank", true),
            ("bank 東", true),
            ("京", true),
            ("b.example", true),
            ("-bank", true),
            ("etail", false),
            ("zeta", false),
            ("retail-bank a@b.example and more", false),
        ] {
            let begins = Beginning::of(search).unwrap();
            assert_eq!(begins.found_in(text).is_some(), found, "{search}");
        }
        assert_eq!(Beginning::of("%-_ "), None);
        assert_eq!(Beginning::of("bank").unwrap().found_in(text).unwrap(), "bank a@b.example");
    }

    #[test]
    fn words_are_as_many_and_as_long_as_are_kept() {
        let long = "x".repeat(100);
        assert_eq!(words(&long).iter().map(String::len).collect::<Vec<_>>(), [KEPT]);
        let many = (0..500).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
        assert_eq!(words(&many).len(), MOST);
        assert!(Beginning::of(&long).unwrap().found_in(&long).is_some());
    }
}
