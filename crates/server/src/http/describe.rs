//! What a handler takes and gives, read off its signature: the same types that do the work describe themselves for the
//! OpenAPI document, so that the two cannot differ.

use std::collections::BTreeMap;
use std::future::Future;

use axum::handler::Handler;
use axum::response::IntoResponse;
use http::StatusCode;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::hub::Hub;
use super::problem::Failure;

/// What is known of one operation from its handler's signature.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a signature")]
pub struct Sketch<'g> {
    generator: &'g mut SchemaGenerator,
    /// Whether there is an argument for what stands in the path.
    pub(crate) takes_path: bool,
    /// Whether there is an argument for the query string.
    pub(crate) takes_query: bool,
    /// Whether there is an argument for the caller.
    pub(crate) takes_caller: bool,
    /// Whether there is an argument for the agent's cluster.
    pub(crate) takes_agent: bool,
    /// Parameters in the query string and in headers.
    pub(crate) parameters: Vec<Value>,
    /// The body that is wanted.
    pub(crate) body: Option<Value>,
    /// Answers by status, the good ones.
    pub(crate) answers: BTreeMap<u16, Value>,
    /// Statuses of the problems that the arguments can end in.
    pub(crate) problems: Vec<u16>,
}

impl<'g> Sketch<'g> {
    /// Nothing yet.
    pub(crate) fn new(generator: &'g mut SchemaGenerator) -> Self {
        Self {
            generator,
            takes_path: false,
            takes_query: false,
            takes_caller: false,
            takes_agent: false,
            parameters: Vec::new(),
            body: None,
            answers: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// The schema of a wire type, as a reference into the document's components where it has a name.
    pub fn schema<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// Every field of a type as a parameter of the query string.
    pub(crate) fn query<T: JsonSchema>(&mut self) {
        self.takes_query = true;
        let schema = T::json_schema(self.generator).to_value();
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        // In the order of their names: whether a map keeps another depends on who else is linked.
        let fields = schema.get("properties").and_then(Value::as_object);
        let fields: BTreeMap<&String, &Value> = fields.into_iter().flatten().collect();
        for (name, field) in fields {
            let (description, schema) = parameter_schema(field);
            self.parameters.push(json!({
                "name": name,
                "in": "query",
                "required": required.contains(&name.as_str()),
                "description": description,
                "schema": schema,
            }));
        }
    }

    /// A header that the request can or has to carry.
    pub(crate) fn header(&mut self, name: &str, required: bool, description: &str, schema: &Value) {
        self.parameters.push(json!({
            "name": name,
            "in": "header",
            "required": required,
            "description": description,
            "schema": schema,
        }));
    }

    /// A good answer. `headers` are names and what they mean.
    pub(crate) fn answer(
        &mut self,
        status: StatusCode,
        description: &str,
        content: Option<(&str, Value)>,
        headers: &[(&str, &str)],
    ) {
        let mut answer = Map::new();
        answer.insert("description".to_owned(), description.into());
        if let Some((media_type, schema)) = content {
            answer.insert("content".to_owned(), json!({ media_type: { "schema": schema } }));
        }
        let header = |(name, meaning): &(&str, &str)| {
            ((*name).to_owned(), json!({ "description": meaning, "schema": { "type": "string" } }))
        };
        if !headers.is_empty() {
            answer.insert("headers".to_owned(), Value::Object(headers.iter().map(header).collect()));
        }
        self.answers.insert(status.as_u16(), Value::Object(answer));
    }
}

/// A field's description apart from its schema; `null` is no value that a parameter can have.
fn parameter_schema(field: &Value) -> (Value, Value) {
    let mut schema = field.clone();
    let Some(parts) = schema.as_object_mut() else { return (Value::Null, schema) };
    let description = parts.remove("description").unwrap_or_default();
    if let Some(kinds) = parts.get_mut("type").filter(|kinds| kinds.is_array()) {
        let only = kinds.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null").cloned());
        *kinds = only.unwrap_or_default();
    }
    (description, schema)
}

/// What a handler can take.
pub trait Argument {
    /// Writes down what it means for whoever sends the request.
    fn describe(_sketch: &mut Sketch<'_>) {}
}

/// What a handler can give.
pub trait Answer: IntoResponse {
    /// Writes down what it looks like.
    fn describe(sketch: &mut Sketch<'_>);
}

/// An asynchronous function of [`Argument`]s that ends in an [`Answer`] or a [`Failure`].
pub trait Endpoint<M>: Handler<M, Hub> {
    /// Writes down what it takes and gives.
    fn describe(sketch: &mut Sketch<'_>);
}

impl<F, Fut, A> Endpoint<((),)> for F
where
    F: Fn() -> Fut + Handler<((),), Hub>,
    Fut: Future<Output = Result<A, Failure>>,
    A: Answer,
{
    fn describe(sketch: &mut Sketch<'_>) {
        A::describe(sketch);
    }
}

macro_rules! endpoints {
    ($(($($argument:ident),*))*) => {$(
        impl<F, Fut, A, M, $($argument,)*> Endpoint<(M, $($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut + Handler<(M, $($argument,)*), Hub>,
            Fut: Future<Output = Result<A, Failure>>,
            A: Answer,
            $($argument: Argument,)*
        {
            fn describe(sketch: &mut Sketch<'_>) {
                $($argument::describe(sketch);)*
                A::describe(sketch);
            }
        }
    )*};
}

endpoints! { (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6) }
