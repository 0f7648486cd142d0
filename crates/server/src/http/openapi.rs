//! The description of the API (OpenAPI 3.1), made from the route table: one place for path, permission, parameters and
//! schemas.

use std::collections::BTreeSet;

use bastide_api::Problem;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::describe::Sketch;
use super::registry::{Access, Operation, Surface};

const ABOUT: &str = "Organizations on a fleet of Kubernetes clusters. Errors are problem documents (RFC 9457) with a \
    stable `code`. Lists come in pages with an opaque `page_token`. A change of something that others may change too \
    needs `If-Match`. What the caller may not see does not exist for them: 404.";

/// The document for the rows of the surface [`Surface::Api`].
pub fn document(operations: &[Operation]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    let mut tags = BTreeSet::new();
    let problem = generator.subschema_for::<Problem>().to_value();
    for operation in operations.iter().filter(|operation| operation.surface == Surface::Api) {
        tags.insert(operation.tag);
        let described = describe(operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(methods) = path.as_object_mut() {
            methods.insert(operation.method.as_str().to_ascii_lowercase(), described);
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bastide",
            "version": "1",
            "description": ABOUT,
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "The hub that serves this document" }],
        "tags": tags.into_iter().map(|tag| json!({ "name": tag })).collect::<Vec<_>>(),
        "paths": paths,
        "security": [{ "bearer": [] }, { "session": [] }],
        "components": {
            "schemas": generator.take_definitions(true),
            "responses": { "Problem": {
                "description": "Why the request was not carried out. Nothing was changed.",
                "content": { bastide_api::PROBLEM_JSON: { "schema": problem } },
            } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "A personal token." },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": super::cookies::SESSION,
                    "description": "A browser's session. Changes have to come from a page of the same origin.",
                },
            },
        },
    });
    sorted(document)
}

/// The document as text, as it is kept in the repository.
pub fn text(operations: &[Operation]) -> String {
    let mut text = serde_json::to_string_pretty(&document(operations)).unwrap_or_default();
    text.push('\n');
    text
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut sketch = Sketch::new(generator);
    let text = json!({ "type": "string", "minLength": 1 });
    let mut parameters: Vec<Value> = operation
        .path_parameters()
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }))
        .collect();
    (operation.describe)(&mut sketch);
    if operation.keeps_answers() {
        let description = "The same key with the same payload gets the same answer, for 24 hours; \
                           with another payload 422, and 409 while the first is under way.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" });
        sketch.header("Idempotency-Key", false, description, &schema);
        sketch.problems.extend([400, 409, 422]);
    }
    parameters.append(&mut sketch.parameters);
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses(operation, &mut sketch),
    });
    let Some(fields) = described.as_object_mut() else { return described };
    if !parameters.is_empty() {
        fields.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(body) = sketch.body {
        fields.insert("requestBody".to_owned(), body);
    }
    match operation.access {
        Access::Needs(permission) => {
            fields.insert("x-permission".to_owned(), permission.key().into());
            let description = format!("Needs the permission `{permission}`.");
            fields.insert("description".to_owned(), description.into());
        }
        Access::SignedIn(reason) => {
            fields.insert("description".to_owned(), format!("For whoever is signed in: {reason}.").into());
        }
        // No row for agents is part of this document; theirs is a protocol of its own.
        Access::Agent => {}
        Access::Public(reason) => {
            fields.insert("security".to_owned(), json!([{}]));
            fields.insert("description".to_owned(), format!("For everybody: {reason}.").into());
        }
    }
    described
}

fn responses(operation: &Operation, sketch: &mut Sketch<'_>) -> Map<String, Value> {
    let problem = json!({ "$ref": "#/components/responses/Problem" });
    let mut responses: Map<String, Value> = std::mem::take(&mut sketch.answers)
        .into_iter()
        .map(|(status, answer)| (status.to_string(), answer))
        .collect();
    let mut statuses: BTreeSet<u16> = sketch.problems.iter().copied().collect();
    statuses.extend([400, 429, 500, 503]);
    if !matches!(operation.access, Access::Public(_)) {
        statuses.extend([401, 403]);
    }
    if operation.method != http::Method::GET {
        statuses.extend([403, 409]);
    }
    for status in statuses {
        responses.insert(status.to_string(), problem.clone());
    }
    responses.insert("default".to_owned(), problem);
    responses
}

/// The same with the keys of every object in alphabetical order, so that the text does not depend on how it was built.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}
