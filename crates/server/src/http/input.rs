//! Reading input so that every mistake is told at once.

use bastide_model::error::{FieldError, FieldErrors};
use bastide_model::names::{DisplayName, Slug};
use bastide_model::{Error, Result};

/// Keeps the value, or remembers the fields that are wrong. An error of another kind ends the reading.
///
/// # Errors
/// Whatever is not [`Error::Invalid`].
pub(crate) fn take<T>(errors: &mut FieldErrors, value: Result<T>) -> Result<Option<T>> {
    match value {
        Ok(value) => Ok(Some(value)),
        Err(Error::Invalid { fields }) => {
            for FieldError { pointer, message } in fields {
                errors.push(pointer, message);
            }
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Keeps the value of a field that may be absent.
pub(crate) fn optional<T, E: std::fmt::Display>(
    errors: &mut FieldErrors,
    pointer: &str,
    value: Option<std::result::Result<T, E>>,
) -> Option<T> {
    value.and_then(|value| errors.take(pointer, value))
}

/// The short name that was given, or the one that the name makes.
pub(crate) fn slug_or_made(
    errors: &mut FieldErrors,
    slug: Option<&str>,
    name: Option<&DisplayName>,
) -> Option<Slug> {
    match (slug, name) {
        (Some(slug), _) => errors.take("/slug", slug.parse::<Slug>()),
        (None, Some(name)) => Slug::from_name(name).or_else(|| {
            errors.push(
                "/slug",
                "no slug can be made from the name, or that one is reserved; give one of a–z, 0–9 and `-`",
            );
            None
        }),
        (None, None) => None,
    }
}

/// Remembers a text that is not as long as it must be, in characters.
pub(crate) fn within(errors: &mut FieldErrors, pointer: &str, text: &str, least: usize, most: usize) {
    if !(least..=most).contains(&text.chars().count()) {
        errors.push(pointer, format!("it has {least} to {most} characters"));
    }
}

/// The error for a field that is missing although no error was remembered: a bug.
pub(crate) fn incomplete() -> Error {
    Error::internal("a field is missing without an error")
}
