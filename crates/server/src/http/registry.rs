//! From rows of the route table to what serves them. A row says everything about an operation; whatever an operation
//! needs around its handler (authentication, protection from other sites, kept answers, its name in the metrics) comes
//! from its row, so that nothing can be forgotten at the handler.

use std::collections::BTreeSet;
use std::fmt;

use axum::Router;
use axum::routing::{MethodFilter, MethodRouter, on};
use bastide_model::Permission;
use http::Method;
use schemars::SchemaGenerator;

use super::describe::{Endpoint, Sketch};
use super::gate::{self, Gate};
use super::hub::Hub;
use super::problem::Failure;

/// What one has to be allowed to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The caller needs the permission at the target. The use case checks it; here it is documented.
    Needs(Permission),
    /// Whoever is signed in, and why that is enough.
    SignedIn(&'static str),
    /// Everybody, and why that is right.
    Public(&'static str),
    /// The agent of a cluster that has joined, by its certificate.
    Agent,
}

/// To whom an operation belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Programs: in the OpenAPI document, errors are documents.
    Api,
    /// Browsers: errors are pages, and who is not signed in is led to sign in.
    Console,
    /// Whoever runs the installation, and its agents.
    System,
}

impl Surface {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Console => "console",
            Self::System => "system",
        }
    }
}

impl Access {
    /// The permission's key, or the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Needs(permission) => permission.key(),
            Self::SignedIn(_) => "signed-in",
            Self::Public(_) => "public",
            Self::Agent => "agent",
        }
    }
}

/// One row of the route table.
pub struct Operation {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Its id, `noun_verb`: its name in the OpenAPI document, in metrics and in the audit log.
    pub id: &'static str,
    /// The group that it belongs to.
    pub tag: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What one has to be allowed to do.
    pub access: Access,
    /// To whom it belongs.
    pub surface: Surface,
    /// Whether its answer carries a secret that nobody may keep.
    pub secret: bool,
    pub(crate) describe: fn(&mut Sketch<'_>),
    mount: Box<dyn Fn(MethodFilter) -> MethodRouter<Hub> + Send + Sync>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.method, self.path, self.id)
    }
}

impl Operation {
    /// A row, with its handler.
    #[expect(clippy::too_many_arguments, reason = "a row of the table is read as one line")]
    pub fn new<M: 'static, E: Endpoint<M>>(
        method: Method,
        path: &'static str,
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
        access: Access,
        surface: Surface,
        handler: E,
    ) -> Self {
        let mount = Box::new(move |filter| on(filter, handler.clone()));
        Self { method, path, id, tag, summary, access, surface, secret: false, describe: E::describe, mount }
    }

    /// Its answer carries a secret: it is never kept for an idempotency key.
    #[must_use]
    pub fn answers_with_a_secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// The names of the parameters in its path, in their order.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Whether an `Idempotency-Key` is looked at.
    pub(crate) fn keeps_answers(&self) -> bool {
        self.surface == Surface::Api
            && self.method == Method::POST
            && matches!(self.access, Access::Needs(_) | Access::SignedIn(_))
    }
}

/// Rows as text, a line each: method, path, id, to whom it belongs and what one needs, with tabs in between.
pub fn lines(operations: &[Operation], belongs: impl Fn(&Operation) -> &'static str) -> String {
    let line = |row: &Operation| {
        let (method, belongs, access) = (&row.method, belongs(row), row.access.as_str());
        format!("{method}\t{}\t{}\t{belongs}\t{access}\n", row.path, row.id)
    };
    operations.iter().map(line).collect()
}

/// Serves the rows. What no row has is not found; a method that no row of a path has is not allowed there.
///
/// # Errors
/// Every row that is not as it must be, see [`faults`].
pub fn router(hub: &Hub, operations: Vec<Operation>) -> Result<Router, Vec<String>> {
    let faults = faults(&operations);
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut router = Router::new();
    for operation in operations {
        let Ok(filter) = MethodFilter::try_from(operation.method.clone()) else {
            return Err(vec![format!("{operation:?}: this method cannot be served")]);
        };
        let gate = Gate::new(hub.clone(), &operation);
        let served =
            (operation.mount)(filter).route_layer(axum::middleware::from_fn_with_state(gate, gate::enter));
        router = add(router, operation.path, served);
    }
    let router = router
        .fallback(|| async { Failure::NOT_FOUND })
        .method_not_allowed_fallback(|| async { Failure::MethodNotAllowed });
    Ok(super::middleware::around(hub, router.with_state(hub.clone())))
}

#[expect(clippy::disallowed_methods, reason = "the one place where rows of the table become routes")]
fn add(router: Router<Hub>, path: &str, served: MethodRouter<Hub>) -> Router<Hub> {
    router.route(path, served)
}

/// What is wrong with a table, row by row: ids that are not `noun_verb` or not unique, two rows for one method and path,
/// a caller that nobody authenticates, a parameter that nobody reads, a reason that is missing.
pub fn faults(operations: &[Operation]) -> Vec<String> {
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    let mut faults = Vec::new();
    for operation in operations {
        let mut fault = |text: &str| faults.push(format!("{operation:?}: {text}"));
        if !ids.insert(operation.id) {
            fault("the id is used before");
        }
        if !places.insert((operation.method.as_str(), operation.path)) {
            fault("another row has this method and path");
        }
        let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        if !(operation.id.contains('_') && operation.id.split('_').all(word)) {
            fault("the id is not noun_verb in small letters");
        }
        if let Access::SignedIn(reason) | Access::Public(reason) = operation.access
            && reason.is_empty()
        {
            fault("the reason is missing");
        }
        let mut generator = SchemaGenerator::default();
        let mut sketch = Sketch::new(&mut generator);
        (operation.describe)(&mut sketch);
        let people = matches!(operation.access, Access::Needs(_) | Access::SignedIn(_));
        if sketch.takes_caller && !people {
            fault("its handler wants a caller, and nobody finds out who that is");
        }
        if people && !sketch.takes_caller {
            fault("it needs a caller, but its handler takes none");
        }
        if sketch.takes_agent != (operation.access == Access::Agent) {
            fault("its handler and its access do not agree on whether an agent asks");
        }
        if (operation.path_parameters().count() > 0) != sketch.takes_path {
            fault("the parameters of the path and the handler's argument for them do not fit");
        }
    }
    faults
}
