//! Puts objects on a cluster: server-side apply with one field manager, forced, because every object that Bastide
//! applies is its own by name. Nothing is written when nothing has to change.

use kube::api::{DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions};
use kube::core::ApiResource;
use kube::{Api, Client};
use serde_json::{Value, json};

use crate::compare;
use crate::error::{Error, Result};
use crate::object::{Object, ObjectKey, ROLE_BINDING, Resource};
use crate::render::{INTENT_ANNOTATION, MANAGED_BY, MANAGED_BY_LABEL};

/// Who owns the fields that Bastide sets, in `managedFields`. One for the product, never one per version.
pub const FIELD_MANAGER: &str = "bastide-agent";

/// An object as it is on the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Live(Value);

impl Live {
    /// From what the API server answered.
    #[cfg(test)]
    pub(crate) fn from_value(value: Value) -> Self {
        Self(value)
    }

    /// Its whole content.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// What tells it from an object of the same name at another time.
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// Changes with every write.
    pub fn resource_version(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.0.pointer("/metadata/labels")?.get(key)?.as_str()
    }

    /// Whether it is going away.
    pub fn is_being_deleted(&self) -> bool {
        self.0.pointer("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    /// The text at a JSON Pointer; empty when there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }
}

/// An object that is as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// Which object.
    pub key: ObjectKey,
    /// Its uid.
    pub uid: String,
    /// Its resource version, after the write if there was one.
    pub resource_version: String,
    /// Whether something was written that changed it.
    pub changed: bool,
    /// As it is now.
    pub live: Live,
}

/// Reads, applies and deletes objects of the kinds of [`crate::object`].
#[derive(Clone)]
pub struct Applier {
    client: Client,
}

impl Applier {
    /// On the cluster of a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The object as it is, or nothing. A kind that the cluster does not have has no objects.
    ///
    /// # Errors
    /// When the API server does not answer, or the kind is unknown here.
    pub async fn get(&self, key: &ObjectKey) -> Result<Option<Live>> {
        let api = self.api(key)?;
        match api.get(&key.name).await {
            Ok(object) => live(key, &object).map(Some),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(Error::api(key)(error)),
        }
    }

    /// Makes the object be as it should, whoever changed it.
    ///
    /// # Errors
    /// [`Error::Api`], which names the object; [`Error::is_refusal`] tells whether others may still succeed.
    pub async fn apply(&self, object: &Object) -> Result<Applied> {
        let found = self.get(object.key()).await?;
        self.apply_over(object, found).await
    }

    /// The same, given how it was found.
    pub(crate) async fn apply_over(&self, object: &Object, found: Option<Live>) -> Result<Applied> {
        if let Some(live) = &found
            && compare::is_as_wanted(object, live.value())
        {
            return Ok(applied(object, live.clone(), false));
        }
        let before = found.as_ref().map(|live| live.resource_version().to_owned());
        if let Some(live) = &found
            && has_other_role(object, live)
        {
            // What a binding refers to cannot be changed in place.
            self.delete(object.key(), live.uid()).await?;
        }
        let mut live = self.patch(object).await?;
        if compare::has_surplus(object, live.value()) {
            // Server-side apply leaves alone what another manager added. Here everything is ours.
            live = self.replace(object, &live).await?;
        }
        let changed = before.as_deref() != Some(live.resource_version());
        if changed {
            tracing::info!(object = %object.key(), created = before.is_none(), "applied");
        }
        Ok(applied(object, live, changed))
    }

    /// Deletes the object with that uid, and no other of its name. Whether it is gone at once: otherwise it goes when
    /// its finalizers have run.
    ///
    /// # Errors
    /// [`Error::Api`]; status 409 when there is another object of that name by now.
    pub async fn delete(&self, key: &ObjectKey, uid: &str) -> Result<bool> {
        let preconditions = Preconditions { uid: Some(uid.to_owned()), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::background() };
        match self.api(key)?.delete(&key.name, &params).await {
            // The answer is the object itself while something has to be done before it goes, as always with a namespace.
            Ok(answer) => Ok(answer.is_right()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(true),
            Err(error) => Err(Error::api(key)(error)),
        }
    }

    /// Whether there is any object of a kind with our label, in any namespace. A kind that the cluster does not have has none.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn has_ours(&self, kind: &'static Resource) -> Result<bool> {
        let api: Api<DynamicObject> = Api::all_with(self.client.clone(), &api_resource(kind));
        let ours = ListParams::default().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY}")).limit(1);
        match api.list(&ours).await {
            Ok(list) => Ok(!list.items.is_empty()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(false),
            Err(error) => Err(Error::api(kind.kind)(error)),
        }
    }

    async fn patch(&self, object: &Object) -> Result<Live> {
        let key = object.key();
        let mut body = object.body().clone();
        if let Some(metadata) = body.pointer_mut("/metadata").and_then(Value::as_object_mut) {
            let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
            if let Some(annotations) = annotations.as_object_mut() {
                annotations.insert(INTENT_ANNOTATION.to_owned(), json!(object.intent()));
            }
        }
        let params = PatchParams::apply(FIELD_MANAGER).force();
        let patched = self.api(key)?.patch(&key.name, &params, &Patch::Apply(&body)).await;
        live(key, &patched.map_err(Error::api(key))?)
    }

    /// Writes the wanted contents over whatever is there. Only ever takes away: everything wanted was applied before, so
    /// that no field changes its owner by this.
    async fn replace(&self, object: &Object, found: &Live) -> Result<Live> {
        let key = object.key();
        let unreadable =
            |error: serde_json::Error| Error::Answer { subject: key.to_string(), problem: error.to_string() };
        let body = compare::with_wanted_content(object, found.value());
        let body: DynamicObject = serde_json::from_value(body).map_err(unreadable)?;
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        let replaced = self.api(key)?.replace(&key.name, &params, &body).await.map_err(Error::api(key))?;
        live(key, &replaced)
    }

    /// Writes the whole object as given, unless somebody else changed it since it was read (status 409).
    pub(crate) async fn write(&self, key: &ObjectKey, body: Value) -> Result<()> {
        let unreadable =
            |error: serde_json::Error| Error::Answer { subject: key.to_string(), problem: error.to_string() };
        let body: DynamicObject = serde_json::from_value(body).map_err(unreadable)?;
        let params = PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() };
        self.api(key)?.replace(&key.name, &params, &body).await.map(|_| ()).map_err(Error::api(key))
    }

    fn api(&self, key: &ObjectKey) -> Result<Api<DynamicObject>> {
        let resource = key.resource().ok_or_else(|| Error::UnknownKind { object: key.to_string() })?;
        let kind = api_resource(resource);
        Ok(match &key.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &kind),
            None => Api::all_with(self.client.clone(), &kind),
        })
    }
}

/// The kind as the client library names it.
pub fn api_resource(resource: &Resource) -> ApiResource {
    ApiResource {
        group: resource.group().to_owned(),
        version: resource.version().to_owned(),
        api_version: resource.api_version.to_owned(),
        kind: resource.kind.to_owned(),
        plural: resource.plural.to_owned(),
    }
}

fn live(key: &ObjectKey, object: &DynamicObject) -> Result<Live> {
    serde_json::to_value(object)
        .map(Live)
        .map_err(|error| Error::Answer { subject: key.to_string(), problem: error.to_string() })
}

fn applied(object: &Object, live: Live, changed: bool) -> Applied {
    Applied {
        key: object.key().clone(),
        uid: live.uid().to_owned(),
        resource_version: live.resource_version().to_owned(),
        changed,
        live,
    }
}

fn has_other_role(object: &Object, live: &Live) -> bool {
    object.key().is(&ROLE_BINDING) && object.body().get("roleRef") != live.value().get("roleRef")
}
