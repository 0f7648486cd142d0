//! What texts have to look like, as regular expressions of the OpenAPI document (ECMA 262). What is refused is decided by
//! the types of `bastide_model`; these say the same to whoever writes a client, as far as an expression can.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// A name that people read: something to see in it, and no control or invisible characters.
pub(crate) const NAME: &str = r"^[^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*[^\s\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff][^\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*$";
/// A longer text: tabs and line breaks are allowed as well, and nothing at all.
pub(crate) const DESCRIPTION: &str =
    r"^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]*$";
/// A DNS label: slugs, names of clusters, classes and listeners.
pub(crate) const LABEL: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// A host name of two or more labels, the last of which begins with a letter; `*.` may stand before it.
pub(crate) const HOST_PATTERN: &str =
    r"^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$";
/// The same without `*.`.
pub(crate) const HOST_NAME: &str =
    r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])?$";
/// Any text without the NUL character, which no database keeps.
pub(crate) const TEXT: &str = r"^[^\u0000]*$";
/// The same with something other than white space in it.
pub(crate) const FILLED: &str = r"^[^\u0000]*[^\s\u0000][^\u0000]*$";
/// The key of a label or an annotation in Kubernetes: an optional DNS name and a slash, then a name.
const KEY: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$";
/// The value of a label in Kubernetes.
const LABEL_VALUE: &str = "^([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?$";
/// A toleration: key, value where there is one, effect where there is one.
pub(crate) const TOLERATION: &str = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?(=([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?)?(:(NoSchedule|PreferNoSchedule|NoExecute))?$";

/// An id or a short name, or nothing, which has to be said.
pub(crate) fn name_or_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": ["string", "null"], "minLength": 1, "maxLength": 40, "pattern": TEXT })
}

/// The keys of annotations and labels.
pub(crate) fn keys() -> Value {
    json!({ "pattern": KEY })
}

/// The values of labels.
pub(crate) fn label_values() -> Value {
    json!({ "type": "string", "pattern": LABEL_VALUE })
}

/// The addresses of gateways.
pub(crate) fn addresses() -> Value {
    json!({
        "type": "string",
        "anyOf": [
            { "format": "ipv4" },
            { "format": "ipv6" },
            { "minLength": 3, "maxLength": 253, "pattern": HOST_NAME },
        ],
    })
}

/// A permission that a custom role can hold (ROLE-6).
pub(crate) fn permission_keys() -> Value {
    let keys: Vec<&str> =
        bastide_model::role::ASSIGNABLE.iter().map(bastide_model::Permission::key).collect();
    json!({ "type": "string", "enum": keys })
}

/// A permission: one of those that there are.
pub(crate) fn permissions() -> Value {
    let keys: Vec<&str> = bastide_model::Permission::ALL.iter().map(|permission| permission.key()).collect();
    json!({ "type": "string", "enum": keys })
}

#[cfg(test)]
mod tests {
    use bastide_model::labels::Toleration;
    use bastide_model::names::{Description, DisplayName};

    /// Whether the expressions say the same is tried from outside, with texts made from them; what they are made of is
    /// held here, where a change of the model is seen at once.
    #[test]
    fn the_model_refuses_what_the_expressions_leave_out() {
        let controls = (0..0x20).chain(0x7f..0xa0).filter_map(char::from_u32);
        let invisible = ['\u{200b}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2060}', '\u{2069}', '\u{feff}'];
        for bad in controls.chain(invisible) {
            let text = format!("a{bad}b");
            assert!(text.parse::<DisplayName>().is_err(), "{bad:?}");
            assert_eq!(text.parse::<Description>().is_ok(), "\t\n".contains(bad), "{bad:?}");
        }
        for good in ['\u{a0}', '\u{2010}', '\u{2029}', '\u{202f}', '\u{2070}', '\u{fefe}'] {
            assert!(format!("a{good}b").parse::<DisplayName>().is_ok(), "{good:?}");
        }
        assert!("\u{2003} ".parse::<DisplayName>().is_err(), "nothing to see");
        for (text, good) in
            [("a.b/c_d=e.f:NoExecute", true), ("a:NoExecute", true), ("a=:x", false), ("/a", false)]
        {
            assert_eq!(text.parse::<Toleration>().is_ok(), good, "{text}");
        }
    }
}
