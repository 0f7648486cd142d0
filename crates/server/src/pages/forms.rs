//! Reading forms: a posted form is a list of names and values in the order of the page, and rows are repeated names.

use std::collections::{BTreeMap, BTreeSet};

use bastide_api::problem::ProblemField;

/// The names and values of a posted form, in order.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Fields {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl std::fmt::Debug for Fields {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Fields {
    /// The first value of that name as it was typed; empty when there is none.
    pub fn raw(&self, name: &str) -> String {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The first value of that name without white space around it; empty when there is none.
    pub fn text(&self, name: &str) -> String {
        self.raw(name).trim().to_owned()
    }

    /// The same, or nothing when it is empty.
    pub fn filled(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of that name, trimmed, in order.
    pub fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// Rows of two repeated names; rows in which nothing was typed are left out.
    pub fn rows(&self, key: &str, value: &str) -> Rows {
        let mut values = self.all(value).into_iter();
        let rows = self.all(key).into_iter().map(|key| (key, values.next().unwrap_or_default()));
        rows.filter(|(key, value)| !(key.is_empty() && value.is_empty())).collect()
    }
}

/// Rows of key and value as they were typed.
pub type Rows = Vec<(String, String)>;

/// The map that the rows say; of a key that is there twice, the last (see [`check_rows`]).
pub fn to_map(rows: &[(String, String)]) -> BTreeMap<String, String> {
    rows.iter().cloned().collect()
}

/// What a map cannot say about rows: a key that is missing or there twice.
pub fn check_rows(pointer: &str, rows: &[(String, String)]) -> Vec<ProblemField> {
    let mut seen = BTreeSet::new();
    let wrong = rows.iter().filter_map(|(key, value)| {
        if key.is_empty() {
            Some(format!("the value `{value}` has no key; fill in its key or clear the row"))
        } else {
            (!seen.insert(key)).then(|| format!("the key `{key}` is there twice; each key may be given once"))
        }
    });
    wrong.map(|detail| ProblemField { pointer: pointer.to_owned(), detail }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into()
    }

    #[test]
    fn rows_are_paired_in_order_and_empty_ones_left_out() {
        let form = fields(&[("k", " a "), ("v", "1"), ("k", ""), ("v", ""), ("k", "b"), ("v", "")]);
        let rows = form.rows("k", "v");
        assert_eq!(rows, [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        assert_eq!(to_map(&rows).len(), 2);
    }

    #[test]
    fn rows_without_key_or_with_a_key_twice_are_named() {
        let rows = fields(&[("k", ""), ("v", "lost"), ("k", "a"), ("v", "1"), ("k", "a"), ("v", "2")])
            .rows("k", "v");
        let wrong = check_rows("/annotations", &rows);
        assert_eq!(wrong.len(), 2);
        assert!(wrong[0].detail.contains("`lost`") && wrong[1].detail.contains("`a` is there twice"));
    }

    #[test]
    fn values_stay_out_of_debug_output() {
        let shown = format!("{:?}", fields(&[("password", "correct horse")]));
        assert!(shown.contains("password") && !shown.contains("horse"));
    }
}
