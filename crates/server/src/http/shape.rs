//! Lists where objects belong. Serde takes a list for a struct, field by field, and JSON Schema does not: what the
//! API's description refuses is refused here, by that very description.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bastide_model::error::FieldError;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::json;

type Schemas = RwLock<HashMap<String, Arc<Value>>>;

/// Checks that no list stands where the schema of `T` has none.
///
/// # Errors
/// The first place where one does.
pub(crate) fn check<T: JsonSchema>(value: &Value) -> Result<(), FieldError> {
    let schema = schema_of::<T>();
    walk(&schema, &schema, value, &mut String::new())
}

fn schema_of<T: JsonSchema>() -> Arc<Value> {
    static KNOWN: OnceLock<Schemas> = OnceLock::new();
    let known = KNOWN.get_or_init(Schemas::default);
    let id = T::schema_id();
    if let Some(schema) = known.read().unwrap_or_else(PoisonError::into_inner).get(id.as_ref()) {
        return Arc::clone(schema);
    }
    let generator = SchemaSettings::draft2020_12().into_generator();
    let schema = Arc::new(generator.into_root_schema_for::<T>().to_value());
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(known.entry(id.into_owned()).or_insert(schema))
}

fn walk(root: &Value, schema: &Value, value: &Value, at: &mut String) -> Result<(), FieldError> {
    let schema = resolved(root, schema);
    for alternatives in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(alternatives).and_then(Value::as_array) {
            let mut fitting = branches.iter().filter(|branch| fits(root, branch, value)).peekable();
            if fitting.peek().is_none() && value.is_array() {
                return Err(wrong(at));
            }
            let outcomes: Vec<_> = fitting.map(|branch| walk(root, branch, value, at)).collect();
            if let Some(Err(first)) = outcomes.first()
                && outcomes.iter().all(Result::is_err)
            {
                return Err(first.clone());
            }
        }
    }
    match value {
        Value::Array(_) if !allows_lists(schema) => Err(wrong(at)),
        Value::Array(items) => {
            let Some(of) = schema.get("items") else { return Ok(()) };
            let mut items = items.iter().enumerate();
            items.try_for_each(|(index, item)| beneath(root, of, item, at, &index.to_string()))
        }
        Value::Object(fields) => fields.iter().try_for_each(|(key, field)| {
            let own = schema.get("properties").and_then(|properties| properties.get(key));
            match own.or_else(|| schema.get("additionalProperties")) {
                Some(of) => beneath(root, of, field, at, key),
                None => Ok(()),
            }
        }),
        _ => Ok(()),
    }
}

fn beneath(
    root: &Value,
    schema: &Value,
    value: &Value,
    at: &mut String,
    key: &str,
) -> Result<(), FieldError> {
    let length = at.len();
    json::push(at, key);
    walk(root, schema, value, at)?;
    at.truncate(length);
    Ok(())
}

fn resolved<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| root.pointer(target)).unwrap_or(schema)
}

fn wrong(at: &str) -> FieldError {
    FieldError::new(at, "a list is not allowed here, an object is wanted")
}

/// Whether an alternative is about values like this one: null or not, a list or not, and with the constants that tell
/// one kind of object from the others.
fn fits(root: &Value, branch: &Value, value: &Value) -> bool {
    let branch = resolved(root, branch);
    let constants = branch.get("properties").and_then(Value::as_object).into_iter().flatten();
    let same =
        |key: &String, field: &Value| field.get("const").is_none_or(|wanted| value.get(key) == Some(wanted));
    let null = branch.get("type").is_some_and(|kind| kind == "null");
    null == value.is_null()
        && (!value.is_array() || allows_lists(branch))
        && (!value.is_object() || constants.into_iter().all(|(key, field)| same(key, field)))
}

fn allows_lists(schema: &Value) -> bool {
    match schema.get("type") {
        None => true,
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
        Some(kind) => kind == "array",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bastide_api::client_organizations::{ClientOrganizationDraft, NewClientOrganization};
    use bastide_api::gateways::NewGatewayConfiguration;
    use bastide_api::identity::LoginRequest;
    use serde_json::json;

    #[test]
    fn a_list_is_no_object_at_any_depth() {
        assert!(check::<ClientOrganizationDraft>(&json!({})).is_ok());
        assert_eq!(check::<ClientOrganizationDraft>(&json!([null])).unwrap_err().pointer, "");
        assert_eq!(check::<LoginRequest>(&json!(["device_code", "x"])).unwrap_err().pointer, "");
        let with = |part: Value| json!({"name": "a", "node_pool": part, "gateway": {"kind": "shared"}});
        for (part, place) in [
            (json!({"labels": {"a": "b"}, "tolerations": ["a"]}), None),
            (Value::Null, None),
            (json!([{"a": "b"}]), Some("/node_pool")),
            (json!({"labels": ["a"]}), Some("/node_pool/labels")),
        ] {
            let found = check::<NewClientOrganization>(&with(part.clone())).err().map(|error| error.pointer);
            assert_eq!(found.as_deref(), place, "{part}");
        }
        let administrator = json!({"administrator": {"kind": "new", "account": ["a", "b", "c"]}});
        assert!(check::<NewClientOrganization>(&administrator).is_err());
        let listeners = json!({"listeners": [{"name": "a"}, ["b", 80, "HTTP"]]});
        assert_eq!(check::<NewGatewayConfiguration>(&listeners).unwrap_err().pointer, "/listeners/1");
    }
}
