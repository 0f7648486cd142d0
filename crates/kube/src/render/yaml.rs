//! Objects as the text that `kubectl apply` takes.

use crate::object::Object;

/// YAML, one document for each object, in the given order. Strings that some reader would take for a number, a boolean
/// or a time are quoted.
pub fn to_yaml(objects: &[Object]) -> String {
    let documents = objects.iter().map(|object| {
        let text = serde_saphyr::to_string(object.body());
        // Every JSON text is a YAML text, too.
        text.unwrap_or_else(|_| object.body().to_string()).trim_end().to_owned() + "\n"
    });
    documents.collect::<Vec<_>>().join("---\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::object::CONFIG_MAP;

    /// What YAML 1.1 or 1.2 takes for something else than a string, what has to be escaped, and what is plain.
    const TRICKY: &[&str] = &[
        "",
        " ",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "true",
        "null",
        "~",
        "012",
        "0x1f",
        "1_000",
        "1e3",
        ".5",
        "1:30",
        "2026-11-22",
        "=",
        "<<",
        "-",
        "- a",
        "a: b",
        "a #b",
        "#",
        "'",
        "\"",
        "\\",
        "%",
        "@",
        "`",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "{}",
        "[]",
        "é",
        "\u{1F600}",
        "a\nb",
        "a\n",
        "\n",
        "a\tb",
        "\u{7}",
        "\u{85}",
        "\u{2028}",
        "v1.36",
        "1.36",
        "---",
        "...",
    ];

    #[test]
    fn text_survives_whatever_is_in_it() {
        let data: serde_json::Map<String, Value> =
            TRICKY.iter().enumerate().map(|(index, text)| (format!("k{index}"), json!(text))).collect();
        let keys: serde_json::Map<String, Value> =
            TRICKY.iter().map(|text| ((*text).to_owned(), json!(1))).collect();
        let object = Object::new(
            &CONFIG_MAP,
            Some("a"),
            "b",
            json!({ "data": data, "keys": keys, "empty": [{}, []] }),
        );
        let text = to_yaml(&[object.clone(), object.clone()]);
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        assert_eq!(documents, [object.body().clone(), object.body().clone()]);
        // kubectl reads YAML 1.1: there these are not strings unless they are quoted.
        for word in ["yes", "on", "y", "012", "1:30", "2026-11-22", "1_000", "="] {
            assert!(!text.contains(&format!(": {word}\n")), "{word} stands unquoted:\n{text}");
        }
    }
}
