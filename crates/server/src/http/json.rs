//! JSON of a request's body, into wire types. Stricter than JSON where one database would take what the other refuses,
//! and as wide as JSON Schema where Rust is narrower.

use serde::de::DeserializeOwned;
use serde_json::{Number, Value};
use serde_path_to_error::Segment;

use super::problem::Failure;

/// Whole numbers up to here are exact as floating point (2^53).
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The wire type that the text stands for.
///
/// # Errors
/// Those of [`value`] and of [`typed`].
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    typed(value(text)?)
}

/// The JSON that the text is.
///
/// # Errors
/// `invalid` with the line for text that is not JSON, or with a JSON Pointer to a NUL character.
pub(crate) fn value(text: &[u8]) -> Result<Value, Failure> {
    let mut value: Value = serde_json::from_slice(text)
        .map_err(|error| Failure::field("", format!("the body is not JSON: {error}")))?;
    adjust(&mut value, &mut String::new())?;
    Ok(value)
}

/// The wire type that the JSON stands for.
///
/// # Errors
/// `invalid` with a JSON Pointer to what is not as it must be.
pub(crate) fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Failure> {
    serde_path_to_error::deserialize(value)
        .map_err(|error| Failure::field(pointer(error.path()), error.inner().to_string()))
}

/// Whole numbers written as `3.0` are integers in JSON Schema and become so; the NUL character, which PostgreSQL's
/// `jsonb` and `text` refuse and SQLite takes, is refused.
fn adjust(value: &mut Value, at: &mut String) -> Result<(), Failure> {
    match value {
        Value::String(text) => no_nul(text, at),
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
            Ok(())
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().try_for_each(|(index, item)| beneath(at, &index.to_string(), item))
        }
        Value::Object(fields) => fields.iter_mut().try_for_each(|(key, field)| {
            no_nul(key, at)?;
            beneath(at, key, field)
        }),
        Value::Null | Value::Bool(_) => Ok(()),
    }
}

fn beneath(at: &mut String, key: &str, value: &mut Value) -> Result<(), Failure> {
    let length = at.len();
    push(at, key);
    adjust(value, at)?;
    at.truncate(length);
    Ok(())
}

fn no_nul(text: &str, at: &str) -> Result<(), Failure> {
    if text.contains('\0') {
        return Err(Failure::field(at, "text cannot contain the NUL character"));
    }
    Ok(())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the number is whole and within what both types hold exactly"
)]
fn whole(number: &Number) -> Option<Number> {
    let float = number.is_f64().then(|| number.as_f64()).flatten()?;
    (float.fract() == 0.0 && float.abs() <= EXACT).then(|| Number::from(float as i64))
}

/// One step of a JSON Pointer (RFC 6901).
pub(crate) fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
        pointer
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_api::clusters::NewJoinToken;
    use bastide_api::gateways::NewGatewayConfiguration;
    use bastide_api::organizations::NewOrganization;
    use bastide_model::Error;

    fn refused<T: DeserializeOwned + std::fmt::Debug>(text: &str) -> (String, String) {
        match parse::<T>(text.as_bytes()).unwrap_err() {
            Failure::Domain(Error::Invalid { fields }) => {
                (fields[0].pointer.clone(), fields[0].message.clone())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn whole_floats_are_integers() {
        for (text, minutes) in [("5", 5), ("5.0", 5), ("5e1", 50)] {
            let token: NewJoinToken =
                parse(format!(r#"{{"cluster_name":"eu-1","minutes":{text}}}"#).as_bytes()).unwrap();
            assert_eq!(token.minutes, Some(minutes), "{text}");
        }
        for text in ["5.5", "-1.0", "1e300", "\"5\""] {
            let (pointer, _) =
                refused::<NewJoinToken>(&format!(r#"{{"cluster_name":"eu-1","minutes":{text}}}"#));
            assert_eq!(pointer, "/minutes", "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, pointer, message) in [
            ("", "", "not JSON"),
            ("{", "", "line 1 column 1"),
            ("{\"name\":\n}", "", "line 2"),
            ("[]", "", "invalid"),
            ("{}", "", "missing field `name`"),
            (r#"{"name":1}"#, "/name", "expected a string"),
            (r#"{"name":["a"]}"#, "/name", "expected a string"),
            (r#"{"name":"x","owner":"usr_1"}"#, "/owner", "unknown field `owner`"),
            (r#"{"name":"x","visibility":"secret"}"#, "/visibility", "unknown variant"),
            (r#"{"name":"a\u0000b"}"#, "/name", "NUL"),
            (r#"{"name":"x","annotations":{"a/b~c":"\u0000"}}"#, "/annotations/a~1b~0c", "NUL"),
            (r#"{"name":"x","annotations":{"a\u0000":"b"}}"#, "/annotations", "NUL"),
        ] {
            let (at, says) = refused::<NewOrganization>(text);
            assert_eq!(at, pointer, "{text}: {says}");
            assert!(says.contains(message), "{text}: {says}");
        }
        let listener =
            r#"{"name":"g","class":"c","listeners":[{"name":"a","port":80,"protocol":"HTTP"},{"port":0}]}"#;
        assert_eq!(refused::<NewGatewayConfiguration>(listener).0, "/listeners/1");
        let deep = "[".repeat(200);
        assert!(refused::<NewOrganization>(&deep).1.contains("recursion limit"));
    }
}
